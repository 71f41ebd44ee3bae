/* SPDX-License-Identifier: MIT */
#include "fleet_ask.h"

#include <stdlib.h>
#include <string.h>

/* -- the VM --------------------------------------------------------------- */

static int name_level(struct fleet *f, struct ask *a)
{
	struct store_level l;
	int rc;

	if (!a->level)
		return 0;
	rc = store_get_level(f->s, a->level, &l);
	if (!rc)
		snprintf(a->level_name, sizeof(a->level_name), "%s@%lld",
			 l.name, (long long)l.version);
	return rc;
}

/* The VM's own kind of guests counts, whatever the pool's level is for. */
static int open_view(struct fleet *f, struct ask *a, int64_t pool,
		     enum lvl_guest guest)
{
	struct store_pool p;
	size_t i, at;
	int rc = store_get_pool(f->s, pool, &p);

	if (!rc)
		rc = fleet_view_of(f, &p, &a->v);
	if (rc || a->v.guests >> guest & 1)
		return rc;
	a->v.guests |= 1u << guest;
	for (i = 0; !rc && i < a->v.pool.nr_members; i++) {
		size_t m = a->v.pool.member[i].profile;

		rc = fleet_view_profile(&a->v, a->v.model->profile[m].id, &at);
	}
	return rc;
}

int ask_open(struct fleet *f, const char *vm, struct ask *a)
{
	struct store_vm row;
	int64_t pool, seen;
	enum lvl_guest guest;
	int rc = fleet_vm(f, vm, &row);

	memset(a, 0, sizeof(*a));
	if (rc)
		return rc;
	a->vm = strdup(row.name);
	a->host = row.host;
	a->level = row.level;
	a->booted = row.booted;
	pool = row.pool;
	seen = row.seen;
	guest = (enum lvl_guest)row.guest;
	if (!pool) {
		cli_error("%s is in no pool", vm);
		rc = EXIT_INPUT;
	}
	if (!rc)
		rc = open_view(f, a, pool, guest);
	if (!rc)
		rc = fleet_view_hosts(&a->v);
	if (!rc)
		rc = fleet_view_seen(&a->v, seen, guest, &a->seen);
	if (!rc)
		rc = name_level(f, a);
	if (rc)
		ask_close(a);
	else
		a->saw = a->v.model->seen[a->seen].policy;
	return rc;
}

void ask_close(struct ask *a)
{
	if (a->v.model)
		fleet_view_close(&a->v);
	free(a->vm);
	memset(a, 0, sizeof(*a));
}

/* -- may it run there ----------------------------------------------------- */

static void keep(void *arg, const struct lvl_finding *f)
{
	struct ask_findings *all = arg;
	void *grown = cli_grow(all->f, all->nr, &all->room, sizeof(*all->f));

	if (!grown) {
		all->failed = 1;
		return;
	}
	all->f = grown;
	all->f[all->nr++] = *f;
	all->unsure += !f->sure;
	all->missing += (unsigned)(f->sure && (f->reason == LVL_R_MISSING ||
					       f->reason == LVL_R_UNTOLD));
	all->blocks += (unsigned)(f->sure && f->severity <= LVL_SECURITY);
}

int ask_is_vendor(unsigned field)
{
	return field == LVL_F_VENDOR_0 || field == LVL_F_VENDOR_1 ||
	       field == LVL_F_VENDOR_2;
}

/* What is sure before what is not; worst first, and what explains the rest. */
static int worse(const void *x, const void *y)
{
	const struct lvl_finding *a = x, *b = y;

	if (a->sure != b->sure)
		return a->sure ? -1 : 1;
	if (ask_is_vendor(a->field) != ask_is_vendor(b->field))
		return ask_is_vendor(a->field) ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	return a->field < b->field ? -1 : a->field > b->field;
}

enum lvl_verdict ask_fits(struct ask *a, size_t profile,
			  struct ask_findings *to)
{
	const struct lvl_fleet_profile *p = &a->v.model->profile[profile];
	enum lvl_guest guest = a->v.model->seen[a->seen].guest;

	memset(to, 0, sizeof(*to));
	if (a->saw && p->known >> guest & 1)
		(void)lvl_fits(a->saw, p->admits[guest], keep, to);
	if (to->nr)
		qsort(to->f, to->nr, sizeof(*to->f), worse);
	return lvl_fleet_verdict(a->v.model, a->seen, profile);
}

void ask_findings_free(struct ask_findings *f)
{
	free(f->f);
	memset(f, 0, sizeof(*f));
}

size_t ask_homes(struct ask *a, FILE *out, const char *title)
{
	struct cli_wrap w = { out, 4, 0 };
	size_t i, n = 0;

	for (i = 0; i < a->v.nr_hosts; i++) {
		const struct fleet_view_host *h = &a->v.host[i];

		if (h->id == a->host || !h->active ||
		    lvl_fleet_verdict(a->v.model, a->seen, h->profile) !=
			    LVL_YES)
			continue;
		if (!n++ && out)
			cli_wrap_word(&w, title);
		if (n <= 12 && out)
			cli_wrap_word(&w, h->name);
	}
	if (n > 12 && out) {
		char more[40];

		snprintf(more, sizeof(more), "and %zu more", n - 12);
		cli_wrap_word(&w, more);
	}
	if (n && out)
		cli_wrap_end(&w);
	return n;
}

/* -- why it is not there -------------------------------------------------- */

static int same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static const struct {
	const char *name;
	size_t at;
} parts[ASK_PARTS] = {
	{ "kernel", offsetof(struct store_source, kernel) },
	{ "microcode", offsetof(struct store_source, microcode) },
	{ "hypervisor", offsetof(struct store_source, hypervisor) },
	{ "firmware", offsetof(struct store_source, firmware) },
};

