/* SPDX-License-Identifier: MIT */
/* A host says what it is: looked up first, written only if it is new. */
#include "intern.h"

#include <stdio.h>

/* What the CPU is called: its brand, or its numbers. */
static const char *cpu_of(const struct lvl_desc *d, char text[80])
{
	const char *cpu = lvl_desc_fact(d, "cpu");
	const struct lvl_policy *p = NULL;
	unsigned k;

	if (cpu)
		return cpu;
	for (k = 0; k < LVL_NR_KINDS && !p; k++)
		if (d->policy[k] && lvl_known(d->policy[k], LVL_F_BASE_FAMILY))
			p = d->policy[k];
	if (!p)
		return NULL;
	snprintf(text, 80, "%s family 0x%x model 0x%x stepping 0x%x",
		 lvl_vendor_name(lvl_policy_vendor(p)), lvl_policy_family(p),
		 lvl_policy_model(p), lvl_policy_stepping(p));
	return text;
}

/* All three in a row, until the caller's mark; NULL: no memory. */
static const char *join(struct store *s, const char *a, const char *b,
			const char *c)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
	char *text = store_alloc(s, size);

	if (text)
		snprintf(text, size, "%s%s%s", a, b, c);
	return text;
}

/* What runs the guests, and its version, as the producers of dumps tell it. */
static int hypervisor_of(struct store *s, const struct lvl_desc *d,
			 const char **text)
{
	static const struct {
		const char *fact, *name;
	} tells[] = {
		{ "hypervisor", "" },
		{ "xen", "Xen " },
		{ "xen-version", "Xen " },
		{ "qemu", "QEMU " },
		{ "firecracker", "Firecracker " },
	};
	const char *is = NULL;
	unsigned i;

	*text = NULL;
	for (i = 0; i < LVL_COUNT(tells) && !is; i++)
		is = lvl_desc_fact(d, tells[i].fact);
	if (is)
		*text = join(s, tells[i - 1].name, is, "");
	return is && !*text ? -LVL_E_NO_MEMORY : 0;
}

/* Two machines with the same of all else may have another firmware. */
static int firmware_of(struct store *s, const struct lvl_desc *d,
		       const char **text)
{
	const char *bios = lvl_desc_fact(d, "bios");
	const char *revision = lvl_desc_fact(d, "bios-revision");

	*text = lvl_desc_fact(d, "firmware");
	if (*text || !bios)
		return 0;
	*text = join(s, bios, revision ? " revision " : "",
		     revision ? revision : "");
	return *text ? 0 : -LVL_E_NO_MEMORY;
}

struct found {
	const uint8_t *data; /* the profile */
	size_t len;
	uint8_t hash[STORE_HASH];
	struct store_source source;
	char cpu[80];
	int64_t profile, source_id; /* 0: not there yet */
	struct store_host host;
	int is_new;
};

static int describe(struct store *s, const struct lvl_desc *d, struct found *f)
{
	int rc = profile_encode(s, d, &f->data, &f->len);

	if (rc)
		return rc;
	f->source.cpu = cpu_of(d, f->cpu);
	f->source.kernel = lvl_desc_fact(d, "kernel");
	f->source.microcode = lvl_desc_fact(d, "microcode");
	rc = hypervisor_of(s, d, &f->source.hypervisor);
	if (!rc)
		rc = firmware_of(s, d, &f->source.firmware);
	store_sha256(f->data, f->len, f->hash);
	return rc;
}

/* -- most reports say what the one before said ---------------------------- */

struct known {
	int there, same;
	enum store_host_state state;
};

static int take_known(void *arg, const struct db_value *column, unsigned nr)
{
	struct known *k = arg;

	(void)nr;
	k->there = 1;
	k->state = (enum store_host_state)column[0].i;
	k->same = column[1].type == DB_INT && column[1].i;
	return 0;
}

/* One question, which is all where nothing is to be written. */
static int is_same(struct store *s, const struct found *f, struct known *k)
{
	struct db_value v[7] = { db_blob(f->hash, STORE_HASH) };
	int rc = store_source_values(s, &f->source, v + 1);

	if (rc)
		return rc;
	v[6] = db_text(f->host.name);
	memset(k, 0, sizeof(*k));
	return store_run(s,
			 "SELECT h.state, o.hash = $1 AND s.cpu = $2 "
			 "AND s.kernel = $3 AND s.microcode = $4 "
			 "AND s.hypervisor = $5 AND s.firmware = $6 "
			 "FROM host h LEFT JOIN object o ON o.id = h.profile "
			 "LEFT JOIN source s ON s.id = h.source "
			 "WHERE h.name = $7",
			 v, LVL_COUNT(v), take_known, k);
}

static int retired(struct store *s, const char *host)
{
	return store_fail(s, LVL_E_STATE,
			  "host %s is retired; it cannot publish itself", host);
}

static int look(struct store *s, const struct found *f, int *changed)
{
	struct known k;
	int rc = is_same(s, f, &k);

	if (!rc && k.there && k.state == STORE_HOST_RETIRED)
		rc = retired(s, f->host.name);
	*changed = !(k.same && k.state == STORE_HOST_ACTIVE);
	return rc;
}

/* -- what is new is written ----------------------------------------------- */

static int look_up(struct store *s, const char *name, struct found *f)
{
	const struct db_value host = db_text(name);
	int rc = store_ahead_object(s, f->hash);

	if (!rc)
		rc = store_ahead_source(s, &f->source);
	if (!rc)
		rc = row_ahead(s, &store_rows_host, &host, 1);
	if (!rc && s->mode == STORE_WRITE)
		rc = change_ahead(s);
	if (!rc)
		rc = store_find_object(s, f->hash, &f->profile);
	if (!rc)
		rc = store_find_source(s, &f->source, &f->source_id);
	if (!rc)
		rc = store_find_host(s, name, &f->host);
	f->is_new = rc == -LVL_E_NOT_FOUND;
	return f->is_new ? 0 : rc;
}

static int is_known(const struct found *f)
{
	return !f->is_new && f->profile && f->source_id &&
	       f->host.profile == f->profile &&
	       f->host.source == f->source_id &&
	       f->host.state == STORE_HOST_ACTIVE;
}

static int publish(struct store *s, const char *host, const struct lvl_desc *d,
		   int *changed)
{
	struct found f = { .host.name = host };
	int rc = describe(s, d, &f);

	if (!rc && s->mode == STORE_READ && !s->at)
		return look(s, &f, changed);
	if (!rc)
		rc = look_up(s, host, &f);
	if (!rc && !f.is_new && f.host.state == STORE_HOST_RETIRED)
		rc = retired(s, host);
	if (rc)
		return rc;
	*changed = !is_known(&f);
	if (!*changed || s->mode == STORE_READ)
		return 0;
	if (!f.profile)
		rc = store_put_object(s, f.data, f.len, &f.profile);
	if (!rc && !f.source_id)
		rc = store_put_source(s, &f.source, &f.source_id);
	f.host.profile = f.profile;
	f.host.source = f.source_id;
	f.host.state = STORE_HOST_ACTIVE;
	return rc ? rc : store_put_host(s, &f.host);
}

int store_publish(struct store *s, const char *host, const struct lvl_desc *d,
		  int *changed)
{
	const struct store_mark mark = store_mark(s);
	int rc = store_may_read(s);

	if (!rc && !store_valid_text(host, SIZE_MAX))
		rc = store_fail(s, LVL_E_RANGE, "the name of a host is UTF-8");
	if (!rc)
		rc = publish(s, host, d, changed);
	store_release(s, &mark);
	return rc;
}
