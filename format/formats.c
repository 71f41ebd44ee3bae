/* SPDX-License-Identifier: MIT */
/* The formats that are read, in the order in which they are tried. */
#include "import.h"

const struct lvl_format *const lvl_formats[] = {
	&lvl_format_text,
	&lvl_format_record,
	&lvl_format_json,
	&lvl_format_libvirt_cpudata,
	&lvl_format_libvirt_cpu,
	&lvl_format_rjcp,
	&lvl_format_firecracker,
	&lvl_format_qemu,
	&lvl_format_instlatx64,
	&lvl_format_libcpuid,
	&lvl_format_cpuid_raw,
	&lvl_format_xen_cpuid,
	&lvl_format_xen_log,
	&lvl_format_cpuinfo,
	&lvl_format_xl_info,
	&lvl_format_xapi,
	NULL,
};

const struct lvl_format *lvl_format_find(const char *name)
{
	unsigned i;

	for (i = 0; lvl_formats[i]; i++)
		if (!strcmp(lvl_formats[i]->name, name))
			return lvl_formats[i];
	return NULL;
}
