/*-------------------------------------------------------------------------
 * openapi_schema.c
 *	  Resources as schemas of OpenAPI 3.1.
 *
 * src/rest/openapi_schema.c
 *-------------------------------------------------------------------------
 */
#include "rest/openapi_schema.h"

#include <string.h>

#define MAX_SCHEMAS		64

/* What was written already. */
typedef struct Written
{
	int			count;
	const char *names[MAX_SCHEMAS];
} Written;

static const char problem_schema[] =
"{\"type\":\"object\",\"description\":\"What is wrong (RFC 9457).\",\"required\":[\"type\",\"title\",\"status\"],"
"\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
"\"detail\":{\"type\":\"string\"},\"remedy\":{\"type\":\"string\",\"description\":\"what to do about it\"},"
"\"errors\":{\"type\":\"array\",\"description\":\"the places that are wrong\",\"items\":{\"type\":\"object\","
"\"required\":[\"detail\"],\"properties\":{\"pointer\":{\"type\":\"string\",\"description\":\"into the body (RFC"
" 6901)\"},\"parameter\":{\"type\":\"string\",\"description\":\"of the query, or a header\"},"
"\"detail\":{\"type\":\"string\"}}}}}}";

void
respond_openapi_words(JsonText *text, const char *words)
{
	respond_json_text_put(text, "[");
	while (*words != '\0')
	{
		size_t		length = strcspn(words, ",");

		respond_json_text_element(text);
		respond_json_text_string(text, words, length);
		words += length + (words[length] == ',');
	}
	respond_json_text_put(text, "]");
}

void
respond_openapi_reference(JsonText *text, const char *name, const char *suffix)
{
	respond_json_text_put(text, "{\"$ref\":\"#/components/schemas/");
	respond_json_text_put(text, name);
	respond_json_text_put(text, suffix);
	respond_json_text_put(text, "\"}");
}

static const char *
type_of(FieldKind kind)
{
	switch (kind)
	{
		case FIELD_NUMBER:
			return "integer";
		case FIELD_TEXTS:
		case FIELD_ITEMS:
			return "array";
		case FIELD_OBJECT:
			return "object";
		case FIELD_BOOLEAN:
			return "boolean";
		default:
			return "string";
	}
}

static void
write_field(JsonText *text, const Field *field)
{
	const char *type = type_of(field->kind);

	respond_json_text_member(text, field->name);
	respond_json_text_put(text, "{");
	if (field->kind != FIELD_VALUE)
	{
		respond_json_text_member(text, "type");
		respond_json_text_put(text, field->flags & FIELD_NULL ? "[\"" : "\"");
		respond_json_text_put(text, type);
		respond_json_text_put(text, field->flags & FIELD_NULL ? "\",\"null\"]" : "\"");
	}
	if (field->kind == FIELD_NUMBER)
		respond_json_text_pair(text, "format", "int64");
	if (field->kind == FIELD_TIME)
		respond_json_text_pair(text, "format", "date-time");
	if (field->kind == FIELD_UUID)
		respond_json_text_pair(text, "format", "uuid");
	if (field->kind == FIELD_TEXTS)
	{
		respond_json_text_member(text, "items");
		respond_json_text_put(text, "{\"type\":\"string\"}");
	}
	if (field->kind == FIELD_ITEMS)
	{
		respond_json_text_member(text, "items");
		respond_openapi_reference(text, field->items->name, "");
	}
	if (field->flags & FIELD_FILLED)
	{
		respond_json_text_member(text, "minLength");
		respond_json_text_put(text, "1");
	}
	if (field->words != NULL)
	{
		respond_json_text_member(text, "enum");
		respond_openapi_words(text, field->words);
	}
	respond_json_text_pair(text, "description", field->about);
	respond_json_text_put(text, "}");
}

static void
write_needed(JsonText *text, const Resource *resource)
{
	respond_json_text_member(text, "required");
	respond_json_text_put(text, "[");
	for (int i = 0; i < resource->count; i++)
	{
		if (!(resource->fields[i].flags & FIELD_NEEDED))
			continue;
		respond_json_text_element(text);
		respond_json_text_string(text, resource->fields[i].name, strlen(resource->fields[i].name));
	}
	respond_json_text_put(text, "]");
}

/* False: it is there already. */
static bool
begin(JsonText *text, Written *written, const char *name)
{
	for (int i = 0; i < written->count; i++)
		if (strcmp(written->names[i], name) == 0)
			return false;
	if (written->count < MAX_SCHEMAS)
		written->names[written->count++] = name;
	respond_json_text_member(text, name);
	return true;
}

/* sent: it is a body, in which nothing else may stand; extended: but what CloudEvents calls extensions. */
static void
write_resource(JsonText *text, Written *written, const Resource *resource, bool sent, bool extended)
{
	if (resource == NULL || !begin(text, written, resource->name))
		return;
	respond_json_text_put(text, "{\"type\":\"object\"");
	respond_json_text_pair(text, "description", resource->about);
	write_needed(text, resource);
	respond_json_text_member(text, "properties");
	respond_json_text_put(text, "{");
	for (int i = 0; i < resource->count; i++)
		write_field(text, &resource->fields[i]);
	respond_json_text_put(text, "}");
	if (sent && !extended)
	{
		respond_json_text_member(text, "additionalProperties");
		respond_json_text_put(text, "false");
	}
	respond_json_text_put(text, "}");
	for (int i = 0; i < resource->count; i++)
		if (resource->fields[i].kind == FIELD_ITEMS)
			write_resource(text, written, resource->fields[i].items, sent, extended);
}

static void
write_page(JsonText *text, Written *written, const Route *route, Arena *arena)
{
	const char *name = route->result->name;
	bool		has_pages = (route->flags & ROUTE_LISTS) != 0;
	char	   *page = respond_arena_alloc(arena, strlen(name) + sizeof("Page"));

	strcpy(page, name);
	strcat(page, has_pages ? "Page" : "List");
	if (!begin(text, written, page))
		return;
	respond_json_text_put(text, has_pages ? "{\"type\":\"object\",\"required\":[\"items\",\"next\"],\"properties\":{" :
						  "{\"type\":\"object\",\"required\":[\"items\"],\"properties\":{");
	respond_json_text_member(text, "items");
	respond_json_text_put(text, "{\"type\":\"array\",\"items\":");
	respond_openapi_reference(text, name, "");
	respond_json_text_put(text, "}");
	if (has_pages)
	{
		respond_json_text_member(text, "next");
		respond_json_text_put(text, "{\"type\":[\"string\",\"null\"]");
		respond_json_text_pair(text, "description", "cursor of the next page; null: there is none");
		respond_json_text_put(text, "}");
	}
	respond_json_text_put(text, "}}");
}

void
respond_openapi_schemas(JsonText *text, const Route *routes, int count)
{
	Written		written = {0};

	respond_json_text_member(text, "schemas");
	respond_json_text_put(text, "{");
	respond_json_text_member(text, "Problem");
	respond_json_text_put(text, problem_schema);
	for (int i = 0; i < count; i++)
	{
		bool		extended = (routes[i].flags & ROUTE_CLOUD_EVENTS) != 0;

		write_resource(text, &written, routes[i].body, true, extended);
		write_resource(text, &written, routes[i].result, false, false);
		if (extended || routes[i].flags & (ROUTE_LISTS | ROUTE_WHOLE_LIST))
			write_page(text, &written, &routes[i], text->arena);
	}
	respond_json_text_put(text, "}");
}
