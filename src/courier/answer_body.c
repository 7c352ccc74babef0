/*-------------------------------------------------------------------------
 * answer_body.c
 *	  The body of an answer as a value of JSON.
 *
 * Whoever answers may send anything: no body raises an error.  What calls itself
 * JSON and is none is text; text that is none in its character set, or that holds
 * a zero byte, is base64.
 *
 * src/courier/answer_body.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "common/json_depth.h"
#include "common/jsonb_parse.h"
#include "common/jsonb_size.h"
#include "common/pg_compat.h"
#include "common/recode.h"
#include "courier/answer_body.h"
#include "transport/answer.h"

#define BYTE_ORDER_MARK	"\xEF\xBB\xBF"

/* JSON that is nested deeper is text: what is made of it nests it further, and is walked by functions that recurse. */
#define DEEPEST_JSON	1000

static bool
ends_with(const char *text, size_t length, const char *end)
{
	size_t		size = strlen(end);

	return length > size && pg_strncasecmp(text + length - size, end, size) == 0;
}

static bool
is_name(const char *text, size_t length, const char *name)
{
	return length == strlen(name) && pg_strncasecmp(text, name, length) == 0;
}

/* RFC 8259 and RFC 6839 section 3.1. */
static bool
is_json(const char *content_type)
{
	size_t		length = content_type == NULL ? 0 : strcspn(content_type, "; \t,");

	return length > 0 && (is_name(content_type, length, "application/json") ||
						  is_name(content_type, length, "text/json") || ends_with(content_type, length, "+json"));
}

/* The value of its parameter, palloc'd; NULL: it has none. */
static char *
charset_of(const char *content_type)
{
	const char *at = content_type;

	while (at != NULL && (at = strchr(at, ';')) != NULL)
	{
		at += 1 + strspn(at + 1, " \t");
		if (pg_strncasecmp(at, "charset=", strlen("charset=")) != 0)
			continue;
		at += strlen("charset=");
		at += *at == '"' ? 1 : 0;
		return pnstrdup(at, strcspn(at, "\"; \t,"));
	}
	return NULL;
}

static int
encoding_of(const char *content_type)
{
	char	   *charset = charset_of(content_type);
	int			encoding = charset != NULL ? pg_char_to_encoding(charset) : -1;

	/* what nobody knows is perhaps UTF-8; that it is, is seen */
	return encoding > PG_SQL_ASCII ? encoding : PG_UTF8;
}

/* NULL: it is none that can be stored. */
static Jsonb *
parse_json(const char *text)
{
	Jsonb	   *document;

	if (respond_json_is_deeper(text, strlen(text), DEEPEST_JSON))
		return NULL;
	document = respond_jsonb_parse(text, NULL);
	/* numbers can be far longer as text than they were */
	if (document != NULL && !respond_jsonb_text_fits(&document->root, VARSIZE(document), ANSWER_LARGEST))
		return NULL;
	return document;
}

static bool
set_json(const char *bytes, size_t length, JsonbValue *value)
{
	char	   *text;
	Jsonb	   *document;

	if (length >= 3 && memcmp(bytes, BYTE_ORDER_MARK, 3) == 0)
	{
		bytes += 3;
		length -= 3;
	}
	text = respond_from_encoding(bytes, length, PG_UTF8);
	document = text != NULL ? parse_json(text) : NULL;
	if (document == NULL)
		return false;
	if (JB_ROOT_IS_SCALAR(document))
		return JsonbExtractScalar(&document->root, value);
	value->type = jbvBinary;
	value->val.binary.data = &document->root;
	value->val.binary.len = VARSIZE(document) - VARHDRSZ;
	return true;
}

static void
set_string(JsonbValue *value, char *text, size_t length)
{
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = (int) length;
}

static void
set_base64(const char *bytes, size_t length, JsonbValue *value)
{
	int			room = pg_b64_enc_len((int) length);
	char	   *text = palloc(room + 1);
	int			written = respond_base64_encode(bytes, (int) length, text, room);

	if (written < 0)
		elog(ERROR, "could not encode an answer");
	set_string(value, text, written);
}

void
respond_answer_body(const char *content_type, const char *bytes, size_t length, JsonbValue *value)
{
	char	   *text;

	value->type = jbvNull;
	if (length == 0)
		return;
	if (is_json(content_type) && set_json(bytes, length, value))
		return;
	text = respond_from_encoding(bytes, length, encoding_of(content_type));
	if (text != NULL)
		set_string(value, text, strlen(text));
	else
		set_base64(bytes, length, value);
}
