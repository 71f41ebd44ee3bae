/* SPDX-License-Identifier: MIT */
#include "xml.h"

#include "plain.h"

#include <expat.h>
#include <stdlib.h>

/* Bytes in which nothing may happen, so that no token can eat all memory. */
#define QUIET_MAX (2 * LVL_LINE_MAX)

struct xml {
	struct lvl_import *im;
	const struct lvl_xml_reader *reader;
	void *arg;
	XML_Parser parser;
	int rc;
	unsigned depth;         /* elements that are open */
	int open;               /* within a document */
	int closed;             /* its root has ended */
	XML_Index fed, end;     /* bytes of the document; where it ended */
	unsigned long newlines; /* before the next byte */
	unsigned long base;     /* before the document */
	size_t quiet;
	size_t step; /* bytes to parse at once */
	size_t len;
	char text[LVL_LINE_MAX + 1]; /* of an element, or between documents */

	struct lvl_plain plain;
	const char *data;                /* what it was cut from */
	const struct lvl_plain_tag *tag; /* that the reader is given */
};

/* -- within a document ---------------------------------------------------- */

static void stop(struct xml *x, int rc)
{
	x->rc = rc;
	XML_StopParser(x->parser, XML_FALSE);
}

/* Asked only when there is something to complain about: expat counts. */
static unsigned long line_now(void *arg)
{
	struct xml *x = arg;

	return x->base + XML_GetCurrentLineNumber(x->parser);
}

/* Something happened.  0 if nothing must happen any more. */
static int event(struct xml *x)
{
	x->quiet = 0;
	return !x->rc && !x->closed;
}

static int check_attributes(struct xml *x, const char **attr)
{
	unsigned i;

	for (i = 0; attr[i]; i += 2) {
		if (i / 2 == LVL_XML_ATTRS)
			return lvl_import_fail(x->im, LVL_E_TOO_BIG,
					       "an element with more than %u "
					       "attributes",
					       LVL_XML_ATTRS);
		if (strlen(attr[i + 1]) > LVL_XML_VALUE)
			return lvl_import_fail(x->im, LVL_E_TOO_BIG,
					       "the attribute '%.40s' has more "
					       "than %u bytes",
					       attr[i], LVL_XML_VALUE);
	}
	return 0;
}

static void XMLCALL on_start(void *arg, const char *name, const char **attr)
{
	struct xml *x = arg;
	int rc;

	if (!event(x))
		return;
	x->len = 0;
	if (x->depth == LVL_XML_DEPTH)
		rc = lvl_import_fail(x->im, LVL_E_TOO_BIG,
				     "more than %u elements within each other",
				     LVL_XML_DEPTH);
	else
		rc = check_attributes(x, attr);
	if (!rc)
		rc = x->reader->start(x->arg, x->depth, name, attr);
	x->depth++;
	if (rc)
		stop(x, rc);
}

static int is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *trimmed(struct xml *x)
{
	const char *text = x->text;

	while (x->len && is_space(x->text[x->len - 1]))
		x->len--;
	x->text[x->len] = '\0';
	while (is_space(*text))
		text++;
	return text;
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct xml *x = arg;
	int rc;

	if (!event(x))
		return;
	x->depth--;
	rc = x->reader->end(x->arg, x->depth, name, trimmed(x));
	x->len = 0;
	if (!x->depth) {
		x->closed = 1;
		x->end = XML_GetCurrentByteIndex(x->parser) +
			 XML_GetCurrentByteCount(x->parser);
	}
	if (rc || x->closed)
		stop(x, rc);
}

static void XMLCALL on_text(void *arg, const char *s, int len)
{
	struct xml *x = arg;

	if (!event(x))
		return;
	if ((size_t)len > LVL_LINE_MAX - x->len) {
		stop(x, lvl_import_fail(x->im, LVL_E_TOO_BIG,
					"a text of more than %u bytes",
					LVL_LINE_MAX));
		return;
	}
	memcpy(x->text + x->len, s, (size_t)len);
	x->len += (size_t)len;
}

