/* SPDX-License-Identifier: MIT */
/* Text of other people's files: which bytes are UTF-8 (RFC 3629). */
#ifndef LVL_FORMAT_UTF8_H
#define LVL_FORMAT_UTF8_H

/* Bytes of the character beyond ASCII at s, or 0 if it is none. */
static inline unsigned lvl_utf8_length(const unsigned char *s)
{
	unsigned i, n = s[0] < 0xc2   ? 0
			: s[0] < 0xe0 ? 2
			: s[0] < 0xf0 ? 3
			: s[0] < 0xf5 ? 4
				      : 0;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

#endif
