/*-------------------------------------------------------------------------
 * rest_tag.h
 *	  Entity tags of answers.
 *
 * src/rest/rest_tag.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_TAG_H
#define RESPOND_REST_TAG_H

#include "rest/rest_call.h"

/* The tag of a row as JSON, in its quotes, palloc'd: the same row has the same tag. */
extern char *respond_rest_tag(const char *json);

/* Gives the answer the tag. */
extern void respond_rest_tag_put(RestCall *call, const char *tag);

/* Answers with 304 if the caller has the row with this tag already. */
extern bool respond_rest_tag_is_known(RestCall *call, const char *tag);

#endif							/* RESPOND_REST_TAG_H */
