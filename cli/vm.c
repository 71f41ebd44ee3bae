/* SPDX-License-Identifier: MIT */
#include "vm.h"

#include <stdlib.h>
#include <string.h>

static int note(struct lvl_desc *d, const char *key, const char *value)
{
	return lvl_desc_add_fact(d, key, value) ? EXIT_INPUT : 0;
}

/* -- topology ---------------------------------------------------------------
 */

/* What a field that is too narrow means to people. */
static const struct {
	uint32_t field;
	const char *why;
} reasons[] = {
	{ LVL_F_TOPO_B_COUNT, "a package has at most 65535 CPUs" },
	{ LVL_F_TOPO_B_X2APIC_ID, "APIC ids have 32 bits" },
	{ LVL_F_INITIAL_APIC_ID, "APIC ids above 254 need x2apic" },
	{ LVL_F_TOPO_1F_COUNT, "several dies cannot be told without x2apic" },
	{ LVL_F_CACHE4_CORES,
	  "so many cores cannot be told without x2apic and leaf 4" },
	{ LVL_F_CACHE4_SHARING, "more than 4096 APIC ids share a cache" },
	{ LVL_F_CACHE1D_SHARING, "more than 4096 APIC ids share a cache" },
	{ LVL_F_APIC_ID_SIZE, "a package has at most 32768 APIC ids on AMD" },
	{ LVL_F_THREADS_PER_CORE, "a core has at most 256 threads on AMD" },
	{ LVL_F_COMPUTE_UNIT_ID, "a package has at most 256 core ids on AMD" },
	{ LVL_F_NODES_PER_SOCKET, "a package has at most 8 dies on AMD" },
	{ LVL_F_NODE_ID, "there are at most 256 dies on AMD" },
	{ LVL_F_X2APIC, "it is not known whether there is x2apic" },
	{ LVL_F_VENDOR_0, "the topology leaves of this vendor are not known" },
};

static const char *reason_of(const struct lvl_err *err)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(reasons); i++)
		if (reasons[i].field == err->field)
			return reasons[i].why;
	return lvl_strerror(err->code);
}

/* A count and what separates it from the next. */
static int one_count(const char **s, char end, uint32_t *n)
{
	char *after;
	unsigned long v;

	if (**s < '1' || **s > '9')
		return -1;
	v = strtoul(*s, &after, 10);
	if (v > 0xffffffffu || *after != end)
		return -1;
	*n = (uint32_t)v;
	*s = after + 1;
	return 0;
}

int vm_set_topology(struct vm *vm, const char *shape)
{
	struct lvl_topology t = { .thread_bits = 0 };
	const char *s = shape;
	struct lvl_err err;

	if (one_count(&s, 'x', &t.packages) || one_count(&s, 'x', &t.dies) ||
	    one_count(&s, 'x', &t.cores) || one_count(&s, '\0', &t.threads))
		return cli_usage("\"%s\" is not PACKAGESxDIESxCORESxTHREADS, "
				 "four numbers from 1",
				 shape);
	if (lvl_topology_check(&t, &err))
		return cli_usage("%s: %s", shape, reason_of(&err));
	vm->shape = shape;
	vm->topology = t;
	return 0;
}

static int apply_topology(const struct vm *vm, struct lvl_desc *d,
			  struct lvl_policy *p)
{
	struct lvl_err err;

	if (!vm->shape)
		return 0;
	if (!lvl_topology_set(p, &vm->topology, &err))
		return note(d, "topology", vm->shape);
	cli_error("topology %s: %s", vm->shape, reason_of(&err));
	return EXIT_REFUSED;
}

/* -- identity ---------------------------------------------------------------
 */

static int take_identity(const struct lvl_desc *d, const struct cli_select *s,
			 struct lvl_policy *p)
{
	const struct lvl_policy *donor = cli_policy(d, s, NULL);
	struct lvl_err err;

	if (!donor) {
		cli_error("%s gives no policy to take an identity from",
			  d->name);
		return EXIT_INPUT;
	}
	if (!lvl_identity(p, donor, &err))
		return 0;
	cli_error("identity of %s: %s", d->name,
		  err.code == LVL_E_INVALID ? "its CPU vendor is not known"
					    : lvl_strerror(err.code));
	return EXIT_REFUSED;
}

/*
 * A level keeps its donor's identity but for what nothing in it carries: AMD's
 * caches, which need the topology.
 */
static void keep_identity(const struct lvl_policy *pins, struct lvl_policy *p)
{
	static const uint16_t id[] = { LVL_F_VENDOR_0, LVL_F_VENDOR_1,
				       LVL_F_VENDOR_2 };
	struct lvl_policy donor = *pins;
	unsigned i;

	for (i = 0; i < lvl_nr_pinned; i++) /* as the level tells it */
		donor.k[lvl_pinned[i]] |= p->k[lvl_pinned[i]];
	for (i = 0; i < LVL_COUNT(id); i++)
		if (lvl_known(p, id[i]))
			lvl_set(&donor, id[i], lvl_get(p, id[i]));
	(void)lvl_identity(p, &donor, NULL); /* no vendor: no topology */
}

static int apply_identity(const struct vm *vm, const struct cli_select *s,
			  const struct lvl_policy *pins, struct lvl_desc *d,
			  struct lvl_policy *p)
{
	struct lvl_desc *donor;
	int rc = 0;

	if (!vm->donor) {
		if (vm->shape)
			keep_identity(pins, p);
		return 0;
	}
	donor = cli_one((char *)vm->donor, &rc);
	if (!donor)
		return rc;
	rc = take_identity(donor, s, p);
	if (!rc)
		rc = note(d, "identity", donor->name);
	lvl_desc_free(donor);
	return rc;
}

/* -- both -------------------------------------------------------------------
 */

int vm_apply(const struct vm *vm, const struct cli_select *select,
	     const struct lvl_policy *pins, struct lvl_desc *d,
	     struct lvl_policy *p)
{
	struct lvl_policy made = *p;
	int rc = apply_identity(vm, select, pins, d, &made);

	if (!rc)
		rc = apply_topology(vm, d, &made);
	if (!rc)
		*p = made;
	return rc;
}
