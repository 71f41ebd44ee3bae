/* SPDX-License-Identifier: MIT */
/* Maxima and defaults that a description does not bring. */
#include "cli.h"

#include "format/texts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int cli_set_platform(struct cli_select *s, const char *name)
{
	unsigned i;

	s->platform = lvl_platform_find(name, strlen(name));
	if (s->platform)
		return 0;
	cli_error("no platform \"%s\"; there are:", name);
	for (i = 0; i < lvl_nr_platforms; i++)
		fprintf(stderr, "  %-9s  %s\n", lvl_platforms[i].name,
			lvl_platforms[i].about);
	return EXIT_USAGE;
}

const struct lvl_platform *cli_platform(const struct cli_select *s)
{
	return s->platform ? s->platform : &lvl_platforms[0];
}

/* -- what the guests are given -------------------------------------------- */

static const struct {
	const char *name, *what;
	size_t at;
} switches[] = {
	{ "nested", "nested virtualisation",
	  offsetof(struct lvl_domain, nested) },
	{ "vpmu", "performance counters", offsetof(struct lvl_domain, vpmu) },
	{ "32bit", "a 32-bit system", offsetof(struct lvl_domain, bits32) },
};

static int get(const struct lvl_domain *with, unsigned i)
{
	return *(const int *)((const char *)with + switches[i].at);
}

static void set(struct lvl_domain *with, unsigned i)
{
	*(int *)((char *)with + switches[i].at) = 1;
}

/* A part of the list: "itsc=2600000" or a name. */
static int set_one(struct lvl_domain *with, const char *part)
{
	char *end;
	unsigned long khz;
	unsigned i;

	for (i = 0; i < LVL_COUNT(switches); i++) {
		if (strcmp(switches[i].name, part) != 0)
			continue;
		set(with, i);
		return 0;
	}
	if (!strncmp(part, "itsc=", 5) && part[5] >= '1' && part[5] <= '9') {
		khz = strtoul(part + 5, &end, 10);
		with->tsc_khz = khz <= 0xffffffffu ? (uint32_t)khz : 0;
		if (!*end && with->tsc_khz)
			return 0;
	}
	return cli_usage("--with %s: nested, vpmu, 32bit (pv) or itsc=KHZ",
			 part);
}

int cli_set_with(struct cli_select *s, const char *list)
{
	char part[32];
	size_t n;
	int rc = 0;

	s->with_text = list;
	for (; !rc; list += n + 1) {
		n = strcspn(list, ",");
		snprintf(part, sizeof(part), "%.*s", (int)n, list);
		rc = set_one(&s->with, part);
		if (!list[n])
			break;
	}
	return rc;
}

int cli_given(const struct cli_select *s, unsigned field)
{
	unsigned klass = lvl_fields[field].klass;

	return (s->with.nested && klass == LVL_NESTED) ||
	       (s->with.vpmu && klass == LVL_PMU) ||
	       (s->with.tsc_khz && field == LVL_F_ITSC);
}

/* Does this alone change what such guests see? */
static int gives(const struct lvl_policy *dflt, const struct lvl_policy *max,
		 enum lvl_guest guest, const struct lvl_domain *with)
{
	struct lvl_policy p = *dflt;

	lvl_domain_apply(&p, max, guest, with, NULL);
	return memcmp(&p, dflt, sizeof(p)) != 0;
}

static void tell_refused(const struct lvl_desc *d, enum lvl_guest guest,
			 const struct lvl_policy *max,
			 const struct lvl_policy *dflt,
			 const struct lvl_domain *with)
{
	const struct lvl_domain itsc = { .tsc_khz = with->tsc_khz };
	const char *kind = lvl_guest_names[guest];
	unsigned i;

	for (i = 0; i < LVL_COUNT(switches); i++) {
		struct lvl_domain alone = { .arriving = 0 };

		set(&alone, i);
		if (get(with, i) && !gives(dflt, max, guest, &alone))
			cli_warn("%s: %s guests cannot be given %s there",
				 d->name, kind, switches[i].what);
	}
	if (with->tsc_khz && !lvl_known(max, LVL_F_TSC_KHZ_MIN))
		cli_warn("%s: it is not known what its TSC runs at; no ITSC",
			 d->name);
	else if (with->tsc_khz && !gives(dflt, max, guest, &itsc))
		cli_warn("%s: %s guests cannot be given ITSC there", d->name,
			 kind);
}

static void tell_finding(void *arg, const struct lvl_finding *f)
{
	const struct lvl_desc *d = arg;

	if (f->severity == LVL_FATAL && f->sure)
		cli_error("%s: %s: %s", d->name, lvl_field_name(f->field),
			  lvl_reason_text(f->reason));
}

