/* SPDX-License-Identifier: MIT */
/*
 * XML for the readers that need it: one document or many, one after another.
 *
 * Tools of the trade write files with many roots: each may have its own XML
 * declaration and byte order mark, with comments between them.  A DOCTYPE is
 * refused, so there are no entities but the five of XML itself.
 */
#ifndef LVL_FORMAT_XML_H
#define LVL_FORMAT_XML_H

#include "import.h"

/* Elements within each other, attributes of one, bytes of their values. */
#define LVL_XML_DEPTH 64u
#define LVL_XML_ATTRS 64u
#define LVL_XML_VALUE 4096u

/*
 * What a reader does with a document; im->line is that of the element.  Each
 * returns 0 or what lvl_import_fail() did; that ends the import.
 */
struct lvl_xml_reader {
	/* depth is 0 for a root; attr: name, value, ..., NULL */
	int (*start)(void *arg, unsigned depth, const char *name,
		     const char **attr);
	/* text: what stood in it behind its last child, trimmed */
	int (*end)(void *arg, unsigned depth, const char *name,
		   const char *text);
	/*
	 * The bytes of a document.  1: they were read before and it is
	 * delivered; else it is read as any other.  NULL: none are known.
	 */
	int (*again)(void *arg, const char *data, size_t len);
	/* before the root; NULL: of no interest */
	int (*comment)(void *arg, const char *text);
};

int lvl_xml_read(struct lvl_import *im, const struct lvl_xml_reader *reader,
		 void *arg);

/* The value of an attribute, or NULL. */
const char *lvl_xml_attr(const char **attr, const char *name);

/* An attribute that must be there and be a number up to max. */
int lvl_xml_number(struct lvl_import *im, const char **attr, const char *name,
		   uint64_t max, uint64_t *value);

/* The element has something that it should not have; what: "attribute". */
int lvl_xml_strange(struct lvl_import *im, const char *what, const char *name);

/* For probe(): is the first element of the file called so? */
int lvl_xml_root_is(const char *head, size_t len, const char *name);

#endif
