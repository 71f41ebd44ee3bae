/* SPDX-License-Identifier: MIT */
/*
 * The canonical record (cpulevel/record.h), one or more after another: what a
 * guest is promised for life, as a VMM keeps it.
 */
#include "import.h"

#include <cpulevel/record.h>

#include <stdlib.h>

#define HEAD 32u
#define LENGTH_AT 12u

struct bytes {
	struct lvl_import *im;
	const char *next;
	size_t left;
};

/* n bytes: 1; 0: the input ends before them; or an error. */
static int take(struct bytes *b, uint8_t *to, size_t n)
{
	int rc;

	while (n) {
		size_t some = n < b->left ? n : b->left;

		memcpy(to, b->next, some);
		b->next += some;
		b->left -= some;
		to += some;
		n -= some;
		if (!n)
			break;
		rc = lvl_import_chunk(b->im, &b->next, &b->left);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

static int at_end(struct bytes *b)
{
	return !b->left && lvl_import_chunk(b->im, &b->next, &b->left) == 0;
}

static int refuse(struct lvl_import *im, const struct lvl_err *err)
{
	if (err->code == LVL_E_UNKNOWN_LEAF)
		return lvl_import_fail(im, err->code,
				       "leaf 0x%x sub-leaf 0x%x: %s", err->leaf,
				       err->subleaf, lvl_strerror(err->code));
	if (err->code == LVL_E_UNKNOWN_MSR)
		return lvl_import_fail(im, err->code, "MSR 0x%x: %s", err->msr,
				       lvl_strerror(err->code));
	return lvl_import_fail(im, err->code, "record %u: %s", im->machines + 1,
			       lvl_strerror(err->code));
}

/* All bytes of one record; *len is 0 at the end of the input. */
static int one_record(struct bytes *b, uint8_t *record, size_t *len)
{
	struct lvl_err err = { .code = LVL_E_TRUNCATED };
	int rc;

	*len = 0;
	if (at_end(b))
		return 0;
	rc = take(b, record, HEAD);
	if (rc < 0)
		return rc;
	if (!rc)
		return refuse(b->im, &err);
	*len = lvl_four_bytes_((const char *)record + LENGTH_AT);
	err.code = memcmp(record, "cpulevel", 8) ? LVL_E_MAGIC
		   : *len < HEAD                 ? LVL_E_TRUNCATED
		   : *len > LVL_RECORD_MAX       ? LVL_E_TOO_BIG
						 : LVL_OK;
	if (err.code)
		return refuse(b->im, &err);
	rc = take(b, record + HEAD, *len - HEAD);
	err.code = LVL_E_TRUNCATED;
	return rc < 0 ? rc : rc ? 0 : refuse(b->im, &err);
}

static int deliver(struct lvl_import *im, const uint8_t *record, size_t len)
{
	struct lvl_policy p;
	struct lvl_err err;
	int guest, rc;

	if (lvl_record_decode(&p, &guest, record, len, &err))
		return refuse(im, &err);
	rc = lvl_import_kind(im, LVL_KIND_SEEN);
	if (!rc)
		*im->p = p;
	if (!rc && guest >= 0)
		rc = lvl_import_fact(im, "guest", lvl_guest_names[guest]);
	return rc ? rc : lvl_import_done(im);
}

static int record_read(struct lvl_import *im)
{
	struct bytes b = { im, NULL, 0 };
	uint8_t *record = malloc(LVL_RECORD_MAX);
	size_t len;
	int rc;

	if (!record)
		return lvl_import_fail(im, LVL_E_NO_MEMORY, "out of memory");
	do {
		rc = one_record(&b, record, &len);
		if (!rc && len)
			rc = deliver(im, record, len);
	} while (!rc && len);
	free(record);
	return rc;
}

/* The text form has a blank after the word. */
static int record_probe(const char *head, size_t len)
{
	return len > 8 && !memcmp(head, "cpulevel", 8) && head[8] != ' ' ? 100
									 : 0;
}

const struct lvl_format lvl_format_record = {
	.name = "record",
	.what = "cpulevel's record of a policy, binary: what a guest is "
		"promised",
	.probe = record_probe,
	.read = record_read,
};
