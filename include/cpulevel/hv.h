/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/hv.h: the hypervisor's side: what this machine can control, the
 * policy of each domain, and what its vCPUs see.
 *
 * For hypervisors that compile hv/ in (hv/Makefile.cpulevel); no part of the
 * shared library.  Freestanding, no allocation: every structure is yours,
 * and must stay where it is while it is in use.  doc/embedding.md has the
 * locking rules and a worked example.  In short:
 *
 *	at boot, once	lvl_params_init(), lvl_param() for each option,
 *			lvl_hv_init()
 *	on each CPU	lvl_cpu_up()
 *	once		lvl_hv_ready(); then on each CPU lvl_cpu_start()
 *	a domain	lvl_dom_init(), lvl_dom_set() ..., lvl_dom_start()
 *	its vCPUs	lvl_vcpu_init(); lvl_vcpu_cr4() as CR4 changes
 *	running		lvl_switch(cpu, vcpu) before it runs, lvl_answer() when
 *			CPUID traps
 *
 * A call that fails changes nothing, and every reason goes to the caller's
 * callback.
 */
#ifndef CPULEVEL_HV_H
#define CPULEVEL_HV_H

#include <cpulevel/caps.h>
#include <cpulevel/check.h>
#include <cpulevel/derive.h>
#include <cpulevel/hooks.h>
#include <cpulevel/host.h>
#include <cpulevel/params.h>
#include <cpulevel/topology.h>

LVL_BEGIN

/* -- refusals -------------------------------------------------------------- */

/*
 * Why something was refused, one reason a call.  at: the code, and the leaf,
 * MSR or field it is about (~0 where none).  LVL_E_INVALID comes with the
 * finding of a rule (check.h); finding is NULL with the other codes.
 */
struct lvl_refusal {
	struct lvl_err at;
	const struct lvl_finding *finding;
};
typedef void lvl_refusal_fn(void *arg, const struct lvl_refusal *why);

/* Where reasons go; each may be NULL.  A NULL pointer to one is the same. */
struct lvl_refusals {
	lvl_refusal_fn *each;
	void *arg;
};

/* -- the machine ----------------------------------------------------------- */

/*
 * What a switch may have to write: faulting or 1cd; e1cd; Da1 (Intel) or 7ab0
 * (AMD); 6c.
 */
#define LVL_NR_SLOTS 4

/* Where a leaf is in lvl_leaves[]: sub-leaves 0 to count - 1 from first. */
struct lvl_leaf_place {
	uint8_t first, count; /* count 0: not there */
	uint8_t any;          /* 1: the leaf ignores the sub-leaf */
	uint8_t live;         /* some of it is filled in when answered */
};
#define LVL_NR_PLACES 256 /* 64 leaves from each quarter of the numbers */

/*
 * All of the machine.  Written by lvl_hv_init(), lvl_cpu_up() and
 * lvl_hv_ready() alone, and read by everything else.  94 KB.  Yours to
 * read: is, raw, host, max, dflt, arrival.
 */
struct lvl_hv {
	/* what CPUID answers by, first: the hot ones */
	struct lvl_leaf_place place[LVL_NR_PLACES];
	uint64_t idle[LVL_NR_SLOTS];     /* masks while no PV guest runs */
	uint64_t fault[2][LVL_NR_SLOTS]; /* faulting off and on */

	const struct lvl_platform *platform;
	struct lvl_params params;
	uint8_t ready;    /* 1: lvl_hv_ready() was called */
	uint8_t made;     /* 1: the policies below are there */
	uint8_t faulting; /* 1: CPUID faults; masks are not used then */

	/* what all CPUs were found to have; again: since lvl_hv_restart() */
	struct lvl_found {
		struct lvl_caps caps;
		uint32_t expected, found; /* as in struct lvl_cpu */
	} is, again;
	uint64_t bound[LVL_NR_LCAPS]; /* the idle masks, by capability */

	struct lvl_cores cores;      /* of the CPUs so far */
	struct lvl_policy raw, host; /* host.h; the parameters lower host */
	struct lvl_policy max[LVL_NR_GUESTS], dflt[LVL_NR_GUESTS];
	struct lvl_policy arrival[LVL_NR_GUESTS]; /* what is compared with */
	struct lvl_policy work[3]; /* of lvl_cpu_up() and lvl_hv_ready() */
};

