/* SPDX-License-Identifier: MIT */
/* `pool add`, `pool remove`, `pool import`: hosts come and go. */
#include "fleet_pool.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hosts {
	/* what is asked */
	const char *pool;
	char **name;
	int nr;
	/* of one run */
	struct store_pool p;
	struct fleet_left *left; /* the pools that hosts were in before */
	size_t nr_left, room;
};

static int start(struct fleet *f, struct hosts *a)
{
	a->nr_left = 0;
	return fleet_pool(f, a->pool, &a->p);
}

static int has_left(struct hosts *a, int64_t pool)
{
	struct fleet_left *grown;
	size_t i;

	for (i = 0; i < a->nr_left; i++) {
		if (a->left[i].pool != pool)
			continue;
		a->left[i].hosts++;
		return 0;
	}
	grown = cli_grow(a->left, a->nr_left, &a->room, sizeof(*grown));
	if (!grown)
		return -LVL_E_NO_MEMORY;
	a->left = grown;
	grown[a->nr_left++] = (struct fleet_left){ pool, 1 };
	return 0;
}

static int finish(struct fleet *f, const struct hosts *a)
{
	return fleet_settle_and_say(f, &a->p, a->left, a->nr_left);
}

static int any(void *arg, const struct store_vm *v)
{
	*(int *)arg = v->id != 0;
	return 1;
}

int fleet_is_busy(struct fleet *f, const struct store_host *h)
{
	const struct store_vm_filter on = { .host = h->id, .limit = 1 };
	int busy = 0, rc;

	if (!h->id)
		return 0;
	rc = store_scan_vms(f->s, &on, any, &busy);
	if (rc < 0 || !busy)
		return rc < 0 ? rc : 0;
	cli_error("VMs are running on %s: `cpulevel vm list --host %s`; move "
		  "or stop them first",
		  h->name, h->name);
	return EXIT_REFUSED;
}

/* A change of its own, so that it is among those of both pools. */
static int leave(struct fleet *f, struct hosts *a, struct store_host *h)
{
	int rc = fleet_is_busy(f, h);

	if (!rc)
		rc = has_left(a, h->pool);
	h->pool = 0;
	return rc ? rc : store_put_host(f->s, h);
}

static int join(struct fleet *f, struct hosts *a, const char *name)
{
	struct store_host h;
	int rc = store_find_host(f->s, name, &h);

	if (rc == -LVL_E_NOT_FOUND)
		h = (struct store_host){ .name = name };
	else if (rc)
		return rc;
	rc = h.pool && h.pool != a->p.id ? leave(f, a, &h) : 0;
	if (rc)
		return rc;
	h.pool = a->p.id;
	if (h.state == STORE_HOST_RETIRED)
		h.state = STORE_HOST_ACTIVE;
	return store_put_host(f->s, &h);
}

static int is_machine(const struct lvl_desc *d)
{
	unsigned k;

	for (k = LVL_KIND_HOST; k <= LVL_KIND_HVM_DEFAULT; k++)
		if (d->policy[k])
			return 0;
	cli_error("%s describes no machine that runs guests", d->name);
	return EXIT_INPUT;
}

int fleet_report(struct fleet *f, const char *name, const struct lvl_desc *d,
		 int *changed)
{
	int rc = is_machine(d);

	return rc ? rc : store_publish(f->s, name, d, changed);
}

/*
 * HOST, or HOST=FILE.  It joins first: a retired one comes back, and may
 * report.
 */
static int add_one(struct fleet *f, struct hosts *a, const char *arg)
{
	const char *is = strchr(arg, '=');
	char name[256];
	struct lvl_desc *d;
	int rc, changed;

	if (!is)
		return join(f, a, arg);
	if ((size_t)(is - arg) >= sizeof(name))
		return cli_usage("a name of more than 255 bytes");
	snprintf(name, sizeof(name), "%.*s", (int)(is - arg), arg);
	d = cli_one((char *)is + 1, &rc);
	if (!d)
		return rc;
	rc = is_machine(d);
	if (!rc)
		rc = join(f, a, name);
	if (!rc)
		rc = fleet_report(f, name, d, &changed);
	lvl_desc_free(d);
	return rc;
}

/* HOST and HOST=FILE are the same host. */
static int is_twice(const struct hosts *a, int i)
{
	size_t n = strcspn(a->name[i], "=");
	int k;

	for (k = 0; k < i; k++)
		if (strcspn(a->name[k], "=") == n &&
		    !strncmp(a->name[k], a->name[i], n))
			return cli_usage("host %.*s is given twice", (int)n,
					 a->name[i]);
	return 0;
}

static int add_body(struct fleet *f, void *arg)
{
	struct hosts *a = arg;
	int i, rc = start(f, a);

	for (i = 0; i < a->nr && !rc; i++) {
		rc = is_twice(a, i);
		if (!rc)
			rc = add_one(f, a, a->name[i]);
	}
	if (!rc)
		rc = finish(f, a);
	return rc || f->json ? rc : fleet_join_added(f, &a->p, a->name, a->nr);
}

