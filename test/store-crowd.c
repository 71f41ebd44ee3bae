/* SPDX-License-Identifier: MIT */
/*
 * Many processes publish hosts, boot VMs and move them, all at once:
 *
 *	store-crowd URI [PROCESSES [EACH [SEED]]]
 *
 * What each transaction does depends on what is there: a VM goes to the host
 * that runs the fewest, a host's next profile follows its last.  The change
 * table tells one order of the transactions; done again one by one in that
 * order, each must have the outcome that it had.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#define PROGRAM "store-crowd"
#include "store-program.h"

#define HOSTS 12
#define VMS 60
#define PROFILES 3

/* -- what there is -------------------------------------------------------- */

/* Ids of hosts are 1 to HOSTS, of VMs 1 to VMS, of profiles 1 to PROFILES. */
static int found(struct store *s, void *arg)
{
	struct store_pool p = { .name = "crowd", .guest = LVL_HVM };
	struct store_host h = { .id = 0 };
	struct store_vm v = { .id = 0, .guest = LVL_HVM };
	char name[32];
	int64_t id;
	int i, rc;

	(void)arg;
	rc = store_put_pool(s, &p);
	for (i = 1; i <= PROFILES && !rc; i++) {
		snprintf(name, sizeof(name), "profile %d", i);
		rc = store_put_object(s, name, strlen(name), &id);
		if (!rc && id != i)
			die("objects", "the store was not empty");
	}
	for (i = 1; i <= HOSTS && !rc; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		h = (struct store_host){ .name = name,
					 .pool = p.id,
					 .profile = 1 };
		rc = store_put_host(s, &h);
	}
	for (i = 1; i <= VMS && !rc; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		v = (struct store_vm){ .name = name,
				       .pool = p.id,
				       .guest = LVL_HVM };
		rc = store_put_vm(s, &v);
	}
	return rc;
}

/* -- one transaction ------------------------------------------------------ */

enum what { PUBLISH, BOOT, MOVE, STOP, NR_WHATS };
static const char *const whats[] = { "publish", "boot", "move", "stop" };

struct act {
	enum what what;
	int64_t id; /* of the host or VM */
};

static int count_vm(void *arg, const struct store_vm *v)
{
	(void)v;
	++*(int64_t *)arg;
	return 0;
}

/* The host that runs the fewest, but not that one. */
static int emptiest(struct store *s, int64_t but, int64_t *host)
{
	int64_t least = INT64_MAX, n, i;
	int rc = 0;

	for (i = 1; i <= HOSTS && !rc; i++) {
		const struct store_vm_filter f = { .host = i };

		n = 0;
		rc = store_scan_vms(s, &f, count_vm, &n);
		if (i != but && n < least) {
			least = n;
			*host = i;
		}
	}
	return rc;
}

static int publish(struct store *s, const struct act *a)
{
	struct store_host h;
	int rc = store_get_host(s, a->id, &h);

	if (rc)
		return rc;
	h.profile = h.profile % PROFILES + 1;
	return store_put_host(s, &h);
}

static int act(struct store *s, void *arg)
{
	const struct act *a = arg;
	struct store_vm v;
	int rc;

	if (a->what == PUBLISH)
		return publish(s, a);
	rc = store_get_vm(s, a->id, &v);
	if (rc || (a->what == BOOT) == (v.host != 0))
		return rc; /* it runs already, or does not */
	if (a->what == STOP)
		v.host = 0;
	else
		rc = emptiest(s, v.host, &v.host);
	v.seen = 1;
	return rc ? rc : store_put_vm(s, &v);
}

