/* SPDX-License-Identifier: MIT */
#include <cpulevel/record.h>

#define HEAD 32u
#define LEAF_SIZE 40u
#define MSR_SIZE 24u
#define STATE_SIZE 12u

static const char magic[8] = { 'c', 'p', 'u', 'l', 'e', 'v', 'e', 'l' };

/* -- bytes ---------------------------------------------------------------- */

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

/* RFC 3720, appendix B.4: reflected, four bits at a time. */
uint32_t lvl_crc32c(uint32_t crc, const void *data, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *p = data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 0xf];
		crc = crc >> 4 ^ nibble[crc & 0xf];
	}
	return ~crc;
}

/* -- writing -------------------------------------------------------------- */

static uint32_t leaf_known(const struct lvl_policy *p,
			   const struct lvl_leaf_words *l)
{
	return p->k[l->word[0]] | p->k[l->word[1]] | p->k[l->word[2]] |
	       p->k[l->word[3]];
}

static uint32_t msr_known(const struct lvl_policy *p,
			  const struct lvl_msr_words *m)
{
	return p->k[m->word] | p->k[m->high];
}

/* Words of behaviour: number and index in the policy. */
static int is_state(unsigned w)
{
	return lvl_words[w].place == LVL_PLACE_STATE;
}

struct counts {
	uint32_t leaves, msrs, states;
};

static size_t size_of(const struct counts *n)
{
	return HEAD + LEAF_SIZE * (size_t)n->leaves +
	       MSR_SIZE * (size_t)n->msrs + STATE_SIZE * (size_t)n->states + 4;
}

static void count(const struct lvl_policy *p, struct counts *n)
{
	unsigned i;

	n->leaves = n->msrs = n->states = 0;
	for (i = 0; i < LVL_NR_LEAVES; i++)
		n->leaves += leaf_known(p, &lvl_leaves[i]) != 0;
	for (i = 0; i < LVL_NR_MSRS; i++)
		n->msrs += msr_known(p, &lvl_msrs[i]) != 0;
	for (i = 0; i < LVL_NR_WORDS; i++)
		n->states += is_state(i) && p->k[i];
}

static uint8_t *put_leaves(uint8_t *at, const struct lvl_policy *p)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (!leaf_known(p, l))
			continue;
		put32(at, l->leaf);
		put32(at + 4, l->subleaf);
		for (r = 0; r < 4; r++) {
			put32(at + 8 + 4 * r, p->v[l->word[r]]);
			put32(at + 24 + 4 * r, p->k[l->word[r]]);
		}
		at += LEAF_SIZE;
	}
	return at;
}

static uint8_t *put_msrs(uint8_t *at, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];

		if (!msr_known(p, m))
			continue;
		put32(at, m->index);
		put32(at + 4, 0);
		put32(at + 8, p->v[m->word]);
		put32(at + 12, p->v[m->high]);
		put32(at + 16, p->k[m->word]);
		put32(at + 20, p->k[m->high]);
		at += MSR_SIZE;
	}
	return at;
}

static uint8_t *put_states(uint8_t *at, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_WORDS; i++) {
		if (!is_state(i) || !p->k[i])
			continue;
		put32(at, lvl_words[i].id);
		put32(at + 4, p->v[i]);
		put32(at + 8, p->k[i]);
		at += STATE_SIZE;
	}
	return at;
}

int lvl_record_encode(const struct lvl_policy *p, int guest, void *buf,
		      size_t *len)
{
	struct counts n;
	uint8_t *head = buf, *at;
	size_t need;

	count(p, &n);
	need = size_of(&n);
	if (*len < need) {
		*len = need;
		return -LVL_E_NOBUFS;
	}
	memcpy(head, magic, sizeof(magic));
	put16(head + 8, LVL_RECORD_VERSION);
	put16(head + 10, (uint32_t)(guest + 1));
	put32(head + 12, (uint32_t)need);
	put32(head + 16, n.leaves);
	put32(head + 20, n.msrs);
	put32(head + 24, n.states);
	put32(head + 28, 0);
	at = put_states(put_msrs(put_leaves(head + HEAD, p), p), p);
	put32(at, lvl_crc32c(0, head, need - 4));
	*len = need;
	return 0;
}

/* -- reading -------------------------------------------------------------- */

/* A value has no bits that are not known. */
static int put_word(struct lvl_policy *p, unsigned w, uint32_t v, uint32_t k)
{
	if (v & ~k)
		return -LVL_E_SYNTAX;
	p->v[w] = v;
	p->k[w] = k;
	return 0;
}

