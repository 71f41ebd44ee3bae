/* SPDX-License-Identifier: MIT */
/*
 * A domain 0 that does what its command line says, tells it in lines that a
 * program can read, and ends.  test/xen/boot boots it:
 *
 *	capture    what Xen knows of the host, for `cpulevel import`
 *	guests     a PV and a PVH guest, with the policies of the module
 *	errors     policies that are wrong
 *	oracle=N   N random policies for each kind of guest; seed=N
 */
#include <cpulevel/types.h>

#include "capture.h"
#include "console.h"
#include "errors.h"
#include "hypercall.h"
#include "levelled.h"
#include "oracle.h"
#include "start.h"

void dom0_main(const struct start_info *info);

static void each(void (*what)(int hvm))
{
	what(0);
	what(1);
}

static void random_policies(int hvm)
{
	oracle(hvm, start_number("oracle", 5000), start_number("seed", 1));
}

void dom0_main(const struct start_info *info)
{
	start_set(info);
	print("lab 1 xen=%w\n", xen_version());
	if (start_has("capture"))
		capture();
	if (start_has("guests"))
		each(levelled);
	if (start_has("errors"))
		each(errors);
	if (start_has("oracle"))
		each(random_policies);
	print("lab end\n");
	console_flush();
	reboot();
}