static int remove_one(struct fleet *f, const struct store_pool *p,
		      const char *name)
{
	struct store_host h;
	int rc = fleet_host(f, name, &h);

	if (rc)
		return rc;
	if (h.pool != p->id) {
		cli_error("%s is not in pool %s", name, p->name);
		return EXIT_INPUT;
	}
	rc = fleet_is_busy(f, &h);
	if (rc)
		return rc;
	h.pool = 0;
	return store_put_host(f->s, &h);
}

static int remove_body(struct fleet *f, void *arg)
{
	struct hosts *a = arg;
	int i, rc = start(f, a);

	for (i = 0; i < a->nr && !rc; i++)
		rc = remove_one(f, &a->p, a->name[i]);
	return rc ? rc : finish(f, a);
}

/* -- import --------------------------------------------------------------- */

struct import {
	struct fleet *f;
	struct hosts *a;
	json_t *seen; /* the names so far */
};

/* A file that was left lying about brings no host back. */
static int is_retired(struct fleet *f, const char *name)
{
	struct store_host h;
	int rc = store_find_host(f->s, name, &h);

	if (rc == -LVL_E_NOT_FOUND)
		return 0;
	if (rc || h.state != STORE_HOST_RETIRED)
		return rc;
	cli_error("%s is retired; `cpulevel host set %s --state active` takes "
		  "it back",
		  name, name);
	return EXIT_REFUSED;
}

static int import_each(void *arg, struct lvl_desc *d)
{
	struct import *im = arg;
	int changed, rc = 0;

	if (json_object_get(im->seen, d->name)) {
		cli_error("two descriptions of a host %s", d->name);
		rc = EXIT_INPUT;
	} else if (json_object_set_new_nocheck(im->seen, d->name,
					       json_true())) {
		rc = -LVL_E_NO_MEMORY;
	}
	if (!rc)
		rc = is_retired(im->f, d->name);
	if (!rc)
		rc = fleet_report(im->f, d->name, d, &changed);
	if (!rc)
		rc = join(im->f, im->a, d->name);
	lvl_desc_free(d);
	return rc;
}

static int import_body(struct fleet *f, void *arg)
{
	struct hosts *a = arg;
	struct import im = { .f = f, .a = a, .seen = json_object() };
	int rc = start(f, a);

	if (!rc && fseek(stdin, 0, SEEK_SET))
		clearerr(stdin);
	if (!rc)
		rc = cli_each(a->name, a->nr, import_each, &im);
	if (!rc && !json_object_size(im.seen)) {
		cli_error("no machine there");
		rc = EXIT_INPUT;
	}
	if (!rc)
		rc = finish(f, a);
	if (!rc && !f->json)
		rc = fleet_join_imported(f, &a->p, im.seen);
	json_decref(im.seen);
	return rc;
}

int fleet_keep_stdin(void)
{
	char buf[65536];
	FILE *kept = tmpfile();
	size_t n;
	int rc = -1;

	while (kept && (n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		if (fwrite(buf, 1, n, kept) != n)
			break;
	if (kept && !ferror(stdin) && !fflush(kept) && !ferror(kept) &&
	    dup2(fileno(kept), STDIN_FILENO) >= 0)
		rc = 0;
	if (rc)
		cli_error("standard input: %s", strerror(errno));
	else
		rewind(stdin);
	if (kept)
		fclose(kept);
	return rc ? EXIT_INPUT : 0;
}

/* POOL and at least one more. */
static int run_hosts(int argc, char **argv, const char *form,
		     fleet_body_fn *body, int create)
{
	static const struct option opts[] = {
		FLEET_OPTS_WRITE,
		{ "from", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .create = create };
	struct hosts a = { .left = NULL };
	int c, i, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1)
		rc = c == 'f' ? cli_set_from(optarg) : fleet_option(&f, c);
	if (!rc)
		rc = fleet_arguments(argc, 2, -1, form);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	a.pool = argv[optind];
	a.name = argv + optind + 1;
	a.nr = argc - optind - 1;
	for (i = 0; i < a.nr && !rc && body == import_body; i++)
		if (!strcmp(a.name[i], "-"))
			rc = fleet_keep_stdin();
	rc = rc ? rc : fleet_write(&f, body, &a);
	free(a.left);
	return rc;
}

int fleet_pool_add(int argc, char **argv)
{
	return run_hosts(argc, argv, "add POOL HOST[=FILE]...", add_body, 0);
}

int fleet_pool_remove(int argc, char **argv)
{
	return run_hosts(argc, argv, "remove POOL HOST...", remove_body, 0);
}

int fleet_pool_import(int argc, char **argv)
{
	return run_hosts(argc, argv, "import POOL DIR|FILE...", import_body, 0);
}
