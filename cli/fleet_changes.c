/* SPDX-License-Identifier: MIT */
#include "fleet_changes.h"

#include "core/clause.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* -- sources -------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t at;
} parts[] = {
	{ "cpu", offsetof(struct store_source, cpu) },
	{ "kernel", offsetof(struct store_source, kernel) },
	{ "microcode", offsetof(struct store_source, microcode) },
	{ "hypervisor", offsetof(struct store_source, hypervisor) },
	{ "firmware", offsetof(struct store_source, firmware) },
};

static const char *part(const struct store_source *s, unsigned i)
{
	return *(const char *const *)((const char *)s + parts[i].at);
}

static int differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

static int two_sources(struct fleet *f, int64_t before, int64_t after,
		       struct store_source *a, struct store_source *b)
{
	int rc = 0;

	memset(a, 0, sizeof(*a));
	memset(b, 0, sizeof(*b));
	if (before)
		rc = store_get_source(f->s, before, a);
	if (!rc && after)
		rc = store_get_source(f->s, after, b);
	return rc;
}

/* n bytes were wanted: no half characters, and it says that there is more. */
static void mark_cut(char text[FLEET_PARTS], size_t n)
{
	size_t at = FLEET_PARTS - 3;

	if (n < FLEET_PARTS)
		return;
	while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "..", 3);
}

int fleet_say_parts(struct fleet *f, int64_t before, int64_t after,
		    char text[FLEET_PARTS])
{
	struct store_source a, b;
	size_t n = 0;
	unsigned i;
	int rc = two_sources(f, before, after, &a, &b);

	*text = '\0';
	for (i = 0; i < LVL_COUNT(parts) && !rc; i++)
		if (differ(part(&a, i), part(&b, i)) && n < FLEET_PARTS)
			n += (size_t)snprintf(text + n, FLEET_PARTS - n,
					      before ? "%s%s %s -> %s"
						     : "%s%s %.0s%s",
					      n ? ", " : "", parts[i].name,
					      part(&a, i) ? part(&a, i) : "?",
					      part(&b, i) ? part(&b, i) : "?");
	mark_cut(text, n);
	return rc;
}

int fleet_say_components(struct fleet *f, int64_t before, int64_t after,
			 char text[FLEET_PARTS])
{
	struct store_source a, b;
	size_t n = 0;
	unsigned i;
	int rc = two_sources(f, before, after, &a, &b);

	*text = '\0';
	for (i = 0; i < LVL_COUNT(parts) && !rc; i++)
		if (differ(part(&a, i), part(&b, i)) && n < FLEET_PARTS)
			n += (size_t)snprintf(text + n, FLEET_PARTS - n, "%s%s",
					      n ? " " : "", parts[i].name);
	return rc;
}

/* -- profiles ------------------------------------------------------------- */

/* Whatever b says that a did not is 0. */
static int adds_zeros(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++)
		if ((a->v[w] ^ b->v[w]) | (a->k[w] & ~b->k[w]))
			return 0;
	return 1;
}

int fleet_looks_same(struct fleet *f, int64_t before, int64_t after, int *same)
{
	const struct store_profile *p;
	struct lvl_policy *was[LVL_NR_KINDS] = { NULL };
	unsigned k;
	int rc;

	*same = before == after;
	if (*same)
		return 0;
	rc = store_get_profile(f->s, before, &p);
	for (k = 0; k < LVL_NR_KINDS && !rc; k++) {
		if (!p->policy[k])
			continue;
		was[k] = malloc(sizeof(*was[k]));
		if (was[k])
			*was[k] = *p->policy[k];
		else
			rc = -LVL_E_NO_MEMORY;
	}
	if (!rc)
		rc = store_get_profile(f->s, after, &p);
	*same = !rc;
	for (k = 0; k < LVL_NR_KINDS; k++) {
		if (!rc && (!was[k] != !p->policy[k] ||
			    (was[k] && !adds_zeros(was[k], p->policy[k]))))
			*same = 0;
		free(was[k]);
	}
	return rc;
}

