/* SPDX-License-Identifier: MIT */
/*
 * A kernel that levels: core and hv on the bare machine, as a hypervisor has
 * them.  It probes the machine, makes guests, lets them run in turns, each
 * until its next CPUID, and prints what each saw.  The test (run) boots it on
 * several models, hands records and running guests of one to the next and
 * compares.
 *
 * The command line says which guests:
 *
 *	(always)	one with the machine's own default, one in ring 3
 *	level		and two at the level of this machine and of those whose
 *			records are in the module; one of them leaves: it is
 *			stopped in the middle and printed
 *	NAME=VALUE	an option for lvl_param()
 *	arrive		one for each record in the module, if it may run here:
 *			from its beginning, or where its image stopped
 */
#include <cpulevel/hv.h>
#include <cpulevel/level.h>
#include <cpulevel/record.h>

#include "guest.h"
#include "move.h"
#include "print.h"
#include "report.h"
#include "ring3.h"
#include "start.h"

#define LEAVES_AFTER 150 /* CPUIDs; the first phase has more */
#define EXIT_GOOD 0x10   /* QEMU's status is 33 */
#define NR_GUESTS 6

#define TURNS_MAX 100000 /* of one guest */

/* Not 0: an APIC id of 0 would not be seen. */
enum { ID_OWN = 1, ID_PV, ID_LEVEL };

void kernel_main(uint32_t info);

uint64_t hv_writes;

static struct lvl_hv hv;
static struct lvl_cpu cpu;
static struct guest guests[NR_GUESTS];
static unsigned nr_guests;
static uint64_t switches; /* turns after another guest's */

static void must(int rc, const char *what)
{
	if (!rc)
		return;
	print("fail %s: %s\n", what, lvl_strerror(rc));
	machine_exit(1);
}

/* NAME=VALUE on the command line; a bad one is told and has no effect. */
static void parameters(struct lvl_params *params, const struct start *start)
{
	const char *at = start->command_line;
	size_t n, name;
	int rc;

	lvl_params_init(params);
	for (; (n = start_word(&at)) != 0; at += n) {
		for (name = 0; name < n && at[name] != '='; name++)
			;
		if (name == n)
			continue;
		rc = lvl_param(params, at, name, at + name + 1, n - name - 1);
		print("param %w %s\n", (uint32_t)-rc,
		      rc ? lvl_strerror(rc) : "taken");
	}
}

static void probe(const struct start *start)
{
	struct lvl_trial trial = { .faults = ring3_faults };
	struct lvl_refusals why = { report_refusal, "machine" };
	struct lvl_params params;

	parameters(&params, start);
	lvl_hv_init(&hv, lvl_platforms, &params);
	must(lvl_cpu_up(&hv, &cpu, 0, &trial, &why), "lvl_cpu_up");
	must(lvl_hv_ready(&hv, &why), "lvl_hv_ready");
	must(lvl_cpu_start(&hv, &cpu), "lvl_cpu_start");
	/* as after an update of microcode: nothing has shrunk */
	must(lvl_cpu_up(&hv, &cpu, 1, &trial, &why), "lvl_cpu_up once more");
	must(lvl_cpu_start(&hv, &cpu), "lvl_cpu_start once more");
	report_machine(&hv);
}

/* -- guests ---------------------------------------------------------------- */

/* The next guest: a domain with the default policy. */
static struct guest *guest_new(const char *name, enum lvl_guest kind,
			       unsigned flags)
{
	struct lvl_refusals why = { report_refusal, (void *)name };

	if (nr_guests == NR_GUESTS) {
		print("fail %s: no room\n", name);
		machine_exit(1);
	}
	must(lvl_dom_init(&guests[nr_guests].dom, &hv, kind, NULL, flags, &why),
	     name);
	return &guests[nr_guests];
}

/* At its first instruction; id: the number of its vCPU. */
static void guest_add(struct guest *g, const char *name, unsigned id)
{
	guest_place(g, name, nr_guests, id);
	guest_start(g);
	nr_guests++;
}

/* The size of the record or image at p, which is within n bytes. */
static size_t item_size(const uint8_t *p, size_t n)
{
	size_t size = 0;

	if (n >= 16)
		size = p[12] | (size_t)p[13] << 8 | (size_t)p[14] << 16;
	return size && size <= n ? size : n;
}

