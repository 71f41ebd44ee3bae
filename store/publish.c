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

struct found {
	const uint8_t *data; /* the profile */
	size_t len;
	struct store_source source;
	char cpu[80];
	int64_t profile, source_id; /* 0: not there yet */
	struct store_host host;
	int is_new;
};

static int look_up(struct store *s, const char *name, const struct lvl_desc *d,
		   struct found *f)
{
	uint8_t hash[STORE_HASH];
	int rc = profile_encode(s, d, &f->data, &f->len);

	if (rc)
		return rc;
	f->source.cpu = cpu_of(d, f->cpu);
	f->source.kernel = lvl_desc_fact(d, "kernel");
	f->source.microcode = lvl_desc_fact(d, "microcode");
	f->source.hypervisor = lvl_desc_fact(d, "hypervisor");
	f->source.firmware = lvl_desc_fact(d, "firmware");
	store_sha256(f->data, f->len, hash);
	rc = store_find_object(s, hash, &f->profile);
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
	int rc = look_up(s, host, d, &f);

	if (!rc && !f.is_new && f.host.state == STORE_HOST_RETIRED)
		rc = store_fail(s, LVL_E_STATE,
				"host %s is retired; it cannot publish itself",
				host);
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

	if (!rc)
		rc = publish(s, host, d, changed);
	store_release(s, &mark);
	return rc;
}
