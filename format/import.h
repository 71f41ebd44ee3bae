/* SPDX-License-Identifier: MIT */
/*
 * What a reader of a format works with: its input, line by line or as
 * chunks, and the machine that it describes piece by piece.
 *
 * Life of a reader: take input; for each machine call the lvl_import_...()
 * functions below, then lvl_import_done().  Every function returns 0 or
 * -LVL_E_... after setting the message: a reader only passes it on.
 */
#ifndef LVL_FORMAT_IMPORT_H
#define LVL_FORMAT_IMPORT_H

#include <cpulevel/import.h>

/* No line, token or value of any format is longer. */
#define LVL_LINE_MAX 65536u

struct lvl_import {
	const char *name; /* of the input */
	unsigned long line;
	/* instead of line, while it is not NULL: costly to know */
	unsigned long (*line_now)(void *arg);
	void *line_arg;
	struct lvl_ferr *err; /* never NULL */

	/* the input; read only through the functions below */
	FILE *in; /* NULL: all of it is in buf */
	char *buf;
	size_t size, pos, len; /* allocated, next byte, end */
	int eof, unread;

	/* the machine being described */
	struct lvl_desc *d;
	enum lvl_kind kind;
	struct lvl_policy *p;           /* policy of the current CPU and kind */
	struct lvl_cores *cores;        /* logical CPUs already read */
	unsigned cpus;                  /* of this machine, so far */
	uint32_t top_msr[LVL_NR_KINDS]; /* greatest of those in `extra` */
	unsigned machines;              /* delivered so far */
	int total; /* text form: what is not listed is zero */
	uint32_t listed[(LVL_NR_WORDS + 31) / 32]; /* text form: had a line */
	const struct lvl_leaf_words *leaf; /* text form: of the last line */
	unsigned long twin;     /* lvl_desc.twin of the next machine */
	struct lvl_desc **copy; /* not NULL: keep a copy of it there */

	lvl_desc_fn *each;
	void *arg;
};

/* -- input ---------------------------------------------------------------- */

/*
 * The next line, without its end (\n or \r\n), terminated with NUL; NULs
 * inside are an error.  1: a line; 0: end of input; negative: error (a line
 * longer than LVL_LINE_MAX, I/O).  im->line counts.
 */
int lvl_import_line(struct lvl_import *im, char **line, size_t *len);

/*
 * The next bytes that are there, at most 128 KiB: 1, 0 at the end, negative
 * on error.  Not to be mixed with lvl_import_line.
 */
int lvl_import_chunk(struct lvl_import *im, const char **data, size_t *len);

/*
 * Give the last len bytes of that back, fewer than 64 KiB, to come again with
 * more behind them.  0: there are no more.
 */
int lvl_import_unread(struct lvl_import *im, size_t len);

/* Have more bytes in the buffer, or set im->eof; for the two above. */
int lvl_import_fill_(struct lvl_import *im);

/* -- errors --------------------------------------------------------------- */

/* Set the message "NAME:LINE: ..." and return -code. */
int lvl_import_fail(struct lvl_import *im, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* -- one machine ---------------------------------------------------------- */

/* What the next leaves, MSRs and names belong to; RAW at the beginning. */
int lvl_import_kind(struct lvl_import *im, enum lvl_kind kind);

/* The next logical CPU begins (call for each; the first call may be left
 * out where there is only one). */
int lvl_import_cpu(struct lvl_import *im);

/*
 * A leaf.  The same leaf and sub-leaf again: fine if equal, otherwise
 * -LVL_E_DUPLICATE.  A leaf that the registry lacks is kept as extra.
 */
int lvl_import_leaf(struct lvl_import *im, uint32_t leaf, uint32_t subleaf,
		    const uint32_t reg[4]);

/* One register only; the other three stay as they are. */
int lvl_import_reg(struct lvl_import *im, uint32_t leaf, uint32_t subleaf,
		   unsigned reg, uint32_t value);

int lvl_import_msr(struct lvl_import *im, uint32_t index, uint64_t value);

/* A field by number: a name list's bit, maxphysaddr, mxcsr-mask, ... */
int lvl_import_field(struct lvl_import *im, unsigned field, uint64_t value);

/*
 * A feature by somebody's name, present or not.  -LVL_E_UNKNOWN_NAME sets
 * no message: the caller decides whether that is an error.
 */
int lvl_import_feature(struct lvl_import *im, const char *name, size_t len,
		       unsigned who, int present);

/* Provenance: "name" also becomes the machine's name. */
int lvl_import_fact(struct lvl_import *im, const char *key, const char *value);

/* LVL_HINT_... of the description. */
void lvl_import_hint(struct lvl_import *im, unsigned hint);

/* The machine is complete: clean it, derive HOST, deliver it. */
int lvl_import_done(struct lvl_import *im);

/*
 * Deliver a copy of a machine that was delivered before; one without a name
 * of its own gets its number.
 */
int lvl_import_again(struct lvl_import *im, const struct lvl_desc *like);

/* -- small parsers that several readers need ------------------------------ */

/* Exactly `digits` hex digits at s -> value; 0 if they are not there. */
int lvl_hex_fixed(const char *s, unsigned digits, uint64_t *value);

static inline uint32_t lvl_four_bytes_(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

/*
 * The same for eight that are all there: the text has as many bytes.  All
 * at once, a byte a digit: the low nibble counts, and 9 more if bit 6
 * says that it is a letter.  Only of hex digits does that give 0 to 15 and,
 * written out again, what was read.
 */
static inline int lvl_hex8(const char *s, uint32_t *value)
{
	const uint64_t one = 0x0101010101010101u;
	uint64_t text = lvl_four_bytes_(s) | (uint64_t)lvl_four_bytes_(s + 4)
						     << 32;
	uint64_t letter = text >> 6 & one;
	uint64_t n = (text & 0xf * one) + 9 * letter;
	uint64_t above9 = (n + 6 * one) >> 4 & one;

	if ((n & 0xf0 * one) ||
	    (text | letter << 5) != '0' * one + n + above9 * ('a' - '9' - 1))
		return 0;
	n = (n << 4 | n >> 8) & 0x00ff00ff00ff00ffu;
	n = (n << 8 | n >> 16) & 0x0000ffff0000ffffu;
	*value = (uint32_t)(n << 16 | n >> 32);
	return 1;
}

/*
 * A number as C writes it (0x1f, 31), all of s up to len, no sign; 0 if it
 * is none or exceeds max.
 */
int lvl_number(const char *s, size_t len, uint64_t max, uint64_t *value);

/* Readers, each in its own file. */
extern const struct lvl_format lvl_format_text;
extern const struct lvl_format lvl_format_record;
extern const struct lvl_format lvl_format_json;
extern const struct lvl_format lvl_format_libvirt_cpudata;
extern const struct lvl_format lvl_format_libvirt_cpu;
extern const struct lvl_format lvl_format_rjcp;
extern const struct lvl_format lvl_format_firecracker;
extern const struct lvl_format lvl_format_qemu;
extern const struct lvl_format lvl_format_cpuid_raw;
extern const struct lvl_format lvl_format_instlatx64;
extern const struct lvl_format lvl_format_libcpuid;
extern const struct lvl_format lvl_format_xen_cpuid;
extern const struct lvl_format lvl_format_xen_log;
extern const struct lvl_format lvl_format_cpuinfo;
extern const struct lvl_format lvl_format_xapi;
extern const struct lvl_format lvl_format_xl_info;

#endif
