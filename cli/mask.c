/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include "format/names.h"

#include <stdlib.h>
#include <string.h>

struct answer {
	const char *guest_name, *host_name;
	struct lvl_policy guest;
	struct native host;
	struct lvl_msr_mask mask[LVL_NR_LCAPS];
	unsigned nr_masks;
	struct lvl_unreached *un;
	size_t nr, room;
	unsigned surely, maybe, own; /* counting; the host's identity, sizes */
	enum lvl_verdict verdict;
	int failed;
};

static int faults(const struct answer *a)
{
	return a->host.caps.cap[LVL_LCAP_FAULTING].has == LVL_YES;
}

/* What the masks are where nobody knows whether CPUID faults. */
static int faults_unknown(const struct answer *a)
{
	return a->host.caps.cap[LVL_LCAP_FAULTING].has == LVL_UNKNOWN;
}

static void keep(void *arg, const struct lvl_unreached *u)
{
	struct answer *a = arg;
	void *grown = cli_grow(a->un, a->nr, &a->room, sizeof(*a->un));

	if (!grown) {
		a->failed = 1;
		return;
	}
	a->un = grown;
	a->un[a->nr++] = *u;
	a->own += !u->counts;
	a->surely += u->counts && u->sure;
	a->maybe += u->counts && !u->sure;
}

/* -- why ------------------------------------------------------------------ */

static const char *reason(const struct lvl_unreached *u)
{
	enum lvl_sight sight = (enum lvl_sight)u->by.sight;

	if (!u->sure)
		return sight == LVL_SIGHT_UNKNOWN
			       ? lvl_sight_text(sight)
			       : "not known what the policy or the host has";
	if (sight == LVL_SIGHT_MASKED)
		return u->guest & ~u->shown
			       ? "the host does not have it, and a mask cannot "
				 "add it"
			       : "the mask cannot take it away";
	return lvl_sight_text(sight);
}

/* What is sure first; then by reason, and in registry order. */
static int before(const void *x, const void *y)
{
	const struct lvl_unreached *a = x, *b = y;
	int why;

	if (a->sure != b->sure)
		return a->sure ? -1 : 1;
	why = strcmp(reason(a), reason(b));
	if (why)
		return why;
	if (a->field != b->field)
		return a->field < b->field ? -1 : 1;
	return a->instance < b->instance ? -1 : a->instance > b->instance;
}

/* Does half h of the mask take the field away from what the host shows? */
static int hides(const struct answer *a, const struct lvl_msr_mask *m,
		 unsigned h, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	uint32_t value = (uint32_t)(m->value >> 32 * h);
	uint32_t host = a->host.p.v[m->half[h]] & f->mask;

	return f->rule != LVL_DYNAMIC && f->width == 1 && (host & ~value) != 0;
}

static void each_hidden(const struct answer *a, const struct lvl_msr_mask *m,
			void (*each)(void *arg, unsigned field), void *arg)
{
	unsigned h, i;

	for (h = 0; h < 2; h++) {
		const struct lvl_word *w;

		if (m->half[h] == LVL_NO_WORD)
			continue;
		w = &lvl_words[m->half[h]];
		for (i = w->first; i < (unsigned)w->first + w->count; i++)
			if (hides(a, m, h, i))
				each(arg, i);
	}
}

/* -- text ----------------------------------------------------------------- */

static void put_hidden(void *arg, unsigned field)
{
	struct cli_wrap *w = arg;

	if (!w->column) {
		printf("    %shides%s ", cli_ink(INK_DIM), cli_ink(INK_PLAIN));
		w->column = w->indent;
	}
	cli_wrap_word(w, lvl_field_name(field));
}

static void put_mask(const struct answer *a, const struct lvl_msr_mask *m)
{
	struct cli_wrap w = { stdout, 10, 0 };
	char low[CLI_PLACE], high[CLI_PLACE];
	char hex[20];

	snprintf(hex, sizeof(hex), "0x%x", m->msr);
	printf("  %-10s  0x%016llx  0x%016llx%s\n", hex,
	       (unsigned long long)m->value, (unsigned long long)m->idle,
	       m->known == ~0ull ? "" : "  ?");
	printf("    %s%s %s: %s low, %s high%s\n", cli_ink(INK_DIM),
	       lvl_lcap_names[m->cap], m->replaces ? "override" : "AND mask",
	       cap_register(m->half[0], low), cap_register(m->half[1], high),
	       cli_ink(INK_PLAIN));
	each_hidden(a, m, put_hidden, &w);
	if (w.column)
		cli_wrap_end(&w);
}

