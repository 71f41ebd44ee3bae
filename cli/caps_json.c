/* SPDX-License-Identifier: MIT */
#include "caps.h"

static const char *const from_words[] = { "nothing", "msr", "cpuid", "model" };

static void capability(const struct native *n, unsigned i)
{
	const struct lvl_cap *cap = &n->caps.cap[i];

	printf("%s\n    {\"cap\": \"%s\", \"has\": \"%s\", \"from\": \"%s\"",
	       i ? "," : "", lvl_lcap_names[i], verdict_words[cap->has],
	       from_words[cap->from]);
	if (cap->has == LVL_YES)
		printf(", \"msr\": \"0x%08x\"",
		       lvl_cap_msr(&n->caps, (enum lvl_lcap)i));
	putchar('}');
}

static void encodings(const struct native *n)
{
	uint32_t open, old = lvl_caps_2014(&n->caps, NULL);
	uint32_t xen = lvl_caps_xen(&n->caps, &open);
	unsigned i, any = 0;

	printf("  \"xen_levelling_caps\": \"0x%08x\",\n"
	       "  \"xen_levelling_caps_unknown\": \"0x%08x\",\n"
	       "  \"levelling_caps_2014\": [",
	       xen, open);
	for (i = 0; lvl_cap_name_2014(i); i++)
		if (old >> i & 1)
			printf("%s\"%s\"", any++ ? ", " : "",
			       lvl_cap_name_2014(i));
	fputs("],\n", stdout);
}

static void fields(const struct caps_answer *a, enum lvl_guest g)
{
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		struct lvl_controlled c;
		char place[CLI_PLACE];

		if (!caps_counts(a, i))
			continue;
		c = lvl_control(&a->host.caps, g, i);
		printf("%s\n        {\"field\": \"%s\", \"where\": \"%s\", "
		       "\"class\": \"%s\", \"control\": \"%s\", \"gate\": "
		       "\"%s\", \"reason\": \"%s\"}",
		       any++ ? "," : "", lvl_field_name(i), cli_place(i, place),
		       lvl_class_names[lvl_fields[i].klass],
		       lvl_control_names[c.control], lvl_gates[c.gate],
		       lvl_sight_text((enum lvl_sight)c.sight));
	}
}

static void guest(const struct caps_answer *a, enum lvl_guest g, int first)
{
	const unsigned *n = a->sum[g];
	char text[400];

	caps_verdict(a, g, text, sizeof(text));
	printf("%s\n    \"%s\": {\n      \"controlled\": %u,\n"
	       "      \"hidden_only\": %u,\n      \"leaks\": %u,\n"
	       "      \"not_known\": %u,\n      \"verdict\": ",
	       first ? "" : ",", lvl_guest_names[g], n[LVL_CONTROLLED],
	       n[LVL_HIDDEN_ONLY], n[LVL_SHOWN], n[LVL_CONTROL_UNKNOWN]);
	cli_json_string(stdout, text);
	fputs(",\n      \"fields\": [", stdout);
	fields(a, g);
	fputs("\n      ]\n    }", stdout);
}

static void measured(const struct lvl_measured *m)
{
	char place[CLI_PLACE];
	unsigned i, any = 0;

	fputs("  \"measured\": [", stdout);
	for (i = 0; i < LVL_NR_WORDS; i++)
		if (m->done[i])
			printf("%s\n    {\"register\": \"%s\", \"done\": "
			       "\"0x%08x\", \"pinned\": \"0x%08x\", "
			       "\"never\": \"0x%08x\"}",
			       any++ ? "," : "", cap_register(i, place),
			       m->done[i], m->pinned[i], m->never[i]);
	fputs("\n  ],\n", stdout);
}

void caps_json(const struct caps_answer *a)
{
	unsigned i, first = 1;

	fputs("{\n  \"format\": \"cpulevel-caps\",\n  \"version\": 1,\n"
	      "  \"name\": ",
	      stdout);
	cli_json_string(stdout, a->name);
	printf(",\n  \"vendor\": \"%s\",\n  \"caps\": [",
	       lvl_vendor_name(a->host.caps.vendor));
	for (i = 0; i < LVL_NR_LCAPS; i++)
		capability(&a->host, i);
	fputs("\n  ],\n", stdout);
	encodings(&a->host);
	if (a->host.caps.measured)
		measured(a->host.caps.measured);
	printf("  \"not_counted\": %u,\n  \"guests\": {", a->unread);
	for (i = 0; i < LVL_NR_GUESTS; i++) {
		if (!(a->guests >> i & 1))
			continue;
		guest(a, (enum lvl_guest)i, (int)first);
		first = 0;
	}
	fputs("\n  }\n}\n", stdout);
}
