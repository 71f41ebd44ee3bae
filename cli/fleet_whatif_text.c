/* SPDX-License-Identifier: MIT */
/* `whatif` on a terminal: the level, then the VMs, then how to proceed. */
#include "fleet_whatif.h"

#include <stdlib.h>
#include <string.h>

/* -- what was asked ------------------------------------------------------- */

/* Hosts of which the same is asked, and known from the same others. */
static int alike(const struct change_host *a, const struct change_host *b)
{
	return a->how == b->how && !strcmp(a->basis, b->basis);
}

static const char *says(const struct change_host *h)
{
	switch (h->how) {
	case CHANGE_JOIN:
		return "  join:";
	case CHANGE_LEAVE:
		return "  leave:";
	case CHANGE_UPGRADE:
		return "  become what their files say:";
	case CHANGE_KERNEL:
		return "  new kernel:";
	case CHANGE_MICROCODE:
		return "  new microcode:";
	case CHANGE_NR:
		break;
	}
	return "";
}

#define NAMES 12

static void say_change(FILE *out, const struct changes *c, size_t first)
{
	struct cli_wrap w = { out, 4, 0 };
	size_t i, n = 0;
	char more[40];

	for (i = 0; i < first; i++)
		if (alike(&c->host[i], &c->host[first]))
			return;
	cli_wrap_word(&w, says(&c->host[first]));
	for (i = first; i < c->nr; i++)
		if (alike(&c->host[i], &c->host[first]) && n++ < NAMES)
			cli_wrap_word(&w, c->host[i].name);
	if (n > NAMES) {
		snprintf(more, sizeof(more), "and %zu more", n - NAMES);
		cli_wrap_word(&w, more);
	}
	cli_wrap_end(&w);
	if (*c->host[first].basis)
		fleet_say(out, 4, "%s", c->host[first].basis);
}

static void say_changes(const struct whatif *w, FILE *out)
{
	const struct changes *c = w->changes;
	size_t i;

	fprintf(out, "%s%s%s  %zu host%s would change\n", cli_ink(INK_BOLD),
		w->v.name, cli_ink(INK_PLAIN), c->nr, c->nr == 1 ? "" : "s");
	for (i = 0; i < c->nr; i++)
		say_change(out, c, i);
	if (c->nr_there)
		fleet_say(out, 2, "%u host%s ha%s it already", c->nr_there,
			  c->nr_there == 1 ? "" : "s",
			  c->nr_there == 1 ? "s" : "ve");
}

/* -- VMs ------------------------------------------------------------------ */

struct naming {
	const struct whatif *w;
	const struct lvl_fleet_group *g;
	struct cli_wrap wrap;
	unsigned nr;
};

static int name_vm(void *arg, const struct store_vm *vm)
{
	struct naming *n = arg;
	const struct lvl_fleet_seen *s = &n->w->v.model->seen[n->g->seen];
	const struct fleet_view_host *h = fleet_view_host(&n->w->v, vm->host);
	size_t on = h && h->active ? h->profile : LVL_FLEET_ELSEWHERE;

	if (!vm->host || vm->seen != s->id || vm->level != n->g->level ||
	    vm->guest != (int)s->guest ||
	    (n->g->on != LVL_FLEET_NONE &&
	     (n->g->on != on || n->g->then != (h ? h->then : LVL_FLEET_NONE))))
		return 0;
	n->nr++;
	cli_wrap_word(&n->wrap, vm->name);
	return 0;
}

static void name_vms(const struct whatif *w, const struct lvl_fleet_group *g,
		     FILE *out)
{
	const struct store_vm_filter of = {
		.pool = w->v.id,
		.seen = w->v.model->seen[g->seen].id,
	};
	struct naming n = { w, g, { out, 6, 6 }, 0 };

	fputs("      ", out);
	(void)store_scan_vms(w->v.f->s, &of, name_vm, &n);
	cli_wrap_end(&n.wrap);
}

/* Groups that are stranded: what stands in their way. */
static void say_stranded(const struct whatif *w, FILE *out)
{
	struct fleet_delta *d = malloc(sizeof(*d));
	char number[FLEET_NUMBER];
	size_t i;

	for (i = 0; d && i < w->effect.nr; i++) {
		const struct lvl_fleet_group *g = &w->v.pool.group[i];

		if (!w->effect.turn[i].stranded || !g->vms)
			continue;
		fleet_number(g->vms, "VM", number);
		whatif_missing(w, g, d);
		if (w->effect.turn[i].after.homes)
			fleet_say(out, 4, "%s would have no host but %s own",
				  number, g->vms == 1 ? "its" : "their");
		else if (d->nr_gained || d->nr_untold)
			fleet_say(out, 4,
				  "%s saw what the nearest host would not "
				  "have:",
				  number);
		else
			fleet_say(out, 4, "%s: no host is left that admits %s",
				  number, g->vms == 1 ? "it" : "them");
		fleet_say_fields(out, "     ", d->gained, d->nr_gained);
		fleet_say_fields(out, "      was not told:", d->untold,
				 d->nr_untold);
		if (w->vms)
			name_vms(w, g, out);
	}
	free(d);
}

