/* SPDX-License-Identifier: MIT */
/*
 * A domain 0 that does what its command line says, tells it in lines that a
 * program can read, and ends.  test/xen/boot boots it.
 */
#include <cpulevel/types.h>

#include "capture.h"
#include "console.h"
#include "domain.h"
#include "guests.h"
#include "hypercall.h"
#include "policy.h"
#include "start.h"

void dom0_main(const struct start_info *info);

static const struct image probes[] = {
	{ probe_pv, probe_pv_end, 2 },
	{ probe_pvh, probe_pvh_end, 2 },
};

static long ask(struct domain *d)
{
	const struct image *image = &probes[d->hvm];
	struct probe *probe;
	long rc = image_build(d, image);

	if (rc)
		return rc;
	probe = image_data(d, image, 0);
	probe->left = 1;
	probe->ask[0].leaf = 1;
	rc = domain_run(d);
	if (rc)
		return rc;
	probe = image_data(d, image, 0);
	print("guest %s %w native=%w forced=%w\n", d->hvm ? "pvh" : "pv",
	      probe->done, probe->ask[0].native[2], probe->ask[0].forced[2]);
	return 0;
}

static void guest(int hvm)
{
	struct domain d;
	long rc = domain_create(&d, hvm);

	if (!rc) {
		rc = ask(&d);
		domain_destroy(&d);
	}
	if (rc)
		print("fail %s guest: %d\n", hvm ? "pvh" : "pv", rc);
}

void dom0_main(const struct start_info *info)
{
	start_set(info);
	print("lab 1 xen=%w\n", xen_version());
	if (start_has("capture"))
		capture();
	if (start_has("guests")) {
		guest(0);
		guest(1);
	}
	print("lab end\n");
	console_flush();
	reboot();
}
