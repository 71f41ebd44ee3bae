/* SPDX-License-Identifier: MIT */
#include "gen.h"

#include "core/clause.h"
#include "core/severity.h"

const char *const lvl_lost_names[LVL_NR_LOST] = {
	"differs",
	"decided",
	"left",
	"unknown",
};

const struct lvl_writer *const lvl_writers[] = {
	&lvl_writer_qemu,
	&lvl_writer_qemu_qmp,
	&lvl_writer_libvirt,
	&lvl_writer_libvirt_host,
	&lvl_writer_xl,
	&lvl_writer_xl_xend,
	&lvl_writer_linux_cmdline,
	&lvl_writer_xen_featureset,
	&lvl_writer_xapi,
	&lvl_writer_libxc,
	&lvl_writer_xen_stream,
	&lvl_writer_kvm_cpuid2,
	&lvl_writer_firecracker,
	&lvl_writer_cloud_hypervisor,
	&lvl_writer_crosvm,
	&lvl_writer_kubevirt,
	&lvl_writer_proxmox,
	&lvl_writer_rr,
	&lvl_writer_record,
	NULL,
};

const struct lvl_writer *lvl_writer_find(const char *name)
{
	unsigned i;

	for (i = 0; lvl_writers[i]; i++)
		if (!strcmp(lvl_writers[i]->name, name))
			return lvl_writers[i];
	return NULL;
}

/* -- what writers ask ----------------------------------------------------- */

int lvl_gen_says(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->word != LVL_NO_WORD && f->rule != LVL_DYNAMIC &&
	       f->rule != LVL_FREE && f->rule != LVL_HIDDEN &&
	       f->rule != LVL_LEAK && lvl_known(g->p, field) &&
	       lvl_carried_(g->p, field);
}

void lvl_gen_same(struct lvl_gen *g, unsigned field)
{
	if (lvl_known(g->p, field))
		lvl_set(&g->given, field, lvl_get(g->p, field));
}

const uint16_t lvl_gen_vendor[3] = {
	LVL_F_VENDOR_0,
	LVL_F_VENDOR_1,
	LVL_F_VENDOR_2,
};

const uint16_t lvl_gen_brand[12] = {
	LVL_F_BRAND_STRING_0, LVL_F_BRAND_STRING_1,  LVL_F_BRAND_STRING_2,
	LVL_F_BRAND_STRING_3, LVL_F_BRAND_STRING_4,  LVL_F_BRAND_STRING_5,
	LVL_F_BRAND_STRING_6, LVL_F_BRAND_STRING_7,  LVL_F_BRAND_STRING_8,
	LVL_F_BRAND_STRING_9, LVL_F_BRAND_STRING_10, LVL_F_BRAND_STRING_11,
};

int lvl_gen_string(const struct lvl_policy *p, const uint16_t *field,
		   unsigned n, char *text)
{
	unsigned i, len = 4 * n;

	for (i = 0; i < len; i++) {
		if (!lvl_known(p, field[i / 4]))
			return -1;
		text[i] = (char)(lvl_get(p, field[i / 4]) >> 8 * (i % 4));
	}
	text[len] = '\0';
	while (len && !text[len - 1])
		len--;
	for (i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return -1;
	return (int)len;
}

static const uint16_t signature[] = {
	LVL_F_BASE_FAMILY, LVL_F_EXT_FAMILY, LVL_F_BASE_MODEL,
	LVL_F_EXT_MODEL,   LVL_F_STEPPING,
};

int lvl_gen_signature(const struct lvl_policy *p, struct lvl_gen_signature *s)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(signature); i++)
		if (!lvl_known(p, signature[i]))
			return 0;
	s->family = (unsigned)(lvl_get(p, LVL_F_BASE_FAMILY) +
			       lvl_get(p, LVL_F_EXT_FAMILY));
	s->model = (unsigned)(lvl_get(p, LVL_F_BASE_MODEL) |
			      lvl_get(p, LVL_F_EXT_MODEL) << 4);
	s->stepping = (unsigned)lvl_get(p, LVL_F_STEPPING);
	/* family 15 counts on, no other can have an extended part */
	return lvl_get(p, LVL_F_BASE_FAMILY) == 15 ||
	       !lvl_get(p, LVL_F_EXT_FAMILY);
}

static int is_signature(unsigned field)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(signature); i++)
		if (signature[i] == field)
			return 1;
	return 0;
}

void lvl_gen_same_signature(struct lvl_gen *g)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(signature); i++)
		lvl_gen_same(g, signature[i]);
}

/* -- what is lost --------------------------------------------------------- */

static const char *reason_left(const struct lvl_field *f)
{
	if (f->rule == LVL_LEAK || lvl_words[f->word].place >= LVL_PLACE_STATE)
		return "behaviour of the machine that no bit decides";
	if (f->rule == LVL_FREE)
		return "set for each VM: topology and the like";
	if (f == &lvl_fields[LVL_F_HYPERVISOR] ||
	    (lvl_words[f->word].place <= LVL_PLACE_EDX &&
	     lvl_words[f->word].id >> 16 == 0x4000))
		return "the hypervisor's own interface";
	if (f->rule == LVL_EQUAL)
		return "the machine's own: must agree wherever the VM runs";
	if (lvl_words[f->word].place >= LVL_PLACE_MSR_LO)
		return "in an MSR that this form cannot set";
	if (f->rule == LVL_PIN)
		return "identity that this form cannot set";
	return "no word for it in this form";
}