static void XMLCALL on_comment(void *arg, const char *text)
{
	struct xml *x = arg;
	int rc;

	if (!event(x) || x->depth || !x->reader->comment)
		return;
	rc = x->reader->comment(x->arg, text);
	if (rc)
		stop(x, rc);
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid,
			       const char *pubid, int internal)
{
	struct xml *x = arg;

	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	if (!event(x))
		return;
	stop(x, lvl_import_fail(x->im, LVL_E_SYNTAX,
				"a DOCTYPE is not accepted here"));
}

static int begin(struct xml *x)
{
	if (!x->parser)
		x->parser = XML_ParserCreate(NULL);
	else
		XML_ParserReset(x->parser, NULL);
	if (!x->parser)
		return lvl_import_fail(x->im, LVL_E_NO_MEMORY, "out of memory");
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetCommentHandler(x->parser, on_comment);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	x->open = 1;
	x->closed = 0;
	x->depth = 0;
	x->fed = 0;
	x->quiet = 0;
	x->base = x->newlines;
	return 0;
}

static int syntax_error(struct xml *x)
{
	enum XML_Error error = XML_GetErrorCode(x->parser);

	x->im->line = line_now(x);
	if (error == XML_ERROR_NO_MEMORY)
		return lvl_import_fail(x->im, LVL_E_NO_MEMORY, "out of memory");
	return lvl_import_fail(x->im, LVL_E_SYNTAX, "%s",
			       XML_ErrorString(error));
}

static void consume(struct xml *x, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end &&
	       (data = memchr(data, '\n', (size_t)(end - data)))) {
		x->newlines++;
		data++;
	}
}

/*
 * Expat copies what it was given beyond the end of a document.  So that
 * thousands of small ones cost no more than one large one, a document is
 * parsed in pieces of its predecessor's size, growing as it goes on.
 */
#define STEP_MIN 512u

static size_t piece(struct xml *x, size_t len)
{
	size_t step = x->step < STEP_MIN ? STEP_MIN : x->step;

	x->step = 2 * step;
	return len < step ? len : step;
}

/* Parse what belongs to the document; *used: how many bytes those are. */
static int feed(struct xml *x, const char *data, size_t len, size_t *used)
{
	enum XML_Status status;

	len = piece(x, len);
	*used = len;
	x->im->line_now = line_now;
	x->im->line_arg = x;
	status = XML_Parse(x->parser, data, (int)len, 0);
	x->im->line_now = NULL;
	if (x->closed || x->rc)
		x->im->line = line_now(x);
	if (x->rc)
		return x->rc;
	if (x->closed) {
		*used = (size_t)(x->end - x->fed);
		x->open = 0;
		x->len = 0;
		x->step = (size_t)x->end;
	} else if (status != XML_STATUS_OK) {
		return syntax_error(x);
	}
	x->fed += (XML_Index)len;
	x->quiet += len;
	consume(x, data, *used);
	if (x->open && x->quiet > QUIET_MAX)
		return lvl_import_fail(x->im, LVL_E_TOO_BIG,
				       "a tag or comment of more than %u bytes",
				       QUIET_MAX);
	return 0;
}

/* -- between documents ---------------------------------------------------- */

static int in_comment(struct xml *x)
{
	int rc = 0;

	if (x->len < 7 || memcmp(x->text + x->len - 3, "-->", 3))
		return 0;
	x->text[x->len - 3] = '\0';
	if (x->reader->comment)
		rc = x->reader->comment(x->arg, x->text + 4);
	x->len = 0;
	return rc;
}

/* The bytes kept so far begin neither a comment nor a byte order mark. */
static int begin_document(struct xml *x)
{
	size_t used, len = x->len - 1; /* the last one is read again */
	char start[4];
	int rc;

	if (x->text[0] != '<')
		return lvl_import_fail(x->im, LVL_E_SYNTAX,
				       "neither an element nor a comment");
	memcpy(start, x->text, len);
	rc = begin(x);
	return rc ? rc : feed(x, start, len, &used);
}

