/*-------------------------------------------------------------------------
 * ticket_write.c
 *	  Tickets and comments in the buffer of effects, and how they are written.
 *
 * All tickets of a batch go in with one INSERT over arrays, so that the triggers
 * of the desk, which are statement triggers, write history, events and audit
 * for all of them at once.
 *
 * Two lanes may open a ticket with the same key at the same time.  The second
 * one to write runs into the unique index; its batch is repeated and then finds
 * the ticket of the first.
 *
 * src/effect/ticket_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "common/kept_plan.h"
#include "common/row_values.h"
#include "effect/effect_memory.h"
#include "effect/ticket_write.h"
#include "event/batch_origin.h"

enum
{
	COLUMN_ID,
	COLUMN_SUBJECT,
	COLUMN_DESCRIPTION,
	COLUMN_STATUS,
	COLUMN_PRIORITY,
	COLUMN_TEAM,
	COLUMN_ASSIGNEE,
	COLUMN_REQUESTER,
	COLUMN_TAGS,
	COLUMN_KEY,
	COLUMN_FIELDS,
	COLUMN_EVENT_ID,
	COLUMN_RUN_ID,
	COLUMN_CREATED_BY,
	TICKET_COLUMNS
};

enum
{
	COMMENT_COLUMN_ID,
	COMMENT_COLUMN_TICKET_ID,
	COMMENT_COLUMN_AUTHOR,
	COMMENT_COLUMN_KIND,
	COMMENT_COLUMN_BODY,
	COMMENT_COLUMN_EVENT_ID,
	COMMENT_COLUMN_RUN_ID,
	COMMENT_COLUMNS
};

/* A row of either table; tags as the text of an array, because arrays of arrays do not unnest. */
typedef struct BufferedRow
{
	Datum		values[TICKET_COLUMNS];
	bool		nulls[TICKET_COLUMNS];
	struct BufferedRow *same_hash;	/* the ticket before with the same hash of its key */
} BufferedRow;

typedef struct KeyEntry
{
	uint64		hash;			/* hash key */
	BufferedRow *last;
} KeyEntry;

static EffectRows tickets;		/* of BufferedRow *, in the order of their ids */
static EffectRows comments;
static HTAB *keys;				/* of open tickets; NULL: none has one */
static List *teams;				/* names that were found to exist */
static int64 last_origin;		/* run that was made known last */

/* The form of unnest with several arrays cannot be qualified with a schema. */
#define UNNEST(number)	"pg_catalog.unnest($" number ")"

static KeptPlan insert_tickets = {
	"INSERT INTO respond.ticket (id, subject, description, status, priority, team, assignee,"
	" requester, tags, key, fields, event_id, run_id, created_by)"
	" SELECT t.id, t.subject, t.description, t.status, t.priority, t.team, t.assignee,"
	" t.requester, t.tags::pg_catalog.text[], t.key, t.fields, t.event_id, t.run_id, t.created_by"
	" FROM ROWS FROM (" UNNEST("1") ", " UNNEST("2") ", " UNNEST("3") ", " UNNEST("4") ", "
	UNNEST("5") ", " UNNEST("6") ", " UNNEST("7") ", " UNNEST("8") ", " UNNEST("9") ", "
	UNNEST("10") ", " UNNEST("11") ", " UNNEST("12") ", " UNNEST("13") ", " UNNEST("14") ")"
	" AS t (id, subject, description, status, priority, team, assignee,"
	" requester, tags, key, fields, event_id, run_id, created_by)",
	TICKET_COLUMNS,
	{INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, JSONBARRAYOID, INT8ARRAYOID, INT8ARRAYOID,
	TEXTARRAYOID}
};

static KeptPlan insert_comments = {
	"INSERT INTO respond.comment (id, ticket_id, author, kind, body, event_id, run_id)"
	" SELECT c.id, c.ticket_id, c.author, c.kind, c.body, c.event_id, c.run_id"
	" FROM ROWS FROM (" UNNEST("1") ", " UNNEST("2") ", " UNNEST("3") ", " UNNEST("4") ", "
	UNNEST("5") ", " UNNEST("6") ", " UNNEST("7") ")"
	" AS c (id, ticket_id, author, kind, body, event_id, run_id)",
	COMMENT_COLUMNS,
	{INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID}
};

