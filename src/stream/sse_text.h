/*-------------------------------------------------------------------------
 * sse_text.h
 *	  Server-Sent Events, as the HTML standard has them.
 *
 * Each event is some fields and a blank line.  It builds without a server.
 *
 * src/stream/sse_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SSE_TEXT_H
#define RESPOND_SSE_TEXT_H

#include "companion/json_text.h"

#define SSE_CONTENT_TYPE	"text/event-stream"

/* A field whose value has no line breaks: "event", "id", "retry". */
extern void respond_sse_field(JsonText *text, const char *name, const char *value);

/*
 * The data: any bytes.  Line breaks make it several lines, which whoever reads
 * it puts together again with LF; bytes that are no UTF-8 become U+FFFD.
 */
extern void respond_sse_data(JsonText *text, const char *bytes, size_t length);

/* A line that nobody is told of; it keeps connections from being thought dead. */
extern void respond_sse_comment(JsonText *text);

/* The blank line. */
extern void respond_sse_end(JsonText *text);

#endif							/* RESPOND_SSE_TEXT_H */
