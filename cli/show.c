/* SPDX-License-Identifier: MIT */
#include "named.h"

#include <stdlib.h>
#include <string.h>

/* -- by name -------------------------------------------------------------- */

/*
 * Worth a word: what has a say in where a guest can run.  Identity, copies
 * and topology only with --all.
 */
static int shown(const struct lvl_policy *p, unsigned field, int all)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD || !lvl_get(p, field))
		return 0;
	return all || cli_is_feature(field) || f->rule == LVL_MIN ||
	       f->rule == LVL_MAX || f->rule == LVL_PAIR ||
	       f->rule == LVL_HIDDEN || field == LVL_F_MAXLINADDR ||
	       field == LVL_F_XSAVE_SIZE_MAX || field == LVL_F_MXCSR_MASK;
}

static void by_class(const struct lvl_policy *p, enum lvl_class klass, int all)
{
	struct cli_wrap w = { stdout, 14, 0 };
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		char word[96], value[CLI_VALUE];

		if (lvl_fields[i].klass != klass || !shown(p, i, all))
			continue;
		if (!any++) {
			printf("  %s%-10s%s  ", cli_ink(INK_BOLD),
			       lvl_class_names[klass], cli_ink(INK_PLAIN));
			w.column = w.indent;
		}
		if (lvl_fields[i].width == 1)
			snprintf(word, sizeof(word), "%s", lvl_field_name(i));
		else
			snprintf(word, sizeof(word), "%s=%s", lvl_field_name(i),
				 cli_value(lvl_get(p, i), 1, value));
		cli_wrap_word(&w, word);
	}
	if (any)
		cli_wrap_end(&w);
}

/* Bits that are set and that the registry does not name. */
static void unnamed(const struct lvl_policy *p)
{
	unsigned w, i;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t rest = p->v[w];
		char place[CLI_PLACE];

		for (i = 0; i < lvl_words[w].count; i++)
			rest &= ~lvl_fields[lvl_words[w].first + i].mask;
		if (!rest || lvl_words[w].place == LVL_PLACE_MSR_HI ||
		    !lvl_words[w].count)
			continue;
		cli_place(lvl_words[w].first, place);
		printf("  %sunnamed%s     %.*s 0x%08x\n", cli_ink(INK_WARN),
		       cli_ink(INK_PLAIN), (int)strcspn(place, "["), place,
		       rest);
	}
}

static void unknown_words(const struct lvl_policy *p)
{
	unsigned w, none = 0;

	for (w = 0; w < LVL_NR_WORDS; w++)
		none += !p->k[w];
	if (none)
		printf("  %sunknown%s     %u of %u words: what was not "
		       "reported "
		       "is not zero\n",
		       cli_ink(INK_DIM), cli_ink(INK_PLAIN), none,
		       (unsigned)LVL_NR_WORDS);
}

static void names(const struct lvl_desc *d, enum lvl_kind kind, int all)
{
	const struct lvl_policy *p = d->policy[kind];
	unsigned in_level, n = cli_count_features(p);
	unsigned v = cli_psabi(p, &in_level), c;
	char hash[LVL_HASH_HEX], cpu[CLI_CPU];

	printf("%s%s%s   %s %s   %u features", cli_ink(INK_BOLD),
	       lvl_kind_names[kind], cli_ink(INK_PLAIN),
	       lvl_vendor_name(lvl_policy_vendor(p)), cli_cpu(p, cpu), n);
	if (v)
		printf(" = %sx86-64-v%u + %u%s", cli_ink(INK_GOOD), v,
		       n - in_level, cli_ink(INK_PLAIN));
	putchar('\n');
	if (!lvl_policy_hash(p, hash))
		printf("  %ssha256      %s%s\n", cli_ink(INK_DIM), hash,
		       cli_ink(INK_PLAIN));
	for (c = 0; c < LVL_NR_CLASSES; c++)
		by_class(p, (enum lvl_class)c, all);
	unnamed(p);
	unknown_words(p);
}

/* -- by register ---------------------------------------------------------- */

static void put_register(const struct lvl_policy *p, unsigned w)
{
	if (!p->k[w])
		printf("  %10s", "?");
	else
		printf("  0x%08x%s", p->v[w],
		       p->k[w] == 0xffffffffu ? "" : "~");
}

static int any_known(const struct lvl_policy *p, const uint16_t *w, unsigned n)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		v |= p->v[w[i]];
	return v != 0;
}

static void registers(const struct lvl_desc *d, enum lvl_kind kind)
{
	const struct lvl_policy *p = d->policy[kind];
	unsigned i, r;

	printf("%s%s%s\n%s  LEAF        SUB   %10s  %10s  %10s  %10s%s\n",
	       cli_ink(INK_BOLD), lvl_kind_names[kind], cli_ink(INK_PLAIN),
	       cli_ink(INK_DIM), "EAX", "EBX", "ECX", "EDX",
	       cli_ink(INK_PLAIN));
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (!any_known(p, l->word, 4))
			continue;
		printf("  0x%08x  ", l->leaf);
		if (l->subleaf == LVL_NO_SUBLEAF)
			fputs("  - ", stdout);
		else
			printf("%3u ", l->subleaf);
		for (r = 0; r < 4; r++)
			put_register(p, l->word[r]);
		putchar('\n');
	}
	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];
		const uint16_t w[2] = { m->word, m->high };

		if (any_known(p, w, 2))
			printf("  msr 0x%08x  0x%08x%08x\n", m->index,
			       p->v[m->high], p->v[m->word]);
	}
	for (i = 0; i < LVL_NR_WORDS; i++)
		if (lvl_words[i].place == LVL_PLACE_STATE && p->v[i])
			printf("  state %s 0x%x\n",
			       lvl_field_name(lvl_words[i].first), p->v[i]);
}

