/* SPDX-License-Identifier: MIT */
/*
 * Hostile bytes into the record decoder.  The first byte says how: as they
 * are, or with magic, version, length and checksum put right (a fuzzer does
 * not find a checksum by itself), or as a policy to be encoded.
 *
 * Properties: a failure leaves the policy alone and says why; what decodes
 * encodes to a canonical record that decodes to the same policy.
 */
#include <cpulevel/record.h>

#include <stdio.h>
#include <stdlib.h>

#define HEADER 32u
#define CRC 4u

static void demand(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "property violated: %s\n", what);
	abort();
}

static void put32(uint8_t *at, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static int same(const struct lvl_policy *a, const struct lvl_policy *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* policy -> record -> policy, and the same record again. */
static void round_trip(const struct lvl_policy *p, int guest)
{
	static uint8_t one[LVL_RECORD_MAX], two[LVL_RECORD_MAX];
	size_t len1 = sizeof(one), len2 = sizeof(two);
	struct lvl_policy back;
	int kind = -2;

	demand(!lvl_record_encode(p, guest, one, &len1), "encodes");
	demand(!lvl_record_decode(&back, &kind, one, len1, NULL), "decodes");
	demand(same(p, &back), "the same policy");
	demand(kind == guest, "the same guest kind");
	demand(!lvl_record_encode(&back, guest, two, &len2), "encodes again");
	demand(len1 == len2 && !memcmp(one, two, len1), "canonical");
}

static void decode(const uint8_t *data, size_t len)
{
	struct lvl_policy p, before;
	struct lvl_err err = { 0 };
	int guest = -2, rc;

	memset(&p, 0xa5, sizeof(p));
	before = p;
	rc = lvl_record_decode(&p, &guest, data, len, &err);
	if (!rc) {
		round_trip(&p, guest);
		return;
	}
	demand(same(&p, &before), "a failure leaves the policy alone");
	demand(guest == -2, "a failure leaves the guest kind alone");
	demand(err.code == -rc, "the error is described");
}

static void decode_patched(const uint8_t *data, size_t len)
{
	uint8_t *copy;

	if (len < HEADER + CRC)
		return;
	copy = malloc(len);
	demand(copy != NULL, "memory");
	memcpy(copy, data, len);
	memcpy(copy, "cpulevel", 8);
	copy[8] = LVL_RECORD_VERSION;
	copy[9] = 0;
	put32(copy + 12, (uint32_t)len);
	put32(copy + len - CRC, lvl_crc32c(0, copy, len - CRC));
	decode(copy, len);
	free(copy);
}

/* Any policy at all: values first, then known bits. */
static void encode(const uint8_t *data, size_t len, int guest)
{
	struct lvl_policy p;
	size_t half = len / 2 < sizeof(p.v) ? len / 2 : sizeof(p.v);
	unsigned i;

	lvl_policy_clear(&p);
	if (half) {
		memcpy(p.v, data, half);
		memcpy(p.k, data + half, half);
	}
	for (i = 0; i < LVL_NR_WORDS; i++)
		p.v[i] &= p.k[i];
	round_trip(&p, guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	switch (data[0] % 3) {
	case 0:
		decode(data + 1, len - 1);
		break;
	case 1:
		decode_patched(data + 1, len - 1);
		break;
	default:
		encode(data + 1, len - 1,
		       data[0] / 3 % (LVL_NR_GUESTS + 1) - 1);
		break;
	}
	return 0;
}
