/* links: src/companion/problem.c src/companion/json_text.c src/companion/web_answer.c src/companion/web_request.c src/companion/frame.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_problem.c
 *	  Problem documents, and the JSON that they are written in.
 *
 * test/unit/test_problem.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "companion/json_text.h"
#include "companion/problem.h"

static void
check_escape(Arena *arena, const char *bytes, size_t length, const char *expected, const char *name)
{
	JsonText	text;

	respond_json_text_begin(&text, arena);
	respond_json_text_string(&text, bytes, length);
	check_string(text.bytes, expected, name);
	check(strlen(text.bytes) == text.length, "%s: its length", name);
}

static void
check_strings(Arena *arena)
{
	check_escape(arena, "", 0, "\"\"", "an empty string");
	check_escape(arena, "a\"b\\c\n\t\x01", 8, "\"a\\\"b\\\\c\\u000a\\u0009\\u0001\"", "quotes, backslashes, control characters");
	check_escape(arena, "a\0b", 3, "\"a\\u0000b\"", "a NUL");
	check_escape(arena, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "characters of two to four bytes");
	check_escape(arena, "\xe4", 1, "\"\xef\xbf\xbd\"", "a byte that is no UTF-8");
	check_escape(arena, "\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"", "an overlong form");
	check_escape(arena, "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "half of a surrogate pair");
	check_escape(arena, "\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "beyond Unicode");
	check_escape(arena, "x\xe2\x82", 3, "\"x\xef\xbf\xbd\xef\xbf\xbd\"", "a character that is cut off");
}

static void
check_growth(Arena *arena)
{
	JsonText	text;
	char	   *many = malloc(100000);

	memset(many, 'x', 100000);
	respond_json_text_begin(&text, arena);
	respond_json_text_put(&text, "{");
	for (int i = 0; i < 1000; i++)
		respond_json_text_pair(&text, "n", "v");
	respond_json_text_member(&text, "many");
	respond_json_text_string(&text, many, 100000);
	respond_json_text_put(&text, "}");
	check(text.length == 1 + 1000 * 8 - 1 + 8 + 100002 + 1 && strlen(text.bytes) == text.length, "a text grows");
	free(many);
}

static void
check_problem(Arena *arena)
{
	ProblemPlace places[] = {{"/priority", NULL, "must be low"}, {NULL, "limit", "is no number"}};
	WebAnswer  *answer = respond_problem(arena, 404, NULL);

	check_string(answer->body, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}", "a problem without detail");
	check(answer->status == 404 && answer->field_count == 1, "its status and one field");
	check_string(answer->fields[0].value, "application/problem+json", "its type");
	check(answer->body_length == strlen(answer->body), "its length");
	answer = respond_problem_at(arena, 422, "Two things are wrong.", "Fix them.", places, 2);
	check_string(answer->body,
				 "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"Two things are wrong.\","
				 "\"remedy\":\"Fix them.\",\"errors\":[{\"pointer\":\"/priority\",\"detail\":\"must be low\"},"
				 "{\"parameter\":\"limit\",\"detail\":\"is no number\"}]}", "a problem with places");
	check_string(respond_status_words(799), "Error", "a status that nobody knows");
}

int
main(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);

	check_strings(arena);
	check_growth(arena);
	check_problem(arena);
	respond_arena_destroy(arena);
	return check_done();
}
