/* SPDX-License-Identifier: MIT */
/* The only file of the tool that uses inline assembly. */
#define _DEFAULT_SOURCE      /* syscall() */
#define _FILE_OFFSET_BITS 64 /* MSR indices exceed 31 bits */
#include "native.h"

#include <cpulevel/host.h>

#include "facts.h"
#include "format/import.h"
#include "online.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* x87's environment in the 32-bit protected format: SDM v1, figure 8-9. */
struct x87_env {
	uint32_t control, status, tags;
	uint32_t fip;
	uint16_t fcs, opcode;
	uint32_t fdp;
	uint32_t fds;
};

/* FXSAVE's image: SDM v1, table 10-2. */
struct fxsave_area {
	uint32_t head[2];
	uint32_t fip;
	uint32_t fcs;
	uint32_t fdp;
	uint32_t fds;
	uint32_t mxcsr, mxcsr_mask;
	uint32_t rest[120];
};

/* One x87 load, and what two ways of saving the state say about it. */
struct x87_trial {
	_Alignas(16) struct fxsave_area image;
	struct x87_env env;
	float operand;
};

#if defined(__x86_64__) || defined(__i386__)

static const char *not_here(void)
{
	return NULL;
}

static void cpuid(void *arg, uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	(void)arg;
	__asm__ volatile("cpuid"
			 : "=a"(reg[0]), "=b"(reg[1]), "=c"(reg[2]),
			   "=d"(reg[3])
			 : "0"(leaf), "2"(subleaf));
}

/* A load that raises nothing.  FNINIT leaves the pointers 0. */
static void x87_plain(struct x87_trial *t)
{
	t->operand = 1.0f;
	__asm__ volatile("fninit\n\t"
			 "flds %2\n\t"
			 "fxsave %0\n\t"
			 "fnstenv %1\n\t"
			 "fninit"
			 : "+m"(t->image), "=m"(t->env)
			 : "m"(t->operand)
			 : "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
			   "st(6)", "st(7)");
}

/*
 * A load of a signalling NaN with the exception unmasked.  It stays pending
 * and is cleared: only a waiting instruction would deliver it.
 */
static void x87_exception(struct x87_trial *t)
{
	static const uint16_t control = 0x37e;
	static const uint32_t nan = 0x7fa00000;

	memcpy(&t->operand, &nan, sizeof(nan));
	__asm__ volatile("fninit\n\t"
			 "fldcw %2\n\t"
			 "flds %1\n\t"
			 "fnstenv %0\n\t"
			 "fnclex\n\t"
			 "fninit"
			 : "=m"(t->env)
			 : "m"(t->operand), "m"(control)
			 : "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
			   "st(6)", "st(7)");
}

#else

static const char *not_here(void)
{
	return "not an x86 machine: it has no CPUID";
}

static void cpuid(void *arg, uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	(void)arg;
	(void)leaf;
	(void)subleaf;
	memset(reg, 0, 4 * sizeof(*reg));
}

static void x87_plain(struct x87_trial *t)
{
	memset(t, 0, sizeof(*t));
}

static void x87_exception(struct x87_trial *t)
{
	memset(t, 0, sizeof(*t));
}

#endif

#if defined(__x86_64__) && defined(SYS_arch_prctl)

enum { SET_GS = 0x1001, GET_GS = 0x1004 }; /* asm/prctl.h */

/* Does loading a null selector clear GS.base?  1, 0, or -1: not known. */
static int null_selector_once(void)
{
	const unsigned long test = 0x123456789000;
	unsigned long before, after;

	if (syscall(SYS_arch_prctl, GET_GS, &before) ||
	    syscall(SYS_arch_prctl, SET_GS, test))
		return -1;
	__asm__ volatile("mov %0, %%gs" : : "r"(0));
	if (syscall(SYS_arch_prctl, GET_GS, &after))
		after = 1;
	if (syscall(SYS_arch_prctl, SET_GS, before))
		return -1;
	if (after && after != test)
		return -1;
	return !after;
}

#else

static int null_selector_once(void)
{
	return -1;
}

#endif

/* -- one capture ---------------------------------------------------------- */

struct native {
	struct lvl_import im;
	struct probe_report *report;
	struct lvl_desc *d;      /* once it is complete */
	struct lvl_policy first; /* the first CPU, cleaned */
	struct lvl_policy other;
	unsigned cpu; /* the one that is read now */
	int msr_fd;
	unsigned msrs; /* read on it */
};

