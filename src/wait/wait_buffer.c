/*-------------------------------------------------------------------------
 * wait_buffer.c
 *	  Waits that are armed and not yet written.
 *
 * The buffer is small, so it is searched from one end to the other: writing
 * more rows at once would not be cheaper.
 *
 * src/wait/wait_buffer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/sequence.h"
#include "utils/memutils.h"

#include "common/partition_write.h"
#include "wait/wait_buffer.h"
#include "wait/wait_key.h"

#define BUFFER_ROWS		256
#define BUFFER_BYTES	((Size) 4 * 1024 * 1024)

typedef struct BufferedWait
{
	int64		key_hash;
	Wait	   *wait;			/* NULL: it was taken */
} BufferedWait;

static MemoryContext buffer_context;	/* NULL until the first use in a process */
static BufferedWait waits[BUFFER_ROWS];
static int	wait_count;
static HeardEvent *heard_events[BUFFER_ROWS];	/* NULL: it was taken */
static int	heard_count;

static MemoryContext
get_context(void)
{
	if (buffer_context == NULL)
		buffer_context = AllocSetContextCreate(TopMemoryContext, "pg_respond waits", ALLOCSET_DEFAULT_SIZES);
	return buffer_context;
}

bool
respond_wait_buffer_is_empty(void)
{
	return wait_count == 0 && heard_count == 0;
}

void
respond_wait_buffer_forget(void)
{
	wait_count = 0;
	heard_count = 0;
	if (buffer_context != NULL)
		MemoryContextReset(buffer_context);
}

static void
write_waits(void)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "wait"),
															&respond_shape_wait);

	for (int i = 0; i < wait_count; i++)
	{
		Datum		values[WAIT_ROW_COLUMNS];
		bool		nulls[WAIT_ROW_COLUMNS];

		if (waits[i].wait == NULL)
			continue;
		respond_wait_form(waits[i].wait, waits[i].key_hash, values, nulls);
		respond_partition_writer_add(writer, 0, values, nulls);
	}
	respond_partition_writer_close(writer);
}

static void
write_heard(void)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "heard"),
															&respond_shape_heard);

	for (int i = 0; i < heard_count; i++)
	{
		Datum		values[HEARD_COLUMNS];
		bool		nulls[HEARD_COLUMNS];

		if (heard_events[i] == NULL)
			continue;
		respond_heard_form(heard_events[i], values, nulls);
		respond_partition_writer_add(writer, 0, values, nulls);
	}
	respond_partition_writer_close(writer);
}

void
respond_wait_buffer_write(void)
{
	MemoryContext caller = MemoryContextSwitchTo(get_context());

	if (wait_count > 0)
		write_waits();
	if (heard_count > 0)
		write_heard();
	MemoryContextSwitchTo(caller);
	respond_wait_buffer_forget();
	CommandCounterIncrement();
}

static void
make_room(void)
{
	if (wait_count == BUFFER_ROWS || heard_count == BUFFER_ROWS ||
		MemoryContextMemAllocated(get_context(), false) > BUFFER_BYTES)
		respond_wait_buffer_write();
}

void
respond_wait_buffer_add(const Wait *wait)
{
	MemoryContext caller;

	make_room();
	caller = MemoryContextSwitchTo(get_context());
	waits[wait_count].wait = respond_wait_copy(wait);
	waits[wait_count].key_hash = respond_wait_key_hash(wait->key);
	wait_count++;
	MemoryContextSwitchTo(caller);
}

void
respond_wait_buffer_hear(const HeardEvent *heard)
{
	HeardEvent *copy;

	make_room();
	copy = MemoryContextAlloc(get_context(), sizeof(HeardEvent));
	*copy = *heard;
	copy->step = MemoryContextStrdup(get_context(), heard->step);
	copy->id = nextval_internal(respond_relation_oid("respond_internal", "heard_id_seq"), false);
	heard_events[heard_count++] = copy;
}

List *
respond_wait_buffer_find(List *found, int64 pattern, const char *key, int64 key_hash, int64 after)
{
	for (int i = 0; i < wait_count; i++)
	{
		const Wait *wait = waits[i].wait;

		if (waits[i].key_hash == key_hash && wait != NULL && wait->pattern == pattern && wait->run_id > after &&
			strcmp(wait->key, key) == 0)
			found = lappend(found, respond_wait_copy(wait));
	}
	return found;
}

List *
respond_wait_buffer_of_run(List *found, int64 run_id)
{
	for (int i = 0; i < wait_count; i++)
		if (waits[i].wait != NULL && waits[i].wait->run_id == run_id)
			found = lappend(found, respond_wait_copy(waits[i].wait));
	return found;
}

List *
respond_wait_buffer_heard(List *found, int64 run_id)
{
	for (int i = 0; i < heard_count; i++)
	{
		HeardEvent *copy;

		if (heard_events[i] == NULL || heard_events[i]->run_id != run_id)
			continue;
		copy = palloc(sizeof(HeardEvent));
		*copy = *heard_events[i];
		copy->step = pstrdup(copy->step);
		found = lappend(found, copy);
	}
	return found;
}

void
respond_wait_buffer_remove(int64 run_id)
{
	for (int i = 0; i < wait_count; i++)
		if (waits[i].wait != NULL && waits[i].wait->run_id == run_id)
			waits[i].wait = NULL;
	for (int i = 0; i < heard_count; i++)
		if (heard_events[i] != NULL && heard_events[i]->run_id == run_id)
			heard_events[i] = NULL;
}
