/* SPDX-License-Identifier: MIT */
#include "fleet_level.h"

#include "limits.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* -- what hosts have in common -------------------------------------------- */

/* limits.h wants the machines of a `level`; only their fold is used. */
static struct pool work;

struct folding {
	struct fleet *f;
	const struct lvl_platform *on;
	struct fleet_live *l;
};

static int fold_profile(struct folding *g, const struct store_host_count *c)
{
	const struct store_profile *profile;
	struct lvl_policy dflt;
	int rc = store_get_profile(g->f->s, c->profile, &profile);

	if (rc)
		return rc;
	rc = fleet_policies(profile, g->l->guest, g->on, &dflt, NULL);
	if (rc && profile->policy[LVL_KIND_HOST])
		g->l->without += c->hosts;
	else if (rc)
		g->l->unknown += c->hosts;
	if (rc)
		return 0;
	g->l->hosts += c->hosts;
	if (c->state == STORE_HOST_UNREACHABLE)
		g->l->unreachable += c->hosts;
	lvl_fold_add(&work.fold, &dflt);
	return 0;
}

static int fold_count(void *arg, const struct store_host_count *c)
{
	struct folding *g = arg;

	if (!c->hosts || c->state == STORE_HOST_RETIRED)
		return 0;
	if (c->profile)
		return fold_profile(g, c);
	g->l->unknown += c->hosts;
	return 0;
}

/* --drop by name, --cap by the policy that it was then. */
static int limit(struct fleet *f, const char *definition)
{
	json_t *d = json_loads(definition, 0, NULL), *v;
	const struct lvl_policy *cap;
	struct limits l = { .nr_drops = 0 };
	size_t i;
	int rc = 0;

	json_array_foreach(json_object_get(d, "caps"), i, v)
	{
		rc = store_get_policy(f->s, json_integer_value(v), &cap, NULL);
		if (rc)
			break;
		lvl_fold_cap(&work.fold, cap);
	}
	json_array_foreach(json_object_get(d, "drop"), i,
			   v) if (json_is_string(v) && !rc) rc =
		limits_add(l.drop, &l.nr_drops, json_string_value(v));
	if (!rc)
		rc = limits_apply(&l, &work);
	json_decref(d);
	return rc;
}

static int matters(const struct fleet_live *l)
{
	unsigned i;

	for (i = 0; i < l->status.nr_incomplete; i++)
		if (lvl_fields[l->status.incomplete[i]].guests_default >>
			    l->guest &
		    1)
			return 1;
	return 0;
}

int fleet_live(struct fleet *f, const struct store_pool *p,
	       enum lvl_guest guest, const char *definition,
	       struct fleet_live *l)
{
	const struct cli_select select = { .guest = guest };
	struct folding g = { f, fleet_platform(p), l };
	int rc;

	memset(l, 0, sizeof(*l));
	l->guest = guest;
	pool_init(&work, &select);
	rc = store_count_hosts(f->s, p->id, fold_count, &g);
	if (!rc && definition)
		rc = limit(f, definition);
	if (rc)
		return rc;
	l->rc = lvl_fold_read(&work.fold, &l->policy, NULL, &l->status);
	l->incomplete = l->unknown || l->unreachable || (!l->rc && matters(l));
	return 0;
}

int fleet_live_usable(const struct fleet_live *l, const char *pool)
{
	if (l->unknown) {
		cli_error("pool %s is incomplete: %lld host%s never reported "
			  "what %s guests can have there; `cpulevel publish` "
			  "there, or `cpulevel pool remove`",
			  pool, (long long)l->unknown,
			  l->unknown == 1 ? "" : "s",
			  lvl_guest_names[l->guest]);
		return EXIT_INCOMPLETE;
	}
	switch (l->rc) {
	case 0:
		if (l->unreachable)
			cli_warn("%lld host%s of pool %s cannot be reached: "
				 "the level counts %s as last heard of",
				 (long long)l->unreachable,
				 l->unreachable == 1 ? "" : "s", pool,
				 l->unreachable == 1 ? "it" : "them");
		return 0;
	case -LVL_E_EMPTY:
		cli_error("pool %s has no hosts for %s guests", pool,
			  lvl_guest_names[l->guest]);
		return EXIT_INCOMPLETE;
	case -LVL_E_VENDOR:
		cli_error("pool %s has no level of its own: the CPU vendors "
			  "differ; set a level for a group of hosts",
			  pool);
		return EXIT_REFUSED;
	default:
		cli_error("pool %s has no level: %s differs, and nothing can "
			  "be taken away to make it agree",
			  pool, lvl_field_name(l->status.none_field));
		return EXIT_NO;
	}
}

