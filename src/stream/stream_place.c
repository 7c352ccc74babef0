/*-------------------------------------------------------------------------
 * stream_place.c
 *	  A place in the order of the log, as text for those who follow a stream.
 *
 * The text is base64url (RFC 4648 section 5) of: a form, numbers of seven bits a
 * byte, lowest first, and a sum of all of them.  Transactions are written as
 * distances, from the highest down: most are small.  There is one text for a
 * place, and all others are refused.
 *
 * src/stream/stream_place.c
 *-------------------------------------------------------------------------
 */
#include "stream/stream_place.h"

#include <string.h>

#define PLACE_FORM		1
#define PLACE_BYTES		(STREAM_PLACE_MAX / 4 * 3)
#define SUM_BYTES		4

typedef struct PlaceBytes
{
	unsigned char bytes[PLACE_BYTES];
	size_t		length;			/* when read: how many there are */
	size_t		next;			/* to be read */
	bool		failed;			/* no room, or not as it should be */
} PlaceBytes;

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
put_byte(PlaceBytes *place, unsigned char byte)
{
	if (place->length == PLACE_BYTES)
		place->failed = true;
	else
		place->bytes[place->length++] = byte;
}

static void
put_number(PlaceBytes *place, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		put_byte(place, (unsigned char) (number | 0x80));
	put_byte(place, (unsigned char) number);
}

static unsigned char
get_byte(PlaceBytes *place)
{
	if (place->next >= place->length)
	{
		place->failed = true;
		return 0;
	}
	return place->bytes[place->next++];
}

static uint64_t
get_number(PlaceBytes *place)
{
	uint64_t	number = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		unsigned char byte = get_byte(place);

		number |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			/* a last byte of 0, or bits that do not fit, would be another text for the same number */
			if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1))
				place->failed = true;
			return number;
		}
	}
	place->failed = true;
	return 0;
}

/* FNV-1a: against damage, not against people. */
static uint32_t
sum_of(const unsigned char *bytes, size_t length)
{
	uint32_t	sum = 2166136261u;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ bytes[i]) * 16777619u;
	return sum;
}

static void
put_cursor(PlaceBytes *place, const Cursor *cursor)
{
	uint64_t	above = cursor->xmax;

	put_number(place, cursor->xmax);
	put_number(place, cursor->split_xid);
	if (cursor->split_xid != 0)
		put_number(place, (uint64_t) cursor->split_id);
	put_number(place, cursor->count);
	for (size_t i = cursor->count; i > 0; i--)
	{
		put_number(place, above - cursor->running[i - 1]);
		above = cursor->running[i - 1];
	}
}

static char *
encode(Arena *arena, const PlaceBytes *place)
{
	char	   *text = respond_arena_alloc(arena, (place->length + 2) / 3 * 4 + 1);
	char	   *next = text;

	for (size_t i = 0; i < place->length; i += 3)
	{
		size_t		left = place->length - i < 3 ? place->length - i : 3;
		uint32_t	bits = (uint32_t) place->bytes[i] << 16;

		if (left > 1)
			bits |= (uint32_t) place->bytes[i + 1] << 8;
		if (left > 2)
			bits |= place->bytes[i + 2];
		for (size_t digit = 0; digit <= left; digit++)
			*next++ = digits[bits >> (18 - 6 * digit) & 63];
	}
	*next = '\0';
	return text;
}

char *
respond_stream_place_write(Arena *arena, const StreamPlace *place)
{
	PlaceBytes	bytes = {.length = 0};
	uint32_t	sum;

	if (place->cursor->count > STREAM_PLACE_RUNNING)
		return NULL;
	put_byte(&bytes, PLACE_FORM);
	put_number(&bytes, (uint64_t) place->incarnation);
	put_number(&bytes, place->timeline);
	put_number(&bytes, place->wal);
	put_number(&bytes, place->since > 0 ? (uint64_t) place->since : 0);
	put_cursor(&bytes, place->cursor);
	sum = sum_of(bytes.bytes, bytes.length);
	for (int i = 0; i < SUM_BYTES; i++)
		put_byte(&bytes, (unsigned char) (sum >> (8 * i)));
	return bytes.failed ? NULL : encode(arena, &bytes);
}

static int
value_of(char digit)
{
	const char *found = digit != '\0' ? strchr(digits, digit) : NULL;

	return found != NULL ? (int) (found - digits) : -1;
}

static bool
decode(const char *text, PlaceBytes *place)
{
	size_t		length = strlen(text);

	if (length > STREAM_PLACE_MAX || length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i += 4)
	{
		size_t		left = length - i < 4 ? length - i : 4;
		uint32_t	bits = 0;

		for (size_t digit = 0; digit < left; digit++)
		{
			int			value = value_of(text[i + digit]);

			if (value < 0)
				return false;
			bits |= (uint32_t) value << (18 - 6 * digit);
		}
		for (size_t byte = 0; byte + 1 < left; byte++)
			put_byte(place, (unsigned char) (bits >> (16 - 8 * byte)));
		/* bits behind the last byte */
		if (left < 4 && (bits & (left == 2 ? 0xffff : 0xff)) != 0)
			return false;
	}
	return !place->failed;
}

static bool
check_sum(PlaceBytes *place)
{
	uint32_t	sum = 0;

	if (place->length < SUM_BYTES)
		return false;
	place->length -= SUM_BYTES;
	for (int i = 0; i < SUM_BYTES; i++)
		sum |= (uint32_t) place->bytes[place->length + i] << (8 * i);
	return sum == sum_of(place->bytes, place->length);
}

static Cursor *
get_cursor(Arena *arena, PlaceBytes *place)
{
	Cursor	   *cursor = respond_cursor_create(arena);
	uint64_t	above;
	uint64_t	count;

	cursor->xmax = above = get_number(place);
	cursor->split_xid = get_number(place);
	if (cursor->split_xid != 0)
		cursor->split_id = (int64_t) get_number(place);
	count = get_number(place);
	if (place->failed || count > STREAM_PLACE_RUNNING)
		return NULL;
	cursor->count = count;
	cursor->running = respond_arena_alloc(arena, sizeof(uint64_t) * (count + 1));
	for (size_t i = count; i > 0; i--)
	{
		uint64_t	distance = get_number(place);

		if (distance == 0 || distance > above)
			place->failed = true;
		above -= distance;
		cursor->running[i - 1] = above;
	}
	/* a transaction that is passed in part counts as not handled */
	if (cursor->split_xid != 0 && respond_cursor_covers(cursor, cursor->split_xid))
		place->failed = true;
	return place->failed ? NULL : cursor;
}

bool
respond_stream_place_read(Arena *arena, const char *text, StreamPlace *place)
{
	PlaceBytes	bytes = {.length = 0};
	uint64_t	timeline;
	uint64_t	since;

	if (!decode(text, &bytes) || !check_sum(&bytes) || get_byte(&bytes) != PLACE_FORM)
		return false;
	place->incarnation = (int64_t) get_number(&bytes);
	timeline = get_number(&bytes);
	place->timeline = (uint32_t) timeline;
	place->wal = get_number(&bytes);
	since = get_number(&bytes);
	place->since = (int64_t) since;
	place->cursor = get_cursor(arena, &bytes);
	return place->cursor != NULL && timeline <= UINT32_MAX && since <= INT64_MAX && bytes.next == bytes.length;
}
