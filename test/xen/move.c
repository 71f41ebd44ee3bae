/* SPDX-License-Identifier: MIT */
/*
 * A domain 0 that lets a guest go to another Xen, or takes one.  What it does
 * is on its command line; test/xen/move boots it, and reads what it prints.
 *
 *	policies	print what guests may see here, as records
 *	save KIND	make a guest (pv or pvh), let it run, and save it in the
 *			file that the line is
 *	send KIND	let it go to who arrives at the other end
 *	arrive		take what comes, or what was saved
 *
 *	onward		arrive: and save it once more, where it was read from
 *	capture		and say first what Xen knows of this host: capture.h
 *	live		send: its memory goes while it runs (pvh)
 *	dry		arrive: what Xen says to a policy that we refused
 *	break-WHAT	arrive: see spoil.h
 *
 * The guest is at the level of this host and of those whose records are in
 * the module; without one, it has the default.
 */
#include "move.h"

#include <cpulevel/record.h>

#include "capture.h"
#include "console.h"
#include "hypercall.h"
#include "line.h"
#include "start.h"
#include "verdict.h"

void dom0_main(const struct start_info *info);

static void print_policy(const char *name, enum host_policy which,
			 enum lvl_guest kind)
{
	static uint8_t record[LVL_RECORD_MAX];
	static struct lvl_policy p;
	size_t n = sizeof(record);

	if (host_policy(&p, which, kind))
		return;
	if (lvl_record_encode(&p, (int)kind, record, &n)) {
		print("fail record\n");
		return;
	}
	print("policy %s %b\n", name, record, n);
}

static void policies(void)
{
	print_policy("pv-default", HOST_DEFAULT, LVL_PV);
	print_policy("pv-max", HOST_MAX, LVL_PV);
	print_policy("pvh-default", HOST_DEFAULT, LVL_HVM);
	print_policy("pvh-max", HOST_MAX, LVL_HVM);
}

static void act(void)
{
	if (start_has("policies"))
		policies();
	else if (line_open())
		print("fail there is no line\n");
	else if (start_has("arrive"))
		arrive();
	else
		depart(start_has("pv") ? LVL_PV : LVL_HVM);
}

void dom0_main(const struct start_info *info)
{
	start_set(info);
	print("move 1 xen=%w\n", xen_version());
	if (start_has("capture"))
		capture();
	act();
	print("move end\n");
	console_flush();
	reboot();
}
