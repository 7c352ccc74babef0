/*-------------------------------------------------------------------------
 * mask_path.h
 *	  Which fields of which events a mask names.
 *
 * src/audit/mask_path.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MASK_PATH_H
#define RESPOND_MASK_PATH_H

#include "common/shape.h"

/* Most names in a path. */
#define MASK_MAX_NAMES	32

typedef struct MaskPath
{
	char	   *event_type;		/* "*" stands for any run of characters */
	char	   *names[MASK_MAX_NAMES];	/* "*": any name */
	int			count;
} MaskPath;

/* Reads a path such as "card.number" into the current memory context; names beyond the most are left out. */
extern void respond_mask_path_parse(MaskPath *mask, const char *event_type, const char *path);

extern bool respond_mask_type_matches(const MaskPath *mask, const char *type);

/* Whether the names, from the outermost on, are those of the path; by_suffix: whether the last of them are. */
extern bool respond_mask_path_matches(const MaskPath *mask, const char *const *names, int count, bool by_suffix);

/* Columns of respond.mask as our code numbers them. */
enum
{
	MASK_ID, MASK_EVENT_TYPE, MASK_PATH, MASK_REASON, MASK_ACTOR, MASK_COLUMNS
};

extern const Shape respond_shape_mask;

#endif							/* RESPOND_MASK_PATH_H */
