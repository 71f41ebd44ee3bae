/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <stdarg.h>

#include "arch.h"

static void put(char c)
{
	outb(0xe9, (uint8_t)c);
}

static void hex(uint64_t v, unsigned digits)
{
	while (digits < 16 && v >> 4 * digits)
		digits++;
	while (digits--)
		put("0123456789abcdef"[v >> 4 * digits & 15]);
}

static void bytes(const uint8_t *p, size_t n)
{
	while (n--)
		hex(*p++, 2);
}

static void argument(char kind, va_list *ap)
{
	const char *s;
	const uint8_t *p;

	switch (kind) {
	case 's':
		for (s = va_arg(*ap, const char *); *s; s++)
			put(*s);
		break;
	case 'w':
		hex(va_arg(*ap, uint32_t), 8);
		break;
	case 'x':
		hex(va_arg(*ap, uint64_t), 1);
		break;
	case 'b':
		p = va_arg(*ap, const uint8_t *);
		bytes(p, va_arg(*ap, size_t));
		break;
	default:
		put(kind);
	}
}

void print(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	for (; *format; format++)
		if (*format == '%' && format[1])
			argument(*++format, &ap);
		else
			put(*format);
	va_end(ap);
}
