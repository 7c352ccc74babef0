/*-------------------------------------------------------------------------
 * stream_request.h
 *	  What a request for a stream asks for.
 *
 * src/stream/stream_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_REQUEST_H
#define RESPOND_STREAM_REQUEST_H

#include "utils/jsonb.h"

#include "companion/web_answer.h"

typedef struct StreamRequest
{
	const char *type;			/* text of the database; NULL: any */
	Jsonb	   *pattern;		/* NULL: none */
	const char *place;			/* to go on from; NULL: begin now */
} StreamRequest;

/*
 * Reads it, in the current memory context.  NULL: it is good; else an answer
 * that names the place.  In a transaction.
 */
extern WebAnswer *respond_stream_request_read(Arena *arena, const WebRequest *request, StreamRequest *wanted);

#endif							/* RESPOND_STREAM_REQUEST_H */
