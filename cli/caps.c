/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include "format/measured.h"

#include <string.h>

const char *const verdict_words[] = { "yes", "no", "unknown" };

/* -- the host ------------------------------------------------------------- */

/* HOST holds no hidden fields: a 0 there is not what an MSR said. */
static void forget_masks(struct lvl_policy *p)
{
	static const uint16_t mask[] = {
		LVL_F_INTEL_MASK_V1_1,    LVL_F_INTEL_MASK_V2_1,
		LVL_F_INTEL_MASK_V2_EXT1, LVL_F_INTEL_MASK_V3_1,
		LVL_F_INTEL_MASK_V3_EXT1, LVL_F_INTEL_MASK_V3_D1,
		LVL_F_AMD_MASK_1,         LVL_F_AMD_MASK_EXT1,
		LVL_F_AMD_MASK_7_0,       LVL_F_AMD_MASK_6,
	};
	unsigned i;

	for (i = 0; i < LVL_COUNT(mask); i++)
		lvl_forget(p, mask[i]);
}

/*
 * The rules of HOST know more: behaviour without a register, what no CPU of
 * the vendor has, and the number that a 0 stands for.
 */
static void add_known(struct lvl_policy *p, const struct lvl_policy *host)
{
	unsigned w, i;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		p->v[w] |= host->v[w] & ~p->k[w];
		p->k[w] |= host->k[w];
	}
	for (i = 0; i < LVL_NR_NUMBERS; i++)
		if (lvl_known(p, lvl_numbers[i]) &&
		    !lvl_get(p, lvl_numbers[i]) &&
		    lvl_known(host, lvl_numbers[i]))
			lvl_set(p, lvl_numbers[i],
				lvl_get(host, lvl_numbers[i]));
}

int native_of(struct native *n, const struct lvl_desc *d)
{
	const struct lvl_policy *raw = d->policy[LVL_KIND_RAW];
	const struct lvl_policy *host = d->policy[LVL_KIND_HOST];
	const char *line;

	if (!raw && !host) {
		cli_error("%s says what guests see, not what the machine is: "
			  "a description of a host is needed",
			  d->name);
		return EXIT_INPUT;
	}
	n->p = raw ? *raw : *host;
	if (!raw)
		forget_masks(&n->p);
	else if (host)
		add_known(&n->p, host);
	lvl_caps_read(&n->caps, &n->p);
	n->virtualised = d->policy[LVL_KIND_HVM_MAX] &&
			 !(d->hints & LVL_HINT_GUESTS_DERIVED);
	/* read from a file, it is there once */
	if (lvl_measured_read(d, &n->measured, &line) > 0)
		n->caps.measured = &n->measured;
	return 0;
}

enum lvl_verdict native_has(const struct native *n, unsigned field)
{
	if (lvl_fields[field].word == LVL_NO_WORD)
		return LVL_NO;
	if (lvl_get(&n->p, field))
		return LVL_YES;
	return lvl_known(&n->p, field) ? LVL_NO : LVL_UNKNOWN;
}

const char *cap_told(const struct native *n, enum lvl_lcap cap, char buf[32])
{
	switch ((enum lvl_cap_from)n->caps.cap[cap].from) {
	case LVL_FROM_MSR:
		return "the MSR was read";
	case LVL_FROM_CPUID:
		return "CPUID says so";
	case LVL_FROM_MODEL:
		snprintf(buf, 32, "assumed of model %x/%x",
			 lvl_policy_family(&n->p), lvl_policy_model(&n->p));
		return buf;
	case LVL_FROM_NOTHING:
		break;
	}
	return "nothing tells";
}

void caps_say(unsigned indent, unsigned column, const char *text)
{
	struct cli_wrap w = { stdout, indent, column };
	char word[80];

	if (!column) {
		printf("%*s", (int)indent, "");
		w.column = indent;
	}
	while (*text) {
		size_t n = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		cli_wrap_word(&w, word);
		text += n + (text[n] == ' ');
	}
	cli_wrap_end(&w);
}

const char *cap_register(unsigned word, char buf[CLI_PLACE])
{
	if (word == LVL_NO_WORD)
		return "-";
	cli_place(lvl_words[word].first, buf);
	buf[strcspn(buf, "[")] = '\0';
	return buf;
}

