/*-------------------------------------------------------------------------
 * json_text.h
 *	  JSON written as text, for bodies of answers.
 *
 * It builds without a server.
 *
 * src/companion/json_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_TEXT_H
#define RESPOND_JSON_TEXT_H

#include "common/arena.h"

typedef struct JsonText
{
	Arena	   *arena;
	char	   *bytes;			/* in the arena; a NUL follows them */
	size_t		length;
	size_t		capacity;
} JsonText;

extern void respond_json_text_begin(JsonText *text, Arena *arena);

/* Bytes as they are: brackets, numbers, a value that is JSON already. */
extern void respond_json_text_raw(JsonText *text, const char *bytes, size_t length);
extern void respond_json_text_put(JsonText *text, const char *string);

/* A string in UTF-8; bytes that are none become U+FFFD. */
extern void respond_json_text_string(JsonText *text, const char *bytes, size_t length);

/* What comes next is a member of this name, or an element; a comma before it if there has to be one. */
extern void respond_json_text_member(JsonText *text, const char *name);
extern void respond_json_text_element(JsonText *text);

/* A member that is a string. */
extern void respond_json_text_pair(JsonText *text, const char *name, const char *value);

#endif							/* RESPOND_JSON_TEXT_H */
