/* SPDX-License-Identifier: MIT */
/*
 * Is everything as it must be?  Each row of `checks` is a query that finds
 * nothing in a sound store; what a query cannot see is walked through.
 */
#include "intern.h"

#include <stdio.h>

struct checking {
	struct store *s;
	store_problem_fn *each;
	void *arg;
	int64_t nr;
	const char *what; /* of the query */
	int64_t seq, time;
	int64_t first; /* change that was not taken away */
	int64_t bulk;  /* the newest change that made many rows */
	struct store_mark mark;
};

static int problem(struct checking *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int problem(struct checking *c, const char *format, ...)
{
	char text[STORE_ERROR];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	c->nr++;
	return c->each(c->arg, text);
}

/* -- what a query finds --------------------------------------------------- */

#define NO(table, column) \
	"NOT EXISTS (SELECT 1 FROM " table " r WHERE r.id = " column ")"

/* Each gives two numbers that say where. */
static const struct {
	const char *what, *sql;
} checks[] = {
	{ "host %lld: there is no pool %lld",
	  "SELECT h.id, h.pool FROM host h WHERE h.pool <> 0 "
	  "AND " NO("pool", "h.pool") },
	{ "host %lld: there is no profile %lld",
	  "SELECT h.id, h.profile FROM host h WHERE h.profile <> 0 "
	  "AND " NO("object", "h.profile") },
	{ "host %lld: there is no source %lld",
	  "SELECT h.id, h.source FROM host h WHERE h.source <> 0 "
	  "AND " NO("source", "h.source") },
	{ "VM %lld: there is no pool %lld",
	  "SELECT v.id, v.pool FROM vm v WHERE v.pool <> 0 "
	  "AND " NO("pool", "v.pool") },
	{ "VM %lld: there is no host %lld",
	  "SELECT v.id, v.host FROM vm v WHERE v.host <> 0 "
	  "AND " NO("host", "v.host") },
	{ "VM %lld: there is no boot record %lld",
	  "SELECT v.id, v.seen FROM vm v WHERE v.seen <> 0 "
	  "AND " NO("object", "v.seen") },
	{ "VM %lld: there is no level %lld",
	  "SELECT v.id, v.level FROM vm v WHERE v.level <> 0 "
	  "AND " NO("level", "v.level") },
	{ "level %lld: there is no policy %lld",
	  "SELECT l.id, l.policy FROM level l "
	  "WHERE " NO("object", "l.policy") },
	{ "pool %lld: there are other numbers of hosts with profile %lld "
	  "than were counted",
	  "SELECT x.pool, x.profile FROM (SELECT pool, profile, state, hosts "
	  "AS n FROM host_count UNION ALL SELECT pool, profile, state, "
	  "-count(*) FROM host GROUP BY pool, profile, state) x "
	  "GROUP BY x.pool, x.profile, x.state HAVING sum(x.n) <> 0" },
	{ "pool %lld: there are other numbers of VMs that saw %lld "
	  "than were counted",
	  "SELECT x.pool, x.seen FROM (SELECT pool, seen, level, guest, vms "
	  "AS n FROM vm_count UNION ALL SELECT pool, seen, level, guest, "
	  "-count(*) FROM vm WHERE host <> 0 GROUP BY pool, seen, level, "
	  "guest) x GROUP BY x.pool, x.seen, x.level, x.guest "
	  "HAVING sum(x.n) <> 0" },
};

static int found(void *arg, const struct db_value *v, unsigned nr)
{
	struct checking *c = arg;
	char text[STORE_ERROR];

	(void)nr;
	snprintf(text, sizeof(text), c->what, (long long)v[0].i,
		 (long long)v[1].i);
	return problem(c, "%s", text);
}

/* -- objects -------------------------------------------------------------- */

static int check_object(void *arg, const struct db_value *v, unsigned nr)
{
	struct checking *c = arg;
	uint8_t hash[STORE_HASH];

	(void)nr;
	c->seq = v[0].i;
	store_sha256(v[2].p, v[2].len, hash);
	if (v[1].len == sizeof(hash) && !memcmp(v[1].p, hash, sizeof(hash)))
		return 0;
	return problem(c, "object %lld: its bytes are not those of its hash",
		       (long long)c->seq);
}

static int check_objects(struct checking *c)
{
	int64_t last = -1;
	int rc = 0;

	for (c->seq = 0; !rc && c->seq != last;) {
		const struct db_value v = db_int(c->seq);

		last = c->seq;
		rc = store_run(c->s,
			       "SELECT id, hash, data FROM object "
			       "WHERE id > $1 ORDER BY id LIMIT 256",
			       &v, 1, check_object, c);
	}
	return rc;
}

/* -- changes -------------------------------------------------------------- */

/* Did the change of that number make this row what it is? */
struct made {
	struct store *s;
	int64_t seq;
	const struct rows *rows;
	const void *row;
	int ok;
};

static int check_made(void *arg, const struct db_value *v, unsigned nr)
{
	struct made *m = arg;
	union any_row row;
	int rc;

	(void)nr;
	m->ok = v[0].i == STORE_KIND_BULK;
	if (m->ok || v[0].i != (int64_t)m->rows->kind ||
	    v[1].i != row_id(m->rows, m->row) || v[2].type != DB_TEXT)
		return 0;
	rc = row_from_json(m->s, m->rows, v[2].p, &row);
	m->ok = !rc && row_rev(m->rows, &row) == m->seq &&
		row_equal(m->rows, &row, m->row);
	return rc == -LVL_E_SYNTAX ? 0 : rc;
}

static int made_by(struct store *s, const struct rows *r, const void *row,
		   int *ok)
{
	struct made m = { s, row_rev(r, row), r, row, 0 };
	const struct db_value v = db_int(m.seq);
	int rc;

	rc = store_run(s, "SELECT kind, id, after FROM change WHERE seq = $1",
		       &v, 1, check_made, &m);
	*ok = m.ok;
	return rc;
}

/* Was there a change of this row before this one? */
static int earlier(struct store *s, const struct store_change *c, int *yes)
{
	const struct db_value v[] = { db_int((int64_t)c->kind), db_int(c->id),
				      db_int(c->seq) };
	int64_t n;

	return store_number(s,
			    "SELECT seq FROM change WHERE kind = $1 "
			    "AND id = $2 AND seq < $3 LIMIT 1",
			    v, LVL_COUNT(v), &n, yes);
}

static int check_new(struct checking *c, const struct store_change *x)
{
	int yes, rc = earlier(c->s, x, &yes);

	if (rc || !yes)
		return rc;
	return problem(c, "change %lld makes a %s %lld that was there already",
		       (long long)x->seq, store_kind_names[x->kind],
		       (long long)x->id);
}

/* What was before it is what the change before made. */
static int check_before(struct checking *c, const struct store_change *x)
{
	const struct rows *r = store_rows[x->kind];
	union any_row row;
	int rc, ok;

	if (!x->before)
		return check_new(c, x);
	rc = row_from_json(c->s, r, x->before, &row);
	if (rc == -LVL_E_SYNTAX)
		return problem(c, "change %lld: %.300s", (long long)x->seq,
			       c->s->error);
	if (!rc && row_rev(r, &row) < c->first)
		return 0;
	if (!rc)
		rc = made_by(c->s, r, &row, &ok);
	if (rc || (ok && row_rev(r, &row) < x->seq))
		return rc;
	return problem(c, "change %lld of %s %s does not continue change %lld",
		       (long long)x->seq, r->table, x->name,
		       (long long)row_rev(r, &row));
}

static int check_change(void *arg, const struct store_change *x)
{
	struct checking *c = arg;
	int rc = 0;

	if (x->seq != c->seq + 1)
		rc = problem(c, "changes %lld to %lld are missing",
			     (long long)c->seq + 1, (long long)x->seq - 1);
	if (!rc && x->time < c->time)
		rc = problem(c, "change %lld is older than the one before",
			     (long long)x->seq);
	c->seq = x->seq;
	c->time = x->time;
	if (x->kind == STORE_KIND_BULK)
		c->bulk = x->seq;
	else if (!rc)
		rc = check_before(c, x);
	store_release(c->s, &c->mark);
	return rc;
}

static int check_changes(struct checking *c)
{
	const struct store_change_filter all = { .kind = -1 };
	int rc;

	c->time = 0;
	rc = store_first(c->s, &c->first);
	if (rc)
		return rc;
	c->seq = c->first ? c->first - 1 : 0;
	return store_changes(c->s, &all, check_change, c);
}

/* -- rows ----------------------------------------------------------------- */

static int check_row(struct checking *c, const struct rows *r, const void *row)
{
	int rc, ok;

	if (row_rev(r, row) == c->bulk || row_rev(r, row) < c->first)
		return 0;
	rc = made_by(c->s, r, row, &ok);
	store_release(c->s, &c->mark);
	if (rc || ok)
		return rc;
	return problem(c, "%s %s is not what change %lld made of it", r->table,
		       row_name(r, row), (long long)row_rev(r, row));
}

static int check_pool(void *arg, const struct store_pool *v)
{
	return check_row(arg, &store_rows_pool, v);
}

static int check_host(void *arg, const struct store_host *v)
{
	return check_row(arg, &store_rows_host, v);
}

static int check_vm(void *arg, const struct store_vm *v)
{
	return check_row(arg, &store_rows_vm, v);
}

static int check_level(void *arg, const struct store_level *v)
{
	return check_row(arg, &store_rows_level, v);
}

static int check_assign(void *arg, const struct store_assign *v)
{
	return check_row(arg, &store_rows_assign, v);
}

static int check_rows(struct checking *c)
{
	int rc = store_scan_pools(c->s, check_pool, c);

	if (!rc)
		rc = store_scan_hosts(c->s, NULL, check_host, c);
	if (!rc)
		rc = store_scan_vms(c->s, NULL, check_vm, c);
	if (!rc)
		rc = store_scan_levels(c->s, check_level, c);
	if (!rc)
		rc = store_scan_assigns(c->s, check_assign, c);
	return rc;
}

int store_check(struct store *s, store_problem_fn *each, void *arg, int64_t *nr)
{
	struct checking c = { .s = s, .each = each, .arg = arg };
	unsigned i;
	int rc = store_may_read(s);

	if (!rc && s->at)
		rc = store_fail(s, LVL_E_STATE, "the past cannot be checked");
	if (!rc)
		c.mark = store_mark(s);
	for (i = 0; i < LVL_COUNT(checks) && !rc; i++) {
		c.what = checks[i].what;
		rc = store_run(s, checks[i].sql, NULL, 0, found, &c);
	}
	if (!rc)
		rc = check_objects(&c);
	if (!rc)
		rc = check_changes(&c);
	if (!rc)
		rc = check_rows(&c);
	if (!rc)
		*nr = c.nr;
	return rc;
}
