/* links: src/stream/sse_text.c src/companion/json_text.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_sse_text.c
 *	  Server-Sent Events: fields, lines, and bytes that are no text.
 *
 * test/unit/test_sse_text.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "stream/sse_text.h"

static void
check_data(const char *name, const char *data, size_t length, const char *expected)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonText	text;

	respond_json_text_begin(&text, arena);
	respond_sse_data(&text, data, length);
	check_string(text.bytes, expected, name);
	respond_arena_destroy(arena);
}

static void
check_event(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonText	text;

	respond_json_text_begin(&text, arena);
	respond_sse_field(&text, "retry", "2000");
	respond_sse_field(&text, "id", "abc");
	respond_sse_data(&text, "{}", 2);
	respond_sse_end(&text);
	respond_sse_comment(&text);
	respond_sse_end(&text);
	check_string(text.bytes, "retry: 2000\nid: abc\ndata: {}\n\n:\n\n", "an event and a comment");
	respond_arena_destroy(arena);
}

int
main(void)
{
	check_event();
	check_data("one line", "{\"a\": 1}", 8, "data: {\"a\": 1}\n");
	check_data("nothing", "", 0, "data: \n");
	check_data("breaks of all kinds", "a\nb\r\nc\rd", 8, "data: a\ndata: b\ndata: c\ndata: d\n");
	check_data("breaks at the ends", "\na\r", 3, "data: \ndata: a\ndata: \n");
	check_data("U+2028 is no break", "a\xe2\x80\xa8" "b", 5, "data: a\xe2\x80\xa8" "b\n");
	check_data("bytes that are no text", "\xff\xc3" "a\xed\xa0\x80", 6,
			   "data: \xef\xbf\xbd\xef\xbf\xbd" "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
	return check_done();
}
