/* SPDX-License-Identifier: MIT */
/* Texts for the test of the XML and JSON readers: good ones and bad ones. */
#ifndef LVL_TEST_IMPORT_XML_JSON_H
#define LVL_TEST_IMPORT_XML_JSON_H

#include <cpulevel/err.h>

/* -- samples -------------------------------------------------------------- */

static const char cpudata[] =
	"<?xml version='1.0'?>\n"
	"<!-- A fine CPU -->\n"
	"<cpudata arch='x86'>\n"
	"  <cpuid eax_in='0x00000000' ecx_in='0x00' eax='0x00000007' "
	"ebx='0x756e6547' ecx='0x6c65746e' edx='0x49656e69'/>\n"
	"  <cpuid eax_in='0x00000001' eax='0x000306f2' ebx='0x00040800' "
	"ecx='0x7ffefbff' edx='0xbfebfbff'/>\n"
	"  <cpuid eax_in='0x00000007' ecx_in='0x00' eax='0x00000000' "
	"ebx='0x000037ab' ecx='0x00000000' edx='0x00000000'/>\n"
	"  <cpuid eax_in='0x20000000' ecx_in='0x00' eax='0x00000001' "
	"ebx='0x00000002' ecx='0x00000003' edx='0x00000004'/>\n"
	"  <msr index='0x10a' eax='0x00000069' edx='0x40000000'/>\n"
	"</cpudata>\n";

static const char host_cpu[] =
	"<cpu>\n"
	"  <arch>x86_64</arch>\n"
	"  <model>Haswell</model>\n"
	"  <vendor>Intel</vendor>\n"
	"  <microcode version='61'/>\n"
	"  <signature family='6' model='60' stepping='3'/>\n"
	"  <counter name='tsc' frequency='2400000000' scaling='no'/>\n"
	"  <topology sockets='1' cores='4' threads='2'/>\n"
	"  <maxphysaddr mode='emulate' bits='39'/>\n"
	"  <feature name='xsave'/>\n"
	"  <feature name='invtsc'/>\n"
	"  <feature name='osxsave'/>\n"
	"  <feature policy='disable' name='avx2'/>\n"
	"  <pages unit='KiB' size='4'/>\n"
	"</cpu>\n";

static const char rjcp[] =
	"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	"<cpuid type=\"x86\">\n"
	" <processor>\n"
	"  <register eax=\"00000000\" ecx=\"00000000\">"
	"00000001,68747541,444D4163,69746E65</register>\n"
	"  <register eax=\"00000001\" ecx=\"00000000\">"
	"00600F12,00100800,16982203,178BFBFF</register>\n"
	" </processor>\n"
	" <processor>\n"
	"  <register eax=\"00000000\" ecx=\"00000000\">"
	"00000001,68747541,444D4163,69746E65</register>\n"
	"  <register eax=\"00000001\" ecx=\"00000000\">"
	"00600F12,01100800,16982202,178BFBFF</register>\n"
	" </processor>\n"
	"</cpuid>\n";

static const char fingerprint[] =
	"{\"kernel_version\": \"6.1\", \"microcode_version\": \"0x1\",\n"
	" \"bios_version\": \"1.0\", \"guest_cpu_config\": {\n"
	"  \"kvm_capabilities\": [\"!56\"],\n"
	"  \"cpuid_modifiers\": [\n"
	"   {\"leaf\": \"0x7\", \"subleaf\": \"0x0\", \"flags\": 1,\n"
	"    \"modifiers\": [\n"
	"     {\"register\": \"ebx\",\n"
	"      \"bitmap\": \"0b1xxx_xxxx_xx0x_xxxx_1000\"}]},\n"
	"   {\"leaf\": \"0x80000008\", \"subleaf\": \"0x0\", \"flags\": 0,\n"
	"    \"modifiers\": [{\"register\": \"eax\", \"bitmap\":\n"
	"     \"0b00000000000000000011000000101110\"}]}],\n"
	"  \"msr_modifiers\": [{\"addr\": \"0x10a\", \"bitmap\": \"0b1xx0\"},\n"
	"   {\"addr\": \"0x4b564d00\", \"bitmap\": \"0b0x\"}]}}\n";

