/*-------------------------------------------------------------------------
 * row_compare.c
 *	  What an UPDATE changed of a ticket.
 *
 * src/desk/row_compare.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datum.h"

#include "desk/row_compare.h"

bool
respond_column_is_same(TupleDesc desc, int column, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, column);
	Datum		old_value = old_row->tts_values[column];
	Datum		new_value = new_row->tts_values[column];

	if (old_row->tts_isnull[column] || new_row->tts_isnull[column])
		return old_row->tts_isnull[column] && new_row->tts_isnull[column];

	/* An untouched column keeps its bytes, a toast pointer too: no need to fetch it. */
	if (attribute->attlen == -1)
	{
		struct varlena *old_bytes = (struct varlena *) DatumGetPointer(old_value);
		struct varlena *new_bytes = (struct varlena *) DatumGetPointer(new_value);

		if (VARSIZE_ANY(old_bytes) == VARSIZE_ANY(new_bytes) &&
			memcmp(old_bytes, new_bytes, VARSIZE_ANY(old_bytes)) == 0)
			return true;
	}
	return datum_image_eq(old_value, new_value, attribute->attbyval, attribute->attlen);
}

bool
respond_ticket_changed_columns(const TicketColumns *columns, TupleDesc desc,
							   TupleTableSlot *old_row, TupleTableSlot *new_row, bool *changed)
{
	bool		any = false;

	for (int i = 0; i < desc->natts; i++)
	{
		changed[i] = !TupleDescAttr(desc, i)->attisdropped &&
			i != columns->updated_at && i != columns->solved_at && i != columns->closed_at &&
			!respond_column_is_same(desc, i, old_row, new_row);
		any |= changed[i];
	}
	return any;
}