static BufferedRow *
add_row(EffectRows *array)
{
	BufferedRow **row = respond_effects_add_row(array, sizeof(BufferedRow *));

	*row = MemoryContextAllocZero(respond_effects_context(), sizeof(BufferedRow));
	return *row;
}

static BufferedRow *
get_row(const EffectRows *array, int number)
{
	return ((BufferedRow **) array->rows)[number];
}

/* In the context of the effects. */
static void
set_text(BufferedRow *row, int column, const char *text)
{
	respond_row_set_text(row->values, row->nulls, column, text);
}

static void
set_int64(BufferedRow *row, int column, int64 number)
{
	respond_row_set_int64(row->values, row->nulls, column, number);
}

/* The output form of an array of texts. */
static char *
array_text(char **items, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));
	Oid			output;
	bool		is_varlena;

	for (int i = 0; i < count; i++)
		values[i] = CStringGetTextDatum(items[i]);
	getTypeOutputInfo(TEXTARRAYOID, &output, &is_varlena);
	return OidOutputFunctionCall(output, PointerGetDatum(construct_array(values, count, TEXTOID,
																		 -1, false, TYPALIGN_INT)));
}

static uint64
hash_key(const char *key)
{
	return DatumGetUInt64(hash_any_extended((const unsigned char *) key, strlen(key), 0));
}

static void
remember_key(BufferedRow *row, const char *key)
{
	uint64		hash = hash_key(key);
	KeyEntry   *entry;
	bool		found;

	if (keys == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(KeyEntry),
		.hcxt = respond_effects_context()};

		keys = hash_create("keys of buffered tickets", 128, &control,
						   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(keys, &hash, HASH_ENTER, &found);
	row->same_hash = found ? entry->last : NULL;
	entry->last = row;
}

/* Makes the run known to the triggers that see its rows; called for each row. */
static void
note_origin(const FlowRun *run)
{
	/* a run that goes on with another event has another cause */
	if (run->run_id == last_origin && run->woken_by == NULL)
		return;
	respond_batch_origin_add(respond_run_cause(run), run->run_id, run->rule, respond_run_depth(run));
	last_origin = run->run_id;
}

int64
respond_effects_ticket(const FlowRun *run, const NewTicket *ticket)
{
	int64		id = respond_effects_next_id("ticket_id_seq");
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());
	BufferedRow *row = add_row(&tickets);

	set_int64(row, COLUMN_ID, id);
	set_text(row, COLUMN_SUBJECT, ticket->subject);
	set_text(row, COLUMN_DESCRIPTION, ticket->description);
	set_text(row, COLUMN_STATUS, ticket->status != NULL ? ticket->status : "new");
	set_text(row, COLUMN_PRIORITY, ticket->priority != NULL ? ticket->priority : "normal");
	set_text(row, COLUMN_TEAM, ticket->team);
	set_text(row, COLUMN_ASSIGNEE, ticket->assignee);
	set_text(row, COLUMN_REQUESTER, ticket->requester);
	set_text(row, COLUMN_TAGS, ticket->tag_count > 0 ? array_text(ticket->tags, ticket->tag_count) : "{}");
	set_text(row, COLUMN_KEY, ticket->key);
	row->values[COLUMN_FIELDS] = ticket->fields != NULL ?
		JsonbPGetDatum(respond_effects_copy_jsonb(ticket->fields)) :
		DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	set_int64(row, COLUMN_EVENT_ID, run->event != NULL ? run->event->id : 0);
	set_int64(row, COLUMN_RUN_ID, run->run_id);
	set_text(row, COLUMN_CREATED_BY, psprintf("rule:%s", run->rule));
	if (ticket->key != NULL && !ticket->is_done)
		remember_key(row, ticket->key);
	note_origin(run);
	MemoryContextSwitchTo(caller);
	return id;
}

