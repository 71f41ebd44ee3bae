/* SPDX-License-Identifier: MIT */
/*
 * A small VMM: a guest under a level, and its record for life.
 *
 *	tiny-vmm start POLICY STATE	boot the guest, run it, save it
 *	tiny-vmm go STATE [STATE]	take it over here, run it on
 *	tiny-vmm seen STATE		what it saw when it booted, as cpuid -r
 *
 * POLICY is a file of cpulevel's (a level, a record), or "host": all that KVM
 * gives here.  STATE may be -, a pipe.  README.md tells more.
 * Exit: 0; 1 refused, and every finding is told; 3 what else goes wrong.
 */
#include "vm.h"

#include <cpulevel/host.h>
#include <cpulevel/import.h>
#include <cpulevel/kvm.h>
#include <cpulevel/record.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 3u /* that the guest runs before it is saved */

/* Success of an ioctl proves nothing: it is read back, and compared. */
static int install(const struct vm *m, const struct lvl_policy *p)
{
	int rc = lvl_kvm_install(m->kvm, m->vcpu, p, NULL, 0, tell, NULL);

	if (!rc)
		return 0;
	fprintf(stderr, "tiny-vmm: refused: %s\n", lvl_strerror(rc));
	return REFUSED;
}

/* -- the state: record, then vCPU and memory ------------------------------- */

static int save(const struct vm *m, const struct lvl_policy *p,
		const char *name)
{
	static uint8_t record[LVL_RECORD_MAX];
	size_t n = sizeof(record);
	FILE *f = strcmp(name, "-") ? fopen(name, "wb") : stdout;
	int rc;

	if (!f || lvl_record_encode(p, LVL_HVM, record, &n) ||
	    fwrite(record, n, 1, f) != 1)
		return fail(name);
	rc = vm_save(m, f);
	if ((f == stdout ? fflush(f) : fclose(f)) && !rc)
		rc = fail(name);
	return rc;
}

/* The record comes first; cpulevel/record.h: its length is at offset 12. */
static int load_record(FILE *f, struct lvl_policy *p)
{
	static uint8_t record[LVL_RECORD_MAX];
	uint32_t n = 0;

	if (fread(record, 16, 1, f) == 1)
		memcpy(&n, record + 12, sizeof(n));
	if (n > 16 && n <= sizeof(record) &&
	    fread(record + 16, n - 16, 1, f) == 1 &&
	    !lvl_record_decode(p, NULL, record, n, NULL))
		return 0;
	fprintf(stderr, "tiny-vmm: refused: this does not begin with a "
			"record\n");
	return REFUSED;
}

/* -- what it is asked to do ------------------------------------------------ */

struct chosen {
	struct lvl_policy p;
	int found;
};

/* A record or a level, or of a machine what its guests get. */
static int choose(void *arg, struct lvl_desc *d)
{
	static const enum lvl_kind kinds[] = {
		LVL_KIND_SEEN,
		LVL_KIND_LEVEL,
		LVL_KIND_HVM_DEFAULT,
	};
	struct chosen *c = arg;
	size_t i;

	for (i = 0; i < LVL_COUNT(kinds) && !c->found; i++)
		if (d->policy[kinds[i]]) {
			c->p = *d->policy[kinds[i]];
			c->found = 1;
		}
	lvl_desc_free(d);
	return 0;
}

static int read_policy(int kvm, const char *name, struct lvl_policy *p)
{
	static struct chosen c;
	struct lvl_ferr err;
	FILE *f;
	int rc;

	if (!strcmp(name, "host"))
		return host_maximum(kvm, p);
	f = fopen(name, "rb");
	if (!f)
		return fail(name);
	rc = lvl_import_file(f, name, NULL, choose, &c, NULL, &err);
	fclose(f);
	if (rc || !c.found) {
		fprintf(stderr, "tiny-vmm: %s\n",
			rc ? err.text : "there is no policy for a guest");
		return FAILED;
	}
	*p = c.p;
	lvl_policy_normalise(p, NULL);
	return 0;
}

static int start(int kvm, const char *policy, const char *state)
{
	struct vm m = { .vm = -1, .vcpu = -1 };
	struct lvl_policy p;
	int rc = read_policy(kvm, policy, &p);

	if (!rc)
		rc = host_fits(kvm, &p);
	if (!rc)
		rc = vm_open(&m, kvm);
	if (!rc)
		rc = install(&m, &p);
	if (!rc)
		rc = vm_boot(&m);
	if (!rc)
		rc = vm_run(&m, ROUNDS);
	if (!rc)
		rc = save(&m, &p, state);
	vm_close(&m);
	return rc;
}

/* Nothing of the guest is read before its record has been found good. */
static int go(int kvm, const char *from, const char *to)
{
	FILE *f = strcmp(from, "-") ? fopen(from, "rb") : stdin;
	struct vm m = { .vm = -1, .vcpu = -1 };
	struct lvl_policy p;
	int rc = f ? load_record(f, &p) : fail(from);

	if (!rc)
		rc = host_fits(kvm, &p);
	if (!rc)
		rc = vm_open(&m, kvm);
	if (!rc)
		rc = install(&m, &p);
	if (!rc)
		rc = vm_load(&m, f);
	if (!rc)
		rc = vm_run(&m, ROUNDS);
	if (!rc && to)
		rc = save(&m, &p, to);
	vm_close(&m);
	return rc;
}

static int seen(const char *name)
{
	static struct guest_memory memory;
	FILE *f = fopen(name, "rb");
	uint32_t i;

	if (!f || fseek(f, -(long)sizeof(memory), SEEK_END) ||
	    fread(&memory, sizeof(memory), 1, f) != 1)
		return fail(name);
	puts("CPU 0:");
	for (i = 0; i < memory.nr && i < GUEST_LEAVES; i++)
		printf("   0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x "
		       "edx=0x%08x\n",
		       memory.asked[i][0], memory.asked[i][1], memory.saw[i][0],
		       memory.saw[i][1], memory.saw[i][2], memory.saw[i][3]);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int kvm;

	if (argc == 3 && !strcmp(verb, "seen"))
		return seen(argv[2]);
	if (!(argc == 4 && !strcmp(verb, "start")) &&
	    !((argc == 3 || argc == 4) && !strcmp(verb, "go"))) {
		fputs("usage: tiny-vmm start POLICY STATE | go STATE [STATE] | "
		      "seen STATE\n",
		      stderr);
		return 2;
	}
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return fail("/dev/kvm");
	if (!strcmp(verb, "start"))
		return start(kvm, argv[2], argv[3]);
	return go(kvm, argv[2], argc > 3 ? argv[3] : NULL);
}
