/* SPDX-License-Identifier: MIT */
#include "fleet_change.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- what was asked for --------------------------------------------------- */

static int read_file(struct change_asked *a)
{
	int rc;

	a->desc = cli_one(a->what, &rc);
	if (!rc && !a->who)
		a->who = strdup(a->desc->name);
	return rc;
}

int changes_ask(struct changes *c, enum change_how how, const char *arg)
{
	struct change_asked *a = &c->asked[c->nr_asked];
	const char *equal = strchr(arg, '=');

	if (c->nr_asked == CHANGES)
		return cli_usage("more than %d changes at once", CHANGES);
	memset(a, 0, sizeof(*a));
	a->how = how;
	c->nr_asked++;
	switch (how) {
	case CHANGE_JOIN:
		/* HOST=FILE as of `pool add`, or a file with such a name */
		if (equal && equal > arg && access(arg, F_OK)) {
			a->who = strndup(arg, (size_t)(equal - arg));
			arg = equal + 1;
		}
		a->what = strdup(arg);
		return read_file(a);
	case CHANGE_LEAVE:
		a->who = strdup(arg);
		return 0;
	case CHANGE_UPGRADE:
	case CHANGE_KERNEL:
	case CHANGE_MICROCODE:
	case CHANGE_NR:
		break;
	}
	if (!equal || equal == arg || !equal[1])
		return cli_usage("%s: %s", arg,
				 how == CHANGE_UPGRADE ? "HOST=FILE is needed"
						       : "HOSTS=VERSION is "
							 "needed");
	a->who = strndup(arg, (size_t)(equal - arg));
	a->what = strdup(equal + 1);
	return how == CHANGE_UPGRADE ? read_file(a) : 0;
}

void changes_free(struct changes *c)
{
	unsigned i;

	for (i = 0; i < c->nr_asked; i++) {
		free(c->asked[i].who);
		free(c->asked[i].what);
		lvl_desc_free(c->asked[i].desc);
	}
	free(c->host);
	memset(c, 0, sizeof(*c));
}

/* -- which hosts ---------------------------------------------------------- */

static struct change_host *one_more(struct changes *c)
{
	void *grown = cli_grow(c->host, c->nr, &c->room, sizeof(*c->host));

	if (!grown)
		return NULL;
	c->host = grown;
	memset(&c->host[c->nr], 0, sizeof(*c->host));
	return &c->host[c->nr];
}

static int add_join(struct fleet_view *v, struct changes *c,
		    const struct change_asked *a)
{
	struct change_host *h = one_more(c);

	if (!h)
		return -LVL_E_NO_MEMORY;
	h->name = a->who;
	h->how = CHANGE_JOIN;
	h->c.from = LVL_FLEET_NONE;
	h->c.hosts = 1;
	c->nr++;
	return fleet_view_machine(v, a->desc, &h->c.to);
}

static int is_changed(const struct changes *c, int64_t id)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (c->host[i].id == id)
			return 1;
	return 0;
}

static int become(struct fleet_view *v, const struct change_asked *a,
		  const struct fleet_view_host *was, struct change_host *h)
{
	int64_t profile;
	int rc;

	if (a->how == CHANGE_LEAVE) {
		h->c.to = LVL_FLEET_NONE;
		return 0;
	}
	if (a->how == CHANGE_UPGRADE)
		return fleet_view_machine(v, a->desc, &h->c.to);
	rc = change_observed(v, was, a->what, h, &profile);
	return rc ? rc : fleet_view_profile(v, profile, &h->c.to);
}

static int add_host(struct fleet_view *v, struct changes *c,
		    const struct change_asked *a,
		    const struct fleet_view_host *was)
{
	struct change_host *h = one_more(c);
	int rc;

	if (!h)
		return -LVL_E_NO_MEMORY;
	if (is_changed(c, was->id)) {
		cli_error("%s is to change twice", was->name);
		return EXIT_USAGE;
	}
	h->name = was->name;
	h->id = was->id;
	h->how = a->how;
	h->c.from = was->profile;
	h->c.hosts = 1;
	h->c.unreachable = !was->active;
	rc = become(v, a, was, h);
	if (!rc)
		c->nr++;
	return rc;
}

