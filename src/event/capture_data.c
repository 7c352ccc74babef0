/*-------------------------------------------------------------------------
 * capture_data.c
 *	  What changed in a row, as the data of an event.
 *
 * Two values are equal when their bytes are: 1.0 and 1.00 differ, as a reader
 * of the row would see.  A large value that the UPDATE did not touch has the
 * same TOAST pointer in both rows and is not fetched to find that out.
 *
 * Values that jsonb cannot take are rare, and finding out which one it is costs
 * a subtransaction for each value; so rows are first converted as a whole.
 *
 * src/event/capture_data.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "executor/tuptable.h"
#include "utils/datum.h"

#include "common/contain.h"
#include "common/guc.h"
#include "common/jsonb_push.h"
#include "event/capture_data.h"
#include "event/capture_limit.h"

static const char *const operation_names[CAPTURE_OPERATIONS] = {
	"INSERT", "UPDATE", "DELETE", "TRUNCATE"
};

/* Two values that have to be fetched or unpacked to be compared. */
typedef struct Comparison
{
	Datum		left;
	Datum		right;
	bool		same;
} Comparison;

static void
compare_values(void *argument)
{
	Comparison *comparison = argument;

	comparison->same = datum_image_eq(comparison->left, comparison->right, false, -1);
}

/* One that cannot be read, since its TOAST table is damaged, differs: perhaps this UPDATE replaces it. */
static bool
is_same_varlena(Datum left, Datum right)
{
	struct varlena *a = (struct varlena *) DatumGetPointer(left);
	struct varlena *b = (struct varlena *) DatumGetPointer(right);
	Comparison	comparison = {left, right, false};

	if (VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0)
		return true;
	if (toast_raw_datum_size(left) != toast_raw_datum_size(right))
		return false;
	if (!VARATT_IS_EXTERNAL(a) && !VARATT_IS_EXTERNAL(b) && !VARATT_IS_COMPRESSED(a) && !VARATT_IS_COMPRESSED(b))
		return datum_image_eq(left, right, false, -1);
	return respond_contain_try(compare_values, &comparison) == NULL && comparison.same;
}

