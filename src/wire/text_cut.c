/*-------------------------------------------------------------------------
 * text_cut.c
 *	  Texts that are no longer than their receiver takes.
 *
 * A provider refuses a text that is too long, and a refusal is final: the
 * message would be dead.  Its beginning is better than nothing.
 *
 * src/wire/text_cut.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "wire/text_cut.h"

#define DOTS			"..."

/* Bytes of the longest reference that escaping writes: &quot; */
#define LONGEST_REFERENCE	6

/* Bytes of \u001f. */
#define LONGEST_UNICODE		6

static int
count_units(int bytes)
{
	return bytes > 3 && GetDatabaseEncoding() == PG_UTF8 ? 2 : 1;
}

/* Bytes of the longest beginning that has so many characters at most. */
static Size
find_end(const char *text, int characters)
{
	Size		at = 0;
	int			units = 0;

	while (text[at] != '\0')
	{
		int			bytes = pg_mblen(text + at);

		units += count_units(bytes);
		if (units > characters)
			break;
		/* a byte that claims to begin more than there is */
		at += strnlen(text + at, bytes);
	}
	return at;
}

/* Where to end so that no character reference loses its end. */
static Size
before_reference(const char *text, Size end)
{
	for (Size back = 1; back < LONGEST_REFERENCE && back <= end; back++)
	{
		char		c = text[end - back];

		if (c == '&')
			return memchr(text + end, ';', strnlen(text + end, LONGEST_REFERENCE - back)) != NULL ? end - back : end;
		if (c == ';')
			break;
	}
	return end;
}

static Size
before_backslash(const char *text, Size end)
{
	Size		backslashes = 0;

	while (backslashes < end && text[end - backslashes - 1] == '\\')
		backslashes++;
	return end - backslashes % 2;
}

/* JSON writes control characters with four digits. */
static Size
before_unicode(const char *text, Size end)
{
	for (Size back = 2; back < LONGEST_UNICODE && back <= end; back++)
	{
		Size		start = end - back;

		if (text[start] == '\\' && text[start + 1] == 'u' && before_backslash(text, start + 1) == start)
			return start;
	}
	return before_backslash(text, end);
}

/* Whether it is a byte of UTF-8 that goes on with a character. */
static bool
continues(const char *text)
{
	return text[0] == '%' && text[1] != '\0' && strchr("89ABab", text[1]) != NULL;
}

static Size
before_percent(const char *text, Size end)
{
	if (end >= 1 && text[end - 1] == '%')
		end--;
	else if (end >= 2 && text[end - 2] == '%')
		end -= 2;
	while (continues(text + end) && end >= 3 && text[end - 3] == '%')
		end -= 3;
	return end;
}

static Size
before_escape(const char *text, Size end, TemplateEscape escape)
{
	switch (escape)
	{
		case TEMPLATE_ESCAPE_HTML:
		case TEMPLATE_ESCAPE_SLACK:
			return before_reference(text, end);
		case TEMPLATE_ESCAPE_JSON:
			return before_unicode(text, end);
		case TEMPLATE_ESCAPE_MARKDOWN:
			return before_backslash(text, end);
		case TEMPLATE_ESCAPE_URL:
			return before_percent(text, end);
		case TEMPLATE_ESCAPE_ADDRESS:
		case TEMPLATE_ESCAPE_ONE_ADDRESS:
		case TEMPLATE_ESCAPE_NONE:
			break;
	}
	return end;
}

const char *
respond_text_cut(const char *text, int characters, TemplateEscape escape)
{
	Size		end;

	if (text == NULL || strlen(text) <= characters || text[find_end(text, characters)] == '\0')
		return text;
	end = find_end(text, Max(characters - (int) strlen(DOTS), 0));
	end = before_escape(text, end, escape);
	return psprintf("%.*s%s", (int) end, text, DOTS);
}
