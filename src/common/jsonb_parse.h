/*-------------------------------------------------------------------------
 * jsonb_parse.h
 *	  A jsonb from text of strangers, which may be none.
 *
 * src/common/jsonb_parse.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSONB_PARSE_H
#define RESPOND_JSONB_PARSE_H

#include "utils/jsonb.h"

/*
 * The value that the text, which is in the encoding of the database, stands for, in
 * the caller's memory context.  NULL: it cannot be stored; *message says why,
 * unless message is NULL.
 */
extern Jsonb *respond_jsonb_parse(const char *text, const char **message);

#endif							/* RESPOND_JSONB_PARSE_H */
