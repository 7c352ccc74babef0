/*-------------------------------------------------------------------------
 * template_filter.c
 *	  What may stand behind the name in a tag: {{a | default: "x" | truncate: 80}}.
 *
 * Mustache has none.  These two are written as in Liquid, which most people who
 * write templates have seen: a text that is too long for its receiver, and a
 * value that is not there, cannot be helped otherwise.  In Mustache alone a
 * name never holds a bar, so nothing that was a template means something else.
 *
 * src/template/template_filter.c
 *-------------------------------------------------------------------------
 */
#include "template/template_filter.h"

#include <stdio.h>
#include <string.h>

#define HINT_KNOWN	"There are two filters: {{name | default: \"text\"}} and {{name | truncate: 80}}."

typedef struct Reader
{
	const char *text;
	size_t		length;
	size_t		at;
} Reader;

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_spaces(Reader *reader)
{
	while (reader->at < reader->length && is_space(reader->text[reader->at]))
		reader->at++;
}

/* The next character is that one, and is stepped over. */
static bool
take(Reader *reader, char c)
{
	skip_spaces(reader);
	if (reader->at == reader->length || reader->text[reader->at] != c)
		return false;
	reader->at++;
	return true;
}

/* A run of characters that are neither space, bar nor colon. */
static size_t
take_word(Reader *reader, const char **word)
{
	size_t		start;

	skip_spaces(reader);
	start = reader->at;
	while (reader->at < reader->length && !is_space(reader->text[reader->at]) &&
		   reader->text[reader->at] != '|' && reader->text[reader->at] != ':')
		reader->at++;
	*word = reader->text + start;
	return reader->at - start;
}

static bool
is_word(const char *word, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(word, name, length) == 0;
}

static bool
read_count(Reader *reader, uint32_t *count)
{
	const char *word;
	size_t		length;

	if (!take(reader, ':'))
		return false;
	length = take_word(reader, &word);
	*count = 0;
	for (size_t i = 0; i < length; i++)
	{
		if (word[i] < '0' || word[i] > '9')
			return false;
		*count = *count * 10 + (uint32_t) (word[i] - '0');
		if (*count > TEMPLATE_MAX_TRUNCATE)
			return false;
	}
	return *count > 0;
}

/* A text in quotes, whose backslash makes the next character literal. */
static bool
read_quoted(Reader *reader, Arena *arena, TemplateValue *value)
{
	char		quote = reader->text[reader->at++];
	char	   *text = respond_arena_alloc(arena, reader->length - reader->at + 1);

	value->kind = TEMPLATE_STRING;
	value->reference = text;
	while (reader->at < reader->length && reader->text[reader->at] != quote)
	{
		if (reader->text[reader->at] == '\\' && reader->at + 1 < reader->length)
			reader->at++;
		text[value->count++] = reader->text[reader->at++];
	}
	return take(reader, quote);
}

/* Whether the word is a number as JSON writes it. */
static bool
is_number(const char *word, size_t length)
{
	size_t		at = 0;
	size_t		start;

	at += length > 0 && word[0] == '-';
	start = at;
	while (at < length && word[at] >= '0' && word[at] <= '9')
		at++;
	if (at == start || (word[start] == '0' && at > start + 1))
		return false;
	if (at < length && word[at] == '.')
	{
		start = ++at;
		while (at < length && word[at] >= '0' && word[at] <= '9')
			at++;
		if (at == start)
			return false;
	}
	return at == length;
}

static bool
read_literal(Reader *reader, Arena *arena, TemplateValue *value)
{
	const char *word;
	size_t		length;

	memset(value, 0, sizeof(*value));
	if (!take(reader, ':'))
		return false;
	skip_spaces(reader);
	if (reader->at < reader->length && (reader->text[reader->at] == '"' || reader->text[reader->at] == '\''))
		return read_quoted(reader, arena, value);
	length = take_word(reader, &word);
	if (is_word(word, length, "true") || is_word(word, length, "false"))
	{
		value->kind = TEMPLATE_BOOLEAN;
		value->boolean = word[0] == 't';
		return true;
	}
	value->kind = TEMPLATE_NUMBER;
	value->form = TEMPLATE_FORM_LITERAL;
	value->reference = respond_arena_copy(arena, word, length);
	value->count = length;
	return length <= 30 && is_number(word, length);
}

const TemplateFilters *
respond_template_filters_compile(Arena *arena, const char *text, size_t length,
								 char *message, size_t message_size, char *hint, size_t hint_size)
{
	Reader		reader = {text, length, 0};
	TemplateFilters *filters = respond_arena_alloc_zero(arena, sizeof(TemplateFilters));

	snprintf(hint, hint_size, "%s", HINT_KNOWN);
	do
	{
		const char *word;
		size_t		word_length = take_word(&reader, &word);

		if (is_word(word, word_length, "default"))
		{
			if (!read_literal(&reader, arena, &filters->instead))
			{
				snprintf(message, message_size, "\"default\" needs a text in quotes, a number, true or false");
				return NULL;
			}
			filters->has_default = true;
		}
		else if (is_word(word, word_length, "truncate"))
		{
			if (!read_count(&reader, &filters->characters))
			{
				snprintf(message, message_size, "\"truncate\" needs a number of characters from 1 to %d",
						 TEMPLATE_MAX_TRUNCATE);
				return NULL;
			}
		}
		else
		{
			snprintf(message, message_size, "there is no filter \"%.*s\"",
					 respond_template_shown_length(word, word_length), word);
			return NULL;
		}
	} while (take(&reader, '|'));
	skip_spaces(&reader);
	if (reader.at < length)
	{
		snprintf(message, message_size, "\"%.*s\" is not expected after a filter",
				 respond_template_shown_length(text + reader.at, length - reader.at), text + reader.at);
		return NULL;
	}
	return filters;
}

TemplateValue
respond_template_filters_default(const TemplateFilters *filters, const TemplateValue *value)
{
	bool		empty = value->kind == TEMPLATE_MISSING || value->kind == TEMPLATE_NULL ||
		((value->kind == TEMPLATE_STRING || value->kind == TEMPLATE_ARRAY) && value->count == 0);

	return filters != NULL && filters->has_default && empty ? filters->instead : *value;
}