/* One more element at the end of an array; NULL: no memory. */
static void *grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1)) /* full only at powers of two */
		return array;
	return realloc(array, (nr ? 2 * nr : 1) * size);
}

static int no_memory(struct native *n)
{
	return lvl_import_fail(&n->im, LVL_E_NO_MEMORY, "out of memory");
}

static int add_refused(struct native *n, unsigned cpu, int error)
{
	struct probe_report *r = n->report;
	void *grown = grow(r->refused, r->nr_refused, sizeof(*r->refused));

	if (!grown)
		return no_memory(n);
	r->refused = grown;
	r->refused[r->nr_refused++] = (struct probe_refused){ cpu, error };
	return 0;
}

static int add_differ(struct native *n, unsigned field)
{
	struct probe_report *r = n->report;
	void *grown = grow(r->differ, r->nr_differ, sizeof(*r->differ));

	if (!grown)
		return no_memory(n);
	r->differ = grown;
	r->differ[r->nr_differ++] = (struct probe_differ){ field, n->cpu };
	return 0;
}

/* -- MSRs ----------------------------------------------------------------- */

static const char *why_not(int error)
{
	if (error == ENOENT || error == ENXIO || error == ENODEV)
		return "modprobe msr, run as root";
	if (error == EACCES || error == EPERM)
		return "run as root, where the kernel is not locked down";
	return strerror(error);
}

static int read_msr(int fd, uint32_t index, uint64_t *value)
{
	return pread(fd, value, sizeof(*value), (off_t)index) !=
	       (ssize_t)sizeof(*value);
}

/*
 * No CPU has an MSR of this index.  Where it reads, something below answers
 * every MSR (KVM's ignore_msrs), and no answer means anything.
 */
#define NO_SUCH_MSR 0x4badc0deu

static void msr_open(struct native *n)
{
	char *why = n->report->msrs;
	size_t size = sizeof(n->report->msrs);
	char path[40];
	uint64_t value;

	n->msrs = 0;
	snprintf(path, sizeof(path), "/dev/cpu/%u/msr", n->cpu);
	n->msr_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (n->msr_fd < 0) {
		if (!*why)
			snprintf(why, size, "no %s: %s", path, why_not(errno));
		return;
	}
	if (read_msr(n->msr_fd, NO_SUCH_MSR, &value))
		return;
	close(n->msr_fd);
	n->msr_fd = -1;
	if (!*why)
		snprintf(why, size,
			 "%s answers MSRs that do not exist, so "
			 "none of its answers counts",
			 path);
}

static int rdmsr(void *arg, uint32_t index, uint64_t *value)
{
	struct native *n = arg;

	if (n->msr_fd < 0 || read_msr(n->msr_fd, index, value))
		return -1;
	n->msrs++;
	return 0;
}

static void msr_close(struct native *n)
{
	if (n->msr_fd >= 0)
		close(n->msr_fd);
	n->msr_fd = -1;
	if (!n->report->nr_cpus || n->msrs < n->report->nr_msrs)
		n->report->nr_msrs = n->msrs;
}

/* -- behaviour that has no bit -------------------------------------------- */

/* A switch to another thread may lose x87's pointers; all trials cannot. */
#define TRIALS 32

static uint32_t address(const void *p)
{
	return (uint32_t)(uintptr_t)p;
}

struct x87_seen {
	int selectors;  /* FCS or FDS was not 0 */
	int code;       /* FIP was not 0: the pointers are kept at all */
	int data;       /* FDP follows every load */
	int exceptions; /* FDP follows a load that raises one */
	int saved;      /* FXSAVE stores FIP without an exception */
};

static void x87_look(struct x87_seen *s)
{
	struct x87_trial t;
	unsigned i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < TRIALS; i++) {
		memset(&t, 0, sizeof(t));
		x87_plain(&t);
		s->selectors |= t.env.fcs || (uint16_t)t.env.fds;
		s->code |= t.env.fip != 0;
		s->data |= t.env.fdp == address(&t.operand);
		s->saved |= t.env.fip && t.image.fip == t.env.fip;
		x87_exception(&t);
		s->selectors |= t.env.fcs || (uint16_t)t.env.fds;
		s->exceptions |= t.env.fdp == address(&t.operand);
	}
}

