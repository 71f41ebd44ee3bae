/* SPDX-License-Identifier: MIT */
/*
 * Texts in the formats made of lines, as short as they can be.  cpuid_r,
 * libcpuid and the first processors of cpuinfo are output of the tools on a
 * virtual machine; lines are left out.
 */
#ifndef IMPORT_SAMPLES_H
#define IMPORT_SAMPLES_H

/* clang-format off */
static const char cpuid_r[] =
"CPU 0:\n"
"   0x00000000 0x00: eax=0x00000024 ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69\n"
"   0x00000001 0x00: eax=0x000a0671 ebx=0x00020800 ecx=0xfffa3203 edx=0x1f8bfbff\n"
"   0x00000007 0x00: eax=0x00000002 ebx=0xf1bf2ffb ecx=0x1a415f46 edx=0x23c14010\n"
"   0x00000007 0x01: eax=0x00001c30 ebx=0x00000000 ecx=0x00000000 edx=0x00084000\n"
"   0x0000000d 0x11: eax=0x00000040 ebx=0x00000ac0 ecx=0x00000002 edx=0x00000000\n"
"   0x20000000 0x00: eax=0x00000000 ebx=0x00070001 ecx=0x00000000 edx=0x00000000\n"
"   0x80000001 0x00: eax=0x00000000 ebx=0x00000000 ecx=0x00000121 edx=0x2c100800\n"
"CPU 1:\n"
"   0x00000000 0x00: eax=0x00000024 ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69\n"
"   0x00000001 0x00: eax=0x000a0671 ebx=0x01020800 ecx=0xfffa3203 edx=0x1f8bfbff\n"
"   0x00000007 0x00: eax=0x00000002 ebx=0xf1bf2ffb ecx=0x1a415f46 edx=0x23c14010\n"
"   0x00000007 0x01: eax=0x00001c30 ebx=0x00000000 ecx=0x00000000 edx=0x00084000\n";

static const char kcpuid[] =
"Basic Leafs :\n"
"================\n"
"0x00000000: EAX=0x0000001b, EBX=0x756e6547, ECX=0x6c65746e, EDX=0x49656e69\n"
"0x00000007: subleafs:\n"
"  0: EAX=0x00000001, EBX=0xf3bfbfff, ECX=0xbac05ffe, EDX=0x03d54130\n"
"  1: EAX=0x00001c30, EBX=0x00000000, ECX=0x00000000, EDX=0x00000000\n"
"Extended Leafs :\n"
"================\n"
"0x80000001: EAX=0x00000000, EBX=0x00000000, ECX=0x00000121, EDX=0x2c100800\n";

static const char aida[] =
"------[ Versions ]------\n\n"
"Program Version : AIDA64 v4.30.2931 Beta\n"
"CPUID Manufacturer: GenuineIntel\n"
"CPUID Revision    : 000306C3h\n\n"
"------[ CPUID Registers / Logical CPU #0 ]------\n\n"
"allcpu: Package 0 / Core 0 / Thread 0: Valid\n\n"
"CPUID 00000000: 0000000D-756E6547-6C65746E-49656E69 [GenuineIntel]\n"
"CPUID 00000001: 000306C3-00100800-77DAFBBF-BFEBFBFF\n"
"CPUID 00000004: 1C004121-01C0003F-0000003F-00000000 [SL 00] [L1D: 32 KB]\n"
"CPUID 8FFFFFFF: 4C4C4548-494B204F-21595454-5E2D5E20 [HELLO KITTY! ^-^]\n"
"\nL1    Data Cache:    32 KB,  8-way Associative, 64-byte Line\n\n"
"------[ CPUID Registers / Logical CPU #1 ]------\n\n"
"CPUID 00000000: 0000000D-756E6547-6C65746E-49656E69 [GenuineIntel]\n"
"CPUID 00000001: 000306C3-01100800-77DAFBBF-BFEBFBFF\n\n"
"------[ MSR Registers / Logical CPU #0 ]------\n\n"
"MSR 0000010A: 0000-0000-0000-0008\n"
"MSR 00000480: < FAILED >\n"
"MSR 0000019C: 0000-0000-8843-0000 [S200]\n"
"MSR 0000019C: 0000-0000-8844-0000 [S200]\n"
"MSR 0000010A: 0000-0000-0000-0009\n"
"--------------------------------------------------------------------------------\n"
"x86\nx86-64-v3\n-1 (non-authoritative)\nfpu vme de pse msr\n";

static const char libcpuid[] =
"version=0.6.2\n\n"
"_________________ Logical CPU #0 _________________\n"
"basic_cpuid[0]=00000024 756e6547 6c65746e 49656e69\n"
"basic_cpuid[4]=04000121 02c0003f 0000003f 00000000\n"
"ext_cpuid[0]=80000008 00000000 00000000 00000000\n"
"ext_cpuid[1]=00000000 00000000 00000121 2c100800\n"
"intel_fn4[0]=04000121 02c0003f 0000003f 00000000\n"
"intel_fn4[1]=04000122 03c0003f 0000003f 00000000\n"
"intel_fn11[1]=00000005 00000002 00000201 00000000\n"
"intel_fn14h[0]=00000000 00000000 00000000 00000000\n\n"
"_________________ Logical CPU #1 _________________\n"
"basic_cpuid[0]=00000024 756e6547 6c65746e 49656e69\n"
"basic_cpuid[4]=04000121 02c0003f 0000003f 00000000\n"
"intel_fn4[1]=04000122 03c0003f 0000003f 00000000\n"
"intel_fn11[1]=00000005 00000002 00000201 00000001\n";

