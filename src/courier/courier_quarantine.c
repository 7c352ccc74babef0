/*-------------------------------------------------------------------------
 * courier_quarantine.c
 *	  Deliveries that kill couriers.
 *
 * A courier commits a marker of its own life when it begins.  The next one that
 * finds it and learns that this life ended by its own doing (death_word.h) takes
 * care: it sends deliveries one by one, and commits a marker of each before it
 * touches it.  The marker goes with the outcome.  If the courier dies again while
 * one was under way alone, the death counts for that delivery; after two of them
 * it is given up, and not touched any more than that.
 *
 * Waiting for answers would make this last as long as all timeouts together.  So
 * when a delivery has been under way for a while, another one may join it; should
 * the courier die then, nobody is accused, but the pause is twice as long for its
 * successor.
 *
 * Care ends with the culprit, or after some hundred deliveries or a minute, a few times as much when
 * couriers die one after the other.  A delivery that has a marker is met with care
 * again, whenever its turn comes.
 *
 * src/courier/courier_quarantine.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/grow.h"
#include "common/kept_plan.h"
#include "courier/courier_quarantine.h"
#include "transport/transport.h"
#include "worker/back_off.h"
#include "worker/death_word.h"
#include "worker/worker.h"

/* Tries of a delivery alone; after them it is given up. */
#define CAREFUL_TRIES		2

/*
 * How long care is taken after the first death, and after which time another one
 * may join: doubled with each further death, up to a bound.
 */
#define CAREFUL_DELIVERIES	512
#define CAREFUL_TIME_US		(60 * USECS_PER_SEC)
#define CARE_DOUBLED		2
#define PAUSE_FIRST_US		USECS_PER_SEC
#define PAUSE_LONGEST_US	(256 * USECS_PER_SEC)

/* A courier that lived so long did not die over what the one before it died over. */
#define UNRELATED			"1 hour"

/* Marks the courier itself; deliveries have positive numbers. */
#define COURIER				INT64CONST(0)

/* A marker that this process has committed, or found. */
typedef struct Marked
{
	int64		id;
	bool		under_way;		/* else its marker may go */
	bool		accused;		/* a courier died while it was alone; its marker stays until it is touched */
} Marked;

static Marked *marked = NULL;
static int	marked_count = 0;
static int	marked_room = 0;

static int	deaths = 0;			/* one after the other, before this process */
static int	careful_left = 0;	/* deliveries that are to be sent with care */
static TimestampTz careful_until = 0;
static TimestampTz last_start = 0;

static KeptPlan read_courier = {
	"SELECT s.life, s.tries, EXISTS (SELECT FROM respond_internal.suspect_delivery AS o"
	"  WHERE o.life OPERATOR(pg_catalog.=) s.life AND o.delivery_id OPERATOR(pg_catalog.>) 0 AND o.alone),"
	" s.at OPERATOR(pg_catalog.>) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)"
	" '" UNRELATED "'::pg_catalog.interval)"
	" FROM respond_internal.suspect_delivery AS s WHERE s.delivery_id OPERATOR(pg_catalog.=) 0",
	0, {0}
};

/* Those that ended otherwise, and those of a delivery that nobody accuses. */
static KeptPlan drop_stale = {
	"DELETE FROM respond_internal.suspect_delivery AS s WHERE s.delivery_id OPERATOR(pg_catalog.>) 0"
	" AND NOT EXISTS (SELECT FROM respond.delivery AS d WHERE d.id OPERATOR(pg_catalog.=) s.delivery_id"
	"  AND d.created_at OPERATOR(pg_catalog.=) s.created_at AND d.status OPERATOR(pg_catalog.=) 'pending')",
	0, {0}
};

static KeptPlan read_marked = {
	"SELECT s.delivery_id FROM respond_internal.suspect_delivery AS s WHERE s.delivery_id OPERATOR(pg_catalog.>) 0",
	0, {0}
};

