/*-------------------------------------------------------------------------
 * jsonb_writer.c
 *	  Writes a JSON tree in the stored form of jsonb; for benchmarks that run
 *	  without a server.
 *
 * As the server does: keys sorted by length, then bytes, in front of the
 * values; an entry for each child with its length, or every 32nd its end;
 * numbers and containers on multiples of four.
 *
 * test/bench/jsonb_writer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <stdlib.h>

#include "utils/jsonb.h"

#include "jsonb_writer.h"
#include "match/number.h"

/* This is not the server: it wants the C library's own. */
#undef qsort

#define LARGEST		(1 << 20)

typedef struct Writer
{
	char	   *bytes;
	Size		length;
} Writer;

static void write_container(Writer *writer, const JsonValue *value);

static void
put(Writer *writer, const void *bytes, Size length)
{
	if (writer->length + length > LARGEST)
		abort();
	memcpy(writer->bytes + writer->length, bytes, length);
	writer->length += length;
}

static void
align(Writer *writer)
{
	while (writer->length % 4 != 0)
		put(writer, "", 1);
}

/* The short form of numeric: header, then groups of four digits. */
static void
write_number(Writer *writer, const JsonValue *value)
{
	char		digits[64];
	char		padded[80];
	Decimal		decimal;
	int			shift;
	int			count;
	int			weight;
	uint16		header;
	uint32		length;

	if (value->length >= sizeof(digits) || !respond_decimal_read(value->text, value->length, digits, &decimal))
		abort();
	shift = (int) (((decimal.exponent % 4) + 4) % 4);
	count = (int) (decimal.digit_count + shift + 3) / 4;
	memset(padded, '0', sizeof(padded));
	memcpy(padded + count * 4 - shift - (int) decimal.digit_count, decimal.digits, decimal.digit_count);
	weight = (int) (decimal.exponent - shift) / 4 + count - 1;
	header = (uint16) (0x8000 | (decimal.negative ? 0x2000 : 0) | (weight & 0x7F));
	length = (uint32) (4 + 2 + 2 * count) << 2;
	put(writer, &length, 4);
	put(writer, &header, 2);
	for (int i = 0; i < count; i++)
	{
		int16		group = (int16) ((padded[i * 4] - '0') * 1000 + (padded[i * 4 + 1] - '0') * 100 +
									 (padded[i * 4 + 2] - '0') * 10 + (padded[i * 4 + 3] - '0'));

		put(writer, &group, 2);
	}
}

static JEntry
write_child(Writer *writer, const JsonValue *value)
{
	switch (value->kind)
	{
		case JSON_KIND_NULL:
			return JENTRY_ISNULL;
		case JSON_KIND_BOOLEAN:
			return value->boolean ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
		case JSON_KIND_STRING:
			put(writer, value->text, value->length);
			return JENTRY_ISSTRING;
		case JSON_KIND_NUMBER:
			align(writer);
			write_number(writer, value);
			return JENTRY_ISNUMERIC;
		default:
			align(writer);
			write_container(writer, value);
			return JENTRY_ISCONTAINER;
	}
}

static int
compare_members(const void *left, const void *right)
{
	const JsonMember *a = left;
	const JsonMember *b = right;

	if (a->name_length != b->name_length)
		return a->name_length < b->name_length ? -1 : 1;
	return memcmp(a->name, b->name, a->name_length);
}

static void
set_entry(Writer *writer, Size entries, uint32 child, JEntry type, Size start, Size data)
{
	JEntry		entry = type;

	if (child % JB_OFFSET_STRIDE == 0)
		entry |= JENTRY_HAS_OFF | (JEntry) (writer->length - data);
	else
		entry |= (JEntry) (writer->length - start);
	memcpy(writer->bytes + entries + child * sizeof(JEntry), &entry, sizeof(JEntry));
}

static void
write_container(Writer *writer, const JsonValue *value)
{
	bool		object = value->kind == JSON_KIND_OBJECT;
	uint32		count = (uint32) value->count;
	uint32		children = object ? count * 2 : count;
	uint32		header = count | (object ? JB_FOBJECT : JB_FARRAY);
	Size		entries;
	Size		data;

	put(writer, &header, 4);
	entries = writer->length;
	for (uint32 i = 0; i < children; i++)
		put(writer, "\0\0\0", 4);
	data = writer->length;
	if (object)
		qsort(value->members, count, sizeof(JsonMember), compare_members);
	for (uint32 i = 0; i < children; i++)
	{
		Size		start = writer->length;
		JEntry		type = JENTRY_ISSTRING;

		if (object && i < count)
			put(writer, value->members[i].name, value->members[i].name_length);
		else
			type = write_child(writer, object ? value->members[i - count].value : value->items[i]);
		set_entry(writer, entries, i, type, start, data);
	}
}

void *
jsonb_write(Arena *arena, const JsonValue *value, size_t *size)
{
	Writer		writer = {malloc(LARGEST), 0};
	void	   *copy;

	if (writer.bytes == NULL)
		abort();
	write_container(&writer, value);
	copy = respond_arena_copy(arena, writer.bytes, writer.length);
	*size = writer.length;
	free(writer.bytes);
	return copy;
}
