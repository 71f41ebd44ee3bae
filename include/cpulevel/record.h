/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/record.h: a policy as bytes.
 *
 * The canonical record: little endian, versioned, checksummed, the same
 * bytes for the same policy.  Layout, offsets in bytes:
 *
 *	 0  8  magic "cpulevel"
 *	 8  2  version, 1
 *	10  2  guest kind + 1 (enum lvl_guest), 0: not for one kind
 *	12  4  length of the whole record
 *	16  4  number of leaf entries
 *	20  4  number of MSR entries
 *	24  4  number of state entries
 *	28  4  flags, 0
 *	32     leaf entries, 40 bytes: leaf, sub-leaf, eax, ebx, ecx, edx and
 *	       the known bits of the four registers; ascending, unique
 *	       MSR entries, 24 bytes: index, flags (0), value, known bits
 *	       state entries, 12 bytes: number, value, known bits
 *	 -4  4  CRC-32C of all bytes before it
 *
 * An entry of which nothing is known is not written.  Bit 0 of the leaf
 * flags does not exist: a leaf that the reader's registry lacks is skipped
 * if its registers are all zero, and refused otherwise.  Decoding is all or
 * nothing: on failure *p is untouched.
 */
#ifndef CPULEVEL_RECORD_H
#define CPULEVEL_RECORD_H

#include <cpulevel/policy.h>

LVL_BEGIN

#define LVL_RECORD_VERSION 1
/* No record of a policy is longer. */
#define LVL_RECORD_MAX \
	(36u + 40u * LVL_NR_LEAVES + 24u * LVL_NR_MSRS + 12u * LVL_NR_WORDS)

/*
 * In: *len bytes at buf; out: the bytes written.  guest: enum lvl_guest, or
 * -1.  -LVL_E_NOBUFS with *len the size needed (buf is then untouched).
 */
int lvl_record_encode(const struct lvl_policy *p, int guest, void *buf,
		      size_t *len);

/*
 * -LVL_E_TRUNCATED, _MAGIC, _VERSION, _CHECKSUM, _SYNTAX, _ORDER,
 * _DUPLICATE, _FLAGS, _UNKNOWN_LEAF, _UNKNOWN_MSR.  guest may be NULL.
 */
int lvl_record_decode(struct lvl_policy *p, int *guest, const void *buf,
		      size_t len, struct lvl_err *err);

/* CRC-32C (Castagnoli), as iSCSI has it; seed 0 for a first block. */
uint32_t lvl_crc32c(uint32_t crc, const void *data, size_t len);

LVL_END

#endif /* CPULEVEL_RECORD_H */
