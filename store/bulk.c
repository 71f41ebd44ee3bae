/* SPDX-License-Identifier: MIT */
/* Many new rows by one change. */
#include "intern.h"

#include <stdio.h>

typedef int next_fn(void *arg, void *row);

struct bulk {
	struct store *s;
	const struct rows *rows;
	next_fn *next;
	void *arg;
	int64_t id, seq, nr;
	union any_row row;
};

static int next_row(void *arg, struct db_value *column)
{
	struct bulk *b = arg;
	const struct rows *r = b->rows;
	int rc;

	memset(&b->row, 0, r->size);
	row_set_number(&b->row, r->column[0].offset, b->id);
	rc = b->next(b->arg, &b->row);
	if (rc <= 0)
		return rc;
	row_set_number(&b->row, r->column[0].offset, b->id);
	row_set_number(&b->row, r->column[1].offset, b->seq);
	rc = row_valid(b->s, r, &b->row);
	if (rc)
		return rc;
	row_to_values(r, &b->row, column);
	b->id++;
	b->nr++;
	return 1;
}

/* The numbers from the next one on are taken once it is known how many. */
static int next_id(struct bulk *b, int64_t nr)
{
	const struct db_value n = db_int(nr);
	int found;

	return store_number(b->s, b->rows->new_id, &n, 1, &b->id, &found);
}

static int bulk_change(struct bulk *b, int64_t time)
{
	char text[80];
	const struct store_change c = {
		.seq = b->seq,
		.time = time,
		.kind = STORE_KIND_BULK,
		.id = b->nr,
		.name = b->rows->table,
		.after = text,
	};

	snprintf(text, sizeof(text), "{\"table\":\"%s\",\"rows\":%lld}",
		 b->rows->table, (long long)b->nr);
	return change_write(b->s, &c);
}

static int bulk(struct bulk *b)
{
	int64_t time;
	int rc = store_may_write(b->s);

	if (!rc)
		rc = change_next(b->s, &b->seq, &time);
	if (!rc)
		rc = next_id(b, 0);
	b->id++;
	if (!rc)
		rc = store_bulk(b->s, b->rows->table, b->rows->sql_columns,
				b->rows->nr, next_row, b);
	if (!rc && b->nr)
		rc = next_id(b, b->nr);
	if (!rc && b->nr)
		rc = bulk_change(b, time);
	return rc;
}

struct hosts {
	store_next_host_fn *next;
	void *arg;
};

static int next_host(void *arg, void *row)
{
	const struct hosts *h = arg;

	return h->next(h->arg, row);
}

int store_bulk_hosts(struct store *s, store_next_host_fn *next, void *arg)
{
	struct hosts h = { next, arg };
	struct bulk b = {
		.s = s, .rows = &store_rows_host, .next = next_host, .arg = &h
	};
	struct db_value seq;
	int rc = bulk(&b);

	if (rc || !b.nr)
		return rc;
	seq = db_int(b.seq);
	return store_run(s,
			 "INSERT INTO observed (source, profile) "
			 "SELECT DISTINCT source, profile FROM host "
			 "WHERE rev = $1 AND source <> 0 AND profile <> 0 "
			 "ON CONFLICT DO NOTHING",
			 &seq, 1, NULL, NULL);
}

struct vms {
	store_next_vm_fn *next;
	void *arg;
};

static int next_vm(void *arg, void *row)
{
	const struct vms *v = arg;

	return v->next(v->arg, row);
}

int store_bulk_vms(struct store *s, store_next_vm_fn *next, void *arg)
{
	struct vms v = { next, arg };
	struct bulk b = {
		.s = s, .rows = &store_rows_vm, .next = next_vm, .arg = &v
	};

	return bulk(&b);
}
