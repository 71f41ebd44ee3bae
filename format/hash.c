/* SPDX-License-Identifier: MIT */
#include <cpulevel/desc.h>
#include <cpulevel/record.h>

#include <sha2.h>

int lvl_policy_hash(const struct lvl_policy *p, char hex[LVL_HASH_HEX])
{
	static const char digit[] = "0123456789abcdef";
	uint8_t record[LVL_RECORD_MAX], sum[SHA256_DIGEST_LENGTH];
	size_t len = sizeof(record);
	SHA2_CTX c;
	unsigned i;

	if (lvl_record_encode(p, -1, record, &len))
		return -LVL_E_BUG;
	SHA256Init(&c);
	SHA256Update(&c, record, len);
	SHA256Final(sum, &c);
	for (i = 0; i < sizeof(sum); i++) {
		hex[2 * i] = digit[sum[i] >> 4];
		hex[2 * i + 1] = digit[sum[i] & 0xf];
	}
	hex[2 * i] = '\0';
	return 0;
}
