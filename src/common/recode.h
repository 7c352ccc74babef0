/*-------------------------------------------------------------------------
 * recode.h
 *	  Between the encoding of the database and UTF-8.
 *
 * src/common/recode.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RECODE_H
#define RESPOND_RECODE_H

#include "common/json_value.h"

/* Whether texts of this database have to be recoded at all. */
extern bool respond_recodes(void);

/*
 * Text of the database as UTF-8, palloc'd, or the text itself when it is the same.
 * A byte that has no equivalent stays as it is, so that it equals itself.
 */
extern const char *respond_to_utf8(const char *text, size_t *length);

/* The same for all strings and names of a tree, in place. */
extern void respond_tree_to_utf8(JsonValue *value);

/*
 * Text in UTF-8 as text of the database, in place; what has no
 * equivalent becomes a question mark, what does not fit room is cut off.
 */
extern void respond_from_utf8(char *text, size_t room);

/*
 * Bytes of this encoding as text of the database, palloc'd; what has no equivalent
 * becomes a question mark.  NULL: they are no text in it.
 */
extern char *respond_from_encoding(const char *bytes, size_t length, int encoding);

/* Text in UTF-8 as text of the database, palloc'd; NULL: some of it has no equivalent. */
extern char *respond_from_utf8_whole(const char *text);

#endif							/* RESPOND_RECODE_H */
