/* SPDX-License-Identifier: MIT */
#include "fleet_whatif.h"

#include <stdlib.h>
#include <string.h>

/* -- who must move first -------------------------------------------------- */

/* The VMs of one host: is there another for each, before and after? */
static int ask_guests(struct whatif *w, const struct change_host *h,
		      struct whatif_guests *to)
{
	struct fleet_view *v = &w->v;
	const struct fleet_view_host *host = fleet_view_host(v, h->id);
	struct lvl_fleet_pool guests;
	size_t i;
	int rc;

	if (!host)
		return 0;
	lvl_fleet_pool_init(&guests, v->pool.guest);
	rc = fleet_view_guests_of(v, host, &guests);
	for (i = 0; !rc && i < guests.nr_groups; i++) {
		const struct lvl_fleet_group *g = &guests.group[i];
		struct lvl_fleet_reach r;

		lvl_fleet_reach(v->model, &v->pool, g, &r);
		to->vms += g->vms;
		to->cannot += r.fate == LVL_FLEET_STRANDED ? g->vms : 0;
		to->unsure += r.fate == LVL_FLEET_UNSURE ? g->vms : 0;
	}
	lvl_fleet_pool_free(&guests);
	return rc;
}

static int ask_all_guests(struct whatif *w)
{
	size_t i;
	int rc = 0;

	memset(&w->all, 0, sizeof(w->all));
	for (i = 0; !rc && i < w->changes->nr; i++) {
		rc = ask_guests(w, &w->changes->host[i], &w->guests[i]);
		w->all.vms += w->guests[i].vms;
		w->all.cannot += w->guests[i].cannot;
		w->all.unsure += w->guests[i].unsure;
	}
	return rc;
}

/* Who cannot come any more; of a host that joins: who cannot come. */
static void ask_shut_out(struct whatif *w)
{
	size_t i;

	for (i = 0; i < w->changes->nr; i++) {
		const struct lvl_fleet_change *c = &w->changes->host[i].c;
		const struct lvl_fleet_change *last =
			i ? &w->changes->host[i - 1].c : NULL;

		if (c->to == LVL_FLEET_NONE)
			continue;
		w->guests[i].shut_out =
			last && last->from == c->from && last->to == c->to
				? w->guests[i - 1].shut_out
				: fleet_view_shut_out(&w->v, c->from, c->to);
	}
}

/* -- the whole ------------------------------------------------------------ */

static int make_after(struct whatif *w, struct lvl_fleet_pool *after)
{
	size_t i;
	int rc = lvl_fleet_pool_copy(after, &w->v.pool);

	for (i = 0; !rc && i < w->changes->nr; i++)
		rc = lvl_fleet_apply(after, &w->changes->host[i].c, 1);
	return rc;
}

/* Hosts that change know what they become, for the VMs on them. */
static void mark_hosts(struct whatif *w)
{
	size_t i;

	for (i = 0; i < w->changes->nr; i++) {
		const struct change_host *c = &w->changes->host[i];
		const struct fleet_view_host *h = fleet_view_host(&w->v, c->id);

		if (h)
			w->v.host[h - w->v.host].then = change_then(c);
	}
}

/* Worse than any other before it. */
static void find_way_back(struct whatif *w)
{
	size_t i;

	w->way_back = LVL_YES;
	for (i = 0; i < w->changes->nr; i++) {
		enum lvl_verdict v = lvl_fleet_way_back(w->v.model, &w->after,
							&w->changes->host[i].c);

		if (v == LVL_NO || w->way_back == LVL_YES)
			w->way_back = v;
	}
}

int whatif_evaluate(struct whatif *w)
{
	size_t nr = w->changes->nr;
	int rc;

	w->guests = calloc(nr + 1, sizeof(*w->guests));
	w->order = calloc(nr + 1, sizeof(*w->order));
	if (!w->guests || !w->order)
		return -LVL_E_NO_MEMORY;
	mark_hosts(w);
	rc = make_after(w, &w->after);
	if (!rc)
		rc = fleet_view_locate(&w->v, &w->v.pool);
	if (!rc)
		rc = fleet_view_locate(&w->v, &w->after);
	if (!rc)
		rc = lvl_fleet_effect(w->v.model, &w->v.pool, &w->after,
				      &w->effect);
	if (!rc)
		rc = ask_all_guests(w);
	if (!rc)
		ask_shut_out(w);
	if (!rc)
		rc = changes_order(&w->v, w->changes, w->order, &w->nr_blocked,
				   &w->exact);
	find_way_back(w);
	return rc;
}

void whatif_free(struct whatif *w)
{
	lvl_fleet_pool_free(&w->after);
	lvl_fleet_effect_free(&w->effect);
	free(w->guests);
	free(w->order);
	w->guests = NULL;
	w->order = NULL;
}

void whatif_missing(const struct whatif *w, const struct lvl_fleet_group *g,
		    struct fleet_delta *d)
{
	const struct lvl_fleet_seen *s = &w->v.model->seen[g->seen];
	struct fleet_delta one;
	int any = 0;
	size_t i;

