/*-------------------------------------------------------------------------
 * mask.c
 *	  Named fields of events that are kept out of the audit log and of deliveries.
 *
 * A mask names a field by its path in data: "card.number", "new.email", where
 * "*" stands for any one name and arrays are looked through.  Templates of what
 * leaves the database see the event without it.  What rules make of a value and
 * pass on by other ways is found by the value itself: an event's masked values
 * are remembered for the time of the batch, and replaced in texts and documents
 * about that event.  Values shorter than MIN_VALUE are not, because they would
 * be found everywhere.
 *
 * The table of masks is read without asking for privileges: whoever does
 * something that is put on record has it masked.
 *
 * src/audit/mask.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "audit/mask.h"
#include "audit/mask_path.h"
#include "common/shape.h"
#include "common/relation_change.h"
#include "template/template_jsonb.h"

/* Bytes of a value that is looked for in texts. */
#define MIN_VALUE	4

/* Levels of documents that are looked into; what is deeper is replaced as a whole. */
#define MAX_DEPTH	64

typedef struct MaskedEvent
{
	int64		id;				/* hash key */
	const Event *event;			/* NULL: none of its fields is masked */
	char	   *type;
	List	   *values;			/* of char *: texts of what was masked, the longest first */
} MaskedEvent;

/* A document on its way through. */
typedef struct Masking
{
	bool		by_suffix;		/* the paths of masks may begin anywhere */
	const char *event_type;		/* NULL: masks of all types count */
	const List *values;			/* texts to be replaced in strings */
	List	  **found;			/* out, unless NULL: texts of what was replaced */
	const char *names[MAX_DEPTH];
	int			depth;
	bool		changed;
	JsonbParseState *state;
} Masking;

static MemoryContext mask_context = NULL;
static MaskPath *masks = NULL;
static int	mask_count = 0;
static bool is_stale = true;
static uint64 changes = 0;		/* that the server told of */
static Oid	mask_table = InvalidOid;

static MemoryContext event_context = NULL;
static HTAB *events = NULL;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == mask_table)
	{
		is_stale = true;
		changes++;
	}
}

static void
read_masks(Relation table)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
	int			places[MASK_COLUMNS];
	MemoryContext caller = CurrentMemoryContext;
	bool		is_null;

	respond_shape_find(&respond_shape_mask, RelationGetDescr(table), places);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		char	   *type = TextDatumGetCString(slot_getattr(slot, places[MASK_EVENT_TYPE] + 1, &is_null));
		char	   *path = TextDatumGetCString(slot_getattr(slot, places[MASK_PATH] + 1, &is_null));

		MemoryContextSwitchTo(mask_context);
		masks = masks == NULL ? palloc(sizeof(MaskPath)) : repalloc(masks, sizeof(MaskPath) * (mask_count + 1));
		respond_mask_path_parse(&masks[mask_count], type, path);
		mask_count++;
		MemoryContextSwitchTo(caller);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
}

