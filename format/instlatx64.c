/* SPDX-License-Identifier: MIT */
/*
 * Dumps of EVEREST and AIDA64, as InstLatx64 collects them:
 *
 *	------[ CPUID Registers / Logical CPU #0 ]------
 *	CPUID 00000004: 1C004121-01C0003F-0000003F-00000000 [SL 00]
 *	------[ MSR Registers / Logical CPU #0 ]------
 *	MSR 0000010A: 0000-0000-0000-0000
 *
 * Old ones have no sections (leaf 0 begins a CPU), no [SL n] (a line again is
 * the next sub-leaf), no colon.  The MSRs come after the CPUID of all CPUs,
 * and a CPU must be described at once: so a machine is collected here and
 * delivered when it is complete.
 */
#include "line.h"

#include <stdlib.h>

#define CPU_ENTRIES 65536u     /* of one logical CPU */
#define ALL_ENTRIES 0x400000u  /* of one machine */
#define XSAVE_LEGACY_AREA 576u /* where the components begin */

struct leaf_at {
	struct lvl_leaf leaf;
	unsigned long line;
};

struct msr_at {
	uint32_t index;
	unsigned long line;
	uint64_t value;
};

struct cpu {
	unsigned number;
	unsigned long line;  /* where it began */
	size_t leaf, leaves; /* its part of dump.leaf */
	size_t msr, msrs;    /* its part of dump.msr */
	int has_msrs;        /* there is a section, perhaps empty */
};

enum where {
	LOOSE, /* in no CPU's section */
	CPUID,
	MSR,
};

struct dump {
	struct cpu *cpu;
	struct leaf_at *leaf;
	struct msr_at *msr;
	size_t nr_cpus, nr_leaves, nr_msrs;
	size_t cpu_room, leaf_room, msr_room;
	enum where where;
	struct cpu *at;  /* NULL: none */
	unsigned repeat; /* how often the last leaf was there before it */
	char tool[80];   /* the first "Program Version" */
};

/* -- memory --------------------------------------------------------------- */

/*
 * The array with room for one more element of `size` bytes, or NULL and a
 * message; `mine` of its elements are the current CPU's.
 */
static void *grow(struct lvl_import *im, void *array, size_t *room, size_t nr,
		  size_t size, size_t mine)
{
	if (mine >= CPU_ENTRIES || nr >= ALL_ENTRIES) {
		lvl_import_fail(im, LVL_E_TOO_BIG,
				"more than %u lines of a CPU, or %u of all",
				CPU_ENTRIES, ALL_ENTRIES);
		return NULL;
	}
	if (nr < *room)
		return array;
	array = realloc(array, (nr ? nr * 2 : 64) * size);
	if (array)
		*room = nr ? nr * 2 : 64;
	else
		lvl_import_fail(im, LVL_E_NO_MEMORY, "out of memory");
	return array;
}

static void forget(struct dump *d)
{
	d->nr_cpus = d->nr_leaves = d->nr_msrs = 0;
	d->where = LOOSE;
	d->at = NULL;
	d->tool[0] = '\0';
}

/* -- delivering a machine ------------------------------------------------- */

static int give_leaves(struct lvl_import *im, const struct dump *d,
		       const struct cpu *c)
{
	size_t i;
	int rc = 0;

	for (i = c->leaf; i < c->leaf + c->leaves && !rc; i++) {
		const struct lvl_leaf *l = &d->leaf[i].leaf;

		im->line = d->leaf[i].line;
		rc = lvl_import_leaf(im, l->leaf, l->subleaf, l->reg);
	}
	return rc;
}

static int give_msrs(struct lvl_import *im, const struct dump *d,
		     const struct cpu *c)
{
	size_t i;
	int rc = 0;

	for (i = c->msr; i < c->msr + c->msrs && !rc; i++) {
		im->line = d->msr[i].line;
		rc = lvl_import_msr(im, d->msr[i].index, d->msr[i].value);
	}
	return rc;
}

