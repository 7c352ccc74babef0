/*-------------------------------------------------------------------------
 * capture_limit.c
 *	  Which columns fit into an event.
 *
 * A document, a picture or a backup in a column must not make every change of
 * its row unusable (the dispatcher refuses events beyond a size) or fail (jsonb
 * has limits), nor must it be read from disk only to be refused.  So sizes are
 * added up before a value is touched, and the largest ones are left out until
 * the rest fits: first those that the UPDATE did not change, which tell least.
 * A column is left out of both rows: one of them alone would look like a change.
 *
 * The sum is an estimate, since a value in jsonb may be larger or smaller than
 * in its column.  It is enough that no work is done in vain by orders of
 * magnitude; what comes out is measured, and if need be more is left out.
 *
 * src/event/capture_limit.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/guc.h"
#include "common/jsonb_size.h"
#include "common/numeric_size.h"
#include "event/capture_limit.h"

/* Of the data around the rows. */
#define ENVELOPE	512

/* No value is larger in jsonb than so many times its size in the row, give or take its overhead. */
#define LARGEST_GROWTH	8

typedef struct Candidate
{
	int			column;			/* from 0 */
	bool		unchanged;
	Size		size;			/* in both rows */
} Candidate;

static Size
limit(void)
{
	return respond_max_event_size * (Size) 1024;
}

static Size
value_size(const CaptureTrigger *capture, const TupleTableSlot *row, int column)
{
	if (row == NULL || row->tts_isnull[column])
		return 0;
	return respond_value_json_size(respond_row_json_column(capture->rows, column), row->tts_values[column]);
}

/* How long a column became in one of the rows of data, as text. */
static Size
text_size(const CaptureTrigger *capture, Jsonb *data, const char *row, int column)
{
	const char *name = NameStr(TupleDescAttr(capture->description, column)->attname);
	JsonbValue	found;
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&data->root, row, strlen(row), &found) == NULL ||
		getKeyJsonValueFromContainer(found.val.binary.data, name, strlen(name), &value) == NULL)
		return 0;
	return respond_jsonb_value_text_size(&value, SIZE_MAX);
}

/* In both rows.  data: what came out, when that is known already. */
static Size
column_size(const CaptureChange *change, Jsonb *data, int column)
{
	const CaptureTrigger *capture = change->capture;
	Size		size = value_size(capture, change->new_row, column) + value_size(capture, change->old_row, column);

	if (data == NULL)
		return size;
	return Max(size, text_size(capture, data, "new", column) + text_size(capture, data, "old", column));
}

/*
 * Adds the size of the long values of a row; false when one is compressed or
 * not in the row.  A number may be longer as text than in any other form; with
 * numbers inside of a value, only what comes out can tell.
 */
static bool
add_plain_size(CaptureChange *change, TupleTableSlot *row, Size *size)
{
	const CaptureTrigger *capture = change->capture;

	if (row == NULL)
		return true;
	*size += capture->fixed_size;
	for (int i = 0; i < capture->long_count; i++)
	{
		int			column = capture->long_columns[i];
		struct varlena *value = (struct varlena *) DatumGetPointer(row->tts_values[column]);

		if (row->tts_isnull[column])
			continue;
		if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
			return false;
		*size += LARGEST_GROWTH * VARSIZE_ANY(value);
		switch (respond_row_json_column(capture->rows, column)->kind)
		{
			case VALUE_JSON_TEXT:
			case VALUE_JSON_BYTEA:
				break;
			case VALUE_JSON_NUMERIC:
				*size += respond_numeric_text_size((Numeric) value);
				break;
			default:
				change->small_text = false;
				break;
		}
	}
	return true;
}

bool
respond_capture_limit_is_far(CaptureChange *change)
{
	Size		size = ENVELOPE;

	change->small_text = true;
	change->small = add_plain_size(change, change->old_row, &size) &&
		add_plain_size(change, change->new_row, &size) && size < limit() / 2;
	change->small_text &= change->small;
	return change->small;
}

/* The sum for both rows of the columns that are included. */
static Size
total_size(const CaptureChange *change)
{
	const CaptureTrigger *capture = change->capture;
	int			rows = (change->old_row != NULL) + (change->new_row != NULL);
	Size		total = ENVELOPE + rows * capture->fixed_size;

	for (int i = 0; i < capture->long_count; i++)
	{
		int			column = capture->long_columns[i];

		if (change->included == NULL || change->included[column])
			total += value_size(capture, change->new_row, column) + value_size(capture, change->old_row, column);
	}
	return total;
}

static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *left = a;
	const Candidate *right = b;

	if (left->unchanged != right->unchanged)
		return left->unchanged ? -1 : 1;
	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return left->column - right->column;
}

/*
 * Leaves out long values until so many bytes are saved; returns whether there
 * were any.  What was left out in vain, since a larger one had to go after all,
 * is put back.
 */
static bool
leave_out(CaptureChange *change, Jsonb *data, Size excess)
{
	const CaptureTrigger *capture = change->capture;
	int			natts = Max(capture->description->natts, 1);
	Candidate  *candidates = palloc(natts * sizeof(Candidate));
	int			count = 0;
	int			left_out;
	Size		saved = 0;

	if (change->included == NULL)
	{
		change->included = palloc(natts * sizeof(bool));
		memset(change->included, true, natts * sizeof(bool));
	}
	for (int i = 0; i < capture->long_count; i++)
	{
		int			column = capture->long_columns[i];
		Candidate  *candidate = &candidates[count];

		if (!change->included[column])
			continue;
		candidate->column = column;
		candidate->unchanged = change->changed != NULL && !change->changed[column];
		candidate->size = column_size(change, data, column);
		if (candidate->size > 0)
			count++;
	}
	qsort(candidates, count, sizeof(Candidate), compare_candidates);
	for (left_out = 0; left_out < count && saved < excess; left_out++)
	{
		change->included[candidates[left_out].column] = false;
		saved += candidates[left_out].size;
	}
	for (int i = left_out - 1; i >= 0; i--)
	{
		if (saved < excess + candidates[i].size)
			continue;
		change->included[candidates[i].column] = true;
		saved -= candidates[i].size;
	}
	pfree(candidates);
	return saved > 0;
}

void
respond_capture_limit(CaptureChange *change)
{
	Size		total;

	if (change->small)
		return;
	total = total_size(change);
	if (total > limit())
		(void) leave_out(change, NULL, total - limit());
}

bool
respond_capture_limit_again(CaptureChange *change, Jsonb *data)
{
	Size		size = VARSIZE(data);

	if (change->small_text)
		return false;
	/* rules see data as text: a few bytes of numbers can be megabytes of it */
	if (!respond_jsonb_text_fits(&data->root, size, limit()))
		size = Max(size, respond_jsonb_text_size(&data->root, SIZE_MAX));
	return size > limit() && leave_out(change, data, size - limit());
}
