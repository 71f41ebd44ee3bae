/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/err.h: error codes and what accompanies them.
 *
 * Every function that can fail returns 0 or a negated code of the list below.
 * Where a struct lvl_err pointer is accepted it may be NULL; it is written
 * once, whole, when the function fails, and left alone when it succeeds.
 */
#ifndef CPULEVEL_ERR_H
#define CPULEVEL_ERR_H

#include <cpulevel/types.h>

LVL_BEGIN

/*
 * X(code, text), grouped by whose fault it is: the input's, the policy's,
 * the caller's, the environment's, ours.
 */
#define LVL_ERRORS(X)                                                     \
	X(TRUNCATED, "the data end too early")                            \
	X(SYNTAX, "not in the expected form")                             \
	X(MAGIC, "not a cpulevel record")                                 \
	X(VERSION, "made by a newer version that this one cannot read")   \
	X(CHECKSUM, "the checksum does not match: the data are damaged")  \
	X(ORDER, "entries are not sorted")                                \
	X(DUPLICATE, "given twice")                                       \
	X(UNKNOWN_LEAF, "no such CPUID leaf or sub-leaf in the registry") \
	X(UNKNOWN_MSR, "no such MSR in the registry")                     \
	X(UNKNOWN_NAME, "no such name in the registry")                   \
	X(AMBIGUOUS, "the name means different bits to different tools")  \
	X(RANGE, "a value does not fit its field")                        \
	X(FLAGS, "reserved flags are set")                                \
	X(TOO_BIG, "more than the format allows")                         \
	X(VENDOR, "the CPU vendors differ")                               \
	X(CONFLICT, "there is no common value")                           \
	X(INVALID, "the policy is not valid")                             \
	X(EMPTY, "there is nothing to level")                             \
	X(STATE, "too early or too late for this call")                   \
	X(NOBUFS, "the caller's buffer is too small")                     \
	X(NO_MEMORY, "out of memory")                                     \
	X(IO, "the system refused to read or write")                      \
	X(UNSUPPORTED, "not available on this machine or in this build")  \
	X(NOT_FOUND, "there is no such thing")                            \
	X(REVISION, "somebody else has changed it meanwhile")             \
	X(READ_ONLY, "it can only be read")                               \
	X(AGAIN, "not now: others were in the way")                       \
	X(UNCERTAIN, "the connection broke: it may have happened or not") \
	X(TIMEOUT, "nothing came in time")                                \
	X(BUG, "this is a bug in cpulevel")

enum lvl_errno {
	LVL_OK = 0,
#define LVL_ERROR_ENUM(code, text) LVL_E_##code,
	LVL_ERRORS(LVL_ERROR_ENUM)
#undef LVL_ERROR_ENUM
		LVL_NR_ERRORS
};

/* A place in a policy or a leaf array; ~0 for what does not apply. */
struct lvl_err {
	int code;         /* enum lvl_errno, positive; 0: not set */
	uint32_t leaf;    /* CPUID leaf */
	uint32_t subleaf; /* CPUID sub-leaf */
	uint32_t msr;     /* MSR index */
	uint32_t field;   /* enum lvl_field_id */
};

/* The text of a code, positive or negated; never NULL, static storage. */
const char *lvl_strerror(int code);

/* Fill *err (unless NULL) with a code and no place; returns -code. */
int lvl_fail(struct lvl_err *err, int code);

/* The same with the leaf and sub-leaf, the MSR or the field at fault. */
int lvl_fail_leaf(struct lvl_err *err, int code, uint32_t leaf,
		  uint32_t subleaf);
int lvl_fail_msr(struct lvl_err *err, int code, uint32_t msr);
int lvl_fail_field(struct lvl_err *err, int code, uint32_t field);

LVL_END

#endif /* CPULEVEL_ERR_H */
