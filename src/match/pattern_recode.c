/*-------------------------------------------------------------------------
 * pattern_recode.c
 *	  Events on their way to the matcher, and errors of patterns on their way back, in the right encoding.
 *
 * src/match/pattern_recode.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/recode.h"
#include "match/pattern_recode.h"

void
respond_pattern_error_from_utf8(PatternError *error)
{
	respond_from_utf8(error->place, sizeof(error->place));
	respond_from_utf8(error->message, sizeof(error->message));
	respond_from_utf8(error->hint, sizeof(error->hint));
}

const char *
respond_event_to_utf8(EventFields *event, const char *text, size_t *length)
{
	const char *converted = respond_to_utf8(text, length);
	char	   *copy;

	if (converted == text)
		return text;
	copy = respond_event_scratch(event, *length);
	memcpy(copy, converted, *length);
	pfree(unconstify(char *, converted));
	return copy;
}
