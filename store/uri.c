/* SPDX-License-Identifier: MIT */
#include "uri.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

int uri_is_postgres(const char *uri)
{
	return starts(uri, "postgres://") || starts(uri, "postgresql://");
}

/* -- passwords ------------------------------------------------------------ */

/* Dots instead of it, no more than three; what was behind it moves up. */
static void hide(char *password, size_t n)
{
	size_t dots = n < 3 ? n : 3, rest = strlen(password + n);

	memset(password, '.', dots);
	memmove(password + dots, password + n, rest);
	memset(password + dots + rest, 0, n - dots);
}

/* user:password@, even if what should be written as %2F is not. */
static void hide_user(char *uri)
{
	char *from = strstr(uri, "://"), *colon, *at;

	from = from ? from + 3 : uri;
	colon = from + strcspn(from, ":/?@");
	at = strrchr(from, '@');
	if (*colon == ':' && at > colon)
		hide(colon + 1, (size_t)(at - colon) - 1);
}

void store_hide_password(char *uri)
{
	static const char key[] = "password=";
	char *p = uri;

	hide_user(uri);
	while ((p = strstr(p, key)) != NULL) {
		p += strlen(key);
		hide(p, strcspn(p, "& "));
	}
}

/* -- what is none --------------------------------------------------------- */

static int bad(char *err, int code, const char *text)
{
	snprintf(err, STORE_ERROR, "%s", text);
	return -code;
}

/* host, [v6], host:port, several of them with commas: up to end? */
static int is_hosts(const char *s, const char *end)
{
	for (; s < end; s += s < end) {
		if (*s == '[')
			s += strcspn(s, "]");
		s += strcspn(s, ":,/?");
		if (s < end && *s == ':')
			s += 1 + strspn(s + 1, "0123456789");
		if (s < end && *s != ',')
			return 0;
	}
	return 1;
}

static int check_postgres(const char *uri, char *err)
{
	const char *from = strstr(uri, "://") + 3;
	const char *end = from + strcspn(from, "/?");
	const char *at = memchr(from, '@', (size_t)(end - from));
	const char *path = end + strcspn(end, "?");

	if ((at && memchr(at + 1, '@', (size_t)(end - at) - 1)) ||
	    !is_hosts(at ? at + 1 : from, end) ||
	    memchr(end, '@', (size_t)(path - end)))
		return bad(err, LVL_E_SYNTAX,
			   "the URI of the store is not clear: in a name or a "
			   "password @ is written as %40, : as %3A, / as %2F, "
			   "? as %3F, # as %23, % as %25");
	return 0;
}

/* What libpq takes as well, and what would be a strange name of a file. */
static int is_conninfo(const char *s)
{
	static const char *const keys[] = { "host=",   "hostaddr=", "port=",
					    "user=",   "dbname=",   "password=",
					    "service=" };
	unsigned i;

	for (i = 0; i < LVL_COUNT(keys); i++)
		if (starts(s, keys[i]))
			return 1;
	return 0;
}

int uri_check(const char *uri, char err[STORE_ERROR])
{
	size_t scheme = 0;

	if (uri_is_postgres(uri))
		return check_postgres(uri, err);
	if (!*uri)
		return bad(err, LVL_E_SYNTAX, "the store has no name");
	while (isalnum((unsigned char)uri[scheme]))
		scheme++;
	if (is_conninfo(uri) || starts(uri, "postgres:") ||
	    starts(uri, "postgresql:"))
		return bad(err, LVL_E_SYNTAX,
			   "a store in PostgreSQL is named by a URI: "
			   "postgres://HOST/DATABASE");
	if (scheme && starts(uri + scheme, "://") && !starts(uri, "sqlite:")) {
		snprintf(err, STORE_ERROR,
			 "%.*s:// is no store: those are postgres://..., the "
			 "path of a file, or a folder",
			 scheme < 32 ? (int)scheme : 32, uri);
		return -LVL_E_UNSUPPORTED;
	}
	return 0;
}

int uri_path(const char *uri, char *path, size_t size)
{
	const char *s = starts(uri, "sqlite:") ? uri + 7 : uri;
	const char *here = *s == ':' || starts(s, "file:") ? "./" : "";

	return (size_t)snprintf(path, size, "%s%s", here, s) < size
		       ? 0
		       : -LVL_E_TOO_BIG;
}
