/*-------------------------------------------------------------------------
 * on_call.c
 *	  Who is on call for a team.
 *
 * Each thing that is looked at has said the same since some time, and will until
 * some time; a piece lies between the latest and the earliest of these.
 *
 * src/on_call/on_call.c
 *-------------------------------------------------------------------------
 */
#include "on_call/on_call.h"

#include <stddef.h>
#include <string.h>

/* A period of a week that is not without end is over by then, also when clocks are changed. */
#define LONGEST_PERIOD	(9 * CALENDAR_DAY)

static void
not_before(OnCallPiece *piece, int64_t time)
{
	if (time > piece->from)
		piece->from = time;
}

static void
not_after(OnCallPiece *piece, int64_t time)
{
	if (time < piece->to)
		piece->to = time;
}

/* Whether a time is between two others; the piece does not go over these. */
static bool
is_between(int64_t from, int64_t to, int64_t at, OnCallPiece *piece)
{
	if (at < from)
		not_after(piece, from);
	else
		not_before(piece, from);
	if (at < to)
		not_after(piece, to);
	else
		not_before(piece, to);
	return from <= at && at < to;
}

static bool
is_in_window(Calendar *windows, int64_t at, OnCallPiece *piece)
{
	int64_t		begin = at - LONGEST_PERIOD;
	int64_t		from = begin;
	int64_t		open;
	int64_t		close;
	int64_t		edge;

	while (respond_calendar_period(windows, from, at + 1, &open, &close))
	{
		/* cut there */
		if (close == at + 1)
		{
			if (open > begin)
				not_before(piece, open);
			if (respond_calendar_next_close(windows, at, &edge))
				not_after(piece, edge);
			return true;
		}
		from = close;
		not_before(piece, close);
	}
	if (respond_calendar_next_open(windows, at, &edge))
		not_after(piece, edge);
	return false;
}

static bool
is_absent(const OnCallTeam *team, const char *agent)
{
	for (int i = 0; i < team->absent_count; i++)
		if (strcmp(team->absent[i], agent) == 0)
			return true;
	return false;
}

/* Who a layer says, NULL: nobody. */
static const char *
agent_of_layer(const OnCallLayer *layer, int64_t at, OnCallPiece *piece, int64_t *turn)
{
	RotationShift shift;

	*turn = ROTATION_BEGIN;
	if (!is_between(layer->valid_from, layer->valid_to, at, piece))
		return NULL;
	if (layer->windows != NULL && !is_in_window(layer->windows, at, piece))
		return NULL;
	if (layer->rotation == NULL)
		return layer->agent;
	respond_rotation_shift(layer->rotation, at, &shift);
	not_before(piece, shift.from);
	not_after(piece, shift.to);
	*turn = shift.from;
	return shift.member == NULL ? NULL : shift.member->agent;
}

static void
ask_layers(const OnCallTeam *team, int64_t at, OnCallPiece *piece)
{
	for (int i = 0; i < team->layer_count; i++)
	{
		OnCallPerson *person = &piece->people[0];

		person->agent = agent_of_layer(&team->layers[i], at, piece, &person->turn);
		person->source = i;
		if (person->agent != NULL && !is_absent(team, person->agent))
		{
			piece->count = 1;
			return;
		}
	}
}

static int
find_person(const OnCallPiece *piece, const char *agent)
{
	for (int i = 0; i < piece->count; i++)
		if (strcmp(piece->people[i].agent, agent) == 0)
			return i;
	return -1;
}

/* Who was on before any of them. */
static void
replace(const OnCallTeam *team, int64_t at, OnCallPiece *piece)
{
	const char *agent = piece->count > 0 ? piece->people[0].agent : NULL;

	for (int i = 0; i < team->override_count; i++)
	{
		const OnCallOverride *one = &team->overrides[i];

		if (is_between(one->from, one->to, at, piece) && one->kind == OVERRIDE_REPLACE && agent != NULL &&
			strcmp(one->agent, agent) == 0)
		{
			piece->people[0].agent = one->with_agent;
			piece->people[0].source = team->layer_count + i;
		}
	}
}

static void
remove_person(OnCallPiece *piece, int place)
{
	piece->count--;
	memmove(&piece->people[place], &piece->people[place + 1], sizeof(OnCallPerson) * (piece->count - place));
}

static void
apply(const OnCallTeam *team, OverrideKind kind, int64_t at, OnCallPiece *piece)
{
	for (int i = 0; i < team->override_count; i++)
	{
		const OnCallOverride *one = &team->overrides[i];
		int			place;

		if (one->kind != kind || at < one->from || at >= one->to)
			continue;
		place = find_person(piece, one->agent);
		if (kind == OVERRIDE_REMOVE && place >= 0)
			remove_person(piece, place);
		if (kind == OVERRIDE_ADD && place < 0)
			piece->people[piece->count++] = (OnCallPerson) {one->agent, team->layer_count + i, ROTATION_BEGIN};
	}
}

void
respond_on_call_piece(const OnCallTeam *team, int64_t at, OnCallPiece *piece)
{
	piece->from = ROTATION_BEGIN;
	piece->to = ROTATION_END;
	piece->count = 0;
	ask_layers(team, at, piece);
	replace(team, at, piece);
	apply(team, OVERRIDE_REMOVE, at, piece);
	apply(team, OVERRIDE_ADD, at, piece);
	for (int i = piece->count - 1; i >= 0; i--)
		if (is_absent(team, piece->people[i].agent))
			remove_person(piece, i);
}
