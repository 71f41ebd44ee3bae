/* SPDX-License-Identifier: MIT */
/* In place of xen-lib.c, where the program cannot open libraries. */
#include "xen-lib.h"

int xen_open(struct xen *x, struct lvl_ferr *err)
{
	(void)x;
	return xen_fail(err, LVL_E_UNSUPPORTED,
			"this program was built without Xen: it is linked "
			"statically, or meson was told -Dxen=disabled");
}

void xen_close(struct xen *x)
{
	(void)x;
}