/* The first CPU whose MSRs were read, or NULL. */
static const struct cpu *msr_donor(const struct dump *d)
{
	size_t i;

	for (i = 0; i < d->nr_cpus; i++)
		if (d->cpu[i].msrs)
			return &d->cpu[i];
	return NULL;
}

/*
 * Features are read from the MSRs of one CPU where the tool read only those:
 * without them they would count as unknown on all the others.
 */
static int give_cpu(struct lvl_import *im, const struct dump *d,
		    const struct cpu *c, const struct cpu *donor)
{
	int rc;

	im->line = c->line;
	if (!c->leaves)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "no CPUID lines of logical CPU #%u",
				       c->number);
	rc = lvl_import_cpu(im);
	if (rc)
		return rc;
	lvl_import_hint(im, LVL_HINT_32BIT);
	rc = give_leaves(im, d, c);
	if (!rc && (c->has_msrs || donor))
		rc = give_msrs(im, d, c->has_msrs ? c : donor);
	return rc;
}

static int give_facts(struct lvl_import *im, const struct dump *d,
		      const struct cpu *donor)
{
	char text[40];
	size_t i;
	int rc = d->tool[0] ? lvl_import_fact(im, "tool", d->tool) : 0;

	for (i = 0; i < d->nr_cpus && donor && d->cpu[i].has_msrs; i++)
		;
	if (rc || !donor || i == d->nr_cpus)
		return rc;
	snprintf(text, sizeof(text), "logical CPU %u", donor->number);
	return lvl_import_fact(im, "msrs-from", text);
}

/* The machine is complete, if one was begun. */
static int deliver(struct lvl_import *im, struct dump *d)
{
	const struct cpu *donor = msr_donor(d);
	unsigned long line = im->line;
	size_t i;
	int rc = 0;

	if (!d->nr_cpus)
		return 0;
	for (i = 0; i < d->nr_cpus && !rc; i++)
		rc = give_cpu(im, d, &d->cpu[i], donor);
	if (!rc)
		rc = give_facts(im, d, donor);
	if (rc)
		return rc;
	im->line = line;
	forget(d);
	return lvl_import_done(im);
}

/* -- sections ------------------------------------------------------------- */

static struct cpu *find_cpu(struct dump *d, unsigned number)
{
	size_t i;

	for (i = 0; i < d->nr_cpus; i++)
		if (d->cpu[i].number == number)
			return &d->cpu[i];
	return NULL;
}

static int begin_cpu(struct lvl_import *im, struct dump *d, unsigned number)
{
	struct cpu *cpu =
		grow(im, d->cpu, &d->cpu_room, d->nr_cpus, sizeof(*cpu), 0);

	if (!cpu)
		return -im->err->code;
	d->cpu = cpu;
	if (d->nr_cpus == LVL_MAX_CPUS)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more than %u logical CPUs",
				       LVL_MAX_CPUS);
	d->at = &d->cpu[d->nr_cpus++];
	memset(d->at, 0, sizeof(*d->at));
	d->at->number = number;
	d->at->line = im->line;
	d->at->leaf = d->nr_leaves;
	d->repeat = 0;
	return 0;
}

static int begin_msrs(struct lvl_import *im, struct dump *d, struct cpu *c)
{
	if (!c)
		return lvl_import_fail(im, LVL_E_ORDER,
				       "MSRs of a logical CPU that has no "
				       "CPUID lines before them");
	if (c->has_msrs)
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "the MSRs of logical CPU #%u again",
				       c->number);
	c->has_msrs = 1;
	c->msr = d->nr_msrs;
	d->at = c;
	d->where = MSR;
	return 0;
}

