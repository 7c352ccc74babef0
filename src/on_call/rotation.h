/*-------------------------------------------------------------------------
 * rotation.h
 *	  Whose turn it is, as a pure function of a rotation and its members; builds
 *	  without a server.
 *
 * Handoffs are local times, so many units after the start; one that the clock
 * leaves out is at the first instant after the gap, one that is shown twice is at
 * the first.  A shift without a second in it counts as a turn all the same.
 *
 * At each handoff the next of those goes on who are members then, by position,
 * after the one who was on last.  Who stops being a member is off at once, and
 * the next one takes the rest of the shift.  If there is nobody, the first one
 * who becomes a member goes on at once.  Otherwise a changed list of members
 * changes nothing before the next handoff.
 *
 * Times are microseconds since 2000-01-01 in UTC, as the server's.
 *
 * src/on_call/rotation.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ROTATION_H
#define RESPOND_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "calendar/zone.h"

#define ROTATION_BEGIN	INT64_MIN	/* the server's infinities */
#define ROTATION_END	INT64_MAX

/* Most units of a shift. */
#define ROTATION_LONGEST	10000

typedef enum RotationUnit
{
	ROTATION_HOUR, ROTATION_DAY, ROTATION_WEEK, ROTATION_MONTH
} RotationUnit;

typedef struct RotationMember
{
	const char *agent;
	int64_t		valid_from;		/* the first time */
	int64_t		valid_to;		/* the first time no more */
} RotationMember;

typedef struct Rotation
{
	Zone		zone;
	int64_t		starts;			/* local seconds since 1970, as if in UTC */
	RotationUnit unit;
	int			length;			/* units of a shift, 1 to ROTATION_LONGEST */
	int			member_count;
	const RotationMember *members;	/* in the order of their turns */
} Rotation;

typedef struct RotationShift
{
	const RotationMember *member;	/* NULL: nobody */
	int64_t		from;
	int64_t		to;
} RotationShift;

/*
 * The shift at a time that is finite and valid for the server; where there is
 * nobody, the time without anybody, whatever handoffs are in it.
 */
extern void respond_rotation_shift(const Rotation *rotation, int64_t at, RotationShift *shift);

#endif							/* RESPOND_ROTATION_H */
