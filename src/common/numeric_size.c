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

#define FORM_MASK			0xC000
#define FORM_SHORT			0x8000
#define FORM_SPECIAL		0xC000
#define SHORT_SCALE_MASK	0x1F80
#define SHORT_SCALE_SHIFT	7
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT_MASK	0x003F
#define LONG_SCALE_MASK		0x3FFF
#define DIGITS_PER_GROUP	4

/* Sign, point, a zero before it, NUL, and "-Infinity" all fit in this. */
#define OVERHEAD			12

static uint16
read_header(Numeric number)
{
	uint16		header;

	memcpy(&header, VARDATA_ANY(number), sizeof(header));
	return header;
}

Size
respond_numeric_text_size(Numeric number)
{
	uint16		header = read_header(number);
	int			weight;
	int			scale;

	if ((header & FORM_MASK) == FORM_SPECIAL)
		return OVERHEAD;
	if ((header & FORM_MASK) == FORM_SHORT)
	{
		weight = header & SHORT_WEIGHT_MASK;
		if (header & SHORT_WEIGHT_SIGN)
			weight -= SHORT_WEIGHT_MASK + 1;
		scale = (header & SHORT_SCALE_MASK) >> SHORT_SCALE_SHIFT;
	}
	else
	{
		int16		long_weight;

		memcpy(&long_weight, (char *) VARDATA_ANY(number) + sizeof(header),
			   sizeof(long_weight));
		weight = long_weight;
		scale = header & LONG_SCALE_MASK;
	}
	return (weight < 0 ? 0 : (Size) (weight + 1) * DIGITS_PER_GROUP) + scale + OVERHEAD;
}

bool
respond_numeric_is_zero(Numeric number)
{
	uint16		header = read_header(number);
	Size		header_size = sizeof(uint16);

	if ((header & FORM_MASK) == FORM_SPECIAL)
		return false;
	if ((header & FORM_MASK) != FORM_SHORT)
		header_size += sizeof(int16);
	/* Zero groups are not stored, so zero has none. */
	return VARSIZE_ANY_EXHDR(number) <= header_size;
}