	memset(d, 0, sizeof(*d));
	for (i = 0; s->policy && i < w->after.nr_members; i++) {
		const struct lvl_fleet_member *m = &w->after.member[i];
		const struct lvl_fleet_profile *p =
			&w->v.model->profile[m->profile];

		if (!m->active || !(p->known >> s->guest & 1) ||
		    p->vendor != lvl_policy_vendor(s->policy))
			continue;
		fleet_delta(p->admits[s->guest], s->policy, &one);
		if (any++ && one.nr_gained + one.nr_untold >=
				     d->nr_gained + d->nr_untold)
			continue;
		*d = one;
	}
}

int whatif_exit(const struct whatif *w)
{
	if (w->effect.stranded || w->all.cannot || (w->nr_blocked && w->exact))
		return EXIT_NO;
	if (w->nr_blocked || w->effect.unsure || w->all.unsure ||
	    fleet_incomplete(&w->v, &w->after))
		return EXIT_INCOMPLETE;
	return EXIT_YES;
}

/* -- the verb ------------------------------------------------------------- */

struct question {
	const char *pool;
	struct changes changes;
	int vms;
};

static int body(struct fleet *f, void *arg)
{
	struct question *q = arg;
	struct whatif *w = calloc(1, sizeof(*w));
	int rc = w ? fleet_view_open(f, q->pool, &w->v) : -LVL_E_NO_MEMORY;

	if (rc) {
		free(w);
		return rc;
	}
	w->changes = &q->changes;
	w->vms = q->vms;
	rc = changes_find(&w->v, &q->changes);
	if (!rc)
		rc = whatif_evaluate(w);
	if (!rc && f->json)
		whatif_json(w, f->out);
	else if (!rc)
		whatif_print(w, f->out);
	if (!rc)
		f->exit = whatif_exit(w);
	whatif_free(w);
	fleet_view_close(&w->v);
	free(w);
	return rc;
}

static const struct option opts[] = {
	{ "join", required_argument, NULL, 'J' },
	{ "leave", required_argument, NULL, 'L' },
	{ "upgrade", required_argument, NULL, 'U' },
	{ "kernel", required_argument, NULL, 'K' },
	{ "microcode", required_argument, NULL, 'M' },
	{ "vms", no_argument, NULL, 'v' },
	FLEET_OPTS_READ,
	{ NULL, 0, NULL, 0 },
};

static int read_options(int argc, char **argv, struct fleet *f,
			struct question *q)
{
	static const char letters[] = "JLUKM";
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		const char *letter = c > 0 ? strchr(letters, c) : NULL;

		if (letter)
			rc = changes_ask(&q->changes,
					 (enum change_how)(letter - letters),
					 optarg);
		else if (c == 'v')
			q->vms = 1;
		else
			rc = fleet_option(f, c);
	}
	return rc;
}

static int run(int argc, char **argv)
{
	struct fleet f = { .store = NULL };
	static struct question q; /* large */
	int rc = read_options(argc, argv, &f, &q);

	if (!rc)
		rc = fleet_arguments(argc, 1, 1, "POOL --leave HOST");
	if (!rc && !q.changes.nr_asked)
		rc = cli_usage("what if what?  --join, --leave, --upgrade, "
			       "--kernel or --microcode");
	if (!rc) {
		q.pool = argv[optind];
		rc = fleet_read(&f, body, &q);
	}
	changes_free(&q.changes);
	return rc < 0 ? EXIT_YES : rc;
}

const struct verb verb_whatif = {
	.name = "whatif",
	.args = "POOL CHANGE... [options]",
	.summary = "what becomes of a pool and its VMs if hosts change",
	.help = "The level before and after, VMs that could go nowhere any "
		"more, VMs that would gain\nafter a power cycle, who must move "
		"first, and in which order to proceed so that every\nVM has a "
		"home all the time.  Nothing is changed.\n\n"
		"changes, any of them, any number of times:\n"
		"  --join [HOST=]FILE       this machine comes\n"
		"  --leave HOST             this host goes\n"
		"  --upgrade HOST=FILE      the host becomes what FILE "
		"describes\n"
		"  --kernel HOSTS=VERSION   hosts (a pattern) get this kernel: "
		"what others with the\n"
		"                           same CPU showed with it\n"
		"  --microcode HOSTS=VERSION\n"
		"                           the same of microcode\n\n"
		"options:\n"
		"  --vms           name the VMs that would be "
		"stranded\n" FLEET_HELP_READ
		"\nexit: 0 all VMs keep a home, 1 some do not, 4 not all is "
		"known\n\n"
		"examples:\n"
		"  cpulevel whatif prod-a --leave clx-01\n"
		"  cpulevel whatif prod-a --join gnr-02.txt --leave clx-01\n"
		"  cpulevel whatif prod-b --kernel 'milan-*=6.18'\n"
		"  cpulevel whatif prod-a --upgrade spr-01=spr-new.txt\n",
	.run = run,
};
