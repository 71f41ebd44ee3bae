/* SPDX-License-Identifier: MIT */
/*
 * Hostile bytes into a hypervisor: what a toolstack, a stream or a guest gives
 * it.  The first byte says what they are.
 *
 * Properties: what is refused changes nothing and says why; a policy that is
 * taken can be given again, and is the same then; what was given is what is
 * answered; every CPUID has an answer.
 */
#include <cpulevel/hv.h>
#include <cpulevel/xen.h>

#include <stdio.h>
#include <stdlib.h>

static struct lvl_hv hv;
static struct lvl_cpu cpu;
static struct lvl_dom fresh, d, was;

static void demand(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "property violated: %s\n", what);
	abort();
}

/* -- a CPU that has everything, and faults --------------------------------- */

static uint64_t enabled;

int lvl_hook_rdmsr(uint32_t msr, uint64_t *value)
{
	*value = msr == 0xce ? 0x80000000 : enabled;
	return msr != 0xce && msr != 0x140;
}

int lvl_hook_wrmsr(uint32_t msr, uint64_t value)
{
	enabled = value;
	return msr != 0x140;
}

void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	(void)subleaf;
	memset(reg, 0, 4 * sizeof(*reg));
	if (leaf == 0 || leaf == 0x80000000)
		reg[0] = leaf ? 0x80000008 : 0x16;
	if (!leaf) {
		reg[1] = 0x756e6547;
		reg[2] = 0x6c65746e;
		reg[3] = 0x49656e69;
	}
	if (leaf == 1) {
		reg[0] = 0x50654;
		reg[2] = reg[3] = 0x7ffefbff;
	}
	if (leaf == 7 && !subleaf)
		reg[1] = 0x219c27ab;
	if (leaf == 0x80000001) {
		reg[2] = 0x121;
		reg[3] = 0x2c100800;
	}
	if (leaf == 0x80000008)
		reg[0] = 0x302e;
}

static void make(void)
{
	static const struct lvl_trial trial = { .mxcsr_mask = 0xffff };

	lvl_hv_init(&hv, lvl_platform_find("xen-4.17", 8), NULL);
	demand(!lvl_cpu_up(&hv, &cpu, 0, &trial, NULL), "the CPU comes up");
	demand(!lvl_hv_ready(&hv, NULL), "the machine is ready");
	demand(!lvl_dom_init(&fresh, &hv, LVL_HVM, NULL, 0, NULL), "a domain");
}

/* -- what is given --------------------------------------------------------- */

static unsigned reasons;

static void count(void *arg, const struct lvl_refusal *why)
{
	(void)arg;
	demand(why->at.code > 0 && why->at.code < LVL_NR_ERRORS, "a code");
	reasons++;
}
static const struct lvl_refusals why = { count, NULL };

/* The same once more is taken, and changes nothing. */
static void again(void)
{
	static struct lvl_leaf leaf[LVL_NR_LEAVES];
	static struct lvl_msr msr[LVL_NR_MSRS];
	size_t nl = LVL_NR_LEAVES, nm = LVL_NR_MSRS;

	was = d;
	demand(!lvl_dom_get(&d, leaf, &nl, msr, &nm), "can be got");
	demand(!lvl_dom_set(&d, leaf, nl, msr, nm, LVL_SET_UNSURE, &why),
	       "can be set");
	demand(!memcmp(&was, &d, sizeof(d)), "the same");
}

static void judge(int rc)
{
	if (!rc) {
		again();
		return;
	}
	demand(!memcmp(&d, &fresh, sizeof(d)), "refused, and changed");
	demand(reasons || rc == -LVL_E_TRUNCATED || rc == -LVL_E_VERSION,
	       "refused without a reason");
}

static void stream(const uint8_t *data, size_t len, unsigned flags)
{
	struct lvl_stream s;
	size_t half = len / 2;

	lvl_stream_init(&s, 4, len & 1 ? 17 : 13);
	(void)lvl_stream_add(&s, LVL_STREAM_CPUID, data, half / 24 * 24);
	(void)lvl_stream_add(&s, LVL_STREAM_MSR, data + half,
			     (len - half) / 16 * 16);
	judge(lvl_dom_arrive(&d, &s, flags, &why));
}

/* Some of the default, other than it was. */
static void delta(const uint8_t *data, size_t len, unsigned flags)
{
	static struct lvl_leaf leaf[LVL_NR_LEAVES];
	size_t nl = LVL_NR_LEAVES, nm = 0, i;

	(void)lvl_xen_leaves_out(&fresh.p, leaf, &nl);
	for (i = 0; i + 2 < len; i += 3)
		leaf[data[i] % nl].reg[data[i + 1] & 3] ^=
			(uint32_t)data[i + 2] << (data[i + 1] >> 2 & 24);
	judge(lvl_dom_set(&d, leaf, nl, NULL, nm, flags, &why));
}

static void options(const uint8_t *data, size_t len)
{
	struct lvl_params p, before;
	size_t n = 0;

	lvl_params_init(&p);
	before = p;
	while (n < len && data[n] != '=')
		n++;
	if (lvl_param(&p, (const char *)data, n,
		      (const char *)data + n + (n < len), len - n - (n < len)))
		demand(!memcmp(&p, &before, sizeof(p)), "refused, and changed");
}

static void ask(const uint8_t *data, size_t len)
{
	uint32_t reg[4], at[2];
	struct lvl_vcpu v;
	size_t i;

	demand(!lvl_dom_start(&d) && !lvl_vcpu_init(&v, &d, 3), "a vCPU");
	for (i = 0; i + 9 <= len; i += 9) {
		memcpy(at, data + i, sizeof(at));
		v.mode = data[i + 8];
		v.xcr0 = at[1];
		lvl_vcpu_cr4(&v, at[0]);
		demand(!lvl_answer(&v, at[0], at[1], reg), "an answer");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!hv.made)
		make();
	if (!len)
		return 0;
	d = fresh;
	reasons = 0;
	switch (*data % 5) {
	case 0:
		stream(data + 1, len - 1, *data >> 4 & 3);
		break;
	case 1:
		judge(lvl_dom_load(&d, data + 1, len - 1, *data >> 4 & 3,
				   &why));
		break;
	case 2:
		delta(data + 1, len - 1, *data >> 4 & 3);
		break;
	case 3:
		options(data + 1, len - 1);
		break;
	default:
		ask(data + 1, len - 1);
	}
	return 0;
}
