/* SPDX-License-Identifier: MIT */
/* What readers take their bytes from: lines, chunks, numbers. */
#include "import.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK 131072u

/* Have more bytes after im->len, or set im->eof. */
int lvl_import_fill_(struct lvl_import *im)
{
	size_t got;

	if (!im->in) {
		im->eof = 1;
		return 0;
	}
	if (im->pos) {
		memmove(im->buf, im->buf + im->pos, im->len - im->pos);
		im->len -= im->pos;
		im->pos = 0;
	}
	if (im->size - im->len < CHUNK) {
		char *grown = realloc(im->buf, im->size + 2 * CHUNK);

		if (!grown)
			return lvl_import_fail(im, LVL_E_NO_MEMORY,
					       "out of memory");
		im->buf = grown;
		im->size += 2 * CHUNK;
	}
	got = fread(im->buf + im->len, 1, CHUNK, im->in);
	im->len += got;
	if (!got && ferror(im->in))
		return lvl_import_fail(im, LVL_E_IO, "%s", strerror(errno));
	if (!got)
		im->eof = 1;
	return 0;
}

int lvl_import_line(struct lvl_import *im, char **line, size_t *len)
{
	size_t seen = 0;
	char *end = NULL;
	int rc;

	for (;;) {
		end = memchr(im->buf + im->pos + seen, '\n',
			     im->len - im->pos - seen);
		if (end || im->eof)
			break;
		seen = im->len - im->pos;
		if (seen > LVL_LINE_MAX)
			break;
		rc = lvl_import_fill_(im);
		if (rc)
			return rc;
	}
	if (!end && im->eof && im->pos == im->len)
		return 0;
	im->line++;
	*line = im->buf + im->pos;
	*len = end ? (size_t)(end - *line) : im->len - im->pos;
	if (*len > LVL_LINE_MAX)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "a line of more than %u bytes",
				       LVL_LINE_MAX);
	im->pos += *len + (end != NULL);
	if (*len && (*line)[*len - 1] == '\r')
		--*len;
	if (memchr(*line, '\0', *len))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "a NUL byte: this is not text");
	(*line)[*len] = '\0'; /* buf always has room for one more byte */
	return 1;
}

int lvl_import_chunk(struct lvl_import *im, const char **data, size_t *len)
{
	size_t left = im->len - im->pos;
	int rc;

	if ((!left || (im->unread && left < CHUNK / 2)) && !im->eof) {
		rc = lvl_import_fill_(im);
		if (rc)
			return rc;
	}
	im->unread = 0;
	*data = im->buf + im->pos;
	*len = im->len - im->pos < CHUNK ? im->len - im->pos : CHUNK;
	im->pos += *len;
	return *len != 0;
}

int lvl_import_unread(struct lvl_import *im, size_t len)
{
	if (im->eof || !im->in)
		return 0;
	im->pos -= len;
	im->unread = 1;
	return 1;
}

/* -- small parsers -------------------------------------------------------- */

/* 16 + the value of a hex digit; 0 for anything else. */
static const uint8_t digit_of[256] = {
	['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21,
	['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27,
	['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31, ['A'] = 26, ['B'] = 27,
	['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

int lvl_hex_fixed(const char *s, unsigned digits, uint64_t *value)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < digits; i++) {
		unsigned d = digit_of[(unsigned char)s[i]];

		if (!d) /* the end of s, too */
			return 0;
		v = v << 4 | (d & 15);
	}
	*value = v;
	return 1;
}

/* All of s, at most 16 digits. */
static int hex(const char *s, size_t len, uint64_t *value)
{
	uint64_t v = 0, rest;
	uint32_t v8;

	for (; len >= 8; s += 8, len -= 8) {
		if (!lvl_hex8(s, &v8))
			return 0;
		v = v << 32 | v8;
	}
	if (!lvl_hex_fixed(s, (unsigned)len, &rest))
		return 0;
	*value = v << 4 * len | rest;
	return 1;
}

int lvl_number(const char *s, size_t len, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		for (s += 2, len -= 2; len > 16 && *s == '0'; s++)
			len--;
		return len <= 16 && hex(s, len, value) && *value <= max;
	}
	for (i = 0; i < len; i++) {
		unsigned d = (unsigned)(s[i] - '0');

		if (d > 9 || v > (~0ull - d) / 10)
			return 0;
		v = v * 10 + d;
	}
	*value = v;
	return len && v <= max;
}
