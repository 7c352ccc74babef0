/*-------------------------------------------------------------------------
 * owner_result.c
 *	  What the SQL of a rule returned, as jsonb.
 *
 * src/owner/owner_result.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "common/row_json.h"
#include "owner/owner_result.h"

struct RowReceiver
{
	DestReceiver dest;			/* must be first */
	MemoryContext context;
	MemoryContext scratch;		/* for one row */
	RowJson    *row_json;
	List	   *rows;			/* Jsonb */
	int			row_limit;
	Size		size_limit;
	Size		size;
	uint64		seen;
	OwnerSqlTake take;			/* NULL: rows are kept */
	void	   *take_context;
};

Jsonb *
respond_any_to_jsonb(Datum value, Oid type)
{
	FmgrInfo	function;
	Param	   *argument;

	if (type == JSONBOID)
		return DatumGetJsonbP(value);
	/* to_jsonb learns the type of its argument from the expression it stands in. */
	argument = makeNode(Param);
	argument->paramkind = PARAM_EXTERN;
	argument->paramtype = type;
	argument->paramtypmod = -1;
	argument->location = -1;
	fmgr_info(F_TO_JSONB, &function);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument),
											 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
					   &function);
	return DatumGetJsonbP(FunctionCall1(&function, value));
}

static void
begin_rows(DestReceiver *self, int operation, TupleDesc desc)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext old_context = MemoryContextSwitchTo(receiver->context);

	receiver->row_json = respond_row_json_create(desc);
	MemoryContextSwitchTo(old_context);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext old_context;
	Jsonb	   *row;

	receiver->seen++;
	if (list_length(receiver->rows) >= receiver->row_limit || receiver->size >= receiver->size_limit)
		return true;
	old_context = MemoryContextSwitchTo(receiver->scratch);
	slot_getallattrs(slot);
	row = respond_row_json(receiver->row_json, slot->tts_values, slot->tts_isnull, NULL);
	/* a few bytes of numbers can be megabytes of text, and text is what becomes of them */
	receiver->size += Max(VARSIZE(row), respond_jsonb_text_size(&row->root, receiver->size_limit));
	MemoryContextSwitchTo(receiver->context);
	if (receiver->size <= receiver->size_limit)
	{
		Jsonb	   *copy = palloc(VARSIZE(row));

		memcpy(copy, row, VARSIZE(row));
		receiver->rows = lappend(receiver->rows, copy);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(receiver->scratch);
	return true;
}

static bool
give_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext old_context = MemoryContextSwitchTo(receiver->scratch);

	slot_getallattrs(slot);
	receiver->take(receiver->take_context,
				   respond_row_json(receiver->row_json, slot->tts_values, slot->tts_isnull, NULL));
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(receiver->scratch);
	return true;
}

static void
end_rows(DestReceiver *self)
{
}

RowReceiver *
respond_row_receiver_create(int row_limit, Size size_limit)
{
	RowReceiver *receiver = palloc0(sizeof(RowReceiver));

	receiver->dest.receiveSlot = receive_row;
	receiver->dest.rStartup = begin_rows;
	receiver->dest.rShutdown = end_rows;
	receiver->dest.rDestroy = end_rows;
	receiver->dest.mydest = DestNone;
	receiver->context = CurrentMemoryContext;
	receiver->scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond row", ALLOCSET_DEFAULT_SIZES);
	receiver->row_limit = row_limit;
	receiver->size_limit = size_limit;
	return receiver;
}

RowReceiver *
respond_row_receiver_create_each(OwnerSqlTake take, void *take_context)
{
	RowReceiver *receiver = respond_row_receiver_create(0, 0);

	receiver->dest.receiveSlot = give_row;
	receiver->take = take;
	receiver->take_context = take_context;
	return receiver;
}

DestReceiver *
respond_row_receiver_dest(RowReceiver *receiver)
{
	return &receiver->dest;
}

List *
respond_row_receiver_rows(const RowReceiver *receiver, bool *all)
{
	*all = receiver->seen == list_length(receiver->rows);
	return receiver->rows;
}

Jsonb *
respond_row_receiver_result(RowReceiver *receiver, uint64 processed)
{
	JsonbParseState *state = NULL;
	JsonbValue	value;
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(&state, "rows");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, receiver->rows)
	{
		Jsonb	   *row = lfirst(cell);

		value.type = jbvBinary;
		value.val.binary.data = &row->root;
		value.val.binary.len = VARSIZE(row) - VARHDRSZ;
		pushJsonbValue(&state, WJB_ELEM, &value);
	}
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	respond_jsonb_push_int64(&state, "count", Max(processed, receiver->seen));
	if (receiver->seen > list_length(receiver->rows))
		respond_jsonb_push_boolean(&state, "truncated", true);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