/*
 * One logical CPU.  Only its own CPU uses it after lvl_cpu_up().  expected
 * and found: 1 << enum lvl_lcap, by the tables and by trying; expected &
 * ~found is what is missing (usual in a virtual machine).
 */
struct lvl_cpu {
	uint64_t now[LVL_NR_SLOTS]; /* what its MSRs hold */
	const uint64_t *idle;       /* to load while no guest runs */
	uint64_t base, bits;        /* of slot 0: base | want & bits */
	uint32_t msr[LVL_NR_SLOTS]; /* 0: there is none */
	uint32_t expected, found;
	uint64_t boot[LVL_NR_SLOTS]; /* what the MSRs held at first */
	const struct lvl_hv *hv;     /* NULL: it must not run guests */
};

/* Start; platform: derive.h.  params may be NULL. */
void lvl_hv_init(struct lvl_hv *hv, const struct lvl_platform *platform,
		 const struct lvl_params *params);

/*
 * What hv cannot find out by itself; what is 0 or NULL is not known then.
 * faults: a function of yours that runs CPUID at CPL 3 on this CPU and says
 * whether it raised #GP.  The enumerating bit of faulting is not trusted: its
 * switch must turn and read back, and CPUID must fault, and stop to.
 */
typedef int lvl_faults_fn(void *arg);
struct lvl_trial {
	lvl_faults_fn *faults;
	void *arg;
	uint32_t mxcsr_mask; /* FXSAVE's; 0xffbf if that is 0 (SDM v1 10.5.1) */
	uint32_t tsc_khz;    /* as calibrated */
};

/*
 * Look at the CPU that runs this: CPUID, MSRs, which masks can be read and
 * written back, whether faulting works.  One CPU at a time.  trial may be
 * NULL.
 *
 * Before lvl_hv_ready() the machine becomes what its CPUs have in common.
 * After it, a CPU must be able to run every guest that the machine may have:
 * -LVL_E_CONFLICT if it lacks anything of the host policy (each finding goes
 * to why: guest is the machine, host this CPU), or masks or faulting that the
 * others have (at.msr).  Do not let it run guests then.
 *
 * The same call checks a CPU again, after a microcode update or resume
 * (features never shrink under us): its masks are set to what they held at
 * first while it is read, and lvl_cpu_start() is due again.  A CPU that gained
 * something is as before to the guests; see lvl_hv_restart().  again: 1 if cpu
 * was up before.
 *
 * -LVL_E_VENDOR: the CPU is of no known vendor, or of another one.  -LVL_E_IO:
 * its masks could not be set back.
 */
int lvl_cpu_up(struct lvl_hv *hv, struct lvl_cpu *cpu, int again,
	       const struct lvl_trial *trial, const struct lvl_refusals *why);

/*
 * The CPU that runs this takes up its work, once the machine is ready: the
 * masks of the idle domain are loaded.  -LVL_E_STATE: the machine is not
 * ready, or this CPU was refused; -LVL_E_IO: it refuses a write.
 */
int lvl_cpu_start(struct lvl_hv *hv, struct lvl_cpu *cpu);

/*
 * All CPUs are up: make the policies, and the masks of the idle domain.
 * -LVL_E_EMPTY: there is no CPU.  -LVL_E_VENDOR: cpuid_mask_cpu= of a vendor
 * that this is not.  After lvl_hv_restart() -LVL_E_CONFLICT, if the machine
 * has less than before, with each finding; it goes on as it was before.
 */
int lvl_hv_ready(struct lvl_hv *hv, const struct lvl_refusals *why);

/*
 * Read all CPUs anew, because a microcode update gave them more: afterwards
 * call lvl_cpu_up() again on each, lvl_hv_ready(), and lvl_cpu_start() on
 * each.  Domains that exist keep what they have, and what guests are controlled
 * with stays; in between no domain can be made and none may run.
 */
void lvl_hv_restart(struct lvl_hv *hv);

/* -- domains --------------------------------------------------------------- */

/*
 * Bits of lvl_dom_init()'s flags.  NO_FAULTING: a PV guest that runs CPUID
 * natively (Xen's dom0=no-cpuid-faulting).  HARDWARE: a PV guest whose kernel
 * sees MONITOR, EIST and MTRR of the host (Xen's dom0).  BEYOND_VENDOR: leaves
 * beyond the last one answer as the policy's vendor does, Intel's with the last
 * basic leaf (SDM v2 CPUID), and not with zeros.
 */
