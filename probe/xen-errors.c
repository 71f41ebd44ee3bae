/* SPDX-License-Identifier: MIT */
#include "xen-lib.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int xen_fail(struct lvl_ferr *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err->code = code;
	err->line = 0;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -code;
}

int xen_refused(struct xen *x, const char *what, int error,
		struct lvl_ferr *err)
{
	int state = error == EEXIST || error == EBUSY;

	return xen_fail(err, state ? LVL_E_STATE : LVL_E_IO, "%s: %s%s%s%s%s",
			what, strerror(error), *x->log.text ? " (" : "",
			x->log.text, *x->log.text ? ")" : "",
			error == EEXIST
				? "; a domain's policy is set before it runs "
				  "for the first time"
			: error == EACCES || error == EPERM
				? "; only root of domain 0 may ask"
				: "");
}
