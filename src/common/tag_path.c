/*-------------------------------------------------------------------------
 * tag_path.c
 *	  The path in a tag, such as data.new.id or data.new["my column"].
 *
 * Builds without a server: templates and the SQL of rules share it, so that a
 * name is written alike in both.
 *
 * src/common/tag_path.c
 *-------------------------------------------------------------------------
 */
#include "common/tag_path.h"

#include <string.h>

static bool
begins_quoted(const char *text, size_t length, size_t at)
{
	return at + 1 < length && text[at] == '[' && (text[at + 1] == '"' || text[at + 1] == '\'');
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands behind a backslash at text[*at]; false if that is nothing known. */
static bool
read_escape(const char *text, size_t length, size_t *at, char *character)
{
	int			code = 0;

	if (*at + 1 >= length)
		return false;
	if (text[*at + 1] != 'u')
	{
		*character = text[*at + 1];
		*at += 2;
		return *character == '"' || *character == '\'' || *character == '\\';
	}
	if (*at + 6 > length)
		return false;
	for (size_t i = *at + 2; i < *at + 6; i++)
	{
		int			digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		code = code * 16 + digit;
	}
	*character = (char) code;
	*at += 6;
	return code > 0 && code < 0x80;
}

static TagPathStatus
read_quoted(const char *text, size_t length, size_t *at, char *buffer, TagPart *part)
{
	char		quote = text[*at + 1];
	size_t		i = *at + 2;

	part->name = buffer;
	part->length = 0;
	part->quoted = true;
	while (i < length && text[i] != quote)
	{
		char		character = text[i];

		if (character != '\\')
			i++;
		else if (!read_escape(text, length, &i, &character))
			return TAG_PATH_ESCAPE;
		buffer[part->length++] = character;
	}
	if (i + 1 >= length || text[i + 1] != ']')
		return TAG_PATH_UNCLOSED;
	*at = i + 2;
	return TAG_PATH_PART;
}

TagPathStatus
respond_tag_path_next(const char *text, size_t length, size_t *at, char *buffer, TagPart *part)
{
	size_t		start = *at;
	size_t		end;

	if (start == length)
		return start == 0 ? TAG_PATH_EMPTY : TAG_PATH_END;
	if (begins_quoted(text, length, start))
		return read_quoted(text, length, at, buffer, part);
	if (start > 0 && text[start++] != '.')
		return TAG_PATH_EMPTY;
	end = start;
	while (end < length && text[end] != '.' && !begins_quoted(text, length, end))
		end++;
	if (end == start)
		return TAG_PATH_EMPTY;
	part->name = text + start;
	part->length = end - start;
	part->quoted = false;
	*at = end;
	return TAG_PATH_PART;
}

size_t
respond_tag_path_room(const char *text, size_t length)
{
	size_t		room = 1;

	for (size_t i = 0; i < length; i++)
		room += text[i] == '.' || text[i] == '[';
	return room;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t
respond_tag_path_find(const char *text, size_t length, char what)
{
	char		quote = '\0';

	for (size_t i = 0; i < length; i++)
	{
		if (quote != '\0')
		{
			if (text[i] == '\\')
				i++;
			else if (text[i] == quote)
				quote = '\0';
		}
		else if (begins_quoted(text, length, i))
			quote = text[++i];
		else if (text[i] == what || (what == ' ' && is_space(text[i])))
			return i;
	}
	return length;
}
