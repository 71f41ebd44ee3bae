/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

/* The first line of a small file, or "". */
static void first_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");

	buf[0] = '\0';
	if (!f)
		return;
	if (!fgets(buf, (int)size, f))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static int fact(struct lvl_import *im, const char *key, const char *value)
{
	return value && *value ? lvl_import_fact(im, key, value) : 0;
}

/* The brand string of leaves 0x80000002 to 0x80000004, without its pad. */
static void brand(const struct lvl_policy *p, char s[49])
{
	char *end = s, *from = s;
	uint32_t leaf;
	unsigned i;

	for (leaf = 0x80000002; leaf <= 0x80000004; leaf++)
		for (i = 0; i < 16; i++)
			*end++ =
				(char)(p->v[lvl_word_of_leaf(leaf, 0, i / 4)] >>
				       8 * (i % 4));
	*end = '\0';
	while (*from == ' ')
		from++;
	end = from + strlen(from);
	while (end > from && end[-1] == ' ')
		end--;
	memmove(s, from, (size_t)(end - from));
	s[end - from] = '\0';
}

/* The first CPU's revision, and every one that differs from that before. */
static int microcode(struct lvl_import *im)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[4096], last[40] = "", value[40];
	int rc = 0;

	while (f && !rc && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "microcode : %39s", value) != 1 ||
		    !strcmp(value, last))
			continue;
		rc = fact(im, "microcode", value);
		strcpy(last, value);
	}
	if (f)
		fclose(f);
	return rc;
}

int probe_facts(struct lvl_import *im, const struct probe_options *o,
		const struct lvl_policy *cpu, unsigned nr_cpus)
{
	struct utsname u;
	char text[256];
	int rc;

	if (uname(&u))
		return lvl_import_fail(im, LVL_E_IO, "uname: %s",
				       strerror(errno));
	rc = fact(im, "name", u.nodename);
	snprintf(text, sizeof(text), "%u", nr_cpus);
	if (!rc)
		rc = fact(im, "cpus", text);
	if (!rc)
		rc = fact(im, "tool", o->tool);
	if (!rc)
		rc = fact(im, "time", o->time);
	if (!rc)
		rc = fact(im, "kernel", u.release);
	if (!rc)
		rc = microcode(im);
	first_line("/sys/class/dmi/id/bios_version", text, sizeof(text));
	if (!rc)
		rc = fact(im, "firmware", text);
	brand(cpu, text);
	if (!rc)
		rc = fact(im, "cpu", text);
	if (!rc && lvl_has(cpu, LVL_F_HYPERVISOR))
		rc = fact(im, "virtualised", "yes");
	return rc;
}
