/*-------------------------------------------------------------------------
 * event_size.c
 *	  Whether the data of an event is small enough for rules.
 *
 * 132 kB of jsonb can be 786 MB of text: a number such as 1e131071 takes a dozen
 * bytes.  Everything behind the dispatcher turns data into text sooner or
 * later, a rule's own SQL first of all, where nobody can count for it.  So the
 * limit is for the text as well, and it is counted before anything is written.
 *
 * src/event/event_size.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/guc.h"
#include "common/jsonb_size.h"
#include "event/event_size.h"

bool
respond_event_data_fits(const Jsonb *data)
{
	Size		limit = (Size) respond_max_event_size * 1024;

	return VARSIZE(data) <= limit &&
		respond_jsonb_text_fits(unconstify(JsonbContainer *, &data->root), VARSIZE(data), limit);
}

void
respond_event_limit_data(Event *event)
{
	Size		limit = (Size) respond_max_event_size * 1024;

	if (event->data == NULL)
		return;
	if (event->data_size > (int64) limit)
		event->data = NULL;
	else if (!respond_jsonb_text_fits(&event->data->root, VARSIZE(event->data), limit))
	{
		event->data_size = (int64) respond_jsonb_text_size(&event->data->root, SIZE_MAX);
		event->data_is_long = true;
		event->data = NULL;
	}
}

char *
respond_event_size_fault(const Event *event)
{
	return psprintf("data of " INT64_FORMAT " bytes%s is larger than pg_respond.max_event_size (%d kB)",
					event->data_size, event->data_is_long ? " of JSON text" : "", respond_max_event_size);
}
