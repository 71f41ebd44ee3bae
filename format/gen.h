/* SPDX-License-Identifier: MIT */
/*
 * What a writer of configuration works with: the policy, the output, and the
 * policy that a guest would get.
 */
#ifndef LVL_FORMAT_GEN_H
#define LVL_FORMAT_GEN_H

#include <cpulevel/gen.h>

struct lvl_gen {
	const struct lvl_policy *p;
	const struct lvl_gen_options *options; /* never NULL */
	FILE *out;
	unsigned items; /* of a list that have been written */
	/*
	 * What the text decides: the writer sets each field that it writes, or
	 * that the stack sets when the text says nothing.  Unknown: left to
	 * the stack.
	 */
	struct lvl_policy given;
};

/*
 * Does the value mean something, may it be written?  Known, of the sort that
 * a policy decides, and with its carrier.
 */
int lvl_gen_says(const struct lvl_gen *g, unsigned field);

/* The text gives this field as the policy has it. */
void lvl_gen_same(struct lvl_gen *g, unsigned field);

/*
 * Bytes of a string in fields of four each: the length without NULs at the
 * end, or -1 where it is not known, or has what is no printable ASCII.
 * text has room for 4 * n + 1 bytes.
 */
int lvl_gen_string(const struct lvl_policy *p, const uint16_t *field,
		   unsigned n, char *text);
extern const uint16_t lvl_gen_vendor[3];
extern const uint16_t lvl_gen_brand[12];

/* Family, model and stepping; 0 unless all are known. */
struct lvl_gen_signature {
	unsigned family, model, stepping;
};
int lvl_gen_signature(const struct lvl_policy *p, struct lvl_gen_signature *s);
void lvl_gen_same_signature(struct lvl_gen *g);

/* Writers. */
extern const struct lvl_writer lvl_writer_cloud_hypervisor;
extern const struct lvl_writer lvl_writer_crosvm;
extern const struct lvl_writer lvl_writer_firecracker;
extern const struct lvl_writer lvl_writer_kubevirt;
extern const struct lvl_writer lvl_writer_kvm_cpuid2;
extern const struct lvl_writer lvl_writer_libvirt;
extern const struct lvl_writer lvl_writer_libvirt_host;
extern const struct lvl_writer lvl_writer_libxc;
extern const struct lvl_writer lvl_writer_linux_cmdline;
extern const struct lvl_writer lvl_writer_proxmox;
extern const struct lvl_writer lvl_writer_qemu;
extern const struct lvl_writer lvl_writer_qemu_qmp;
extern const struct lvl_writer lvl_writer_record;
extern const struct lvl_writer lvl_writer_rr;
extern const struct lvl_writer lvl_writer_xapi;
extern const struct lvl_writer lvl_writer_xen_featureset;
extern const struct lvl_writer lvl_writer_xen_stream;
extern const struct lvl_writer lvl_writer_xl;
extern const struct lvl_writer lvl_writer_xl_xend;

#endif
