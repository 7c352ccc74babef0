/*-------------------------------------------------------------------------
 * owner_tags.h
 *	  Tags {{path}} in the SQL of a rule: parameters, never text.
 *
 * src/owner/owner_tags.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_TAGS_H
#define RESPOND_OWNER_TAGS_H

#include "utils/jsonb.h"

#include "event/event.h"

/* A name that only this SQL can refer to. */
typedef struct SqlLocal
{
	const char *name;
	Jsonb	   *value;
} SqlLocal;

/* What the SQL can refer to; each may be NULL. */
typedef struct SqlInput
{
	const Event *event;
	Jsonb	   *steps;			/* the data chain */
	Jsonb	   *error;			/* of the step that failed, in on_failure */
	int			local_count;
	const SqlLocal *locals;
} SqlInput;

typedef struct SqlTag
{
	int			offset;			/* of its $n in the translated text, in bytes */
	int			length;			/* of $n */
	int			source_offset;	/* of {{ in the text as written */
	int			source_length;
	int			part_count;
	char	  **parts;			/* "data", "new", "id" */
	Oid			type;			/* of the parameter, UNKNOWNOID until the place decides it */
} SqlTag;

typedef struct SqlTags
{
	const char *text;			/* with $n in place of the tags */
	int			count;
	SqlTag	   *tags;
} SqlTags;

/*
 * Replaces every tag outside of quotes and comments by $n, counted from
 * first_number.  locals: names that it may begin with beside those that every rule
 * has, NULL at the end; NULL: none.  A tag inside quotes and one whose first name nothing has are
 * refused with ERRCODE_RESPOND_INVALID_RULE.  The result is allocated in
 * context.
 */
extern SqlTags *respond_sql_tags_translate(const char *text, int first_number, const char *const *locals,
										   MemoryContext context);

/* The offset in the text as written of an offset in the translated text. */
extern int	respond_sql_tags_source_offset(const SqlTags *tags, int offset);

/*
 * The value that the tag names, as a datum of tag->type, made by that type's
 * own input function: call it with the rights of the owner.  A JSON type takes
 * the value as it is, an array type takes a JSON array; every other type takes
 * the text of the value.  Missing values and null are SQL NULLs.
 */
extern Datum respond_sql_tag_value(const SqlTag *tag, const SqlInput *input, bool *is_null);

#endif							/* RESPOND_OWNER_TAGS_H */
