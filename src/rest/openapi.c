/*-------------------------------------------------------------------------
 * openapi.c
 *	  A table of routes as a document of OpenAPI 3.1.
 *
 * src/rest/openapi.c
 *-------------------------------------------------------------------------
 */
#include "rest/openapi.h"

#include <string.h>

#include "rest/openapi_others.h"
#include "rest/openapi_schema.h"

#define HTTP_JSON		"application/json"

static void
write_string_parameter(JsonText *text, const char *name, const char *place, bool required, const char *schema,
					   const char *about)
{
	respond_json_text_element(text);
	respond_json_text_put(text, "{");
	respond_json_text_pair(text, "name", name);
	respond_json_text_pair(text, "in", place);
	respond_json_text_member(text, "required");
	respond_json_text_put(text, required ? "true" : "false");
	respond_json_text_pair(text, "description", about);
	respond_json_text_member(text, "schema");
	respond_json_text_put(text, schema);
	respond_json_text_put(text, "}");
}

/* Those of the path. */
static void
write_path_parameters(JsonText *text, const char *path)
{
	if (strstr(path, "{id}") != NULL)
		write_string_parameter(text, "id", "path", true, "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1}",
							   "its number");
	if (strstr(path, "{uuid}") != NULL)
		write_string_parameter(text, "uuid", "path", true, "{\"type\":\"string\",\"format\":\"uuid\"}", "its id");
	if (strstr(path, "{name}") != NULL)
		write_string_parameter(text, "name", "path", true, "{\"type\":\"string\",\"minLength\":1}", "its name");
}

static void
write_query_parameter(JsonText *text, const RouteParameter *parameter)
{
	bool		is_time = strcmp(parameter->type, "date-time") == 0;

	respond_json_text_element(text);
	respond_json_text_put(text, "{");
	respond_json_text_pair(text, "name", parameter->name);
	respond_json_text_pair(text, "in", "query");
	respond_json_text_pair(text, "description", parameter->about);
	if (parameter->many)
	{
		respond_json_text_member(text, "explode");
		respond_json_text_put(text, "false");
	}
	respond_json_text_member(text, "schema");
	respond_json_text_put(text, parameter->many ? "{\"type\":\"array\",\"minItems\":1,\"items\":{" : "{");
	respond_json_text_pair(text, "type", is_time ? "string" : parameter->type);
	if (is_time)
		respond_json_text_pair(text, "format", "date-time");
	else if (strcmp(parameter->type, "integer") == 0)
		respond_json_text_put(text, ",\"format\":\"int64\",\"minimum\":1");
	else if (parameter->words == NULL)
		respond_json_text_put(text, ",\"minLength\":1");
	if (parameter->words != NULL)
	{
		respond_json_text_member(text, "enum");
		respond_openapi_words(text, parameter->words);
	}
	respond_json_text_put(text, parameter->many ? "}}}" : "}}");
}

static void
write_parameters(JsonText *text, const Route *route)
{
	respond_json_text_member(text, "parameters");
	respond_json_text_put(text, "[");
	write_path_parameters(text, route->path);
	for (int i = 0; i < ROUTE_MAX_PARAMETERS && route->parameters[i].name != NULL; i++)
		write_query_parameter(text, &route->parameters[i]);
	if (route->flags & ROUTE_LISTS)
	{
		write_string_parameter(text, "limit", "query", false, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":500,"
							   "\"default\":50}", "items of a page, at most");
		write_string_parameter(text, "cursor", "query", false, "{\"type\":\"string\",\"minLength\":1}",
							   "\"next\" of the page before");
	}
	if (route->flags & ROUTE_TAGGED && route->flags & ROUTE_CHANGES)
		write_string_parameter(text, "If-Match", "header", false, "{\"type\":\"string\"}",
							   "ETag of what the caller has read: if it was changed since, 412");
	if (route->flags & ROUTE_TAGGED && route->flags & ROUTE_READS)
		write_string_parameter(text, "If-None-Match", "header", false, "{\"type\":\"string\"}",
							   "ETag of what the caller has");
	if (!(route->flags & (ROUTE_READS | ROUTE_PAGE)))
		write_string_parameter(text, "Idempotency-Key", "header", false, "{\"type\":\"string\",\"minLength\":1,"
							   "\"maxLength\":257,\"pattern\":\"^[ -~]+$\"}",
							   "the same request with the same key acts once, within a day");
	respond_json_text_put(text, "]");
}