static const char *reason(const struct lvl_field *f, enum lvl_lost lost)
{
	switch (lost) {
	case LVL_LOST_DIFFERS:
		return "the stack gives another value";
	case LVL_LOST_DECIDED:
		return "not known, and the form gives it a value";
	case LVL_LOST_UNKNOWN:
		return "not known: nothing is written";
	case LVL_LOST_LEFT:
	case LVL_NR_LOST:
		break;
	}
	return reason_left(f);
}

/* A copy of the field in the n-th of its alike sub-leaves, as one word. */
static uint32_t bits(const uint32_t *words, const struct lvl_field *f,
		     unsigned n)
{
	return words[f->word + 4 * n] & f->mask;
}

static int differs(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned n;

	if (f->flags & LVL_FIELD_WIDE)
		return lvl_known(g->p, field) && lvl_known(&g->given, field) &&
		       lvl_get(g->p, field) != lvl_get(&g->given, field);
	for (n = 0; n < f->instances; n++)
		if ((bits(g->p->v, f, n) ^ bits(g->given.v, f, n)) &
		    bits(g->p->k, f, n) & bits(g->given.k, f, n))
			return 1;
	return 0;
}

/* Known bits of a that b has not. */
static int more_known(const struct lvl_policy *a, const struct lvl_policy *b,
		      unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned n;

	if (f->flags & LVL_FIELD_WIDE)
		return lvl_known(a, field) && !lvl_known(b, field);
	for (n = 0; n < f->instances; n++)
		if (bits(a->k, f, n) & ~bits(b->k, f, n))
			return 1;
	return 0;
}

static int all_zero(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned n;

	for (n = 0; n < f->instances; n++)
		if (bits(p->v, f, n))
			return 0;
	return !lvl_get(p, field);
}

/* Absent, and no machine of the vendor, or none without its needs, has it. */
static int stays_absent(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned vendor = lvl_policy_vendor(g->p), i;

	if (f->rule != LVL_AND || !lvl_known(g->p, field) ||
	    !all_zero(g->p, field))
		return 0;
	if (vendor && f->vendors && !(f->vendors & vendor))
		return 1;
	for (i = 0; i < lvl_nr_steps; i++)
		if (lvl_steps[i].field == field &&
		    lvl_clause_(g->p, lvl_steps[i].clause) == LVL_FALSE)
			return 1;
	return 0;
}

/* A signature with a family counts as a whole: stepping 0 is one, too. */
static int is_empty(const struct lvl_gen *g, unsigned field)
{
	return all_zero(g->p, is_signature(field) ? LVL_F_BASE_FAMILY : field);
}

/*
 * What a stack makes itself of the rest, and what says nothing, is no loss:
 * derived fields, values without carrier, identity that is empty, features
 * that could not be there.
 */
static int matters(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->rule == LVL_DERIVED || !lvl_carried_(g->p, field) ||
	    stays_absent(g, field))
		return 0;
	if (f->rule == LVL_LEAK) /* nobody promised what nobody knows */
		return lvl_known(g->p, field);
	return (f->rule != LVL_PIN && f->rule != LVL_FREE) ||
	       !is_empty(g, field);
}

/* LVL_NR_LOST: not lost. */
static enum lvl_lost how_lost(const struct lvl_gen *g, unsigned field)
{
	if (differs(g, field))
		return LVL_LOST_DIFFERS;
	if (more_known(&g->given, g->p, field))
		return LVL_LOST_DECIDED;
	if (!matters(g, field))
		return LVL_NR_LOST;
	if (more_known(g->p, &g->given, field))
		return LVL_LOST_LEFT;
	return lvl_known(g->p, field) ? LVL_NR_LOST : LVL_LOST_UNKNOWN;
}

static void tell(const struct lvl_gen *g, unsigned field, enum lvl_lost lost,
		 lvl_loss_fn *each, void *arg)
{
	const struct lvl_field *f = &lvl_fields[field];
	struct lvl_loss loss = {
		.lost = lost,
		.severity = LVL_INFO,
		.field = field,
		.want = lvl_get(g->p, field),
		.given = lvl_get(&g->given, field),
		.reason = reason(f, lost),
	};

	if (f->rule == LVL_LEAK)
		loss.severity = LVL_LEAKS;
	else if (lost == LVL_LOST_DIFFERS || lost == LVL_LOST_DECIDED ||
		 (lost == LVL_LOST_LEFT && f->rule < LVL_PIN))
		loss.severity = lvl_severity_(field, LVL_R_DIFFERS);
	each(arg, &loss);
}

static void tell_all(const struct lvl_gen *g, lvl_loss_fn *each, void *arg)
{
	uint8_t lost[LVL_NR_FIELDS];
	unsigned i, k;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		lost[i] = f->word == LVL_NO_WORD || f->rule == LVL_DYNAMIC ||
					  f->rule == LVL_HIDDEN
				  ? LVL_NR_LOST
				  : (uint8_t)how_lost(g, i);
	}
	for (k = 0; k < LVL_NR_LOST; k++)
		for (i = 0; i < LVL_NR_FIELDS; i++)
			if (lost[i] == k)
				tell(g, i, (enum lvl_lost)k, each, arg);
}

int lvl_gen_write(const struct lvl_writer *writer, const struct lvl_policy *p,
		  const struct lvl_gen_options *options, FILE *out,
		  lvl_loss_fn *each, void *arg, struct lvl_policy *given)
{
	static const struct lvl_gen_options none;
	struct lvl_gen g = {
		.p = p,
		.options = options ? options : &none,
		.out = out,
	};
	int rc;

	lvl_policy_clear(&g.given);
	rc = writer->write(&g);
	if (!rc && ferror(out))
		rc = -LVL_E_IO;
	if (rc)
		return rc;
	if (each)
		tell_all(&g, each, arg);
	if (given)
		*given = g.given;
	return 0;
}
