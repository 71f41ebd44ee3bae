/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <cpulevel/record.h>

#include "print.h"

static void record(const char *what, const struct lvl_policy *p,
		   enum lvl_guest kind)
{
	static uint8_t buf[LVL_RECORD_MAX];
	size_t len = sizeof(buf);

	if (lvl_record_encode(p, (int)kind, buf, &len))
		print("fail record of the default %s\n", what);
	else
		print("default %s %b\n", what, buf, len);
}

void report_machine(const struct lvl_hv *hv)
{
	print("machine %s %x %x expected=%x found=%x faulting=%x\n",
	      lvl_vendor_name(lvl_policy_vendor(&hv->raw)),
	      (uint64_t)lvl_policy_family(&hv->raw),
	      (uint64_t)lvl_policy_model(&hv->raw), (uint64_t)hv->is.expected,
	      (uint64_t)hv->is.found, (uint64_t)hv->faulting);
	record("hvm", &hv->dflt[LVL_HVM], LVL_HVM);
	record("pv", &hv->dflt[LVL_PV], LVL_PV);
}

void report_refusal(void *arg, const struct lvl_refusal *why)
{
	const char *name = arg;
	const struct lvl_finding *f = why->finding;

	if (!f) {
		print("refusal %s %w leaf=%w subleaf=%w msr=%w %s\n", name,
		      (uint32_t)why->at.code, why->at.leaf, why->at.subleaf,
		      why->at.msr, lvl_strerror(why->at.code));
		return;
	}
	print("finding %s %s %s guest=%x host=%x sure=%x %s\n", name,
	      lvl_severity_names[f->severity],
	      f->field == LVL_NO_FIELD ? "-" : lvl_field_name(f->field),
	      f->guest, f->host, (uint64_t)f->sure, lvl_reason_text(f->reason));
}

static void leak(void *arg, const struct lvl_unreached *u)
{
	const struct lvl_field *f = &lvl_fields[u->field];
	const struct lvl_word *w = &lvl_words[f->word + 4 * u->instance];

	if (w->place > LVL_PLACE_EDX)
		return;
	print("leak %s %s %w %w %x %w guest=%x shown=%x counts=%x\n",
	      (const char *)arg, lvl_field_name(u->field), w->id, w->subleaf,
	      (uint64_t)w->place, f->mask, u->guest, u->shown,
	      (uint64_t)u->counts);
}

void report_leaks(const struct lvl_dom *d, const char *name)
{
	lvl_dom_leaks(d, leak, (void *)name);
}
