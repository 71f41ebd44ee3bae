/* SPDX-License-Identifier: MIT */
/*
 * Domains for a test in domain 0, without a toolstack.
 *
 *	domain make pv|hvm            a paused one, empty; prints its number
 *	domain ask ID                 asks Xen for every feature in leaves 1 and
 *	                              7, prints what Xen said, and what it kept
 *	domain run ID                 unpause it
 *	domain kill ID
 *	domain build ID KERNEL INITRD COMMAND-LINE
 *	                              puts a Linux into a PV one
 *	domain console ID             runs it, prints what it says, until it
 *ends
 *
 * For Xen 4.17: Xen's headers, unlike the tool, which has none of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>
#include <xenguest.h>

#include <xen/io/console.h>

#define MEGABYTES 160
#define LEAVES 256
#define SECONDS 100

static xc_interface *xch;

static int make(const char *kind)
{
	int hvm = !strcmp(kind, "hvm");
	struct xen_domctl_createdomain config = {
		.flags = hvm ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap : 0,
		.max_vcpus = 1,
		.max_evtchn_port = -1,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
		.arch.emulation_flags = hvm ? XEN_X86_EMU_LAPIC : 0,
	};
	uint32_t id = 0;

	if (xc_domain_create(xch, &id, &config) ||
	    xc_domain_max_vcpus(xch, id, 1))
		return 1;
	printf("%u\n", id);
	return 0;
}

/* -- what Xen says yes to -------------------------------------------------- */

static int look(uint32_t id, xen_cpuid_leaf_t *leaf, uint32_t *nr)
{
	xc_cpu_policy_t *policy = xc_cpu_policy_init();
	uint32_t msrs = 16;
	xen_msr_entry_t msr[16];
	int rc = !policy || xc_cpu_policy_get_domain(xch, id, policy) ||
		 xc_cpu_policy_serialise(xch, policy, leaf, nr, msr, &msrs);

	xc_cpu_policy_destroy(policy);
	return rc;
}

static int ask(uint32_t id)
{
	static xen_cpuid_leaf_t leaf[LEAVES];
	uint32_t nr = LEAVES, i, bad[3];
	int rc;

	if (look(id, leaf, &nr))
		return 1;
	for (i = 0; i < nr; i++)
		if (leaf[i].leaf == 1)
			leaf[i].c = 0xffffffff;
		else if (leaf[i].leaf == 7 && leaf[i].subleaf == 0)
			leaf[i].b = 0xffffffff;
	rc = xc_set_domain_cpu_policy(xch, id, nr, leaf, 0, NULL, &bad[0],
				      &bad[1], &bad[2]);
	printf("asked 1.ecx ffffffff 7.ebx ffffffff: rc %d\n", rc);
	nr = LEAVES;
	if (look(id, leaf, &nr))
		return 1;
	for (i = 0; i < nr; i++)
		if (leaf[i].leaf == 1)
			printf("kept 1.ecx %08x\n", leaf[i].c);
		else if (leaf[i].leaf == 7 && leaf[i].subleaf == 0)
			printf("kept 7.ebx %08x\n", leaf[i].b);
	return 0;
}

/* -- a Linux --------------------------------------------------------------- */

/* Where its console is, for a later call; that is all that is kept. */
static const char *note(uint32_t id)
{
	static char name[32];

	snprintf(name, sizeof(name), "/tmp/console-%u", id);
	return name;
}

/* Without a xenstore, for which Linux would wait. */
static int load(struct xc_dom_image *dom, uint32_t id, char **arg)
{
	dom->container_type = XC_DOM_PV_CONTAINER;
	dom->console_evtchn = xc_evtchn_alloc_unbound(xch, id, 0);
	return xc_dom_kernel_file(dom, arg[0]) ||
	       xc_dom_module_file(dom, arg[1], NULL) ||
	       xc_dom_boot_xen_init(dom, xch, id) || xc_dom_parse_image(dom) ||
	       xc_dom_mem_init(dom, MEGABYTES) || xc_dom_boot_mem_init(dom) ||
	       xc_dom_build_image(dom) || xc_dom_boot_image(dom) ||
	       xc_dom_gnttab_init(dom);
}

static int build(uint32_t id, char **arg)
{
	struct xc_dom_image *dom;
	FILE *f;
	int rc;

	xc_dom_loginit(xch);
	if (xc_domain_setmaxmem(xch, id, (MEGABYTES + 8) << 10))
		return 1;
	dom = xc_dom_allocate(xch, arg[2], NULL);
	if (!dom)
		return 1;
	rc = load(dom, id, arg);
	f = rc ? NULL : fopen(note(id), "w");
	if (f) {
		fprintf(f, "%lx\n",
			(unsigned long)xc_dom_p2m(dom, dom->console_pfn));
		fclose(f);
	}
	xc_dom_release(dom);
	return rc || !f;
}

static void copy_out(struct xencons_interface *ring)
{
	while (ring->out_cons != ring->out_prod) {
		xen_rmb();
		putchar(ring->out[ring->out_cons % sizeof(ring->out)]);
		xen_mb();
		ring->out_cons++;
	}
	fflush(stdout);
}

static int has_ended(uint32_t id)
{
	xc_dominfo_t info;

	return xc_domain_getinfo(xch, id, 1, &info) != 1 || info.domid != id ||
	       info.shutdown || info.dying;
}

static int console(uint32_t id)
{
	struct xencons_interface *ring;
	unsigned long frame = 0;
	FILE *f = fopen(note(id), "r");
	unsigned i;

	if (!f || fscanf(f, "%lx", &frame) != 1)
		return 1;
	fclose(f);
	ring = xc_map_foreign_range(xch, id, XC_PAGE_SIZE,
				    PROT_READ | PROT_WRITE, frame);
	if (!ring || xc_domain_unpause(xch, id))
		return 1;
	for (i = 0; i < SECONDS * 100 && !has_ended(id); i++) {
		copy_out(ring);
		usleep(10000);
	}
	copy_out(ring);
	return !has_ended(id);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	uint32_t id = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;

	xch = xc_interface_open(NULL, NULL, 0);
	if (!xch)
		return 1;
	if (!strcmp(what, "make"))
		return make(argv[2]);
	if (!strcmp(what, "ask"))
		return ask(id);
	if (!strcmp(what, "run"))
		return xc_domain_unpause(xch, id) != 0;
	if (!strcmp(what, "kill"))
		return xc_domain_destroy(xch, id) != 0;
	if (!strcmp(what, "build") && argc == 6)
		return build(id, argv + 3);
	if (!strcmp(what, "console"))
		return console(id);
	return 2;
}
