/*-------------------------------------------------------------------------
 * event_message.c
 *	  An event as streams send it, and which of them it is for.
 *
 * src/stream/event_message.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "audit/mask.h"
#include "common/glob.h"
#include "common/recode.h"
#include "event/event_text.h"
#include "stream/event_message.h"
#include "stream/stream_group.h"

/* Bytes of an event, so that it fits into a frame. */
#define MOST_BYTES		((size_t) 24 * 1024 * 1024)

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
	int			count;
} Match;

static void
match(void *argument)
{
	Match	   *match = argument;

	match->count = respond_stream_group_match(match->event);
}

static int
match_by_type(const Event *event)
{
	int			count = 0;

	for (int i = 0; i < respond_stream_group_count(); i++)
	{
		StreamGroup *group = respond_stream_group_get(i);

		if (group == NULL)
			continue;
		group->met = group->pattern == NULL &&
			(group->type == NULL || respond_glob_matches(group->type, event->type, strlen(event->type)));
		count += group->met;
	}
	return count;
}

int
respond_event_message_match(const Event *event)
{
	Match		matched = {event, 0};

	if (event->data == NULL || !try_call(match, &matched))
		return match_by_type(event);
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

const char *
respond_event_message(const Event *event, size_t *length)
{
	Message		message = {.event = event};

	if (!try_call(write_message, &message) || message.output.status != TEMPLATE_OK)
	{
		Event		empty = *event;

		empty.data = NULL;
		respond_mask_forget_events();
		message.event = &empty;
		write_message(&message);
	}
	*length = message.output.length;
	return respond_to_utf8(message.output.data, length);
}
