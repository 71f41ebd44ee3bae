/* SPDX-License-Identifier: MIT */
/*
 * libxenguest and libxenctrl of the Xen that runs here, opened at run time.
 *
 * Their ABI is that of one release: the library's name has the version, and
 * it must be the hypervisor's.  Releases 4.14 to 4.22 differ in the names of
 * some calls and in which there are; that is two tables in xen-lib.c.  Nothing
 * of Xen's headers is used: handles are opaque, and the leaves and MSRs of its
 * public interface are struct lvl_leaf and struct lvl_msr (policy.h).
 */
#ifndef LVL_PROBE_XEN_LIB_H
#define LVL_PROBE_XEN_LIB_H

#include <stdarg.h>

#include <cpulevel/import.h>

/* What is called; NULL: this release does not have it. */
struct xen_calls {
	void *(*open)(void *logger, void *builder, unsigned flags);
	int (*close)(void *xch);
	int (*version)(void *xch, int what, void *answer);
	int (*physinfo)(void *xch, void *info);
	int (*domains)(void *xch, uint32_t first, unsigned max, void *info);
	int (*hvm_param)(void *xch, uint32_t domain, uint32_t param,
			 uint64_t *value);
	int (*levelling_caps)(void *xch, uint32_t *caps);
	int (*featureset)(void *xch, uint32_t index, uint32_t *nr,
			  uint32_t *word);
	uint32_t (*featureset_size)(void);
	const uint32_t *(*static_mask)(int which);
	int (*policy_size)(void *xch, uint32_t *nr_leaves, uint32_t *nr_msrs);
	/* arrays: 4.14 and 4.15 */
	int (*get_system)(void *xch, uint32_t index, uint32_t *nr_leaves,
			  struct lvl_leaf *leaf, uint32_t *nr_msrs,
			  struct lvl_msr *msr);
	int (*get_domain)(void *xch, uint32_t domain, uint32_t *nr_leaves,
			  struct lvl_leaf *leaf, uint32_t *nr_msrs,
			  struct lvl_msr *msr);
	/* an object: from 4.16 on */
	void *(*policy_new)(void);
	void (*policy_free)(void *policy);
	int (*policy_of_system)(void *xch, unsigned index, void *policy);
	int (*policy_of_domain)(void *xch, uint32_t domain, void *policy);
	int (*policy_arrays)(void *xch, const void *policy,
			     struct lvl_leaf *leaf, uint32_t *nr_leaves,
			     struct lvl_msr *msr, uint32_t *nr_msrs);
	/* where these two are, policy_arrays has other arguments */
	int (*policy_leaves)(void *xch, const void *policy,
			     const struct lvl_leaf **leaf, uint32_t *nr);
	int (*policy_msrs)(void *xch, const void *policy,
			   const struct lvl_msr **msr, uint32_t *nr);
	int (*set_domain)(void *xch, uint32_t domain, uint32_t nr_leaves,
			  const struct lvl_leaf *leaf, uint32_t nr_msrs,
			  const struct lvl_msr *msr, uint32_t *bad_leaf,
			  uint32_t *bad_subleaf, uint32_t *bad_msr);
};

/* xentoollog_logger of libxentoollog.so.1, with what it was told last. */
struct xen_log {
	void (*message)(struct xen_log *log, int level, int error,
			const char *context, const char *format, va_list ap);
	void (*progress)(struct xen_log *log, const char *context,
			 const char *what, int percent, unsigned long done,
			 unsigned long total);
	void (*destroy)(struct xen_log *log);
	char text[160]; /* the first error since it was emptied, or "" */
};

struct xen {
	struct xen_calls call;
	struct xen_log log;
	void *lib, *xch;
	unsigned version; /* major << 16 | minor */
	char soname[32];
};

/*
 * Open the library of the Xen that runs below, and the connection to it.
 * -LVL_E_UNSUPPORTED: there is none, or it cannot be used; the message says
 * what is missing and what to do.  x need not be closed then.
 */
int xen_open(struct xen *x, struct lvl_ferr *err);
void xen_close(struct xen *x);

/* Fill err; returns -code. */
int xen_fail(struct lvl_ferr *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A call failed with this errno: what was asked, why not, and what the library
 * said.  -LVL_E_IO, or -LVL_E_STATE where Xen refuses (EEXIST, EBUSY).
 */
int xen_refused(struct xen *x, const char *what, int error,
		struct lvl_ferr *err);

#endif
