/* links: src/companion/web_answer.c src/companion/frame.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_web_answer.c
 *	  Answers in frames: what is written is read; what would be more than one answer is refused.
 *
 * test/unit/test_web_answer.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "companion/web_answer.h"

/* What comes out at the other end; NULL: nothing. */
static WebAnswer *
pass(Arena *arena, const WebAnswer *answer, bool begin)
{
	FrameBuffer buffer = {0};
	Frame		frame;
	size_t		used;
	WebAnswer  *read = NULL;

	if ((begin ? respond_web_answer_write_begin(&buffer, 7, answer) : respond_web_answer_write(&buffer, 7, answer)) &&
		respond_frame_find(buffer.bytes, buffer.end, &frame, &used) == FRAME_WHOLE &&
		frame.request == 7 && frame.kind == (begin ? FRAME_STREAM_BEGIN : FRAME_ANSWER) && used == buffer.end)
		read = respond_web_answer_read(arena, &frame);
	respond_frame_free(&buffer);
	return read;
}

static void
check_whole(Arena *arena)
{
	WebAnswer  *answer = respond_web_answer(arena, 201, "application/json", "{\0}", 3);
	WebAnswer  *read;

	check(respond_web_answer_field(arena, answer, "X-a", "1\t\xe4: b"), "a field is added");
	check(respond_web_answer_field(arena, answer, "x-b", ""), "an empty one too");
	read = pass(arena, answer, false);
	if (!check(read != NULL, "an answer is read"))
		return;
	check(read->status == 201 && read->field_count == 3, "its numbers");
	check_string(read->fields[0].name, "Content-Type", "the type of the content");
	check_string(read->fields[0].value, "application/json", "and what it is");
	check_string(read->fields[1].name, "X-a", "a name keeps its case");
	check_string(read->fields[1].value, "1\t\xe4: b", "a value");
	check_string(read->fields[2].value, "", "an empty value");
	check(read->body_length == 3 && memcmp(read->body, "{\0}", 4) == 0, "the body, with a NUL behind it");
	read = pass(arena, answer, true);
	check(read != NULL && read->field_count == 3 && read->body_length == 0, "the beginning of a stream has no body");
	read = pass(arena, respond_web_answer(arena, 204, NULL, "", 0), false);
	check(read != NULL && read->status == 204 && read->field_count == 0, "an answer without anything");
}

static void
check_fields(Arena *arena)
{
	static const char *const names[] = {"", "a b", "a:", "a\r", "\xe4", "content-LENGTH", "Transfer-Encoding", "Date",
	"Connection", "Upgrade", "Keep-Alive"};
	static const char *const values[] = {"a\r\nb: c", "\n", "\r", "\x01", "\x7f", "\x1f"};
	WebAnswer  *answer = respond_web_answer(arena, 200, "text/plain\r\nx: y", "", 0);

	check(answer->field_count == 0, "no type of content holds a second field");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (respond_web_answer_field(arena, answer, names[i], "v"))
			check(false, "name %zu is refused", i);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (respond_web_answer_field(arena, answer, "n", values[i]))
			check(false, "value %zu is refused", i);
	check(answer->field_count == 0, "what is refused is not added");
	check(respond_web_answer_field(arena, answer, "Date-Of", "v"), "a name may begin like one of the program's");
	while (answer->field_count < WEB_MAX_FIELDS)
		respond_web_answer_field(arena, answer, "n", "v");
	check(!respond_web_answer_field(arena, answer, "n", "v"), "nothing behind the last field");
	check(pass(arena, answer, false) != NULL, "the most fields are read");
}

