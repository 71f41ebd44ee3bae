/* SPDX-License-Identifier: MIT */
/*
 * Policies on vCPUs of this machine's KVM, where there is one: what it holds
 * is what a guest reads, and what it holds otherwise is told.
 */
#include "made.h"

#include <cpulevel/host.h>
#include <cpulevel/kvm.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "format/arrays.h"
#include "probe/kvm-guest.h"
#include "probe/kvm-table.h"
#include "probe/kvm.h"

static int kvm = -1;
static struct kvm_guest guest;
static struct kvm_cpuid2 *supported;

static void need_kvm(void)
{
	if (kvm >= 0)
		return;
	print_message("skipped: no /dev/kvm that can be opened\n");
	skip();
}

static int open_kvm(void **state)
{
	struct lvl_ferr err;

	(void)state;
	if (kvm_open(NULL, &kvm, &err))
		return 0;
	if (kvm_table_read(kvm, KVM_GET_SUPPORTED_CPUID, &supported, &err))
		return -1;
	return kvm_guest_open(&guest, kvm);
}

static int close_kvm(void **state)
{
	(void)state;
	kvm_guest_close(&guest);
	free(supported);
	if (kvm >= 0)
		close(kvm);
	return 0;
}

static void ask(void *arg, uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	const struct kvm_cpuid_entry2 *e =
		kvm_table_find(supported, leaf, subleaf);

	(void)arg;
	memset(reg, 0, 4 * sizeof(reg[0]));
	if (e)
		kvm_entry_get(e, reg);
}

/* What KVM says it supports, as a policy of a guest. */
static struct lvl_policy offered(void)
{
	const struct lvl_reader reader = { ask, NULL, NULL };
	struct lvl_policy p;

	lvl_policy_scan(&p, &reader);
	lvl_policy_normalise(&p, NULL);
	return p;
}

struct told {
	unsigned n;
	uint8_t field[LVL_NR_FIELDS];
};

static void note(void *arg, const struct lvl_finding *f)
{
	struct told *t = arg;

	t->n++;
	t->field[f->field] = 1;
	assert_true(f->guest != f->host);
}

static int new_vcpu(void)
{
	int fd = ioctl(guest.vm, KVM_CREATE_VCPU, guest.vcpus++);

	assert_true(fd >= 0);
	assert_int_equal(kvm_guest_start(fd), 0);
	return fd;
}

/* All leaves of the policy, as a guest of that vCPU reads them. */
static void guest_reads(int vcpu, const struct lvl_policy *p,
			const struct told *told)
{
	static struct kvm_question q[LVL_NR_LEAVES];
	static uint32_t reg[LVL_NR_LEAVES][4];
	unsigned i, k, r, n = LVL_NR_LEAVES;

	for (i = 0; i < n; i++) {
		q[i].leaf = lvl_leaves[i].leaf;
		q[i].subleaf = lvl_leaves[i].subleaf == LVL_NO_SUBLEAF
				       ? 0
				       : lvl_leaves[i].subleaf;
	}
	assert_int_equal(kvm_guest_run(&guest, vcpu, q, n, reg), 0);
	for (i = 0; i < n; i++)
		for (r = 0; r < 4; r++) {
			const struct lvl_word *w =
				&lvl_words[lvl_leaves[i].word[r]];

			for (k = w->first; k < (unsigned)w->first + w->count;
			     k++) {
				const struct lvl_field *f = &lvl_fields[k];

				if (f->rule != LVL_AND && f->rule != LVL_OR)
					continue;
				if (!lvl_known(p, k) || told->field[k])
					continue;
				if (((reg[i][r] & f->mask) != 0) !=
				    lvl_has(p, k))
					fail_msg("%s is not what KVM holds",
						 lvl_field_name(k));
			}
		}
}

/* What is told is all that a guest sees otherwise. */
static void test_install(void **state)
{
	static const uint16_t taken[] = { LVL_F_SSE4_2, LVL_F_AVX, LVL_F_AVX2,
					  LVL_F_SYSCALL, LVL_F_RDTSCP };
	struct lvl_policy p;
	struct told told;
	unsigned i;
	int vcpu, rc;

	(void)state;
	need_kvm();
	for (i = 0; i <= LVL_COUNT(taken); i++) {
		p = offered();
		if (i)
			lvl_set(&p, taken[i - 1], 0);
		memset(&told, 0, sizeof(told));
		vcpu = new_vcpu();
		rc = lvl_kvm_install(kvm, vcpu, &p, NULL, 0, note, &told);
		assert_int_equal(rc, told.n ? -LVL_E_CONFLICT : 0);
		guest_reads(vcpu, &p, &told);
		close(vcpu);
	}
}

