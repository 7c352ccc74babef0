/*-------------------------------------------------------------------------
 * channel_cache.c
 *	  Channels and their kinds, read once and kept compiled.
 *
 * Dispatchers render messages with them, the courier sends by them.  Both hear
 * of changes as of an invalidation of respond.channel, which arrives when the
 * change commits.  Then one query tells which rows are still those that were
 * compiled (by the transaction that wrote them and their place in the table);
 * the others are dropped, and read anew when they are wanted.  All channels of
 * a kind share it.
 *
 * What was dropped stays in memory for a while, because somebody may hold a
 * pointer to it: until the change after the next, or, in the courier, until it
 * says that it holds none any more.
 *
 * A row that cannot be used is kept with the reason, so that it is told once and
 * not looked for again.
 *
 * src/channel/channel_cache.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "storage/itemptr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "channel/channel_row.h"
#include "common/error_class.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/relation_change.h"

/* Longest name of a channel in bytes, as the trigger keeps it. */
#define NAME_SIZE	256

/* Where a row stands and who wrote it: another version of it has another one of these. */
typedef struct RowVersion
{
	TransactionId xmin;			/* InvalidTransactionId: there is no row */
	ItemPointerData place;
} RowVersion;

typedef struct CachedKind
{
	pg_uuid_t	id;
	RowVersion	version;
	MemoryContext context;		/* of this and all that it points to */
	int			users;			/* channels */
	ChannelKind *kind;
	struct CachedKind *next;
} CachedKind;

typedef struct CachedChannel
{
	char		name[NAME_SIZE];	/* hash key */
	RowVersion	version;
	RowVersion	kind_version;
	MemoryContext context;		/* of the channel */
	CachedKind *kind;			/* NULL: broken */
	uint64		seen;			/* the last generation that it was found in */
	const Channel *channel;
} CachedChannel;

/* A channel that is not in force any more. */
typedef struct Retired
{
	struct Retired *next;
	uint64		generation;		/* in which it was dropped */
	MemoryContext context;
	CachedKind *kind;
} Retired;

static KeptPlan find_channel = {CHANNEL_ROW_QUERY, 1, {TEXTOID}};

static KeptPlan read_versions = {
	"SELECT c.name, c.xmin, c.ctid, k.xmin, k.ctid FROM respond.channel AS c"
	" LEFT JOIN respond.channel_kind AS k ON k.id OPERATOR(pg_catalog.=) c.kind_id",
	0, {0}
};

static HTAB *cache = NULL;
static CachedKind *kinds = NULL;	/* few, so a list */
static Retired *retired = NULL;
static bool released_by_hand = false;
static uint64 generation = 1;	/* of what the tables say */
static uint64 cached_generation = 0;	/* of what the cache holds */
static Oid	channel_table = InvalidOid;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == channel_table)
		generation++;
}

uint64
respond_channel_generation(void)
{
	static bool registered = false;

	if (!registered)
	{
		respond_relation_on_change(table_changed);
		registered = true;
	}
	AcceptInvalidationMessages();
	return generation;
}

static RowVersion
version_of(HeapTuple row, TupleDesc desc, int column)
{
	RowVersion	version = {InvalidTransactionId};
	bool		is_null;
	Datum		xmin = SPI_getbinval(row, desc, column, &is_null);

	if (is_null)
		return version;
	version.xmin = DatumGetTransactionId(xmin);
	version.place = *(ItemPointer) DatumGetPointer(SPI_getbinval(row, desc, column + 1, &is_null));
	return version;
}

static bool
same_version(RowVersion *a, RowVersion *b)
{
	if (a->xmin != b->xmin)
		return false;
	return a->xmin == InvalidTransactionId || ItemPointerEquals(&a->place, &b->place);
}

static void
leave_kind(CachedKind *kind)
{
	Assert(kind == NULL || kind->users > 0);
	if (kind == NULL || --kind->users > 0)
		return;
	for (CachedKind **place = &kinds; *place != NULL; place = &(*place)->next)
	{
		if (*place != kind)
			continue;
		*place = kind->next;
		break;
	}
	MemoryContextDelete(kind->context);
}

/* Frees what was dropped before this generation. */
static void
free_retired(uint64 before)
{
	Retired   **place = &retired;

	while (*place != NULL)
	{
		Retired    *dropped = *place;

		if (dropped->generation >= before)
		{
			place = &dropped->next;
			continue;
		}
		*place = dropped->next;
		leave_kind(dropped->kind);
		/* dropped itself lies in it */
		MemoryContextDelete(dropped->context);
	}
}

static void
drop(CachedChannel *entry)
{
	Retired    *dropped = MemoryContextAlloc(entry->context, sizeof(Retired));

	dropped->context = entry->context;
	dropped->kind = entry->kind;
	dropped->generation = cached_generation;
	dropped->next = retired;
	retired = dropped;
	hash_search(cache, entry->name, HASH_REMOVE, NULL);
}

static void
mark_row(HeapTuple row, TupleDesc desc, uint64 current)
{
	char		key[NAME_SIZE] = {0};
	char	   *name = SPI_getvalue(row, desc, 1);
	RowVersion	version = version_of(row, desc, 2);
	RowVersion	kind_version = version_of(row, desc, 4);
	CachedChannel *entry;

	strlcpy(key, name, sizeof(key));
	pfree(name);
	entry = hash_search(cache, key, HASH_FIND, NULL);
	if (entry != NULL && same_version(&entry->version, &version) && same_version(&entry->kind_version, &kind_version))
		entry->seen = current;
}