/* Whether there are any; reads the table when it has changed. */
static bool
has_masks(void)
{
	static bool registered = false;
	uint64		before;
	Relation	table;

	if (!is_stale)
		return mask_count > 0;
	if (!registered)
	{
		respond_relation_on_change(table_changed);
		registered = true;
	}
	if (mask_context == NULL)
		mask_context = AllocSetContextCreate(TopMemoryContext, "pg_respond masks", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(mask_context);
	masks = NULL;
	mask_count = 0;
	/* the script of the extension may not have come to it yet */
	mask_table = get_relname_relid("mask", get_namespace_oid("respond", true));
	if (!OidIsValid(mask_table))
		return false;
	table = respond_shape_open_heap(mask_table, AccessShareLock);
	/* a message that comes while the table is read must count, and so must an error */
	before = changes;
	read_masks(table);
	table_close(table, AccessShareLock);
	is_stale = changes != before;
	return mask_count > 0;
}

static bool
is_masked(const Masking *masking)
{
	for (int i = 0; i < mask_count; i++)
	{
		if (masking->event_type != NULL && !respond_mask_type_matches(&masks[i], masking->event_type))
			continue;
		if (respond_mask_path_matches(&masks[i], masking->names, masking->depth, masking->by_suffix))
			return true;
	}
	return false;
}

static char *
scalar_text(const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

/* Also as templates write it, when that is not the same. */
static void
note_escaped(Masking *masking, const char *text)
{
	static const TemplateEscape ways[] = {TEMPLATE_ESCAPE_HTML, TEMPLATE_ESCAPE_JSON, TEMPLATE_ESCAPE_URL,
										  TEMPLATE_ESCAPE_SLACK,
	TEMPLATE_ESCAPE_MARKDOWN};

	for (int i = 0; i < lengthof(ways); i++)
	{
		char	   *escaped = respond_template_escape(text, ways[i]);

		if (strcmp(escaped, text) != 0)
			*masking->found = lappend(*masking->found, escaped);
	}
}

/* By itself, and within a document that is written as a text. */
static void
note_text(Masking *masking, char *text)
{
	char	   *quoted;

	if (text == NULL || strlen(text) < MIN_VALUE)
		return;
	*masking->found = lappend(*masking->found, text);
	note_escaped(masking, text);
	quoted = respond_template_escape(text, TEMPLATE_ESCAPE_JSON);
	if (strcmp(quoted, text) != 0)
		note_escaped(masking, quoted);
}

/* The longest first: one may be the beginning of another. */
static int
compare_values(const ListCell *a, const ListCell *b)
{
	size_t		left = strlen(lfirst(a));
	size_t		right = strlen(lfirst(b));

	return left == right ? 0 : left > right ? -1 : 1;
}

/* Remembers the texts of a value, of all that is in it. */
static void
note_values(Masking *masking, JsonbValue *value)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (masking->found == NULL)
		return;
	if (value->type != jbvBinary)
	{
		note_text(masking, scalar_text(value));
		return;
	}
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, false)) != WJB_DONE)
	{
		if (token == WJB_VALUE || token == WJB_ELEM)
			note_text(masking, scalar_text(&item));
	}
}

static const char *
replace_values(const char *text, const List *values)
{
	ListCell   *cell;

	foreach(cell, values)
	{
		const char *value = lfirst(cell);
		const char *found = strstr(text, value);
		StringInfoData result;

		if (found == NULL)
			continue;
		initStringInfo(&result);
		while (found != NULL)
		{
			appendBinaryStringInfo(&result, text, found - text);
			appendStringInfoString(&result, MASK_TEXT);
			text = found + strlen(value);
			found = strstr(text, value);
		}
		appendStringInfoString(&result, text);
		text = result.data;
	}
	return text;
}

/* A scalar with the values in it replaced, also when it is a number that is one of them. */
static void
scrub_scalar(Masking *masking, JsonbValue *value)
{
	char	   *text;
	const char *replaced;

	if (masking->values == NIL || (text = scalar_text(value)) == NULL)
		return;
	replaced = replace_values(text, masking->values);
	if (replaced == text)
	{
		/* a document may hold many long numbers */
		pfree(text);
		return;
	}
	value->type = jbvString;
	value->val.string.val = unconstify(char *, replaced);
	value->val.string.len = strlen(replaced);
	masking->changed = true;
}

static void
push_mask(Masking *masking)
{
	JsonbValue	mask = {.type = jbvString};

	mask.val.string.val = MASK_TEXT;
	mask.val.string.len = strlen(MASK_TEXT);
	pushJsonbValue(&masking->state, WJB_VALUE, &mask);
	masking->changed = true;
}

static Jsonb *
mask_scalar(Masking *masking, Jsonb *document)
{
	JsonbValue	value;

	if (!JsonbExtractScalar(&document->root, &value))
		return document;
	scrub_scalar(masking, &value);
	return masking->changed ? JsonbValueToJsonb(&value) : document;
}