static void put_masks(const struct answer *a)
{
	unsigned i, on = lvl_cap_switch(&a->host.caps);
	char place[CLI_PLACE];

	if (faults(a)) {
		printf("CPUID faults here: %s = 1 while a PV guest runs, and "
		       "the hypervisor\nanswers by the policy.  No mask is "
		       "needed.\n",
		       cli_place(on, place));
		return;
	}
	if (faults_unknown(a))
		printf("Not known whether CPUID faults here.%s\n",
		       a->nr_masks ? "  If it does not:" : "");
	if (!a->nr_masks) {
		printf("No masking MSR is known here.\n");
		return;
	}
	printf("%s  %-10s  %-18s  %s%s\n", cli_ink(INK_DIM), "MSR", "VALUE",
	       "DEFAULT OF THE HOST", cli_ink(INK_PLAIN));
	for (i = 0; i < a->nr_masks; i++)
		put_mask(a, &a->mask[i]);
}

static void row(const struct lvl_unreached *u)
{
	char place[CLI_PLACE], guest[CLI_VALUE], shown[CLI_VALUE];

	printf("    %-20s %-20s %6s %6s\n", lvl_field_name(u->field),
	       cli_place(u->field, place), cli_value(u->guest, 1, guest),
	       cli_value(u->shown, u->sure, shown));
}

static void put_own(const struct answer *a)
{
	struct cli_wrap w = { stdout, 4, 0 };
	unsigned last = LVL_NO_FIELD;
	size_t i;

	printf("  %sthe host's own wherever CPUID does not fault%s\n    ",
	       cli_ink(INK_BOLD), cli_ink(INK_PLAIN));
	w.column = w.indent;
	for (i = 0; i < a->nr; i++) {
		if (a->un[i].counts || a->un[i].field == last)
			continue;
		last = a->un[i].field;
		cli_wrap_word(&w, lvl_field_name(last));
	}
	cli_wrap_end(&w);
}

/* What Linux calls the feature that a guest should not see, or NULL. */
static const char *to_clear(const struct lvl_unreached *u)
{
	unsigned i;

	if (!u->counts || !u->sure || lvl_fields[u->field].width != 1 ||
	    !u->shown)
		return NULL;
	for (i = 0; i < lvl_nr_names; i++)
		if (lvl_names[i].field == u->field)
			return lvl_names[i].of[LVL_TOOL_LINUX];
	return NULL;
}

/* It keeps the kernel from using them, and programs that ask the kernel. */
static void put_clearcpuid(const struct answer *a)
{
	unsigned any = 0;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const char *name = to_clear(&a->un[i]);

		if (name)
			printf("%s%s",
			       any++ ? "," : "  boot Linux with clearcpuid=",
			       name);
	}
	if (any)
		putchar('\n');
}

static void put_unreached(const struct answer *a)
{
	const char *last = NULL;
	size_t i;

	if (a->surely + a->maybe)
		printf("%s  %-22s %-20s %6s %6s%s\n", cli_ink(INK_DIM),
		       "CANNOT REACH", "WHERE", "POLICY", "SHOWN",
		       cli_ink(INK_PLAIN));
	for (i = 0; i < a->nr; i++) {
		const char *why = reason(&a->un[i]);

		if (!a->un[i].counts)
			continue;
		if (!last || strcmp(last, why))
			caps_say(2, 0, why);
		last = why;
		row(&a->un[i]);
	}
	if (a->own)
		put_own(a);
}

static void text(const struct answer *a)
{
	static const struct {
		const char *word, *sees;
		enum cli_ink ink;
	} verdict[] = {
		[LVL_YES] = { "YES", "sees", INK_GOOD },
		[LVL_NO] = { "NO", "does not see", INK_BAD },
		[LVL_UNKNOWN] = { "UNKNOWN", "may or may not see", INK_WARN },
	};
	char says[512];
	int n;

	printf("%s%s%s ", cli_ink(verdict[a->verdict].ink),
	       verdict[a->verdict].word, cli_ink(INK_PLAIN));
	n = snprintf(says, sizeof(says), "a PV guest on %s %s what %s says",
		     a->host_name, verdict[a->verdict].sees, a->guest_name);
	if (n > 0 && (size_t)n < sizeof(says) && (a->surely || a->maybe))
		snprintf(says + n, sizeof(says) - (size_t)n,
			 ": %u differ, %u not known", a->surely, a->maybe);
	caps_say(2, (unsigned)strlen(verdict[a->verdict].word) + 1, says);
	put_masks(a);
	if (a->nr)
		put_unreached(a);
	put_clearcpuid(a);
}

/* -- JSON ----------------------------------------------------------------- */

struct list {
	unsigned n;
};

static void json_name(void *arg, unsigned field)
{
	struct list *l = arg;

	printf("%s\"%s\"", l->n++ ? ", " : "", lvl_field_name(field));
}

static void json_mask(const struct answer *a, const struct lvl_msr_mask *m,
		      int first)
{
	char low[CLI_PLACE], high[CLI_PLACE];
	struct list l = { 0 };

	printf("%s\n    {\"index\": \"0x%08x\", \"value\": \"0x%016llx\", "
	       "\"default\": \"0x%016llx\", \"known\": \"0x%016llx\", "
	       "\"cap\": \"%s\", \"how\": \"%s\", \"low\": \"%s\", \"high\": "
	       "\"%s\", \"hides\": [",
	       first ? "" : ",", m->msr, (unsigned long long)m->value,
	       (unsigned long long)m->idle, (unsigned long long)m->known,
	       lvl_lcap_names[m->cap], m->replaces ? "override" : "and",
	       cap_register(m->half[0], low), cap_register(m->half[1], high));
	each_hidden(a, m, json_name, &l);
	fputs("]}", stdout);
}

