/*-------------------------------------------------------------------------
 * fuzz_ical.c
 *	  Calendar files of any bytes.
 *
 * Checked besides memory: what is refused has a reason; an event without a
 * problem has a start, and days end after they begin; whether lines end with CR
 * changes nothing.
 *
 * test/fuzz/fuzz_ical.c
 *-------------------------------------------------------------------------
 */
/* links: src/calendar/ical_read.c src/calendar/ical_event.c src/calendar/day.c src/common/arena.c */
#include <string.h>

#include "calendar/ical.h"
#include "insist.h"

static void
insist_event(const IcalEvent *event)
{
	if (event->problem != NULL)
	{
		insist(event->problem[0] != '\0', "a problem is named");
		return;
	}
	insist(event->start.given, "what can be taken has a start");
	insist(event->end.is_date == event->start.is_date, "start and end are of one kind");
	insist(!event->start.is_date || event->end.local > event->start.local, "days end after they begin");
	insist(event->count >= 0, "a count is none below 0");
}

static bool
same_event(const IcalEvent *a, const IcalEvent *b)
{
	if ((a->problem == NULL) != (b->problem == NULL) || (a->name == NULL) != (b->name == NULL))
		return false;
	return (a->name == NULL || strcmp(a->name, b->name) == 0) && a->start.local == b->start.local &&
		a->end.local == b->end.local && a->yearly == b->yearly && a->count == b->count;
}

/* The same with CR at each end of a line. */
static void
insist_same(Arena *arena, const uint8_t *data, size_t size, const Ical *ical)
{
	char	   *text = respond_arena_alloc(arena, size * 2 + 1);
	size_t		length = 0;
	Ical		other;
	IcalError	error;

	for (size_t i = 0; i < size; i++)
	{
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			text[length++] = '\r';
		text[length++] = (char) data[i];
	}
	insist(respond_ical_read(arena, text, length, &other, &error), "ends of lines change nothing");
	insist(other.count == ical->count, "nor how many events there are");
	for (int i = 0; i < ical->count; i++)
		insist(same_event(&ical->events[i], &other.events[i]), "nor what they are");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Ical		ical;
	IcalError	error = {0};

	if (respond_ical_read(arena, (const char *) data, size, &ical, &error))
	{
		for (int i = 0; i < ical.count; i++)
			insist_event(&ical.events[i]);
		insist_same(arena, data, size, &ical);
	}
	else
		insist(error.reason[0] != '\0' && error.line >= 0, "what is refused has a reason");
	respond_arena_destroy(arena);
	return 0;
}
