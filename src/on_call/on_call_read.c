/*-------------------------------------------------------------------------
 * on_call_read.c
 *	  Rotations, and who is on call for a team, as the active snapshot sees them.
 *
 * src/on_call/on_call_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "calendar/calendar_row.h"
#include "calendar/zone_server.h"
#include "common/arena_server.h"
#include "common/kept_plan.h"
#include "common/zone_read.h"
#include "desk/agent.h"
#include "on_call/on_call_read.h"
#include "on_call/on_call_row.h"

static KeptPlan find_rotation = {
	"SELECT r.timezone, r.starts, r.unit, r.length FROM respond.rotation AS r WHERE r.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};
static KeptPlan find_members = {
	"SELECT m.agent, m.valid_from, m.valid_to FROM respond.rotation_member AS m"
	" WHERE m.rotation OPERATOR(pg_catalog.=) $1 ORDER BY m.position, m.id",
	1, {TEXTOID}
};
static KeptPlan find_layers = {
	"SELECT l.rotation, l.agent, l.windows, l.timezone, l.valid_from, l.valid_to, r.timezone,"
	" r.starts, r.unit, r.length FROM respond.on_call_layer AS l"
	" LEFT JOIN respond.rotation AS r ON r.name OPERATOR(pg_catalog.=) l.rotation"
	" WHERE l.team OPERATOR(pg_catalog.=) $1 ORDER BY l.position, l.id",
	1, {TEXTOID}
};
static KeptPlan find_overrides = {
	"SELECT o.kind, o.agent, o.with_agent, o.from_time, o.to_time FROM respond.on_call_override AS o"
	" WHERE o.team OPERATOR(pg_catalog.=) $1 AND o.from_time OPERATOR(pg_catalog.<=) $2"
	" AND o.to_time OPERATOR(pg_catalog.>=) $3 ORDER BY o.from_time, o.id",
	3, {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
};
static KeptPlan find_absent = {
	"SELECT a.name FROM respond.agent AS a WHERE NOT a.available AND a.name OPERATOR(pg_catalog.=) ANY ($1)",
	1, {TEXTARRAYOID}
};

typedef struct Reader
{
	MemoryContext context;		/* of what is read */
	Arena	   *arena;
	List	   *names;			/* of all that may be on call, as text Datums */
} Reader;

static Datum
value_of(uint64 row, int column, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, is_null);
}

static char *
text_of(Reader *reader, uint64 row, int column)
{
	bool		is_null;
	Datum		value = value_of(row, column, &is_null);
	MemoryContext before;
	char	   *result;

	if (is_null)
		return NULL;
	before = MemoryContextSwitchTo(reader->context);
	result = TextDatumGetCString(value);
	MemoryContextSwitchTo(before);
	return result;
}

/* The name of an agent. */
static char *
agent_of(Reader *reader, uint64 row, int column)
{
	char	   *name = text_of(reader, row, column);
	MemoryContext before = MemoryContextSwitchTo(reader->context);

	if (name != NULL)
		reader->names = lappend(reader->names, name);
	MemoryContextSwitchTo(before);
	return name;
}

static int64
time_of(uint64 row, int column, int64 none)
{
	bool		is_null;
	Datum		value = value_of(row, column, &is_null);

	return is_null ? none : DatumGetTimestampTz(value);
}

/* From four columns. */
static void
take_rotation(Reader *reader, Rotation *rotation, uint64 row, int column)
{
	bool		is_null;

	rotation->zone = respond_zone_of(respond_zone_read("timezone", text_of(reader, row, column)));
	rotation->starts = respond_time_to_seconds(DatumGetTimestamp(value_of(row, column + 1, &is_null)));
	if (!respond_rotation_unit(text_of(reader, row, column + 2), &rotation->unit))
		elog(ERROR, "a rotation has no unit");
	rotation->length = DatumGetInt32(value_of(row, column + 3, &is_null));
}

static void
read_members(Reader *reader, Rotation *rotation, const char *name)
{
	Datum		value = CStringGetTextDatum(name);
	uint64		count = respond_kept_plan_run_stable(&find_members, &value, NULL);
	RotationMember *members = MemoryContextAlloc(reader->context, sizeof(RotationMember) * (count + 1));

	for (uint64 i = 0; i < count; i++)
	{
		members[i].agent = agent_of(reader, i, 1);
		members[i].valid_from = time_of(i, 2, ROTATION_BEGIN);
		members[i].valid_to = time_of(i, 3, ROTATION_END);
	}
	rotation->members = members;
	rotation->member_count = (int) count;
}

Rotation *
respond_rotation_read(const char *name)
{
	Reader		reader = {.context = CurrentMemoryContext};
	Rotation   *rotation = palloc0(sizeof(Rotation));
	Datum		value;

	SPI_connect();
	value = CStringGetTextDatum(name);
	if (respond_kept_plan_run_stable(&find_rotation, &value, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no rotation \"%s\"", name),
				 errhint("respond.rotation lists the rotations.")));
	take_rotation(&reader, rotation, 0, 1);
	read_members(&reader, rotation, name);
	SPI_finish();
	return rotation;
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static Calendar *
read_windows(Reader *reader, Jsonb *windows, const char *timezone)
{
	CalendarRules *rules = MemoryContextAllocZero(reader->context, sizeof(CalendarRules));
	ArenaSource source = respond_arena_source_in(reader->context);

	if (reader->arena == NULL)
		reader->arena = respond_arena_create_in(reader->context);
	rules->zone = respond_zone_of(respond_zone_read("timezone", timezone));
	rules->check_interrupts = check_interrupts;
	respond_calendar_read_week(reader->arena, windows, &rules->week);
	return respond_calendar_create(rules, &source);
}

