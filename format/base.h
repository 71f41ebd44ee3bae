/* SPDX-License-Identifier: MIT */
/* The model of QEMU or libvirt that a policy is written as a difference to. */
#ifndef LVL_FORMAT_BASE_H
#define LVL_FORMAT_BASE_H

#include "gen.h"
#include "models.h"
#include "names.h"

enum lvl_said { LVL_SAID_NOT, LVL_SAID_OFF, LVL_SAID_ON };

/*
 * What the policy says of each of a tool's names: on or off where the field
 * is known and means something.  A name of two fields is on if both are, and
 * off if both are.
 */
void lvl_gen_said(const struct lvl_gen *g, enum lvl_tool tool,
		  uint8_t list[LVL_NAMES_MAX]);

/* One if an earlier row has the same name of the tool, or it has none. */
int lvl_gen_is_repeated(enum lvl_tool tool, unsigned name);

/*
 * A property of VMX, which the policy has not, or does not know and no model
 * has: the stack drops it.
 */
int lvl_gen_goes_with_vmx(const struct lvl_gen *g, unsigned field);

struct lvl_base {
	const struct lvl_model *model; /* NULL: no features at all */
	uint32_t has[LVL_MODEL_SET];
	uint8_t said[LVL_NAMES_MAX]; /* enum lvl_said, of the policy */
	int decides;                 /* it gives what is not known */
};

/*
 * The model of the policy's vendor, or of any, with the fewest features that
 * differ; one that gives what the policy does not know counts as worse than
 * any that does not.  subset: it may have nothing that the policy has not.
 * Of equals that of the policy's family and model, then the shortest name,
 * then the first by name.  g->options->model asks for one by name.
 * -LVL_E_UNKNOWN_NAME, -LVL_E_UNSUPPORTED.
 */
int lvl_base_choose(const struct lvl_gen *g, const char *source,
		    enum lvl_tool tool, int subset, struct lvl_base *base);

/* Does a guest have it, as the model and what the policy says decide? */
int lvl_base_gives(const struct lvl_base *base, unsigned field);

/*
 * How many physical address bits QEMU is to be told of, or 0.  It takes none
 * for a CPU without long mode, which has 36 with PAE or PSE36 and else 32
 * (x86_cpu_realizefn()).
 */
unsigned lvl_base_phys_bits(struct lvl_gen *g, const struct lvl_base *base);

/* Nothing: what QEMU calls "base". */
void lvl_base_empty(const struct lvl_gen *g, enum lvl_tool tool,
		    struct lvl_base *base);

#endif
