/*-------------------------------------------------------------------------
 * breaker_status.c
 *	  Breakers that are open, in shared memory: for health(), and to try at once.
 *
 * The courier alone knows its breakers.  It shows those that hold something back
 * in a small table of the cluster; what finds no place there is held back all
 * the same, and not told of.  The other way goes one wish: somebody says that
 * the receiver is well again, and does not want to wait for the next probe.
 *
 * src/courier/breaker_status.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "common/shmem_area.h"
#include "courier/breaker_status.h"

#define PLACES		64
#define TRANCHE		"PgRespondBreakers"

/* Longest name that is shown, in bytes; it is compared nowhere. */
#define SHOWN_NAME	320

typedef struct ShownBreaker
{
	Oid			database;		/* InvalidOid: the place is free */
	bool		is_channel;
	bool		probing;		/* a request is under way to find out */
	bool		try_now;
	int			failures;
	int			answer;
	TimestampTz since;
	TimestampTz until;
	char		name[SHOWN_NAME];
} ShownBreaker;

typedef struct BreakerTable
{
	LWLock	   *lock;
	ShownBreaker places[PLACES];
} BreakerTable;

PG_FUNCTION_INFO_V1(respond_breakers);
PG_FUNCTION_INFO_V1(respond_breakers_try_now);

static BreakerTable *table = NULL;
static Breaker *shown[PLACES];	/* of this process */

static void
fill(const ShmemArea *area, LWLock *lock)
{
	table->lock = lock;
}

static const ShmemArea area = {"pg_respond breakers", sizeof(BreakerTable), TRANCHE, fill, (void **) &table};

void
respond_breaker_status_initialize(void)
{
	respond_shmem_area_request(&area);
}

void
respond_breaker_status_clear(void)
{
	LWLockAcquire(table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PLACES; i++)
		if (table->places[i].database == MyDatabaseId)
			table->places[i].database = InvalidOid;
	LWLockRelease(table->lock);
}

static ShownBreaker *
find_place(Breaker *breaker, TimestampTz now)
{
	Assert(LWLockHeldByMeInMode(table->lock, LW_EXCLUSIVE));
	for (int i = 0; breaker->shown == 0 && i < PLACES; i++)
	{
		if (table->places[i].database != InvalidOid)
			continue;
		memset(&table->places[i], 0, sizeof(ShownBreaker));
		table->places[i].since = now;
		shown[i] = breaker;
		breaker->shown = i + 1;
	}
	return breaker->shown != 0 ? &table->places[breaker->shown - 1] : NULL;
}

void
respond_breaker_status_show(Breaker *breaker, TimestampTz now)
{
	ShownBreaker *place;

	LWLockAcquire(table->lock, LW_EXCLUSIVE);
	place = find_place(breaker, now);
	if (place != NULL)
	{
		place->database = MyDatabaseId;
		place->is_channel = breaker->is_channel;
		place->probing = breaker->state == BREAKER_HALF_OPEN;
		place->failures = breaker->failures;
		place->answer = breaker->last_answer;
		place->until = breaker->open_until;
		strlcpy(place->name, breaker->name, sizeof(place->name));
	}
	LWLockRelease(table->lock);
}

void
respond_breaker_status_hide(Breaker *breaker)
{
	if (breaker->shown == 0)
		return;
	Assert(shown[breaker->shown - 1] == breaker);
	LWLockAcquire(table->lock, LW_EXCLUSIVE);
	table->places[breaker->shown - 1].database = InvalidOid;
	LWLockRelease(table->lock);
	shown[breaker->shown - 1] = NULL;
	breaker->shown = 0;
}

void
respond_breaker_status_take_up(TimestampTz now)
{
	LWLockAcquire(table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PLACES; i++)
	{
		ShownBreaker *place = &table->places[i];

		if (shown[i] == NULL || place->database != MyDatabaseId || !place->try_now)
			continue;
		place->try_now = false;
		shown[i]->open_until = place->until = Min(shown[i]->open_until, now);
	}
	LWLockRelease(table->lock);
}

/* Fit for the database: hosts are in UTF-8, and a name may be cut. */
static text *
shown_name(const ShownBreaker *place)
{
	char	   *name = pstrdup(place->name);

	name[pg_mbcliplen(name, strlen(name), strlen(name))] = '\0';
	if (GetDatabaseEncoding() != PG_UTF8 && !place->is_channel)
		for (char *s = name; *s != '\0'; s++)
			if (IS_HIGHBIT_SET(*s))
				*s = '?';
	return cstring_to_text(name);
}

/* breakers() RETURNS SETOF (name, is_channel, probing, failures, answer, since, until) */
Datum
respond_breakers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ShownBreaker *copy = palloc(sizeof(ShownBreaker) * PLACES);

	InitMaterializedSRF(fcinfo, 0);
	if (table == NULL)
		return (Datum) 0;
	LWLockAcquire(table->lock, LW_SHARED);
	memcpy(copy, table->places, sizeof(ShownBreaker) * PLACES);
	LWLockRelease(table->lock);
	for (int i = 0; i < PLACES; i++)
	{
		const ShownBreaker *place = &copy[i];
		Datum		values[7];
		bool		nulls[7] = {false};

		if (place->database != MyDatabaseId)
			continue;
		values[0] = PointerGetDatum(shown_name(place));
		values[1] = BoolGetDatum(place->is_channel);
		values[2] = BoolGetDatum(place->probing);
		values[3] = Int32GetDatum(place->failures);
		values[4] = Int32GetDatum(place->answer);
		nulls[4] = place->answer == 0;
		values[5] = TimestampTzGetDatum(place->since);
		values[6] = TimestampTzGetDatum(place->until);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* breakers_try_now() RETURNS void */
Datum
respond_breakers_try_now(PG_FUNCTION_ARGS)
{
	if (table == NULL)
		PG_RETURN_VOID();
	LWLockAcquire(table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PLACES; i++)
		if (table->places[i].database == MyDatabaseId)
			table->places[i].try_now = true;
	LWLockRelease(table->lock);
	PG_RETURN_VOID();
}