static void
read_layers(Reader *reader, OnCallTeam *team, Datum name)
{
	uint64		count = respond_kept_plan_run_stable(&find_layers, &name, NULL);
	OnCallLayer *layers = MemoryContextAllocZero(reader->context, sizeof(OnCallLayer) * (count + 1));
	char	  **rotations = palloc(sizeof(char *) * (count + 1));

	for (uint64 i = 0; i < count; i++)
	{
		char	   *timezone = text_of(reader, i, 4);
		bool		no_windows;
		Datum		windows = value_of(i, 3, &no_windows);
		Rotation   *rotation;

		layers[i].agent = agent_of(reader, i, 2);
		layers[i].valid_from = time_of(i, 5, ROTATION_BEGIN);
		layers[i].valid_to = time_of(i, 6, ROTATION_END);
		rotations[i] = text_of(reader, i, 1);
		if (rotations[i] != NULL)
		{
			rotation = MemoryContextAllocZero(reader->context, sizeof(Rotation));
			take_rotation(reader, rotation, i, 7);
			layers[i].rotation = rotation;
			timezone = timezone == NULL ? text_of(reader, i, 7) : timezone;
		}
		if (!no_windows)
			layers[i].windows = read_windows(reader, DatumGetJsonbPCopy(windows), timezone == NULL ? "UTC" : timezone);
	}
	for (uint64 i = 0; i < count; i++)
		if (rotations[i] != NULL)
			read_members(reader, unconstify(Rotation *, layers[i].rotation), rotations[i]);
	team->layers = layers;
	team->layer_count = (int) count;
}

static void
read_overrides(Reader *reader, OnCallTeam *team, Datum name, const int64 *at)
{
	Datum		values[3] = {name, TimestampTzGetDatum(at == NULL ? DT_NOEND : *at),
	TimestampTzGetDatum(at == NULL ? DT_NOBEGIN : *at)};
	uint64		count = respond_kept_plan_run_stable(&find_overrides, values, NULL);
	OnCallOverride *overrides = MemoryContextAllocZero(reader->context, sizeof(OnCallOverride) * (count + 1));

	for (uint64 i = 0; i < count; i++)
	{
		if (!respond_override_kind(text_of(reader, i, 1), &overrides[i].kind))
			elog(ERROR, "an override has no kind");
		overrides[i].agent = agent_of(reader, i, 2);
		overrides[i].with_agent = agent_of(reader, i, 3);
		overrides[i].from = time_of(i, 4, ROTATION_BEGIN);
		overrides[i].to = time_of(i, 5, ROTATION_END);
	}
	team->overrides = overrides;
	team->override_count = (int) count;
}

static void
read_absent(Reader *reader, OnCallTeam *team)
{
	Datum	   *names = palloc(sizeof(Datum) * (list_length(reader->names) + 1));
	const char **absent;
	int			count = 0;
	ListCell   *cell;
	Datum		value;

	foreach(cell, reader->names)
		names[count++] = CStringGetTextDatum(lfirst(cell));
	if (count == 0)
		return;
	value = PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
	team->absent_count = (int) respond_kept_plan_run_stable(&find_absent, &value, NULL);
	absent = MemoryContextAlloc(reader->context, sizeof(char *) * (team->absent_count + 1));
	for (int i = 0; i < team->absent_count; i++)
		absent[i] = text_of(reader, i, 1);
	team->absent = absent;
}

OnCallTeam *
respond_on_call_read(const char *team, const int64 *at)
{
	Reader		reader = {.context = CurrentMemoryContext};
	OnCallTeam *result = palloc0(sizeof(OnCallTeam));
	Datum		name;

	SPI_connect();
	name = CStringGetTextDatum(team);
	read_layers(&reader, result, name);
	read_overrides(&reader, result, name, at);
	if (at != NULL)
		read_absent(&reader, result);
	SPI_finish();
	return result;
}

List *
respond_on_call_names(const char *team, int64 at, bool *planned)
{
	bool		push = !ActiveSnapshotSet();
	OnCallTeam *plan;
	OnCallPiece piece;
	List	   *names = NIL;

	if (push)
		PushActiveSnapshot(GetTransactionSnapshot());
	plan = respond_on_call_read(team, &at);
	if (push)
		PopActiveSnapshot();
	piece.people = palloc(sizeof(OnCallPerson) * (plan->override_count + 1));
	respond_on_call_piece(plan, at, &piece);
	for (int i = 0; i < piece.count; i++)
		names = lappend(names, pstrdup(piece.people[i].agent));
	*planned = plan->layer_count > 0 || plan->override_count > 0;
	return names;
}
