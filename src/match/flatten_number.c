/*-------------------------------------------------------------------------
 * flatten_number.c
 *	  Numbers of the server as values of an event.
 *
 * The stored form is read directly (see common/numeric_size.c for its header):
 * groups of four decimal digits, the weight of the first one being a power of
 * 10,000.  A short number becomes a binary64 with one multiplication or
 * division.  A number like 1e131071 is one group with a large weight here and
 * is never written out.
 *
 * This file calls nothing of the server, so the benchmark can link it.
 *
 * src/match/flatten_number.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/pg_compat.h"
#include "match/flatten_number.h"
#include "match/number.h"

#define FORM_MASK			0xC000
#define FORM_NEGATIVE		0x4000
#define FORM_SHORT			0x8000
#define FORM_SPECIAL		0xC000
#define SHORT_NEGATIVE		0x2000
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT_MASK	0x003F
#define GROUP_DIGITS		4
#define GROUP_BASE			10000

#define SMALL_GROUPS		4			/* 16 digits fit a uint64 with ease */
#define SMALL_MANTISSA		UINT64CONST(1000000000000000)
#define SMALL_EXPONENT		22

typedef struct Groups
{
	bool		negative;
	int			weight;			/* of the first group */
	int			count;
	const char *data;			/* int16 each, aligned or not */
} Groups;

static inline int
read_group(const Groups *groups, int number)
{
	int16		group;

	memcpy(&group, groups->data + (Size) number * sizeof(int16), sizeof(int16));
	return group;
}

/* Returns false for what is no number (NaN, infinity), which jsonb never holds. */
static bool
read_groups(Numeric number, Groups *groups)
{
	const char *data = VARDATA_ANY(number);
	Size		size = VARSIZE_ANY_EXHDR(number);
	uint16		header;

	memcpy(&header, data, sizeof(header));
	data += sizeof(header);
	size -= sizeof(header);
	if ((header & FORM_MASK) == FORM_SPECIAL)
		return false;
	if ((header & FORM_MASK) == FORM_SHORT)
	{
		groups->negative = (header & SHORT_NEGATIVE) != 0;
		groups->weight = header & SHORT_WEIGHT_MASK;
		if (header & SHORT_WEIGHT_SIGN)
			groups->weight -= SHORT_WEIGHT_MASK + 1;
	}
	else
	{
		int16		weight;

		memcpy(&weight, data, sizeof(weight));
		data += sizeof(weight);
		size -= sizeof(weight);
		groups->negative = (header & FORM_MASK) == FORM_NEGATIVE;
		groups->weight = weight;
	}
	groups->count = (int) (size / sizeof(int16));
	groups->data = data;
	return true;
}

static void
add_decimal(EventFields *event, const PathNode *node, int element, Decimal *decimal)
{
	double		number;
	char	   *spelling;

	respond_decimal_normalize(decimal);
	if (respond_decimal_to_double(decimal, &number))
	{
		respond_event_add_number(event, node, element, number);
		return;
	}
	spelling = respond_event_scratch(event, RESPOND_DECIMAL_ROOM(decimal->digit_count));
	respond_event_add_decimal(event, node, element, respond_decimal_round(decimal), spelling,
							  respond_decimal_write(decimal, spelling));
}

static void
add_groups(EventFields *event, const PathNode *node, int element, const Groups *groups)
{
	char	   *digits = respond_event_scratch(event, (Size) groups->count * GROUP_DIGITS + 1);
	Decimal		decimal;

	for (int i = 0; i < groups->count; i++)
	{
		int			group = read_group(groups, i);

		for (int d = GROUP_DIGITS - 1; d >= 0; d--)
		{
			digits[i * GROUP_DIGITS + d] = (char) ('0' + group % 10);
			group /= 10;
		}
	}
	decimal.negative = groups->negative;
	decimal.digits = digits;
	decimal.digit_count = (Size) groups->count * GROUP_DIGITS;
	decimal.exponent = ((int64_t) groups->weight - groups->count + 1) * GROUP_DIGITS;
	add_decimal(event, node, element, &decimal);
}

void
respond_flatten_numeric(EventFields *event, const PathNode *node, int element, Numeric number)
{
	Groups		groups;
	uint64_t	mantissa = 0;
	int			exponent;

	if (!read_groups(number, &groups))
		return;
	exponent = (groups.weight - groups.count + 1) * GROUP_DIGITS;
	if (groups.count <= SMALL_GROUPS && exponent >= -SMALL_EXPONENT && exponent <= SMALL_EXPONENT)
	{
		for (int i = 0; i < groups.count; i++)
			mantissa = mantissa * GROUP_BASE + (uint64_t) read_group(&groups, i);
		if (mantissa < SMALL_MANTISSA)
		{
			double		value = respond_small_decimal_to_double(mantissa, exponent);

			respond_event_add_number(event, node, element, groups.negative ? -value : value);
			return;
		}
	}
	add_groups(event, node, element, &groups);
}

void
respond_flatten_integer(EventFields *event, const PathNode *node, int64 number)
{
	uint64		magnitude = number < 0 ? -(uint64) number : (uint64) number;
	char	   *digits;
	Decimal		decimal = {number < 0, NULL, 0, 0};

	if (magnitude < SMALL_MANTISSA)
	{
		respond_event_add_number(event, node, NO_ELEMENT, (double) number);
		return;
	}
	digits = respond_event_scratch(event, 20);
	decimal.digits = digits + 20;
	for (; magnitude > 0; magnitude /= 10)
	{
		decimal.digits--;
		decimal.digit_count++;
		digits[20 - decimal.digit_count] = (char) ('0' + magnitude % 10);
	}
	add_decimal(event, node, NO_ELEMENT, &decimal);
}
