/* SPDX-License-Identifier: MIT */
/*
 * libxenguest's policy functions on the same leaves.  They need no
 * hypervisor: the handle is a dummy.  Xen's headers are not ISO C: this file
 * alone is built as gnu11.
 */
#include "bench.h"

#include <xenctrl.h>
#include <xenguest.h>

static xc_interface *xch;
static xc_cpu_policy_t *policy;
static xen_cpuid_leaf_t in[LVL_NR_LEAVES];
static uint32_t nr_in;

/* Refused leaves are expected here, and nobody wants to hear of them. */
static int open_dummy(void)
{
	FILE *nowhere = fopen("/dev/null", "w");
	xentoollog_logger *log;

	log = (xentoollog_logger *)xtl_createlogger_stdiostream(
		nowhere ? nowhere : stderr, XTL_CRITICAL, 0);
	xch = xc_interface_open(log, log, XC_OPENFLAG_DUMMY);
	policy = xch ? xc_cpu_policy_init() : NULL;
	return policy != NULL;
}

size_t peer_begin(struct lvl_leaf *leaf, size_t nr)
{
	size_t i;

	if (!open_dummy())
		return nr;
	for (i = 0; i < nr; i++) {
		xen_cpuid_leaf_t x = {
			leaf[i].leaf,   leaf[i].subleaf, leaf[i].reg[0],
			leaf[i].reg[1], leaf[i].reg[2],  leaf[i].reg[3],
		};

		if (xc_cpu_policy_update_cpuid(xch, policy, &x, 1))
			continue;
		leaf[nr_in] = leaf[i];
		in[nr_in++] = x;
	}
	return nr_in;
}

static unsigned long leaves_in_libxenguest(struct data *d, unsigned long loops)
{
	unsigned long bad = 0;

	(void)d;
	while (loops--)
		bad += xc_cpu_policy_update_cpuid(xch, policy, in, nr_in) != 0;
	return bad;
}

/* Xen writes every leaf up to the maxima, not only those it was given. */
static uint32_t serialise(void)
{
	static xen_cpuid_leaf_t out[1024];
	static xen_msr_entry_t msr[64];
	uint32_t nr = LVL_COUNT(out), nr_msrs = LVL_COUNT(msr);

	if (xc_cpu_policy_serialise(xch, policy, out, &nr, msr, &nr_msrs))
		return 0;
	return nr;
}

static unsigned long leaves_out_libxenguest(struct data *d, unsigned long loops)
{
	unsigned long sum = 0;

	(void)d;
	while (loops--)
		sum += serialise();
	return sum;
}

static double decoded(const struct data *d)
{
	(void)d;
	return policy ? nr_in : 0;
}

static double encoded(const struct data *d)
{
	(void)d;
	return policy ? serialise() : 0;
}

const struct bench peer_encode = {
	"leaves-out-libxenguest",
	"leaf",
	encoded,
	leaves_out_libxenguest,
};
const struct bench peer_decode = {
	"leaves-in-libxenguest",
	"leaf",
	decoded,
	leaves_in_libxenguest,
};