static bool
is_same_value(Datum a, Datum b, Form_pg_attribute attribute)
{
	if (attribute->attlen == -1)
		return is_same_varlena(a, b);
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

/* The names of the columns whose flag is as wanted. */
static void
push_names(const CaptureTrigger *capture, JsonbParseState **state, const char *key,
		   const bool *flags, bool wanted)
{
	TupleDesc	description = capture->description;

	respond_jsonb_push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		if (flags[i] == wanted && !attribute->attisdropped)
			respond_jsonb_push_text_element(state, NameStr(attribute->attname));
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_row(const CaptureTrigger *capture, JsonbParseState **state, const char *key,
		 TupleTableSlot *row, const bool *included)
{
	if (row == NULL)
		return;
	respond_jsonb_push_key(state, key);
	respond_row_json_push(capture->rows, state, row->tts_values, row->tts_isnull, included);
}

/* In jsonb's order of keys, shorter ones first: what comes before the rows, */
static void
begin_data(const CaptureChange *change, JsonbParseState **state)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(state, "op", operation_names[change->operation]);
}

/* and after them. */
static Jsonb *
end_data(const CaptureChange *change, JsonbParseState **state, const bool *not_as_text)
{
	CaptureTrigger *capture = change->capture;

	respond_jsonb_push_text(state, "table", capture->table);
	if (not_as_text != NULL)
		push_names(capture, state, "as_text", not_as_text, false);
	if (change->changed != NULL)
		push_names(capture, state, "changed", change->changed, true);
	if (change->included != NULL)
		push_names(capture, state, "omitted", change->included, false);
	if (change->condition_failed)
		respond_jsonb_push_boolean(state, "condition_failed", true);
	return JsonbValueToJsonb(pushJsonbValue(state, WJB_END_OBJECT, NULL));
}

static Jsonb *
build_data(CaptureChange *change)
{
	JsonbParseState *state = NULL;

	begin_data(change, &state);
	push_row(change->capture, &state, "new", change->new_row, change->included);
	push_row(change->capture, &state, "old", change->old_row, change->included);
	return end_data(change, &state, NULL);
}

Jsonb *
respond_capture_data(CaptureChange *change)
{
	Jsonb	   *data;

	(void) respond_value_json_took_text();
	respond_capture_limit(change);
	do
		data = build_data(change);
	while (respond_capture_limit_again(change, data));
	return respond_value_json_took_text() ? NULL : data;
}

/* One value while it is converted carefully. */
typedef struct ValueConversion
{
	const ValueJson *how;
	Datum		value;
	Jsonb	   *result;
} ValueConversion;

static void
convert_value(void *argument)
{
	ValueConversion *conversion = argument;

	conversion->result = respond_value_json_document(conversion->how, conversion->value);
}

static void
convert_to_text(void *argument)
{
	ValueConversion *conversion = argument;
	JsonbValue	string = {.type = jbvString};

	string.val.string.val = respond_value_json_text(conversion->how, conversion->value);
	string.val.string.len = strlen(string.val.string.val);
	conversion->result = JsonbValueToJsonb(&string);
}

/* NULL when it cannot be converted at all. */
static Jsonb *
convert_carefully(const ValueJson *how, Datum value, bool *as_json, ErrorData **fault)
{
	static ErrorData refused = {.message = "a json holds what jsonb refuses"};
	ValueConversion conversion = {how, value};
	ErrorData  *error;

	(void) respond_value_json_took_text();
	error = respond_contain_try(convert_value, &conversion);
	if (error == NULL && !respond_value_json_took_text())
		return conversion.result;
	*as_json = false;
	*fault = error != NULL ? error : &refused;
	if (error == NULL)
		return conversion.result;
	return respond_contain_try(convert_to_text, &conversion) == NULL ? conversion.result : NULL;
}

/* The values of a row; sets included of those for which there is none to false. */
static Jsonb **
convert_row(CaptureChange *change, TupleTableSlot *row, bool *included, bool *as_json,
			ErrorData **fault)
{
	CaptureTrigger *capture = change->capture;
	Jsonb	  **values = palloc0(Max(capture->description->natts, 1) * sizeof(Jsonb *));

	if (row == NULL)
		return values;
	for (int i = 0; i < capture->description->natts; i++)
	{
		const ValueJson *how = respond_row_json_column(capture->rows, i);

		if (how == NULL || !included[i])
			continue;
		if (row->tts_isnull[i])
			values[i] = respond_value_json((Datum) 0, true, InvalidOid);
		else
			values[i] = convert_carefully(how, row->tts_values[i], &as_json[i], fault);
		if (values[i] == NULL)
			included[i] = false;
	}
	return values;
}

static void
push_values(CaptureChange *change, JsonbParseState **state, const char *key, TupleTableSlot *row,
			Jsonb **values)
{
	TupleDesc	description = change->capture->description;

	if (row == NULL)
		return;
	respond_jsonb_push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < description->natts; i++)
	{
		if (values[i] == NULL || (change->included != NULL && !change->included[i]))
			continue;
		respond_jsonb_push_jsonb(state, NameStr(TupleDescAttr(description, i)->attname), values[i]);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static bool *
all_true(int count)
{
	bool	   *flags = palloc(Max(count, 1) * sizeof(bool));

	memset(flags, true, Max(count, 1) * sizeof(bool));
	return flags;
}

Jsonb *
respond_capture_data_carefully(CaptureChange *change, ErrorData **fault)
{
	int			count = change->capture->description->natts;
	bool	   *as_json = all_true(count);
	bool	   *included;
	Jsonb	  **new_values;
	Jsonb	  **old_values;
	Jsonb	   *data;

	change->included = NULL;
	respond_capture_limit(change);
	included = change->included != NULL ? change->included : all_true(count);
	new_values = convert_row(change, change->new_row, included, as_json, fault);
	old_values = convert_row(change, change->old_row, included, as_json, fault);
	if (memchr(included, false, count) != NULL)
		change->included = included;
	do
	{
		JsonbParseState *state = NULL;

		begin_data(change, &state);
		push_values(change, &state, "new", change->new_row, new_values);
		push_values(change, &state, "old", change->old_row, old_values);
		data = end_data(change, &state, memchr(as_json, false, count) != NULL ? as_json : NULL);
	} while (respond_capture_limit_again(change, data));
	return data;
}
