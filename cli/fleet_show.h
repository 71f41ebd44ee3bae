/* SPDX-License-Identifier: MIT */
/* What `pool show` finds out and says, in text or JSON. */
#ifndef LVL_CLI_FLEET_SHOW_H
#define LVL_CLI_FLEET_SHOW_H

#include "fleet_changes.h"
#include "fleet_pool.h"
#include "fleet_view.h"

/* One host, or hosts that are alike. */
struct show_row {
	int64_t profile, source, hosts;
	enum store_host_state state;
	char *name; /* of the first */
	char drift[FLEET_PARTS];
	size_t at; /* in the model */
};

struct show {
	struct fleet *f;
	const char *name;
	int all;
	struct store_pool pool;
	struct store_level newest; /* id 0: none yet */
	int current;               /* the newest is what there is now */
	struct store_assign set;   /* instead of it; id 0: none */
	struct fleet_view view;
	struct lvl_fleet_level level;
	unsigned vendor[LVL_FLEET_VENDORS], nr_vendors;
	struct show_row *row;
	size_t nr, room;
	struct fleet_drifted drifted; /* since the newest was recorded */
	int merge;                    /* hosts that are alike */
	/* whose leaving would raise the level most */
	size_t limiting; /* a profile; LVL_FLEET_NONE: nobody's */
	struct lvl_policy without;
};

/* What new guests get from hosts with this profile; NULL: not known. */
const struct lvl_policy *show_offers(const struct show *s, size_t at);
/* Is it a capability that p has and the level has not?  How many are? */
int show_is_beyond(const struct show *s, const struct lvl_policy *p,
		   unsigned field);
unsigned show_beyond(const struct show *s, const struct lvl_policy *p);
/* A statement that the level makes and some host does not. */
int show_is_kept(const struct show *s, unsigned field);

int show_json(struct show *s);

#endif
