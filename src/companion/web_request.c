/*-------------------------------------------------------------------------
 * web_request.c
 *	  A request from the network, and how it stands in a frame.
 *
 * src/companion/web_request.c
 *-------------------------------------------------------------------------
 */
#include "companion/web_request.h"

#include <string.h>

#include "wire/http_token.h"

const char *
respond_web_field(const WebRequest *request, const char *name)
{
	for (int i = 0; i < request->field_count; i++)
		if (strcmp(request->fields[i].name, name) == 0)
			return request->fields[i].value;
	return NULL;
}

int
respond_web_field_count(const WebRequest *request, const char *name)
{
	int			count = 0;

	for (int i = 0; i < request->field_count; i++)
		count += strcmp(request->fields[i].name, name) == 0;
	return count;
}

const char *
respond_web_field_list(Arena *arena, const WebRequest *request, const char *name)
{
	size_t		length = 0;
	char	   *list;
	char	   *next;

	if (respond_web_field_count(request, name) < 2)
		return respond_web_field(request, name);
	for (int i = 0; i < request->field_count; i++)
		if (strcmp(request->fields[i].name, name) == 0)
			length += strlen(request->fields[i].value) + 1;
	list = next = respond_arena_alloc(arena, length);
	if (list == NULL)
		return NULL;
	for (int i = 0; i < request->field_count; i++)
	{
		if (strcmp(request->fields[i].name, name) != 0)
			continue;
		length = strlen(request->fields[i].value);
		memcpy(next, request->fields[i].value, length);
		next += length;
		*next++ = ',';
	}
	next[-1] = '\0';
	return list;
}

bool
respond_web_request_write(FrameBuffer *buffer, const WebRequest *request)
{
	respond_frame_begin(buffer, FRAME_REQUEST, request->id);
	respond_frame_put_string(buffer, request->method);
	respond_frame_put_string(buffer, request->path);
	respond_frame_put_number(buffer, request->query != NULL);
	respond_frame_put_string(buffer, request->query != NULL ? request->query : "");
	respond_frame_put_string(buffer, request->target);
	respond_frame_put_string(buffer, request->host);
	respond_frame_put_number(buffer, request->secure);
	respond_frame_put_string(buffer, request->peer);
	respond_frame_put_number(buffer, request->flaw);
	respond_frame_put_number(buffer, request->field_count);
	for (int i = 0; i < request->field_count; i++)
	{
		respond_frame_put_string(buffer, request->fields[i].name);
		respond_frame_put_string(buffer, request->fields[i].value);
	}
	respond_frame_put_text(buffer, request->body, request->body_length);
	return respond_frame_end(buffer);
}

/* What may stand in a text of a request. */
typedef enum TextKind
{
	TEXT_TOKEN,					/* of RFC 9110 section 5.6.2, without capitals */
	TEXT_METHOD,				/* the same with capitals */
	TEXT_PRINTED,				/* ASCII that prints, without blanks */
	TEXT_VALUE					/* no control characters but tabs */
} TextKind;

static bool
may_stand(TextKind kind, unsigned char byte)
{
	switch (kind)
	{
		case TEXT_TOKEN:
			return respond_http_is_token(byte) && !(byte >= 'A' && byte <= 'Z');
		case TEXT_METHOD:
			return respond_http_is_token(byte);
		case TEXT_PRINTED:
			return byte > ' ' && byte < 0x7f;
		case TEXT_VALUE:
			return byte == '\t' || (byte >= ' ' && byte != 0x7f);
	}
	return false;
}

/* The next text of the frame as a string; the frame is broken when something stands in it that may not. */
static char *
get_string(Arena *arena, Frame *frame, TextKind kind)
{
	FrameText	text = respond_frame_get_text(frame);

	for (size_t i = 0; i < text.length; i++)
		if (!may_stand(kind, text.bytes[i]))
			frame->broken = true;
	return respond_arena_copy(arena, text.bytes, frame->broken ? 0 : text.length);
}

/* The next number; the frame is broken when it is larger than that. */
static int
get_small(Frame *frame, int largest)
{
	uint64_t	number = respond_frame_get_number(frame);

	if (number > (uint64_t) largest)
		frame->broken = true;
	return frame->broken ? 0 : (int) number;
}

static void
read_fields(Arena *arena, Frame *frame, WebRequest *request)
{
	request->field_count = get_small(frame, WEB_MAX_FIELDS);
	request->fields = respond_arena_alloc(arena, sizeof(WebField) * (request->field_count + 1));
	for (int i = 0; i < request->field_count && !frame->broken; i++)
	{
		request->fields[i].name = get_string(arena, frame, TEXT_TOKEN);
		request->fields[i].value = get_string(arena, frame, TEXT_VALUE);
		if (request->fields[i].name[0] == '\0')
			frame->broken = true;
	}
}

WebRequest *
respond_web_request_read(Arena *arena, Frame *frame)
{
	WebRequest *request = respond_arena_alloc_zero(arena, sizeof(WebRequest));
	FrameText	body;
	bool		has_query;

	request->id = frame->request;
	request->method = get_string(arena, frame, TEXT_METHOD);
	request->path = get_string(arena, frame, TEXT_PRINTED);
	has_query = get_small(frame, 1);
	request->query = get_string(arena, frame, TEXT_PRINTED);
	if (!has_query)
		request->query = NULL;
	request->target = get_string(arena, frame, TEXT_PRINTED);
	request->host = get_string(arena, frame, TEXT_PRINTED);
	request->secure = get_small(frame, 1);
	request->peer = get_string(arena, frame, TEXT_PRINTED);
	request->flaw = get_small(frame, WEB_LAST_FLAW);
	read_fields(arena, frame, request);
	body = respond_frame_get_text(frame);
	request->body = respond_arena_copy(arena, body.bytes, body.length);
	request->body_length = body.length;
	if (!respond_frame_is_done(frame) || request->method[0] == '\0' || strlen(request->method) > WEB_MAX_METHOD ||
		request->path[0] != '/' || (request->flaw != WEB_WHOLE && body.length > 0))
		return NULL;
	return request;
}
