/*-------------------------------------------------------------------------
 * web_answer.h
 *	  The answer to a request from the network, and how it stands in a frame.
 *
 * A worker answers, the program sends it.  The program checks what it takes
 * from a frame, so that no answer can hold a second one or lie about where it
 * ends.  It builds without a server.
 *
 * src/companion/web_answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WEB_ANSWER_H
#define RESPOND_WEB_ANSWER_H

#include "common/arena.h"
#include "companion/frame.h"
#include "companion/web_request.h"

#define WEB_LOWEST_STATUS	200
#define WEB_HIGHEST_STATUS	599

typedef struct WebAnswer
{
	int			status;
	int			field_count;
	WebField   *fields;			/* room for WEB_MAX_FIELDS; names are tokens, in any case */
	const char *body;
	size_t		body_length;
} WebAnswer;

/*
 * A new answer.  The body is not copied: it lives as long as the answer, and its
 * bytes may be any.  content_type NULL: none is named.  204 and 304 have no
 * body.
 */
extern WebAnswer *respond_web_answer(Arena *arena, int status, const char *content_type, const char *body,
									 size_t length);

/*
 * Adds a field.  False, and nothing is added: the name is no token or one of
 * those that the program writes itself, the value has a control character that
 * is no tab, or there are WEB_MAX_FIELDS.
 */
extern bool respond_web_answer_field(Arena *arena, WebAnswer *answer, const char *name, const char *value);

/*
 * Writes FRAME_ANSWER.  False, and nothing is written: the answer has a status
 * or a body that it may not have, does not fit into a frame, or memory is
 * lacking.
 */
extern bool respond_web_answer_write(FrameBuffer *buffer, uint64_t request, const WebAnswer *answer);

/* The same as FRAME_STREAM_BEGIN; what follows the head are frames of the stream, so the body stays here. */
extern bool respond_web_answer_write_begin(FrameBuffer *buffer, uint64_t request, const WebAnswer *answer);

/*
 * Reads either frame; all of the answer is in the arena, and NUL follows the
 * body.  NULL: it is not as said above.
 */
extern WebAnswer *respond_web_answer_read(Arena *arena, Frame *frame);

#endif							/* RESPOND_WEB_ANSWER_H */