static void say_vms(const struct whatif *w, FILE *out)
{
	const struct lvl_fleet_effect *e = &w->effect;
	char number[FLEET_NUMBER];

	fprintf(out, "%s  %s stranded%s\n",
		cli_ink(e->stranded ? INK_BAD : INK_GOOD),
		fleet_number(e->stranded, "running VM", number),
		cli_ink(INK_PLAIN));
	say_stranded(w, out);
	if (e->stuck)
		fleet_say(out, 2, "%s can go nowhere already",
			  fleet_number(e->stuck, "VM", number));
	if (e->unsure)
		fleet_say(out, 2, "%s: not known whether any host is left",
			  fleet_number(e->unsure, "VM", number));
	if (e->gain)
		fleet_say(out, 2, "%s would gain features by a power cycle",
			  fleet_number(e->gain, "VM", number));
	if (e->lose)
		fleet_say(out, 2, "%s would lose features by a power cycle",
			  fleet_number(e->lose, "VM", number));
}

/* Who must be elsewhere first; of many hosts together, and where it fails. */
static void say_moves(FILE *out, const struct whatif_guests *g, const char *on)
{
	char number[FLEET_NUMBER];

	fleet_number(g->vms, "VM", number);
	if (g->cannot)
		fleet_say(out, 2, "%s on %s must move first: %llu cannot",
			  number, on, (unsigned long long)g->cannot);
	else if (g->unsure)
		fleet_say(out, 2,
			  "%s on %s must move first: of %llu it is not known "
			  "whether they can",
			  number, on, (unsigned long long)g->unsure);
	else if (g->vms)
		fleet_say(out, 2, "%s on %s must move first: all can", number,
			  on);
}

static void say_guests(const struct whatif *w, FILE *out)
{
	int many = w->changes->nr > 8;
	size_t i;

	if (many)
		say_moves(out, &w->all, "these hosts");
	for (i = 0; i < w->changes->nr; i++)
		if (!many || w->guests[i].cannot || w->guests[i].unsure)
			say_moves(out, &w->guests[i], w->changes->host[i].name);
}

static int shut_alike(const struct whatif *w, size_t a, size_t b)
{
	return w->guests[a].shut_out == w->guests[b].shut_out &&
	       !w->changes->host[a].id == !w->changes->host[b].id;
}

/* VMs keep what they saw: no level lets them in. */
static void say_shut_out(const struct whatif *w, FILE *out, size_t first)
{
	const struct changes *c = w->changes;
	struct cli_wrap wrap = { out, 4, 0 };
	char number[FLEET_NUMBER], text[FLEET_NUMBER + 40];
	size_t i, n = 0;

	for (i = 0; i < first; i++)
		if (shut_alike(w, i, first))
			return;
	fleet_number(w->guests[first].shut_out, "running VM", number);
	snprintf(text, sizeof(text), "  %s cannot enter", number);
	cli_wrap_word(&wrap, text);
	for (i = first; i < c->nr; i++)
		if (shut_alike(w, i, first) && n++ < NAMES)
			cli_wrap_word(&wrap, c->host[i].name);
	snprintf(text, sizeof(text), "and %zu more", n - NAMES);
	if (n > NAMES)
		cli_wrap_text(&wrap, text);
	cli_wrap_text(&wrap, c->host[first].id ? "any more until a power cycle"
					       : "until a power cycle");
	cli_wrap_end(&wrap);
}

/* -- how to proceed ------------------------------------------------------- */

static void say_hosts(const struct whatif *w, FILE *out, const char *title,
		      size_t from, size_t to)
{
	struct cli_wrap wrap = { out, 4, 0 };
	size_t i;

	if (from == to)
		return;
	cli_wrap_word(&wrap, title);
	for (i = from; i < to; i++)
		cli_wrap_word(&wrap, w->changes->host[w->order[i]].name);
	cli_wrap_end(&wrap);
}

/* Those who cannot be helped otherwise, and what they need. */
static void say_power_cycle(const struct whatif *w, FILE *out)
{
	uint64_t n = w->effect.stranded ? w->effect.stranded : w->all.cannot;
	char number[FLEET_NUMBER], these[FLEET_NUMBER + 8];

	if (!n)
		return;
	snprintf(these, sizeof(these), "these %s",
		 fleet_number(n, "VM", number));
	if (n == 1)
		snprintf(these, sizeof(these), "this VM");
	if (w->effect.lose)
		fleet_say(out, 2,
			  "plan: hide what disappears now (`cpulevel level new "
			  "... --drop`), power-cycle %s at that level, then "
			  "proceed",
			  these);
	else
		fleet_say(out, 2,
			  "plan: power-cycle %s at the level of the pool "
			  "first, or keep a host for %s",
			  these, n == 1 ? "it" : "them");
}

