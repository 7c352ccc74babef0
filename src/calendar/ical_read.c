/*-------------------------------------------------------------------------
 * ical_read.c
 *	  The lines and components of a calendar file.
 *
 * src/calendar/ical_read.c
 *-------------------------------------------------------------------------
 */
#include "calendar/ical.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "calendar/ical_event.h"

/* Components within each other. */
#define MAX_DEPTH	16

typedef struct Reader
{
	Arena	   *arena;
	const char *place;
	const char *end;
	int			line;			/* of the last one that was read, from 1 */
	int			next_line;
	char	   *components[MAX_DEPTH];	/* that are open, the outermost first */
	int			depth;
	Ical	   *ical;
	int			room;			/* for events */
	IcalEvent  *event;			/* that is open, or NULL */
	int			event_depth;
	IcalError  *error;
} Reader;

static bool __attribute__((format(printf, 3, 4)))
fail(Reader *reader, int line, const char *format,...)
{
	va_list		arguments;

	reader->error->line = line;
	va_start(arguments, format);
	vsnprintf(reader->error->reason, sizeof(reader->error->reason), format, arguments);
	va_end(arguments);
	return false;
}

/* The end of the line that begins at a place, without its CR. */
static const char *
find_end(const Reader *reader, const char *place, const char **next)
{
	const char *end = memchr(place, '\n', (size_t) (reader->end - place));

	*next = end == NULL ? reader->end : end + 1;
	if (end == NULL)
		end = reader->end;
	if (end > place && end[-1] == '\r')
		end--;
	return end;
}

/* How long the next line is when it is unfolded, at most. */
static size_t
measure(const Reader *reader)
{
	const char *place = reader->place;
	size_t		length = 0;

	do
	{
		const char *next;

		length += (size_t) (find_end(reader, place, &next) - place);
		place = next;
	} while (place < reader->end && (*place == ' ' || *place == '\t'));
	return length;
}

/* The next line, unfolded; NULL at the end.  A NUL in it ends it. */
static char *
next_line(Reader *reader)
{
	char	   *text;
	size_t		length = 0;
	bool		folded = false;

	if (reader->place >= reader->end)
		return NULL;
	text = respond_arena_alloc(reader->arena, measure(reader) + 1);
	reader->line = reader->next_line;
	do
	{
		const char *from = reader->place + folded;
		const char *next;
		const char *end = find_end(reader, reader->place, &next);

		if (end > from)
		{
			memcpy(text + length, from, (size_t) (end - from));
			length += (size_t) (end - from);
		}
		reader->place = next;
		reader->next_line++;
		folded = true;
	} while (reader->place < reader->end && (*reader->place == ' ' || *reader->place == '\t'));
	text[length] = '\0';
	return text;
}

/* The colon before the value: one that is not in quotes. */
static char *
find_colon(char *text)
{
	bool		quoted = false;

	for (; *text != '\0'; text++)
	{
		quoted ^= *text == '"';
		if (*text == ':' && !quoted)
			return text;
	}
	return NULL;
}

/* False if it is no property. */
static bool
cut_line(Reader *reader, char *text, IcalLine *line)
{
	char	   *colon = find_colon(text);
	size_t		length;

	if (colon == NULL)
		return false;
	*colon = '\0';
	length = strcspn(text, ";");
	line->name = respond_arena_copy(reader->arena, text, length);
	line->parameters = text + length;
	line->value = colon + 1;
	line->value_length = strlen(line->value);
	for (char *c = line->name; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
	return true;
}

static IcalEvent *
add_event(Reader *reader)
{
	Ical	   *ical = reader->ical;

	if (ical->count == reader->room)
	{
		int			room = reader->room == 0 ? 16 : reader->room * 2;
		IcalEvent  *events = respond_arena_alloc(reader->arena, sizeof(IcalEvent) * (size_t) room);

		if (ical->count > 0)
			memcpy(events, ical->events, sizeof(IcalEvent) * (size_t) ical->count);
		ical->events = events;
		reader->room = room;
	}
	memset(&ical->events[ical->count], 0, sizeof(IcalEvent));
	return &ical->events[ical->count++];
}

static bool
begin_component(Reader *reader, char *name)
{
	if (reader->depth == 0 && strcasecmp(name, "VCALENDAR") != 0)
		return fail(reader, reader->line, "there is no BEGIN:VCALENDAR before it");
	if (reader->depth == MAX_DEPTH)
		return fail(reader, reader->line, "components are nested deeper than %d", MAX_DEPTH);
	reader->components[reader->depth++] = name;
	if (reader->event != NULL || strcasecmp(name, "VEVENT") != 0)
		return true;
	if (reader->ical->count == ICAL_MOST_EVENTS)
		return fail(reader, reader->line, "there are more than %d events", ICAL_MOST_EVENTS);
	reader->event = add_event(reader);
	reader->event_depth = reader->depth;
	return true;
}

static bool
end_component(Reader *reader, const char *name)
{
	if (reader->depth == 0 || strcasecmp(reader->components[reader->depth - 1], name) != 0)
		return fail(reader, reader->line, "END without its BEGIN");
	if (reader->event != NULL && reader->depth == reader->event_depth)
	{
		respond_ical_event_finish(reader->event);
		reader->event = NULL;
	}
	reader->depth--;
	return true;
}

static bool
take_line(Reader *reader, char *text)
{
	IcalLine	line;

	if (text[0] == '\0')
		return true;
	if (!cut_line(reader, text, &line))
		return fail(reader, reader->line, "it has no colon");
	if (strcmp(line.name, "BEGIN") == 0)
		return begin_component(reader, line.value);
	if (reader->depth == 0)
		return fail(reader, reader->line, "there is no BEGIN:VCALENDAR before it");
	if (strcmp(line.name, "END") == 0)
		return end_component(reader, line.value);
	if (reader->event != NULL && reader->depth == reader->event_depth)
		respond_ical_event_take(reader->arena, reader->event, &line);
	return true;
}

bool
respond_ical_read(Arena *arena, const char *text, size_t length, Ical *ical, IcalError *error)
{
	Reader		reader = {.arena = arena,.place = text,.end = text + length,.next_line = 1,.ical = ical,.error = error};
	bool		any = false;
	char	   *line;

	*ical = (Ical) {0};
	/* some programs begin with a mark of UTF-8 */
	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		reader.place += 3;
	while ((line = next_line(&reader)) != NULL)
	{
		any |= line[0] != '\0';
		if (!take_line(&reader, line))
			return false;
	}
	if (!any)
		return fail(&reader, 0, "it is empty");
	if (reader.depth > 0)
		return fail(&reader, 0, "it ends within a component; END is missing");
	return true;
}
