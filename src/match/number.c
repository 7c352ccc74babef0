/*-------------------------------------------------------------------------
 * number.c
 *	  JSON numbers as patterns compare them.
 *
 * src/match/number.c
 *-------------------------------------------------------------------------
 */
#include "match/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENT_LIMIT			((int64_t) 1000000000)
#define DIGITS_ALWAYS_EXACT		15	/* any such decimal survives binary64 */
#define DIGITS_LONGEST			17	/* no binary64 needs more to be told apart */
#define DIGITS_ROUNDED			40	/* those behind them are cut off before rounding */
#define NUMBER_TEXT				40	/* room for a binary64 as text */

static const double powers_of_ten[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
respond_decimal_read(const char *text, size_t length, char *digits, Decimal *decimal)
{
	size_t		at = 0;
	size_t		start;
	int64_t		exponent = 0;
	bool		exponent_negative = false;

	decimal->negative = false;
	decimal->digits = digits;
	decimal->digit_count = 0;
	decimal->exponent = 0;

	if (at < length && text[at] == '-')
	{
		decimal->negative = true;
		at++;
	}
	start = at;
	while (at < length && is_digit(text[at]))
		digits[decimal->digit_count++] = text[at++];
	if (at == start)
		return false;
	if (at < length && text[at] == '.')
	{
		start = ++at;
		while (at < length && is_digit(text[at]))
			digits[decimal->digit_count++] = text[at++];
		if (at == start)
			return false;
		decimal->exponent = -(int64_t) (at - start);
	}
	if (at < length && (text[at] == 'e' || text[at] == 'E'))
	{
		at++;
		if (at < length && (text[at] == '+' || text[at] == '-'))
			exponent_negative = text[at++] == '-';
		start = at;
		for (; at < length && is_digit(text[at]); at++)
			if (exponent < EXPONENT_LIMIT)
				exponent = exponent * 10 + (text[at] - '0');
		if (at == start)
			return false;
	}
	if (at != length)
		return false;
	decimal->exponent += exponent_negative ? -exponent : exponent;
	respond_decimal_normalize(decimal);
	return true;
}

void
respond_decimal_normalize(Decimal *decimal)
{
	while (decimal->digit_count > 0 && decimal->digits[0] == '0')
	{
		decimal->digits++;
		decimal->digit_count--;
	}
	while (decimal->digit_count > 0 && decimal->digits[decimal->digit_count - 1] == '0')
	{
		decimal->digit_count--;
		decimal->exponent++;
	}
	if (decimal->digit_count == 0)
	{
		decimal->negative = false;
		decimal->exponent = 0;
	}
}

double
respond_small_decimal_to_double(uint64_t mantissa, int exponent)
{
	/* Both operands are exact, so the one rounding gives the nearest number. */
	if (exponent < 0)
		return (double) mantissa / powers_of_ten[-exponent];
	return (double) mantissa * powers_of_ten[exponent];
}

/*
 * The shortest decimal that identifies a number.  "Shortest" starts at two
 * digits, as Java prints numbers: it matters for the smallest ones only.
 * digits: room for NUMBER_TEXT bytes.
 */
static bool
find_shortest(double number, char *digits, Decimal *shortest)
{
	char		text[NUMBER_TEXT];

	for (int precision = 2; precision <= DIGITS_LONGEST; precision++)
	{
		int			length = snprintf(text, sizeof(text), "%.*e", precision - 1, number);

		if (strtod(text, NULL) == number)
			return respond_decimal_read(text, (size_t) length, digits, shortest);
	}
	return false;
}

static bool
is_shortest(const Decimal *decimal, double number)
{
	char		digits[NUMBER_TEXT];
	Decimal		shortest;

	return find_shortest(number, digits, &shortest) &&
		shortest.digit_count == decimal->digit_count &&
		shortest.exponent == decimal->exponent &&
		memcmp(shortest.digits, decimal->digits, decimal->digit_count) == 0;
}

bool
respond_decimal_to_double(const Decimal *decimal, double *number)
{
	uint64_t	mantissa = 0;
	char		text[48];
	double		magnitude;

	if (decimal->digit_count > DIGITS_LONGEST)
		return false;
	if (decimal->exponent < -400 || decimal->exponent > 400)
		return false;
	for (size_t i = 0; i < decimal->digit_count; i++)
		mantissa = mantissa * 10 + (uint64_t) (decimal->digits[i] - '0');
	if (decimal->digit_count <= DIGITS_ALWAYS_EXACT &&
		decimal->exponent >= -22 && decimal->exponent <= 22)
	{
		magnitude = respond_small_decimal_to_double(mantissa, (int) decimal->exponent);
	}
	else
	{
		snprintf(text, sizeof(text), "%llue%d", (unsigned long long) mantissa, (int) decimal->exponent);
		magnitude = strtod(text, NULL);
		if (magnitude == 0 || isinf(magnitude) || !is_shortest(decimal, magnitude))
			return false;
	}
	*number = decimal->negative ? -magnitude : magnitude;
	return true;
}

/* Cutting digits off keeps the order, and so does the rounding of what is left. */
double
respond_decimal_round(const Decimal *decimal)
{
	size_t		count = decimal->digit_count < DIGITS_ROUNDED ? decimal->digit_count : DIGITS_ROUNDED;
	char		text[DIGITS_ROUNDED + 32];
	double		magnitude;

	if (count == 0)
		return 0;
	memcpy(text, decimal->digits, count);
	snprintf(text + count, sizeof(text) - count, "e%lld",
			 (long long) (decimal->exponent + (int64_t) (decimal->digit_count - count)));
	magnitude = strtod(text, NULL);
	return decimal->negative ? -magnitude : magnitude;
}

size_t
respond_decimal_write(const Decimal *decimal, char *out)
{
	size_t		length = 0;

	if (decimal->negative)
		out[length++] = '-';
	if (decimal->digit_count == 0)
		out[length++] = '0';
	memcpy(out + length, decimal->digits, decimal->digit_count);
	length += decimal->digit_count;
	return length + (size_t) snprintf(out + length, 23, "e%lld", (long long) decimal->exponent);
}

/* Takes a spelling apart again, in place. */
static void
read_spelling(const char *text, size_t length, Decimal *decimal)
{
	const char *end = memchr(text, 'e', length);

	decimal->negative = text[0] == '-';
	decimal->digits = text + decimal->negative;
	decimal->digit_count = (size_t) (end - decimal->digits);
	decimal->exponent = strtoll(end + 1, NULL, 10);
	respond_decimal_normalize(decimal);
}

static void
read_either(const char *text, size_t length, double number, char *digits, Decimal *decimal)
{
	memset(decimal, 0, sizeof(*decimal));
	if (text != NULL)
		read_spelling(text, length, decimal);
	else if (number != 0)
		(void) find_shortest(number, digits, decimal);
}

/* The sign aside. */
static int
compare_magnitude(const Decimal *a, const Decimal *b)
{
	int64_t		a_place = a->exponent + (int64_t) a->digit_count;
	int64_t		b_place = b->exponent + (int64_t) b->digit_count;
	size_t		common = a->digit_count < b->digit_count ? a->digit_count : b->digit_count;
	int			order;

	if (a->digit_count == 0 || b->digit_count == 0)
		return (a->digit_count > 0) - (b->digit_count > 0);
	if (a_place != b_place)
		return a_place < b_place ? -1 : 1;
	order = memcmp(a->digits, b->digits, common);
	if (order != 0)
		return order;
	/* no zeros at the end: more digits are more */
	return (a->digit_count > b->digit_count) - (a->digit_count < b->digit_count);
}

int
respond_number_compare(const char *a, size_t a_length, double a_number,
					   const char *b, size_t b_length, double b_number)
{
	char		a_digits[NUMBER_TEXT];
	char		b_digits[NUMBER_TEXT];
	Decimal		left;
	Decimal		right;

	if (a_number != b_number)
		return a_number < b_number ? -1 : 1;
	if (a == NULL && b == NULL)
		return 0;
	read_either(a, a_length, a_number, a_digits, &left);
	read_either(b, b_length, b_number, b_digits, &right);
	if (left.negative != right.negative)
		return left.negative ? -1 : 1;
	return left.negative ? -compare_magnitude(&left, &right) : compare_magnitude(&left, &right);
}