static void
check_refused_to_write(Arena *arena)
{
	static const int statuses[] = {-1, 0, 100, 101, 199, 600, 1000};
	char	   *much = calloc(1, FRAME_MAX_LENGTH);

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (pass(arena, respond_web_answer(arena, statuses[i], NULL, "", 0), i % 2) != NULL)
			check(false, "status %d is refused", statuses[i]);
	check(pass(arena, respond_web_answer(arena, 204, NULL, "x", 1), false) == NULL, "204 has no body");
	check(pass(arena, respond_web_answer(arena, 304, NULL, "x", 1), false) == NULL, "304 neither");
	check(pass(arena, respond_web_answer(arena, 204, NULL, "", 0), true) == NULL, "nor begins a stream");
	check(pass(arena, respond_web_answer(arena, 200, NULL, much, FRAME_MAX_LENGTH), false) == NULL,
		  "a body that fits into no frame");
	free(much);
}

/* What the program makes of a frame of that status, these lines and that body; NULL: it refuses it. */
static WebAnswer *
read_raw(Arena *arena, FrameKind kind, uint64_t status, const char *lines, size_t length, const char *body)
{
	FrameBuffer buffer = {0};
	Frame		frame;
	size_t		used;
	WebAnswer  *read;

	respond_frame_begin(&buffer, kind, 1);
	respond_frame_put_number(&buffer, status);
	respond_frame_put_text(&buffer, lines, length);
	if (body != NULL)
		respond_frame_put_string(&buffer, body);
	respond_frame_end(&buffer);
	respond_frame_find(buffer.bytes, buffer.end, &frame, &used);
	read = respond_web_answer_read(arena, &frame);
	respond_frame_free(&buffer);
	return read;
}

static void
check_refused_to_read(Arena *arena)
{
	static const char *const lines[] = {"a", "a\r\n", "a: b", "a: b\r", "a: b\n", "a:b\r\n", ": b\r\n", "a : b\r\n",
		"a: b\rc\r\n", "a: b\nc\r\n", "a: b\r\n\r\n", "\r\n", "a: b\r\n b\r\n", "Content-Length: 1\r\n", "a: b\r\nc",
	"transfer-encoding: chunked\r\n"};
	char		many[(WEB_MAX_FIELDS + 1) * 6 + 1] = "";

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (read_raw(arena, FRAME_ANSWER, 200, lines[i], strlen(lines[i]), "") != NULL)
			check(false, "lines %zu are refused", i);
	check(read_raw(arena, FRAME_ANSWER, 200, "a: b\0c\r\n", 8, "") == NULL, "NUL in a value");
	check(read_raw(arena, FRAME_ANSWER, 200, "a\0: b\r\n", 7, "") == NULL, "NUL in a name");
	for (int i = 0; i <= WEB_MAX_FIELDS; i++)
		strcat(many, "a: b\r\n");
	check(read_raw(arena, FRAME_ANSWER, 200, many, strlen(many), "") == NULL, "too many fields");
	check(read_raw(arena, FRAME_ANSWER, 200, many, strlen(many) - 6, "") != NULL, "one less is read");
	check(read_raw(arena, FRAME_ANSWER, 199, "", 0, "") == NULL, "a status below all");
	check(read_raw(arena, FRAME_ANSWER, 600, "", 0, "") == NULL, "a status above all");
	check(read_raw(arena, FRAME_ANSWER, UINT64_C(0x1000000c8), "", 0, "") == NULL, "a status of more than 32 bits");
	check(read_raw(arena, FRAME_ANSWER, 204, "", 0, "x") == NULL, "a body where none may be");
	check(read_raw(arena, FRAME_ANSWER, 200, "", 0, NULL) == NULL, "no body at all");
	check(read_raw(arena, FRAME_STREAM_BEGIN, 200, "", 0, "x") == NULL, "a body in the beginning of a stream");
	check(read_raw(arena, FRAME_STREAM_BEGIN, 304, "", 0, NULL) == NULL, "a stream that has no body");
	check(read_raw(arena, FRAME_STREAM_BEGIN, 200, "", 0, NULL) != NULL, "a stream");
}

int
main(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);

	check_whole(arena);
	check_fields(arena);
	check_refused_to_write(arena);
	check_refused_to_read(arena);
	respond_arena_destroy(arena);
	return check_done();
}