int64
respond_effects_comment(const FlowRun *run, int64 ticket_id, const char *author,
						const char *kind, const char *body)
{
	int64		id = respond_effects_next_id("comment_id_seq");
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());
	BufferedRow *row = add_row(&comments);

	set_int64(row, COMMENT_COLUMN_ID, id);
	set_int64(row, COMMENT_COLUMN_TICKET_ID, ticket_id);
	set_text(row, COMMENT_COLUMN_AUTHOR, author != NULL ? author : psprintf("rule:%s", run->rule));
	set_text(row, COMMENT_COLUMN_KIND, kind != NULL ? kind : "automatic");
	set_text(row, COMMENT_COLUMN_BODY, body);
	set_int64(row, COMMENT_COLUMN_EVENT_ID, run->event != NULL ? run->event->id : 0);
	set_int64(row, COMMENT_COLUMN_RUN_ID, run->run_id);
	note_origin(run);
	MemoryContextSwitchTo(caller);
	return id;
}

bool
respond_effects_has_ticket(int64 id)
{
	int			low = 0;
	int			high = tickets.count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int64		found = DatumGetInt64(get_row(&tickets, middle)->values[COLUMN_ID]);

		if (found == id)
			return true;
		if (found < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

int64
respond_effects_ticket_by_key(const char *key)
{
	uint64		hash;
	KeyEntry   *entry;

	if (keys == NULL)
		return 0;
	hash = hash_key(key);
	entry = hash_search(keys, &hash, HASH_FIND, NULL);
	for (BufferedRow *row = entry != NULL ? entry->last : NULL; row != NULL; row = row->same_hash)
	{
		text	   *found = DatumGetTextPP(row->values[COLUMN_KEY]);

		if (VARSIZE_ANY_EXHDR(found) == strlen(key) &&
			memcmp(VARDATA_ANY(found), key, strlen(key)) == 0)
			return DatumGetInt64(row->values[COLUMN_ID]);
	}
	return 0;
}

bool
respond_effects_has_keys(void)
{
	return keys != NULL;
}

bool
respond_effects_knows_team(const char *name)
{
	ListCell   *cell;

	foreach(cell, teams)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/* A few are enough: a batch seldom names more. */
void
respond_effects_note_team(const char *name)
{
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());

	if (list_length(teams) < 16)
		teams = lappend(teams, pstrdup(name));
	MemoryContextSwitchTo(caller);
}

/* One column of the buffered rows as an array. */
static Datum
column_array(const EffectRows *array, int column, Oid array_type)
{
	Datum	   *values = palloc(sizeof(Datum) * array->count);
	bool	   *nulls = palloc(sizeof(bool) * array->count);
	int			dimensions[1] = {array->count};
	int			bounds[1] = {1};
	Oid			type = get_element_type(array_type);
	int16		length;
	bool		by_value;
	char		align;

	for (int i = 0; i < array->count; i++)
	{
		values[i] = get_row(array, i)->values[column];
		nulls[i] = get_row(array, i)->nulls[column];
	}
	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, dimensions, bounds,
											  type, length, by_value, align));
}

static void
insert_rows(const EffectRows *array, KeptPlan *plan)
{
	Datum		values[TICKET_COLUMNS];

	if (array->count == 0)
		return;
	SPI_connect();
	for (int column = 0; column < plan->count; column++)
		values[column] = column_array(array, column, plan->types[column]);
	respond_kept_plan_run(plan, values, NULL);
	SPI_finish();
}

void
respond_tickets_flush(void)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		insert_rows(&tickets, &insert_tickets);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("another transaction opened a ticket with the same key"),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
	}
	PG_END_TRY();
	insert_rows(&comments, &insert_comments);
}

void
respond_tickets_forget(void)
{
	memset(&tickets, 0, sizeof(tickets));
	memset(&comments, 0, sizeof(comments));
	keys = NULL;
	teams = NIL;
	last_origin = 0;
}
