/* SPDX-License-Identifier: MIT */
/*
 * What the line-based readers share: looking at a line and at the head of a
 * file.
 */
#ifndef LVL_FORMAT_LINE_H
#define LVL_FORMAT_LINE_H

#include "import.h"

/* No machine has more logical CPUs; a file that says so is refused. */
#define LVL_MAX_CPUS 4096u

static inline int lvl_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline char *lvl_skip_blanks(char *s)
{
	while (lvl_is_blank(*s))
		s++;
	return s;
}

/* The text without blanks around it; those behind it are cut off. */
static inline char *lvl_trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && lvl_is_blank(end[-1]))
		end--;
	*end = '\0';
	return lvl_skip_blanks(s);
}

/* The rest of s behind `prefix`, or NULL. */
static inline char *lvl_after(char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

/* lvl_import_line() without the byte order mark that a file may begin with */
static inline int lvl_next_line(struct lvl_import *im, char **line)
{
	size_t len;
	int rc = lvl_import_line(im, line, &len);

	if (rc > 0 && im->line == 1 && !strncmp(*line, "\xef\xbb\xbf", 3))
		*line += 3;
	return rc;
}

/*
 * Whether a line of the head is one that `match` knows: it gets the line
 * without blanks before it, and as many bytes as are there.
 */
static inline int lvl_head_any(const char *head, size_t len,
			       int (*match)(const char *line, size_t len))
{
	const char *end = head + len, *next;

	for (; head < end; head = next) {
		const char *eol = memchr(head, '\n', (size_t)(end - head));

		next = eol ? eol + 1 : end;
		if (!eol)
			eol = end;
		while (head < eol && lvl_is_blank(*head))
			head++;
		if (match(head, (size_t)(eol - head)))
			return 1;
	}
	return 0;
}

/* Whether a line of len bytes, not terminated, begins with `prefix`. */
static inline int lvl_begins(const char *line, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && !memcmp(line, prefix, n);
}

/* Whether all of a line is dashes, 40 or more, as libcpuid ends a dump. */
static inline int lvl_is_ruler(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && line[n] == '-')
		n++;
	if (n < len && line[n] == '\r')
		len--;
	return n == len && n >= 40;
}

/*
 * instlatx64.c: whether a line is one that such a dump begins with, and the
 * reader from a line already taken on.
 */
int lvl_instlatx64_line(const char *line, size_t len);
int lvl_instlatx64_read(struct lvl_import *im, char *line);

/*
 * xen_cpuid.c: what xen-cpuid prints, from a source of lines that returns as
 * lvl_next_line() does.
 */
typedef int lvl_xen_line_fn(struct lvl_import *im, char **line);
int lvl_xen_cpuid_read(struct lvl_import *im, lvl_xen_line_fn *next);

#endif
