/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <cpulevel/record.h>

#include "line.h"

static uint32_t crc;

void stream_begin(void)
{
	crc = 0;
}

int stream_put(enum stream_type type, uint64_t arg, const void *p, size_t n)
{
	struct message m = { type, (uint32_t)n, arg };

	crc = lvl_crc32c(crc, &m, sizeof(m));
	crc = lvl_crc32c(crc, p, n);
	return line_write(LINE_THERE, &m, sizeof(m)) ||
	       line_write(LINE_THERE, p, n);
}

int stream_end(void)
{
	return stream_put(STREAM_END, crc, NULL, 0);
}

int stream_get(struct message *m, void *p)
{
	uint32_t before = crc;

	if (line_read(LINE_THERE, m, sizeof(*m)) ||
	    m->length > STREAM_LONGEST || line_read(LINE_THERE, p, m->length))
		return -1;
	crc = lvl_crc32c(crc, m, sizeof(*m));
	crc = lvl_crc32c(crc, p, m->length);
	return m->type == STREAM_END && m->arg != before ? -1 : 0;
}

/* What is not used of the findings stays here. */
static size_t answer_size(const struct answer *a)
{
	return offsetof(struct answer, told) + a->nr * sizeof(a->told[0]);
}

int answer_put(const struct answer *a)
{
	return line_write(LINE_BACK, a, answer_size(a));
}

int answer_get(struct answer *a)
{
	uint32_t i;

	if (line_read(LINE_BACK, a, offsetof(struct answer, told)) ||
	    a->verdict > LVL_UNKNOWN || a->nr > ANSWER_FINDINGS ||
	    line_read(LINE_BACK, a->told, a->nr * sizeof(a->told[0])))
		return -1;
	for (i = 0; i < a->nr; i++) {
		struct told *t = &a->told[i];

		if (t->severity >= LVL_NR_SEVERITIES ||
		    t->field[sizeof(t->field) - 1])
			return -1;
	}
	return 0;
}
