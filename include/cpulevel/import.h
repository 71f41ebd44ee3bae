/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/import.h: read other people's descriptions of machines.
 *
 * Hosted.  The format is detected from the first bytes.  Input is streamed:
 * one file may hold any number of machines one after another, and memory
 * does not grow with their number.  A reader accepts everything or nothing
 * of one machine: on bad input it stops with file, line and reason, and the
 * machine it was reading is not delivered.
 */
#ifndef CPULEVEL_IMPORT_H
#define CPULEVEL_IMPORT_H

#include <cpulevel/desc.h>

LVL_BEGIN

struct lvl_import; /* a reader at work: format/import.h */

#define LVL_ERRMSG 512

/* Why an import failed: "FILE:LINE: reason", one line, no newline. */
struct lvl_ferr {
	int code;           /* enum lvl_errno, positive */
	unsigned long line; /* 0: the whole file */
	char text[LVL_ERRMSG];
};

/*
 * Called with each machine.  The receiver owns d and frees it.  A non-zero
 * return stops the import and is returned by it.
 */
typedef int lvl_desc_fn(void *arg, struct lvl_desc *d);

/* Readers, in the order in which they are tried. */
struct lvl_format {
	const char *name; /* "libvirt-cpudata", for --from and messages */
	const char *what; /* one line for people */
	/* 0: certainly not mine .. 100: certainly; head is not terminated */
	int (*probe)(const char *head, size_t len);
	int (*read)(struct lvl_import *im);
};
extern const struct lvl_format *const lvl_formats[]; /* ends with NULL */

/* NULL if there is no reader of that name. */
const struct lvl_format *lvl_format_find(const char *name);

/*
 * Read all machines of an open file.  `name` is used in messages and as the
 * name of a machine that has none of its own.  `format` NULL: detect.
 * *used, if not NULL, receives the format.  0 or -LVL_E_... with *err.
 */
int lvl_import_file(FILE *in, const char *name, const struct lvl_format *format,
		    lvl_desc_fn *each, void *arg,
		    const struct lvl_format **used, struct lvl_ferr *err);

/* The same with some bytes that the caller has already read from `in`. */
int lvl_import_stream(const void *head, size_t len, FILE *in, const char *name,
		      const struct lvl_format *format, lvl_desc_fn *each,
		      void *arg, const struct lvl_format **used,
		      struct lvl_ferr *err);

/* The same from memory. */
int lvl_import_memory(const void *data, size_t len, const char *name,
		      const struct lvl_format *format, lvl_desc_fn *each,
		      void *arg, const struct lvl_format **used,
		      struct lvl_ferr *err);

LVL_END

#endif /* CPULEVEL_IMPORT_H */
