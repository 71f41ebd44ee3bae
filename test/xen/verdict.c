/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <cpulevel/check.h>
#include <cpulevel/host.h>

#include "console.h"
#include "policy.h"

int host_policy(struct lvl_policy *p, enum host_policy which,
		enum lvl_guest kind)
{
	static const unsigned of_xen[][2] = {
		[HOST_MAX] = { XEN_SYSCTL_cpu_policy_hvm_max,
			       XEN_SYSCTL_cpu_policy_pv_max },
		[HOST_DEFAULT] = { XEN_SYSCTL_cpu_policy_hvm_default,
				   XEN_SYSCTL_cpu_policy_pv_default },
	};
	static struct xen_policy xen;
	struct lvl_err err;
	long rc = policy_of_xen(&xen, of_xen[which][kind == LVL_PV]);

	if (!rc)
		rc = policy_to_lvl(p, &xen, &err);
	if (rc)
		print("fail policy %d of the host: %d\n", (long)which, rc);
	else
		machine_state(p);
	return (int)rc;
}

static void tell(struct answer *a, enum lvl_severity severity,
		 enum lvl_reason reason, unsigned field, uint64_t guest,
		 uint64_t host)
{
	const char *name = field == LVL_NO_FIELD ? "-" : lvl_field_name(field);
	struct told *t;
	size_t n;

	if (a->nr == ANSWER_FINDINGS) {
		print("fail more findings than there is room for\n");
		return;
	}
	t = &a->told[a->nr++];
	memset(t, 0, sizeof(*t));
	t->severity = severity;
	t->reason = reason;
	t->guest = guest;
	t->host = host;
	for (n = 0; n < sizeof(t->field) - 1 && name[n]; n++)
		t->field[n] = name[n];
}

static void found(void *arg, const struct lvl_finding *f)
{
	tell(arg, f->severity, f->reason, f->field, f->guest, f->host);
}

/*
 * Maxima follow from the features, and fits says nothing of them; but before
 * 4.19 Xen takes no policy with larger ones than the host's.
 */
static void maxima(struct answer *a, const struct lvl_policy *guest,
		   const struct lvl_policy *host)
{
	static const uint16_t fields[] = { LVL_F_MAX_BASIC_LEAF,
					   LVL_F_MAX_SUBLEAF_7,
					   LVL_F_MAX_EXTENDED_LEAF };
	unsigned i;

	for (i = 0; i < LVL_COUNT(fields); i++) {
		uint64_t its = lvl_get(guest, fields[i]);
		uint64_t ours = lvl_get(host, fields[i]);

		if (its <= ours)
			continue;
		tell(a, LVL_FATAL, LVL_R_TOO_HIGH, fields[i], its, ours);
		a->verdict = LVL_NO;
	}
}

int verdict(struct answer *a, const struct lvl_policy *guest,
	    enum lvl_guest kind)
{
	static struct lvl_policy max, dflt, arrival, g;

	a->verdict = LVL_UNKNOWN;
	a->nr = 0;
	if (host_policy(&max, HOST_MAX, kind) ||
	    host_policy(&dflt, HOST_DEFAULT, kind))
		return -1;
	g = *guest;
	lvl_policy_normalise(&g, NULL);
	arrival = max;
	lvl_policy_normalise(&arrival, NULL);
	lvl_policy_normalise(&dflt, NULL);
	/* what the host itself states: its default, not its maximum */
	lvl_arrival(&arrival, &arrival, &dflt);
	a->verdict = lvl_fits(&g, &arrival, found, a);
	maxima(a, guest, &max);
	return 0;
}

void verdict_clamped(struct answer *a, const struct lvl_policy *guest,
		     const struct lvl_policy *now)
{
	static struct lvl_policy g, h;

	g = *guest;
	h = *now;
	lvl_policy_normalise(&g, NULL);
	lvl_policy_normalise(&h, NULL);
	a->nr = 0;
	(void)lvl_fits(&g, &h, found, a);
	a->verdict = LVL_NO;
}

void verdict_print(const struct answer *a)
{
	static const char *const says[] = { "yes", "no", "unknown" };
	uint32_t i;

	print("verdict %s findings=%d\n", says[a->verdict], (long)a->nr);
	for (i = 0; i < a->nr; i++) {
		const struct told *t = &a->told[i];

		print("finding %s %s guest=%x host=%x %s\n",
		      lvl_severity_names[t->severity], t->field, t->guest,
		      t->host, lvl_reason_text(t->reason));
	}
}