/* "... Logical CPU #12 ]------": its number. */
static int cpu_number(struct lvl_import *im, const char *s, unsigned *number)
{
	size_t digits = strspn(s, "0123456789");
	uint64_t n;

	if (!lvl_number(s, digits, 0xffffffffu, &n) ||
	    strcmp(s + digits, " ]------"))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"#%.40s\" does not end the head of a "
				       "logical CPU",
				       s);
	*number = (unsigned)n;
	return 0;
}

/* What is behind "------[ "; a CPU again is the next machine of the file. */
static int section(struct lvl_import *im, struct dump *d, char *head)
{
	char *cpuid = lvl_after(head, "CPUID Registers / Logical CPU #");
	char *msr = lvl_after(head, "MSR Registers / Logical CPU #");
	unsigned number = 0;
	int rc;

	if (!cpuid)
		cpuid = lvl_after(head, "Logical CPU #");
	if (!strcmp(head, "MSR Registers ]------"))
		return begin_msrs(im, d, d->nr_cpus ? d->cpu : NULL);
	if (!cpuid && !msr) {
		d->where = LOOSE;
		d->at = NULL;
		/* the first section of a dump */
		return strcmp(head, "Versions ]------") ? 0 : deliver(im, d);
	}
	rc = cpu_number(im, cpuid ? cpuid : msr, &number);
	if (rc)
		return rc;
	if (msr)
		return begin_msrs(im, d, find_cpu(d, number));
	if (find_cpu(d, number))
		rc = deliver(im, d);
	if (!rc)
		rc = begin_cpu(im, d, number);
	d->where = CPUID;
	return rc;
}

/* -- CPUID lines ---------------------------------------------------------- */

/*
 * The sub-leaf of leaf 0xd behind those from `first` to `last`.  They are not
 * dense: some versions left out sub-leaf 1, and components that the CPU lacks
 * in the mask of sub-leaf 0 are left out.
 */
static uint32_t next_xsave(const struct lvl_leaf *first,
			   const struct lvl_leaf *last, const uint32_t reg[4])
{
	uint64_t mask = (uint64_t)first->reg[3] << 32 | first->reg[0];
	uint32_t i = last->subleaf < 2 ? 2 : last->subleaf + 1;

	if (first->subleaf)
		return LVL_NO_SUBLEAF;
	if (first == last && reg[1] < XSAVE_LEGACY_AREA)
		return 1;
	while (i < 63 && !(mask >> i & 1))
		i++;
	return i < 63 ? i : LVL_NO_SUBLEAF;
}

/* The sub-leaf of a line without [SL n]; LVL_NO_SUBLEAF: cannot be told. */
static uint32_t sub_leaf(const struct dump *d, uint32_t leaf,
			 const uint32_t reg[4])
{
	static const uint32_t dense[] = {
		4, 7, 0xb, 0x14, 0x17, 0x18, 0x1f, 0x8000001d, 0x80000026,
	};
	const struct leaf_at *last;
	unsigned i;

	if (!d->repeat)
		return 0;
	last = &d->leaf[d->nr_leaves - 1];
	for (i = 0; i < LVL_COUNT(dense); i++)
		if (leaf == dense[i])
			return last->leaf.subleaf + 1;
	if (leaf == 0xd)
		return next_xsave(&last[1 - (int)d->repeat].leaf, &last->leaf,
				  reg);
	return lvl_leaf_has_subleaves(leaf) ? LVL_NO_SUBLEAF : 0;
}

/* The sub-leaf from what follows the registers, or from the lines before. */
static int tell_subleaf(struct lvl_import *im, struct dump *d,
			struct lvl_leaf *leaf, char *s)
{
	char *label = lvl_after(s, "[SL ");
	uint64_t n;

	if (d->at->leaves && d->leaf[d->nr_leaves - 1].leaf.leaf == leaf->leaf)
		d->repeat++;
	else
		d->repeat = 0;
	leaf->subleaf = sub_leaf(d, leaf->leaf, leaf->reg);
	if (label && lvl_hex_fixed(label, 2, &n) && label[2] == ']')
		leaf->subleaf = (uint32_t)n;
	else if (label)
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.12s\" is not [SL n]", s);
	if (leaf->subleaf == LVL_NO_SUBLEAF)
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "leaf 0x%x again without [SL n]: its "
				       "sub-leaf cannot be told",
				       leaf->leaf);
	return 0;
}

