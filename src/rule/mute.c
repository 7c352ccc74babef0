/*-------------------------------------------------------------------------
 * mute.c
 *	  Events that are silenced by a row of respond.mute.
 *
 * src/rule/mute.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "rule/flatten_event.h"
#include "rule/pattern_jsonb.h"
#include "rule/rule_set_parts.h"

typedef struct Mute
{
	TimestampTz from_time;
	TimestampTz until_time;		/* infinity when there is none */
	const char *reason;
} Mute;

struct MuteSet
{
	int			count;
	Mute	   *mutes;
	MatchState *state;
};

static Mute
read_mute(HeapTuple row, TupleDesc descriptor)
{
	Mute		mute;
	bool		is_null;
	Datum		value;

	mute.from_time = DatumGetTimestampTz(SPI_getbinval(row, descriptor, 1, &is_null));
	value = SPI_getbinval(row, descriptor, 2, &is_null);
	mute.until_time = is_null ? DT_NOEND : DatumGetTimestampTz(value);
	mute.reason = TextDatumGetCString(SPI_getbinval(row, descriptor, 3, &is_null));
	return mute;
}

MuteSet *
respond_mute_set_load(MemoryContext context)
{
	MuteSet    *set;
	Matcher    *matcher;
	ArenaSource source = respond_arena_source_in(context);

	SPI_connect();
	if (SPI_execute("SELECT from_time, until_time, coalesce(reason, 'mute ' || id), event_type, pattern FROM respond.mute ORDER BY id",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read respond.mute");
	MemoryContextSwitchTo(context);
	set = palloc0(sizeof(MuteSet));
	set->count = (int) SPI_processed;
	set->mutes = palloc(sizeof(Mute) * (set->count + 1));
	matcher = respond_matcher_begin(&source);
	for (int i = 0; i < set->count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	descriptor = SPI_tuptable->tupdesc;
		PatternError error;
		bool		is_null;
		char	   *type = TextDatumGetCString(SPI_getbinval(row, descriptor, 4, &is_null));
		Datum		pattern = SPI_getbinval(row, descriptor, 5, &is_null);

		set->mutes[i] = read_mute(row, descriptor);
		if (!respond_matcher_add_jsonb(matcher, i, type, is_null ? NULL : DatumGetJsonbP(pattern), &error))
			ereport(WARNING,
					(errmsg("mute \"%s\" is left out: pattern.%s: %s",
							set->mutes[i].reason, error.place, error.message)));
	}
	respond_matcher_finish(matcher);
	set->state = respond_matcher_state_create(matcher, &source);
	SPI_finish();
	return set;
}

/* The time that counts is when the event was recorded, so a late look finds the same. */
const char *
respond_mute_set_find(MuteSet *set, const Event *event)
{
	const int  *numbers;
	int			count;

	if (set->count == 0)
		return NULL;
	respond_flatten_event(respond_state_event(set->state), event);
	respond_matcher_match(set->state, &numbers, &count);
	for (int i = 0; i < count; i++)
	{
		const Mute *mute = &set->mutes[numbers[i]];

		if (event->recorded_at >= mute->from_time && event->recorded_at < mute->until_time)
			return mute->reason;
	}
	return NULL;
}
