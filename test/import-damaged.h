/* SPDX-License-Identifier: MIT */
/* Damaged text: what is wrong, on which line, and what came before it. */
#ifndef IMPORT_DAMAGED_H
#define IMPORT_DAMAGED_H

#include <cpulevel/err.h>

struct damaged {
	const char *format, *text;
	enum lvl_errno code;
	unsigned long line;
	const char *reason;
	unsigned machines; /* delivered before it */
};

/* clang-format off */
#define R4 "eax=0x00000001 ebx=0x00000002 ecx=0x00000003 edx=0x00000004\n"
#define A4 "00000001-756E6547-6C65746E-49656E69"
#define HEAD "------[ Logical CPU #0 ]------\n"

static const struct damaged damaged[] = {
	{ "cpuid-raw",
	  "CPU 0:\n   0x00000001 0x00: eax=0x000a0671 ebx=0x0002\n",
	  LVL_E_SYNTAX, 2, "neither a leaf nor the head of a CPU", 0 },
	{ "cpuid-raw", "CPU 0:\n   0x0000000g 0x00: " R4,
	  LVL_E_SYNTAX, 2, "neither a leaf", 0 },
	{ "cpuid-raw", "CPU 0:\n   0x00000001 0x000000000: " R4,
	  LVL_E_SYNTAX, 2, "neither a leaf", 0 },
	{ "cpuid-raw", "CPU 0:\n   0x00000001 0x00: eax=0x000000001 ebx=0x0\n",
	  LVL_E_SYNTAX, 2, "neither a leaf", 0 },
	{ "cpuid-raw", "CPU 0:\n   0x00000001 0x00: " R4
	  "   0x00000001 0x00: eax=0x00000001 ebx=0x00000002 ecx=0x00000003 "
	  "edx=0x00000005\n",
	  LVL_E_DUPLICATE, 3, "leaf 0x1 sub-leaf 0x0 again", 0 },
	{ "text", "cpulevel 1\npolicy raw\ncpuid 0x00000007 0x01 - - - -\n"
	  "cpuid 0x00000007 0x01 - - - -\n",
	  LVL_E_DUPLICATE, 4, "leaf 0x7 sub-leaf 0x1 again", 0 },
	{ "text", "cpulevel 1\npolicy raw\ncpuid 0x80000008 - - - - -\n"
	  "cpuid 0x80000008 - - - - -\n",
	  LVL_E_DUPLICATE, 4, "leaf 0x80000008 again", 0 },
	{ "text", "cpulevel 1\npolicy raw\nmsr 0x0000010a 0x0000000000000001\n"
	  "msr 0x0000010a -\n",
	  LVL_E_DUPLICATE, 4, "MSR 0x10a again", 0 },
	{ "text", "cpulevel 1\npolicy raw\nstate mxcsr-mask 0x00000001\n"
	  "state mxcsr-mask -\n",
	  LVL_E_DUPLICATE, 4, "state mxcsr-mask again", 0 },
	{ "cpuid-raw", "CPU 0:\nCPU 1:\n   0x00000001 0x00: " R4,
	  LVL_E_TRUNCATED, 2, "no leaves", 0 },
	{ "cpuid-raw", "CPU 0:\n   0x00000001 0x00: " R4 "CPU 1:\n",
	  LVL_E_TRUNCATED, 3, "no leaves", 0 },
	{ "cpuid-raw", "CPU 0:\n   0x00000001 0x00: " R4 "CPU 0:\n",
	  LVL_E_ORDER, 3, "CPU 0 after CPU 0", 0 },
	{ "cpuid-raw", "0x00000007: subleafs:\n 70000: EAX=0x00000001, "
	  "EBX=0x00000001, ECX=0x00000001, EDX=0x00000001\n",
	  LVL_E_SYNTAX, 2, "neither a leaf", 0 },
	{ "cpuid-raw", "\n\n", LVL_E_EMPTY, 2, "no machine", 0 },

	{ "instlatx64", HEAD "CPUID 00000000: 00000001-756E6547-6C65\n",
	  LVL_E_SYNTAX, 2, "is not four registers", 0 },
	{ "instlatx64", HEAD "CPUID 00000000: " A4 "0\n",
	  LVL_E_SYNTAX, 2, "is not four registers", 0 },
	{ "instlatx64", HEAD "CPUID 0000000X: " A4 "\n",
	  LVL_E_SYNTAX, 2, "does not name a leaf", 0 },
	{ "instlatx64", HEAD "CPUID00000000: " A4 "\n",
	  LVL_E_SYNTAX, 2, "does not name a leaf", 0 },
	{ "instlatx64", HEAD "CPUD 00000000: " A4 "\n",
	  LVL_E_SYNTAX, 2, "registers of no leaf", 0 },
	{ "instlatx64", HEAD "CPUID 00000004: " A4 " [SL 0G]\n",
	  LVL_E_SYNTAX, 2, "is not [SL n]", 0 },
	{ "instlatx64", HEAD "CPUID 00000000: " A4 "\n"
	  "CPUID 00000001: " A4 "\n"
	  "CPUID 00000001: 00000001-756E6547-6C65746E-49656E68\n\n\n",
	  LVL_E_DUPLICATE, 4, "leaf 0x1 sub-leaf 0x0 again", 0 },
	{ "instlatx64", HEAD "CPUID 00000010: " A4 "\n"
	  "CPUID 00000010: " A4 "\n",
	  LVL_E_SYNTAX, 3, "leaf 0x10 again without [SL n]", 0 },
	{ "instlatx64", HEAD
	  "CPUID 0000000D: 00000007-00000340-00000340-00000000\n"
	  "CPUID 0000000D: 00000100-00000240-00000000-00000000\n"
	  "CPUID 0000000D: 00000040-000003C0-00000000-00000000\n",
	  LVL_E_SYNTAX, 4, "leaf 0xd again without [SL n]", 0 },
	{ "instlatx64", "CPUID 00000001: " A4 "\n",
	  LVL_E_ORDER, 1, "belongs to no logical CPU", 0 },
	{ "instlatx64", "------[ Logical CPU #x ]------\n",
	  LVL_E_SYNTAX, 1, "the head of a logical CPU", 0 },
	{ "instlatx64", HEAD "------[ Logical CPU #1 ]------\n"
	  "CPUID 00000000: " A4 "\n",
	  LVL_E_TRUNCATED, 1, "no CPUID lines of logical CPU #0", 0 },
	{ "instlatx64", HEAD "CPUID 00000000: " A4 "\n"
	  "------[ MSR Registers ]------\nMSR 0000010A: 0000-0000-0000\n",
	  LVL_E_SYNTAX, 4, "is not the value of an MSR", 0 },
	{ "instlatx64", HEAD "CPUID 00000000: " A4 "\n"
	  "------[ MSR Registers ]------\nMSR 10A: 0000-0000-0000-0000\n",
	  LVL_E_SYNTAX, 4, "does not name an MSR", 0 },
	{ "instlatx64", HEAD "CPUID 00000000: " A4 "\n"
	  "------[ MSR Registers / Logical CPU #3 ]------\n",
	  LVL_E_ORDER, 3, "no CPUID lines before them", 0 },
	{ "instlatx64", HEAD "MSR 0000010A: 0000-0000-0000-0000\n",
	  LVL_E_ORDER, 2, "in no section of MSRs", 0 },

	{ "libcpuid", "basic_cpuid[0]=00000024 756e6547 6c65746e 49656e6\n",
	  LVL_E_SYNTAX, 1, "no array element", 0 },
	{ "libcpuid", "basic_cpuid[]=00000024 756e6547 6c65746e 49656e69\n",
	  LVL_E_SYNTAX, 1, "no array element", 0 },
	{ "libcpuid",
	  "basic_cpuid[65536]=00000024 756e6547 6c65746e 49656e69\n",
	  LVL_E_SYNTAX, 1, "no array element", 0 },
	{ "libcpuid", "intel_fn[0]=00000024 756e6547 6c65746e 49656e69\n",
	  LVL_E_UNKNOWN_NAME, 1, "which leaf the array \"intel_fn\"", 0 },
	{ "libcpuid", "basic_cpuid[4]=00000024 756e6547 6c65746e 49656e69\n"
	  "intel_fn4[0]=00000025 756e6547 6c65746e 49656e69\n",
	  LVL_E_DUPLICATE, 2, "leaf 0x4 sub-leaf 0x0 again", 0 },
	{ "libcpuid", "version=0.6.2\n______ Logical CPU #0 ______\n",
	  LVL_E_TRUNCATED, 2, "no leaves", 0 },

	{ "xen-cpuid", "Raw policy: 1 leaves, 1 MSRs\n CPUID:\n MSRs:\n",
	  LVL_E_TRUNCATED, 3, "1 MSRs of the raw policy are missing", 0 },
	{ "xen-cpuid", "Raw policy: 1 leaves, 0 MSRs\n"
	  "  00000000:ffffffff -> 0000000d:68747541:444d4163\n",
	  LVL_E_SYNTAX, 2, "not a line of xen-cpuid", 0 },
	{ "xen-cpuid", "Raw policy: 0 leaves, 0 MSRs\n"
	  "  00000000:ffffffff -> 0000000d:68747541:444d4163:69746e65\n",
	  LVL_E_TOO_BIG, 2, "more leaves than", 0 },
	{ "xen-cpuid", "Raw policy: 0 leaves, 0 MSRs\n MSRs:\n"
	  "  000000ce -> 0000000080000000\n",
	  LVL_E_TOO_BIG, 3, "more MSRs than", 0 },
	{ "xen-cpuid", "Best policy: 0 leaves, 0 MSRs\n",
	  LVL_E_UNKNOWN_NAME, 1, "a policy called \"Best", 0 },
	{ "xen-cpuid", "Raw policy: 0 leaves, 0 MSRs\n"
	  "Raw policy: 0 leaves, 0 MSRs\n",
	  LVL_E_DUPLICATE, 2, "the raw policy again", 0 },
	{ "xen-cpuid", "Dynamic sets:\nRaw   178bfbff:7ed8320\n",
	  LVL_E_SYNTAX, 2, "the raw featureset", 0 },
	{ "xen-cpuid", "Dynamic sets:\nRaw   178bfbff:7ed8320g\n",
	  LVL_E_SYNTAX, 2, "the raw featureset", 0 },
	{ "xen-cpuid", "Dynamic sets:\nBest  178bfbff\n",
	  LVL_E_SYNTAX, 2, "not a line of xen-cpuid", 0 },
	/* xen-cpuid explains a string, which is not of this machine */
	{ "xen-cpuid", "Raw                             1fcbfbff\n",
	  LVL_E_SYNTAX, 1, "not a line of xen-cpuid", 0 },

	{ "xen-log", "(XEN) Xen version 4.17.7\n(XEN) Panic on CPU 0:\n",
	  LVL_E_TRUNCATED, 2, "no capture in this log", 0 },
	{ "xen-log", "xen-capture 1\nDynamic sets:\nRaw  178bfbfb\n",
	  LVL_E_TRUNCATED, 3, "the capture has no end", 0 },
	{ "xen-log", "xen-capture 1\nxen-a b: c\nxen-capture end\n",
	  LVL_E_SYNTAX, 2, "\"xen-a b\" is no name of a fact", 0 },
	{ "xen-log", "xen-capture 1\nxen-a: b\nxen-capture end\n",
	  LVL_E_TRUNCATED, 3, "no capture", 0 },
	{ "xen-log", "xen-capture 1\nxen-mxcsr-mask: b\nDynamic sets:\n"
	  "Raw  178bfbfb\nxen-capture end\n",
	  LVL_E_SYNTAX, 5, "xen-mxcsr-mask is no number", 0 },
	{ "xen-log", "xen-capture 1\nDynamic sets:\nRaw  178bfbf\n",
	  LVL_E_SYNTAX, 3, "the raw featureset", 0 },

	{ "cpuinfo", "vendor_id\t: GenuineIntel\n",
	  LVL_E_ORDER, 1, "\"vendor_id\" of no processor", 0 },
	{ "cpuinfo", "processor\t: 0\nprocessor\t: 1\nflags\t: fpu\n",
	  LVL_E_TRUNCATED, 2, "processor 0 has no flags", 0 },
	{ "cpuinfo", "processor\t: 0\nflags\t: fpu\nflags\t: fpu\n",
	  LVL_E_DUPLICATE, 3, "a second list of flags, after line 2", 0 },
	{ "cpuinfo", "processor\t: 0\nmodel\t: 256\n",
	  LVL_E_RANGE, 2, "\"model\" is \"256\", not a number up to 255", 0 },
	{ "cpuinfo", "processor\t: 0\ncpu family\t: -6\n",
	  LVL_E_RANGE, 2, "\"cpu family\" is \"-6\"", 0 },
	{ "cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel2\n",
	  LVL_E_RANGE, 2, "is not 12 characters", 0 },
	{ "cpuinfo", "processor\t: 0\naddress sizes\t: many\n",
	  LVL_E_SYNTAX, 2, "address sizes \"many\"", 0 },
	{ "cpuinfo", "processor\t: 3\nflags\t: fpu\nprocessor\t: 3\n",
	  LVL_E_ORDER, 3, "processor 3 after processor 3", 0 },
	{ "cpuinfo", "processor\t: 0\nflags\n",
	  LVL_E_SYNTAX, 2, "is not \"key : value\"", 0 },

	{ "xapi", "foo bar baz", LVL_E_SYNTAX, 1, "neither a featureset", 0 },
	{ "xapi", "fgfg-1234", LVL_E_SYNTAX, 1, "neither a featureset", 0 },
	{ "xapi", "0123-foo", LVL_E_SYNTAX, 1, "neither a featureset", 0 },
	{ "xapi", "foo-0123", LVL_E_SYNTAX, 1, "neither a featureset", 0 },
	{ "xapi", "-1234", LVL_E_SYNTAX, 1, "is not a featureset", 0 },
	{ "xapi", "1234-", LVL_E_SYNTAX, 1, "is not a featureset", 0 },
	{ "xapi", "07cbfbff-04082201\n07cbfbff-0408220g\n",
	  LVL_E_SYNTAX, 2, "neither a featureset", 0 },
	{ "xapi", "features_pv: 07cbfbff\nfeatures_pv: 07cbfbff\n",
	  LVL_E_DUPLICATE, 2, "the pv-max featureset again", 0 },
	{ "xapi", "name: a\nfeatures_pv: 07cbfbff\nname: b\nname: c\n",
	  LVL_E_EMPTY, 4, "the host of line 3 has no features_pv", 1 },
	{ "xapi", "vendor: Genuine\nfeatures_pv: 07cbfbff\n",
	  LVL_E_VENDOR, 1, "has not 12 characters", 0 },

	{ "xl-info", "host : a\nhw_caps : bfebfbff:77fef3ff\n"
	  "xen_version : 4.17\n",
	  LVL_E_SYNTAX, 2, "are not eight words", 0 },
	{ "xl-info", "host : a\nhw_caps : 00000001:00000000:00000000:00000000:"
	  "00000000:00000000:00000000:00000000\n",
	  LVL_E_VERSION, 2, "the layout of hw_caps is unknown", 0 },
	{ "xl-info", "hw_caps : 00000001:00000000:00000000:00000000:"
	  "00000000:00000000:00000000:00000000\nxen_version : 4.3.1\n",
	  LVL_E_VERSION, 1, "Xen 4.3 is not known", 0 },
	{ "xl-info", "hw_caps : 00000000:00000000:00000000:00000000:"
	  "00000000:00000000:00000000:00000000\nxen_version : 4.17.0\n",
	  LVL_E_UNSUPPORTED, 1, "not an x86 host", 0 },
	{ "xl-info", "host : a\nxen_version : 4.17.0\n",
	  LVL_E_TRUNCATED, 2, "the host of line 1 has no hw_caps", 0 },
};

static const struct {
	struct damaged d; /* text: what comes first */
	const char *line; /* with one number in it */
	unsigned times;
} absurd[] = {
	{ { "cpuid-raw", "", LVL_E_TOO_BIG, 8193, "more than 4096 CPUs", 0 },
	  "CPU %u:\n   0x00000000 0x00: " R4, 4097 },
	{ { "instlatx64", "", LVL_E_TOO_BIG, 4097,
	    "more than 4096 logical CPUs", 0 },
	  "------[ Logical CPU #%u ]------\n", 4097 },
	{ { "instlatx64", HEAD, LVL_E_TOO_BIG, 65538,
	    "more than 65536 lines of a CPU", 0 },
	  "CPUID %08X: " A4 "\n", 65537 },
	{ { "libcpuid", "", LVL_E_TOO_BIG, 8193,
	    "more than 4096 logical CPUs", 0 },
	  "______ Logical CPU #%u ______\n"
	  "basic_cpuid[0]=00000024 756e6547 6c65746e 49656e69\n", 4097 },
	{ { "cpuinfo", "", LVL_E_TOO_BIG, 8193,
	    "more than 4096 processors", 0 },
	  "processor\t: %u\nflags\t: fpu\n", 4097 },
};
/* clang-format on */

#endif
