/*-------------------------------------------------------------------------
 * rotation.c
 *	  Whose turn it is.
 *
 * Between two times at which somebody becomes a member or stops being one, turns
 * are counted and not walked through.
 *
 * src/on_call/rotation.c
 *-------------------------------------------------------------------------
 */
#include "on_call/rotation.h"

#include <stddef.h>

#include "calendar/day.h"
#include "calendar/local_time.h"

#define SECOND	INT64_C(1000000)

/* 2000-01-01 in seconds since 1970. */
#define EPOCH	INT64_C(946684800)

/* Where the walk over the changes has come to. */
typedef struct Turn
{
	int64_t		at;
	int64_t		number;			/* of the shift; -1: before the first */
	int			last;			/* the member who was on last; -1: there was none */
	bool		on;				/* and is */
	int64_t		since;			/* when who is on, or that nobody is, changed last */
} Turn;

static int64_t
add_months(int64_t local, int64_t months)
{
	int64_t		day = respond_floor_divide(local, DAY);
	int64_t		found;
	Month		month;
	int64_t		year;
	int64_t		count;
	int			of_month;

	respond_month_find(day, &month);
	of_month = (int) (day - month.first) + 1;
	count = month.year * 12 + month.month - 1 + months;
	year = respond_floor_divide(count, 12);
	while (!respond_day_find(year, (int) (count - year * 12) + 1, of_month, &found))
		of_month--;
	return found * DAY + local - day * DAY;
}

static int64_t
unit_seconds(const Rotation *rotation)
{
	return rotation->unit == ROTATION_HOUR ? 3600 : rotation->unit == ROTATION_DAY ? DAY : 7 * DAY;
}

/* When a shift begins, in seconds since 1970. */
static int64_t
handoff(const Rotation *rotation, int64_t number)
{
	int64_t		units = number * rotation->length;
	int64_t		local = rotation->unit == ROTATION_MONTH ? add_months(rotation->starts, units) :
		rotation->starts + units * unit_seconds(rotation);

	return respond_local_instant(&rotation->zone, local, NULL);
}

static int64_t
months_of(int64_t local)
{
	Month		month;

	respond_month_find(respond_floor_divide(local, DAY), &month);
	return month.year * 12 + month.month;
}

/* The last shift that has begun; -1 before the first. */
static int64_t
number_at(const Rotation *rotation, int64_t at)
{
	int64_t		instant = respond_floor_divide(at, SECOND) + EPOCH;
	int64_t		end;
	int64_t		local = instant + rotation->zone.offset(rotation->zone.zone, instant, &end);
	int64_t		units = rotation->unit == ROTATION_MONTH ? months_of(local) - months_of(rotation->starts) :
		respond_floor_divide(local - rotation->starts, unit_seconds(rotation));
	int64_t		number = respond_floor_divide(units, rotation->length);

	if (number < -1)
		number = -1;
	/* the clock may have been changed since, or be changed soon */
	while (number >= 0 && handoff(rotation, number) > instant)
		number--;
	while (handoff(rotation, number + 1) <= instant)
		number++;
	return number;
}

static bool
is_member(const RotationMember *member, int64_t at)
{
	return member->valid_from <= at && at < member->valid_to;
}

/* So many turns later, of those who are members at a time. */
static void
go_on(const Rotation *rotation, int64_t turns, int64_t at, Turn *turn)
{
	int			count = 0;
	int			member = turn->last;

	for (int i = 0; i < rotation->member_count; i++)
		count += is_member(&rotation->members[i], at);
	turn->on = count > 0;
	if (count == 0)
		return;
	for (int64_t left = (turns - 1) % count + 1; left > 0;)
	{
		member = (member + 1) % rotation->member_count;
		left -= is_member(&rotation->members[member], at);
	}
	turn->last = member;
}

/* To a time up to which, and not at which, the list of members is the one at turn->at. */
static void
pass(const Rotation *rotation, int64_t to, Turn *turn)
{
	int64_t		number = number_at(rotation, to);

	if (number > turn->number)
		go_on(rotation, number - turn->number, turn->at, turn);
	turn->number = number;
}

/* The list of members changes, or the rotation starts. */
static void
change(const Rotation *rotation, int64_t at, Turn *turn)
{
	bool		first = turn->number < 0;
	bool		was_on = turn->on;
	int			last = turn->last;

	/* a handoff at this very time goes by the new list */
	turn->at = at;
	if (number_at(rotation, at) > turn->number)
		pass(rotation, at, turn);
	else if (!turn->on || !is_member(&rotation->members[turn->last], at))
		go_on(rotation, 1, at, turn);
	else
		return;
	if (first || turn->on != was_on || turn->last != last)
		turn->since = at;
}

/* The first time after one at which the list of members changes. */
static int64_t
next_change(const Rotation *rotation, int64_t after)
{
	int64_t		next = ROTATION_END;

	for (int i = 0; i < rotation->member_count; i++)
	{
		const RotationMember *member = &rotation->members[i];

		if (member->valid_from > after && member->valid_from < next)
			next = member->valid_from;
		if (member->valid_to > after && member->valid_to < next)
			next = member->valid_to;
	}
	return next;
}

static int64_t
server_time(int64_t instant)
{
	int64_t		time;

	if (__builtin_mul_overflow(instant - EPOCH, SECOND, &time))
		return instant < EPOCH ? ROTATION_BEGIN : ROTATION_END;
	return time;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void
respond_rotation_shift(const Rotation *rotation, int64_t at, RotationShift *shift)
{
	Turn		turn = {.number = -1, .last = -1, .since = ROTATION_BEGIN};
	int64_t		next = server_time(handoff(rotation, 0));

	shift->member = NULL;
	shift->from = ROTATION_BEGIN;
	shift->to = next;
	if (at < next)
		return;
	do
	{
		if (turn.number >= 0)
			pass(rotation, next - 1, &turn);
		change(rotation, next, &turn);
		next = next_change(rotation, next);
	} while (next <= at);
	pass(rotation, at, &turn);
	shift->from = turn.since;
	shift->to = next;
	if (!turn.on)
		return;
	/* who is on may go before the handoff, or have come after the one before */
	shift->member = &rotation->members[turn.last];
	shift->from = later(turn.since, server_time(handoff(rotation, turn.number)));
	shift->to = earlier(shift->member->valid_to, server_time(handoff(rotation, turn.number + 1)));
}
