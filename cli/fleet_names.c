/* SPDX-License-Identifier: MIT */
/* From what people type to rows and moments. */
#include "fleet.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- names ---------------------------------------------------------------- */

/* So many names are compared, no more: a fleet has millions. */
#define COMPARED 20000

struct nearest {
	const char *wanted;
	unsigned best, seen;
	char name[256];
};

/* What begins with what was typed is as near as one wrong letter. */
static int compare(struct nearest *n, const char *name)
{
	unsigned d = cli_distance(n->wanted, name);

	if (d > 1 && n->wanted[0] && n->wanted[1] &&
	    !strncmp(name, n->wanted, strlen(n->wanted)))
		d = 1;
	if (d < n->best) {
		n->best = d;
		snprintf(n->name, sizeof(n->name), "%s", name);
	}
	return ++n->seen >= COMPARED;
}

static int near_pool(void *arg, const struct store_pool *v)
{
	return compare(arg, v->name);
}

static int near_host(void *arg, const struct store_host *v)
{
	return compare(arg, v->name);
}

static int near_vm(void *arg, const struct store_vm *v)
{
	return compare(arg, v->name);
}

static int near_level(void *arg, const struct store_level *v)
{
	return compare(arg, v->name);
}

static int no_such(const char *what, const char *list, const struct nearest *n)
{
	if (*n->name)
		cli_error("no %s \"%s\"; did you mean %s?", what, n->wanted,
			  n->name);
	else
		cli_error("no %s \"%s\"; `cpulevel %s` names them", what,
			  n->wanted, list);
	return EXIT_INPUT;
}

static struct nearest start(const char *name)
{
	return (struct nearest){ .wanted = name,
				 .best = (unsigned)strlen(name) / 2 + 2 };
}

int fleet_pool(struct fleet *f, const char *name, struct store_pool *v)
{
	struct nearest n = start(name);
	int rc = store_find_pool(f->s, name, v);

	if (rc != -LVL_E_NOT_FOUND)
		return rc;
	rc = store_scan_pools(f->s, near_pool, &n);
	return rc < 0 ? rc : no_such("pool", "pool list", &n);
}

int fleet_host(struct fleet *f, const char *name, struct store_host *v)
{
	const struct store_host_filter all = { .limit = COMPARED };
	struct nearest n = start(name);
	int rc = store_find_host(f->s, name, v);

	if (rc != -LVL_E_NOT_FOUND)
		return rc;
	rc = store_scan_hosts(f->s, &all, near_host, &n);
	return rc < 0 ? rc : no_such("host", "host list", &n);
}

int fleet_vm(struct fleet *f, const char *name, struct store_vm *v)
{
	const struct store_vm_filter all = { .limit = COMPARED };
	struct nearest n = start(name);
	int rc = store_find_vm(f->s, name, v);

	if (rc != -LVL_E_NOT_FOUND)
		return rc;
	rc = store_scan_vms(f->s, &all, near_vm, &n);
	return rc < 0 ? rc : no_such("VM", "vm list", &n);
}

/* "gold@3" is gold and 3; a name may have an @ that no number follows. */
static int64_t split_version(const char *text, char *name, size_t size)
{
	const char *at = strrchr(text, '@');
	char *end;
	long long v;

	snprintf(name, size, "%s", text);
	if (!at || at == text || !isdigit((unsigned char)at[1]))
		return 0;
	v = strtoll(at + 1, &end, 10);
	if (*end || v <= 0)
		return 0;
	name[at - text] = '\0';
	return v;
}

int fleet_level(struct fleet *f, const char *name, struct store_level *v)
{
	char base[300];
	int64_t version = split_version(name, base, sizeof(base));
	struct nearest n = start(base);
	int rc = store_find_level(f->s, base, version, v);

	if (rc != -LVL_E_NOT_FOUND)
		return rc;
	if (version && !store_find_level(f->s, base, 0, v)) {
		cli_error("level %s has no version %lld; the newest is %lld",
			  base, (long long)version, (long long)v->version);
		return EXIT_INPUT;
	}
	rc = store_scan_levels(f->s, near_level, &n);
	return rc < 0 ? rc : no_such("level", "level list", &n);
}

/* -- times ---------------------------------------------------------------- */

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int is_date(int y, int m, int d)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30,
				      31, 31, 30, 31, 30, 31 };
	int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m >= 1 && m <= 12 && d >= 1 &&
	       d <= length[m - 1] + (m == 2 && leap);
}

/* "Z", "+01:00", "-0530", or nothing: UTC; minutes to take away. */
static int zone(const char *s, int *minutes)
{
	int h, m = 0, n = 0;

	*minutes = 0;
	if (!*s || !strcmp(s, "Z") || !strcmp(s, "z") || !strcmp(s, " UTC"))
		return 0;
	if (*s != '+' && *s != '-')
		return -1;
	if (sscanf(s + 1, "%2d:%2d%n", &h, &m, &n) != 2 &&
	    sscanf(s + 1, "%2d%2d%n", &h, &m, &n) != 2 &&
	    sscanf(s + 1, "%2d%n", &h, &n) != 1)
		return -1;
	if (s[1 + n] || h < 0 || h > 14 || m < 0 || m > 59)
		return -1;
	*minutes = (*s == '-' ? -1 : 1) * (h * 60 + m);
	return 0;
}

