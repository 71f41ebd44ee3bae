/* SPDX-License-Identifier: MIT */
#include <cpulevel/err.h>

static const char *const texts[LVL_NR_ERRORS] = { [LVL_OK] = "success",
#define LVL_ERROR_TEXT(code, text) [LVL_E_##code] = text,
						  LVL_ERRORS(LVL_ERROR_TEXT)
#undef LVL_ERROR_TEXT
};

const char *lvl_strerror(int code)
{
	unsigned c = code < 0 ? 0u - (unsigned)code : (unsigned)code;

	return c < LVL_NR_ERRORS ? texts[c] : "no such error code";
}

static int fail(struct lvl_err *err, int code, uint32_t leaf, uint32_t subleaf,
		uint32_t msr, uint32_t field)
{
	if (err) {
		err->code = code;
		err->leaf = leaf;
		err->subleaf = subleaf;
		err->msr = msr;
		err->field = field;
	}
	return -code;
}

int lvl_fail(struct lvl_err *err, int code)
{
	return fail(err, code, ~0u, ~0u, ~0u, ~0u);
}

int lvl_fail_leaf(struct lvl_err *err, int code, uint32_t leaf,
		  uint32_t subleaf)
{
	return fail(err, code, leaf, subleaf, ~0u, ~0u);
}

int lvl_fail_msr(struct lvl_err *err, int code, uint32_t msr)
{
	return fail(err, code, ~0u, ~0u, msr, ~0u);
}

int lvl_fail_field(struct lvl_err *err, int code, uint32_t field)
{
	return fail(err, code, ~0u, ~0u, ~0u, field);
}
