/* SPDX-License-Identifier: MIT */
/* Which hosts of a pool are others than they were: all with one question. */
#include "fleet_changes.h"

#include <stdlib.h>

/* What one change made of a host. */
struct fleet_step {
	int64_t host, seq;
	int64_t source[2], profile[2]; /* before, after */
};

static int take_step(void *arg, const struct store_change *c)
{
	struct fleet_drifted *d = arg;
	struct fleet_host_row before, after;
	struct fleet_step *grown;

	if (!c->before || !c->after)
		return 0;
	before = fleet_host_row(c->before);
	after = fleet_host_row(c->after);
	grown = cli_grow(d->step, d->nr, &d->room, sizeof(*grown));
	if (!grown)
		return -LVL_E_NO_MEMORY;
	d->step = grown;
	grown[d->nr++] = (struct fleet_step){
		.host = c->id,
		.seq = c->seq,
		.source = { before.source, after.source },
		.profile = { before.profile, after.profile },
	};
	return 0;
}

static int by_host(const void *x, const void *y)
{
	const struct fleet_step *a = x, *b = y;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

int fleet_drifted_load(struct fleet *f, int64_t pool, int64_t since,
		       struct fleet_drifted *d)
{
	const struct store_change_filter of = { .since = since,
						.pool = pool,
						.kind = STORE_KIND_HOST };
	int rc = store_changes(f->s, &of, take_step, d);

	if (!rc && d->nr)
		qsort(d->step, d->nr, sizeof(*d->step), by_host);
	return rc;
}

void fleet_drifted_free(struct fleet_drifted *d)
{
	free(d->step);
}

/* Where the steps of that host begin, or would. */
static size_t first_step(const struct fleet_drifted *d, int64_t host)
{
	size_t low = 0, high = d->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->step[middle].host < host)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int fleet_drifted(struct fleet *f, const struct fleet_drifted *d, int64_t host,
		  char components[FLEET_PARTS])
{
	size_t first = first_step(d, host), end = first;
	const struct fleet_step *a, *b;
	int rc, same;

	*components = '\0';
	while (end < d->nr && d->step[end].host == host)
		end++;
	if (first == end)
		return 0;
	/* from its first report on */
	for (; first + 1 < end && !d->step[first].profile[0]; first++)
		;
	a = &d->step[first];
	b = &d->step[end - 1];
	if (!a->profile[0])
		return 0;
	rc = fleet_looks_same(f, a->profile[0], b->profile[1], &same);
	if (rc || same)
		return rc;
	rc = fleet_say_components(f, a->source[0], b->source[1], components);
	if (!rc && !*components)
		snprintf(components, FLEET_PARTS, "settings");
	return rc;
}
