/*-------------------------------------------------------------------------
 * recode.c
 *	  Between the encoding of the database and UTF-8.
 *
 * Patterns mean the same in every database, so what is compared is UTF-8: the
 * pattern when it is compiled, and texts and names of events on their way to
 * the matcher.  In databases in UTF-8 nothing of this is called; SQL_ASCII says
 * nothing about its bytes, so they are compared as they are.
 *
 * The server's own conversions raise errors at what they cannot convert, and
 * look for the function along search_path.  An event must not fail for one odd
 * byte, nor run somebody else's conversion.
 *
 * src/common/recode.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_conversion.h"
#include "catalog/pg_namespace_d.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "common/recode.h"

/* Bytes that are converted at once. */
#define PIECE	1024

bool
respond_recodes(void)
{
	return GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII;
}

static bool
is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (IS_HIGHBIT_SET(text[i]))
			return false;
	return true;
}

/* The server's function from one encoding to the other. */
static Oid
find_function(int from, int to)
{
	Oid			function = FindDefaultConversion(PG_CATALOG_NAMESPACE, from, to);

	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("conversion from encoding %s to %s does not exist",
						pg_encoding_to_char(from), pg_encoding_to_char(to))));
	return function;
}

/* replacement: for what has no equivalent; '\0': its bytes.  Returns whether there was such. */
static bool
convert(StringInfo result, const char *text, size_t length, int from, int to, char replacement)
{
	Oid			function = find_function(from, to);
	bool		lacks = false;
	size_t		done = 0;

	while (done < length)
	{
		int			piece = (int) Min(length - done, PIECE);
		int			used;

		CHECK_FOR_INTERRUPTS();
		enlargeStringInfo(result, piece * MAX_CONVERSION_GROWTH + 1);
		used = pg_do_encoding_conversion_buf(function, from, to, (unsigned char *) unconstify(char *, text) + done,
											 piece,
											 (unsigned char *) result->data + result->len,
											 piece * MAX_CONVERSION_GROWTH + 1, true);
		result->len += strlen(result->data + result->len);
		done += used;
		/* what could not be converted, or is cut by the end of the piece, is the first of the next one */
		if (used > 0 || done == length)
			continue;
		lacks = true;
		appendStringInfoChar(result, replacement != '\0' ? replacement : text[done]);
		done += replacement != '\0' ? Min(pg_encoding_mblen(from, text + done), length - done) : 1;
	}
	return lacks;
}

const char *
respond_to_utf8(const char *text, size_t *length)
{
	StringInfoData result;

	if (!respond_recodes() || is_ascii(text, *length))
		return text;
	initStringInfo(&result);
	convert(&result, text, *length, GetDatabaseEncoding(), PG_UTF8, '\0');
	*length = result.len;
	return result.data;
}

void
respond_tree_to_utf8(JsonValue *value)
{
	check_stack_depth();
	if (value->kind == JSON_KIND_STRING)
		value->text = respond_to_utf8(value->text, &value->length);
	for (size_t i = 0; i < value->count; i++)
	{
		if (value->kind == JSON_KIND_ARRAY)
			respond_tree_to_utf8(value->items[i]);
		else
		{
			value->members[i].name = respond_to_utf8(value->members[i].name, &value->members[i].name_length);
			respond_tree_to_utf8(value->members[i].value);
		}
	}
}

void
respond_from_utf8(char *text, size_t room)
{
	StringInfoData result;

	if (!respond_recodes() || is_ascii(text, strlen(text)))
		return;
	initStringInfo(&result);
	convert(&result, text, strlen(text), PG_UTF8, GetDatabaseEncoding(), '?');
	if (result.len >= room)
		result.data[pg_mbcliplen(result.data, result.len, room - 1)] = '\0';
	strlcpy(text, result.data, room);
	pfree(result.data);
}

/* Whether there is a way for it, which has not been removed from the catalog. */
static bool
can_convert(int from, int to)
{
	return OidIsValid(FindDefaultConversion(PG_CATALOG_NAMESPACE, from, to));
}

char *
respond_from_encoding(const char *bytes, size_t length, int encoding)
{
	StringInfoData utf8;
	char	   *text;
	size_t		room;

	if (memchr(bytes, '\0', length) != NULL || !pg_verify_mbstr(encoding, bytes, (int) length, true))
		return NULL;
	if (encoding == GetDatabaseEncoding() || is_ascii(bytes, length))
		return pnstrdup(bytes, length);
	initStringInfo(&utf8);
	if (encoding == PG_UTF8)
		appendBinaryStringInfo(&utf8, bytes, (int) length);
	else if (can_convert(encoding, PG_UTF8))
		convert(&utf8, bytes, length, encoding, PG_UTF8, '?');
	else
		return NULL;
	room = (size_t) utf8.len * MAX_CONVERSION_GROWTH + 1;
	text = palloc_extended(room, MCXT_ALLOC_HUGE);
	strlcpy(text, utf8.data, room);
	respond_from_utf8(text, room);
	return text;
}

char *
respond_from_utf8_whole(const char *text)
{
	StringInfoData result;

	if (!respond_recodes() || is_ascii(text, strlen(text)))
		return pstrdup(text);
	initStringInfo(&result);
	return convert(&result, text, strlen(text), PG_UTF8, GetDatabaseEncoding(), '?') ? NULL : result.data;
}
