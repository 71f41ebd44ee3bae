/* SPDX-License-Identifier: MIT */
#include "xen-lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/dlopen-note.h"

/*
 * Newest first: a machine may have several.  libxenguest brings the libxenctrl
 * of its release, and a symbol is looked up in both.
 */
static const struct release {
	unsigned version;
	const char *soname;
} releases[] = {
	{ 4 << 16 | 22, "libxenguest.so.4.22" },
	{ 4 << 16 | 21, "libxenguest.so.4.21" },
	{ 4 << 16 | 20, "libxenguest.so.4.20" },
	{ 4 << 16 | 19, "libxenguest.so.4.19" },
	{ 4 << 16 | 18, "libxenguest.so.4.18" },
	{ 4 << 16 | 17, "libxenguest.so.4.17" },
	{ 4 << 16 | 16, "libxenguest.so.4.16" },
	{ 4 << 16 | 15, "libxenguest.so.4.15" },
	{ 4 << 16 | 14, "libxenguest.so.4.14" },
};

DLOPEN_NOTE(xen_note,
	    "[{\"feature\":\"xen\","
	    "\"description\":\"reads and sets CPU policies of Xen\","
	    "\"priority\":\"suggested\","
	    "\"soname\":[\"libxenguest.so.4.22\",\"libxenguest.so.4.21\","
	    "\"libxenguest.so.4.20\",\"libxenguest.so.4.19\","
	    "\"libxenguest.so.4.18\",\"libxenguest.so.4.17\","
	    "\"libxenguest.so.4.16\",\"libxenguest.so.4.15\","
	    "\"libxenguest.so.4.14\"]}]");

/*
 * Xen's xenctrl.h and xenguest.h: 4.17.7 as installed by Debian; the names of
 * 4.14 and 4.15, and when they went, by the patches that changed them (xen-
 * devel, "libs/guest: new CPUID/MSR interface", 2021); the two accessors by
 * the patch that changes the arguments of xc_cpu_policy_serialise() and adds
 * them (2024); that get_cpu_levelling_caps went with 4.22 (xen.git
 * 370c23d0329f).
 */
#define AT(member) offsetof(struct xen_calls, member)
static const struct call {
	const char *name, *before; /* an older name, or NULL */
	size_t at;
	int needed;
} calls[] = {
	{ "xc_interface_open", NULL, AT(open), 1 },
	{ "xc_interface_close", NULL, AT(close), 1 },
	{ "xc_version", NULL, AT(version), 1 },
	{ "xc_physinfo", NULL, AT(physinfo), 1 },
	{ "xc_domain_getinfolist", NULL, AT(domains), 1 },
	{ "xc_hvm_param_get", NULL, AT(hvm_param), 0 },
	{ "xc_get_cpu_levelling_caps", NULL, AT(levelling_caps), 0 },
	{ "xc_get_cpu_featureset", NULL, AT(featureset), 1 },
	{ "xc_get_cpu_featureset_size", NULL, AT(featureset_size), 0 },
	{ "xc_get_static_cpu_featuremask", NULL, AT(static_mask), 0 },
	{ "xc_cpu_policy_get_size", "xc_get_cpu_policy_size", AT(policy_size),
	  1 },
	{ "xc_get_system_cpu_policy", NULL, AT(get_system), 0 },
	{ "xc_get_domain_cpu_policy", NULL, AT(get_domain), 0 },
	{ "xc_cpu_policy_init", NULL, AT(policy_new), 0 },
	{ "xc_cpu_policy_destroy", NULL, AT(policy_free), 0 },
	{ "xc_cpu_policy_get_system", NULL, AT(policy_of_system), 0 },
	{ "xc_cpu_policy_get_domain", NULL, AT(policy_of_domain), 0 },
	{ "xc_cpu_policy_serialise", NULL, AT(policy_arrays), 0 },
	{ "xc_cpu_policy_get_leaves", NULL, AT(policy_leaves), 0 },
	{ "xc_cpu_policy_get_msrs", NULL, AT(policy_msrs), 0 },
	{ "xc_set_domain_cpu_policy", NULL, AT(set_domain), 1 },
};

/* public/version.h */
#define XENVER_VERSION 0

#define XTL_ERROR 8 /* xentoollog.h */

/* -- messages -------------------------------------------------------------- */

static void take_message(struct xen_log *log, int level, int error,
			 const char *context, const char *format, va_list ap)
{
	(void)error;
	(void)context;
	if (level < XTL_ERROR || *log->text)
		return;
	vsnprintf(log->text, sizeof(log->text), format, ap);
	log->text[strcspn(log->text, "\n")] = '\0';
}

static void no_progress(struct xen_log *log, const char *context,
			const char *what, int percent, unsigned long done,
			unsigned long total)
{
	(void)log;
	(void)context;
	(void)what;
	(void)percent;
	(void)done;
	(void)total;
}

