/*-------------------------------------------------------------------------
 * capture_data.c
 *	  What changed in a row, as the data of an event.
 *
 * Two values are equal when their bytes are: 1.0 and 1.00 differ, as a reader
 * of the row would see.  A large value that the UPDATE did not touch has the
 * same pointer in both rows and is not fetched to find that out.
 *
 * A document, a picture or a backup in a column must not make every change of
 * its row unusable (the dispatcher refuses events beyond a size) or fail (jsonb
 * has limits), so a value beyond the limit of a whole event is left out.
 *
 * src/event/capture_data.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "executor/tuptable.h"
#include "utils/datum.h"

#include "common/guc.h"
#include "event/capture_data.h"

static const char *const operation_names[CAPTURE_OPERATIONS] = {
	"INSERT", "UPDATE", "DELETE", "TRUNCATE"
};

static bool
is_same_value(Datum a, Datum b, Form_pg_attribute attribute)
{
	if (attribute->attlen == -1)
	{
		struct varlena *left = (struct varlena *) DatumGetPointer(a);
		struct varlena *right = (struct varlena *) DatumGetPointer(b);

		if (left == right)
			return true;
		if (VARATT_IS_EXTERNAL_ONDISK(left) && VARATT_IS_EXTERNAL_ONDISK(right) &&
			memcmp(left, right, VARSIZE_EXTERNAL(left)) == 0)
			return true;
	}
	return datum_image_eq(a, b, attribute->attbyval, attribute->attlen);
}

bool
respond_capture_compare(const CaptureTrigger *capture, TupleTableSlot *old_row,
						TupleTableSlot *new_row, bool *changed)
{
	TupleDesc	description = capture->description;
	bool		counts = capture->watched == NULL;

	slot_getallattrs(old_row);
	slot_getallattrs(new_row);
	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		changed[i] = false;
		if (attribute->attisdropped)
			continue;
		if (old_row->tts_isnull[i] != new_row->tts_isnull[i])
			changed[i] = true;
		else if (!old_row->tts_isnull[i])
			changed[i] = !is_same_value(old_row->tts_values[i], new_row->tts_values[i], attribute);
		if (changed[i] && capture->watched != NULL && capture->watched[i])
			counts = true;
	}
	return counts;
}

static bool
is_too_large(const TupleTableSlot *row, int i)
{
	struct varlena *value;

	if (row == NULL || row->tts_isnull[i])
		return false;
	value = (struct varlena *) DatumGetPointer(row->tts_values[i]);
	if (!VARATT_IS_EXTENDED(value))
		return VARSIZE(value) > respond_max_event_size * (Size) 1024;
	return toast_raw_datum_size(row->tts_values[i]) > respond_max_event_size * (Size) 1024;
}

/* Which columns are small enough, NULL when all of them are. */
static bool *
find_included(const CaptureTrigger *capture, const TupleTableSlot *old_row,
			  const TupleTableSlot *new_row)
{
	TupleDesc	description = capture->description;
	bool	   *included = NULL;

	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		if (attribute->attlen != -1 || attribute->attisdropped ||
			(!is_too_large(old_row, i) && !is_too_large(new_row, i)))
			continue;
		if (included == NULL)
		{
			included = palloc(description->natts * sizeof(bool));
			memset(included, true, description->natts * sizeof(bool));
		}
		included[i] = false;
	}
	return included;
}

/* The names of the columns whose flag is as wanted. */
static void
push_names(const CaptureTrigger *capture, JsonbParseState **state, const char *key,
		   const bool *flags, bool wanted)
{
	TupleDesc	description = capture->description;

	respond_json_push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		if (flags[i] == wanted && !attribute->attisdropped)
			respond_json_push_string(state, WJB_ELEM, NameStr(attribute->attname));
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_row(const CaptureTrigger *capture, JsonbParseState **state, const char *key,
		 TupleTableSlot *row, const bool *included)
{
	if (row == NULL)
		return;
	respond_json_push_key(state, key);
	respond_row_json_push(capture->rows, state, row->tts_values, row->tts_isnull, included);
}

Jsonb *
respond_capture_data(const CaptureTrigger *capture, CaptureOperation operation,
					 TupleTableSlot *old_row, TupleTableSlot *new_row, const bool *changed)
{
	JsonbParseState *state = NULL;
	bool	   *included;

	if (old_row != NULL)
		slot_getallattrs(old_row);
	if (new_row != NULL)
		slot_getallattrs(new_row);
	included = find_included(capture, old_row, new_row);

	/* In jsonb's order of keys, shorter ones first. */
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_json_push_key(&state, "op");
	respond_json_push_string(&state, WJB_VALUE, operation_names[operation]);
	push_row(capture, &state, "new", new_row, included);
	push_row(capture, &state, "old", old_row, included);
	respond_json_push_key(&state, "table");
	respond_json_push_string(&state, WJB_VALUE, capture->table);
	if (changed != NULL)
		push_names(capture, &state, "changed", changed, true);
	if (included != NULL)
		push_names(capture, &state, "omitted", included, false);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