static int put_leaf(struct lvl_import *im, struct dump *d,
		    struct lvl_leaf *leaf, char *rest)
{
	struct leaf_at *to = NULL;
	int rc = 0;

	if (d->where == LOOSE && !leaf->leaf)
		rc = begin_cpu(im, d, (unsigned)d->nr_cpus);
	if (rc)
		return rc;
	if (d->where == MSR || !d->at)
		return lvl_import_fail(im, LVL_E_ORDER,
				       "leaf 0x%x belongs to no logical CPU",
				       leaf->leaf);
	rc = tell_subleaf(im, d, leaf, rest);
	if (!rc)
		to = grow(im, d->leaf, &d->leaf_room, d->nr_leaves, sizeof(*to),
			  d->at->leaves);
	if (!to)
		return -im->err->code;
	d->leaf = to;
	d->leaf[d->nr_leaves].leaf = *leaf;
	d->leaf[d->nr_leaves++].line = im->line;
	d->at->leaves++;
	return 0;
}

/* "A-B-C-D" -> registers; what follows it, or NULL. */
static char *registers(char *s, uint32_t reg[4])
{
	uint64_t v;
	unsigned i;

	for (i = 0; i < 4; i++, s += 9) {
		if (!lvl_hex_fixed(s, 8, &v))
			return NULL;
		reg[i] = (uint32_t)v;
		if (i < 3 && s[8] != '-')
			return NULL;
	}
	return s - 1;
}

/* What is behind "CPUID": a leaf, or a line of the tool's own headings. */
static int cpuid_line(struct lvl_import *im, struct dump *d, char *s)
{
	struct lvl_leaf leaf;
	char *at = lvl_skip_blanks(s);
	uint64_t index;

	if (lvl_after(at, "Manufacturer") || lvl_after(at, "CPU Name") ||
	    lvl_after(at, "Revision"))
		return 0;
	if (at == s || !lvl_hex_fixed(at, 8, &index))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"CPUID%.20s\" does not name a leaf",
				       s);
	at += 8;
	if (*at == ':')
		at++;
	s = lvl_skip_blanks(at);
	at = s == at ? NULL : registers(s, leaf.reg);
	if (!at || (*at && !lvl_is_blank(*at)))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.50s\" is not four registers", s);
	leaf.leaf = (uint32_t)index;
	return put_leaf(im, d, &leaf, lvl_skip_blanks(at));
}

/* -- MSR lines ------------------------------------------------------------ */

static int msr_value(char *s, uint64_t *value)
{
	uint64_t part;
	unsigned i;

	*value = 0;
	for (i = 0; i < 4; i++, s += 5) {
		if (!lvl_hex_fixed(s, 4, &part) || (i < 3 && s[4] != '-'))
			return 0;
		*value = *value << 16 | part;
	}
	return !s[-1] || lvl_is_blank(s[-1]);
}

/* One that a policy holds and that this CPU has already. */
static int msr_again(const struct dump *d, uint32_t index)
{
	size_t i;

	if (!lvl_msr_find(index))
		return 0;
	for (i = d->at->msr; i < d->at->msr + d->at->msrs; i++)
		if (d->msr[i].index == index)
			return 1;
	return 0;
}

/*
 * The tool polls some MSRs (thermal status): the first reading counts.  Only
 * those of the first CPU are kept where the registry lacks the MSR.
 */