/* -- counting ------------------------------------------------------------- */

/*
 * Remainders of registers have no meaning of their own, live state is the
 * guest's, and leaves of a hypervisor are answered by one.
 */
static int spoken_of(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD || f->rule == LVL_DYNAMIC)
		return 0;
	if (lvl_words[f->word].id >> 16 == 0x4000 &&
	    lvl_words[f->word].place <= LVL_PLACE_EDX)
		return 0;
	return !strstr(lvl_field_name(field), "-rsvd");
}

int caps_counts(const struct caps_answer *a, unsigned field)
{
	return spoken_of(field) && native_has(&a->host, field) == LVL_YES;
}

static void count(struct caps_answer *a)
{
	unsigned i, g;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (spoken_of(i) && native_has(&a->host, i) == LVL_UNKNOWN &&
		    (lvl_fields[i].vendors & a->host.caps.vendor))
			a->unread++;
		for (g = 0; caps_counts(a, i) && g < LVL_NR_GUESTS; g++) {
			unsigned c =
				lvl_control(&a->host.caps, (enum lvl_guest)g, i)
					.control;

			a->count[g][lvl_fields[i].klass][c]++;
			a->sum[g][c]++;
		}
	}
}

/* -- verdicts ------------------------------------------------------------- */

static int leaks_feature(const struct caps_answer *a, unsigned field)
{
	return cli_is_feature(field) && caps_counts(a, field) &&
	       lvl_control(&a->host.caps, LVL_PV, field).sight ==
		       LVL_SIGHT_NATIVE;
}

static int leaf_leaks(const struct caps_answer *a,
		      const struct lvl_leaf_words *l)
{
	unsigned r, i;

	for (r = 0; r < 4; r++) {
		const struct lvl_word *w = &lvl_words[l->word[r]];

		for (i = w->first; i < (unsigned)w->first + w->count; i++)
			if (leaks_feature(a, i))
				return 1;
	}
	return 0;
}

unsigned caps_leaves(const struct caps_answer *a, char *buf, size_t size)
{
	const struct lvl_leaf_words *l, *last = NULL;
	unsigned n = 0;
	size_t at = 0;

	buf[0] = '\0';
	for (l = lvl_leaves; l < lvl_leaves + LVL_NR_LEAVES; l++) {
		if ((last && l->leaf == last->leaf) || !leaf_leaks(a, l))
			continue;
		last = l;
		at += (size_t)snprintf(buf + at, size - at,
				       l->leaf < 10 ? "%s%x" : "%s0x%x",
				       n++ ? ", " : "", l->leaf);
		if (at >= size)
			break;
	}
	return n;
}

static void verdict_pv(const struct caps_answer *a, char *buf, size_t size)
{
	char leaves[240];
	unsigned n = caps_leaves(a, leaves, sizeof(leaves));

	if (a->sum[LVL_PV][LVL_CONTROL_UNKNOWN])
		snprintf(buf, size,
			 "PV guests: not known whether CPUID faults here; read "
			 "MSR 0xce, as root on bare metal");
	else if (n)
		snprintf(buf, size,
			 "PV guests here cannot be levelled on lea%s %s: boot "
			 "them with clearcpuid= what their level leaves out",
			 n > 1 ? "ves" : "f", leaves);
	else
		snprintf(buf, size,
			 "PV guests here see the features that they are told, "
			 "on every leaf");
}

static int virtualises(const struct native *n)
{
	enum lvl_verdict vmx = native_has(n, LVL_F_VMX);
	enum lvl_verdict svm = native_has(n, LVL_F_SVM);

	if (vmx == LVL_YES || svm == LVL_YES || n->virtualised)
		return 1;
	return vmx == LVL_NO && svm == LVL_NO ? 0 : -1;
}

static void verdict_hvm(const struct caps_answer *a, enum lvl_guest g,
			char *buf, size_t size)
{
	if (!virtualises(&a->host))
		snprintf(buf, size,
			 "%s guests: none here, the host shows neither VMX "
			 "nor SVM",
			 lvl_guest_names[g]);
	else if (a->sum[g][LVL_CONTROL_UNKNOWN])
		snprintf(buf, size,
			 "%s guests see what they are told; the vendor is not "
			 "known, and so not what stops the use of the rest",
			 lvl_guest_names[g]);
	else
		snprintf(buf, size,
			 "%s guests here see what they are told; %u things "
			 "work though hidden, %u cannot be hidden",
			 lvl_guest_names[g], a->sum[g][LVL_HIDDEN_ONLY],
			 a->sum[g][LVL_SHOWN]);
}