static Jsonb *
mask_jsonb(Masking *masking, Jsonb *document)
{
	JsonbIterator *iterator = JsonbIteratorInit(&document->root);
	JsonbIteratorToken token;
	JsonbValue	item;
	JsonbValue *result = NULL;
	bool		in_object[2 * MAX_DEPTH];
	int			nesting = 0;
	bool		skip = false;

	if (JB_ROOT_IS_SCALAR(document))
		return mask_scalar(masking, document);
	while ((token = JsonbIteratorNext(&iterator, &item, skip)) != WJB_DONE)
	{
		if (skip)
		{
			/* the value of a masked member, as a whole */
			note_values(masking, &item);
			push_mask(masking);
			masking->depth--;
			skip = false;
			continue;
		}
		switch (token)
		{
			case WJB_KEY:
				masking->names[masking->depth++] = pnstrdup(item.val.string.val, item.val.string.len);
				skip = masking->depth >= MAX_DEPTH - 1 || nesting >= 2 * MAX_DEPTH - 1 || is_masked(masking);
				pushJsonbValue(&masking->state, WJB_KEY, &item);
				continue;
			case WJB_VALUE:
				scrub_scalar(masking, &item);
				result = pushJsonbValue(&masking->state, token, &item);
				masking->depth--;
				continue;
			case WJB_ELEM:
				scrub_scalar(masking, &item);
				result = pushJsonbValue(&masking->state, token, &item);
				continue;
			case WJB_BEGIN_OBJECT:
			case WJB_BEGIN_ARRAY:
				if (nesting >= 2 * MAX_DEPTH)
					ereport(ERROR,
							(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
							 errmsg("document is nested too deeply to be masked")));
				in_object[nesting++] = token == WJB_BEGIN_OBJECT;
				break;
			default:
				nesting--;
				/* the value of a member of the object around it has ended */
				if (nesting > 0 && in_object[nesting - 1])
					masking->depth--;
				break;
		}
		result = pushJsonbValue(&masking->state, token, NULL);
	}
	return masking->changed ? JsonbValueToJsonb(result) : document;
}

static void
open_events(void)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(MaskedEvent)};

	if (event_context == NULL)
		event_context = AllocSetContextCreate(TopMemoryContext, "pg_respond masked events", ALLOCSET_SMALL_SIZES);
	control.hcxt = event_context;
	events = hash_create("pg_respond masked events", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
respond_mask_forget_events(void)
{
	if (events == NULL)
		return;
	events = NULL;
	MemoryContextReset(event_context);
}

const Event *
respond_mask_event(const Event *event)
{
	MaskedEvent *entry;
	MemoryContext caller;
	Masking		masking = {.event_type = event->type};
	List	   *values = NIL;
	Event	   *copy;
	Jsonb	   *data;
	bool		found;

	if (!has_masks() || event->data == NULL)
		return event;
	if (events == NULL)
		open_events();
	entry = hash_search(events, &event->id, HASH_FIND, NULL);
	if (entry != NULL && event->id != 0)
		return entry->event != NULL ? entry->event : event;

	caller = MemoryContextSwitchTo(event_context);
	masking.found = &values;
	data = mask_jsonb(&masking, event->data);
	list_sort(values, compare_values);
	copy = NULL;
	if (data != event->data)
	{
		copy = palloc(sizeof(Event));
		*copy = *event;
		copy->data = data;
		copy->type = pstrdup(event->type);
		copy->source = pstrdup(event->source);
		copy->subject = event->subject != NULL ? pstrdup(event->subject) : NULL;
		copy->key = event->key != NULL ? pstrdup(event->key) : NULL;
		copy->actor = event->actor != NULL ? pstrdup(event->actor) : NULL;
	}
	MemoryContextSwitchTo(caller);
	if (event->id != 0)
	{
		entry = hash_search(events, &event->id, HASH_ENTER, &found);
		entry->event = copy;
		entry->type = MemoryContextStrdup(event_context, event->type);
		entry->values = values;
	}
	return copy != NULL ? copy : event;
}

static MaskedEvent *
find_event(int64 event_id)
{
	return events != NULL && event_id != 0 ? hash_search(events, &event_id, HASH_FIND, NULL) : NULL;
}

const char *
respond_mask_text(const char *text, int64 event_id)
{
	MaskedEvent *entry = find_event(event_id);

	return text != NULL && entry != NULL ? replace_values(text, entry->values) : text;
}

Jsonb *
respond_mask_document(Jsonb *document, int64 event_id)
{
	Masking		masking = {.by_suffix = true};
	MaskedEvent *entry = find_event(event_id);

	if (document == NULL || !has_masks())
		return document;
	if (entry != NULL)
	{
		masking.event_type = entry->type;
		masking.values = entry->values;
	}
	return mask_jsonb(&masking, document);
}