static void
write_media(JsonText *text, const char *type, const char *name, const char *suffix)
{
	respond_json_text_member(text, type);
	respond_json_text_put(text, "{\"schema\":");
	respond_openapi_reference(text, name, suffix);
	respond_json_text_put(text, "}");
}

/* What a page sends. */
static const char form_body[] =
"{\"required\":true,\"content\":{\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":\"object\","
"\"properties\":{"
"\"option\":{\"type\":\"string\"},\"score\":{\"type\":\"string\"},\"comment\":{\"type\":\"string\"}}}}}}";

static void
write_body(JsonText *text, const Route *route)
{
	if (route->flags & ROUTE_PAGE && !(route->flags & ROUTE_READS))
	{
		respond_json_text_member(text, "requestBody");
		respond_json_text_put(text, form_body);
	}
	if (route->body == NULL)
		return;
	respond_json_text_member(text, "requestBody");
	respond_json_text_put(text, route->flags & (ROUTE_MAY_LACK_BODY | ROUTE_CLOUD_EVENTS) ?
						  "{\"required\":false,\"content\":{" : "{\"required\":true,\"content\":{");
	if (route->flags & ROUTE_CLOUD_EVENTS)
	{
		write_media(text, "application/cloudevents+json", route->body->name, "");
		respond_json_text_member(text, "application/cloudevents-batch+json");
		respond_json_text_put(text, "{\"schema\":{\"type\":\"array\",\"items\":");
		respond_openapi_reference(text, route->body->name, "");
		respond_json_text_put(text, "}}");
	}
	else
		write_media(text, HTTP_JSON, route->body->name, "");
	if (strcmp(route->method, "PATCH") == 0)
		write_media(text, "application/merge-patch+json", route->body->name, "");
	respond_json_text_put(text, "}}");
}

static void
write_header(JsonText *text, const char *name, const char *about)
{
	respond_json_text_member(text, name);
	respond_json_text_put(text, "{\"schema\":{\"type\":\"string\"}");
	respond_json_text_pair(text, "description", about);
	respond_json_text_put(text, "}");
}

static void
write_headers(JsonText *text, const Route *route)
{
	bool		locates = (route->flags & ROUTE_CREATES) != 0 && strstr(route->path, "comments") == NULL;

	if (!(route->flags & (ROUTE_LISTS | ROUTE_TAGGED)) && !locates)
		return;
	respond_json_text_member(text, "headers");
	respond_json_text_put(text, "{");
	if (route->flags & ROUTE_LISTS)
		write_header(text, "Link", "the next page, if there is one");
	if (route->flags & ROUTE_TAGGED)
		write_header(text, "ETag", "what the caller has read, in one word");
	if (locates)
		write_header(text, "Location", "where it is");
	respond_json_text_put(text, "}");
}

static void
write_page_media(JsonText *text)
{
	respond_json_text_member(text, "text/html");
	respond_json_text_put(text, "{\"schema\":{\"type\":\"string\"}}");
}

static void
write_result(JsonText *text, const Route *route, const char *status, const char *about)
{
	respond_json_text_member(text, status);
	respond_json_text_put(text, "{");
	respond_json_text_pair(text, "description", about);
	write_headers(text, route);
	respond_json_text_member(text, "content");
	respond_json_text_put(text, "{");
	if (route->flags & ROUTE_PAGE)
		write_page_media(text);
	else if (route->result == NULL)
	{
		respond_json_text_member(text, HTTP_JSON);
		respond_json_text_put(text, "{\"schema\":{\"type\":\"object\"}}");
	}
	else if (route->flags & ROUTE_CLOUD_EVENTS)
	{
		respond_json_text_member(text, HTTP_JSON);
		respond_json_text_put(text, "{\"schema\":{\"anyOf\":[");
		respond_openapi_reference(text, route->result->name, "");
		respond_json_text_put(text, ",");
		respond_openapi_reference(text, route->result->name, "List");
		respond_json_text_put(text, "]}}");
	}
	else
		write_media(text, HTTP_JSON, route->result->name, route->flags & ROUTE_LISTS ? "Page" :
					route->flags & ROUTE_WHOLE_LIST ? "List" : "");
	respond_json_text_put(text, "}}");
}

