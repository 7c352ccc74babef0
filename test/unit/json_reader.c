/*-------------------------------------------------------------------------
 * json_reader.c
 *	  JSON text to JsonValue, for unit tests and fuzzers.
 *
 * test/unit/json_reader.c
 *-------------------------------------------------------------------------
 */
#include "json_reader.h"

#include <stdint.h>
#include <string.h>

typedef struct Reader
{
	Arena	   *arena;
	const char *next;
	const char *end;
	int			depth;
} Reader;

static JsonValue *read_value(Reader *reader);

static void
skip_space(Reader *reader)
{
	while (reader->next < reader->end && strchr(" \t\r\n", *reader->next) != NULL &&
		   *reader->next != '\0')
		reader->next++;
}

static bool
accept(Reader *reader, char byte)
{
	skip_space(reader);
	if (reader->next == reader->end || *reader->next != byte)
		return false;
	reader->next++;
	return true;
}

JsonValue *
json_read(Arena *arena, const char *text, size_t length)
{
	Reader		reader = {arena, text, text + length, 0};
	JsonValue  *value = read_value(&reader);

	skip_space(&reader);
	return value != NULL && reader.next == reader.end ? value : NULL;
}

static JsonValue *
make_value(Reader *reader, JsonKind kind)
{
	JsonValue  *value = respond_arena_alloc_zero(reader->arena, sizeof(JsonValue));

	value->kind = kind;
	return value;
}

static JsonValue *
read_word(Reader *reader, const char *word, JsonKind kind)
{
	size_t		length = strlen(word);
	JsonValue  *value;

	if ((size_t) (reader->end - reader->next) < length ||
		memcmp(reader->next, word, length) != 0)
		return NULL;
	reader->next += length;
	value = make_value(reader, kind);
	value->boolean = word[0] == 't';
	return value;
}

static size_t
skip_digits(Reader *reader)
{
	const char *start = reader->next;

	while (reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9')
		reader->next++;
	return (size_t) (reader->next - start);
}

static JsonValue *
read_number(Reader *reader)
{
	const char *start = reader->next;
	const char *digits;
	JsonValue  *value;

	if (*reader->next == '-')
		reader->next++;
	digits = reader->next;
	if (skip_digits(reader) == 0 || (*digits == '0' && reader->next - digits > 1))
		return NULL;
	if (reader->next < reader->end && *reader->next == '.')
	{
		reader->next++;
		if (skip_digits(reader) == 0)
			return NULL;
	}
	if (reader->next < reader->end && (*reader->next == 'e' || *reader->next == 'E'))
	{
		reader->next++;
		if (reader->next < reader->end && (*reader->next == '+' || *reader->next == '-'))
			reader->next++;
		if (skip_digits(reader) == 0)
			return NULL;
	}
	value = make_value(reader, JSON_KIND_NUMBER);
	value->length = (size_t) (reader->next - start);
	value->text = respond_arena_copy(reader->arena, start, value->length);
	return value;
}

static bool
read_four_digits(Reader *reader, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++)
	{
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit;

		if (reader->next == reader->end || *reader->next == '\0')
			return false;
		digit = strchr(digits, *reader->next++);
		if (digit == NULL)
			return false;
		*code = *code * 16 + (uint32_t) ((digit - digits) % 16);
	}
	return true;
}

static char *
append_utf8(char *out, uint32_t code)
{
	if (code < 0x80)
		*out++ = (char) code;
	else if (code < 0x800)
	{
		*out++ = (char) (0xC0 | code >> 6);
		*out++ = (char) (0x80 | (code & 0x3F));
	}
	else
	{
		if (code < 0x10000)
			*out++ = (char) (0xE0 | code >> 12);
		else
		{
			*out++ = (char) (0xF0 | code >> 18);
			*out++ = (char) (0x80 | (code >> 12 & 0x3F));
		}
		*out++ = (char) (0x80 | (code >> 6 & 0x3F));
		*out++ = (char) (0x80 | (code & 0x3F));
	}
	return out;
}

/* Behind \u: one code point, which may be two halves. */
static bool
read_code_point(Reader *reader, uint32_t *code)
{
	uint32_t	low;

	if (!read_four_digits(reader, code) || *code == 0 || (*code >> 10) == 0x37)
		return false;
	if ((*code >> 10) != 0x36)
		return true;
	if (reader->end - reader->next < 2 || *reader->next++ != '\\' || *reader->next++ != 'u' ||
		!read_four_digits(reader, &low) || (low >> 10) != 0x37)
		return false;
	*code = 0x10000 + ((*code & 0x3FF) << 10 | (low & 0x3FF));
	return true;
}

