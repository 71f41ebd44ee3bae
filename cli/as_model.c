/* SPDX-License-Identifier: MIT */
#include "as_model.h"

#include "format/base.h"

#include <string.h>

static const struct tool {
	const char *name; /* of the source of its models, too */
	enum lvl_tool tool;
} tools[] = {
	{ "qemu", LVL_TOOL_QEMU },
	{ "libvirt", LVL_TOOL_LIBVIRT },
};

static const struct tool *find_tool(const char *name)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(tools); i++)
		if (!strcmp(tools[i].name, name))
			return &tools[i];
	return NULL;
}

int as_model_set(const char **tool, const char *name)
{
	if (!find_tool(name))
		return cli_usage("no models of \"%s\": qemu or libvirt", name);
	*tool = name;
	return 0;
}

/* -- the choice ----------------------------------------------------------- */

struct choice {
	const struct level_answer *a;
	const struct tool *tool;
	/*
	 * Of the models that every machine has all of that with the fewest
	 * differences: the highest; model is NULL if there is none.
	 */
	struct lvl_base fits;
	/* Of all, where that is another one: shorter to write. */
	struct lvl_base nearest;
};

/* NULL: the tool has no model at all for this vendor. */
static const struct lvl_model *choose(struct choice *c,
				      const struct level_answer *a)
{
	const struct lvl_gen_options options = { .model = NULL };
	const struct lvl_gen g = { .p = &a->level, .options = &options };

	c->a = a;
	c->tool = find_tool(a->as_model);
	if (lvl_base_choose(&g, c->tool->name, c->tool->tool, 1, &c->fits))
		c->fits.model = NULL;
	if (lvl_base_choose(&g, c->tool->name, c->tool->tool, 0, &c->nearest))
		c->nearest.model = NULL;
	if (c->nearest.model == c->fits.model)
		c->nearest.model = NULL;
	return c->fits.model ? c->fits.model : c->nearest.model;
}

/* What the level says of a name and the model does not. */
static int differs(const struct choice *c, const struct lvl_base *base,
		   unsigned name, enum lvl_said want)
{
	int on = lvl_model_set_has(base->has, lvl_names[name].field);

	return base->said[name] == want && on != (want == LVL_SAID_ON) &&
	       !lvl_gen_is_repeated(c->tool->tool, name);
}

static int is_named(const struct choice *c, unsigned field)
{
	unsigned i;

	for (i = 0; i < lvl_nr_names; i++)
		if (lvl_names[i].field == field &&
		    lvl_names[i].of[c->tool->tool])
			return 1;
	return 0;
}

/* A feature of the level for which the tool has no word. */
static int is_unnamed(const struct choice *c, unsigned field)
{
	return cli_is_feature(field) && lvl_has(&c->a->level, field) &&
	       !is_named(c, field);
}

/* -- text ----------------------------------------------------------------- */

static void begin(struct cli_wrap *w, const char *title)
{
	*w = (struct cli_wrap){ stdout, 4, 0 };
	printf("  %s%s%s", cli_ink(INK_BOLD), title, cli_ink(INK_PLAIN));
	w->column = (unsigned)strlen(title) + 2;
}

static void list(const struct choice *c, const struct lvl_base *base,
		 const char *title, enum lvl_said want)
{
	struct cli_wrap w;
	unsigned i, any = 0;

	for (i = 0; i < lvl_nr_names; i++) {
		if (!differs(c, base, i, want))
			continue;
		if (!any++)
			begin(&w, title);
		cli_wrap_word(&w, lvl_names[i].of[c->tool->tool]);
	}
	if (any)
		cli_wrap_end(&w);
}

static void list_unnamed(const struct choice *c)
{
	struct cli_wrap w;
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!is_unnamed(c, i))
			continue;
		if (!any++)
			begin(&w, "has no name for:");
		cli_wrap_word(&w, lvl_field_name(i));
	}
	if (any)
		cli_wrap_end(&w);
}

static void print_base(const struct choice *c, const struct lvl_base *base,
		       const char *why)
{
	if (!base->model)
		return;
	printf("%s%s model %s%s: %s\n", cli_ink(INK_BOLD), c->tool->name,
	       base->model->name, cli_ink(INK_PLAIN), why);
	list(c, base, "add:", LVL_SAID_ON);
	list(c, base, "remove:", LVL_SAID_OFF);
}

void as_model_print(const struct level_answer *a)
{
	static struct choice c; /* large */

	if (!choose(&c, a)) {
		printf("%s has no model for this vendor\n", a->as_model);
		return;
	}
	putchar('\n');
	print_base(&c, &c.fits, "the highest that fits everywhere");
	print_base(&c, &c.nearest,
		   c.fits.model ? "nearest, but not all of it fits"
				: "nearest; none fits everywhere");
	list_unnamed(&c);
}

/* -- JSON ----------------------------------------------------------------- */

static void item(FILE *out, unsigned *any, const char *name)
{
	if ((*any)++)
		fputs(", ", out);
	cli_json_string(out, name);
}

static void json_list(const struct choice *c, const struct lvl_base *base,
		      enum lvl_said want, FILE *out)
{
	unsigned i, any = 0;

	putc('[', out);
	for (i = 0; i < lvl_nr_names; i++)
		if (differs(c, base, i, want))
			item(out, &any, lvl_names[i].of[c->tool->tool]);
	putc(']', out);
}

static void json_base(const struct choice *c, const char *key,
		      const struct lvl_base *base, FILE *out)
{
	fprintf(out, ",\n    \"%s\": ", key);
	if (!base->model) {
		fputs("null", out);
		return;
	}
	fprintf(out, "{\n      \"model\": \"%s\",\n      \"add\": ",
		base->model->name);
	json_list(c, base, LVL_SAID_ON, out);
	fputs(",\n      \"remove\": ", out);
	json_list(c, base, LVL_SAID_OFF, out);
	fputs("\n    }", out);
}

void as_model_json(const struct level_answer *a, FILE *out)
{
	static struct choice c; /* large */
	const struct lvl_model *any_model = choose(&c, a);
	unsigned i, any = 0;

	fputs("  \"as_model\": ", out);
	if (!any_model) {
		fputs("null,\n", out);
		return;
	}
	fprintf(out, "{\n    \"tool\": \"%s\",\n    \"version\": \"%s\"",
		c.tool->name, lvl_model_sources[any_model->source].version);
	json_base(&c, "fits", &c.fits, out);
	json_base(&c, "nearest", &c.nearest, out);
	fputs(",\n    \"unnamed\": [", out);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (is_unnamed(&c, i))
			item(out, &any, lvl_field_name(i));
	fputs("]\n  },\n", out);
}
