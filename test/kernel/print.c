/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <stdarg.h>

static void hex(uint64_t v, unsigned digits)
{
	while (digits < 16 && v >> 4 * digits)
		digits++;
	while (digits--)
		print_char("0123456789abcdef"[v >> 4 * digits & 15]);
}

static void decimal(long v)
{
	unsigned long rest = v < 0 ? -(unsigned long)v : (unsigned long)v;
	char digit[20];
	unsigned n = 0;

	if (v < 0)
		print_char('-');
	do
		digit[n++] = (char)('0' + rest % 10);
	while (rest /= 10);
	while (n)
		print_char(digit[--n]);
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
			print_char(*s);
		break;
	case 'w':
		hex(va_arg(*ap, uint32_t), 8);
		break;
	case 'd':
		decimal(va_arg(*ap, long));
		break;
	case 'x':
		hex(va_arg(*ap, uint64_t), 1);
		break;
	case 'b':
		p = va_arg(*ap, const uint8_t *);
		bytes(p, va_arg(*ap, size_t));
		break;
	default:
		print_char(kind);
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
			print_char(*format);
	va_end(ap);
}
