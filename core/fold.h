/* SPDX-License-Identifier: MIT */
/* What a fold says of one field; shared by reading and counting. */
#ifndef LVL_CORE_FOLD_H
#define LVL_CORE_FOLD_H

#include <cpulevel/level.h>

/* Bits of a word on which no completion of the members agrees. */
static inline uint32_t lvl_fold_differs_(const struct lvl_fold *f, unsigned w)
{
	return f->or_low[w] & ~f->and_high[w];
}

/* A number of which 0 says that there is nothing: unknown may be nothing. */
static inline int lvl_none_if_unknown_(const struct lvl_field *f)
{
	return f->rule == LVL_MIN && (f->flags & LVL_FIELD_ZERO_NONE);
}

/* Bits of a word that some member does not know. */
static inline uint32_t lvl_fold_unknown_(const struct lvl_fold *f, unsigned w)
{
	return (f->and_low[w] ^ f->and_high[w]) |
	       (f->or_low[w] ^ f->or_high[w]);
}

/* What the donor does not know of itself nobody tells a guest. */
void lvl_forget_pins_(struct lvl_policy *p, const struct lvl_policy *donor);

#endif