static const char xen_policies[] =
"Xen reports there are maximum 113 leaves and 2 MSRs\n"
"Raw policy: 61 leaves, 1 MSRs\n"
" CPUID:\n"
"  leaf     subleaf  -> eax      ebx      ecx      edx     \n"
"  00000000:ffffffff -> 0000000d:68747541:444d4163:69746e65\n"
"  00000001:ffffffff -> 00800f12:00020800:7ed8320b:178bfbff\n"
"  00000007:00000000 -> 00000001:209c01a9:00000000:00000000\n"
"  80000000:ffffffff -> 8000001f:68747541:444d4163:69746e65\n"
"  8000001d:ffffffff -> 00000121:01c0003f:0000003f:00000000\n"
" MSRs:\n"
"  index    -> value           \n"
"  000000ce -> 0000000000000000\n"
"PV Max policy not supported by Xen\n"
"HVM Max policy: 57 leaves, 2 MSRs\n"
" CPUID:\n"
"  leaf     subleaf  -> eax      ebx      ecx      edx     \n"
"  00000000:ffffffff -> 0000000d:68747541:444d4163:69746e65\n"
"  00000001:ffffffff -> 00800f12:00000800:fed83203:178bfbff\n"
"  00000007:00000000 -> 00000000:209c01a9:00000000:00000000\n"
"  80000000:ffffffff -> 80000021:68747541:444d4163:69746e65\n"
"  80000001:ffffffff -> 00800f12:00000000:000001e3:2fd3fbff\n"
"  80000021:ffffffff -> 00000004:00000000:00000000:00000000\n"
" MSRs:\n"
"  index    -> value           \n"
"  000000ce -> 0000000080000000\n"
"  0000010a -> 0000000000000000\n";

static const char xen_log[] =
"(XEN) Xen version 4.17.7 (Debian 4.17.7-0)\r\n"
"lab 1 xen=00040011\r\n"
"xen-capture 1\r\n"
"xen-version: 4.17.7\r\n"
"xen-options: com1=115200,8n1 console=com1\r\n"
"xen-mxcsr-mask: 0xffff\r\n"
"(XEN) a line of Xen's: in between\r\n"
"Dynamic sets:\r\n"
"Raw  178bfbfb:7ed8320b\r\n"
"HVM Max  00000000:00000000\r\n"
"xen-capture end\r\n"
"lab end\r\n"
"(XEN) Hardware Dom0 shutdown: rebooting machine\r\n";

static const char xen_sets[] =
"nr_features: 2\n"
"                          KEY 1d       1c       \n"
"\n"
"Static sets:\n"
"Known                           bfebfbff:fffef7ff\n"
"HVM Hap Default                 1fc9cbf5:f7f83223\n"
"\n"
"Dynamic sets:\n"
"Raw                             178bfbfb:7ed8320b\n"
"  [00] 0x00000001.edx           fpu vme de pse tsc msr pae mce cx8 apic\n"
"Host                            178bfbf7:7ed8320b\n"
"PV Default                      178bfb7f:7ed8320b\n"
"HVM Default                     178bfaff:7ed8320b\n"
"PV Max                          178bdbff:7ed8320b\n"
"HVM Max                         178afbff:7ed8320b\n";

static const char cpuinfo[] =
"processor\t: 0\n"
"vendor_id\t: GenuineIntel\n"
"cpu family\t: 6\n"
"model\t\t: 167\n"
"model name\t: Intel(R) Xeon(R) Processor\n"
"stepping\t: 1\n"
"microcode\t: 0x1\n"
"fpu_exception\t: yes\n"
"flags\t\t: fpu sse sse2 ht syscall nx lm constant_tsc pni ibrs avx2\n"
"bugs\t\t: spectre_v1\n"
"address sizes\t: 46 bits physical, 48 bits virtual\n"
"power management:\n"
"\n"
"processor\t: 1\n"
"vendor_id\t: GenuineIntel\n"
"cpu family\t: 6\n"
"model\t\t: 167\n"
"model name\t: Intel(R) Xeon(R) Processor\n"
"stepping\t: 1\n"
"flags\t\t: fpu sse sse2 ht syscall nx lm constant_tsc pni ibrs\n"
"address sizes\t: 46 bits physical, 48 bits virtual\n"
"\n"
"processor\t: 0\n"
"vendor_id\t: AuthenticAMD\n"
"cpu family\t: 25\n"
"model\t\t: 1\n"
"model name\t: a name that Linux chose\n"
"stepping\t: unknown\n"
"flags\t\t: fpu\n";

static const char xapi[] =
"uuid ( RO)           : 9a5d\n"
"  name-label ( RW): host1\n"
"  tags (SRW): one; two\n"
"  cpu_info (MRO): cpu_count: 4; vendor: GenuineIntel; "
"features_pv: 17c9cbf5-f6f83203; features_hvm: 17cbfbff-f7fa3223; "
"features_hvm_host: 17cbfbff-f7fa3223; features_pv_host: \n"
"\n"
"name=host2\n"
"vendor=AuthenticAMD\n"
"features_pv_host=17c9cbf5:f6f83203:2d93fbff\n";

static const char xl_info[] =
"host                   : xen1\n"
"nr_cpus                : 8\n"
"hw_caps                : bfebfbff:77fef3ff:2c100800:00000021:00000001:000037ab:00000000:00000100\n"
"virt_caps              : pv hvm hap\n"
"xen_major              : 4\n"
"xen_minor              : 17\n"
"xen_version            : 4.17.2\n"
"host                   : xen2\n"
"hw_caps                : bfebfbff:2c100800:00000000:00007f00:77fef3ff:00000000:00000021:000037ab\n"
"xen_version            : 4.6.5\n";
/* clang-format on */

#endif
