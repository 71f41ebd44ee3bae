/* SPDX-License-Identifier: MIT */
/*
 * Documents that are read without a parser: with a comment in it the same
 * document goes through the parser, and must give the same machines or the
 * same error.
 */
#include "format/plain.h"

#include <stdlib.h>

struct reading {
	char *text; /* of its machines, one after another */
	size_t len;
	FILE *out;
	int rc;
	struct lvl_ferr err;
};

static int each(void *arg, struct lvl_desc *d)
{
	struct reading *r = arg;

	(void)lvl_desc_write(d, r->out);
	lvl_desc_free(d);
	return 0;
}

static void read_as(const struct lvl_format *format, const void *data,
		    size_t len, struct reading *r)
{
	memset(r, 0, sizeof(*r));
	r->out = open_memstream(&r->text, &r->len);
	if (!r->out)
		abort();
	r->rc = lvl_import_memory(data, len, "input", format, each, r, NULL,
				  &r->err);
	fclose(r->out);
}

static void compare(const struct lvl_format *format, const char *plain,
		    size_t plain_len, const char *other, size_t other_len)
{
	struct reading a, b;

	read_as(format, plain, plain_len, &a);
	read_as(format, other, other_len, &b);
	if (a.rc != b.rc || strcmp(a.err.text, b.err.text) || a.len != b.len ||
	    memcmp(a.text, b.text, a.len)) {
		fprintf(stderr,
			"%s: property violated: plain or not, the same\n"
			"plain:  %s\n%s\nparsed: %s\n%s\n",
			format->name, a.err.text, a.text, b.err.text, b.text);
		abort();
	}
	free(a.text);
	free(b.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char comment[] = "<!---->";
	const size_t n = sizeof(comment) - 1;
	const char *text = (const char *)data;
	size_t head = lvl_plain_length(text, len);
	char *other;

	if (!head)
		return 0;
	while (text[--head] != '<') /* its end tag */
		;
	other = malloc(len + n);
	if (!other)
		return 0;
	memcpy(other, text, head);
	memcpy(other + head, comment, n);
	memcpy(other + head + n, text + head, len - head);
	compare(&lvl_format_libvirt_cpu, text, len, other, len + n);
	compare(&lvl_format_libvirt_cpudata, text, len, other, len + n);
	compare(&lvl_format_rjcp, text, len, other, len + n);
	free(other);
	return 0;
}