/* -- versions ------------------------------------------------------------- */

/* The newest version has another policy: put the next one. */
static int put_version(struct fleet *f, const struct fleet_live *l,
		       struct store_level *v, int *fresh)
{
	int64_t policy;
	int rc = store_put_policy(f->s, &l->policy, l->guest, &policy);

	if (fresh)
		*fresh = 0;
	if (rc || (v->id && v->policy == policy))
		return rc;
	if (fresh)
		*fresh = 1;
	v->policy = policy;
	v->guest = l->guest;
	v->id = v->rev = v->version = 0;
	return store_put_level(f->s, v);
}

int fleet_level_pool(struct fleet *f, const struct store_level *v,
		     struct store_pool *p)
{
	int rc = v->pool ? store_get_pool(f->s, v->pool, p) : 0;

	if (v->pool && rc != -LVL_E_NOT_FOUND)
		return rc;
	memset(p, 0, sizeof(*p));
	return 0;
}

int fleet_follow(struct fleet *f, struct store_level *v, int *fresh)
{
	static struct fleet_live l;
	struct store_pool p;
	int rc = fleet_level_pool(f, v, &p);

	if (fresh)
		*fresh = 0;
	if (!rc && !p.id)
		return 0;
	if (!rc)
		rc = fleet_live(f, &p, (enum lvl_guest)v->guest, v->definition,
				&l);
	if (!rc)
		rc = fleet_live_usable(&l, p.name);
	return rc ? rc : put_version(f, &l, v, fresh);
}

int fleet_settle(struct fleet *f, const struct store_pool *p,
		 struct store_level *v, struct fleet_live *l, int *fresh)
{
	int rc = store_find_level(f->s, p->name, 0, v);

	*fresh = 0;
	if (rc == -LVL_E_NOT_FOUND)
		*v = (struct store_level){ .name = p->name, .pool = p->id };
	else if (rc)
		return rc;
	/* it may go on from that of a pool of this name which was dropped */
	v->pool = p->id;
	rc = fleet_live(f, p, (enum lvl_guest)p->guest, v->definition, l);
	if (rc || l->rc || l->unknown)
		return rc;
	return put_version(f, l, v, fresh);
}

/* -- which level ---------------------------------------------------------- */

/* 1: there is one for this; 0: not. */
int fleet_assigned(struct fleet *f, enum store_scope scope, const char *name,
		   struct store_level *v, int *rc)
{
	struct store_assign a;
	char text[300];

	*rc = name ? store_find_assign(f->s, scope, name, &a)
		   : -LVL_E_NOT_FOUND;
	if (*rc == -LVL_E_NOT_FOUND) {
		*rc = 0;
		return 0;
	}
	if (*rc)
		return 1;
	if (a.version)
		snprintf(text, sizeof(text), "%s@%lld", a.level,
			 (long long)a.version);
	else
		snprintf(text, sizeof(text), "%s", a.level);
	*rc = fleet_level(f, text, v);
	/* a version that is named stays what it is */
	if (a.version)
		v->pool = 0;
	return 1;
}

static int own_level(struct fleet *f, const struct store_pool *p,
		     struct store_level *v)
{
	static struct fleet_live l;
	int fresh, rc = fleet_settle(f, p, v, &l, &fresh);

	return rc ? rc : fleet_live_usable(&l, p->name);
}

