/*-------------------------------------------------------------------------
 * json_text.c
 *	  JSON written as text, for bodies of answers.
 *
 * src/companion/json_text.c
 *-------------------------------------------------------------------------
 */
#include "companion/json_text.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8_character.h"

#define FIRST_CAPACITY	256

void
respond_json_text_begin(JsonText *text, Arena *arena)
{
	text->arena = arena;
	text->capacity = FIRST_CAPACITY;
	text->bytes = respond_arena_alloc(arena, text->capacity);
	text->length = 0;
	text->bytes[0] = '\0';
}

static void
make_room(JsonText *text, size_t length)
{
	char	   *bytes;

	if (text->capacity - text->length > length)
		return;
	while (text->capacity - text->length <= length)
		text->capacity *= 2;
	bytes = respond_arena_alloc(text->arena, text->capacity);
	memcpy(bytes, text->bytes, text->length + 1);
	text->bytes = bytes;
}

void
respond_json_text_raw(JsonText *text, const char *bytes, size_t length)
{
	make_room(text, length);
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void
respond_json_text_put(JsonText *text, const char *string)
{
	respond_json_text_raw(text, string, strlen(string));
}

static void
write_character(JsonText *text, const char *bytes, size_t length)
{
	char		code[8];

	if (length == 0)
		respond_json_text_put(text, UTF8_REPLACEMENT);
	else if (length > 1)
		respond_json_text_raw(text, bytes, length);
	else if (*bytes == '"' || *bytes == '\\')
	{
		respond_json_text_put(text, "\\");
		respond_json_text_raw(text, bytes, 1);
	}
	else if ((unsigned char) *bytes < ' ')
	{
		snprintf(code, sizeof(code), "\\u%04x", (unsigned char) *bytes);
		respond_json_text_put(text, code);
	}
	else
		respond_json_text_raw(text, bytes, 1);
}

void
respond_json_text_string(JsonText *text, const char *bytes, size_t length)
{
	respond_json_text_put(text, "\"");
	for (size_t at = 0; at < length;)
	{
		size_t		size = respond_utf8_character(bytes + at, length - at);

		write_character(text, bytes + at, size);
		at += size == 0 ? 1 : size;
	}
	respond_json_text_put(text, "\"");
}

/* The last byte tells whether a value was written before. */
void
respond_json_text_element(JsonText *text)
{
	if (text->length > 0 && strchr("{[:,", text->bytes[text->length - 1]) == NULL)
		respond_json_text_put(text, ",");
}

void
respond_json_text_member(JsonText *text, const char *name)
{
	respond_json_text_element(text);
	respond_json_text_string(text, name, strlen(name));
	respond_json_text_put(text, ":");
}

void
respond_json_text_pair(JsonText *text, const char *name, const char *value)
{
	respond_json_text_member(text, name);
	respond_json_text_string(text, value, strlen(value));
}
