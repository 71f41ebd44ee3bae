/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/types.h: the few C facilities that core and hv need.
 *
 * A hosted build takes them from the C library.  A freestanding build
 * (-ffreestanding -nostdinc) needs no header at all: the exact-width types
 * come from the compiler, and the embedder links memcpy, memmove, memset and
 * memcmp.  An embedder with headers of its own names them with
 * -DLVL_ENV_HEADER='"my-env.h"'.
 */
#ifndef CPULEVEL_TYPES_H
#define CPULEVEL_TYPES_H

#if defined(LVL_ENV_HEADER)
#include LVL_ENV_HEADER
#elif __STDC_HOSTED__
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#else
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INT32_TYPE__ int32_t;
typedef __SIZE_TYPE__ size_t;
#ifndef NULL
#define NULL ((void *)0)
#endif
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
#endif

/* How many elements the array a has. */
#define LVL_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#ifdef __cplusplus
#define LVL_BEGIN extern "C" {
#define LVL_END }
#else
#define LVL_BEGIN
#define LVL_END
#endif

#endif /* CPULEVEL_TYPES_H */