int fleet_boot_level(struct fleet *f, const char *asked, const char *vm,
		     const struct store_host *h, struct store_level *v,
		     const char **whose)
{
	struct store_pool p;
	int rc;

	*whose = "at the level that was asked for";
	if (asked) {
		rc = fleet_level(f, asked, v);
		if (!rc && strrchr(asked, '@') && strcmp(asked, v->name) != 0)
			v->pool = 0;
		return rc ? rc : fleet_follow(f, v, NULL);
	}
	if (!h->pool) {
		cli_error("%s is in no pool: --level NAME", h->name);
		return EXIT_INPUT;
	}
	rc = store_get_pool(f->s, h->pool, &p);
	if (rc)
		return rc;
	*whose = "at the level that is set for it";
	if (fleet_assigned(f, STORE_SCOPE_VM, vm, v, &rc))
		return rc ? rc : fleet_follow(f, v, NULL);
	*whose = "at the level that is set for the host's group";
	if (fleet_assigned(f, STORE_SCOPE_GROUP, h->group, v, &rc))
		return rc ? rc : fleet_follow(f, v, NULL);
	*whose = "at the level that is set for the pool";
	if (fleet_assigned(f, STORE_SCOPE_POOL, p.name, v, &rc))
		return rc ? rc : fleet_follow(f, v, NULL);
	*whose = "at the pool's own level";
	return own_level(f, &p, v);
}

/* -- may it run there ----------------------------------------------------- */

int fleet_fits_profile(struct fleet *f, int64_t seen, enum lvl_guest guest,
		       int64_t profile, const struct lvl_platform *on,
		       struct check *c, const char **why)
{
	const struct store_profile *to;
	const struct lvl_policy *saw;
	int rc = store_get_profile(f->s, profile, &to);

	*why = NULL;
	c->verdict = LVL_UNKNOWN;
	c->derived = NULL;
	if (!rc)
		rc = store_get_policy(f->s, seen, &saw, NULL);
	if (rc)
		return rc;
	if (fleet_policies(to, guest, on, NULL, &c->host)) {
		*why = "it does not say what such guests can have there";
		return 0;
	}
	if (!to->policy[LVL_KIND_PV_MAX + 2 * guest] &&
	    !to->policy[LVL_KIND_PV_DEFAULT + 2 * guest])
		c->derived = on->name;
	c->guest = *saw;
	return check_run(c);
}

int fleet_fits(struct fleet *f, int64_t seen, enum lvl_guest guest,
	       const struct store_host *h, struct check *c, const char **why)
{
	struct store_pool p = { .platform = NULL };
	int rc = 0;

	c->host_name = h->name;
	c->verdict = LVL_UNKNOWN;
	c->derived = NULL;
	*why = NULL;
	if (h->state == STORE_HOST_RETIRED)
		*why = "the host is retired";
	else if (h->state == STORE_HOST_UNREACHABLE)
		*why = "the host cannot be reached: what it is now is not "
		       "known";
	else if (!h->profile)
		*why = "the host never reported what it is";
	else if (!seen)
		*why = "it is not known what the VM saw when it booted";
	if (*why)
		return 0;
	if (h->pool)
		rc = store_get_pool(f->s, h->pool, &p);
	if (rc)
		return rc;
	return fleet_fits_profile(f, seen, guest, h->profile,
				  fleet_platform(&p), c, why);
}

/* -- words ---------------------------------------------------------------- */

static void say_new(const struct lvl_policy *a, const struct lvl_policy *b,
		    const char *sign, FILE *out)
{
	struct cli_wrap w = { out, 4, 0 };
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!cli_is_feature(i) || lvl_has(a, i) || !lvl_has(b, i))
			continue;
		if (!any++) {
			fprintf(out, "  %s", sign);
			w.column = 3;
			w.indent = 0;
		}
		cli_wrap_word(&w, lvl_field_name(i));
		w.indent = 4;
	}
	if (any)
		cli_wrap_end(&w);
}

void fleet_say_features(const struct lvl_policy *before,
			const struct lvl_policy *after, FILE *out)
{
	say_new(before, after, "+", out);
	say_new(after, before, "-", out);
}

const char *fleet_say_size(const struct lvl_policy *p, char buf[FLEET_SIZE])
{
	unsigned in, n = cli_count_features(p), v = cli_psabi(p, &in);

	if (v)
		snprintf(buf, FLEET_SIZE, "%u features = x86-64-v%u + %u", n, v,
			 n - in);
	else
		snprintf(buf, FLEET_SIZE, "%u features", n);
	return buf;
}
