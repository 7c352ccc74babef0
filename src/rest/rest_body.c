/*-------------------------------------------------------------------------
 * rest_body.c
 *	  The body of a request, checked against what its route takes.
 *
 * src/rest/rest_body.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "common/contain.h"
#include "common/json_value_jsonb.h"
#include "rest/entity_tag.h"
#include "rest/rest_body.h"

#define MAX_FAULTS		16

typedef struct Parse
{
	const char *bytes;
	size_t		length;
	Jsonb	   *jsonb;
} Parse;

static void
parse(void *argument)
{
	Parse	   *work = argument;
	char	   *text = respond_call_from_utf8(work->bytes, work->length);

	work->jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

JsonValue *
respond_body_parse(Arena *arena, const char *bytes, size_t length, const char **fault)
{
	Parse		work = {bytes, length, NULL};
	ErrorData  *error;

	if (memchr(bytes, '\0', length) != NULL)
	{
		*fault = "it holds a NUL";
		return NULL;
	}
	error = respond_contain_try(parse, &work);
	if (error != NULL)
	{
		*fault = error->detail != NULL ? error->detail : error->message;
		return NULL;
	}
	return respond_json_value_from_jsonb(arena, work.jsonb);
}

static bool
is_among(const char *words, const char *text)
{
	size_t		length = strlen(text);

	while (*words != '\0')
	{
		size_t		word = strcspn(words, ",");

		if (word == length && strncmp(words, text, length) == 0)
			return true;
		words += word + (words[word] == ',');
	}
	return false;
}

static bool
are_texts(const JsonValue *value)
{
	for (size_t i = 0; i < value->count; i++)
		if (value->items[i]->kind != JSON_KIND_STRING)
			return false;
	return true;
}

static bool
is_whole_number(const JsonValue *value)
{
	return value->kind == JSON_KIND_NUMBER && value->text[strspn(value->text, "-0123456789")] == '\0';
}

/* What is wrong with a value, as the rest of a sentence that begins with its place; NULL: nothing. */
static const char *
value_fault(const Field *field, const JsonValue *value)
{
	if (value->kind == JSON_KIND_NULL)
		return field->flags & FIELD_NULL ? NULL : "must not be null";
	switch (field->kind)
	{
		case FIELD_OBJECT:
			return value->kind == JSON_KIND_OBJECT ? NULL : "must be an object";
		case FIELD_TEXTS:
			return value->kind == JSON_KIND_ARRAY && are_texts(value) ? NULL : "must be an array of strings";
		case FIELD_VALUE:
			return NULL;
		case FIELD_NUMBER:
			return is_whole_number(value) ? NULL : "must be a whole number";
		default:
			break;
	}
	if (value->kind != JSON_KIND_STRING)
		return "must be a string";
	if (field->words != NULL && !is_among(field->words, value->text))
		return psprintf("must be one of %s", field->words);
	return NULL;
}

static const Field *
find_field(const Resource *resource, const char *name)
{
	for (int i = 0; i < resource->count; i++)
		if (strcmp(resource->fields[i].name, name) == 0)
			return &resource->fields[i];
	return NULL;
}

/* RFC 6901 section 3. */
static char *
pointer_to(const char *name)
{
	StringInfoData pointer;

	initStringInfo(&pointer);
	appendStringInfoChar(&pointer, '/');
	for (; *name != '\0'; name++)
	{
		if (*name == '~')
			appendStringInfoString(&pointer, "~0");
		else if (*name == '/')
			appendStringInfoString(&pointer, "~1");
		else
			appendStringInfoChar(&pointer, *name);
	}
	return pointer.data;
}

static void
add_fault(RestCall *call, ProblemPlace *faults, int *count, const char *name, const char *detail)
{
	if (detail == NULL || *count == MAX_FAULTS)
		return;
	faults[*count].pointer = respond_call_utf8(call, pointer_to(name));
	faults[*count].parameter = NULL;
	faults[*count].detail = respond_call_utf8(call, detail);
	(*count)++;
}

static bool
check_fields(RestCall *call)
{
	const Resource *resource = call->route->body;
	ProblemPlace faults[MAX_FAULTS];
	int			count = 0;

	for (size_t i = 0; i < call->body->count; i++)
	{
		const JsonMember *member = &call->body->members[i];
		const Field *field = find_field(resource, member->name);

		add_fault(call, faults, &count, member->name,
				  field != NULL ? value_fault(field, member->value) : "is not a field that can be set");
	}
	for (int i = 0; i < resource->count; i++)
		if (resource->fields[i].flags & FIELD_NEEDED && respond_body_field(call, resource->fields[i].name) == NULL)
			add_fault(call, faults, &count, resource->fields[i].name, "is missing");
	if (count == 0)
		return true;
	call->answer = respond_problem_at(call->arena, 422, psprintf("%s: %s", faults[0].pointer, faults[0].detail), NULL,
									  faults, count);
	return false;
}

/* Whether the body is of a type that is read. */
static bool
check_type(RestCall *call)
{
	const char *type = respond_web_field(call->request, "content-type");
	bool		is_patch = strcmp(call->route->method, "PATCH") == 0;

	if (type != NULL && (respond_media_type_is(type, "application/json") ||
						 (is_patch && respond_media_type_is(type, "application/merge-patch+json"))))
		return true;
	respond_call_refuse(call, 415, is_patch ? "The body must be application/json or application/merge-patch+json." :
						"The body must be application/json.");
	respond_web_answer_field(call->arena, call->answer, is_patch ? "Accept-Patch" : "Accept-Post",
							 is_patch ? "application/merge-patch+json, application/json" : "application/json");
	return false;
}

bool
respond_body_read(RestCall *call)
{
	const WebRequest *request = call->request;
	const char *bytes = request->body;
	size_t		length = request->body_length;
	const char *fault;

	if (length == 0 && call->route->flags & ROUTE_MAY_LACK_BODY)
	{
		bytes = "{}";
		length = strlen(bytes);
	}
	else if (!check_type(call))
		return false;
	call->body = respond_body_parse(call->arena, bytes, length, &fault);
	if (call->body == NULL)
	{
		respond_call_refuse(call, 400, psprintf("The body is not JSON: %s", fault));
		return false;
	}
	if (call->body->kind != JSON_KIND_OBJECT)
	{
		respond_call_refuse(call, 422, "The body must be an object.");
		return false;
	}
	return check_fields(call);
}

const JsonValue *
respond_body_field(const RestCall *call, const char *name)
{
	if (call->body == NULL)
		return NULL;
	for (size_t i = 0; i < call->body->count; i++)
		if (strcmp(call->body->members[i].name, name) == 0)
			return call->body->members[i].value;
	return NULL;
}

const char *
respond_body_text(const RestCall *call, const char *name)
{
	const JsonValue *value = respond_body_field(call, name);

	return value == NULL || value->kind == JSON_KIND_NULL ? NULL : value->text;
}

char *
respond_body_json(const RestCall *call, const char *name)
{
	const JsonValue *value = respond_body_field(call, name);
	Jsonb	   *jsonb;

	if (value == NULL)
		return NULL;
	jsonb = respond_json_value_to_jsonb(value);
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}
