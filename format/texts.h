/* SPDX-License-Identifier: MIT */
/* What people read about a field or a requirement; generated from data/. */
#ifndef LVL_FORMAT_TEXTS_H
#define LVL_FORMAT_TEXTS_H

#include <cpulevel/registry.h>

struct lvl_text {
	const char *summary;
	const char *reason; /* why its rule, gate and guests; NULL: plain */
	const char *source;
};

struct lvl_edge_text {
	const char *name;  /* the feature that needs */
	const char *needs; /* "a" or "a|b" */
	const char *reason;
	const char *source;
};

extern const struct lvl_text lvl_texts[LVL_NR_FIELDS];
extern const struct lvl_edge_text lvl_edges[LVL_NR_EDGES];

#endif