/* -- which policies ------------------------------------------------------- */

static int show_kind(const struct lvl_desc *d, enum lvl_kind kind,
		     const struct cli_view *o)
{
	if (o->json)
		return lvl_desc_write_json(d, kind, stdout) ? EXIT_INPUT : 0;
	if (o->raw)
		registers(d, kind);
	else
		names(d, kind, o->all);
	return 0;
}

static void fact(const struct lvl_fact *f)
{
	struct cli_wrap w = { stdout, 15, 15 };

	printf("  %-12s ", f->key);
	cli_wrap_text(&w, f->value);
	cli_wrap_end(&w);
}

static void provenance(const struct lvl_desc *d)
{
	unsigned measured = 0;
	size_t i;

	printf("%s%s%s\n", cli_ink(INK_BOLD), d->name, cli_ink(INK_PLAIN));
	for (i = 0; i < d->nr_facts; i++) {
		if (!strcmp(d->fact[i].key, "measured"))
			measured++;
		else
			fact(&d->fact[i]);
	}
	if (measured)
		printf("  %-12s %u registers, see `cpulevel caps`\n",
		       "measured", measured);
	if (d->nr_cpus && !lvl_desc_fact(d, "cpus"))
		printf("  %-12s %u\n", "cpus", d->nr_cpus);
}

/* Without --of: every policy that the description brings, HOST first. */
static int show_all(const struct lvl_desc *d, const struct cli_view *o)
{
	unsigned k;
	int rc = 0, any = 0;

	for (k = LVL_KIND_HOST; k < LVL_NR_KINDS && !rc; k++) {
		if (!d->policy[k])
			continue;
		any = 1;
		rc = show_kind(d, (enum lvl_kind)k, o);
	}
	if (!any && d->policy[LVL_KIND_RAW])
		rc = show_kind(d, LVL_KIND_RAW, o);
	return rc;
}

static int show(void *arg, struct lvl_desc *d)
{
	const struct cli_view *o = arg;
	enum lvl_kind kind;
	int rc;

	rc = o->select.of_given ? cli_derive(d, &o->select) : 0;
	if (rc) {
		lvl_desc_free(d);
		return rc;
	}
	if (!o->json)
		provenance(d);
	if (!o->select.of_given && !o->json && !o->raw) {
		rc = show_all(d, o);
	} else if (!o->select.of_given && d->policy[LVL_KIND_RAW]) {
		rc = show_kind(d, LVL_KIND_RAW, o);
	} else if (cli_policy(d, &o->select, &kind)) {
		rc = show_kind(d, kind, o);
	} else {
		cli_error("%s has no such policy", d->name);
		rc = EXIT_INPUT;
	}
	lvl_desc_free(d);
	return rc;
}

/* `show cpu:` and the like. */
static int show_lists(int argc, char **argv, int json)
{
	int rc = 0;

	for (; optind < argc && !rc; optind++) {
		if (!named_is_list(argv[optind]))
			return cli_usage("%s is no list of names",
					 argv[optind]);
		rc = named_list(argv[optind], json);
	}
	return rc;
}

static int run(int argc, char **argv)
{
	struct cli_view o;
	int rc = cli_read_view(argc, argv, 1, &o);

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (optind == argc)
		return cli_usage("which machine?");
	if (named_is_list(argv[optind]))
		return show_lists(argc, argv, o.json);
	return cli_each(argv + optind, argc - optind, show, &o);
}

const struct verb verb_show = {
	.name = "show",
	.args = "FILE... [options]",
	.summary = "what is in a description, by name or by register",
	.help = "options:\n"
		"  --of WHAT       raw, host, pv-max, hvm-default, level, ...; "
		"default and max\n"
		"                  choose by --guest (all policies, unless "
		"told)\n"
		"  --guest KIND    pv, hvm-shadow or hvm (default)\n"
		"  --platform P    derive what guests see for this "
		"hypervisor: generic (default),\n"
		"                  xen-4.17, kvm-7.2, ...\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --all           identity, copies and topology too\n"
		"  --raw           registers and MSRs instead of names\n"
		"  --json          a cpulevel-policy document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"examples:\n"
		"  cpulevel show this.txt\n"
		"  cpulevel show this.txt --of raw --raw\n"
		"  cpulevel show this.txt --of pv-max --platform xen-4.17\n"
		"  cpulevel show pool.level --json\n"
		"  cpulevel show level: cpu:              list what has a "
		"name\n"
		"  cpulevel show cpu:icelake-sp\n"
		"  cpulevel show model:qemu/EPYC-Milan\n",
	.run = run,
};
