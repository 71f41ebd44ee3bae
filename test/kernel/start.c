/* SPDX-License-Identifier: MIT */
#include "start.h"

#define START_MAGIC 0x336ec578u

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, command_line, rsdp;
};

struct module {
	uint64_t address, size, command_line, reserved;
};

int start_read(struct start *start, uint32_t physical)
{
	const struct start_info *info =
		(const struct start_info *)(uint64_t)physical;
	const struct module *m;

	if (!info || info->magic != START_MAGIC)
		return 1;
	*start = (struct start){ .command_line = "" };
	if (info->command_line)
		start->command_line = (const char *)info->command_line;
	if (info->nr_modules) {
		m = (const struct module *)info->modules;
		start->module = (const uint8_t *)m->address;
		start->module_size = m->size;
	}
	return 0;
}

size_t start_word(const char **at)
{
	size_t n = 0;

	while (**at == ' ')
		++*at;
	while ((*at)[n] && (*at)[n] != ' ')
		n++;
	return n;
}

int start_has(const struct start *start, const char *word)
{
	const char *at = start->command_line;
	size_t n, len = 0;

	while (word[len])
		len++;
	for (; (n = start_word(&at)) != 0; at += n)
		if (n == len && !memcmp(at, word, len))
			return 1;
	return 0;
}
