/*-------------------------------------------------------------------------
 * numeric_size.c
 *	  How long a number is as text, without writing it.
 *
 * The number 1e131071 takes a dozen bytes in jsonb and 131,072 as text, so a
 * few kB of numbers are gigabytes of text.  Who caps text has to know before
 * numeric_out allocates it.
 *
 * The server has no function for that, so the header of the stored form is
 * read here.  It is part of the on-disk format, the same in PostgreSQL 9.1 to
 * 18 (pg_upgrade depends on it): a 16-bit word, whose two high bits tell the
 * long form (display scale; a 16-bit weight follows), the short form (sign,
 * 6 bits of display scale, 7 bits of weight) and the special values apart.
 * Weight counts groups of four decimal digits before the point, less one.
 *
 * src/common/numeric_size.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/numeric_size.h"
#include "common/pg_compat.h"

#define FORM_MASK			0xC000
#define FORM_NEGATIVE		0x4000
#define FORM_SHORT			0x8000
#define FORM_SPECIAL		0xC000
#define SHORT_NEGATIVE		0x2000
#define SHORT_SCALE_MASK	0x1F80
#define SHORT_SCALE_SHIFT	7
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT_MASK	0x003F
#define LONG_SCALE_MASK		0x3FFF
#define DIGITS_PER_GROUP	4

/* Room for NaN, Infinity and -Infinity. */
#define SPECIAL_SIZE		9

static uint16
read_word(const char *data)
{
	uint16		word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* Digits of the first group, which is written without leading zeros. */
static int
count_digits(int group)
{
	return group >= 1000 ? 4 : group >= 100 ? 3 : group >= 10 ? 2 : 1;
}

Size
respond_numeric_text_size(Numeric number)
{
	const char *data = VARDATA_ANY(number);
	Size		size = VARSIZE_ANY_EXHDR(number);
	uint16		header = read_word(data);
	Size		header_size = sizeof(uint16);
	Size		digits = 1;
	bool		negative;
	int			weight;
	int			scale;

	if ((header & FORM_MASK) == FORM_SPECIAL)
		return SPECIAL_SIZE;
	if ((header & FORM_MASK) == FORM_SHORT)
	{
		negative = (header & SHORT_NEGATIVE) != 0;
		weight = header & SHORT_WEIGHT_MASK;
		if (header & SHORT_WEIGHT_SIGN)
			weight -= SHORT_WEIGHT_MASK + 1;
		scale = (header & SHORT_SCALE_MASK) >> SHORT_SCALE_SHIFT;
	}
	else
	{
		negative = (header & FORM_MASK) == FORM_NEGATIVE;
		weight = (int16) read_word(data + header_size);
		header_size += sizeof(int16);
		scale = header & LONG_SCALE_MASK;
	}
	if (weight >= 0 && size > header_size)
		digits = (Size) weight * DIGITS_PER_GROUP + count_digits(read_word(data + header_size));
	return digits + negative + (scale > 0 ? 1 + scale : 0);
}

bool
respond_numeric_is_zero(Numeric number)
{
	uint16		header = read_word(VARDATA_ANY(number));
	Size		header_size = sizeof(uint16);

	if ((header & FORM_MASK) == FORM_SPECIAL)
		return false;
	if ((header & FORM_MASK) != FORM_SHORT)
		header_size += sizeof(int16);
	/* Zero groups are not stored, so zero has none. */
	return VARSIZE_ANY_EXHDR(number) <= header_size;
}