static void say_order(const struct whatif *w, FILE *out)
{
	size_t nr = w->changes->nr;

	if (nr > 1 || w->nr_blocked) {
		say_hosts(w, out, "  in this order:", 0, nr - w->nr_blocked);
		say_hosts(w, out, "  no moment at which every VM keeps a home:",
			  nr - w->nr_blocked, nr);
	}
	if (w->nr_blocked && !w->exact)
		fleet_say(out, 2, "not every order was tried");
	say_power_cycle(w, out);
	if (w->way_back == LVL_NO)
		fleet_say(out, 2,
			  "no way back: VMs that boot afterwards, at the level "
			  "there is then, do not run on these hosts as they "
			  "are now");
}

void whatif_print(const struct whatif *w, FILE *out)
{
	size_t i;

	say_changes(w, out);
	fleet_say_levels(out, &w->v, &w->v.pool, &w->after);
	if (w->v.set_name)
		fleet_say(out, 2, "VMs boot at %s, which is set for %s",
			  w->v.set_name, w->v.name);
	say_vms(w, out);
	for (i = 0; i < w->changes->nr; i++)
		if (w->guests[i].shut_out)
			say_shut_out(w, out, i);
	say_guests(w, out);
	say_order(w, out);
}

/* -- JSON ----------------------------------------------------------------- */

static void json_host(const struct whatif *w, size_t i, FILE *out)
{
	const struct change_host *h = &w->changes->host[i];

	fputs("{", out);
	fleet_json_key(out, "host", h->name);
	fputs(", ", out);
	fleet_json_key(out, "change", change_names[h->how]);
	fputs(", ", out);
	fleet_json_key(out, "basis", *h->basis ? h->basis : NULL);
	fprintf(out,
		", \"vms\": %llu, \"cannot_move\": %llu, \"unsure\": %llu, "
		"\"shut_out\": %llu}",
		(unsigned long long)w->guests[i].vms,
		(unsigned long long)w->guests[i].cannot,
		(unsigned long long)w->guests[i].unsure,
		(unsigned long long)w->guests[i].shut_out);
}

static void json_groups(const struct whatif *w, FILE *out)
{
	struct fleet_delta *d = malloc(sizeof(*d));
	size_t i;
	int any = 0;

	fputs("  \"stranded\": [", out);
	for (i = 0; d && i < w->effect.nr; i++) {
		const struct lvl_fleet_group *g = &w->v.pool.group[i];

		if (!w->effect.turn[i].stranded || !g->vms)
			continue;
		whatif_missing(w, g, d);
		fprintf(out, "%s\n    {\"vms\": %u, ", any++ ? "," : "",
			g->vms);
		fleet_json_fields(out, "missing", d->gained, d->nr_gained);
		fputs(", ", out);
		fleet_json_fields(out, "untold", d->untold, d->nr_untold);
		fputs("}", out);
	}
	fputs(any ? "\n  ],\n" : "],\n", out);
	free(d);
}

static void json_hosts(const struct whatif *w, const char *key, size_t from,
		       size_t to, FILE *out)
{
	size_t i;

	fprintf(out, "  \"%s\": [", key);
	for (i = from; i < to; i++) {
		fputs(i > from ? ", " : "", out);
		cli_json_string(out, w->changes->host[w->order[i]].name);
	}
	fputs("],\n", out);
}

void whatif_json(const struct whatif *w, FILE *out)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	const struct lvl_fleet_effect *e = &w->effect;
	size_t i, nr = w->changes->nr;

	fputs("{\n  \"format\": \"cpulevel-whatif\",\n  \"version\": 1,\n  ",
	      out);
	fleet_json_key(out, "pool", w->v.name);
	fputs(",\n  \"changes\": [", out);
	for (i = 0; i < nr; i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		json_host(w, i, out);
	}
	fputs(nr ? "\n  ],\n  " : "],\n  ", out);
	fleet_json_levels(out, &w->v, &w->v.pool, &w->after);
	fputs(",\n  ", out);
	fleet_json_key(out, "set", w->v.set_name);
	fprintf(out,
		",\n  \"vms\": {\"total\": %llu, \"stranded\": %llu, "
		"\"unsure\": %llu, \"stuck\": %llu, \"gain\": %llu, "
		"\"lose\": %llu},\n",
		(unsigned long long)lvl_fleet_pool_load(&w->v.pool),
		(unsigned long long)e->stranded, (unsigned long long)e->unsure,
		(unsigned long long)e->stuck, (unsigned long long)e->gain,
		(unsigned long long)e->lose);
	json_groups(w, out);
	json_hosts(w, "order", 0, nr - w->nr_blocked, out);
	json_hosts(w, "blocked", nr - w->nr_blocked, nr, out);
	fprintf(out, "  \"exact\": %s,\n  \"way_back\": \"%s\"\n}\n",
		w->exact ? "true" : "false", words[w->way_back]);
}
