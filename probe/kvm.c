/* SPDX-License-Identifier: MIT */
#include "kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kvm-table.h"

#define KVM_CAP_SMALLER_MAXPHYADDR_NR 185 /* later than some headers */

#define MOST_MSRS 1024

struct kvm {
	int fd;
	struct lvl_desc *d;
	struct lvl_ferr *err;
	struct kvm_cpuid2 *supported;
	struct kvm_msr_list *msrs;
	uint64_t value[MOST_MSRS];
	uint8_t read[MOST_MSRS]; /* 1: KVM told the value */
};

/* -- what was told --------------------------------------------------------- */

static void answer(void *arg, uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	const struct kvm *k = arg;
	const struct kvm_cpuid_entry2 *e =
		kvm_table_find(k->supported, leaf, subleaf);

	memset(reg, 0, 4 * sizeof(reg[0]));
	if (!e)
		return;
	kvm_entry_get(e, reg);
}

static int told(void *arg, uint32_t index, uint64_t *value)
{
	const struct kvm *k = arg;
	unsigned i;

	for (i = 0; i < k->msrs->nmsrs; i++)
		if (k->msrs->indices[i] == index && k->read[i]) {
			*value = k->value[i];
			return 0;
		}
	return -1;
}

static int read_one(int fd, uint32_t index, uint64_t *value)
{
	union {
		struct kvm_msrs of;
		uint8_t room[sizeof(struct kvm_msrs) +
			     sizeof(struct kvm_msr_entry)];
	} q;
	int rc;

	memset(&q, 0, sizeof(q));
	q.of.nmsrs = 1;
	q.of.entries[0].index = index;
	rc = ioctl(fd, KVM_GET_MSRS, &q);
	*value = q.of.entries[0].data;
	return rc == 1;
}

/*
 * A new vCPU has it since Linux 4.12 (db2336a80489); only later kernels list
 * it among the feature MSRs.
 */
#define PLATFORM_INFO 0xceu

static void platform_info(struct kvm *k)
{
	unsigned n = k->msrs->nmsrs;
	int vm, vcpu;

	if (n == MOST_MSRS || !told(k, PLATFORM_INFO, &k->value[n]))
		return;
	vm = ioctl(k->fd, KVM_CREATE_VM, 0);
	vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
	k->msrs->indices[n] = PLATFORM_INFO;
	k->read[n] = vcpu >= 0 && read_one(vcpu, PLATFORM_INFO, &k->value[n]);
	k->msrs->nmsrs++;
	if (vcpu >= 0)
		close(vcpu);
	if (vm >= 0)
		close(vm);
}

static int read_msrs(struct kvm *k)
{
	unsigned i;

	k->msrs = calloc(1, sizeof(*k->msrs) +
				    MOST_MSRS * sizeof(k->msrs->indices[0]));
	if (!k->msrs)
		return kvm_fail(k->err, LVL_E_NO_MEMORY, "out of memory");
	k->msrs->nmsrs = MOST_MSRS;
	if (ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_CAP_GET_MSR_FEATURES) <= 0 ||
	    ioctl(k->fd, KVM_GET_MSR_FEATURE_INDEX_LIST, k->msrs))
		k->msrs->nmsrs = 0; /* before 4.17 there is no such list */
	for (i = 0; i < k->msrs->nmsrs; i++)
		k->read[i] =
			read_one(k->fd, k->msrs->indices[i], &k->value[i]) != 0;
	platform_info(k);
	return 0;
}

/* -- facts ----------------------------------------------------------------- */

static int fact(struct kvm *k, const char *key, const char *value)
{
	return lvl_desc_add_fact(k->d, key, value)
		       ? kvm_fail(k->err, LVL_E_NO_MEMORY, "out of memory")
		       : 0;
}

static int module(struct kvm *k)
{
	static const char *const names[] = { "kvm_intel", "kvm_amd",
					     "kvm_pvm" };
	char path[64];
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_COUNT(names) && !rc; i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", names[i]);
		if (!access(path, F_OK))
			rc = fact(k, "kvm-module", names[i]);
	}
	return rc;
}

static int in_table(const struct kvm_cpuid2 *t, const struct lvl_field *f)
{
	const struct lvl_word *w = &lvl_words[f->word];
	const struct kvm_cpuid_entry2 *e;
	uint32_t reg[4];

	if (w->place > LVL_PLACE_EDX)
		return 0;
	e = kvm_table_find(t, w->id,
			   w->subleaf == LVL_NO_SUBLEAF ? 0 : w->subleaf);
	if (!e)
		return 0;
	kvm_entry_get(e, reg);
	return (reg[w->place] & f->mask) != 0;
}

/* Which features KVM emulates by exits: slow, and offered to nobody. */
static int emulated(struct kvm *k)
{
	struct kvm_cpuid2 *t = NULL;
	unsigned i;
	int rc = 0;

	if (ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_CAP_EXT_EMUL_CPUID) <= 0)
		return 0;
	rc = kvm_table_read(k->fd, KVM_GET_EMULATED_CPUID, &t, k->err);
	if (rc)
		return rc;
	for (i = 0; i < LVL_NR_FIELDS && !rc; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->word != LVL_NO_WORD && f->width == 1 &&
		    f->rule == LVL_AND && in_table(t, f))
			rc = fact(k, "kvm-emulates", lvl_field_name(i));
	}
	free(t);
	return rc;
}

