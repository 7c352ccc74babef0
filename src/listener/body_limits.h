/*-------------------------------------------------------------------------
 * body_limits.h
 *	  How large bodies may be, by path.
 *
 * src/listener/body_limits.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BODY_LIMITS_H
#define RESPOND_BODY_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "companion/frame.h"

/* Without a word from a worker. */
#define BODY_LIMIT_DEFAULT	((uint64_t) 1024 * 1024)

/* With its head, what is larger does not fit into a frame. */
#define BODY_LIMIT_HIGHEST	((uint64_t) FRAME_MAX_LENGTH - 65536)

typedef struct BodyLimit
{
	char	   *path;
	size_t		length;
	uint64_t	bytes;
} BodyLimit;

typedef struct BodyLimits
{
	uint64_t	others;			/* of paths that are not in the list */
	int			count;
	BodyLimit  *limits;			/* sorted by path */
} BodyLimits;

/* Reads FRAME_LIMITS; false: it is not one, and the limits are those of before. */
extern bool respond_body_limits_read(BodyLimits *limits, Frame *frame);

/* Of a path: that of the longest path of the list that is the same or above it. */
extern uint64_t respond_body_limits_of(const BodyLimits *limits, const char *path, size_t length);

extern void respond_body_limits_free(BodyLimits *limits);

#endif							/* RESPOND_BODY_LIMITS_H */