/* What a guest relies on, and is no feature. */
static int is_number(unsigned field)
{
	enum lvl_rule rule = (enum lvl_rule)lvl_fields[field].rule;

	return !cli_is_feature(field) && field != LVL_F_RET_ALTERNATE &&
	       (rule == LVL_AND || rule == LVL_OR || rule == LVL_MIN ||
		rule == LVL_MAX || rule == LVL_EQUAL || rule == LVL_PAIR);
}

void fleet_say_numbers(const struct lvl_policy *before,
		       const struct lvl_policy *after, FILE *out)
{
	struct cli_wrap w = { out, 4, 0 };
	char text[120];
	unsigned i, n = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!is_number(i) || !lvl_known(before, i) ||
		    !lvl_known(after, i) || !lvl_carried_(before, i) ||
		    !lvl_carried_(after, i) ||
		    lvl_get(before, i) == lvl_get(after, i))
			continue;
		if (!n++)
			cli_wrap_word(&w, "  numbers:");
		snprintf(text, sizeof(text), "%.60s %llu -> %llu",
			 lvl_field_name(i),
			 (unsigned long long)lvl_get(before, i),
			 (unsigned long long)lvl_get(after, i));
		cli_wrap_word(&w, text);
	}
	if (n)
		cli_wrap_end(&w);
}

/* -- values of a row ------------------------------------------------------ */

struct fleet_host_row fleet_host_row(const char *row)
{
	json_t *d = row ? json_loads(row, 0, NULL) : NULL;
	const struct fleet_host_row h = {
		.pool = json_integer_value(json_object_get(d, "pool")),
		.profile = json_integer_value(json_object_get(d, "profile")),
		.source = json_integer_value(json_object_get(d, "source")),
	};

	json_decref(d);
	return h;
}

static int has_text(const char *row, const char *key, const char *text)
{
	json_t *d = row ? json_loads(row, 0, NULL) : NULL;
	const char *v = json_string_value(json_object_get(d, key));
	int yes = v && !strcmp(v, text);

	json_decref(d);
	return yes;
}

int fleet_row_is(const struct store_change *c, const char *key,
		 const char *text)
{
	return has_text(c->before, key, text) || has_text(c->after, key, text);
}

#define VALUE 200

static int keep_name(void *arg, const struct store_change *c)
{
	snprintf(arg, VALUE, "%s", c->name ? c->name : "");
	return 0;
}

/* One that was dropped has its name in its changes. */
static int pool_name(struct fleet *f, int64_t id, char text[VALUE])
{
	const struct store_change_filter of = { .kind = STORE_KIND_POOL,
						.id = id };
	struct store_pool p;

	*text = '\0';
	if (!store_get_pool(f->s, id, &p))
		snprintf(text, VALUE, "%s", p.name);
	else
		(void)store_changes(f->s, &of, keep_name, text);
	return *text;
}

/* Numbers of rows as their names, of objects as "#12". */
static void reference(struct fleet *f, const char *key, int64_t id,
		      char text[VALUE])
{
	struct store_host h;
	struct store_level l;

	if (!strcmp(key, "pool") && pool_name(f, id, text))
		return;
	if (!strcmp(key, "host") && !store_get_host(f->s, id, &h))
		snprintf(text, VALUE, "%s", h.name);
	else if (!strcmp(key, "level") && !store_get_level(f->s, id, &l))
		snprintf(text, VALUE, "%s@%lld", l.name, (long long)l.version);
	else if (!strcmp(key, "booted"))
		fleet_say_time(id, text);
	else if (!strcmp(key, "version"))
		snprintf(text, VALUE, "%lld", (long long)id);
	else
		snprintf(text, VALUE, "#%lld", (long long)id);
}