static int state(struct lvl_import *im, unsigned field, int value)
{
	return lvl_import_field(im, field, (uint32_t)value);
}

static int x87_states(struct lvl_import *im)
{
	struct x87_seen s;
	int rc = 0;

	x87_look(&s);
	if (s.code) {
		rc = state(im, LVL_F_X87_NO_FCS_FDS, !s.selectors);
		if (!rc)
			rc = state(im, LVL_F_FXSAVE_LEAKS_FIP, !s.saved);
	}
	if (!rc && (s.data || s.exceptions))
		rc = state(im, LVL_F_X87_FDP_EXCEPTIONS_ONLY, !s.data);
	return rc;
}

static int null_selector(struct lvl_import *im)
{
	int first = null_selector_once();
	unsigned i;

	for (i = 0; i < TRIALS; i++)
		if (null_selector_once() != first)
			return 0;
	if (first < 0)
		return 0;
	return state(im, LVL_F_NULL_SELECTOR_CLEARS_BASE, first);
}

int probe_behaviour(struct lvl_import *im)
{
	struct x87_trial t;
	int rc = 0;

	if (lvl_has(im->p, LVL_F_FPU) && lvl_has(im->p, LVL_F_FXSR)) {
		memset(&t, 0, sizeof(t));
		x87_plain(&t);
		rc = lvl_import_field(im, LVL_F_MXCSR_MASK, t.image.mxcsr_mask);
		if (!rc)
			rc = x87_states(im);
	}
	return rc ? rc : null_selector(im);
}

/* -- leaves that the registry does not have ------------------------------- */

#define LONGEST_RANGE 0x400u
#define LAST_SUBLEAF 63u

static int is_zero(const uint32_t reg[4])
{
	return !(reg[0] | reg[1] | reg[2] | reg[3]);
}

/* Is this the end marker of a list of sub-leaves? (SDM v2, APM v3 CPUID) */
static int ends_list(uint32_t leaf, const uint32_t reg[4])
{
	if (leaf == 0x4 || leaf == 0x8000001d)
		return !(reg[0] & 0x1f);
	if (leaf == 0xb || leaf == 0x1f || leaf == 0x80000026)
		return !(reg[2] & 0xff00);
	return 0;
}

/*
 * A leaf that does not know sub-leaves answers all of them alike: only what
 * differs from sub-leaf 0 is worth keeping.
 */
static int extra_leaf(struct native *n, uint32_t leaf)
{
	uint32_t base[4], reg[4];
	uint32_t sub;
	int rc = 0;

	cpuid(NULL, leaf, 0, base);
	if (!lvl_leaf_find(leaf, 0) && !is_zero(base))
		rc = lvl_import_leaf(&n->im, leaf, 0, base);
	if (lvl_leaf_find(leaf, 0) && !lvl_leaf_has_subleaves(leaf))
		return rc;
	for (sub = 1; !rc && sub <= LAST_SUBLEAF; sub++) {
		cpuid(NULL, leaf, sub, reg);
		if (ends_list(leaf, reg))
			break;
		if (!lvl_leaf_find(leaf, sub) && !is_zero(reg) &&
		    memcmp(reg, base, sizeof(reg)))
			rc = lvl_import_leaf(&n->im, leaf, sub, reg);
	}
	return rc;
}

/* A range is there if its first leaf names a last one within `most`. */
static int extra_range(struct native *n, uint32_t base, uint32_t most, int *is)
{
	uint32_t reg[4], leaf;
	int rc = 0;

	cpuid(NULL, base, 0, reg);
	*is = reg[0] >= base && reg[0] - base <= most;
	if (*is && reg[0] - base > LONGEST_RANGE) {
		n->report->cut = base + LONGEST_RANGE + 1;
		reg[0] = base + LONGEST_RANGE;
	}
	for (leaf = base; *is && !rc && leaf <= reg[0]; leaf++)
		rc = extra_leaf(n, leaf);
	return rc;
}

