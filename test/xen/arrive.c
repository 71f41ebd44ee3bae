/* SPDX-License-Identifier: MIT */
/*
 * Where a guest goes to.  Its policy comes first, and our verdict on it is
 * given before anything else is sent.  After a yes, Xen must have taken the
 * policy exactly before there is any memory or state: then it cannot load the
 * state of a vCPU against another policy.
 */
#include "move.h"

#include <cpulevel/record.h>

#include "console.h"
#include "hypercall.h"
#include "line.h"
#include "settle.h"
#include "spoil.h"
#include "start.h"
#include "state.h"
#include "traveller.h"
#include "verdict.h"

#define RECORD_HEAD 32u

static struct answer answer;

static int read_record(struct lvl_policy *p, int *kind)
{
	static uint8_t record[LVL_RECORD_MAX];
	struct lvl_err err;
	size_t n = 0;
	int rc;

	if (!line_read(LINE_THERE, record, RECORD_HEAD))
		n = record_size(record, sizeof(record));
	if (n < RECORD_HEAD ||
	    line_read(LINE_THERE, record + RECORD_HEAD, n - RECORD_HEAD)) {
		print("refused no record\n");
		return -1;
	}
	rc = lvl_record_decode(p, kind, record, n, &err);
	if (!rc && *kind != LVL_PV && *kind != LVL_HVM)
		rc = -LVL_E_UNSUPPORTED;
	if (rc)
		print("refused record: %s\n", lvl_strerror(rc));
	return rc;
}

/* What Xen would have said: for the test, and of no weight. */
static void dry(const struct lvl_policy *p, int kind)
{
	struct domain d;
	long rc = domain_create(&d, kind != LVL_PV);

	print("dry\n");
	if (rc) {
		print("fail dry: %d\n", rc);
		return;
	}
	settle(d.id, p);
	domain_destroy(&d);
}

/* Zero: the new domain has the policy, exactly. */
static int make(struct domain *d, const struct lvl_policy *p, int kind)
{
	static struct lvl_policy now;
	long rc = domain_create(d, kind != LVL_PV);

	if (rc) {
		print("fail createdomain: %d\n", rc);
		answer.verdict = LVL_NO;
		return -1;
	}
	/* a test that breaks the policy goes on with it */
	if (!settle(d->id, p) || start_has("break-cpuid"))
		return 0;
	answer.verdict = LVL_NO;
	if (!policy_now(&now, d->id)) {
		machine_state(&now);
		verdict_clamped(&answer, p, &now);
	}
	verdict_print(&answer);
	domain_destroy(d);
	return -1;
}

/* Does it come?  Our verdict, and then what Xen made of the policy. */
static int admit(struct domain *d, const struct lvl_policy *p, int kind)
{
	int rc = verdict(&answer, p, (enum lvl_guest)kind);

	verdict_print(&answer);
	if (rc || answer.verdict != LVL_YES)
		return -1;
	return make(d, p, kind);
}

static long take(struct domain *d, struct xen_domctl_tsc_info *tsc,
		 const struct message *m, const void *data)
{
	switch (m->type) {
	case STREAM_PAGE:
		return memory_receive(d, m, data);
	case STREAM_TSC:
		if (m->length != sizeof(*tsc))
			return -1;
		memcpy(tsc, data, sizeof(*tsc));
		return 0;
	default:
		return d->hvm ? pvh_load(m, data) : pv_load(m, data);
	}
}

static long settle_tsc(const struct domain *d,
		       const struct xen_domctl_tsc_info *tsc)
{
	struct xen_domctl *ctl = domctl_new();

	ctl->u.tsc_info = *tsc;
	spoil_tsc(&ctl->u.tsc_info);
	return domctl(ctl, XEN_DOMCTL_settscinfo, d->id);
}

/* All of it, and then into the domain. */
static long receive(struct domain *d)
{
	static uint8_t data[STREAM_LONGEST];
	struct xen_domctl_tsc_info tsc = { 0 };
	struct message m;
	long rc = 0;

	for (;;) {
		if (stream_get(&m, data)) {
			print("fail damaged stream\n");
			return -1;
		}
		if (m.type == STREAM_END)
			break;
		if (m.type == STREAM_STOP) {
			print("stopped by the source\n");
			return -1;
		}
		rc = take(d, &tsc, &m, data);
		if (rc) {
			print("fail message %d: %d\n", (long)m.type, rc);
			return rc;
		}
	}
	spoil_memory(d);
	window_close();
	rc = memory_finish(d);
	rc = rc ? rc : settle_tsc(d, &tsc);
	return rc ? rc : d->hvm ? pvh_finish(d) : pv_finish(d);
}

void arrive(void)
{
	static struct domain d;
	static struct lvl_policy p;
	int kind;
	long rc;

	line_clear(LINE_BACK);
	stream_begin();
	answer.verdict = LVL_NO;
	if (read_record(&p, &kind)) {
		answer_put(&answer);
		return;
	}
	print("record bytes=%d\n", (long)line_bytes(LINE_THERE));
	if (admit(&d, &p, kind)) {
		answer_put(&answer);
		print("refused bytes=%d\n", (long)line_bytes(LINE_THERE));
		if (start_has("dry"))
			dry(&p, kind);
		return;
	}
	answer_put(&answer);
	rc = receive(&d);
	answer.verdict = rc ? LVL_NO : LVL_YES;
	answer.nr = 0;
	if (rc) {
		domain_destroy(&d);
		print("dropped\n");
	} else {
		print("arrived bytes=%d\n", (long)line_bytes(LINE_THERE));
		traveller_run(&d, &p);
	}
	answer_put(&answer);
	if (!rc && start_has("onward")) {
		line_clear(LINE_THERE);
		let_go(&d, &p);
	}
}