#define LVL_DOM_NO_FAULTING 0x01u
#define LVL_DOM_HARDWARE 0x02u
#define LVL_DOM_BEYOND_VENDOR 0x04u

/* An XSAVE component, for the live sizes. */
struct lvl_component {
	uint16_t size, end; /* in bytes; where it ends in the standard format */
	uint16_t align;     /* of the compacted format: 63 or 0 */
};
#define LVL_NR_COMPONENTS 32

/* What a leaf answers, as one piece. */
struct lvl_row {
	uint32_t reg[4]; /* eax, ebx, ecx, edx */
};
#define LVL_NO_ROW LVL_NR_LEAVES /* zeros */

enum lvl_dom_state { LVL_DOM_MADE = 1, LVL_DOM_STARTED };

/*
 * A domain.  Changed by one CPU at a time until lvl_dom_start(), and by
 * nobody afterwards.  About 8 KB.  Yours to read: kind, state, p.
 */
struct lvl_dom {
	const struct lvl_hv *hv;
	const struct lvl_leaf_place *place; /* of hv */
	uint8_t kind;                       /* enum lvl_guest */
	uint8_t state, flags;
	uint8_t live_sizes;        /* 1: it has XSAVE, 2: compacted too */
	uint8_t repeats_last;      /* CPUID beyond the maxima, on Intel */
	uint8_t hides_syscall;     /* outside of 64-bit mode, on Intel */
	uint32_t leak_1c, leak_1d; /* what a hardware domain's kernel sees */
	uint64_t mask[2][LVL_NR_SLOTS]; /* CR4.OSXSAVE clear, and set */
	struct lvl_component component[LVL_NR_COMPONENTS];
	struct lvl_topology topology;
	struct lvl_domain config;
	struct lvl_row row[LVL_NR_LEAVES + 1]; /* the leaves of p */
	struct lvl_policy p; /* exactly what it sees; CPUID all known */
};

/*
 * A domain with the default policy of its kind; config (derive.h) says what
 * more it is given, NULL: nothing.  -LVL_E_STATE before lvl_hv_ready().
 * -LVL_E_UNSUPPORTED: the platform runs no such guests.  -LVL_E_INVALID: no
 * such guest can be had here, with the findings.
 */
int lvl_dom_init(struct lvl_dom *d, const struct lvl_hv *hv,
		 enum lvl_guest kind, const struct lvl_domain *config,
		 unsigned flags, const struct lvl_refusals *why);

/* How lvl_dom_set() and its like take a policy. */
#define LVL_SET_FULL 0u   /* not given: a leaf is 0, an MSR is not there */
#define LVL_SET_DELTA 1u  /* not given: as it is */
#define LVL_SET_UNSURE 2u /* also if only unknown bits of the host oppose */

/*
 * Give the domain a policy: leaves and MSRs, in any order (the layouts of
 * Xen's set_cpu_policy hypercall).  Either exactly as asked, or refused with
 * every reason and nothing changed:
 *
 *	LVL_E_UNKNOWN_LEAF, LVL_E_UNKNOWN_MSR   none that the registry has;
 *		all zero is not asking for anything
 *	LVL_E_DUPLICATE, LVL_E_FLAGS
 *	LVL_E_RANGE    data beyond the guest's own maximum leaf or sub-leaf,
 *		or in a field that is live (OSXSAVE, an APIC id)
 *	LVL_E_UNSUPPORTED  nested virtualisation, counters, an invariant TSC,
 *		long mode of a 32-bit guest: lvl_dom_init() was told otherwise
 *	LVL_E_INVALID  with a finding: not valid by itself (lvl_valid()), or
 *		not within the maximum of its kind on this machine (lvl_fits())
 *
 * Returns the first one's code, -LVL_E_STATE once the domain has started.
 */
int lvl_dom_set(struct lvl_dom *d, const struct lvl_leaf *leaf, size_t nr_leaf,
		const struct lvl_msr *msr, size_t nr_msr, unsigned flags,
		const struct lvl_refusals *why);