static int get_leaf(struct lvl_policy *p, const uint8_t *at,
		    const uint8_t *before, struct lvl_err *err)
{
	uint32_t leaf = get32(at), sub = get32(at + 4), any = 0;
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, sub);
	unsigned r;

	if (before && (get32(before) > leaf ||
		       (get32(before) == leaf && get32(before + 4) >= sub)))
		return lvl_fail_leaf(err,
				     get32(before) == leaf &&
						     get32(before + 4) == sub
					     ? LVL_E_DUPLICATE
					     : LVL_E_ORDER,
				     leaf, sub);
	for (r = 0; r < 4; r++)
		any |= get32(at + 8 + 4 * r);
	if (!l || l->subleaf != sub)
		return any ? lvl_fail_leaf(err, LVL_E_UNKNOWN_LEAF, leaf, sub)
			   : 0;
	for (r = 0; r < 4; r++)
		if (put_word(p, l->word[r], get32(at + 8 + 4 * r),
			     get32(at + 24 + 4 * r)))
			return lvl_fail_leaf(err, LVL_E_SYNTAX, leaf, sub);
	return 0;
}

static int get_msr(struct lvl_policy *p, const uint8_t *at,
		   const uint8_t *before, struct lvl_err *err)
{
	uint32_t index = get32(at);
	const struct lvl_msr_words *m = lvl_msr_find(index);

	if (before && get32(before) >= index)
		return lvl_fail_msr(err,
				    get32(before) == index ? LVL_E_DUPLICATE
							   : LVL_E_ORDER,
				    index);
	if (get32(at + 4))
		return lvl_fail_msr(err, LVL_E_FLAGS, index);
	if (!m)
		return get32(at + 8) | get32(at + 12)
			       ? lvl_fail_msr(err, LVL_E_UNKNOWN_MSR, index)
			       : 0;
	if (put_word(p, m->word, get32(at + 8), get32(at + 16)) ||
	    put_word(p, m->high, get32(at + 12), get32(at + 20)))
		return lvl_fail_msr(err, LVL_E_SYNTAX, index);
	return 0;
}

static unsigned state_word(uint32_t number)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++)
		if (is_state(w) && lvl_words[w].id == number)
			return w;
	return LVL_NO_WORD;
}

static int get_state(struct lvl_policy *p, const uint8_t *at,
		     const uint8_t *before, struct lvl_err *err)
{
	uint32_t number = get32(at);
	unsigned w = state_word(number);

	if (before && get32(before) >= number)
		return lvl_fail(err, get32(before) == number ? LVL_E_DUPLICATE
							     : LVL_E_ORDER);
	if (w == LVL_NO_WORD)
		return get32(at + 4) ? lvl_fail(err, LVL_E_SYNTAX) : 0;
	if (put_word(p, w, get32(at + 4), get32(at + 8)))
		return lvl_fail(err, LVL_E_SYNTAX);
	return 0;
}

static int check_head(const uint8_t *b, size_t len, struct counts *n)
{
	if (len < HEAD + 4)
		return LVL_E_TRUNCATED;
	if (memcmp(b, magic, sizeof(magic)))
		return LVL_E_MAGIC;
	if (get16(b + 8) != LVL_RECORD_VERSION)
		return LVL_E_VERSION;
	if (get32(b + 12) > len)
		return LVL_E_TRUNCATED;
	n->leaves = get32(b + 16);
	n->msrs = get32(b + 20);
	n->states = get32(b + 24);
	if (n->leaves > 4096 || n->msrs > 4096 || n->states > 4096)
		return LVL_E_TOO_BIG;
	if (get32(b + 12) != len || size_of(n) != len)
		return LVL_E_SYNTAX;
	if (lvl_crc32c(0, b, len - 4) != get32(b + len - 4))
		return LVL_E_CHECKSUM;
	if (get32(b + 28))
		return LVL_E_FLAGS;
	return get16(b + 10) > LVL_NR_GUESTS ? LVL_E_RANGE : 0;
}

int lvl_record_decode(struct lvl_policy *p, int *guest, const void *buf,
		      size_t len, struct lvl_err *err)
{
	const uint8_t *b = buf, *at = b + HEAD;
	struct lvl_policy q;
	struct counts n;
	int rc = check_head(b, len, &n);
	uint32_t i;

	if (rc)
		return lvl_fail(err, rc);
	lvl_policy_clear(&q);
	for (i = 0; i < n.leaves && !rc; i++, at += LEAF_SIZE)
		rc = get_leaf(&q, at, i ? at - LEAF_SIZE : NULL, err);
	for (i = 0; i < n.msrs && !rc; i++, at += MSR_SIZE)
		rc = get_msr(&q, at, i ? at - MSR_SIZE : NULL, err);
	for (i = 0; i < n.states && !rc; i++, at += STATE_SIZE)
		rc = get_state(&q, at, i ? at - STATE_SIZE : NULL, err);
	if (rc)
		return rc;
	*p = q;
	if (guest)
		*guest = (int)get16(b + 10) - 1;
	return 0;
}