/* By the measurement: does KVM show another bit than the policy has? */
static int is_otherwise(const struct lvl_measured *m,
			const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned w = f->word;

	return ((m->pinned[w] & ~p->v[w]) | (m->never[w] & p->v[w])) &
	       m->done[w] & p->k[w] & f->mask;
}

/* A bit that was measured, of a leaf that a vCPU is given. */
static int was_measured(const struct lvl_measured *m,
			const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	const struct lvl_leaf_words *l;

	if (f->word == LVL_NO_WORD || f->width != 1 ||
	    (f->rule != LVL_AND && f->rule != LVL_OR) ||
	    lvl_words[f->word].place > LVL_PLACE_EDX ||
	    !(m->done[f->word] & f->mask))
		return 0;
	l = lvl_leaf_find(lvl_words[f->word].id, lvl_words[f->word].subleaf);
	return lvl_leaf_in_range(p, l) && !lvl_leaf_is_topology(l);
}

/* What is pinned, one register at a time, is what a policy does not get. */
static void test_predicted(void **state)
{
	static struct probe_measure m;
	struct lvl_policy p;
	struct lvl_ferr err;
	struct told told;
	unsigned i, round, field;
	int vcpu;

	(void)state;
	need_kvm();
	assert_int_equal(probe_kvm_measure(NULL, &m, &err), 0);
	for (round = 0; round < 3; round++) {
		p = offered();
		/* all of it; without every third feature; without any */
		for (i = 0; i < LVL_NR_FIELDS; i++)
			if (round && i % 3 >= 2 - round &&
			    was_measured(&m.is, &p, i))
				lvl_set(&p, i, 0);
		memset(&told, 0, sizeof(told));
		vcpu = new_vcpu();
		(void)lvl_kvm_install(kvm, vcpu, &p, NULL, 0, note, &told);
		close(vcpu);
		for (field = 0; field < LVL_NR_FIELDS; field++)
			if (was_measured(&m.is, &p, field) &&
			    told.field[field] !=
				    (is_otherwise(&m.is, &p, field) != 0))
				fail_msg("%s: round %u: measured %d, told %u",
					 lvl_field_name(field), round,
					 is_otherwise(&m.is, &p, field) != 0,
					 told.field[field]);
	}
}

/* The vendor is a program's to say, on every KVM. */
static void test_vendor(void **state)
{
	struct kvm_question q = { 0, 0 };
	struct lvl_policy p;
	struct told told;
	uint32_t reg[1][4];
	int vcpu;

	(void)state;
	need_kvm();
	p = offered();
	lvl_policy_set_vendor(&p, LVL_VENDOR_CENTAUR);
	memset(&told, 0, sizeof(told));
	vcpu = new_vcpu();
	(void)lvl_kvm_install(kvm, vcpu, &p, NULL, 0, note, &told);
	assert_false(told.field[LVL_F_VENDOR_0]);
	assert_int_equal(kvm_guest_run(&guest, vcpu, &q, 1, reg), 0);
	assert_int_equal(lvl_vendor_lookup(reg[0][1], reg[0][2], reg[0][3]),
			 LVL_VENDOR_CENTAUR);
	close(vcpu);
}

/* A vCPU that has run keeps what it has; nothing is claimed of it. */
static void test_too_late(void **state)
{
	struct kvm_question q = { 0, 0 };
	struct lvl_policy p;
	uint32_t reg[1][4];
	int vcpu, rc;

	(void)state;
	need_kvm();
	p = offered();
	vcpu = new_vcpu();
	(void)lvl_kvm_install(kvm, vcpu, &p, NULL, 0, NULL, NULL);
	assert_int_equal(kvm_guest_run(&guest, vcpu, &q, 1, reg), 0);
	lvl_policy_set_vendor(&p, LVL_VENDOR_CENTAUR);
	rc = lvl_kvm_install(kvm, vcpu, &p, NULL, 0, NULL, NULL);
	assert_true(rc == -LVL_E_STATE || rc == -LVL_E_CONFLICT);
	close(vcpu);
}

/* What is no KVM is not taken for one. */
static void test_no_kvm(void **state)
{
	struct lvl_policy p;
	int null = open("/dev/null", O_RDWR);

	(void)state;
	lvl_policy_zero(&p);
	assert_true(null >= 0);
	assert_int_equal(lvl_kvm_install(null, null, &p, NULL, 0, NULL, NULL),
			 -LVL_E_STATE);
	assert_int_equal(lvl_kvm_prepare(null), -LVL_E_UNSUPPORTED);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_install),
		cmocka_unit_test(test_predicted),
		cmocka_unit_test(test_vendor),
		cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_no_kvm),
	};

	return cmocka_run_group_tests_name("kvm", tests, open_kvm, close_kvm);
}
