/* links: src/rest/query_text.c src/rest/entity_tag.c src/rest/page_mark.c src/wire/bytes_read.c src/rest/route_find.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_rest_text.c
 *	  Requests of the REST interface, read without a server: paths, queries, marks of pages, entity tags, what is accepted.
 *
 * test/unit/test_rest_text.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "rest/entity_tag.h"
#include "rest/page_mark.h"
#include "rest/query_text.h"
#include "rest/route.h"

static const Route routes[] = {
	{.method = "GET",.path = "/v1/tickets",.name = "list"},
	{.method = "POST",.path = "/v1/tickets",.name = "create"},
	{.method = "GET",.path = "/v1/tickets/{id}",.name = "get"},
	{.method = "PATCH",.path = "/v1/tickets/{id}",.name = "patch"},
	{.method = "GET",.path = "/v1/tickets/{id}/comments/{name}",.name = "comment"},
	{.method = "POST",.path = "/v1/approvals/{uuid}/decide",.name = "decide"},
};

static void
check_route(Arena *arena, const char *method, const char *path, const char *name, const char *first)
{
	RouteMatch	match;
	RouteVerdict verdict = respond_route_find(arena, routes, 6, method, path, &match);

	check_string(verdict == ROUTE_FOUND ? match.route->name : NULL, name, path);
	if (verdict == ROUTE_FOUND)
		check_string(match.values[0], first, "its value");
}

static void
check_routes(Arena *arena)
{
	RouteMatch	match;
	int64_t		number;

	check_route(arena, "GET", "/v1/tickets", "list", NULL);
	check_route(arena, "HEAD", "/v1/tickets", "list", NULL);
	check_route(arena, "POST", "/v1/tickets", "create", NULL);
	check_route(arena, "GET", "/v1/tickets/42", "get", "42");
	check_route(arena, "GET", "/v1/tickets/%34%32", "get", "42");
	check_route(arena, "GET", "/v1/tickets/9223372036854775807", "get", "9223372036854775807");
	check_route(arena, "GET", "/v1/tickets/42/comments/a%2Fb+c", "comment", "42");
	check_route(arena, "POST", "/v1/approvals/0b7c2a9e-5d0e-4a57-9a52-8e1f6a3c4f10/decide", "decide",
				"0b7c2a9e-5d0e-4a57-9a52-8e1f6a3c4f10");
	check_route(arena, "GET", "/v1/tickets/9223372036854775808", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/0", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/042", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/-1", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/4x", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets//", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/42/", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/42%00", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/42%", NULL, NULL);
	check_route(arena, "GET", "/v1/tickets/42%2", NULL, NULL);
	check_route(arena, "GET", "/V1/tickets", NULL, NULL);
	check_route(arena, "GET", "/v1/../v1/tickets", NULL, NULL);
	check_route(arena, "GET", "/", NULL, NULL);
	check_route(arena, "POST", "/v1/approvals/0b7c2a9e-5d0e-4a57-9a52-8e1f6a3c4f1/decide", NULL, NULL);
	check_route(arena, "get", "/v1/tickets", NULL, NULL);
	check(respond_route_find(arena, routes, 6, "GET", "/v1/tickets/42/comments/a%2Fb+c", &match) == ROUTE_FOUND &&
		  strcmp(match.values[1], "a/b+c") == 0, "a name is decoded");
	check(respond_route_find(arena, routes, 6, "DELETE", "/v1/tickets/42", &match) == ROUTE_NO_METHOD, "another method");
	check_string(match.allow, "GET, HEAD, PATCH, OPTIONS", "the methods that there are");
	check(respond_route_find(arena, routes, 6, "GET", "/v1/nothing", &match) == ROUTE_NO_PATH, "another path");
	check(!respond_route_number("", &number) && !respond_route_number("1 ", &number), "what is no number");
}

static void
check_query(Arena *arena)
{
	WebQuery	query;
	char		many[400] = "";

	check(respond_query_read(arena, NULL, &query) == NULL && query.count == 0, "no query");
	check(respond_query_read(arena, "", &query) == NULL && query.count == 0, "an empty query");
	check(respond_query_read(arena, "a=1&b=%C3%A4+x%2B&&c&d=", &query) == NULL && query.count == 4, "a query");
	check_string(respond_query_value(&query, "a"), "1", "a");
	check_string(respond_query_value(&query, "b"), "\xc3\xa4 x+", "b, decoded");
	check_string(respond_query_value(&query, "c"), "", "c without a value");
	check_string(respond_query_value(&query, "d"), "", "d with an empty one");
	check_string(respond_query_value(&query, "e"), NULL, "e is not there");
	check_string(respond_query_read(arena, "a=1&a=2", &query), "has a parameter twice", "a parameter twice");
	check_string(respond_query_read(arena, "a=%zz", &query), "holds a % that begins no byte", "a broken byte");
	check_string(respond_query_read(arena, "a=%00", &query), "holds a % that begins no byte", "a NUL");
	check_string(respond_query_read(arena, "%=1", &query), "holds a % that begins no byte", "a broken name");
	for (int i = 0; i <= QUERY_MAX_PARAMETERS; i++)
		sprintf(many + strlen(many), "p%d=1&", i);
	check_string(respond_query_read(arena, many, &query), "has too many parameters", "too many");
	check_string(respond_percent_encode(arena, "a/b \xc3\xa4~"), "a%2Fb%20%C3%A4~", "encoded");
}

static void
check_tags(void)
{
	check(respond_entity_tag_listed("\"a\"", "\"a\"", false), "the tag");
	check(respond_entity_tag_listed("\"b\" , \"a\"", "\"a\"", false), "the second of two");
	check(respond_entity_tag_listed(" * ", "\"a\"", false), "any");
	check(!respond_entity_tag_listed("W/\"a\"", "\"a\"", false), "a weak one is not the tag");
	check(respond_entity_tag_listed("W/\"a\"", "\"a\"", true), "but for reading it is");
	check(!respond_entity_tag_listed("\"ab\"", "\"a\"", true) && !respond_entity_tag_listed("a", "\"a\"", true) &&
		  !respond_entity_tag_listed("\"a", "\"a\"", true) && !respond_entity_tag_listed("", "\"a\"", true) &&
		  !respond_entity_tag_listed("\"b\"\"a\"", "\"a\"", true), "what is not the tag");
}

static void
check_accept(void)
{
	const char *json = "application/json";

	check(respond_accepts(NULL, json) && respond_accepts("", json) && respond_accepts("*/*", json) &&
		  respond_accepts("application/*", json) && respond_accepts("text/html, Application/JSON;q=0.1", json) &&
		  respond_accepts("text/html;x=\"a,b\",*/*;q=0.1", json), "JSON is accepted");
	check(!respond_accepts("text/html", json) && !respond_accepts("application/json;q=0", json) &&
		  !respond_accepts("application/json; q=0.000, */*", json) && !respond_accepts("text/*", json) &&
		  !respond_accepts("application/jsonx", json) && !respond_accepts("*/*;q=0", json), "JSON is not accepted");
	check(respond_media_type_is("application/json", json) && respond_media_type_is(" APPLICATION/json ; charset=utf-8", json),
		  "a media type");
	check(!respond_media_type_is("application/jsonx", json) && !respond_media_type_is("", json), "another one");
}