static const char qmp[] =
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 2,\n"
	"  \"major\": 10}, \"package\": \"deb\"}, \"capabilities\": []}}\n"
	"{\"execute\": \"query-cpu-model-expansion\", \"arguments\":\n"
	" {\"type\": \"full\", \"model\": {\"name\": \"host\"}}}\n"
	"{\"return\": [{\"name\": \"EPYC\", \"typename\": \"x\"}]}\n"
	"{\"return\": {\"model\": {\"name\": \"host\", \"props\": {\n"
	" \"family\": 23, \"model\": 49, \"stepping\": 0, \"level\": 16,\n"
	" \"vendor\": \"AuthenticAMD\", \"model-id\": \"AMD EPYC\",\n"
	" \"3dnowprefetch\": true, \"smap\": false,\n"
	" \"kvmclock\": false, \"ht\": true, \"phys-bits\": 0,\n"
	" \"realized\": false}}}}\n";

static const char own[] =
	"{\"format\": \"cpulevel-policy\", \"version\": 1,\n"
	" \"name\": \"h1\", \"kind\": \"raw\", \"later\": {},\n"
	" \"provenance\": {\"a\": \"b\", \"c\": [\"d\", \"e\"]},\n"
	" \"cpuid\": [\n"
	"  {\"leaf\": \"0x00000000\", \"subleaf\": null, \"eax\": \"0x7\",\n"
	"   \"ebx\": \"0x756e6547\", \"ecx\": \"0x6c65746e\",\n"
	"   \"edx\": \"0x49656e69\"},\n"
	"  {\"leaf\": \"0x7\", \"subleaf\": \"0x0\", \"eax\": null,\n"
	"   \"ebx\": \"0x00000008/0x00000018\", \"ecx\": \"0x0\",\n"
	"   \"edx\": null}],\n"
	" \"msr\": [{\"index\": \"0x10a\", \"value\": \"0x2b/0xff\"}],\n"
	" \"state\": [{\"name\": \"mxcsr-mask\", \"value\": \"0x2ffff\"}]}\n";

static const struct sample {
	const char *format, *text;
} samples[] = {
	{ "libvirt-cpudata", cpudata },
	{ "libvirt-cpu", host_cpu },
	{ "rjcp", rjcp },
	{ "firecracker", fingerprint },
	{ "qemu", qmp },
	{ "json", own },
};

/* -- bad text ------------------------------------------------------------- */

#define CPU(parts) "<cpu>\n<model>Haswell</model>\n" parts "\n</cpu>"
#define DATA(rows) "<cpudata arch='x86'>\n" rows "\n</cpudata>"
#define ROW(leaf, eax)                                  \
	"<cpuid eax_in='" leaf "' ecx_in='0' eax='" eax \
	"' ebx='0x0' ecx='0x0' edx='0x0'/>\n"
#define POLICY(parts) \
	"{\"format\": \"cpulevel-policy\",\n\"version\": 1,\n" parts "}"
#define TEMPLATE(parts)                                              \
	"{\"cpuid_modifiers\": [\n{\"leaf\": \"0x7\", \"subleaf\": " \
	"\"0x0\", \"modifiers\": [\n" parts "]}]}"
#define PROPS(parts)                                                \
	"{\"return\": {\"model\": {\"name\": \"x\", \"props\": {\n" \
	"\"sse\": true,\n" parts "}}}}"

