/* All that a small hypervisor does with cpulevel. */
#include <cpulevel/hv.h>

struct my_vcpu {
	struct lvl_vcpu lvl;
	uint64_t rax, rbx, rcx, rdx, rip, efer;
	unsigned cpl;
};

static struct lvl_hv machine;

/* Boot: each CPU in turn, the first one first; then my_start() on each. */
int my_cpu_boots(struct lvl_cpu *cpu, int first)
{
	if (first)
		lvl_hv_init(&machine, &lvl_platforms[0], NULL);
	return lvl_cpu_up(&machine, cpu, 0, NULL, NULL);
}

int my_start(struct lvl_cpu *cpu, int first)
{
	int rc = first ? lvl_hv_ready(&machine, NULL) : 0;

	return rc ? rc : lvl_cpu_start(&machine, cpu);
}

/* A domain with n vCPUs, new or arriving with its record; why not: to why. */
int my_create(struct lvl_dom *d, struct my_vcpu *v, uint32_t n,
	      const void *record, size_t len, const struct lvl_refusals *why)
{
	int rc = lvl_dom_init(d, &machine, LVL_HVM, NULL, 0, why);

	if (!rc && record)
		rc = lvl_dom_load(d, record, len, 0, why);
	if (!rc)
		rc = lvl_dom_start(d);
	while (!rc && n--)
		rc = lvl_vcpu_init(&v[n].lvl, d, n);
	return rc;
}

/* Before a vCPU runs here; NULL: the CPU idles. */
int my_switch(struct lvl_cpu *cpu, const struct my_vcpu *next)
{
	return lvl_switch(cpu, next ? &next->lvl : NULL);
}

/* The guest executed CPUID.  1: inject #GP(0). */
int my_cpuid(struct my_vcpu *v)
{
	uint32_t reg[4];

	v->lvl.mode = (v->cpl ? LVL_MODE_USER : 0) |
		      (v->efer & 0x400 ? LVL_MODE_LONG : 0);
	if (lvl_answer(&v->lvl, (uint32_t)v->rax, (uint32_t)v->rcx, reg))
		return 1;
	v->rax = reg[0], v->rbx = reg[1], v->rcx = reg[2], v->rdx = reg[3];
	v->rip += 2;
	return 0;
}
