/*-------------------------------------------------------------------------
 * request_body.c
 *	  What stands in the body of a request, as a value of JSON.
 *
 * src/inbound/request_body.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "common/error_class.h"
#include "common/json_depth.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_parse.h"
#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "common/pg_compat.h"
#include "common/recode.h"
#include "inbound/form_read.h"
#include "inbound/json_soften.h"
#include "inbound/request_body.h"
#include "inbound/request_text.h"
#include "wire/ascii_case.h"

#define FORM_TYPE			"application/x-www-form-urlencoded"
#define BYTE_ORDER_MARK		"\xEF\xBB\xBF"
#define WHITE_SPACE			" \t\r\n"

/* Much deeper than anything that people send, and far from what the stack bears. */
#define DEEPEST_JSON		1000

/* Numbers can be far longer as text than they were. */
#define LARGEST_TEXT		((Size) 16 * 1024 * 1024)

/* Whether the media type is this one, or ends so when it begins with '+'. */
static bool
is_type(const char *content_type, const char *wanted)
{
	size_t		length = content_type == NULL ? 0 : strcspn(content_type, "; \t,");
	size_t		size = strlen(wanted);

	if (length < size || (*wanted != '+' && length != size))
		return false;
	return pg_strncasecmp(content_type + length - size, wanted, size) == 0;
}

static bool
is_json(const char *content_type)
{
	return is_type(content_type, "application/json") || is_type(content_type, "text/json") ||
		is_type(content_type, "+json");
}

/* *fault: why it is none; of what was sent nothing stands in it. */
static Jsonb *
read_json(Arena *arena, const char *bytes, size_t length, const char **fault)
{
	bool		is_utf8 = GetDatabaseEncoding() == PG_UTF8;
	Jsonb	   *document;
	const char *message = NULL;
	char	   *text;

	if (length >= strlen(BYTE_ORDER_MARK) && memcmp(bytes, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
	{
		bytes += strlen(BYTE_ORDER_MARK);
		length -= strlen(BYTE_ORDER_MARK);
	}
	*fault = "the body is JSON that is nested too deeply";
	if (respond_json_is_deeper(bytes, length, DEEPEST_JSON))
		return NULL;
	bytes = respond_json_soften(arena, bytes, &length, !is_utf8);
	*fault = "the body is not UTF-8";
	text = respond_from_encoding(bytes, length, PG_UTF8);
	if (text == NULL)
		return NULL;
	document = respond_jsonb_parse(text, &message);
	*fault = message != NULL ? psprintf("the body is not JSON: %s", respond_error_clip(message)) :
		"the body is JSON that is too long";
	if (document == NULL || !respond_jsonb_text_fits(&document->root, VARSIZE(document), LARGEST_TEXT))
		return NULL;
	*fault = NULL;
	return document;
}

static void
set_json(Arena *arena, RequestBody *body, Jsonb *document)
{
	body->kind = BODY_JSON;
	body->document = document;
	body->tree = respond_json_value_from_jsonb(arena, document);
}

static void
read_form(Arena *arena, const WebRequest *request, RequestBody *body)
{
	Form		form;
	const char *fault;
	Jsonb	   *payload = NULL;

	if (!respond_form_read(arena, request->body, request->body_length, &form))
	{
		body->fault = psprintf("the body is a form of more than %d fields", FORM_MAX_FIELDS);
		return;
	}
	if (form.count == 1 && strcmp(form.fields[0].name, "payload") == 0)
		payload = read_json(arena, form.fields[0].value, form.fields[0].value_length, &fault);
	set_json(arena, body, payload != NULL ? payload : respond_request_form(&form));
	body->kind = BODY_FORM;
}

static void
read_text(const WebRequest *request, RequestBody *body)
{
	char	   *text = respond_from_encoding(request->body, request->body_length, PG_UTF8);
	int			room;
	int			written;

	body->kind = BODY_TEXT;
	body->document = text != NULL ? respond_jsonb_of_text("text", text) : NULL;
	if (text != NULL)
		return;
	body->kind = BODY_BYTES;
	room = pg_b64_enc_len((int) request->body_length);
	text = palloc(room + 1);
	written = respond_base64_encode(request->body, (int) request->body_length, text, room);
	if (written < 0)
		elog(ERROR, "could not encode a body");
	text[written] = '\0';
	body->document = respond_jsonb_of_text("base64", text);
}

void
respond_request_body_read(Arena *arena, const WebRequest *request, RequestBody *body)
{
	const char *type = respond_web_field(request, "content-type");
	const char *start = request->body + strspn(request->body, WHITE_SPACE);
	bool		says_json = is_json(type);
	bool		looks_like_json = *start == '{' || *start == '[';
	const char *fault = NULL;
	Jsonb	   *document = NULL;

	memset(body, 0, sizeof(*body));
	if (request->body_length == 0)
	{
		body->kind = BODY_EMPTY;
		body->document = respond_jsonb_empty_object();
		return;
	}
	if (says_json || looks_like_json)
		document = read_json(arena, request->body, request->body_length, &fault);
	if (document != NULL)
		set_json(arena, body, document);
	else if (says_json || (looks_like_json && (type == NULL || *type == '\0')))
		body->fault = fault;
	else if (is_type(type, FORM_TYPE))
		read_form(arena, request, body);
	else
		read_text(request, body);
}
