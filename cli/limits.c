/* SPDX-License-Identifier: MIT */
#include "limits.h"

#include "format/groups.h"
#include "named.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

int limits_add(const char *list[LIMITS], unsigned *n, const char *value)
{
	if (*n == LIMITS)
		return cli_usage("an option is given more than %d times",
				 LIMITS);
	list[(*n)++] = value;
	return 0;
}

/* Call each name of a list that is separated by commas. */
static int each_name(const char *names,
		     int (*each)(void *arg, const char *name), void *arg)
{
	int rc = 0;

	while (*names && !rc) {
		char name[64];
		size_t n = strcspn(names, ",");

		if (n >= sizeof(name))
			return cli_usage("no feature \"%s\"", names);
		memcpy(name, names, n);
		name[n] = '\0';
		rc = each(arg, name);
		names += n + (names[n] == ',');
	}
	return rc;
}

/* -- drop ----------------------------------------------------------------- */

static const struct lvl_feature_group *find_group(const char *name)
{
	unsigned i;

	for (i = 0; i < lvl_nr_feature_groups; i++)
		if (!strcasecmp(lvl_feature_groups[i].name, name))
			return &lvl_feature_groups[i];
	return NULL;
}

static int drop(void *fold, const char *name)
{
	const struct lvl_feature_group *g = find_group(name);
	unsigned i;
	int field;

	for (i = 0; g && i < g->count; i++)
		lvl_fold_drop(fold, lvl_group_fields[g->first + i]);
	if (g)
		return 0;
	field = cli_field(name);
	if (field < 0)
		return EXIT_USAGE;
	if (lvl_fields[field].rule != LVL_AND &&
	    lvl_fields[field].rule != LVL_MIN)
		return cli_usage("%s is not a capability: its rule is %s",
				 lvl_field_name((unsigned)field),
				 lvl_rule_names[lvl_fields[field].rule]);
	lvl_fold_drop(fold, (unsigned)field);
	return 0;
}

/* -- cap ------------------------------------------------------------------ */

/* A file, or what has a name; a level's name needs no "level:". */
static struct lvl_desc *read_cap(const char *cap, int *rc)
{
	char level[256];
	struct stat st;

	if (strcmp(cap, "-") && !named_is(cap) && stat(cap, &st) &&
	    named_is_level(cap)) {
		snprintf(level, sizeof(level), "level:%s", cap);
		cap = level;
	}
	return cli_one((char *)cap, rc);
}

int limits_read_cap(const struct cli_select *s, const char *cap,
		    struct lvl_policy *p)
{
	const struct lvl_policy *policy;
	struct lvl_desc *d;
	int rc;

	d = read_cap(cap, &rc);
	if (!d)
		return rc;
	rc = cli_derive(d, s);
	policy = rc ? NULL : cli_policy(d, s, NULL);
	if (policy)
		*p = *policy;
	else if (!rc)
		rc = cli_usage("%s gives no policy to cap with", cap);
	lvl_desc_free(d);
	return rc;
}

static int apply_cap(struct pool *p, const char *cap)
{
	struct lvl_policy policy;
	int rc = limits_read_cap(&p->select, cap, &policy);

	if (!rc)
		lvl_fold_cap(&p->fold, &policy);
	return rc;
}

int limits_apply(const struct limits *l, struct pool *p)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < l->nr_drops && !rc; i++)
		rc = each_name(l->drop[i], drop, &p->fold);
	for (i = 0; i < l->nr_caps && !rc; i++)
		rc = apply_cap(p, l->cap[i]);
	return rc;
}

int limits_took(const struct level_answer *a, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return level_lost(a, field) && f->rule == LVL_AND &&
	       !(a->pool->fold.cap[f->word] & f->mask);
}

/* -- keep ----------------------------------------------------------------- */

struct keeping {
	const struct level_answer *a;
	int lost;
};

/* What took the field although all machines have it. */
struct culprit {
	unsigned field;
	const struct lvl_rule_info *rule;
	unsigned cause;
};

