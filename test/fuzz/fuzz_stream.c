/*-------------------------------------------------------------------------
 * fuzz_stream.c
 *	  Places of streams and Server-Sent Events: no text breaks them.
 *
 * Input: a first byte, which chooses, and what follows: a place as text; a place
 * as the bytes in it, to which the sum is added; the data of an event.
 *
 * test/fuzz/fuzz_stream.c
 *-------------------------------------------------------------------------
 */
/* links: src/stream/stream_place.c src/stream/sse_text.c src/dispatcher/cursor.c src/companion/json_text.c src/common/arena.c */
#include <string.h>

#include "common/utf8_character.h"
#include "insist.h"
#include "stream/sse_text.h"
#include "stream/stream_place.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What is read is a place, and that is its text. */
static void
try_place(Arena *arena, const char *text)
{
	StreamPlace place;

	if (!respond_stream_place_read(arena, text, &place))
		return;
	insist(place.cursor->count <= STREAM_PLACE_RUNNING, "no place has too many transactions");
	for (size_t i = 0; i < place.cursor->count; i++)
	{
		insist(place.cursor->running[i] < place.cursor->xmax, "they are below its end");
		insist(i == 0 || place.cursor->running[i - 1] < place.cursor->running[i], "and ascend");
	}
	insist(strcmp(respond_stream_place_write(arena, &place), text) == 0, "a place has one text");
}

static void
try_bytes(Arena *arena, const uint8_t *data, size_t size)
{
	char	   *text = respond_arena_alloc(arena, (size + 4) * 2 + 4);
	uint8_t    *bytes = respond_arena_alloc(arena, size + 4);
	uint32_t	sum = 2166136261u;
	uint32_t	bits = 0;
	size_t		length = 0;
	int			bit_count = 0;

	memcpy(bytes, data, size);
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ data[i]) * 16777619u;
	for (int i = 0; i < 4; i++)
		bytes[size + i] = (uint8_t) (sum >> (8 * i));
	for (size_t i = 0; i < size + 4; i++)
	{
		bits = bits << 8 | bytes[i];
		for (bit_count += 8; bit_count >= 6; bit_count -= 6)
			text[length++] = digits[bits >> (bit_count - 6) & 63];
	}
	if (bit_count > 0)
		text[length++] = digits[bits << (6 - bit_count) & 63];
	text[length] = '\0';
	try_place(arena, text);
}

/* Reads it as the HTML standard says, and compares. */
static void
try_data(Arena *arena, const char *data, size_t size)
{
	JsonText	text;
	size_t		lines = 0;

	respond_json_text_begin(&text, arena);
	respond_sse_data(&text, data, size);
	respond_sse_end(&text);
	for (size_t at = 0; at < text.length;)
	{
		size_t		character = respond_utf8_character(text.bytes + at, text.length - at);

		insist(character > 0, "what comes out is UTF-8");
		insist(text.bytes[at] != '\r', "lines end with LF");
		if (at == 0 || text.bytes[at - 1] == '\n')
		{
			insist(strncmp(text.bytes + at, "data: ", 6) == 0 || at == text.length - 1, "each line is data");
			lines++;
		}
		at += character;
	}
	for (size_t i = 0; i < size; i++)
		lines -= data[i] == '\n' ? i == 0 || data[i - 1] != '\r' : data[i] == '\r';
	insist(lines == 2, "a line for each break, and the blank one");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);

	if (size > 0 && data[0] % 3 == 0)
		try_place(arena, respond_arena_copy(arena, (const char *) data + 1, size - 1));
	else if (size > 0 && data[0] % 3 == 1)
		try_bytes(arena, data + 1, size - 1);
	else if (size > 0)
		try_data(arena, (const char *) data + 1, size - 1);
	respond_arena_destroy(arena);
	return 0;
}
