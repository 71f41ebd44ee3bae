/* SPDX-License-Identifier: MIT */
#include "fleet_say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* -- features ------------------------------------------------------------- */

int fleet_is_statement(unsigned field)
{
	return lvl_fields[field].rule == LVL_OR || field == LVL_F_RSBA ||
	       field == LVL_F_RRSBA || field == LVL_F_RTM_ALWAYS_ABORT;
}

void fleet_delta(const struct lvl_policy *before,
		 const struct lvl_policy *after, struct fleet_delta *d)
{
	unsigned i;

	d->nr_gained = d->nr_lost = d->nr_told = d->nr_untold = 0;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		int was, is;

		if (!cli_is_feature(i))
			continue;
		was = lvl_has(before, i);
		is = lvl_has(after, i);
		if (was == is)
			continue;
		if (fleet_is_statement(i) && is)
			d->told[d->nr_told++] = (uint16_t)i;
		else if (fleet_is_statement(i))
			d->untold[d->nr_untold++] = (uint16_t)i;
		else if (is)
			d->gained[d->nr_gained++] = (uint16_t)i;
		else
			d->lost[d->nr_lost++] = (uint16_t)i;
	}
}

/* -- words ---------------------------------------------------------------- */

void fleet_say_fields(FILE *out, const char *title, const uint16_t *field,
		      unsigned nr)
{
	unsigned lead = (unsigned)strspn(title, " "), i;
	struct cli_wrap w = { out, lead + (title[lead] ? 2 : 1), 0 };

	if (!nr)
		return;
	cli_wrap_word(&w, title);
	if (w.column < w.indent) {
		fprintf(out, "%*s", (int)(w.indent - w.column), "");
		w.column = w.indent;
	}
	for (i = 0; i < nr; i++)
		cli_wrap_word(&w, lvl_field_name(field[i]));
	cli_wrap_end(&w);
}

void fleet_json_fields(FILE *out, const char *key, const uint16_t *field,
		       unsigned nr)
{
	unsigned i;

	fprintf(out, "\"%s\": [", key);
	for (i = 0; i < nr; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "",
			lvl_field_name(field[i]));
	putc(']', out);
}

void fleet_json_key(FILE *out, const char *key, const char *value)
{
	fprintf(out, "\"%s\": ", key);
	if (value)
		cli_json_string(out, value);
	else
		fputs("null", out);
}

const char *fleet_number(uint64_t n, const char *one, char buf[FLEET_NUMBER])
{
	snprintf(buf, FLEET_NUMBER, "%llu %s%s", (unsigned long long)n, one,
		 n == 1 ? "" : "s");
	return buf;
}

void fleet_say(FILE *out, unsigned indent, const char *fmt, ...)
{
	struct cli_wrap w = { out, indent, indent };
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(out, "%*s", (int)indent, "");
	cli_wrap_text(&w, text);
	cli_wrap_end(&w);
}

/* -- levels --------------------------------------------------------------- */

struct two_levels {
	struct lvl_fleet_level before, after;
	struct fleet_delta d;
};

static unsigned both_vendors(const struct fleet_view *v,
			     const struct lvl_fleet_pool *before,
			     const struct lvl_fleet_pool *after,
			     unsigned vendor[2 * LVL_FLEET_VENDORS])
{
	unsigned more[LVL_FLEET_VENDORS], nr, i, k, n;

	n = lvl_fleet_vendors(v->model, before, vendor);
	nr = lvl_fleet_vendors(v->model, after, more);
	for (i = 0; i < nr; i++) {
		for (k = 0; k < n && vendor[k] != more[i]; k++)
			;
		if (k == n)
			vendor[n++] = more[i];
	}
	return n;
}

static void read_two(const struct fleet_view *v,
		     const struct lvl_fleet_pool *before,
		     const struct lvl_fleet_pool *after, unsigned vendor,
		     struct two_levels *l)
{
	lvl_fleet_level(v->model, before, vendor, &l->before);
	lvl_fleet_level(v->model, after, vendor, &l->after);
	memset(&l->d, 0, sizeof(l->d));
	if (!l->before.rc && !l->after.rc)
		fleet_delta(&l->before.policy, &l->after.policy, &l->d);
}

static const char *how(const struct fleet_delta *d)
{
	int more = d->nr_gained && !d->nr_told;
	int less = d->nr_lost && !d->nr_untold;

	if (!d->nr_gained && !d->nr_lost && !d->nr_told && !d->nr_untold)
		return "stays";
	return more && !d->nr_lost     ? "rises"
	       : less && !d->nr_gained ? "falls"
				       : "changes";
}