/* The same for a whole policy; what it does not know it does not give. */
int lvl_dom_set_policy(struct lvl_dom *d, const struct lvl_policy *p,
		       unsigned flags, const struct lvl_refusals *why);

/*
 * Number the vCPUs: lvl_topology_set() (topology.h has the errors), then as
 * lvl_dom_set_policy().  Without it vCPU n has the APIC id 2 n, as in Xen.
 */
int lvl_dom_topology(struct lvl_dom *d, const struct lvl_topology *t,
		     const struct lvl_refusals *why);

/*
 * What the guest will see, but for live state: LVL_NR_LEAVES and LVL_NR_MSRS
 * elements are always enough.  As lvl_xen_leaves_out() and lvl_xen_msrs_out()
 * (xen.h); -LVL_E_NOBUFS, both arrays are then untouched.
 */
int lvl_dom_get(const struct lvl_dom *d, struct lvl_leaf *leaf, size_t *nr_leaf,
		struct lvl_msr *msr, size_t *nr_msr);

/* What a PV guest will see otherwise, natively: lvl_reach() (caps.h). */
enum lvl_verdict lvl_dom_leaks(const struct lvl_dom *d, lvl_unreached_fn *each,
			       void *arg);

/* The policy is closed; vCPUs may be made.  -LVL_E_STATE: it was before. */
int lvl_dom_start(struct lvl_dom *d);

/*
 * An MSR of the policy, for RDMSR.  -LVL_E_UNKNOWN_MSR: it is none of the
 * policy's, or its CPUID does not announce it: #GP.
 */
int lvl_dom_msr(const struct lvl_dom *d, uint32_t index, uint64_t *value);

/* -- vCPUs ----------------------------------------------------------------- */

/* Bits of mode: how the vCPU is when CPUID is answered. */
#define LVL_MODE_USER 0x01u     /* CPL > 0; PV: not the guest's kernel */
#define LVL_MODE_LONG 0x02u     /* EFER.LMA */
#define LVL_MODE_APIC_OFF 0x04u /* HVM: APIC_BASE[11] is clear */
#define LVL_MODE_FORCED 0x08u   /* PV: by the forced emulation prefix */
#define LVL_MODE_FAULTED 0x10u  /* PV: by #GP */

/*
 * A vCPU.  Used by the CPU that runs it.  Yours to write before lvl_answer():
 * xcr0, xss and mode.
 */
struct lvl_vcpu {
	const uint64_t *want; /* for lvl_switch() */
	const struct lvl_dom *dom;
	uint64_t xcr0, xss;
	uint32_t cr4, mode;
	uint32_t id, apic_id;
	uint8_t fault; /* the guest has turned CPUID faulting on */
};

/* The state after reset.  -LVL_E_STATE: the domain has not started. */
int lvl_vcpu_init(struct lvl_vcpu *v, const struct lvl_dom *d, uint32_t id);

/* CR4 changed.  On a CPU that the vCPU runs on lvl_switch() is due. */
void lvl_vcpu_cr4(struct lvl_vcpu *v, uint32_t cr4);

/*
 * The guest turns CPUID faulting on or off: MSR 0x140[0], HWCR[35].  lvl_switch
 * () is due.  -LVL_E_UNSUPPORTED: its policy has neither: #GP.
 */
int lvl_vcpu_fault(struct lvl_vcpu *v, int on);

/* -- the switch ------------------------------------------------------------ */

/* Write a slot if it differs; the shadow changes only if the CPU took it. */
static inline int lvl_slot_(struct lvl_cpu *cpu, unsigned i, uint64_t want)
{
	if (want == cpu->now[i])
		return 0;
	if (lvl_hook_wrmsr(cpu->msr[i],
			   i ? want : cpu->base | (want & cpu->bits)))
		return -LVL_E_IO;
	cpu->now[i] = want;
	return 0;
}

/*
 * Before next runs on this CPU; NULL: the idle domain, or none.  Compares and
 * writes; no MSR is read, none is written that holds its value.  -LVL_E_IO:
 * the CPU refused a write that it took before: next must not run.
 */
static inline int lvl_switch(struct lvl_cpu *cpu, const struct lvl_vcpu *next)
{
	const uint64_t *want = next ? next->want : cpu->idle;
	int rc;

	rc = lvl_slot_(cpu, 0, want[0]);
	rc |= lvl_slot_(cpu, 1, want[1]);
	rc |= lvl_slot_(cpu, 2, want[2]);
	rc |= lvl_slot_(cpu, 3, want[3]);
	return rc;
}