/* Drops what is not in the tables any more as it was compiled. */
static void
refresh(uint64 current)
{
	HASH_SEQ_STATUS walk;
	CachedChannel *entry;

	channel_table = respond_relation_oid("respond", "channel");
	SPI_connect();
	respond_kept_plan_run(&read_versions, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		mark_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, current);
	SPI_finish();
	hash_seq_init(&walk, cache);
	while ((entry = hash_seq_search(&walk)) != NULL)
		if (entry->seen != current)
			drop(entry);
	if (!released_by_hand)
		free_retired(cached_generation);
	cached_generation = current;
}

static void
open_cache(void)
{
	HASHCTL		control = {.keysize = NAME_SIZE,.entrysize = sizeof(CachedChannel),.hcxt = TopMemoryContext};

	channel_table = respond_relation_oid("respond", "channel");
	cache = hash_create("pg_respond channels", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

/* The kind of the row, compiled once; NULL when it is gone. */
static CachedKind *
find_kind(HeapTuple row, TupleDesc desc)
{
	RowVersion	version = version_of(row, desc, CHANNEL_ROW_KIND_XMIN + 1);
	MemoryContext context;
	MemoryContext caller;
	CachedKind *entry;
	bool		is_null;
	pg_uuid_t	id;

	if (version.xmin == InvalidTransactionId)
		return NULL;
	id = *DatumGetUUIDP(SPI_getbinval(row, desc, CHANNEL_ROW_KIND_COLUMNS + 1, &is_null));
	for (entry = kinds; entry != NULL; entry = entry->next)
		if (memcmp(&entry->id, &id, sizeof(id)) == 0 && same_version(&entry->version, &version))
			return entry;
	/* below the caller's context until it is complete, so that an error leaves nothing behind */
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond kind", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	entry = palloc0(sizeof(CachedKind));
	entry->id = id;
	entry->version = version;
	entry->context = context;
	entry->kind = respond_channel_kind_compile(row, desc, CHANNEL_ROW_KIND_COLUMNS + 1);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, TopMemoryContext);
	entry->next = kinds;
	kinds = entry;
	return entry;
}

/* A copy of the row, so that SPI is left before anything in it can be at fault. */
static HeapTuple
find_row(const char *name, TupleDesc *desc)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = CStringGetTextDatum(name);
	HeapTuple	row = NULL;

	SPI_connect();
	if (respond_kept_plan_run(&find_channel, &value, NULL) > 0)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		row = heap_copytuple(SPI_tuptable->vals[0]);
		*desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return row;
}

static Channel *
broken_channel(HeapTuple row, TupleDesc desc, const char *reason)
{
	Channel    *channel = palloc0(sizeof(Channel));
	bool		is_null;

	channel->id = *DatumGetUUIDP(SPI_getbinval(row, desc, CHANNEL_ROW_ID + 1, &is_null));
	channel->name = SPI_getvalue(row, desc, CHANNEL_ROW_NAME + 1);
	channel->kind = SPI_getvalue(row, desc, CHANNEL_ROW_KIND + 1);
	channel->host = "";
	channel->broken = pstrdup(reason);
	return channel;
}

/*
 * In the current memory context.  Only memory is touched, so an error can be
 * caught without a subtransaction; a dump may bring rows that no trigger saw.
 */
static const Channel *
compile_or_break(HeapTuple row, TupleDesc desc, CachedKind **kind)
{
	MemoryContext context = CurrentMemoryContext;
	Channel    *volatile channel = NULL;

	PG_TRY();
	{
		*kind = find_kind(row, desc);
		channel = respond_channel_compile(row, desc, *kind != NULL ? (*kind)->kind : NULL);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		channel = broken_channel(row, desc, error->message);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return channel;
}

static const Channel *
load(const char *name)
{
	char		key[NAME_SIZE] = {0};
	TupleDesc	desc;
	HeapTuple	row = find_row(name, &desc);
	CachedChannel loaded = {.seen = cached_generation};
	CachedChannel *entry;
	MemoryContext caller;

	if (row == NULL)
		return NULL;
	loaded.version = version_of(row, desc, CHANNEL_ROW_XMIN + 1);
	loaded.kind_version = version_of(row, desc, CHANNEL_ROW_KIND_XMIN + 1);
	loaded.context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond channel", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(loaded.context);
	loaded.channel = compile_or_break(row, desc, &loaded.kind);
	MemoryContextSwitchTo(caller);
	strlcpy(key, name, sizeof(key));
	entry = hash_search(cache, key, HASH_ENTER, NULL);
	strlcpy(loaded.name, key, sizeof(loaded.name));
	*entry = loaded;
	MemoryContextSetParent(loaded.context, TopMemoryContext);
	if (loaded.kind != NULL)
		loaded.kind->users++;
	heap_freetuple(row);
	FreeTupleDesc(desc);
	return loaded.channel;
}

const Channel *
respond_channel_find(const char *name)
{
	uint64		current = respond_channel_generation();
	char		key[NAME_SIZE] = {0};
	CachedChannel *entry;

	if (strlen(name) >= NAME_SIZE)
		return NULL;
	if (cache == NULL)
		open_cache();
	if (cached_generation != current)
		refresh(current);
	strlcpy(key, name, sizeof(key));
	entry = hash_search(cache, key, HASH_FIND, NULL);
	return entry != NULL ? entry->channel : load(name);
}

List *
respond_channel_find_all(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *names = NIL;
	List	   *channels = NIL;
	ListCell   *cell;

	released_by_hand = true;
	SPI_connect();
	respond_kept_plan_run(&read_versions, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		names = lappend(names, pstrdup(name));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	foreach(cell, names)
	{
		const Channel *channel = respond_channel_find(lfirst(cell));

		if (channel != NULL)
			channels = lappend(channels, unconstify(Channel *, channel));
	}
	list_free_deep(names);
	return channels;
}

void
respond_channel_release(void)
{
	free_retired(PG_UINT64_MAX);
}
