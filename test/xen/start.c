/* SPDX-License-Identifier: MIT */
#include "start.h"

#include <cpulevel/types.h>

static const struct start_info *start;

void start_set(const struct start_info *info)
{
	start = info;
}

static const char *behind(const char *s, const char *word)
{
	while (*word && *s == *word)
		s++, word++;
	return *word ? NULL : s;
}

/* What follows the word: '=', ' ' or the end. */
static const char *find(const char *word)
{
	const char *s = (const char *)start->cmd_line, *end;

	while (*s) {
		end = behind(s, word);
		if (end && (!*end || *end == ' ' || *end == '='))
			return end;
		while (*s && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
	return NULL;
}

int start_has(const char *word)
{
	return find(word) != NULL;
}

unsigned long start_number(const char *word, unsigned long other)
{
	const char *s = find(word);
	unsigned long n = 0;

	if (!s || *s++ != '=')
		return other;
	for (; *s >= '0' && *s <= '9'; s++)
		n = 10 * n + (unsigned long)(*s - '0');
	return n;
}

const void *start_module(size_t *size)
{
	*size = start->mod_len;
	return start->mod_len ? (const void *)start->mod_start : NULL;
}
