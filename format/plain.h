/* SPDX-License-Identifier: MIT */
/*
 * Plain XML: a whole element of nothing but tags, attributes and text in
 * printable ASCII.  Programs write their thousands of small documents so, and
 * cutting them up takes a tenth of the time that a parser does.  Whatever is
 * not plain, damaged or incomplete is left to the parser, which says what is
 * wrong with it.
 */
#ifndef LVL_FORMAT_PLAIN_H
#define LVL_FORMAT_PLAIN_H

#include "xml.h"

#define LVL_PLAIN_BYTES 16384u /* longer elements are not plain */
#define LVL_PLAIN_TAGS 1024u   /* an empty element has two */

struct lvl_plain_tag {
	const char *name;
	const char **attr; /* of a start tag, as lvl_xml_reader has them */
	const char *text;  /* of an end tag: what stood before it, trimmed */
	size_t at;         /* the byte where the parser would say it is */
};

/* An element cut up: strings in `text`. */
struct lvl_plain {
	struct lvl_plain_tag tag[LVL_PLAIN_TAGS];
	unsigned nr_tags;
	unsigned nr_attrs;
	const char *attr[2 * LVL_PLAIN_TAGS];
	const char *open[LVL_XML_DEPTH]; /* the elements around */
	unsigned depth;
	unsigned long newlines; /* in all of it */
	char text[LVL_PLAIN_BYTES + 1];
};

/*
 * The length of the element that data begins with if all of it is there and
 * nothing could hide its end: no comments, no declarations, no element of
 * that name within.  Else 0.
 */
size_t lvl_plain_length(const char *data, size_t len);

/* Cut up an element of that length.  0: it is not plain. */
int lvl_plain_cut(struct lvl_plain *x, const char *data, size_t len);

#endif