/*
 * The embedder changed the MSR that switches faulting (AMD's HWCR, Intel's
 * 0x140) and all but that bit of it is `value` now.
 */
void lvl_cpu_fault_msr(struct lvl_cpu *cpu, uint64_t value);

/* -- the answer ------------------------------------------------------------ */

/*
 * CPUID for a vCPU that exited, faulted or used the forced emulation prefix.
 * 0: reg is eax, ebx, ecx, edx.  1: the guest has turned faulting on and is
 * outside of its kernel: inject #GP(0); reg is untouched.
 *
 * Leaves from 0x40000000 are the policy's here; a hypervisor with its own
 * answers them before.
 */
int lvl_answer(const struct lvl_vcpu *v, uint32_t leaf, uint32_t subleaf,
	       uint32_t reg[4]);

/*
 * Is it the forced emulation of CPUID (ud2a; "xen"; cpuid) that raised #UD at
 * this address?  fetch copies up to n bytes of the guest's code and returns
 * how many it could; a page that the instruction does not reach is not
 * touched.  1: it is; skip LVL_FORCED_LEN bytes after answering.  0: it is
 * not.  -LVL_E_IO: it might be, but *fault cannot be read: inject #PF there.
 */
#define LVL_FORCED_LEN 7u
typedef unsigned lvl_fetch_fn(void *arg, uint64_t address, uint8_t *to,
			      unsigned n);
int lvl_forced_cpuid(lvl_fetch_fn *fetch, void *arg, uint64_t address,
		     uint64_t *fault);

/* -- migration ------------------------------------------------------------- */

/* Our record (record.h) of the domain's policy, with its kind. */
int lvl_dom_save(const struct lvl_dom *d, void *buf, size_t *len);

/*
 * Take the policy of an arriving domain from its record: as
 * lvl_dom_set_policy(), or the errors of lvl_record_decode(), or -LVL_E_RANGE
 * if it is of another kind.
 */
int lvl_dom_load(struct lvl_dom *d, const void *buf, size_t len, unsigned flags,
		 const struct lvl_refusals *why);

/*
 * Pre-flight: would lvl_dom_load() take it, in a domain like this?  The
 * domain is untouched.  Send the record, get the verdict, then the memory.
 */
int lvl_dom_preflight(const struct lvl_dom *d, const void *buf, size_t len,
		      unsigned flags, const struct lvl_refusals *why);

/* Record types of Xen's migration stream v3 (libxc-migration-stream). */
#define LVL_STREAM_CPUID 0x11u
#define LVL_STREAM_MSR 0x12u

/*
 * The body of such a record; in: *len bytes at buf, out: those written.
 * -LVL_E_NOBUFS with *len the size needed, -LVL_E_UNSUPPORTED: another type.
 */
int lvl_dom_stream(const struct lvl_dom *d, uint32_t type, void *buf,
		   size_t *len);

/*
 * The static data of an arriving stream.  Give it the bodies of both records
 * where there are any, then lvl_dom_arrive(), at STATIC_DATA_END or where a
 * stream of version 2 begins with memory.  The bodies must stay until then.
 */
struct lvl_stream {
	const void *body[2];
	size_t len[2];
	unsigned major, minor; /* of the Xen that sent it */
};
void lvl_stream_init(struct lvl_stream *s, unsigned major, unsigned minor);
/* -LVL_E_DUPLICATE, -LVL_E_SYNTAX (its length), -LVL_E_UNSUPPORTED. */
int lvl_stream_add(struct lvl_stream *s, uint32_t type, const void *body,
		   size_t len);

/*
 * Take the policy of the stream: as lvl_dom_set().  A stream without one is
 * of a Xen that sent none: the policy is what that version gave its guests,
 * by the rows of data/streams.tsv.  -LVL_E_TRUNCATED: this version sends
 * them, and they are not there; -LVL_E_VERSION: no row knows the version.
 */
int lvl_dom_arrive(struct lvl_dom *d, const struct lvl_stream *s,
		   unsigned flags, const struct lvl_refusals *why);

LVL_END

#endif /* CPULEVEL_HV_H */