static const struct bad {
	const char *text;
	int code;
	unsigned long line;
	unsigned n; /* machines before it */
	const char *says;
} bads[] = {
	{ DATA(ROW("1", "0xg")), LVL_E_RANGE, 2, 0, "eax='0xg'" },
	{ DATA(ROW("1", "0x100000000")), LVL_E_RANGE, 2, 0, "number up to" },
	{ DATA(ROW("1", "1") ROW("1", "2")), LVL_E_DUPLICATE, 3, 0, "again" },
	{ DATA("\n<cpuid eax_in='1'/>"), LVL_E_SYNTAX, 3, 0,
	  "'eax' is missing" },
	{ DATA("<leaf/>"), LVL_E_SYNTAX, 2, 0, "'leaf' does not belong" },
	{ DATA("text"), LVL_E_SYNTAX, 3, 0, "text 'text'" },
	{ "<cpudata arch='ppc64'/>", LVL_E_UNSUPPORTED, 1, 0, "only x86" },
	{ "<!DOCTYPE cpudata [<!ENTITY a 'b'>]>\n<cpudata arch='x86'/>",
	  LVL_E_SYNTAX, 1, 0, "DOCTYPE" },
	{ "<?xml version='1.0'?>\n<!DOCTYPE  cpu>\n<cpu/>", LVL_E_SYNTAX, 2, 0,
	  "DOCTYPE" },
	{ "<!DOCTYPE domain", LVL_E_SYNTAX, 0, 0, "not a format" },
	{ "<!DOCTYPE html>\n<cpudata arch='x86'/>", LVL_E_SYNTAX, 0, 0,
	  "not a format" },
	{ DATA(ROW("1", "1")) "\n<!DOCTYPE a [<!ENTITY a 'b'>]><cpudata/>",
	  LVL_E_SYNTAX, 5, 1, "DOCTYPE" },
	{ DATA("&a;"), LVL_E_SYNTAX, 2, 0, "undefined entity" },
	{ DATA(ROW("1", "1")) "\nmore", LVL_E_SYNTAX, 5, 1, "neither" },
	{ DATA(ROW("1", "1")) "\n<!-- more", LVL_E_TRUNCATED, 5, 1, "comment" },
	{ CPU("<feature name='avx-2-2'/>"), LVL_E_UNKNOWN_NAME, 3, 0,
	  "'avx-2-2'" },
	{ CPU("<feature/>"), LVL_E_SYNTAX, 3, 0, "without a name" },
	{ CPU("<feature name='avx' policy='maybe'/>"), LVL_E_SYNTAX, 3, 0,
	  "'maybe'" },
	{ CPU("<feature name='avx'/>\n<feature name='avx' "
	      "policy='disable'/>"),
	  LVL_E_DUPLICATE, 4, 0, "twice" },
	{ CPU("<model>Penryn</model>"), LVL_E_DUPLICATE, 3, 0, "second" },
	{ CPU("<vendor>AMD</vendor>"), LVL_E_INVALID, 4, 0, "made by Intel" },
	{ CPU("<vendor>Nobody</vendor>"), LVL_E_UNKNOWN_NAME, 3, 0, "Nobody" },
	{ CPU("<arch>s390x</arch>"), LVL_E_UNSUPPORTED, 3, 0, "s390x" },
	{ CPU("<maxphysaddr mode='emulate' bits='650'/>"), LVL_E_RANGE, 3, 0,
	  "bits='650'" },
	{ CPU("<signature family='6' model='256' stepping='0'/>"), LVL_E_RANGE,
	  3, 0, "model='256'" },
	{ "<cpu>\n<model>Hasvell</model></cpu>", LVL_E_UNKNOWN_NAME, 2, 0,
	  "'Hasvell'" },
	{ "<cpu>\n</cpu>", LVL_E_EMPTY, 2, 0, "without a <model>" },
	{ "<domain>\n</domain>", LVL_E_EMPTY, 2, 0, "no machine" },
	{ "<cpuid>\n</cpuid>", LVL_E_EMPTY, 2, 0, "without a <processor>" },
	{ "<cpuid>\n<processor/></cpuid>", LVL_E_EMPTY, 2, 0, "<register>" },
	{ "<cpuid><processor>\n<register eax='0' ecx='0'>1,2,3</register>"
	  "</processor></cpuid>",
	  LVL_E_SYNTAX, 2, 0, "four registers" },
	{ "<cpuid type='arm'/>", LVL_E_UNSUPPORTED, 1, 0, "only x86" },
	{ POLICY("\"cpuid\": [{\"leaf\": \"0x7\",\n\"subleaf\": null,\n"
		 "\"eax\": \"0x0\"}]"),
	  LVL_E_SYNTAX, 3, 0, "sub-leaves" },
	{ POLICY("\"cpuid\": [{\"leaf\": \"0x1\",\n\"subleaf\": null,\n"
		 "\"eax\": 7}]"),
	  LVL_E_SYNTAX, 5, 0, "\"eax\" is not a string" },
	{ POLICY("\"cpuid\": [{\"leaf\": \"0x1\",\n\"subleaf\": null,\n"
		 "\"eax\": \"0x2/0x1\"}]"),
	  LVL_E_INVALID, 5, 0, "not known" },
	{ POLICY("\"cpuid\": [{\"leaf\": \"0x1\",\n\"sub\": null}]"),
	  LVL_E_SYNTAX, 4, 0, "\"sub\" does not belong" },
	{ POLICY("\"cpuid\": {}"), LVL_E_SYNTAX, 3, 0, "not an array" },
	{ POLICY("\"cpuid\": [],\n\"msr\": [\n{\"index\": \"0x10a\", "
		 "\"value\": \"0x1\"},\n{\"index\": \"0x10a\", \"value\": "
		 "\"0x2\"}]"),
	  LVL_E_DUPLICATE, 6, 0, "again" },
	{ POLICY("\"cpuid\": [],\n\"state\": [{\"name\": \"avx\", "
		 "\"value\": \"0x1\"}]"),
	  LVL_E_UNKNOWN_NAME, 4, 0, "'avx'" },
	{ POLICY("\"cpuid\": [],\n\"kind\": \"best\""), LVL_E_UNKNOWN_NAME, 4,
	  0, "'best'" },
	{ POLICY("\"msr\": []"), LVL_E_SYNTAX, 1, 0, "no registers" },
	{ POLICY("\"cpuid\": [],\n\"cpuid\": []"), LVL_E_DUPLICATE, 4, 0,
	  "duplicate" },
	{ "{\"format\": \"cpulevel-policy\",\n\"version\": 2}", LVL_E_VERSION,
	  2, 0, "version 2" },
	{ "{\"format\": \"cpulevel-check\"}", LVL_E_UNSUPPORTED, 1, 0,
	  "no policy" },
	{ "{\"format\": \"cpulevel-level\",\n\"version\": 1}", LVL_E_SYNTAX, 1,
	  0, "\"cpuid\" is missing" },
	{ TEMPLATE("{\"register\": \"ebx\",\n\"bitmap\": \"0b2\"}"),
	  LVL_E_SYNTAX, 4, 0, "0b2" },
	{ TEMPLATE("{\"register\": \"ebx\", \"bitmap\":\n"
		   "\"0b111111111111111111111111111111111\"}"),
	  LVL_E_SYNTAX, 4, 0, "at most 32" },
	{ TEMPLATE("{\"register\": \"rax\", \"bitmap\": \"0b1\"}"),
	  LVL_E_SYNTAX, 3, 0, "'rax'" },
	{ TEMPLATE("{\"register\": \"ebx\", \"bitmap\": \"0b1\"},\n"
		   "{\"register\": \"ebx\", \"bitmap\": \"0b1\"}"),
	  LVL_E_DUPLICATE, 4, 0, "twice" },
	{ PROPS("\"sse4_1\": true,\n\"sse4.1\": false"), LVL_E_DUPLICATE, 4, 0,
	  "true and false" },
	{ PROPS("\"model\": 256"), LVL_E_RANGE, 3, 0, "model 256" },
	{ PROPS("\"family\": 99999999999999999999"), LVL_E_SYNTAX, 3, 0,
	  "integer" },
	{ PROPS("\"vendor\": \"AMD\""), LVL_E_RANGE, 3, 0, "12 bytes" },
	{ PROPS("\"odd\": []"), LVL_E_SYNTAX, 3, 0, "\"odd\"" },
	{ "{\"return\": []}\n{\"other\": 1}", LVL_E_SYNTAX, 2, 0, "QMP" },
};

#endif
