/* links: src/companion/web_request.c src/companion/frame.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_web_request.c
 *	  Requests in frames: what is written is read; what may not stand in one is refused.
 *
 * test/unit/test_web_request.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "companion/web_request.h"

static WebField fields[WEB_MAX_FIELDS + 1];

static WebRequest
sample(void)
{
	WebRequest	request = {0};

	fields[0] = (WebField) {"x-a", "1\t\xe4"};
	fields[1] = (WebField) {"x-b", ""};
	fields[2] = (WebField) {"x-a", "2"};
	request.id = 42;
	request.method = "POST";
	request.path = "/in/git";
	request.query = "a=b";
	request.target = "/desk/in/git?a=b";
	request.host = "h:80";
	request.secure = true;
	request.peer = "::1";
	request.field_count = 3;
	request.fields = fields;
	request.body = "a\0b";
	request.body_length = 3;
	return request;
}

/* What comes out at the other end; NULL: nothing. */
static WebRequest *
pass(Arena *arena, const WebRequest *request)
{
	FrameBuffer buffer = {0};
	Frame		frame;
	size_t		used;
	WebRequest *read = NULL;

	if (respond_web_request_write(&buffer, request) &&
		respond_frame_find(buffer.bytes, buffer.end, &frame, &used) == FRAME_WHOLE)
		read = respond_web_request_read(arena, &frame);
	respond_frame_free(&buffer);
	return read;
}

static void
check_whole(Arena *arena)
{
	WebRequest	request = sample();
	WebRequest *read = pass(arena, &request);

	if (!check(read != NULL, "a request is read"))
		return;
	check(read->id == 42 && read->secure && read->flaw == WEB_WHOLE, "its numbers");
	check_string(read->method, "POST", "method");
	check_string(read->path, "/in/git", "path");
	check_string(read->query, "a=b", "query");
	check_string(read->target, "/desk/in/git?a=b", "target");
	check_string(read->host, "h:80", "host");
	check_string(read->peer, "::1", "peer");
	check(read->body_length == 3 && memcmp(read->body, "a\0b", 4) == 0, "body, with a NUL behind it");
	check_string(respond_web_field(read, "x-a"), "1\t\xe4", "the first of two fields");
	check_string(respond_web_field(read, "x-b"), "", "an empty field");
	check_string(respond_web_field(read, "x-c"), NULL, "no field");
	check(respond_web_field_count(read, "x-a") == 2, "two fields");
	check_string(respond_web_field_list(arena, read, "x-a"), "1\t\xe4,2", "both as a list");
	check_string(respond_web_field_list(arena, read, "x-b"), "", "a list of one");
	check_string(respond_web_field_list(arena, read, "x-c"), NULL, "no list");
	request.query = NULL;
	read = pass(arena, &request);
	check(read != NULL && read->query == NULL, "no query");
	request.query = "";
	read = pass(arena, &request);
	check(read != NULL && read->query != NULL, "an empty query");
}

static void
check_refused(Arena *arena)
{
#define REFUSED(member, value, name) \
	do { \
		WebRequest	request = sample(); \
		request.member = (value); \
		check(pass(arena, &request) == NULL, "refused: %s", name); \
	} while (0)

	REFUSED(method, "", "no method");
	REFUSED(method, "P T", "a blank in the method");
	REFUSED(method, "ABCDEFGHIJKLMNOPQ", "a long method");
	REFUSED(path, "", "no path");
	REFUSED(path, "in", "a path without a slash");
	REFUSED(path, "/a b", "a blank in the path");
	REFUSED(path, "/\xe4", "what is not ASCII in the path");
	REFUSED(query, "a\nb", "a line feed in the query");
	REFUSED(host, "a b", "a blank in the host");
	REFUSED(flaw, WEB_LAST_FLAW + 1, "a flaw that there is not");
	REFUSED(flaw, WEB_TOO_LARGE, "a flaw with a body");
	REFUSED(fields[0].name, "X-A", "capitals in a name");
	REFUSED(fields[0].name, "", "an empty name");
	REFUSED(fields[0].value, "a\rb", "a control character in a value");
	fields[WEB_MAX_FIELDS] = (WebField) {"x", "y"};
	for (int i = 3; i < WEB_MAX_FIELDS; i++)
		fields[i] = (WebField) {"x", "y"};
	REFUSED(field_count, WEB_MAX_FIELDS + 1, "too many fields");
}

/* Whatever is cut off or changed, nothing is read beyond the frame. */
static void
check_damaged(Arena *arena)
{
	WebRequest	request = sample();
	FrameBuffer buffer = {0};
	int			read = 0;

	respond_web_request_write(&buffer, &request);
	for (size_t at = FRAME_HEAD_SIZE; at < buffer.end; at++)
	{
		char	   *exact = malloc(buffer.end);
		uint32_t	length = at - FRAME_HEAD_SIZE;
		Frame		frame;
		size_t		used;

		memcpy(exact, buffer.bytes, buffer.end);
		exact[at] ^= 0x80;
		if (respond_frame_find(exact, buffer.end, &frame, &used) == FRAME_WHOLE)
			read += respond_web_request_read(arena, &frame) != NULL;
		exact[at] ^= 0x80;
		exact = realloc(exact, at);
		memcpy(exact, &length, sizeof(length));
		if (respond_frame_find(exact, at, &frame, &used) == FRAME_WHOLE &&
			respond_web_request_read(arena, &frame) != NULL)
			check(false, "%zu bytes are no request", at);
		free(exact);
	}
	check(read < (int) buffer.end, "damage is noticed or harmless");
	respond_frame_free(&buffer);
}

int
main(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);

	check_whole(arena);
	check_refused(arena);
	check_damaged(arena);
	respond_arena_destroy(arena);
	return check_done();
}