static int put_msr(struct lvl_import *im, struct dump *d, uint32_t index,
		   uint64_t value)
{
	struct msr_at *to;

	if (msr_again(d, index) || (d->at != d->cpu && !lvl_msr_find(index)))
		return 0;
	to = grow(im, d->msr, &d->msr_room, d->nr_msrs, sizeof(*to),
		  d->at->msrs);
	if (!to)
		return -im->err->code;
	d->msr = to;
	d->msr[d->nr_msrs].index = index;
	d->msr[d->nr_msrs].line = im->line;
	d->msr[d->nr_msrs++].value = value;
	d->at->msrs++;
	return 0;
}

/* What is behind "MSR ". */
static int msr_line(struct lvl_import *im, struct dump *d, char *s)
{
	uint64_t index, value;
	char *at;

	if (d->where != MSR)
		return lvl_import_fail(im, LVL_E_ORDER,
				       "an MSR in no section of MSRs");
	if (!lvl_hex_fixed(s, 8, &index) || s[8] != ':')
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"MSR %.20s\" does not name an MSR", s);
	at = lvl_skip_blanks(s + 9);
	if (!strcmp(lvl_trim(at), "< FAILED >"))
		return 0;
	if (!msr_value(at, &value))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.30s\" is not the value of an MSR",
				       at);
	return put_msr(im, d, (uint32_t)index, value);
}

/* -- the file ------------------------------------------------------------- */

/* Four registers somewhere in a line: a damaged CPUID line, not a text. */
static int has_registers(char *s)
{
	uint32_t reg[4];

	for (; (s = strchr(s, '-')) != NULL; s++)
		if (registers(s - 8, reg))
			return 1;
	return 0;
}

static int other_line(struct lvl_import *im, struct dump *d, char *s)
{
	char *version = lvl_after(s, "Program Version :");

	if (version && !d->tool[0])
		snprintf(d->tool, sizeof(d->tool), "%.79s", lvl_trim(version));
	if (strlen(s) >= 35 && has_registers(s + 8))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "registers of no leaf: \"%.50s\"", s);
	return 0;
}

static int one_line(struct lvl_import *im, struct dump *d, char *line)
{
	char *rest;

	line = lvl_trim(line);
	rest = lvl_after(line, "------[ ");
	if (rest)
		return section(im, d, rest);
	rest = lvl_after(line, "CPUID");
	if (rest)
		return cpuid_line(im, d, rest);
	rest = lvl_after(line, "MSR ");
	if (rest)
		return msr_line(im, d, rest);
	if (lvl_is_ruler(line, strlen(line)))
		return deliver(im, d);
	return other_line(im, d, line);
}

int lvl_instlatx64_read(struct lvl_import *im, char *line)
{
	struct dump d = { 0 };
	int got = 1, rc = 0;

	if (!line)
		got = lvl_next_line(im, &line);
	while (got > 0 && !rc) {
		rc = one_line(im, &d, line);
		if (!rc)
			got = lvl_next_line(im, &line);
	}
	if (got < 0)
		rc = got;
	if (!rc)
		rc = deliver(im, &d);
	free(d.cpu);
	free(d.leaf);
	free(d.msr);
	return rc;
}

int lvl_instlatx64_line(const char *line, size_t len)
{
	uint64_t n;

	if (lvl_begins(line, len, "------[ Versions ]------") ||
	    lvl_begins(line, len, "------[ CPUID Registers / Logical CPU #") ||
	    lvl_begins(line, len, "------[ Logical CPU #"))
		return 1;
	return len >= 50 && lvl_begins(line, len, "CPUID ") &&
	       lvl_hex_fixed(line + 6, 8, &n) &&
	       (line[14] == ':' || lvl_is_blank(line[14]));
}

static int probe(const char *head, size_t len)
{
	return lvl_head_any(head, len, lvl_instlatx64_line) ? 90 : 0;
}

static int read_all(struct lvl_import *im)
{
	return lvl_instlatx64_read(im, NULL);
}

const struct lvl_format lvl_format_instlatx64 = {
	.name = "instlatx64",
	.what = "EVEREST and AIDA64 CPUID dumps (InstLatx64)",
	.probe = probe,
	.read = read_all,
};