/* One more byte; *again: it is the document's. */
static int gap_byte(struct xml *x, char c, int *again)
{
	static const char *const starts[] = { "<!--", "\xef\xbb\xbf" };
	unsigned i;

	if (!x->len && is_space(c))
		return 0;
	if (x->len == LVL_LINE_MAX)
		return lvl_import_fail(x->im, LVL_E_TOO_BIG,
				       "a comment of more than %u bytes",
				       LVL_LINE_MAX);
	x->text[x->len++] = c;
	if (x->len > 4)
		return in_comment(x);
	for (i = 0; i < LVL_COUNT(starts); i++)
		if (!memcmp(x->text, starts[i], x->len))
			break;
	if (i == 1 && x->len == 3)
		x->len = 0;
	if (i < LVL_COUNT(starts))
		return 0;
	*again = 1;
	return begin_document(x);
}

static int gap(struct xml *x, const char *data, size_t len, size_t *used)
{
	size_t i;
	int rc = 0, again = 0;

	for (i = 0; i < len && !rc && !again; i++) {
		x->im->line = x->newlines + 1;
		rc = gap_byte(x, data[i], &again);
		if (!again && data[i] == '\n')
			x->newlines++;
	}
	*used = i - (again != 0);
	return rc;
}

/* -- plain documents ------------------------------------------------------ */

static unsigned long line_of_tag(void *arg)
{
	const struct xml *x = arg;
	const char *at = x->data, *tag = x->data + x->tag->at;
	unsigned long line = x->newlines + 1;

	while ((at = memchr(at, '\n', (size_t)(tag - at)))) {
		line++;
		at++;
	}
	return line;
}

/* The document is in x->plain: give the reader what it would get. */
static int read_plain(struct xml *x, const char *data)
{
	const struct lvl_plain_tag *t = x->plain.tag;
	const struct lvl_plain_tag *end = t + x->plain.nr_tags;
	unsigned depth = 0;
	int rc = 0;

	x->data = data;
	x->im->line_now = line_of_tag;
	x->im->line_arg = x;
	for (; t < end && !rc; t++) {
		x->tag = t;
		rc = t->text ? x->reader->end(x->arg, --depth, t->name, t->text)
			     : x->reader->start(x->arg, depth++, t->name,
						t->attr);
	}
	x->im->line_now = NULL;
	return rc;
}

/*
 * Between documents: one that is plain needs no parser, and one that was
 * read before not even to be cut up.  *used: bytes that are done with.
 */
static int whole(struct xml *x, const char *data, size_t len, size_t *used)
{
	size_t space = 0, n;
	int rc = 0;

	if (x->len)
		return 0;
	while (space < len && is_space(data[space]))
		space++;
	consume(x, data, space);
	data += space;
	*used = space;
	len -= space;
	n = lvl_plain_length(data, len);
	if (!n && len < LVL_PLAIN_BYTES && lvl_import_unread(x->im, len)) {
		*used += len; /* its end may be in the next chunk */
		return 0;
	}
	if (n && x->reader->again)
		rc = x->reader->again(x->arg, data, n);
	if (rc > 0) {
		consume(x, data, n);
	} else if (!rc && lvl_plain_cut(&x->plain, data, n)) {
		rc = read_plain(x, data);
		x->newlines += x->plain.newlines;
	} else {
		return rc;
	}
	if (rc < 0)
		return rc;
	x->im->line = x->newlines + 1;
	*used += n;
	return 0;
}

/* -- the whole file ------------------------------------------------------- */

static int chunk(struct xml *x, const char *data, size_t len)
{
	size_t used;
	int rc = 0;

	while (len && !rc) {
		used = 0;
		if (!x->open)
			rc = whole(x, data, len, &used);
		if (!rc && !used)
			rc = x->open ? feed(x, data, len, &used)
				     : gap(x, data, len, &used);
		data += used;
		len -= used;
	}
	return rc;
}