static void stays(struct xen_log *log)
{
	(void)log;
}

/* -- the library ----------------------------------------------------------- */

/* ISO C has no conversion from void * to a function. */
static void resolve(struct xen *x, const struct call *c)
{
	void *f = dlsym(x->lib, c->name);

	if (!f && c->before)
		f = dlsym(x->lib, c->before);
	memcpy((char *)&x->call + c->at, &f, sizeof(f));
}

static const char *missing_call(const struct xen *x)
{
	static const void *const none;
	const struct xen_calls *c = &x->call;
	unsigned i;

	for (i = 0; i < LVL_COUNT(calls); i++)
		if (calls[i].needed &&
		    !memcmp((const char *)c + calls[i].at, &none, sizeof(none)))
			return calls[i].name;
	if (c->get_system && c->get_domain)
		return NULL;
	if (!c->policy_new || !c->policy_free || !c->policy_of_system ||
	    !c->policy_of_domain)
		return "xc_cpu_policy_init";
	return c->policy_arrays || (c->policy_leaves && c->policy_msrs)
		       ? NULL
		       : "xc_cpu_policy_serialise";
}

static int load(struct xen *x, const struct release *r, struct lvl_ferr *err)
{
	const char *lacks;
	unsigned i;

	for (i = 0; i < LVL_COUNT(calls); i++)
		resolve(x, &calls[i]);
	snprintf(x->soname, sizeof(x->soname), "%s", r->soname);
	lacks = missing_call(x);
	if (!lacks)
		return 0;
	return xen_fail(err, LVL_E_UNSUPPORTED,
			"%s has no %s: it is not the library that Xen has under"
			" this name",
			r->soname, lacks);
}

void xen_close(struct xen *x)
{
	if (x->xch)
		x->call.close(x->xch);
	if (x->lib)
		dlclose(x->lib);
	x->xch = x->lib = NULL;
}

/* -- the hypervisor -------------------------------------------------------- */

static int no_device(void)
{
	return access("/dev/xen/privcmd", F_OK) &&
	       access("/proc/xen/privcmd", F_OK);
}

static int no_hypervisor(struct xen *x, int error, struct lvl_ferr *err)
{
	int absent = error == ENOENT || error == ENXIO || error == ENODEV;

	if (absent)
		return xen_fail(err, LVL_E_UNSUPPORTED,
				"no Xen to ask: there is no /dev/xen/privcmd; "
				"this is for domain 0 (modprobe xen-privcmd)");
	xen_refused(x, "Xen cannot be asked", error, err);
	err->code = LVL_E_UNSUPPORTED;
	return -LVL_E_UNSUPPORTED;
}

static int connect(struct xen *x, struct lvl_ferr *err)
{
	int version;

	x->log.text[0] = '\0';
	errno = 0;
	x->xch = x->call.open(&x->log, &x->log, 0);
	if (!x->xch)
		return no_hypervisor(x, errno, err);
	version = x->call.version(x->xch, XENVER_VERSION, NULL);
	if (version < 0)
		return no_hypervisor(x, errno, err);
	x->version = (unsigned)version;
	return 0;
}

static int no_library(struct lvl_ferr *err)
{
	return xen_fail(
		err, LVL_E_UNSUPPORTED,
		"libxenguest of Xen 4.14 to 4.22 is not installed (Debian has "
		"it in libxenmiscVERSION)%s",
		no_device() ? ", nor is there a /dev/xen/privcmd: this is for "
			      "domain 0 of Xen"
			    : "");
}

static int wrong_library(unsigned runs, const char *found, struct lvl_ferr *err)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(releases); i++)
		if (releases[i].version == runs)
			return xen_fail(err, LVL_E_UNSUPPORTED,
					"Xen %u.%u runs here and %s is not "
					"installed: %s is of another release",
					runs >> 16, runs & 0xffff,
					releases[i].soname, found);
	return xen_fail(err, LVL_E_UNSUPPORTED,
			"Xen %u.%u runs here; this program knows the libraries "
			"of 4.14 to 4.22",
			runs >> 16, runs & 0xffff);
}

int xen_open(struct xen *x, struct lvl_ferr *err)
{
	char found[sizeof(x->soname)] = "";
	unsigned i, runs = 0;
	int rc;

	for (i = 0; i < LVL_COUNT(releases); i++) {
		*x = (struct xen){ .log = { take_message, no_progress, stays,
					    "" } };
		x->lib = dlopen(releases[i].soname, RTLD_NOW | RTLD_LOCAL);
		if (!x->lib)
			continue;
		rc = load(x, &releases[i], err);
		if (!rc)
			rc = connect(x, err);
		if (!rc && x->version == releases[i].version)
			return 0;
		runs = x->version;
		snprintf(found, sizeof(found), "%s", x->soname);
		xen_close(x);
		if (rc)
			return rc;
	}
	return runs ? wrong_library(runs, found, err) : no_library(err);
}