static void person(const char *uri, int nr, int each)
{
	struct store *s = open_store(uri);
	struct act a;
	char name[32], note[64];
	int i;

	seed += (uint64_t)nr * 1000003;
	snprintf(name, sizeof(name), "person %d", nr);
	for (i = 0; i < each; i++) {
		a.what = (enum what)dice(NR_WHATS);
		a.id = 1 + dice(a.what == PUBLISH ? HOSTS : VMS);
		snprintf(note, sizeof(note), "%s %lld", whats[a.what],
			 (long long)a.id);
		must(s, store_set_actor(s, name, note), "actor");
		must(s, store_txn(s, STORE_WRITE, act, &a), note);
	}
	store_close(s);
}

/* -- the same, one by one ------------------------------------------------- */

struct model {
	int64_t profile[HOSTS + 1], runs[HOSTS + 1], host[VMS + 1];
	int64_t changes;
};

static int64_t member(const char *json, const char *name)
{
	json_t *o = json_loads(json, 0, NULL);
	int64_t v = json_integer_value(json_object_get(o, name));

	json_decref(o);
	return v;
}

static int64_t model_emptiest(const struct model *m, int64_t but)
{
	int64_t i, best = 0;

	for (i = 1; i <= HOSTS; i++)
		if (i != but && (!best || m->runs[i] < m->runs[best]))
			best = i;
	return best;
}

static int64_t model_act(struct model *m, enum what what, int64_t id)
{
	int64_t *host = &m->host[id], to;

	if (what == PUBLISH)
		return m->profile[id] = m->profile[id] % PROFILES + 1;
	if ((what == BOOT) == (*host != 0))
		die("change table", "a change that cannot have been");
	to = what == STOP ? 0 : model_emptiest(m, *host);
	m->runs[*host]--;
	m->runs[to]++;
	*host = to;
	return to;
}

static int replay(void *arg, const struct store_change *c)
{
	struct model *m = arg;
	char what[16];
	long long id;
	unsigned w;

	if (!c->note || sscanf(c->note, "%15s %lld", what, &id) != 2)
		return 0; /* the beginning */
	for (w = 0; w < NR_WHATS && strcmp(what, whats[w]) != 0; w++)
		;
	if (w == NR_WHATS || id != c->id)
		die("change table", c->note);
	m->changes++;
	if (member(c->after, w == PUBLISH ? "profile" : "host") !=
	    model_act(m, (enum what)w, id))
		die(c->note, "another outcome than one by one");
	return 0;
}

static int say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
	return 0;
}

static int judge(struct store *s, void *arg)
{
	const struct store_change_filter all = { .kind = -1 };
	int64_t problems = 0;
	int rc = store_changes(s, &all, replay, arg);

	if (!rc)
		rc = store_check(s, say, NULL, &problems);
	if (problems)
		die("check", "it has problems");
	return rc;
}

int main(int argc, char **argv)
{
	int people = argc > 2 ? atoi(argv[2]) : 16, status, bad = 0, i;
	int each = argc > 3 ? atoi(argv[3]) : 100;
	struct model m = { .changes = 0 };
	struct store *s;

	if (argc < 2) {
		fputs("usage: store-crowd URI [PROCESSES [EACH [SEED]]]\n",
		      stderr);
		return 2;
	}
	seed = argc > 4 ? strtoull(argv[4], NULL, 0) : (uint64_t)time(NULL);
	fprintf(stderr, "store-crowd: seed %llu\n", (unsigned long long)seed);
	s = open_store(argv[1]);
	must(s, store_txn(s, STORE_WRITE, found, NULL), "begin");
	store_close(s);
	for (i = 1; i <= people; i++) {
		if (!fork()) {
			person(argv[1], i, each);
			return 0;
		}
	}
	for (i = 1; i <= people; i++)
		bad |= wait(&status) < 0 || status != 0;
	if (bad)
		die("people", "not all came to an end");
	for (i = 1; i <= HOSTS; i++)
		m.profile[i] = 1;
	s = open_store(argv[1]);
	must(s, store_txn(s, STORE_READ, judge, &m), "judge");
	store_close(s);
	printf("%d processes, %d transactions, %lld changes: as one by one\n",
	       people, people * each, (long long)m.changes);
	return 0;
}
