/*-------------------------------------------------------------------------
 * event_message.c
 *	  An event as streams send it, and which of them it is for.
 *
 * src/stream/event_message.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "audit/mask.h"
#include "common/recode.h"
#include "event/event_text.h"
#include "stream/event_message.h"

/* Bytes of an event in UTF-8, so that it fits into a frame. */
#define MOST_BYTES		((size_t) 24 * 1024 * 1024)

/* What a byte of a database in SQL_ASCII can become: U+FFFD. */
#define MOST_GROWTH		3

/* Calls the function; false: it raised, and nothing of it is left.  Out of memory and interrupts are raised on. */
static bool
try_call(void (*function) (void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool worked = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		function(argument);
		worked = true;
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			class = ERRCODE_TO_CATEGORY(geterrcode());

		if (class == ERRCODE_INSUFFICIENT_RESOURCES || class == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		EmitErrorReport();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return worked;
}

typedef struct Match
{
	const Event *event;
	StreamGroup **met;
	int			count;
} Match;

static void
match(void *argument)
{
	Match	   *match = argument;

	match->count = respond_stream_group_match(respond_mask_event(match->event), &match->met);
}

int
respond_event_message_match(const Event *event, StreamGroup ***met)
{
	Match		matched = {.event = event};

	if (event->data == NULL || !try_call(match, &matched))
		return respond_stream_group_match_type(event, met);
	*met = matched.met;
	return matched.count;
}

typedef struct Message
{
	const Event *event;
	TemplateOutput output;
} Message;

static void
write_message(void *argument)
{
	Message    *message = argument;

	respond_template_begin_output(&message->output, 0);
	message->output.limit = MOST_BYTES;
	respond_event_cloud_event(&message->output, respond_mask_event(message->event));
}

/* False: it is too long. */
static bool
recode(const Message *message, const char **text, size_t *length)
{
	*length = message->output.length;
	*text = respond_to_utf8(message->output.data, length);
	return *length <= MOST_BYTES / (GetDatabaseEncoding() == PG_SQL_ASCII ? MOST_GROWTH : 1);
}

const char *
respond_event_message(const Event *event, size_t *length)
{
	Message		message = {.event = event};
	const char *text;

	if (!try_call(write_message, &message) || message.output.status != TEMPLATE_OK ||
		!recode(&message, &text, length))
	{
		Event		empty = *event;

		empty.data = NULL;
		respond_mask_forget_events();
		message.event = &empty;
		write_message(&message);
		(void) recode(&message, &text, length);
	}
	return text;
}