void caps_verdict(const struct caps_answer *a, enum lvl_guest guest, char *buf,
		  size_t size)
{
	if (guest == LVL_PV)
		verdict_pv(a, buf, size);
	else
		verdict_hvm(a, guest, buf, size);
}

/* -- the verb ------------------------------------------------------------- */

/* 4 if it is not known for a kind of guest that was asked for. */
static int exit_of(const struct caps_answer *a)
{
	unsigned g;

	for (g = 0; g < LVL_NR_GUESTS; g++)
		if ((a->guests >> g & 1) && a->sum[g][LVL_CONTROL_UNKNOWN])
			return EXIT_INCOMPLETE;
	return EXIT_YES;
}

static int write_desc(const struct lvl_desc *d, const char *name)
{
	struct cli_out o;
	int rc = cli_out_open(&o, name);

	if (rc)
		return rc;
	return cli_out_close(&o, lvl_desc_write(d, o.f) ? EXIT_INPUT : 0);
}

static int caps(char *file, struct caps_answer *a, int as_json)
{
	int rc;
	struct lvl_desc *d = cli_one(file, &rc);

	if (!d)
		return rc;
	a->name = d->name;
	if (a->measure)
		rc = caps_measure(d);
	if (!rc && a->output)
		rc = write_desc(d, a->output);
	if (!rc)
		rc = native_of(&a->host, d);
	if (!rc) {
		count(a);
		if (as_json)
			caps_json(a);
		else
			caps_text(a);
		rc = exit_of(a);
	}
	lvl_desc_free(d);
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "guest", required_argument, NULL, 'g' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "measure", no_argument, NULL, 'm' },
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "from", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	static struct caps_answer a; /* large */
	struct cli_select s = { .guest = LVL_HVM };
	int c, rc = 0, as_json = 0;

	a.guests = (1u << LVL_NR_GUESTS) - 1;
	while (!rc && (c = cli_getopt(argc, argv, "vo:", opts)) != -1) {
		if (c == 'g') {
			rc = cli_set_guest(&s, optarg);
			a.guests = 1u << s.guest;
		} else if (c == 'v') {
			a.all = 1;
		} else if (c == 'm') {
			a.measure = 1;
		} else if (c == 'o') {
			a.output = optarg;
		} else if (c == 'j') {
			as_json = 1;
		} else if (c == 'f') {
			rc = cli_set_from(optarg);
		} else {
			return c == -2 ? EXIT_YES : EXIT_USAGE;
		}
	}
	if (rc)
		return rc;
	if (argc - optind != 1)
		return cli_usage("which machine?");
	return caps(argv[optind], &a, as_json);
}

const struct verb verb_caps = {
	.name = "caps",
	.args = "FILE [options]",
	.summary = "what guests on a host cannot see, what works all the same, "
		   "what leaks",
	.help = "For each kind of guest, of everything that the host has: "
		"controlled (neither seen\nnor used unless the guest is told), "
		"hidden only (not seen, works all the same),\nleaks (seen "
		"whatever we do).\n\n"
		"options:\n"
		"  --guest KIND    pv, hvm-shadow or hvm alone\n"
		"  --verbose, -v   every field, with the reason\n"
		"  --measure       try what KVM on this machine lets programs "
		"decide of hvm guests;\n"
		"                  FILE is of this machine as it is\n"
		"  -o, --output F  write the description, with what was "
		"measured, for later answers\n"
		"  --json          a cpulevel-caps document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"examples:\n"
		"  cpulevel caps host.txt\n"
		"  cpulevel caps host.txt --guest pv --verbose\n"
		"  cpulevel caps this.txt --measure -o this.txt\n"
		"  cpulevel caps host.txt --json | jq .guests.hvm.verdict\n\n"
		"Exit: 0, or 4 if what the host can control is not known.\n",
	.run = run,
};