/* Behind the opening quote. */
static bool
read_string(Reader *reader, const char **text, size_t *length)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *closing = reader->next;
	char	   *bytes;
	char	   *out;

	/* No escape is shorter than what it stands for. */
	while (closing < reader->end && *closing != '"')
		closing += *closing == '\\' && closing + 1 < reader->end ? 2 : 1;
	if (closing >= reader->end)
		return false;
	out = bytes = respond_arena_alloc(reader->arena, (size_t) (closing - reader->next) + 1);
	while (reader->next < closing)
	{
		char		byte = *reader->next++;
		const char *name;
		uint32_t	code;

		if ((unsigned char) byte < 0x20)
			return false;
		if (byte != '\\')
		{
			*out++ = byte;
			continue;
		}
		byte = *reader->next++;
		name = byte == '\0' ? NULL : strchr(names, byte);
		if (name != NULL)
			*out++ = meanings[name - names];
		else if (byte == 'u' && read_code_point(reader, &code))
			out = append_utf8(out, code);
		else
			return false;
	}
	reader->next = closing + 1;
	*out = '\0';
	*text = bytes;
	*length = (size_t) (out - bytes);
	return true;
}

static void
grow(Reader *reader, void **entries, size_t count, size_t size)
{
	void	   *larger;

	if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
		return;
	larger = respond_arena_alloc(reader->arena, (count == 0 ? 8 : count * 2) * size);
	if (count > 0)
		memcpy(larger, *entries, count * size);
	*entries = larger;
}

static JsonValue *
read_array(Reader *reader)
{
	JsonValue  *array = make_value(reader, JSON_KIND_ARRAY);

	if (accept(reader, ']'))
		return array;
	do
	{
		JsonValue  *item = read_value(reader);

		if (item == NULL)
			return NULL;
		grow(reader, (void **) &array->items, array->count, sizeof(JsonValue *));
		array->items[array->count++] = item;
	} while (accept(reader, ','));
	return accept(reader, ']') ? array : NULL;
}

static JsonMember *
find_or_add_member(Reader *reader, JsonValue *object, const char *name, size_t length)
{
	JsonMember *member;

	for (size_t i = 0; i < object->count; i++)
	{
		member = &object->members[i];
		if (member->name_length == length && memcmp(member->name, name, length) == 0)
			return member;
	}
	grow(reader, (void **) &object->members, object->count, sizeof(JsonMember));
	member = &object->members[object->count++];
	member->name = name;
	member->name_length = length;
	return member;
}

static JsonValue *
read_object(Reader *reader)
{
	JsonValue  *object = make_value(reader, JSON_KIND_OBJECT);

	if (accept(reader, '}'))
		return object;
	do
	{
		const char *name;
		size_t		length;
		JsonValue  *value;

		if (!accept(reader, '"') || !read_string(reader, &name, &length) ||
			!accept(reader, ':') || (value = read_value(reader)) == NULL)
			return NULL;
		find_or_add_member(reader, object, name, length)->value = value;
	} while (accept(reader, ','));
	return accept(reader, '}') ? object : NULL;
}

static JsonValue *
read_value(Reader *reader)
{
	JsonValue  *value = NULL;

	skip_space(reader);
	if (reader->next == reader->end || reader->depth == JSON_READER_MAX_DEPTH)
		return NULL;
	reader->depth++;
	switch (*reader->next)
	{
		case '{':
			reader->next++;
			value = read_object(reader);
			break;
		case '[':
			reader->next++;
			value = read_array(reader);
			break;
		case '"':
			reader->next++;
			value = make_value(reader, JSON_KIND_STRING);
			if (!read_string(reader, &value->text, &value->length))
				value = NULL;
			break;
		case 't':
			value = read_word(reader, "true", JSON_KIND_BOOLEAN);
			break;
		case 'f':
			value = read_word(reader, "false", JSON_KIND_BOOLEAN);
			break;
		case 'n':
			value = read_word(reader, "null", JSON_KIND_NULL);
			break;
		default:
			value = read_number(reader);
			break;
	}
	reader->depth--;
	return value;
}