static void level_of(struct lvl_policy *level, const struct start *start)
{
	static struct lvl_fold fold;
	static struct lvl_policy p;
	size_t at, size;

	lvl_fold_init(&fold);
	lvl_fold_add(&fold, &hv.dflt[LVL_HVM]);
	for (at = 0; at < start->module_size; at += size) {
		size = item_size(start->module + at, start->module_size - at);
		must(lvl_record_decode(&p, NULL, start->module + at, size,
				       NULL),
		     "record");
		lvl_fold_add(&fold, &p);
	}
	must(lvl_fold_read(&fold, level, NULL, NULL), "level");
}

static struct guest *guest_at(const char *name, const struct lvl_policy *level)
{
	struct lvl_refusals why = { report_refusal, (void *)name };
	struct guest *g = guest_new(name, LVL_HVM, 0);

	must(lvl_dom_set_policy(&g->dom, level, LVL_SET_FULL, &why), name);
	guest_add(g, name, ID_LEVEL);
	return g;
}

static void level(const struct start *start)
{
	static struct lvl_policy p;

	level_of(&p, start);
	guest_at("level", &p);
	guest_at("leaver", &p)->leaves = LEAVES_AFTER;
}

/* May it run here?  NULL: no. */
static struct guest *admit(const char *name, const uint8_t *record, size_t size)
{
	struct lvl_refusals why = { report_refusal, (void *)name };
	struct guest *g = guest_new(name, LVL_HVM, 0);
	int rc = lvl_dom_preflight(&g->dom, record, size, 0, &why);

	print("preflight %s %w %s\n", name, (uint32_t)-rc,
	      rc ? lvl_strerror(rc) : "yes");
	if (lvl_dom_load(&g->dom, record, size, 0, NULL) != rc) {
		print("fail %s: not as the pre-flight said\n", name);
		machine_exit(1);
	}
	return rc ? NULL : g;
}

/* Records, each with the image of its guest behind it if that was running. */
static void arrive(const struct start *start)
{
	static const char *const names[] = { "first", "second", "third" };
	const uint8_t *p = start->module, *end = p + start->module_size;
	size_t size, image;
	unsigned i;

	for (i = 0; p < end && i < LVL_COUNT(names); i++, p += size + image) {
		struct guest *g;

		size = item_size(p, (size_t)(end - p));
		image = item_size(p + size, (size_t)(end - p) - size);
		if (!move_is_image(p + size, image))
			image = 0;
		g = admit(names[i], p, size);
		if (g && !image) {
			guest_add(g, names[i], ID_LEVEL);
		} else if (g) {
			must(move_in(g, names[i], nr_guests, p + size, image),
			     names[i]);
			nr_guests++;
		}
	}
}

/* -- running --------------------------------------------------------------- */

static void turn(struct guest *g)
{
	static const struct guest *last;

	switches += g != last;
	last = g;
	guest_turn(g, &cpu);
	if (g->leaves && g->answered == g->leaves) {
		move_out(g);
		g->done = 1;
	}
}

static void run(void)
{
	uint64_t turns = 0, writes = hv_writes;
	unsigned i, left = nr_guests;

	while (left) {
		for (left = 0, i = 0; i < nr_guests; i++)
			if (!guests[i].done) {
				turn(&guests[i]);
				left++;
			}
		if (++turns > TURNS_MAX) {
			print("fail a guest does not end\n");
			machine_exit(1);
		}
	}
	print("switches %x writes=%x\n", switches, hv_writes - writes);
	for (i = 0; i < nr_guests; i++)
		print("ran %s turns=%x answered=%x\n", guests[i].name,
		      guests[i].turns, guests[i].answered);
}

void kernel_main(uint32_t info)
{
	struct start start;
	const char *svm;

	arch_init();
	if (start_read(&start, info)) {
		print("fail no PVH start_info\n");
		machine_exit(1);
	}
	probe(&start);
	ring3_borders();
	svm = svm_init();
	if (svm) {
		print("fail %s\n", svm);
		machine_exit(1);
	}
	guest_add(guest_new("own", LVL_HVM, LVL_DOM_BEYOND_VENDOR), "own",
		  ID_OWN);
	guest_add(guest_new("pv", LVL_PV, 0), "pv", ID_PV);
	report_leaks(&guests[1].dom, "pv");
	if (start_has(&start, "level"))
		level(&start);
	if (start_has(&start, "arrive"))
		arrive(&start);
	run();
	must(lvl_switch(&cpu, NULL), "lvl_switch to idle");
	print("good\n");
	machine_exit(EXIT_GOOD);
}
