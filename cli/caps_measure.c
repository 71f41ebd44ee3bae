/* SPDX-License-Identifier: MIT */
/* caps --measure: what KVM here lets a program decide, by trying it. */
#include "caps.h"

#include "format/measured.h"
#include "probe/kvm.h"
#include "probe/native.h"

#include <string.h>

/* -- is it this machine? --------------------------------------------------- */

static const struct lvl_policy *host_of(const struct lvl_desc *d)
{
	return d->policy[LVL_KIND_HOST];
}

/* The first levelled field in which two hosts differ, or LVL_NO_FIELD. */
static unsigned differ(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->word == LVL_NO_WORD || f->rule >= LVL_LEAK ||
		    f->rule == LVL_PIN)
			continue;
		if (lvl_get(a, i) != lvl_get(b, i) ||
		    lvl_known(a, i) != lvl_known(b, i))
			return i;
	}
	return LVL_NO_FIELD;
}

static int is_here(const struct lvl_desc *d)
{
	const struct probe_options options = { .tool = NULL };
	struct probe_report report;
	struct lvl_desc *here = NULL;
	struct lvl_ferr err;
	unsigned field = LVL_NO_FIELD;
	int rc = probe_native(&options, &report, &here, &err), same;

	if (rc)
		cli_error("%s", err.text);
	probe_report_free(&report);
	if (rc)
		return EXIT_INPUT;
	same = host_of(d) && !strcmp(d->name, here->name);
	if (same)
		field = differ(host_of(d), host_of(here));
	if (!same)
		cli_error("%s is not this machine, which is %s; measuring is "
			  "done where it runs",
			  d->name, here->name);
	else if (field != LVL_NO_FIELD)
		cli_error("%s is not this machine as it is now: %s differs; "
			  "capture it again",
			  d->name, lvl_field_name(field));
	lvl_desc_free(here);
	return same && field == LVL_NO_FIELD ? 0 : EXIT_REFUSED;
}

/* -- measuring ------------------------------------------------------------- */

int caps_measure(struct lvl_desc *d)
{
	static struct probe_measure m; /* large */
	struct lvl_ferr err;
	int rc = is_here(d);

	if (rc)
		return rc;
	if (probe_kvm_measure(NULL, &m, &err)) {
		cli_error("%s", err.text);
		return EXIT_INPUT;
	}
	fprintf(stderr, "%s: %u registers asked twice in %lu ms", d->name,
		m.registers, (m.microseconds + 500) / 1000);
	if (m.refused)
		fprintf(stderr, ", KVM refused for %u", m.refused);
	putc('\n', stderr);
	lvl_desc_drop_facts(d, "measured");
	if (!lvl_measured_add(d, &m.is))
		return 0;
	cli_error("out of memory");
	return EXIT_INPUT;
}

/* -- telling --------------------------------------------------------------- */

static unsigned bits(uint32_t w)
{
	unsigned n = 0;

	for (; w; w &= w - 1)
		n++;
	return n;
}

/* The pinned fields of a register, on a line of its own. */
static void pinned(const struct lvl_measured *m, unsigned word)
{
	const struct lvl_word *lw = &lvl_words[word];
	struct cli_wrap w = { stdout, 20, 0 };
	char place[CLI_PLACE];
	unsigned i;

	for (i = lw->first; i < (unsigned)lw->first + lw->count; i++) {
		if (!(lvl_fields[i].mask & m->pinned[word]))
			continue;
		if (!w.column) {
			printf("  %-16s  ", cap_register(word, place));
			w.column = w.indent;
		}
		cli_wrap_word(&w, lvl_field_name(i));
	}
	if (w.column)
		cli_wrap_end(&w);
}

void caps_measured_text(const struct lvl_measured *m)
{
	unsigned i, done = 0, on = 0, off = 0;

	for (i = 0; i < LVL_NR_WORDS; i++) {
		done += bits(m->done[i]);
		on += bits(m->pinned[i]);
		off += bits(m->never[i]);
	}
	printf("  %smeasured%s  of %u bits hvm guests always see %u, never %u; "
	       "the rest is theirs to be told\n",
	       cli_ink(INK_BOLD), cli_ink(INK_PLAIN), done, on, off);
	if (!on)
		return;
	printf("\n%spinned: shown whatever a guest is told%s\n",
	       cli_ink(INK_BOLD), cli_ink(INK_PLAIN));
	for (i = 0; i < LVL_NR_WORDS; i++)
		pinned(m, i);
}