/* Expat may have put a long token off: it must look at it now. */
static int last_look(struct xml *x)
{
	x->im->line_now = line_now;
	x->im->line_arg = x;
	(void)XML_Parse(x->parser, "", 0, 1);
	x->im->line_now = NULL;
	if (x->rc)
		x->im->line = line_now(x);
	if (x->closed)
		x->open = 0;
	return x->rc;
}

static int at_end(struct xml *x)
{
	int rc = x->open ? last_look(x) : 0;

	if (rc)
		return rc;
	if (!x->open && !x->len)
		return 0;
	x->im->line = x->newlines + 1;
	return lvl_import_fail(x->im, LVL_E_TRUNCATED,
			       "the file ends within %s",
			       x->open ? "an element" : "a comment");
}

int lvl_xml_read(struct lvl_import *im, const struct lvl_xml_reader *reader,
		 void *arg)
{
	struct xml *x = calloc(1, sizeof(*x));
	const char *data;
	size_t len;
	int rc;

	if (!x)
		return lvl_import_fail(im, LVL_E_NO_MEMORY, "out of memory");
	x->im = im;
	x->reader = reader;
	x->arg = arg;
	while ((rc = lvl_import_chunk(im, &data, &len)) > 0) {
		rc = chunk(x, data, len);
		if (rc)
			break;
	}
	if (!rc)
		rc = at_end(x);
	if (x->parser)
		XML_ParserFree(x->parser);
	free(x);
	return rc;
}

/* -- attributes ----------------------------------------------------------- */

const char *lvl_xml_attr(const char **attr, const char *name)
{
	for (; attr[0]; attr += 2)
		if (attr[0][0] == name[0] && !strcmp(attr[0], name))
			return attr[1];
	return NULL;
}

int lvl_xml_number(struct lvl_import *im, const char **attr, const char *name,
		   uint64_t max, uint64_t *value)
{
	const char *text = lvl_xml_attr(attr, name);

	if (!text)
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "the attribute '%s' is missing", name);
	if (!lvl_number(text, strlen(text), max, value))
		return lvl_import_fail(im, LVL_E_RANGE,
				       "%s='%.40s' is not a number up to %#llx",
				       name, text, (unsigned long long)max);
	return 0;
}

int lvl_xml_strange(struct lvl_import *im, const char *what, const char *name)
{
	return lvl_import_fail(im, LVL_E_SYNTAX,
			       "the %s '%.60s' does not belong here", what,
			       name);
}

/* -- detection ------------------------------------------------------------ */

/* Behind the first `end` from s on, or NULL. */
static const char *behind(const char *s, const char *limit, const char *end)
{
	size_t n = strlen(end);

	for (; (size_t)(limit - s) >= n; s++)
		if (!memcmp(s, end, n))
			return s + n;
	return NULL;
}

/* A DOCTYPE names the root: the reader refuses it, with its line. */
static const char *behind_doctype(const char *s, const char *limit)
{
	static const char start[] = "<!DOCTYPE ";

	if ((size_t)(limit - s) < sizeof(start) ||
	    memcmp(s, start, sizeof(start) - 1))
		return s;
	s += sizeof(start) - 1;
	while (s < limit - 1 && is_space(*s))
		s++;
	return s - 1;
}

int lvl_xml_root_is(const char *head, size_t len, const char *name)
{
	const char *limit = head + len;
	size_t n = strlen(name);

	while (head) {
		while (head < limit && is_space(*head))
			head++;
		if ((size_t)(limit - head) < n + 2 || *head != '<')
			return 0;
		if (head[1] == '?')
			head = behind(head, limit, "?>");
		else if (!memcmp(head, "<!--", 4))
			head = behind(head, limit, "-->");
		else
			break;
	}
	head = head ? behind_doctype(head, limit) : head;
	return head && (size_t)(limit - head) >= n + 2 &&
	       !memcmp(head + 1, name, n) &&
	       (is_space(head[n + 1]) || strchr("/>[", head[n + 1]));
}
