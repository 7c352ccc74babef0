/*-------------------------------------------------------------------------
 * number.h
 *	  JSON numbers as patterns compare them.
 *
 * The pattern language compares numbers as binary64, but only numbers that a
 * binary64 holds without loss: those whose decimal digits are exactly the
 * shortest ones that identify the binary64.  Any other number is an opaque
 * decimal that equals only itself.  So 0.1 and 3.5e1 are comparable, and
 * 0.1000000000000000000001, 1e400 and a 20-digit account number are not.
 *
 * src/rule/number.h
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

/* True and the number, when it is comparable (see above). */
extern bool respond_decimal_to_double(const Decimal *decimal, double *number);

/*
 * The same for mantissa * 10^exponent with a mantissa below 10^15 and an
 * exponent of -22 to 22, where a binary64 is always exact enough.
 */
extern double respond_small_decimal_to_double(uint64_t mantissa, int exponent);

/* The one spelling of a decimal, such as -123e-2; returns its length. */
extern size_t respond_decimal_write(const Decimal *decimal, char *out);

#endif							/* RESPOND_NUMBER_H */