static KeptPlan read_marker = {
	"SELECT s.life, s.tries, s.vanished, s.alone FROM respond_internal.suspect_delivery AS s"
	" WHERE s.delivery_id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};

static KeptPlan write_marker = {
	"INSERT INTO respond_internal.suspect_delivery AS s (delivery_id, created_at, tries, vanished, life, alone)"
	" VALUES ($1, $2, $3, $4, $5, $6)"
	" ON CONFLICT (delivery_id) DO UPDATE SET created_at = excluded.created_at, tries = excluded.tries,"
	" vanished = excluded.vanished, life = excluded.life, alone = excluded.alone, at = pg_catalog.clock_timestamp()",
	6, {INT8OID, TIMESTAMPTZOID, INT4OID, INT4OID, INT8OID, BOOLOID}
};

static KeptPlan join_others = {
	"UPDATE respond_internal.suspect_delivery AS s SET alone = false"
	" WHERE s.life OPERATOR(pg_catalog.=) $1 AND s.delivery_id OPERATOR(pg_catalog.>) 0 AND s.alone",
	1, {INT8OID}
};

static KeptPlan delete_marker = {
	"DELETE FROM respond_internal.suspect_delivery AS s WHERE s.delivery_id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};

/* What a marker says of the tries so far. */
typedef struct Marker
{
	int			tries;
	int			vanished;
} Marker;

static Datum
value_of(uint64 row, int column)
{
	bool		is_null;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null);
}

static void
begin(void)
{
	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
}

/* On disk when it returns: shared memory does not outlive what may come. */
static void
commit(void)
{
	SPI_finish();
	PopActiveSnapshot();
	ForceSyncCommit();
	respond_worker_commit();
}

static void
put_marker(int64 id, TimestampTz created_at, const Marker *marker, bool alone)
{
	Datum		values[6] = {Int64GetDatum(id), TimestampTzGetDatum(created_at), Int32GetDatum(marker->tries),
	Int32GetDatum(marker->vanished), Int64GetDatum(respond_death_word_life()), BoolGetDatum(alone)};

	respond_kept_plan_run(&write_marker, values, NULL);
}

static void
drop_marker(int64 id)
{
	Datum		value = Int64GetDatum(id);

	respond_kept_plan_run(&delete_marker, &value, NULL);
}

static Marked *
find_marked(int64 id)
{
	for (int i = 0; i < marked_count; i++)
		if (marked[i].id == id)
			return &marked[i];
	return NULL;
}

static Marked *
add_marked(int64 id)
{
	Marked	   *found = find_marked(id);

	if (found != NULL)
		return found;
	marked = respond_grow(TopMemoryContext, marked, marked_count, &marked_room, sizeof(Marked));
	found = &marked[marked_count++];
	memset(found, 0, sizeof(Marked));
	found->id = id;
	return found;
}

static void
remove_marked(Marked *entry)
{
	*entry = marked[--marked_count];
}

static void
take_care(TimestampTz now)
{
	int			doubled = Min(Max(deaths - 1, 0), CARE_DOUBLED);

	careful_left = CAREFUL_DELIVERIES << doubled;
	careful_until = now + (CAREFUL_TIME_US << doubled);
}

static int64
pause_us(void)
{
	return respond_back_off(PAUSE_FIRST_US, PAUSE_LONGEST_US, deaths - 1);
}

/* How the courier before this one ended. */
static void
judge_predecessor(void)
{
	static bool told = false;
	int			vanished = 0;
	int			before;

	deaths = 0;
	if (respond_kept_plan_run(&read_courier, NULL, NULL) == 0)
		return;
	before = DatumGetBool(value_of(0, 4)) ? DatumGetInt32(value_of(0, 2)) : 0;
	deaths = before;
	respond_death_word_count(DatumGetInt64(value_of(0, 1)), &deaths, &vanished);
	/* care was enough to find one whom it can be blamed on */
	if (before > 0 && DatumGetBool(value_of(0, 3)))
		deaths = before;
	/* one that others ended leaves its care to its successor */
	if (deaths > 0 && !told)
		ereport(LOG,
				(errmsg("a courier before this one died; deliveries are sent one by one for a while")));
	told = deaths > 0;
}

static void
find_accused(void)
{
	uint64		count = respond_kept_plan_run(&read_marked, NULL, NULL);

	for (uint64 i = 0; i < count; i++)
		add_marked(DatumGetInt64(value_of(i, 1)))->accused = true;
}

void
respond_courier_quarantine_begin(void)
{
	Marker		marker = {0};

	begin();
	judge_predecessor();
	respond_kept_plan_run(&drop_stale, NULL, NULL);
	find_accused();
	marker.tries = deaths;
	put_marker(COURIER, 0, &marker, false);
	commit();
	if (deaths > 0 || marked_count > 0)
		take_care(GetCurrentTimestamp());
}

static int
count_under_way(void)
{
	int			count = 0;

	for (int i = 0; i < marked_count; i++)
		count += marked[i].under_way;
	return count;
}

bool
respond_courier_quarantine_is_careful(TimestampTz now, TimestampTz *until)
{
	*until = 0;
	if (careful_left > 0 && now >= careful_until && count_under_way() == 0)
		careful_left = 0;
	if (careful_left <= 0)
		return false;
	/* the last test: the clock may have been put back */
	if (respond_transport_running() > 0 && now < last_start + pause_us() && now >= last_start)
		*until = last_start + pause_us();
	return true;
}

bool
respond_courier_quarantine_suspects(const Entry *entry)
{
	const Marked *found = marked_count > 0 ? find_marked(entry->id) : NULL;

	if (found == NULL || !found->accused)
		return false;
	if (careful_left <= 0)
		take_care(GetCurrentTimestamp());
	return true;
}

/* The tries that count, the new one included. */
static Marker
count_try(const Entry *entry)
{
	Datum		value = Int64GetDatum(entry->id);
	Marker		marker = {1, 0};
	int			tries;
	int64		life;

	if (respond_kept_plan_run(&read_marker, &value, NULL) == 0)
		return marker;
	life = DatumGetInt64(value_of(0, 1));
	marker.tries = tries = DatumGetInt32(value_of(0, 2));
	marker.vanished = DatumGetInt32(value_of(0, 3));
	if (life == respond_death_word_life())
		return marker;
	respond_death_word_count(life, &marker.tries, &marker.vanished);
	/* it may have been another one that was under way */
	if (!DatumGetBool(value_of(0, 4)))
		marker.tries = tries;
	return marker;
}

static void
drop_let_go(void)
{
	for (int i = 0; i < marked_count; i++)
		if (!marked[i].under_way && !marked[i].accused)
			drop_marker(marked[i].id);
}

static void
forget_let_go(void)
{
	for (int i = marked_count - 1; i >= 0; i--)
		if (!marked[i].under_way && !marked[i].accused)
			remove_marked(&marked[i]);
}

bool
respond_courier_quarantine_mark(const Entry *entry)
{
	bool		alone = respond_transport_running() == 0;
	Datum		life = Int64GetDatum(respond_death_word_life());
	Marked	   *added;
	Marker		marker;

	Assert(entry->state == ENTRY_SENDING && careful_left > 0);
	begin();
	drop_let_go();
	if (!alone)
		respond_kept_plan_run(&join_others, &life, NULL);
	marker = count_try(entry);
	put_marker(entry->id, entry->created_at, &marker, alone);
	commit();
	forget_let_go();
	added = add_marked(entry->id);
	added->under_way = true;
	added->accused = marker.tries > 1;
	last_start = GetCurrentTimestamp();
	careful_left--;
	return marker.tries <= CAREFUL_TRIES;
}

const char *
respond_courier_quarantine_reason(void)
{
	return psprintf("the courier died %d times while it sent this delivery alone", CAREFUL_TRIES);
}

void
respond_courier_quarantine_let_go(const Entry *entry)
{
	Marked	   *found = find_marked(entry->id);

	if (found != NULL)
		found->under_way = false;
}

void
respond_courier_quarantine_clear(const Entry *entry)
{
	if (marked_count == 0 || find_marked(entry->id) == NULL)
		return;
	Assert(IsTransactionState());
	SPI_connect();
	drop_marker(entry->id);
	SPI_finish();
	/* if it came back with a crash, it would accuse who is done */
	ForceSyncCommit();
}

void
respond_courier_quarantine_forget(const Entry *entry)
{
	Marked	   *found = marked_count > 0 ? find_marked(entry->id) : NULL;

	if (found == NULL)
		return;
	remove_marked(found);
	/* there is the culprit */
	if (entry->given_up)
		deaths = careful_left = 0;
}
