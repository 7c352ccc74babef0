/*-------------------------------------------------------------------------
 * number.h
 *	  JSON numbers as patterns compare them.
 *
 * Numbers compare as decimals, exactly, as numeric does.  Nearly all of them are
 * plain: a binary64 holds them without loss, because their decimal digits are
 * exactly the shortest ones that identify the binary64.  Two plain numbers
 * compare as binary64.  0.1 and 3.5e1 are plain; 0.1000000000000000000001, 1e400
 * and a 20-digit account number are not.  Those carry their spelling and the
 * binary64 that they are rounded to.  Rounding keeps the order, so the spelling
 * is asked only when two binary64 are equal.
 *
 * src/match/number.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NUMBER_H
#define RESPOND_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* digits * 10^exponent, digits without leading and trailing zeros. */
typedef struct Decimal
{
	bool		negative;		/* false for zero */
	const char *digits;			/* '0'..'9', none for zero */
	size_t		digit_count;
	int64_t		exponent;
} Decimal;

/* Room that respond_decimal_write needs, in bytes. */
#define RESPOND_DECIMAL_ROOM(digit_count)	((digit_count) + 24)

/*
 * Takes a JSON number apart.  digits is room for length bytes and must live
 * as long as *decimal.  Returns false when text is not a JSON number.
 */
extern bool respond_decimal_read(const char *text, size_t length, char *digits, Decimal *decimal);

/*
 * Drops leading and trailing zeros of a decimal made by hand, and its sign
 * when it is zero.
 */
extern void respond_decimal_normalize(Decimal *decimal);

/* True and the number, when it is plain (see above). */
extern bool respond_decimal_to_double(const Decimal *decimal, double *number);

/*
 * The same for mantissa * 10^exponent with a mantissa below 10^15 and an
 * exponent of -22 to 22, where a binary64 is always exact enough.
 */
extern double respond_small_decimal_to_double(uint64_t mantissa, int exponent);

/*
 * The binary64 that any decimal is rounded to: of two decimals the smaller one
 * never gives the larger binary64.  May be zero or infinite.
 */
extern double respond_decimal_round(const Decimal *decimal);

/* The one spelling of a decimal, such as -123e-2; returns its length. */
extern size_t respond_decimal_write(const Decimal *decimal, char *out);

/*
 * Less than, equal to or greater than zero, as a is to b.  Each is the spelling
 * of a decimal, or NULL for the plain number behind it.
 */
extern int	respond_number_compare(const char *a, size_t a_length, double a_number,
								   const char *b, size_t b_length, double b_number);

#endif							/* RESPOND_NUMBER_H */
