/* SPDX-License-Identifier: MIT */
/* Where a guest comes from. */
#include "move.h"

#include <cpulevel/level.h>
#include <cpulevel/record.h>

#include "console.h"
#include "hypercall.h"
#include "line.h"
#include "policy.h"
#include "settle.h"
#include "start.h"
#include "state.h"
#include "traveller.h"
#include "verdict.h"

/* The level of our own default and of the records in the module. */
static int level_of(struct lvl_policy *level, enum lvl_guest kind)
{
	static struct lvl_fold fold;
	static struct lvl_policy p;
	size_t left, n;
	const uint8_t *at = start_module(&left);
	int rc = host_policy(&p, HOST_DEFAULT, kind);

	if (rc)
		return rc;
	lvl_fold_init(&fold);
	for (;; at += n, left -= n) {
		lvl_policy_normalise(&p, NULL);
		lvl_fold_add(&fold, &p);
		if (!left)
			break;
		n = record_size(at, left);
		if (!n)
			return -LVL_E_TRUNCATED;
		rc = lvl_record_decode(&p, NULL, at, n, NULL);
		if (rc)
			return rc;
	}
	return lvl_fold_read(&fold, level, NULL, NULL);
}

/*
 * Xen says nothing here: of the hypervisor's own leaves, and of a guest's
 * physical addresses, where 0 is as many bits as the CPU has.
 */
static uint32_t left_to_xen(unsigned w)
{
	static const uint16_t fields[] = { LVL_F_MAX_HYPERVISOR_LEAF,
					   LVL_F_GUEST_MAXPHYSADDR };
	uint32_t mask = 0;
	unsigned i;

	for (i = 0; i < LVL_COUNT(fields); i++)
		if (lvl_fields[fields[i]].word == w)
			mask |= lvl_fields[fields[i]].mask;
	return mask;
}

/*
 * What the new guest gets: of all that has an order, and of who the CPU is,
 * what the level says; the choices of the VM stay as Xen made them.
 */
static void lower(struct lvl_policy *p, const struct lvl_policy *level)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t take = p->k[w] & level->k[w] & ~left_to_xen(w) &
				~lvl_masks[LVL_MASK_FREE][w] &
				~lvl_masks[LVL_MASK_LEAK][w];

		p->v[w] = (p->v[w] & ~take) | (level->v[w] & take);
	}
}

/* The domain's policy as it starts: Xen's default for it, or the level. */
static long set_out(struct domain *d, struct lvl_policy *p, enum lvl_guest kind)
{
	static struct lvl_policy level;
	size_t records;
	long rc = policy_now(p, d->id);

	if (rc)
		return rc;
	machine_state(p);
	start_module(&records);
	if (!records)
		return 0;
	rc = level_of(&level, kind);
	if (rc) {
		print("fail level: %s\n", lvl_strerror((int)rc));
		return rc;
	}
	lower(p, &level);
	return settle(d->id, p);
}

static long send_record(const struct lvl_policy *p, enum lvl_guest kind)
{
	static uint8_t record[LVL_RECORD_MAX];
	size_t n = sizeof(record);
	int rc = lvl_record_encode(p, (int)kind, record, &n);

	if (!rc)
		rc = line_write(LINE_THERE, record, n);
	print("record bytes=%d\n", (long)n);
	return rc;
}

/* Nonzero: it stays. */
static int asked(const char *of)
{
	static struct answer a;
	long sent = (long)line_bytes(LINE_THERE);

	if (answer_get(&a)) {
		print("fail no answer to the %s\n", of);
		return 1;
	}
	print("answer to the %s: %s sent=%d\n", of,
	      a.verdict == LVL_YES ? "yes" : "no", sent);
	verdict_print(&a);
	return a.verdict != LVL_YES;
}

static long send_memory(const struct domain *d)
{
	long rc = memory_types(d);
	unsigned i;

	if (rc)
		return rc;
	if (start_has("live"))
		return memory_send_live(d);
	for (i = 0; !rc && i < DOMAIN_PAGES; i++)
		if (d->frame[i])
			rc = memory_send(d, i);
	return rc;
}

static long send_state(const struct domain *d)
{
	struct xen_domctl *ctl;
	long rc = send_memory(d);

	if (rc)
		return rc;
	window_close();
	ctl = domctl_new();
	rc = domctl(ctl, XEN_DOMCTL_gettscinfo, d->id);
	if (!rc)
		rc = stream_put(STREAM_TSC, 0, &ctl->u.tsc_info,
				sizeof(ctl->u.tsc_info));
	if (!rc)
		rc = d->hvm ? pvh_save(d) : pv_save(d);
	return rc ? rc : stream_end();
}

/* Nothing but its policy goes before the answer. */
int let_go(const struct domain *d, const struct lvl_policy *p)
{
	int line = start_has("send");
	long rc;

	stream_begin();
	rc = send_record(p, d->hvm ? LVL_HVM : LVL_PV);
	if (!rc && line && asked("policy"))
		return 1;
	if (!rc)
		rc = send_state(d);
	if (rc)
		stream_put(STREAM_STOP, 0, NULL, 0);
	print("sent %d bytes=%d turns=%d\n", rc, (long)line_bytes(LINE_THERE),
	      (long)traveller_turns(d));
	return rc || (line && asked("state"));
}

void depart(enum lvl_guest kind)
{
	static struct domain d;
	static struct lvl_policy p;
	long rc = domain_create(&d, kind != LVL_PV);

	if (!rc)
		rc = set_out(&d, &p, kind);
	if (!rc)
		rc = traveller_build(&d, &p);
	if (rc) {
		print("fail no guest: %d\n", rc);
		return;
	}
	traveller_run(&d, &p);
	if (!let_go(&d, &p) && start_has("send")) {
		domain_destroy(&d);
		print("gone\n");
		return;
	}
	print("stays\n");
	traveller_run(&d, &p);
}
