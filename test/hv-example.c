/* SPDX-License-Identifier: MIT */
/* The example of doc/embedding.md, on a simulated CPU. */
#include "hv-cpu.h"

#include <cpulevel/hv.h>
#include <cpulevel/record.h>

struct my_vcpu;
int my_cpu_boots(struct lvl_cpu *cpu, int first);
int my_start(struct lvl_cpu *cpu, int first);
int my_create(struct lvl_dom *d, struct my_vcpu *v, uint32_t n,
	      const void *record, size_t len, const struct lvl_refusals *why);
int my_switch(struct lvl_cpu *cpu, const struct my_vcpu *next);
int my_cpuid(struct my_vcpu *v);

#include "embed/example.c"

static struct sim_cpu sim;
static struct lvl_cpu cpu;
static struct lvl_dom d;
static struct my_vcpu v[2];

static void test_example(void **state)
{
	uint8_t record[40] = { 0 };

	(void)state;
	sim_make(&sim, "skylake", "fpu sse sse2 fxsr lm apic x2apic");
	assert_int_equal(my_start(&cpu, 1), -LVL_E_EMPTY);
	assert_int_equal(my_cpu_boots(&cpu, 1), 0);
	assert_int_equal(my_start(&cpu, 1), 0);
	assert_int_equal(my_create(&d, v, 2, record, sizeof(record), NULL),
			 -LVL_E_MAGIC);
	assert_int_equal(my_create(&d, v, 2, NULL, 0, NULL), 0);
	v[1].rax = 1;
	v[1].rip = 0x1000;
	v[1].efer = 0x400;
	assert_int_equal(my_switch(&cpu, &v[1]), 0);
	assert_int_equal(my_cpuid(&v[1]), 0);
	assert_int_equal(v[1].rax, 0x50654);
	assert_int_equal(v[1].rbx >> 24, 2);
	assert_int_equal(v[1].rip, 0x1002);
	assert_int_equal(lvl_vcpu_fault(&v[1].lvl, 1), 0);
	v[1].cpl = 3;
	assert_int_equal(my_cpuid(&v[1]), 1);
	assert_int_equal(v[1].rip, 0x1002);
	assert_int_equal(my_switch(&cpu, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
