/* SPDX-License-Identifier: MIT */
/*
 * A measurement (caps.h) in a description: a fact a register,
 *
 *	measured: 0x00000007/0x00.ebx done 0xffffffff pinned 0x219c03ab never
 *0x0
 */
#ifndef LVL_FORMAT_MEASURED_H
#define LVL_FORMAT_MEASURED_H

#include <cpulevel/caps.h>
#include <cpulevel/desc.h>

/* -LVL_E_NO_MEMORY. */
int lvl_measured_add(struct lvl_desc *d, const struct lvl_measured *m);

/* Is the value of such a fact as above?  Readers refuse others. */
int lvl_measured_is(const char *value);

/*
 * 1: the description has one; 0: it has none; -LVL_E_DUPLICATE: a register is
 * there twice; *line is then the text.  m is written only with 1.
 */
int lvl_measured_read(const struct lvl_desc *d, struct lvl_measured *m,
		      const char **line);

/*
 * What HVM guests were measured to get, into the maximum and the default that
 * the hypervisor reported: a field of which every bit is always or never shown
 * has that value, whatever was reported.  A statement (`or`) that is never
 * shown is true all the same.  0 or as lvl_measured_read() without a 1.
 */
int lvl_measured_adopt(struct lvl_desc *d, const char **line);

#endif