static void
write_answers(JsonText *text, const Route *route)
{
	respond_json_text_member(text, "responses");
	respond_json_text_put(text, "{");
	if (route->flags & ROUTE_CREATES)
		write_result(text, route, "201", "It is there now.");
	else if (route->flags & ROUTE_ACCEPTS)
		write_result(text, route, "202", "It will be done.");
	if (!(route->flags & (ROUTE_CREATES | ROUTE_ACCEPTS)) || route->flags & ROUTE_CLOUD_EVENTS)
		write_result(text, route, "200", route->flags & ROUTE_CREATES ? "It was there before." : "What was asked for.");
	if (route->flags & ROUTE_TAGGED && route->flags & ROUTE_READS)
	{
		respond_json_text_member(text, "304");
		respond_json_text_put(text, "{\"description\":\"The caller has it.\"}");
	}
	respond_json_text_member(text, "default");
	respond_json_text_put(text, "{\"description\":\"What is wrong.\",\"content\":{");
	if (route->flags & ROUTE_PAGE)
		write_page_media(text);
	else
		write_media(text, "application/problem+json", "Problem", "");
	respond_json_text_put(text, "}}}");
}

static void
write_lower(JsonText *text, const char *method)
{
	char		name[16];
	size_t		i;

	for (i = 0; method[i] != '\0' && i + 1 < sizeof(name); i++)
		name[i] = (char) (method[i] | 0x20);
	name[i] = '\0';
	respond_json_text_member(text, name);
}

static void
write_operation(JsonText *text, const Route *route)
{
	write_lower(text, route->method);
	respond_json_text_put(text, "{");
	respond_json_text_pair(text, "operationId", route->name);
	respond_json_text_pair(text, "summary", route->about);
	respond_json_text_member(text, "security");
	if (route->flags & (ROUTE_OPEN | ROUTE_PAGE))
		respond_json_text_put(text, "[]");
	else
	{
		respond_json_text_put(text, "[{\"token\":[");
		respond_json_text_string(text, route->scope, strlen(route->scope));
		respond_json_text_put(text, "]}]");
	}
	write_parameters(text, route);
	write_body(text, route);
	write_answers(text, route);
	respond_json_text_put(text, "}");
}

/* Routes of one path stand together in the table. */
static void
write_paths(JsonText *text, const Route *routes, int count)
{
	respond_json_text_member(text, "paths");
	respond_json_text_put(text, "{");
	for (int i = 0; i < count; i++)
	{
		if (i == 0 || strcmp(routes[i].path, routes[i - 1].path) != 0)
		{
			respond_json_text_member(text, routes[i].path);
			respond_json_text_put(text, "{");
		}
		write_operation(text, &routes[i]);
		if (i + 1 == count || strcmp(routes[i].path, routes[i + 1].path) != 0)
			respond_json_text_put(text, "}");
	}
	respond_openapi_others(text);
	respond_json_text_put(text, "}");
}

void
respond_openapi_write(JsonText *text, const Route *routes, int count, const char *version, const char *server)
{
	respond_json_text_put(text, "{");
	respond_json_text_pair(text, "openapi", "3.1.0");
	respond_json_text_member(text, "info");
	respond_json_text_put(text, "{");
	respond_json_text_pair(text, "title", "pg_respond");
	respond_json_text_pair(text, "version", version);
	respond_json_text_pair(text, "description", "Events, tickets, runs and deliveries of a database. A request runs"
						   " as the role of its token.");
	respond_json_text_put(text, "}");
	respond_json_text_member(text, "servers");
	respond_json_text_put(text, "[{");
	respond_json_text_pair(text, "url", *server != '\0' ? server : "/");
	respond_json_text_put(text, "}]");
	write_paths(text, routes, count);
	respond_json_text_member(text, "components");
	respond_json_text_put(text, "{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
	respond_openapi_schemas(text, routes, count);
	respond_json_text_put(text, "}}");
}
