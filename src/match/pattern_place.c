/*-------------------------------------------------------------------------
 * pattern_place.c
 *	  Where the pattern compiler is, and what it says when it fails there.
 *
 * src/match/pattern_place.c
 *-------------------------------------------------------------------------
 */
#include "match/pattern_place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8_cut.h"

static void
append(PatternPlace *place, const char *bytes, size_t length)
{
	if (place->length < sizeof(place->text))
	{
		size_t		room = sizeof(place->text) - place->length;

		memcpy(place->text + place->length, bytes, length < room ? length : room);
	}
	place->length += length;
}

size_t
respond_place_enter_member(PatternPlace *place, const char *name, size_t length)
{
	size_t		mark = place->length;

	if (mark > 0)
		append(place, ".", 1);
	append(place, name, length);
	return mark;
}

size_t
respond_place_enter_item(PatternPlace *place, size_t index)
{
	size_t		mark = place->length;
	char		text[32];
	int			length = snprintf(text, sizeof(text), "[%zu]", index);

	append(place, text, (size_t) length);
	return mark;
}

void
respond_place_leave(PatternPlace *place, size_t mark)
{
	place->length = mark;
}

bool
respond_place_fail(PatternPlace *place, const char *hint, const char *message,...)
{
	PatternError *error = place->error;
	char		text[1024];
	size_t		length;
	va_list		arguments;

	length = respond_utf8_cut(place->text, place->length, sizeof(error->place) - 4);
	memcpy(error->place, place->text, length);
	strcpy(error->place + length, length < place->length ? "..." : "");

	va_start(arguments, message);
	vsnprintf(text, sizeof(text), message, arguments);
	va_end(arguments);
	length = respond_utf8_cut(text, strlen(text), sizeof(error->message) - 4);
	memcpy(error->message, text, length);
	strcpy(error->message + length, text[length] != '\0' ? "..." : "");

	snprintf(error->hint, sizeof(error->hint), "%s", hint);
	return false;
}
