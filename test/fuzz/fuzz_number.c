/*-------------------------------------------------------------------------
 * fuzz_number.c
 *	  Numbers of any length are in one order.
 *
 * Input: three JSON numbers with spaces between them.  Checked besides memory:
 * the order is the same from both sides and goes through, rounding keeps it,
 * and two numbers are equal when their spelling is.
 *
 * test/fuzz/fuzz_number.c
 *-------------------------------------------------------------------------
 */
/* links: src/match/number.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/number.h"
#include "insist.h"

#define NUMBERS		3

typedef struct Number
{
	char	   *digits;
	char	   *spelling;		/* always */
	size_t		length;
	bool		plain;
	double		number;
} Number;

static bool
read_number(const char *text, size_t length, Number *number)
{
	Decimal		decimal;

	number->digits = malloc(length + 1);
	number->spelling = NULL;
	if (!respond_decimal_read(text, length, number->digits, &decimal))
		return false;
	number->spelling = malloc(RESPOND_DECIMAL_ROOM(decimal.digit_count));
	number->length = respond_decimal_write(&decimal, number->spelling);
	number->plain = respond_decimal_to_double(&decimal, &number->number);
	if (number->plain)
		insist(respond_decimal_round(&decimal) == number->number, "a plain number is rounded to itself");
	else
		number->number = respond_decimal_round(&decimal);
	return true;
}

static int
compare(const Number *a, const Number *b)
{
	int			order = respond_number_compare(a->plain ? NULL : a->spelling, a->length, a->number,
											   b->plain ? NULL : b->spelling, b->length, b->number);
	bool		same = a->length == b->length && memcmp(a->spelling, b->spelling, a->length) == 0;

	order = (order > 0) - (order < 0);
	insist((order == 0) == same, "numbers are equal when their spelling is");
	insist(a->number == b->number || (a->number < b->number) == (order < 0), "rounding keeps the order");
	return order;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Number		numbers[NUMBERS] = {0};
	const char *text = (const char *) data;
	const char *end = text + size;
	int			count = 0;

	while (count < NUMBERS && text <= end)
	{
		const char *space = memchr(text, ' ', (size_t) (end - text));
		size_t		length = (size_t) ((space != NULL ? space : end) - text);

		if (!read_number(text, length, &numbers[count++]))
		{
			free(numbers[--count].digits);
			break;
		}
		text += length + 1;
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
		{
			insist(compare(&numbers[i], &numbers[j]) == -compare(&numbers[j], &numbers[i]), "the order is the same from both sides");
			for (int k = 0; k < count; k++)
				insist(!(compare(&numbers[i], &numbers[j]) <= 0 && compare(&numbers[j], &numbers[k]) <= 0) ||
					   compare(&numbers[i], &numbers[k]) <= 0, "the order goes through");
		}
	for (int i = 0; i < count; i++)
	{
		free(numbers[i].digits);
		free(numbers[i].spelling);
	}
	return 0;
}