static int clock_of(const char **s, int *h, int *mi, double *sec)
{
	int n = 0;

	*h = *mi = 0;
	*sec = 0;
	if (**s != 'T' && **s != 't' && **s != ' ')
		return 0;
	if (sscanf(*s + 1, "%2d:%2d%n", h, mi, &n) != 2)
		return -1;
	*s += 1 + n;
	if (**s == ':' && isdigit((unsigned char)(*s)[1])) {
		char *end;

		*sec = strtod(*s + 1, &end);
		*s = end;
	}
	return *h < 0 || *h > 23 || *mi < 0 || *mi > 59 || *sec >= 61 ? -1 : 0;
}

static int iso(const char *s, int64_t *ms)
{
	int y, mo, d, h, mi, n = 0, minutes;
	double sec;

	if (sscanf(s, "%4d-%2d-%2d%n", &y, &mo, &d, &n) != 3 ||
	    !is_date(y, mo, d))
		return -1;
	s += n;
	if (clock_of(&s, &h, &mi, &sec) || zone(s, &minutes))
		return -1;
	*ms = ((days(y, mo, d) * 24 + h) * 60 + mi - minutes) * 60000 +
	      (int64_t)(sec * 1000);
	return 0;
}

/* "7d", "2h ago", "90 min". */
static int ago(const char *s, int64_t now, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "s", 1000 },          { "sec", 1000 },
		{ "m", 60000 },         { "min", 60000 },
		{ "h", 3600000 },       { "d", 86400000 },
		{ "day", 86400000 },    { "days", 86400000 },
		{ "w", 604800000 },     { "hours", 3600000 },
		{ "weeks", 604800000 },
	};
	char *end;
	long long n = strtoll(s, &end, 10);
	unsigned i;

	if (end == s || n < 0 || n > 1000000)
		return -1;
	end += strspn(end, " ");
	for (i = 0; i < LVL_COUNT(units); i++) {
		size_t len = strlen(units[i].unit);

		if (strncmp(end, units[i].unit, len) ||
		    (end[len] && strcmp(end + len, " ago") != 0))
			continue;
		*ms = now - n * units[i].ms;
		return 0;
	}
	return -1;
}

int fleet_time(const char *text, int64_t now, int64_t *ms)
{
	if (!strcmp(text, "now")) {
		*ms = now;
		return 0;
	}
	if (!iso(text, ms) || !ago(text, now, ms))
		return 0;
	return cli_usage("\"%s\" is no time: 2026-11-20, 2026-11-20T08:00Z, "
			 "7d, \"2h ago\", or a change's number",
			 text);
}

int fleet_seq(struct fleet *f, const char *text, int64_t *seq)
{
	int64_t last, first = 0, ms;
	int rc;

	if (*text && !text[strspn(text, "0123456789")]) {
		*seq = strtoll(text, NULL, 10);
		rc = store_last(f->s, &last);
		if (!rc && *seq > last) {
			cli_error("there is no change %s yet; the newest is "
				  "%lld",
				  text, (long long)last);
			return EXIT_INPUT;
		}
		if (!rc)
			rc = store_first(f->s, &first);
		if (!rc && *seq + 1 < first) {
			cli_error("changes up to %lld were taken away: what "
				  "came after change %s is not known",
				  (long long)first - 1, text);
			return EXIT_INPUT;
		}
		return rc;
	}
	rc = fleet_time(text, f->now, &ms);
	if (!rc && ms > f->now) {
		cli_error("%s has not come yet", text);
		return EXIT_INPUT;
	}
	if (!rc)
		rc = store_seq_at(f->s, ms, seq);
	if (rc == -LVL_E_NOT_FOUND)
		*seq = 0;
	return rc == -LVL_E_NOT_FOUND ? 0 : rc;
}

void fleet_say_words(FILE *out, const char *text)
{
	for (; *text; text++)
		putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text,
		     out);
}

const char *fleet_say_time(int64_t ms, char buf[FLEET_TIME])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (!ms || !gmtime_r(&t, &tm))
		return "never";
	strftime(buf, FLEET_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

const char *fleet_say_cpu(const char *cpu, char buf[FLEET_CPU])
{
	char vendor[24];
	unsigned family, model, stepping;
	int end = 0;

	if (!cpu ||
	    sscanf(cpu, "%23s family 0x%x model 0x%x stepping 0x%x%n", vendor,
		   &family, &model, &stepping, &end) != 4 ||
	    cpu[end])
		return cpu;
	snprintf(buf, FLEET_CPU, "%s %02x-%02x-%02x", vendor, family, model,
		 stepping);
	return buf;
}
