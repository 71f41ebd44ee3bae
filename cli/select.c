/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "format/models.h"

#include <string.h>

/* -- which policy --------------------------------------------------------- */

int cli_set_guest(struct cli_select *s, const char *name)
{
	unsigned g;

	for (g = 0; g < LVL_NR_GUESTS; g++) {
		if (!strcmp(lvl_guest_names[g], name)) {
			s->guest = (enum lvl_guest)g;
			s->guest_given = 1;
			return 0;
		}
	}
	return cli_usage("no guest kind \"%s\": pv, hvm-shadow or hvm", name);
}

int cli_set_of(struct cli_select *s, const char *name)
{
	s->of_given = 1;
	if (!strcmp(name, "default"))
		s->of = OF_DEFAULT;
	else if (!strcmp(name, "max"))
		s->of = OF_MAX;
	else if (!strcmp(name, "raw"))
		s->of = OF_RAW;
	else if (!lvl_kind_find(name, strlen(name), &s->kind))
		s->of = OF_KIND;
	else
		return cli_usage("no policy \"%s\": default, max, raw, host, "
				 "pv-max, ...",
				 name);
	return 0;
}

int cli_select_option(struct cli_select *s, int c)
{
	switch (c) {
	case 'O':
		return cli_set_of(s, optarg);
	case 'g':
		return cli_set_guest(s, optarg);
	case 'P':
		return cli_set_platform(s, optarg);
	case 'W':
		return cli_set_with(s, optarg);
	case 'f':
		return cli_set_from(optarg);
	default:
		return c == -2 ? -1 : EXIT_USAGE;
	}
}

int cli_read_select(int argc, char **argv, const struct option *opts,
		    struct cli_select *s, int *as_json)
{
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'j')
			*as_json = 1;
		else
			rc = cli_select_option(s, c);
	}
	return rc;
}

static int set_view(struct cli_view *v, int c)
{
	switch (c) {
	case 'r':
		v->raw = 1;
		return 0;
	case 'a':
		v->all = 1;
		return 0;
	case 'j':
		v->json = 1;
		return 0;
	default:
		return cli_select_option(&v->select, c);
	}
}

