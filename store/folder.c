/* SPDX-License-Identifier: MIT */
/*
 * A folder of descriptions as a store: each file of any supported format is
 * one or more hosts, each folder within it a pool; what is in none of them is
 * in the pool "default".
 */
#include "intern.h"

#include <cpulevel/import.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct fill {
	struct store *s;
	const char *folder;
	struct store_pool pool;
	const char *path; /* of the file that is being read */
	int rc;
};

/* A machine without a name of its own is called after its file. */
static void name_of(const struct fill *f, const struct lvl_desc *d,
		    char name[256])
{
	size_t n = strlen(f->path);
	const char *base = strrchr(f->path, '/') + 1, *dot = strrchr(base, '.');

	if (strncmp(d->name, f->path, n) != 0)
		snprintf(name, 256, "%s", d->name);
	else
		snprintf(name, 256, "%.*s%.100s",
			 (int)(dot && dot > base ? dot - base : 150), base,
			 d->name + n);
}

static int add(struct fill *f, const struct lvl_desc *d)
{
	struct store_host h;
	char name[256];
	int changed, rc;

	name_of(f, d, name);
	rc = store_find_host(f->s, name, &h);
	if (!rc)
		return store_fail(f->s, LVL_E_DUPLICATE,
				  "%.300s: there is a host %.100s already",
				  f->path, name);
	rc = store_publish(f->s, name, d, &changed);
	if (!rc)
		rc = store_find_host(f->s, name, &h);
	h.pool = f->pool.id;
	return rc ? rc : store_put_host(f->s, &h);
}

static int take(void *arg, struct lvl_desc *d)
{
	struct fill *f = arg;

	f->rc = add(f, d);
	lvl_desc_free(d);
	return f->rc;
}

static int read_file(struct fill *f, const char *path)
{
	FILE *in = fopen(path, "rb");
	struct lvl_ferr err;
	int rc;

	if (!in)
		return store_fail(f->s, LVL_E_IO, "%.300s: %s", path,
				  strerror(errno));
	f->path = path;
	f->rc = 0;
	rc = lvl_import_file(in, path, NULL, take, f, NULL, &err);
	fclose(in);
	if (!rc || f->rc)
		return f->rc;
	return store_fail(f->s, -rc, "%s", err.text);
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int read_folder(struct fill *f, const char *path);

/* Which pool what follows belongs to; made if it is new. */
static int enter_pool(struct fill *f, const char *name)
{
	int rc = store_find_pool(f->s, name, &f->pool);

	if (rc != -LVL_E_NOT_FOUND)
		return rc;
	memset(&f->pool, 0, sizeof(f->pool));
	f->pool.name = store_keep_text(f->s, name);
	f->pool.guest = LVL_HVM;
	return f->pool.name ? store_put_pool(f->s, &f->pool) : -LVL_E_NO_MEMORY;
}

static int read_entry(struct fill *f, const char *folder, const char *name)
{
	const struct store_pool outer = f->pool;
	char path[4096];
	struct stat st;
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    sizeof(path))
		return store_fail(f->s, LVL_E_TOO_BIG, "%.300s: too long",
				  path);
	if (stat(path, &st))
		return store_fail(f->s, LVL_E_IO, "%.300s: %s", path,
				  strerror(errno));
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return store_fail(f->s, LVL_E_INVALID,
				  "%.300s: neither a file nor a folder", path);
	if (!S_ISDIR(st.st_mode)) {
		rc = f->pool.id ? 0 : enter_pool(f, "default");
		return rc ? rc : read_file(f, path);
	}
	rc = enter_pool(f, path + strlen(f->folder) + 1);
	if (!rc)
		rc = read_folder(f, path);
	f->pool = outer;
	return rc;
}

/* In the order of names, so that numbers do not depend on the disk. */
static int read_folder(struct fill *f, const char *path)
{
	struct dirent **e;
	int n = scandir(path, &e, visible, alphasort), i, rc = 0;

	if (n < 0)
		return store_fail(f->s, LVL_E_IO, "%.300s: %s", path,
				  strerror(errno));
	for (i = 0; i < n; i++) {
		if (!rc)
			rc = read_entry(f, path, e[i]->d_name);
		free(e[i]);
	}
	free(e);
	return rc;
}

static int body(struct store *s, void *arg)
{
	struct fill f = { .s = s, .folder = arg };

	return read_folder(&f, arg);
}

int store_fill(struct store *s, const char *folder)
{
	size_t n = strlen(folder);
	char *path = strdup(folder);
	int rc;

	if (!path)
		return store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	rc = store_set_actor(s, "folder", NULL);
	if (!rc)
		rc = store_txn(s, STORE_WRITE, body, path);
	free(path);
	return rc;
}