static int extra_leaves(struct native *n)
{
	static const uint32_t ranges[] = { 0, 0x80000000, 0x80860000,
					   0xc0000000 };
	uint32_t base = 0x40000000;
	int is = lvl_has(n->im.p, LVL_F_HYPERVISOR), rc = 0;
	unsigned i;

	for (i = 0; i < LVL_COUNT(ranges) && !rc; i++) {
		int any;

		rc = extra_range(n, ranges[i], 0xffff, &any);
	}
	/* interfaces of several hypervisors stand 0x100 apart */
	for (; is && !rc && base < 0x40001000; base += 0x100)
		rc = extra_range(n, base, 0xff, &is);
	return rc;
}

/* -- every CPU ------------------------------------------------------------ */

/* Bits that each logical CPU has of its own, or that identify the first. */
static int is_own(unsigned field)
{
	switch (lvl_fields[field].rule) {
	case LVL_FREE:
	case LVL_DYNAMIC:
	case LVL_PIN:
		return 1;
	default:
		return lvl_fields[field].word == LVL_NO_WORD;
	}
}

/* What this CPU says otherwise than the first, after the RAW rules. */
static int compare(struct native *n)
{
	const struct lvl_capture capture = { .bits32 = sizeof(void *) == 4 };
	unsigned i;
	int rc = 0;

	n->other = *n->im.p;
	lvl_raw_clean(&n->other, &capture, NULL);
	if (!n->report->nr_cpus) {
		n->first = n->other;
		n->report->first = n->cpu;
	}
	for (i = 0; i < LVL_NR_FIELDS && !rc; i++)
		if (!is_own(i) &&
		    (lvl_get(&n->first, i) != lvl_get(&n->other, i) ||
		     lvl_known(&n->first, i) != lvl_known(&n->other, i)))
			rc = add_differ(n, i);
	return rc;
}

static int read_cpu(struct native *n)
{
	const struct lvl_reader reader = { cpuid, rdmsr, n };
	int rc = lvl_import_cpu(&n->im);

	if (rc)
		return rc;
	msr_open(n);
	lvl_policy_scan(n->im.p, &reader);
	msr_close(n);
	rc = probe_behaviour(&n->im);
	if (!rc && !n->report->nr_cpus)
		rc = extra_leaves(n);
	if (!rc)
		rc = compare(n);
	n->report->nr_cpus++;
	return rc;
}

static int visit(void *arg, unsigned cpu, int error)
{
	struct native *n = arg;

	if (error)
		return add_refused(n, cpu, error);
	n->cpu = cpu;
	return read_cpu(n);
}

static int every_cpu(struct native *n)
{
	struct probe_report *r = n->report;
	int rc = probe_online(visit, n, &r->guessed);

	if (rc > 0)
		return lvl_import_fail(&n->im, LVL_E_IO, "affinity: %s",
				       strerror(rc));
	if (!rc && !r->nr_cpus)
		rc = lvl_import_fail(
			&n->im, LVL_E_IO, "no CPU could be entered: %s",
			strerror(r->nr_refused ? r->refused[0].error : ENODEV));
	return rc;
}

/* -- the whole ------------------------------------------------------------ */

static int keep(void *arg, struct lvl_desc *d)
{
	struct native *n = arg;

	n->d = d;
	return 0;
}

static int capture(struct native *n, const struct probe_options *o)
{
	int rc;

	if (not_here())
		return lvl_import_fail(&n->im, LVL_E_UNSUPPORTED, "%s",
				       not_here());
	if (sizeof(void *) == 4)
		lvl_import_hint(&n->im, LVL_HINT_32BIT);
	rc = every_cpu(n);
	if (!rc)
		rc = probe_facts(&n->im, o, &n->first, n->report->nr_cpus);
	return rc ? rc : lvl_import_done(&n->im);
}

int probe_native(const struct probe_options *options,
		 struct probe_report *report, struct lvl_desc **d,
		 struct lvl_ferr *err)
{
	struct native *n = calloc(1, sizeof(*n));
	int rc;

	memset(report, 0, sizeof(*report));
	if (!n) {
		err->code = LVL_E_NO_MEMORY;
		err->line = 0;
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -LVL_E_NO_MEMORY;
	}
	n->im.name = "this machine";
	n->im.err = err;
	n->im.each = keep;
	n->im.arg = n;
	n->report = report;
	n->msr_fd = -1;
	rc = capture(n, options);
	if (!rc)
		*d = n->d;
	lvl_desc_free(n->im.d);
	free(n->im.cores);
	free(n);
	return rc;
}

void probe_report_free(struct probe_report *report)
{
	free(report->refused);
	free(report->differ);
}
