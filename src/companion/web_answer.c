/*-------------------------------------------------------------------------
 * web_answer.c
 *	  The answer to a request from the network, and how it stands in a frame.
 *
 * src/companion/web_answer.c
 *-------------------------------------------------------------------------
 */
#include "companion/web_answer.h"

#include <string.h>

#include "wire/ascii_case.h"
#include "wire/http_token.h"

/* They say where an answer ends and what becomes of the connection, which only the program knows. */
static const char *const programs_own[] = {"connection", "content-length", "date", "keep-alive", "proxy-connection",
"te", "trailer", "transfer-encoding", "upgrade"};

static bool
is_programs_own(const char *name)
{
	for (size_t i = 0; i < sizeof(programs_own) / sizeof(programs_own[0]); i++)
		if (respond_ascii_begins(name, programs_own[i]) && name[strlen(programs_own[i])] == '\0')
			return true;
	return false;
}

static bool
is_name(const char *name)
{
	const char *at = name;

	while (respond_http_is_token(*at))
		at++;
	return at > name && *at == '\0' && !is_programs_own(name);
}

static bool
is_value(const char *value)
{
	for (; *value != '\0'; value++)
		if (*value != '\t' && ((unsigned char) *value < ' ' || *value == 0x7f))
			return false;
	return true;
}

static bool
has_no_body(int status)
{
	return status == 204 || status == 304;
}

static bool
is_status(int status)
{
	return status >= WEB_LOWEST_STATUS && status <= WEB_HIGHEST_STATUS;
}

bool
respond_web_answer_field(Arena *arena, WebAnswer *answer, const char *name, const char *value)
{
	WebField   *field = &answer->fields[answer->field_count];

	if (answer->field_count == WEB_MAX_FIELDS || !is_name(name) || !is_value(value))
		return false;
	field->name = respond_arena_copy(arena, name, strlen(name));
	field->value = respond_arena_copy(arena, value, strlen(value));
	answer->field_count++;
	return true;
}

WebAnswer *
respond_web_answer(Arena *arena, int status, const char *content_type, const char *body, size_t length)
{
	WebAnswer  *answer = respond_arena_alloc_zero(arena, sizeof(WebAnswer));

	answer->status = status;
	answer->fields = respond_arena_alloc(arena, sizeof(WebField) * WEB_MAX_FIELDS);
	answer->body = body;
	answer->body_length = length;
	if (content_type != NULL)
		respond_web_answer_field(arena, answer, "Content-Type", content_type);
	return answer;
}

/* One text: the lines of all fields. */
static void
put_fields(FrameBuffer *buffer, const WebAnswer *answer)
{
	uint64_t	length = 0;

	for (int i = 0; i < answer->field_count; i++)
		length += strlen(answer->fields[i].name) + strlen(": ") + strlen(answer->fields[i].value) + strlen("\r\n");
	respond_frame_put_number(buffer, length);
	for (int i = 0; i < answer->field_count; i++)
	{
		const WebField *field = &answer->fields[i];

		respond_frame_put_bytes(buffer, field->name, strlen(field->name));
		respond_frame_put_bytes(buffer, ": ", 2);
		respond_frame_put_bytes(buffer, field->value, strlen(field->value));
		respond_frame_put_bytes(buffer, "\r\n", 2);
	}
}

bool
respond_web_answer_write(FrameBuffer *buffer, uint64_t request, const WebAnswer *answer)
{
	if (!is_status(answer->status) || (has_no_body(answer->status) && answer->body_length > 0))
		return false;
	respond_frame_begin(buffer, FRAME_ANSWER, request);
	respond_frame_put_number(buffer, answer->status);
	put_fields(buffer, answer);
	respond_frame_put_text(buffer, answer->body, answer->body_length);
	return respond_frame_end(buffer);
}

bool
respond_web_answer_write_begin(FrameBuffer *buffer, uint64_t request, const WebAnswer *answer)
{
	if (!is_status(answer->status) || has_no_body(answer->status))
		return false;
	respond_frame_begin(buffer, FRAME_STREAM_BEGIN, request);
	respond_frame_put_number(buffer, answer->status);
	put_fields(buffer, answer);
	return respond_frame_end(buffer);
}

/* Takes "Name: value" CR LF off the lines; false: the next line is none. */
static bool
read_field(Arena *arena, FrameText *lines, WebAnswer *answer)
{
	const char *end = memchr(lines->bytes, '\r', lines->length);
	const char *colon = end == NULL ? NULL : memchr(lines->bytes, ':', end - lines->bytes);
	size_t		length;
	char	   *name;
	char	   *value;

	if (colon == NULL || end + 1 == lines->bytes + lines->length || end[1] != '\n' || colon[1] != ' ')
		return false;
	name = respond_arena_copy(arena, lines->bytes, colon - lines->bytes);
	length = end - (colon + 2);
	value = respond_arena_copy(arena, colon + 2, length);
	if (strlen(value) < length || strlen(name) < (size_t) (colon - lines->bytes))
		return false;
	lines->length -= end + 2 - lines->bytes;
	lines->bytes = end + 2;
	return respond_web_answer_field(arena, answer, name, value);
}

WebAnswer *
respond_web_answer_read(Arena *arena, Frame *frame)
{
	uint64_t	status = respond_frame_get_number(frame);
	FrameText	lines = respond_frame_get_text(frame);
	FrameText	body = {"", 0};
	WebAnswer  *answer;

	if (frame->kind == FRAME_ANSWER)
		body = respond_frame_get_text(frame);
	if (!respond_frame_is_done(frame) || status < WEB_LOWEST_STATUS || status > WEB_HIGHEST_STATUS ||
		(has_no_body(status) && (body.length > 0 || frame->kind != FRAME_ANSWER)))
		return NULL;
	answer = respond_web_answer(arena, status, NULL, respond_arena_copy(arena, body.bytes, body.length), body.length);
	while (lines.length > 0)
		if (!read_field(arena, &lines, answer))
			return NULL;
	return answer;
}
