/* SPDX-License-Identifier: MIT */
/*
 * Hostile bytes into the forms of Xen and its toolstacks: leaf and MSR
 * arrays, featureset strings, policy strings.  The first byte says which.
 *
 * Properties: a failure leaves the policy alone; what was read can be written
 * and read again to the same policy.
 */
#include <cpulevel/xen.h>

#include <stdio.h>
#include <stdlib.h>

static void demand(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "property violated: %s\n", what);
	abort();
}

static int same(const struct lvl_policy *a, const struct lvl_policy *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Half of it known, so that "keeps its value" can be told from "cleared". */
static void before(struct lvl_policy *p)
{
	unsigned i;

	lvl_policy_clear(p);
	for (i = 0; i < LVL_NR_WORDS; i += 2) {
		p->v[i] = 0x5a5a5a5au;
		p->k[i] = 0xffffffffu;
	}
}

static void leaves(const uint8_t *data, size_t len)
{
	size_t nr = len / sizeof(struct lvl_leaf), count = 0;
	struct lvl_leaf *in = calloc(nr + 1, sizeof(*in));
	struct lvl_leaf out[LVL_NR_LEAVES];
	struct lvl_policy p, old, back;
	struct lvl_err err = { 0 };
	int rc;

	demand(in != NULL, "memory");
	memcpy(in, data, nr * sizeof(*in));
	before(&p);
	old = p;
	rc = lvl_xen_leaves_in(&p, in, nr, &err);
	demand(!rc || same(&p, &old), "a failure leaves the policy alone");
	demand(!rc || err.code == -rc, "the error is described");
	lvl_policy_clear(&p);
	rc = lvl_xen_leaves_in(&p, in, nr, NULL);
	free(in);
	if (rc)
		return;
	count = LVL_COUNT(out);
	demand(!lvl_xen_leaves_out(&p, out, &count), "leaves can be written");
	lvl_policy_clear(&back);
	demand(!lvl_xen_leaves_in(&back, out, count, NULL), "and read");
	demand(same(&p, &back), "the same leaves");
}

static void msrs(const uint8_t *data, size_t len)
{
	size_t nr = len / sizeof(struct lvl_msr), count = 0;
	struct lvl_msr *in = calloc(nr + 1, sizeof(*in));
	struct lvl_msr out[LVL_NR_MSRS];
	struct lvl_policy p, old, back;
	struct lvl_err err = { 0 };
	int rc;

	demand(in != NULL, "memory");
	memcpy(in, data, nr * sizeof(*in));
	before(&p);
	old = p;
	rc = lvl_xen_msrs_in(&p, in, nr, &err);
	demand(!rc || same(&p, &old), "a failure leaves the policy alone");
	demand(!rc || err.code == -rc, "the error is described");
	lvl_policy_clear(&p);
	rc = lvl_xen_msrs_in(&p, in, nr, NULL);
	free(in);
	if (rc)
		return;
	count = LVL_COUNT(out);
	demand(!lvl_xen_msrs_out(&p, out, &count), "MSRs can be written");
	lvl_policy_clear(&back);
	demand(!lvl_xen_msrs_in(&back, out, count, NULL), "and read");
	demand(same(&p, &back), "the same MSRs");
}

static void featureset(const char *s, size_t len)
{
	char out[9 * LVL_NR_XEN_WORDS + 9];
	size_t room = sizeof(out);
	struct lvl_policy p, old, back;

	lvl_policy_clear(&p);
	old = p;
	if (lvl_featureset_parse(&p, s, len)) {
		demand(same(&p, &old), "a failure leaves the policy alone");
		return;
	}
	if (same(&p, &old)) /* an empty string: nothing to print */
		return;
	demand(!lvl_featureset_print(&p, '-', out, &room), "can be printed");
	lvl_policy_clear(&back);
	demand(!lvl_featureset_parse(&back, out, room), "and parsed");
	demand(same(&p, &back), "the same words");
}

static void policy_string(const char *s, size_t len)
{
	static struct lvl_policy dflt, host;
	struct lvl_policy p, old;
	size_t at = 0;

	lvl_policy_zero(&dflt);
	before(&host);
	before(&p);
	old = p;
	if (!lvl_xl_apply(&p, s, len, &dflt, &host, &at))
		return;
	demand(same(&p, &old), "a failure leaves the policy alone");
	demand(at <= len, "the place is in the string");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	switch (data[0] % 4) {
	case 0:
		leaves(data + 1, len - 1);
		break;
	case 1:
		msrs(data + 1, len - 1);
		break;
	case 2:
		featureset((const char *)data + 1, len - 1);
		break;
	default:
		policy_string((const char *)data + 1, len - 1);
		break;
	}
	return 0;
}
