/*-------------------------------------------------------------------------
 * on_call_functions.c
 *	  The functions of rotations and of who is on call, in SQL.
 *
 * src/on_call/on_call_functions.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "desk/agent.h"
#include "on_call/on_call_read.h"

/* Most pieces that are walked through to where a shift began or ends. */
#define MOST_PIECES		10000

PG_FUNCTION_INFO_V1(respond_rotation_shift_at);
PG_FUNCTION_INFO_V1(respond_on_call_now);
PG_FUNCTION_INFO_V1(respond_on_call_shifts);
PG_FUNCTION_INFO_V1(respond_on_call_gaps);

static bool
is_valid(int64 time)
{
	return !TIMESTAMP_NOT_FINITE(time) && IS_VALID_TIMESTAMP(time);
}

/* One that the server has; infinity beyond. */
static Datum
time_datum(int64 time)
{
	if (!is_valid(time))
		time = time < 0 ? DT_NOBEGIN : DT_NOEND;
	return TimestampTzGetDatum(time);
}

/* respond.rotation_shift(rotation text, at timestamptz) returns record */
Datum
respond_rotation_shift_at(PG_FUNCTION_ARGS)
{
	Rotation   *rotation = respond_rotation_read(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	TupleDesc	desc;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};
	RotationShift shift;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "rotation_shift() must return a row");
	if (!TIMESTAMP_NOT_FINITE(at))
	{
		respond_rotation_shift(rotation, at, &shift);
		nulls[0] = shift.member == NULL;
		if (!nulls[0])
			values[0] = CStringGetTextDatum(shift.member->agent);
		values[1] = time_datum(shift.from);
		values[2] = time_datum(shift.to);
		nulls[1] = nulls[2] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static void
require_team(const char *team)
{
	if (!respond_team_exists(team))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no team \"%s\"", team),
				 errhint("respond.team lists the teams.")));
}

/* respond.on_call_now(team text, at timestamptz) returns setof text */
Datum
respond_on_call_now(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *team = text_to_cstring(PG_GETARG_TEXT_PP(0));
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	bool		planned;
	List	   *names;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (TIMESTAMP_NOT_FINITE(at))
		return (Datum) 0;
	names = respond_on_call_names(team, at, &planned);
	if (!planned)
		require_team(team);
	foreach(cell, names)
	{
		Datum		value = CStringGetTextDatum(lfirst(cell));
		bool		is_null = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &is_null);
	}
	return (Datum) 0;
}

static void
require_finite(const char *argument, TimestampTz time)
{
	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s: it is infinite", argument),
				 errhint("Say from when and until when the plan is wanted.")));
}

/* The plan of the first argument. */
static OnCallTeam *
begin(FunctionCallInfo fcinfo)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	OnCallTeam *team;

	require_finite("a", PG_GETARG_TIMESTAMPTZ(1));
	require_finite("b", PG_GETARG_TIMESTAMPTZ(2));
	InitMaterializedSRF(fcinfo, 0);
	team = respond_on_call_read(name, NULL);
	if (team->layer_count == 0 && team->override_count == 0)
		require_team(name);
	return team;
}

static OnCallPerson *
find_same(const OnCallPiece *piece, const OnCallPerson *person)
{
	for (int i = 0; i < piece->count; i++)
	{
		OnCallPerson *other = &piece->people[i];

		if (other->source == person->source && other->turn == person->turn && strcmp(other->agent, person->agent) == 0)
			return other;
	}
	return NULL;
}

/* How far the shift of somebody goes, forward or back, from the piece that is given and spoilt. */
static int64
follow(const OnCallTeam *team, const OnCallPerson *person, OnCallPiece *piece, bool forward)
{
	int64		edge = forward ? piece->to : piece->from;

	for (int i = 0; i < MOST_PIECES && is_valid(edge) && is_valid(edge - 1); i++)
	{
		CHECK_FOR_INTERRUPTS();
		respond_on_call_piece(team, forward ? edge : edge - 1, piece);
		if (find_same(piece, person) == NULL)
			break;
		edge = forward ? piece->to : piece->from;
	}
	return edge;
}

static void
put(FunctionCallInfo fcinfo, const char *agent, int64 from, int64 to)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	int			count = 0;

	if (agent != NULL)
		values[count++] = CStringGetTextDatum(agent);
	values[count++] = time_datum(from);
	values[count++] = time_datum(to);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* respond.on_call_shifts(team text, a timestamptz, b timestamptz) returns setof record */
Datum
respond_on_call_shifts(PG_FUNCTION_ARGS)
{
	OnCallTeam *team = begin(fcinfo);
	int64		b = PG_GETARG_TIMESTAMPTZ(2);
	Size		size = sizeof(OnCallPerson) * (team->override_count + 1);
	OnCallPiece piece = {.people = palloc(size)};
	OnCallPiece before = {.people = palloc(size)};
	OnCallPiece other = {.people = palloc(size)};
	bool		first = true;

	for (int64 at = PG_GETARG_TIMESTAMPTZ(1); at < b; at = piece.to)
	{
		CHECK_FOR_INTERRUPTS();
		respond_on_call_piece(team, at, &piece);
		for (int i = 0; i < piece.count; i++)
		{
			int64		from = piece.from;

			/* a shift is told of once, with the first of its pieces */
			if (find_same(&before, &piece.people[i]) != NULL)
				continue;
			other.from = piece.from;
			other.to = piece.to;
			if (first)
				from = follow(team, &piece.people[i], &other, false);
			other.to = piece.to;
			put(fcinfo, piece.people[i].agent, from, follow(team, &piece.people[i], &other, true));
		}
		first = false;
		before.count = piece.count;
		memcpy(before.people, piece.people, sizeof(OnCallPerson) * piece.count);
	}
	return (Datum) 0;
}

/* respond.on_call_gaps(team text, a timestamptz, b timestamptz) returns setof record */
Datum
respond_on_call_gaps(PG_FUNCTION_ARGS)
{
	OnCallTeam *team = begin(fcinfo);
	int64		b = PG_GETARG_TIMESTAMPTZ(2);
	int64		gap = b;
	OnCallPiece piece = {.people = palloc(sizeof(OnCallPerson) * (team->override_count + 1))};

	for (int64 at = PG_GETARG_TIMESTAMPTZ(1); at < b; at = piece.to)
	{
		CHECK_FOR_INTERRUPTS();
		respond_on_call_piece(team, at, &piece);
		if (piece.count == 0)
			gap = Min(gap, at);
		else
		{
			if (gap < at)
				put(fcinfo, NULL, gap, at);
			gap = b;
		}
	}
	if (gap < b)
		put(fcinfo, NULL, gap, b);
	return (Datum) 0;
}
