/*-------------------------------------------------------------------------
 * frame.h
 *	  Messages between a worker and its helper program, over a socket on one machine.
 *
 * A frame is a head of 16 bytes and what follows: numbers in the byte order of
 * the machine, and texts with their lengths before them.  Neither side trusts the
 * other: each length is compared with what there is.  It builds without a
 * server.
 *
 * src/companion/frame.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FRAME_H
#define RESPOND_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_SIZE		16
#define FRAME_MAX_LENGTH	((size_t) 32 * 1024 * 1024) /* bytes behind the head */

/* Grows with each change of what frames contain. */
#define FRAME_PROTOCOL		1

typedef enum FrameKind
{
	/* from a worker */
	FRAME_HELLO = 1,			/* the first: who it is */
	FRAME_LIMITS,				/* how large bodies may be */
	FRAME_ANSWER,				/* to a request */
	FRAME_STREAM_BEGIN,			/* an answer without an end */
	FRAME_STREAM_DATA,			/* the same bytes to some of these */
	FRAME_STREAM_END,
	FRAME_CONFIG,				/* where to listen */

	/* from the program */
	FRAME_WELCOME,				/* the answer to HELLO */
	FRAME_REFUSE,				/* the other one; then the connection is closed */
	FRAME_REQUEST,
	FRAME_GONE,					/* who asked does not wait for the answer any more */
	FRAME_STREAM_FULL,			/* who reads a stream is too slow, and was cut off */
	FRAME_STATE,				/* what it listens to */

	/* from a worker */
	FRAME_DATABASES				/* which there are */
} FrameKind;

#define FRAME_LAST_KIND		FRAME_DATABASES

/* Frames that wait to be sent.  All zero is an empty one. */
typedef struct FrameBuffer
{
	char	   *bytes;			/* of malloc */
	size_t		start;			/* bytes before it are sent */
	size_t		end;
	size_t		capacity;
	size_t		open;			/* where the frame begins that is being written */
	bool		failed;			/* that frame lacks something: out of memory, or too long */
} FrameBuffer;

/* Writes a frame: begin, puts, end.  request: an id that an answer repeats, or 0. */
extern void respond_frame_begin(FrameBuffer *buffer, FrameKind kind, uint64_t request);
extern void respond_frame_put_number(FrameBuffer *buffer, uint64_t number);
extern void respond_frame_put_text(FrameBuffer *buffer, const char *bytes, size_t length);
extern void respond_frame_put_string(FrameBuffer *buffer, const char *string);

/* Bytes of a text whose length was put as a number, for texts that lie in pieces. */
extern void respond_frame_put_bytes(FrameBuffer *buffer, const char *bytes, size_t length);

/* False: memory was lacking or the frame was too long, and nothing of it is in the buffer. */
extern bool respond_frame_end(FrameBuffer *buffer);

/* So many bytes from start on were sent. */
extern void respond_frame_sent(FrameBuffer *buffer, size_t length);

extern void respond_frame_free(FrameBuffer *buffer);

/* A frame that came; its bytes are those of the buffer that it was found in. */
typedef struct Frame
{
	FrameKind	kind;
	uint64_t	request;
	const char *bytes;			/* what was not read of it */
	size_t		left;
	bool		broken;			/* something that was to be read was not there */
} Frame;

typedef struct FrameText
{
	const char *bytes;			/* not terminated */
	size_t		length;
} FrameText;

typedef enum FrameVerdict
{
	FRAME_MORE,					/* not whole */
	FRAME_WHOLE,
	FRAME_BROKEN				/* no frame; close the connection */
} FrameVerdict;

/* Finds the frame at the beginning of bytes.  *used: how many bytes it has. */
extern FrameVerdict respond_frame_find(const char *bytes, size_t length, Frame *frame, size_t *used);

/* Reads it, in the order in which it was written; 0 or an empty text when broken. */
extern uint64_t respond_frame_get_number(Frame *frame);
extern FrameText respond_frame_get_text(Frame *frame);

/* Whether all of it was read, and nothing was missing. */
extern bool respond_frame_is_done(const Frame *frame);

#endif							/* RESPOND_FRAME_H */
