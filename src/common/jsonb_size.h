/*-------------------------------------------------------------------------
 * jsonb_size.h
 *	  How long jsonb is as text, without writing it, and text that has a limit.
 *
 * Whoever turns jsonb that somebody else wrote into text asks here first: by
 * way of numbers, 130 kB of jsonb can be 786 MB of text.
 *
 * src/common/jsonb_size.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSONB_SIZE_H
#define RESPOND_JSONB_SIZE_H

#include "utils/jsonb.h"

/*
 * Bytes that jsonb_out would write, without the NUL.  Stops counting beyond
 * limit: then the result is some number greater than limit.
 */
extern Size respond_jsonb_text_size(JsonbContainer *container, Size limit);

/* The same for a part of a document; a string counts with its quotes. */
extern Size respond_jsonb_value_text_size(const JsonbValue *value, Size limit);

/*
 * Whether the text has limit bytes at most.  size: bytes of the container,
 * by which most documents can be told without reading their strings.
 */
extern bool respond_jsonb_text_fits(JsonbContainer *container, Size size, Size limit);

/*
 * The text of a whole document or of a part of one, palloc'd; a string as it
 * is, without quotes.  Raises ERRCODE_RESPOND_LIMIT when it would be longer than
 * pg_respond.max_rendered_size.
 */
extern char *respond_jsonb_text(Jsonb *document);
extern char *respond_jsonb_value_text(const JsonbValue *value);

/* Raises the same for a text of that size. */
extern void respond_check_text_size(Size size);

#endif							/* RESPOND_JSONB_SIZE_H */