static void note_culprit(void *arg, const struct lvl_change *c)
{
	struct culprit *of = arg;

	if (c->field != of->field || c->after || of->rule)
		return;
	of->rule = c->rule;
	of->cause = c->cause;
}

static void tell_culprit(const struct level_answer *a, unsigned field)
{
	struct culprit c = { .field = field };
	const struct lvl_trail trail = { .each = note_culprit, .arg = &c };
	struct lvl_policy again;

	if (a->parity)
		fputs("  it is no instruction, or --cap or --drop took it\n",
		      stderr);
	else if (!lvl_fold_read(&a->pool->fold, &again, &trail, NULL) && c.rule)
		fprintf(stderr, "  %s: %s (%s)\n", c.rule->name, c.rule->what,
			lvl_field_name(c.cause));
	else
		fputs("  --cap or --drop took it\n", stderr);
}

static void tell_lost(const struct level_answer *a, unsigned field)
{
	size_t i, n = 0;

	cli_error("the level would lose %s", lvl_field_name(field));
	for (i = 0; i < a->pool->nr; i++) {
		if (pool_has(&a->pool->host[i], field))
			continue;
		fprintf(stderr, "  %s is not known to have it\n",
			a->pool->host[i].name);
		n++;
	}
	if (!n)
		tell_culprit(a, field);
}

static void keep_field(struct keeping *k, unsigned field)
{
	if (lvl_has(&k->a->level, field))
		return;
	tell_lost(k->a, field);
	k->lost = 1;
}

static int is_capability(unsigned field)
{
	return pool_keeps(field) && lvl_fields[field].rule != LVL_OR;
}

/* A fact "names" of a level: what it is said to have, known of it or not. */
static int keep_names(struct keeping *k, const char *names)
{
	int rc = 0;

	while (*names && !rc) {
		size_t n = strcspn(names, " ");
		unsigned field;

		if (lvl_field_find(names, n, LVL_WHO_ANY, &field) ||
		    !is_capability(field))
			rc = cli_usage("%.*s is no feature to keep", (int)n,
				       names);
		else
			keep_field(k, field);
		names += n + (names[n] == ' ');
	}
	return rc;
}

static int keep_level(struct keeping *k, const char *name)
{
	const struct lvl_policy *level;
	struct lvl_desc *d;
	const char *names;
	unsigned i;
	int rc;

	d = read_cap(name, &rc);
	if (!d)
		return rc;
	names = lvl_desc_fact(d, "names");
	level = cli_policy(d, &k->a->pool->select, NULL);
	if (names)
		rc = keep_names(k, names);
	for (i = 0; !names && level && i < LVL_NR_FIELDS; i++)
		if (is_capability(i) && lvl_has(level, i))
			keep_field(k, i);
	lvl_desc_free(d);
	return rc;
}

static int keep(void *arg, const char *name)
{
	struct keeping *k = arg;
	int field;

	if (named_is(name) || named_is_level(name))
		return keep_level(k, name);
	if (find_group(name) &&
	    lvl_field_find(name, strlen(name), LVL_WHO_ANY, &(unsigned){ 0 }))
		return cli_usage("%s is several features: name those to keep, "
				 "or a level",
				 name);
	field = cli_field(name);
	if (field < 0)
		return EXIT_USAGE;
	if (!is_capability((unsigned)field))
		return cli_usage("%s is not a capability: its rule is %s",
				 lvl_field_name((unsigned)field),
				 lvl_rule_names[lvl_fields[field].rule]);
	keep_field(k, (unsigned)field);
	return 0;
}

int limits_check(const struct limits *l, const struct level_answer *a)
{
	struct keeping k = { a, 0 };
	unsigned i;
	int rc = 0;

	for (i = 0; i < l->nr_keeps && !rc; i++)
		rc = each_name(l->keep[i], keep, &k);
	return rc ? rc : k.lost ? EXIT_NO : 0;
}