static void say_incomplete(FILE *out, const struct lvl_fleet_level *l)
{
	if (l->unknown)
		fleet_say(out, 2,
			  "incomplete: %u host%s never reported; the level "
			  "may be lower",
			  l->unknown, l->unknown == 1 ? "" : "s");
	if (l->unreachable)
		fleet_say(out, 2,
			  "incomplete: %u host%s cannot be reached; counted as "
			  "last seen",
			  l->unreachable, l->unreachable == 1 ? "" : "s");
	if (l->incomplete && !l->unknown && !l->unreachable)
		fleet_say(out, 2,
			  "incomplete: the hosts did not report all "
			  "that decides it");
}

static void say_one(FILE *out, const struct two_levels *l, unsigned vendor,
		    int several)
{
	const char *who = several ? lvl_vendor_name(vendor) : "level";
	const char *more = several ? " level" : "";

	if (l->before.rc == -LVL_E_EMPTY)
		fprintf(out, "%s%s: %u features; there was none\n", who, more,
			cli_count_features(&l->after.policy));
	else if (l->after.rc == -LVL_E_EMPTY)
		fprintf(out, "%s%s: no host is left\n", who, more);
	else if (l->before.rc || l->after.rc)
		fprintf(out, "%s%s: none in common\n", who, more);
	else if (cli_count_features(&l->before.policy) ==
		 cli_count_features(&l->after.policy))
		fprintf(out, "%s%s %s at %u features\n", who, more, how(&l->d),
			cli_count_features(&l->after.policy));
	else
		fprintf(out, "%s%s %s %u -> %u features\n", who, more,
			how(&l->d), cli_count_features(&l->before.policy),
			cli_count_features(&l->after.policy));
	fleet_say_fields(out, "  +", l->d.gained, l->d.nr_gained);
	fleet_say_fields(out, "  -", l->d.lost, l->d.nr_lost);
	fleet_say_fields(out, "  told from then on:", l->d.told, l->d.nr_told);
	fleet_say_fields(out, "  not told any more:", l->d.untold,
			 l->d.nr_untold);
	say_incomplete(out, &l->after);
}

void fleet_say_levels(FILE *out, const struct fleet_view *v,
		      const struct lvl_fleet_pool *before,
		      const struct lvl_fleet_pool *after)
{
	unsigned vendor[2 * LVL_FLEET_VENDORS], i;
	unsigned n = both_vendors(v, before, after, vendor);
	struct two_levels *l = malloc(sizeof(*l));

	if (n > 1)
		fprintf(out, "%u vendors: a level each, none in common\n", n);
	if (!n)
		fputs("no host of which anything is known: no level\n", out);
	for (i = 0; l && i < n; i++) {
		read_two(v, before, after, vendor[i], l);
		say_one(out, l, vendor[i], n > 1);
	}
	free(l);
}

static void json_one(FILE *out, const struct two_levels *l, unsigned vendor)
{
	fputs("{", out);
	fleet_json_key(out, "vendor", lvl_vendor_name(vendor));
	fputs(", \"before\": ", out);
	if (l->before.rc)
		fputs("null", out);
	else
		fprintf(out, "%u", cli_count_features(&l->before.policy));
	fputs(", \"after\": ", out);
	if (l->after.rc)
		fputs("null", out);
	else
		fprintf(out, "%u", cli_count_features(&l->after.policy));
	fprintf(out, ", \"incomplete\": %s,\n     ",
		l->after.incomplete ? "true" : "false");
	fleet_json_fields(out, "gained", l->d.gained, l->d.nr_gained);
	fputs(",\n     ", out);
	fleet_json_fields(out, "lost", l->d.lost, l->d.nr_lost);
	fputs(",\n     ", out);
	fleet_json_fields(out, "told", l->d.told, l->d.nr_told);
	fputs(", ", out);
	fleet_json_fields(out, "untold", l->d.untold, l->d.nr_untold);
	fputs("}", out);
}

void fleet_json_levels(FILE *out, const struct fleet_view *v,
		       const struct lvl_fleet_pool *before,
		       const struct lvl_fleet_pool *after)
{
	unsigned vendor[2 * LVL_FLEET_VENDORS], i;
	unsigned n = both_vendors(v, before, after, vendor);
	struct two_levels *l = malloc(sizeof(*l));

	fputs("\"levels\": [", out);
	for (i = 0; l && i < n; i++) {
		read_two(v, before, after, vendor[i], l);
		fputs(i ? ",\n    " : "\n    ", out);
		json_one(out, l, vendor[i]);
	}
	fputs("]", out);
	free(l);
}

int fleet_incomplete(const struct fleet_view *v, const struct lvl_fleet_pool *p)
{
	unsigned vendor[LVL_FLEET_VENDORS], i;
	unsigned n = lvl_fleet_vendors(v->model, p, vendor);
	struct lvl_fleet_level *l = malloc(sizeof(*l));
	int incomplete = !l;

	for (i = 0; l && i < n; i++) {
		lvl_fleet_level(v->model, p, vendor[i], l);
		incomplete |= l->incomplete;
	}
	if (l && !n) {
		lvl_fleet_level(v->model, p, 0, l);
		incomplete = l->unknown != 0;
	}
	free(l);
	return incomplete;
}