/* Has the host the version already? */
static int has_version(struct fleet_view *v, const struct change_asked *a,
		       const struct fleet_view_host *h, int *there)
{
	struct store_source s;
	int rc;

	*there = 0;
	if (!h->source || a->how == CHANGE_LEAVE || a->how == CHANGE_UPGRADE)
		return 0;
	rc = store_get_source(v->f->s, h->source, &s);
	if (!rc)
		*there = change_is_version(
			a->how == CHANGE_KERNEL ? s.kernel : s.microcode,
			a->what);
	return rc;
}

static int name_unknown(struct fleet_view *v, const struct change_asked *a)
{
	struct store_host h;
	int rc;

	if (a->how == CHANGE_KERNEL || a->how == CHANGE_MICROCODE) {
		cli_error("no host of %s is called like %s", v->name, a->who);
		return EXIT_INPUT;
	}
	rc = fleet_host(v->f, a->who, &h);
	if (rc)
		return rc;
	cli_error("%s is no host of %s", a->who, v->name);
	return EXIT_INPUT;
}

static int add_hosts(struct fleet_view *v, struct changes *c,
		     const struct change_asked *a)
{
	int pattern = a->how == CHANGE_KERNEL || a->how == CHANGE_MICROCODE;
	unsigned found = 0;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < v->nr_hosts; i++) {
		const struct fleet_view_host *h = &v->host[i];
		int there;

		/* within a plan it may have left */
		if (h->profile == LVL_FLEET_NONE)
			continue;
		if (pattern ? fnmatch(a->who, h->name, 0) != 0
			    : strcmp(a->who, h->name) != 0)
			continue;
		found++;
		rc = has_version(v, a, h, &there);
		c->nr_there += (unsigned)there;
		if (!rc && !there)
			rc = add_host(v, c, a, h);
	}
	return rc || found ? rc : name_unknown(v, a);
}

int changes_find(struct fleet_view *v, struct changes *c)
{
	unsigned i;
	int rc = fleet_view_hosts(v);

	c->nr = 0;
	c->nr_there = 0;
	for (i = 0; !rc && i < c->nr_asked; i++)
		rc = c->asked[i].how == CHANGE_JOIN
			     ? add_join(v, c, &c->asked[i])
			     : add_hosts(v, c, &c->asked[i]);
	return rc;
}

size_t change_then(const struct change_host *h)
{
	return h->c.to == LVL_FLEET_NONE ? LVL_FLEET_ELSEWHERE : h->c.to;
}

/* -- in which order ------------------------------------------------------- */

static int alike(const struct lvl_fleet_change *a,
		 const struct lvl_fleet_change *b)
{
	return a->from == b->from && a->to == b->to &&
	       a->unreachable == b->unreachable;
}

/* Hosts that change alike as one change; of[host] is which.  How many. */
static size_t bundle(const struct changes *c, struct lvl_fleet_change *to,
		     size_t *of)
{
	int apart = c->nr <= LVL_FLEET_EXACT;
	size_t i, k, n = 0;

	for (i = 0; i < c->nr; i++) {
		const struct lvl_fleet_change *one = &c->host[i].c;

		for (k = apart ? n : 0; k < n && !alike(&to[k], one); k++)
			;
		if (k == n)
			to[n++] = *one;
		else
			to[k].hosts++;
		of[i] = k;
	}
	return n;
}

/* The hosts of each bundle, in the order of the bundles. */
static void unbundle(const size_t *of, size_t nr, const size_t *by, size_t n,
		     size_t *order)
{
	size_t i, k, at = 0;

	for (k = 0; k < n; k++)
		for (i = 0; i < nr; i++)
			if (of[i] == by[k])
				order[at++] = i;
}

int changes_order(struct fleet_view *v, const struct changes *c, size_t *order,
		  size_t *nr_blocked, int *exact)
{
	struct lvl_fleet_change *to = calloc(c->nr + 1, sizeof(*to));
	size_t *of = calloc(c->nr + 1, sizeof(*of));
	size_t *by = calloc(c->nr + 1, sizeof(*by));
	size_t n, k, blocked = 0;
	int rc = to && of && by ? 0 : -LVL_E_NO_MEMORY;

	n = rc ? 0 : bundle(c, to, of);
	if (!rc)
		rc = lvl_fleet_order(v->model, &v->pool, to, n, by, &blocked,
				     exact);
	if (!rc)
		unbundle(of, c->nr, by, n, order);
	*nr_blocked = 0;
	for (k = n - blocked; !rc && k < n; k++)
		*nr_blocked += to[by[k]].hosts;
	if (n < c->nr && blocked)
		*exact = 0;
	free(to);
	free(of);
	free(by);
	return rc;
}