/* Capabilities that bear on what a guest can have, or where it can go. */
static int capabilities(struct kvm *k)
{
	static const struct {
		const char *key;
		int nr;
	} yes_no[] = {
		{ "kvm-tsc-scaling", KVM_CAP_TSC_CONTROL },
		{ "kvm-smaller-maxphysaddr", KVM_CAP_SMALLER_MAXPHYADDR_NR },
		{ "kvm-nested-state", KVM_CAP_NESTED_STATE },
	};
	static const char *const exits[] = { "mwait", "hlt", "pause",
					     "cstate" };
	int have = ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_DISABLE_EXITS);
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_COUNT(yes_no) && !rc; i++)
		rc = fact(k, yes_no[i].key,
			  ioctl(k->fd, KVM_CHECK_EXTENSION, yes_no[i].nr) > 0
				  ? "yes"
				  : "no");
	for (i = 0; i < LVL_COUNT(exits) && !rc; i++)
		if (have > 0 && have >> i & 1)
			rc = fact(k, "kvm-disables-exit", exits[i]);
	return rc;
}

/* -- the policies ---------------------------------------------------------- */

/*
 * What programs add because they run KVM's APIC (api.rst, KVM_GET_SUPPORTED_
 * CPUID): older kernels leave these bits to them.
 */
static void in_kernel_apic(const struct kvm *k, struct lvl_policy *p)
{
	if (ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQCHIP) <= 0)
		return;
	lvl_set(p, LVL_F_APIC, 1);
	lvl_set(p, LVL_F_X2APIC, 1);
	if (ioctl(k->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		lvl_set(p, LVL_F_TSC_DEADLINE, 1);
}

/* What no CPUID bit tells is the machine's, whoever runs on it. */
static void behaviour(const struct lvl_desc *d, struct lvl_policy *p)
{
	const struct lvl_policy *host = d->policy[LVL_KIND_HOST];
	unsigned i;

	for (i = 0; host && i < LVL_NR_WORDS; i++)
		if (lvl_words[i].place >= LVL_PLACE_STATE) {
			p->v[i] = host->v[i];
			p->k[i] = host->k[i];
		}
}

static int policies(struct kvm *k, const struct lvl_platform *on)
{
	const struct lvl_reader reader = { answer, told, k };
	struct lvl_policy *max = lvl_desc_policy(k->d, LVL_KIND_HVM_MAX);
	struct lvl_policy *dflt = lvl_desc_policy(k->d, LVL_KIND_HVM_DEFAULT);
	char text[80];

	if (!max || !dflt)
		return kvm_fail(k->err, LVL_E_NO_MEMORY, "out of memory");
	lvl_policy_scan(max, &reader);
	in_kernel_apic(k, max);
	behaviour(k->d, max);
	lvl_policy_normalise(max, NULL);
	*dflt = *max;
	lvl_default_apply(dflt, LVL_HVM, on ? on : &lvl_platforms[0], NULL);
	lvl_policy_normalise(dflt, NULL); /* as a reader will have it */
	snprintf(text, sizeof(text), "%s from hvm-max, for %s",
		 lvl_kind_names[LVL_KIND_HVM_DEFAULT],
		 on ? on->name : lvl_platforms[0].name);
	return fact(k, "derived", text);
}

/* "kvm-6.12" as 0x60c; 0: no KVM. */
static unsigned version_of(const char *name, const char *form)
{
	unsigned major, minor;

	return sscanf(name, form, &major, &minor) == 2 ? major << 8 | minor : 0;
}

const struct lvl_platform *probe_kvm_platform(void)
{
	const struct lvl_platform *best = NULL;
	unsigned here = 0, i, v, newest = 0;
	struct utsname u;

	if (!uname(&u))
		here = version_of(u.release, "%u.%u");
	for (i = 0; i < lvl_nr_platforms; i++) {
		v = version_of(lvl_platforms[i].name, "kvm-%u.%u");
		if (!v || v > here || v < newest)
			continue;
		best = &lvl_platforms[i];
		newest = v;
	}
	return best;
}

static int ask(struct kvm *k, const char *device, const struct lvl_platform *on)
{
	int rc = kvm_open(device, &k->fd, k->err);

	if (!rc)
		rc = kvm_table_read(k->fd, KVM_GET_SUPPORTED_CPUID,
				    &k->supported, k->err);
	if (!rc)
		rc = read_msrs(k);
	if (!rc)
		rc = module(k);
	if (!rc)
		rc = capabilities(k);
	if (!rc)
		rc = emulated(k);
	return rc ? rc : policies(k, on);
}

int probe_kvm(struct lvl_desc *d, const char *device,
	      const struct lvl_platform *on, struct lvl_ferr *err)
{
	struct kvm *k = calloc(1, sizeof(*k));
	int rc;

	if (!k) {
		err->code = LVL_E_NO_MEMORY;
		err->line = 0;
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -LVL_E_NO_MEMORY;
	}
	k->fd = -1;
	k->d = d;
	k->err = err;
	rc = ask(k, device, on);
	if (k->fd >= 0)
		close(k->fd);
	free(k->supported);
	free(k->msrs);
	free(k);
	return rc;
}
