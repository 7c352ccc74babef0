/*-------------------------------------------------------------------------
 * answer_headers.c
 *	  The headers of an answer as an object of JSON.
 *
 * src/courier/answer_headers.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"

#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "common/recode.h"
#include "courier/answer_headers.h"

#define COOKIES	"set-cookie"

typedef struct Header
{
	char	   *name;
	char	   *value;
	int			place;			/* among all */
} Header;

/* Names and values are ASCII; a few servers send UTF-8, others ISO 8859-1. */
static char *
header_text(const char *bytes, size_t length)
{
	char	   *text;

	while (length > 0 && strchr(" \t\r\n", bytes[length - 1]) != NULL)
		length--;
	while (length > 0 && (*bytes == ' ' || *bytes == '\t'))
	{
		bytes++;
		length--;
	}
	text = respond_from_encoding(bytes, length, PG_UTF8);
	if (text == NULL)
		text = respond_from_encoding(bytes, length, PG_LATIN1);
	return text != NULL ? text : pstrdup("");
}

static void
add_line(List **headers, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	Header	   *header;

	if (colon == NULL || colon == line)
		return;
	header = palloc(sizeof(Header));
	header->name = header_text(line, colon - line);
	for (char *s = header->name; *s != '\0'; s++)
		*s = pg_ascii_tolower((unsigned char) *s);
	header->value = header_text(colon + 1, length - (colon + 1 - line));
	header->place = list_length(*headers);
	*headers = lappend(*headers, header);
}

/* A value may go on in the next line, which begins with a space then (RFC 9112 section 5.2). */
static const char *
end_of_header(const char *line, const char *end)
{
	const char *next = line;

	do
	{
		next = memchr(next, '\n', end - next);
		next = next != NULL ? next + 1 : end;
	} while (next < end && (*next == ' ' || *next == '\t'));
	return next;
}

/* Its lines as one, as long as they are. */
static const char *
unfold(const char *header, size_t length)
{
	char	   *text = pnstrdup(header, length);

	for (size_t i = 0; i < length; i++)
		if (text[i] == '\r' || text[i] == '\n')
			text[i] = ' ';
	return text;
}

static List *
read_lines(const char *lines, size_t length)
{
	List	   *headers = NIL;
	const char *end = lines + length;

	while (lines < end)
	{
		const char *next = end_of_header(lines, end);

		add_line(&headers, unfold(lines, next - lines), next - lines);
		lines = next;
	}
	return headers;
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	const Header *left = lfirst(a);
	const Header *right = lfirst(b);
	int			order = strcmp(left->name, right->name);

	return order != 0 ? order : left->place - right->place;
}

static void
push_cookies(JsonbParseState **state, List *headers, int from, int to)
{
	respond_jsonb_push_key(state, COOKIES);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = from; i < to; i++)
		respond_jsonb_push_text_element(state, ((Header *) list_nth(headers, i))->value);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_joined(JsonbParseState **state, List *headers, int from, int to)
{
	const Header *first = list_nth(headers, from);
	StringInfoData joined;

	initStringInfo(&joined);
	appendStringInfoString(&joined, first->value);
	for (int i = from + 1; i < to; i++)
		appendStringInfo(&joined, ", %s", ((Header *) list_nth(headers, i))->value);
	respond_jsonb_push_text(state, first->name, joined.data);
}

Jsonb *
respond_answer_headers(const char *lines, size_t length)
{
	List	   *headers = read_lines(lines, length);
	JsonbParseState *state = NULL;
	int			count = list_length(headers);

	list_sort(headers, by_name);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int from = 0, to; from < count; from = to)
	{
		const char *name = ((Header *) list_nth(headers, from))->name;

		to = from + 1;
		while (to < count && strcmp(((Header *) list_nth(headers, to))->name, name) == 0)
			to++;
		if (strcmp(name, COOKIES) == 0)
			push_cookies(&state, headers, from, to);
		else
			push_joined(&state, headers, from, to);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

char *
respond_answer_header(Jsonb *headers, const char *name)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&headers->root, name, strlen(name), &value) == NULL || value.type != jbvString)
		return NULL;
	return respond_jsonb_value_text(&value);
}
