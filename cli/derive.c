/* SPDX-License-Identifier: MIT */
/* Maxima and defaults that a description does not bring. */
#include "cli.h"

#include <cpulevel/derive.h>

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

/* The kind of guest that is asked for; -1: no derivation is. */
static int asked(const struct cli_select *s)
{
	if (s->of == OF_KIND && s->kind >= LVL_KIND_PV_MAX &&
	    s->kind <= LVL_KIND_HVM_DEFAULT)
		return (int)(s->kind - LVL_KIND_PV_MAX) / 2;
	if (s->guest_given && (s->of == OF_DEFAULT || s->of == OF_MAX))
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

	if (guest < 0 || !d->policy[LVL_KIND_HOST] ||
	    d->policy[LVL_KIND_LEVEL] || d->policy[LVL_KIND_SEEN] ||
	    d->policy[max] || d->policy[max + 1])
		return 0;
	if (!(on->guests >> guest & 1))
		return cli_usage("%s runs no %s guests", on->name,
				 lvl_guest_names[guest]);
	return derive(d, (enum lvl_guest)guest, on);
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
