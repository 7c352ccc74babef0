/*-------------------------------------------------------------------------
 * request_text.c
 *	  Bytes of a request as text of the database.
 *
 * src/inbound/request_text.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "common/jsonb_push.h"
#include "common/recode.h"
#include "inbound/request_text.h"
#include "inbound/source.h"

#define MASKED		"***"

char *
respond_request_text(const char *bytes, size_t length)
{
	char	   *text;

	if (length > 0 && memchr(bytes, '\0', length) != NULL)
	{
		char	   *copy = palloc(length + 1);

		for (size_t i = 0; i < length; i++)
			copy[i] = bytes[i] == '\0' ? '?' : bytes[i];
		copy[length] = '\0';
		bytes = copy;
	}
	text = respond_from_encoding(bytes, length, PG_UTF8);
	if (text == NULL)
		text = respond_from_encoding(bytes, length, PG_LATIN1);
	/* there may be no way from it, in a catalog that somebody has changed */
	return text != NULL ? text : pstrdup("?");
}

/* Whether the header at this place is the first of its name. */
static bool
is_first(const WebRequest *request, int place)
{
	for (int i = 0; i < place; i++)
		if (strcmp(request->fields[i].name, request->fields[place].name) == 0)
			return false;
	return true;
}

/* All values of the header, as one list (RFC 9110 section 5.3). */
static char *
joined(const WebRequest *request, int place)
{
	StringInfoData all;

	initStringInfo(&all);
	appendStringInfoString(&all, request->fields[place].value);
	for (int i = place + 1; i < request->field_count; i++)
		if (strcmp(request->fields[i].name, request->fields[place].name) == 0)
			appendStringInfo(&all, ", %s", request->fields[i].value);
	return respond_request_text(all.data, all.len);
}

static bool
is_hidden(const char *name, const char *const *hidden, int hidden_count)
{
	for (int i = 0; i < hidden_count; i++)
		if (strcmp(hidden[i], name) == 0)
			return true;
	return respond_source_hides_header(name);
}

/* instead: what stands for those that nobody may see; NULL: nothing does. */
static Jsonb *
headers_of(const WebRequest *request, const char *const *hidden, int hidden_count, const char *instead)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < request->field_count; i++)
	{
		const char *name = request->fields[i].name;
		bool		hide;

		if (!is_first(request, i))
			continue;
		hide = is_hidden(name, hidden, hidden_count);
		if (!hide || instead != NULL)
			respond_jsonb_push_text(&state, name, hide ? instead : joined(request, i));
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_request_headers(const WebRequest *request, const char *hidden)
{
	return headers_of(request, &hidden, hidden != NULL ? 1 : 0, NULL);
}

Jsonb *
respond_request_masked_headers(const WebRequest *request, const char *const *hidden, int hidden_count)
{
	return headers_of(request, hidden, hidden_count, MASKED);
}

static bool
is_same(const FormField *a, const FormField *b)
{
	return a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0;
}

/* Pushes the value, or a list of those of all fields of this name, which this is the first of. */
static void
push_field(JsonbParseState **state, const Form *form, int place)
{
	const FormField *field = &form->fields[place];
	int			count = 0;

	for (int i = place; i < form->count; i++)
		count += is_same(&form->fields[i], field);
	if (count == 1)
	{
		respond_jsonb_push_text(state, respond_request_text(field->name, field->name_length),
								respond_request_text(field->value, field->value_length));
		return;
	}
	respond_jsonb_push_key(state, respond_request_text(field->name, field->name_length));
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = place; i < form->count; i++)
		if (is_same(&form->fields[i], field))
			respond_jsonb_push_text_element(state,
											respond_request_text(form->fields[i].value, form->fields[i].value_length));
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

Jsonb *
respond_request_form(const Form *form)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < form->count; i++)
	{
		bool		is_first_of_name = true;

		for (int j = 0; j < i && is_first_of_name; j++)
			is_first_of_name = !is_same(&form->fields[j], &form->fields[i]);
		if (is_first_of_name)
			push_field(&state, form, i);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