static void json_unreached(const struct answer *a)
{
	char place[CLI_PLACE];
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct lvl_unreached *u = &a->un[i];

		printf("%s\n    {\"field\": \"%s\", \"instance\": %u, "
		       "\"where\": \"%s\", \"guest\": \"0x%llx\", \"shown\": "
		       "\"0x%llx\", \"sure\": %s, \"counts\": %s, \"reason\": "
		       "\"%s\"}",
		       i ? "," : "", lvl_field_name(u->field), u->instance,
		       cli_place(u->field, place), (unsigned long long)u->guest,
		       (unsigned long long)u->shown, u->sure ? "true" : "false",
		       u->counts ? "true" : "false", reason(u));
	}
}

static void json(const struct answer *a)
{
	unsigned i, any;

	printf("{\n  \"format\": \"cpulevel-mask\",\n  \"version\": 1,\n"
	       "  \"verdict\": \"%s\",\n  \"faulting\": \"%s\",\n"
	       "  \"msrs\": [",
	       verdict_words[a->verdict],
	       verdict_words[a->host.caps.cap[LVL_LCAP_FAULTING].has]);
	for (i = 0; !faults(a) && i < a->nr_masks; i++)
		json_mask(a, &a->mask[i], !i);
	fputs(!faults(a) && i ? "\n  ],\n" : "],\n", stdout);
	fputs("  \"clearcpuid\": [", stdout);
	for (i = 0, any = 0; i < a->nr; i++)
		if (to_clear(&a->un[i]))
			printf("%s\"%s\"", any++ ? ", " : "",
			       to_clear(&a->un[i]));
	fputs("],\n  \"unreached\": [", stdout);
	json_unreached(a);
	fputs(a->nr ? "\n  ]\n}\n" : "]\n}\n", stdout);
}

/* -- the question --------------------------------------------------------- */

static int ask(struct answer *a, struct lvl_desc *guest,
	       const struct lvl_desc *host, const struct cli_select *s)
{
	const struct lvl_policy *g;
	int rc = cli_derive(guest, s);

	if (rc)
		return rc;
	g = cli_policy(guest, s, NULL);
	if (!g) {
		cli_error("%s gives no such policy", guest->name);
		return EXIT_INPUT;
	}
	if (native_of(&a->host, host))
		return EXIT_INPUT;
	a->guest = *g;
	a->guest_name = guest->name;
	a->host_name = host->name;
	lvl_policy_normalise(&a->guest, NULL);
	a->nr_masks = lvl_msr_masks(&a->host.caps, &a->guest, &a->host.p, NULL,
				    a->mask);
	a->verdict = lvl_reach(&a->host.caps, &a->guest, &a->host.p, a->mask,
			       a->nr_masks, keep, a);
	if (a->nr)
		qsort(a->un, a->nr, sizeof(*a->un), before);
	return a->failed ? EXIT_INPUT : 0;
}

static int mask(char **file, const struct cli_select *s, int as_json)
{
	static struct answer a; /* large */
	struct lvl_desc *guest, *host;
	int rc = cli_two(file, &guest, &host);

	if (!rc)
		rc = ask(&a, guest, host, s);
	if (!rc && as_json)
		json(&a);
	else if (!rc)
		text(&a);
	lvl_desc_free(guest);
	lvl_desc_free(host);
	free(a.un);
	return rc ? rc : cli_exit(a.verdict);
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		CLI_OPT_OF,
		CLI_OPTS_ON,
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct cli_select s = { .guest = LVL_PV, .guest_given = 1 };
	int as_json = 0;
	int rc = cli_read_select(argc, argv, opts, &s, &as_json);

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (argc - optind != 2)
		return cli_usage("a policy and a host are needed");
	return mask(argv + optind, &s, as_json);
}

const struct verb verb_mask = {
	.name = "mask",
	.args = "POLICY HOST [options]",
	.summary = "the masking MSRs that show a PV guest a policy, and what "
		   "they cannot reach",
	.help = "POLICY is a level or a machine (what new PV guests get "
		"there), HOST a machine.\nHVM guests need no mask: their CPUID "
		"exits.\n\n"
		"options:\n"
		"  --of WHAT       policy of POLICY: default, max, raw, ...\n"
		"  --platform P    which hypervisor will run there, where "
		"POLICY is a machine\n"
		"                  without a PV policy: generic (default), "
		"xen-4.17, ...\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --json          a cpulevel-mask document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"examples:\n"
		"  cpulevel mask pool.level westmere.txt\n"
		"  cpulevel mask old-host.txt new-host.txt --json\n\n"
		"Exit: 0 if a PV guest sees the policy, 1 if not, 4 if that is "
		"not known.\n",
	.run = run,
};
