/*-------------------------------------------------------------------------
 * tag_path.h
 *	  The path in a tag, such as data.new.id or data.new["my column"].
 *
 * Parts stand behind dots.  One that holds white space, dots or anything else
 * is written in brackets and quotes, ["my column"] or ['my column'], where \"
 * \' \\ and \u0041 (ASCII only) mean what they mean in JSON.
 *
 * src/common/tag_path.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TAG_PATH_H
#define RESPOND_TAG_PATH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct TagPart
{
	const char *name;			/* in the text, or in the buffer when it had a backslash */
	size_t		length;
	bool		quoted;			/* never the place of an item in a list */
} TagPart;

typedef enum TagPathStatus
{
	TAG_PATH_PART,
	TAG_PATH_END,
	TAG_PATH_EMPTY,				/* a part is empty, or stands behind no dot */
	TAG_PATH_UNCLOSED,			/* a quoted part does not end with a quote and a bracket */
	TAG_PATH_ESCAPE				/* a backslash that means nothing */
} TagPathStatus;

/*
 * Reads the part of the path text at *at, which is 0 at first, and steps
 * behind it.  buffer: room for length bytes, which belong to the part.
 */
extern TagPathStatus respond_tag_path_next(const char *text, size_t length, size_t *at, char *buffer, TagPart *part);

/* Most parts that the path can have. */
extern size_t respond_tag_path_room(const char *text, size_t length);

/*
 * Bytes from the start of text to the first `what` outside of quoted parts, or
 * length when there is none.  what: '|', or ' ' for white space.
 */
extern size_t respond_tag_path_find(const char *text, size_t length, char what);

#endif							/* RESPOND_TAG_PATH_H */