static const char *version(const struct store_source *s, unsigned part)
{
	return *(const char *const *)((const char *)s + parts[part].at);
}

static int keep_observed(void *arg, const struct store_source *s,
			 int64_t profile)
{
	struct ask_cpu *cpu = arg;
	struct ask_observed *o;
	unsigned i;

	if (!profile)
		return 0;
	o = cli_grow(cpu->seen, cpu->nr, &cpu->room, sizeof(*o));
	if (!o)
		return -LVL_E_NO_MEMORY;
	cpu->seen = o;
	o += cpu->nr++;
	*o = (struct ask_observed){ .source = s->id, .profile = profile };
	for (i = 0; i < ASK_PARTS; i++) {
		o->version[i] = copy(version(s, i));
		if (!same(version(s, i), version(cpu->like, i)))
			o->differs |= 1U << i;
	}
	return 0;
}

int ask_cpu_open(struct fleet_view *v, int64_t source,
		 struct store_source *like, struct ask_cpu *cpu)
{
	int rc;

	memset(cpu, 0, sizeof(*cpu));
	memset(like, 0, sizeof(*like));
	cpu->like = like;
	if (!source)
		return 0;
	rc = store_get_source(v->f->s, source, like);
	return rc || !like->cpu ? rc
				: store_scan_observed(v->f->s, like->cpu,
						      keep_observed, cpu);
}

void ask_cpu_close(struct ask_cpu *cpu)
{
	size_t i;
	unsigned k;

	for (i = 0; i < cpu->nr; i++)
		for (k = 0; k < ASK_PARTS; k++)
			free(cpu->seen[i].version[k]);
	free(cpu->seen);
	memset(cpu, 0, sizeof(*cpu));
}

/* Of a kernel the number is enough: "kernel 6.1.172". */
static const char *say_part(const struct ask_observed *o, unsigned part,
			    char buf[ASK_WHY])
{
	const char *v = o->version[part];

	if (!v)
		snprintf(buf, ASK_WHY, "another %s", parts[part].name);
	else
		snprintf(buf, ASK_WHY, "%s %.*s", parts[part].name,
			 part == ASK_KERNEL ? (int)strcspn(v, "-+ ") : 60, v);
	return buf;
}

const char *ask_differs(const struct ask_observed *o, char buf[ASK_WHY])
{
	unsigned first = o->differs & (1U << ASK_KERNEL | 1U << ASK_MICROCODE);
	unsigned by = first ? first : o->differs, i;

	if (!o->differs)
		return "the settings of hosts with the same versions";
	for (i = 0; i < ASK_PARTS; i++)
		if (by == 1U << i)
			return o->version[i] ? say_part(o, i, buf) : NULL;
	return NULL;
}

/* What the other host has: the same of everything, one other part, several. */
static void say_shown(const struct ask_observed *o, char buf[ASK_WHY])
{
	char part[ASK_WHY];
	const char *and = "";
	unsigned i;
	int n = 0;

	if (!o->differs) {
		snprintf(buf, ASK_WHY, "the same versions show it: settings?");
		return;
	}
	if (ask_differs(o, part)) {
		snprintf(buf, ASK_WHY, "%.100s shows it", part);
		return;
	}
	for (i = 0; i < ASK_PARTS && n < 110; i++)
		if (o->differs >> i & 1) {
			n += snprintf(buf + n, 50, "%s%.44s", and,
				      say_part(o, i, part));
			and = " and ";
		}
	snprintf(buf + n, 20, " show it");
}

/* How near another host is that shows it. */
static unsigned nearness(const struct ask_observed *o)
{
	char buf[ASK_WHY];

	return !o->differs ? 3 : ask_differs(o, buf) ? 2 : 1;
}

/* The same CPU shows it elsewhere, or did: what is nearest there. */
static const char *seen_with(struct fleet_view *v, struct ask_cpu *cpu,
			     enum lvl_guest guest, unsigned field,
			     char buf[ASK_WHY])
{
	const struct ask_observed *found = NULL;
	size_t i, at;

	for (i = 0; i < cpu->nr; i++) {
		const struct ask_observed *o = &cpu->seen[i];
		const struct lvl_fleet_profile *p;

		if ((found && nearness(found) >= nearness(o)) ||
		    fleet_view_profile(v, o->profile, &at))
			continue;
		p = &v->model->profile[at];
		if (p->known >> guest & 1 && lvl_has(p->admits[guest], field))
			found = o;
	}
	if (found)
		say_shown(found, buf);
	return found ? buf : NULL;
}

const char *ask_why(struct fleet_view *v, struct ask_cpu *cpu, size_t profile,
		    enum lvl_guest guest, unsigned field, char buf[ASK_WHY])
{
	const struct store_profile *p;
	const char *shown = seen_with(v, cpu, guest, field, buf);

	if (shown)
		return shown;
	if (v->model->profile[profile].id <= 0 ||
	    store_get_profile(v->f->s, v->model->profile[profile].id, &p))
		return "not known";
	if (p->policy[LVL_KIND_HOST] &&
	    lvl_has(p->policy[LVL_KIND_HOST], field))
		return "the hypervisor hides it";
	if (p->policy[LVL_KIND_RAW] && lvl_has(p->policy[LVL_KIND_RAW], field))
		return "not usable on the host";
	if (p->policy[LVL_KIND_RAW])
		return "not in this CPU, or off in firmware";
	return cpu->like && cpu->like->cpu ? "no host with this CPU shows it"
					   : "not known";
}