static void value(struct fleet *f, const char *key, const json_t *v,
		  char text[VALUE])
{
	if (json_is_string(v))
		snprintf(text, VALUE, "%s", json_string_value(v));
	else if (json_integer_value(v))
		reference(f, key, json_integer_value(v), text);
	else
		snprintf(text, VALUE, "-");
}

/* -- one change ----------------------------------------------------------- */

static int is_boring(const char *key)
{
	return !strcmp(key, "id") || !strcmp(key, "rev") ||
	       !strcmp(key, "name") || !strcmp(key, "definition");
}

/* Numbers of objects say nothing of a new row. */
static int is_object(const char *key)
{
	return !strcmp(key, "seen") || !strcmp(key, "profile") ||
	       !strcmp(key, "policy");
}

/* A source says more by its parts. */
static int say_source(struct fleet *f, const json_t *a, const json_t *b,
		      int any)
{
	char text[FLEET_PARTS];
	int rc = fleet_say_parts(f, json_integer_value(a),
				 json_integer_value(b), text);

	if (!rc && *text)
		fprintf(f->out, "%s%s", any ? ", " : " ", text);
	return rc;
}

static int say_fields(struct fleet *f, json_t *before, json_t *after)
{
	json_t *of = after ? after : before, *v;
	char a[VALUE], b[VALUE];
	const char *key;
	int any = 0, rc = 0;

	json_object_foreach(of, key, v)
	{
		const json_t *was = json_object_get(before, key);
		const json_t *is = json_object_get(after, key);

		if (is_boring(key) || json_equal(was, is) ||
		    (!before && is_object(key)))
			continue;
		if (!strcmp(key, "source")) {
			rc = say_source(f, was, is, any);
			any = 1;
			continue;
		}
		value(f, key, was, a);
		value(f, key, is, b);
		if (!strcmp(a, b))
			continue;
		if (!before)
			fprintf(f->out, "%s%s %s", any++ ? ", " : " ", key, b);
		else
			fprintf(f->out, "%s%s %s -> %s", any++ ? ", " : " ",
				key, a, b);
	}
	return rc;
}

int fleet_change_line(struct fleet *f, const struct store_change *c)
{
	json_t *before = c->before ? json_loads(c->before, 0, NULL) : NULL;
	json_t *after = c->after ? json_loads(c->after, 0, NULL) : NULL;
	char when[FLEET_TIME];
	int rc = 0;

	fprintf(f->out, "%6lld  %s  ", (long long)c->seq,
		fleet_say_time(c->time, when));
	fleet_say_words(f->out, c->actor ? c->actor : "-");
	fprintf(f->out, "  %s", store_kind_names[c->kind]);
	if (c->kind == STORE_KIND_BULK)
		fprintf(f->out, " %lld rows", (long long)c->id);
	else
		fprintf(f->out, " %s:%s", c->name ? c->name : "-",
			!before  ? " new,"
			: !after ? " removed"
				 : "");
	if (after)
		rc = say_fields(f, before, after);
	if (c->note) {
		fputs("  (", f->out);
		fleet_say_words(f->out, c->note);
		putc(')', f->out);
	}
	putc('\n', f->out);
	json_decref(before);
	json_decref(after);
	return rc;
}

int fleet_change_json(struct fleet *f, const struct store_change *c)
{
	char when[FLEET_TIME];

	return fleet_json_line(
		f, json_pack("{s:s, s:i, s:I, s:s, s:s?, s:s?, s:s, s:I, s:s?, "
			     "s:o?, s:o?}",
			     "format", "cpulevel-change", "version", 1, "seq",
			     (json_int_t)c->seq, "time",
			     fleet_say_time(c->time, when), "actor", c->actor,
			     "note", c->note, "kind", store_kind_names[c->kind],
			     "id", (json_int_t)c->id, "name", c->name, "before",
			     c->before ? json_loads(c->before, 0, NULL) : NULL,
			     "after",
			     c->after ? json_loads(c->after, 0, NULL) : NULL));
}
