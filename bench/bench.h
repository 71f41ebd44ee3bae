/* SPDX-License-Identifier: MIT */
/* What the measured cases share: their data, and the peer beside them. */
#ifndef LVL_BENCH_H
#define LVL_BENCH_H

#include <cpulevel/desc.h>
#include <cpulevel/record.h>

struct text {
	char *data;
	size_t len;
};

/* Made once, before anything is measured. */
struct data {
	size_t nr;               /* hosts in each of the following three */
	struct lvl_policy *host; /* well-formed, as a level takes them */
	struct text dumps;       /* their raw dumps in the text form */
	struct text xml;         /* definitions by libvirt; none: NULL */
	size_t nr_xml;           /* definitions in it */

	struct lvl_policy level; /* of all of them: it fits each */
	struct lvl_policy full;  /* one host, with all that was read */
	struct lvl_leaf leaf[LVL_NR_LEAVES]; /* its leaves */
	size_t nr_leaves;
	struct lvl_policy leaves; /* a policy of these leaves alone */
	uint8_t record[LVL_RECORD_MAX];
	size_t record_len;
};

/*
 * Something to measure.  run() does it so many times and returns something
 * that depends on all of it, so that no compiler leaves it out; units() is
 * what to divide the time of one loop by, 0 if the case cannot run here.
 */
struct bench {
	const char *name;
	const char *unit;
	double (*units)(const struct data *d);
	unsigned long (*run)(struct data *d, unsigned long loops);
};

/*
 * Xen's own library, where it was there to build with.  peer_begin() keeps
 * of the leaves those that both sides know, and returns how many.
 */
size_t peer_begin(struct lvl_leaf *leaf, size_t nr);
extern const struct bench peer_encode, peer_decode;

#endif