/* The interval around the host's own frequency. */
static int keeps_frequency(const struct lvl_desc *d,
			   const struct lvl_policy *max, uint32_t khz)
{
	uint64_t least = lvl_get(max, LVL_F_TSC_KHZ_MIN);
	uint64_t most = lvl_get(max, LVL_F_TSC_KHZ_MAX);

	if (!khz || !lvl_has(max, LVL_F_ITSC) || (khz >= least && khz <= most))
		return 1;
	cli_error("%s: a guest's TSC keeps %llu to %llu kHz there, not %u",
		  d->name, (unsigned long long)least, (unsigned long long)most,
		  (unsigned)khz);
	return 0;
}

/* The default becomes that of guests that are given what is asked for. */
static int give(struct lvl_desc *d, enum lvl_guest guest,
		const struct cli_select *s)
{
	const enum lvl_kind kind = LVL_KIND_PV_MAX + 2 * (unsigned)guest;
	const struct lvl_policy *max = d->policy[kind];
	struct lvl_policy *dflt = d->policy[kind + 1];
	struct lvl_policy p, arrival;

	if (s->with.bits32 && guest != LVL_PV)
		return cli_usage("--with 32bit: only of pv guests is it said "
				 "beforehand");
	if (!max || !dflt) {
		cli_error("%s: --with needs maximum and default of %s guests",
			  d->name, lvl_guest_names[guest]);
		return EXIT_INPUT;
	}
	if (!keeps_frequency(d, max, s->with.tsc_khz))
		return EXIT_REFUSED;
	p = *dflt;
	lvl_domain_apply(&p, max, guest, &s->with, NULL);
	lvl_arrival(&arrival, max, dflt);
	if (lvl_fits(&p, &arrival, tell_finding, d) == LVL_NO)
		return EXIT_REFUSED;
	tell_refused(d, guest, max, dflt, &s->with);
	*dflt = p;
	return lvl_desc_add_fact(d, "with", s->with_text) ? EXIT_INPUT : 0;
}

/* -- derivation ----------------------------------------------------------- */

/* The kind of guest that is asked for; -1: no derivation is. */
static int asked(const struct cli_select *s)
{
	if (s->of == OF_KIND && s->kind >= LVL_KIND_PV_MAX &&
	    s->kind <= LVL_KIND_HVM_DEFAULT)
		return (int)(s->kind - LVL_KIND_PV_MAX) / 2;
	if ((s->of == OF_DEFAULT || s->of == OF_MAX) &&
	    (s->guest_given || s->of_given || s->platform || s->with_text))
		return (int)s->guest;
	return -1;
}

static int derive(struct lvl_desc *d, enum lvl_guest guest,
		  const struct lvl_platform *on)
{
	const enum lvl_kind max = LVL_KIND_PV_MAX + 2 * (unsigned)guest;
	const struct lvl_policy *host = d->policy[LVL_KIND_HOST];
	struct lvl_policy *m = lvl_desc_policy(d, max);
	struct lvl_policy *dflt = lvl_desc_policy(d, max + 1);
	char text[80];

	snprintf(text, sizeof(text), "%s and %s for %s", lvl_kind_names[max],
		 lvl_kind_names[max + 1], on->name);
	if (!m || !dflt || lvl_desc_add_fact(d, "derived", text)) {
		cli_error("out of memory");
		return EXIT_INPUT;
	}
	(void)lvl_derive_max(m, host, guest, on, NULL);
	(void)lvl_derive_default(dflt, host, guest, on, NULL);
	d->hints |= LVL_HINT_GUESTS_DERIVED;
	return 0;
}

int cli_derive(struct lvl_desc *d, const struct cli_select *s)
{
	const struct lvl_platform *on = cli_platform(s);
	int guest = asked(s);
	unsigned max = LVL_KIND_PV_MAX + 2 * (unsigned)guest;

	int rc = 0;

	if (guest < 0 || d->policy[LVL_KIND_LEVEL] || d->policy[LVL_KIND_SEEN])
		return 0;
	if (d->policy[LVL_KIND_HOST] && !d->policy[max] &&
	    !d->policy[max + 1]) {
		if (!(on->guests >> guest & 1))
			return cli_usage("%s runs no %s guests", on->name,
					 lvl_guest_names[guest]);
		rc = derive(d, (enum lvl_guest)guest, on);
	}
	if (!rc && s->with_text)
		rc = give(d, (enum lvl_guest)guest, s);
	return rc;
}

void cli_follow(struct cli_select *s, const struct lvl_desc *level)
{
	const char *platform = lvl_desc_fact(level, "platform");
	const char *guest = lvl_desc_fact(level, "guest");
	unsigned g;

	if (s->guest_given || s->platform || !platform || !guest)
		return;
	s->platform = lvl_platform_find(platform, strlen(platform));
	for (g = 0; g < LVL_NR_GUESTS && s->platform; g++)
		if (!strcmp(lvl_guest_names[g], guest)) {
			s->guest = (enum lvl_guest)g;
			s->guest_given = 1;
		}
}
