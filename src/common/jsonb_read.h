/*-------------------------------------------------------------------------
 * jsonb_read.h
 *	  Members of a jsonb that may be anything.
 *
 * What is not as expected counts as missing: NULL for an object, an object that is
 * none, a member that is not there or of another type.
 *
 * src/common/jsonb_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSONB_READ_H
#define RESPOND_JSONB_READ_H

#include "utils/jsonb.h"

static inline JsonbContainer *
respond_jsonb_root(const Jsonb *document)
{
	return document != NULL ? unconstify(JsonbContainer *, &document->root) : NULL;
}

/* False when it is missing. */
extern bool respond_jsonb_find(JsonbContainer *object, const char *name, JsonbValue *value);

/* An object or an array; NULL when it is missing. */
extern JsonbContainer *respond_jsonb_find_container(JsonbContainer *object, const char *name);

/* 0 when it is missing, or no integer of 64 bits. */
extern int64 respond_jsonb_find_int64(JsonbContainer *object, const char *name);

/* False when it is missing. */
extern bool respond_jsonb_find_flag(JsonbContainer *object, const char *name);

/* palloc'd; NULL when it is missing. */
extern char *respond_jsonb_find_text(JsonbContainer *object, const char *name);
extern Jsonb *respond_jsonb_find_member(JsonbContainer *object, const char *name);

#endif							/* RESPOND_JSONB_READ_H */