int cli_read_view(int argc, char **argv, int has_all, struct cli_view *v)
{
	static const struct option opts[] = {
		{ "all", no_argument, NULL, 'a' },
		/* these for every verb */
		CLI_OPT_OF,
		CLI_OPTS_GUEST,
		{ "raw", no_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int c, rc = 0;

	*v = (struct cli_view){ .select.guest = LVL_HVM };
	while (!rc && (c = cli_getopt(argc, argv, "", opts + !has_all)) != -1)
		rc = set_view(v, c);
	return rc;
}

/* Maximum and default of a guest kind. */
static enum lvl_kind kind_of(enum lvl_guest guest, int max)
{
	switch (guest) {
	case LVL_PV:
		return max ? LVL_KIND_PV_MAX : LVL_KIND_PV_DEFAULT;
	case LVL_HVM_SHADOW:
		return max ? LVL_KIND_HVM_SHADOW_MAX
			   : LVL_KIND_HVM_SHADOW_DEFAULT;
	case LVL_HVM:
	case LVL_NR_GUESTS:
		break;
	}
	return max ? LVL_KIND_HVM_MAX : LVL_KIND_HVM_DEFAULT;
}

const struct lvl_policy *cli_policy(const struct lvl_desc *d,
				    const struct cli_select *s,
				    enum lvl_kind *kind)
{
	enum lvl_kind order[6];
	unsigned n = 0, i;

	if (s->of == OF_KIND) {
		order[n++] = s->kind;
	} else if (s->of == OF_RAW) {
		order[n++] = LVL_KIND_RAW;
	} else {
		order[n++] = LVL_KIND_SEEN;
		order[n++] = LVL_KIND_LEVEL;
		order[n++] = kind_of(s->guest, s->of == OF_MAX);
		order[n++] = kind_of(s->guest, s->of != OF_MAX);
		order[n++] = LVL_KIND_HOST;
	}
	for (i = 0; i < n; i++) {
		if (d->policy[order[i]]) {
			if (kind)
				*kind = order[i];
			return d->policy[order[i]];
		}
	}
	return NULL;
}

/* -- names ---------------------------------------------------------------- */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance, one row at a time; names are short. */
unsigned cli_distance(const char *a, const char *b)
{
	unsigned row[64], i, j, n = (unsigned)strlen(b);

	if (n >= LVL_COUNT(row))
		return 99;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (j = 1; j <= n; j++) {
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *cli_nearest(const char *name)
{
	unsigned best = (unsigned)strlen(name) / 2 + 1, i, found = ~0u;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		unsigned d = cli_distance(name, lvl_field_name(i));

		if (d < best) {
			best = d;
			found = i;
		}
	}
	return found == ~0u ? NULL : lvl_field_name(found);
}

int cli_field(const char *name)
{
	unsigned field;
	int rc = lvl_field_find(name, strlen(name), LVL_WHO_ANY, &field);
	const char *near;

	if (!rc)
		return (int)field;
	near = cli_nearest(name);
	if (rc == -LVL_E_AMBIGUOUS)
		cli_error("\"%s\" means different bits to different tools",
			  name);
	else if (near)
		cli_error("no feature \"%s\"; did you mean %s?", name, near);
	else
		cli_error("no feature \"%s\"", name);
	return -1;
}

/* -- features ------------------------------------------------------------- */

/*
 * What a level lists: single bits that a guest sees and that say something,
 * capabilities and statements alike, the derived pairs in place of what they
 * are derived from.
 */
int cli_is_feature(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD || f->width != 1)
		return 0;
	if (lvl_words[f->word].place == LVL_PLACE_STATE)
		return 0;
	return f->rule == LVL_AND || f->rule == LVL_OR || field == LVL_F_RTM ||
	       field == LVL_F_RTM_ALWAYS_ABORT || field == LVL_F_RSBA ||
	       field == LVL_F_RRSBA;
}

unsigned cli_count_features(const struct lvl_policy *p)
{
	unsigned i, n = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		n += cli_is_feature(i) && lvl_has(p, i);
	return n;
}

/*
 * The psABI's levels are in the table of models.  OSFXSR and OSXSAVE are the
 * guest's own doing: FXSR and XSAVE stand for them.
 */
static int has_model(const struct lvl_policy *p, const char *name,
		     unsigned *count)
{
	uint32_t set[LVL_MODEL_SET];
	unsigned i, n = 0;

	lvl_model_features(lvl_model_find("psabi", name), set);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!lvl_model_set_has(set, i))
			continue;
		if (!lvl_has(p, i))
			return 0;
		n++;
	}
	*count = n;
	return 1;
}

unsigned cli_psabi(const struct lvl_policy *p, unsigned *count)
{
	static const char *const names[] = { "x86-64-v1", "x86-64-v2",
					     "x86-64-v3", "x86-64-v4" };
	unsigned level = 0;

	*count = 0;
	while (level < LVL_COUNT(names) && has_model(p, names[level], count))
		level++;
	return level;
}

const char *cli_vendor(const struct lvl_policy *p, char buf[16])
{
	static const uint16_t part[] = { LVL_F_VENDOR_0, LVL_F_VENDOR_1,
					 LVL_F_VENDOR_2 };
	unsigned i;

	for (i = 0; i < 12; i++) {
		buf[i] = (char)(lvl_get(p, part[i / 4]) >> 8 * (i % 4));
		if (buf[i] < 0x20 || buf[i] > 0x7e)
			return "unknown";
	}
	buf[12] = '\0';
	return buf;
}

const char *cli_cpu(const struct lvl_policy *p, char buf[CLI_CPU])
{
	if (!lvl_known(p, LVL_F_BASE_FAMILY) || !lvl_known(p, LVL_F_BASE_MODEL))
		return "of unknown family and model";
	snprintf(buf, CLI_CPU, "family 0x%x model 0x%x stepping %u",
		 lvl_policy_family(p), lvl_policy_model(p),
		 lvl_policy_stepping(p));
	return buf;
}