static void
check_marks(void)
{
	static const char *const keys[] = {"1", "42", "9223372036854775807", "2026-11-30 20:00:00+00|0b7c2a9e", "\xc3\xa4 rule"};
	static const char *const others[] = {"", "p", "p1", "p00000000", "x0000000031", "p0000000031"};
	uint32_t	list = respond_page_list(respond_page_list(0, "tickets"), "status=new");
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	const char *mark = "";
	char		bad[64];

	for (int i = 0; i < 5; i++)
	{
		const char *key;

		mark = respond_page_mark_write(arena, keys[i], list);
		key = respond_page_mark_read(arena, mark, list);
		check(key != NULL && strcmp(key, keys[i]) == 0, "mark %s", mark);
	}
	check(respond_page_mark_read(arena, mark, list + 1) == NULL, "of another list");
	for (int i = 0; i < 6; i++)
		check(respond_page_mark_read(arena, others[i], list) == NULL, "no mark: %s", others[i]);
	for (int i = 0; i < 4; i++)
	{
		snprintf(bad, sizeof(bad), "%.9s%s", mark, i == 0 ? "" : i == 1 ? "3" : i == 2 ? "zz" : "310032");
		check(respond_page_mark_read(arena, bad, list) == NULL, "no key: %s", bad);
	}
	respond_arena_destroy(arena);
	check(respond_page_list(respond_page_list(0, "ab"), "c") != respond_page_list(respond_page_list(0, "a"), "bc"),
		  "where a text ends counts");
}

int
main(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);

	check_routes(arena);
	check_query(arena);
	check_tags();
	check_accept();
	check_marks();
	respond_arena_destroy(arena);
	return check_done();
}
