/*-------------------------------------------------------------------------
 * pattern_recode.h
 *	  Events on their way to the matcher, and errors of patterns on their way back, in the right encoding.
 *
 * src/match/pattern_recode.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PATTERN_RECODE_H
#define RESPOND_PATTERN_RECODE_H

#include "match/event_fields.h"
#include "match/pattern.h"

/* What the error says, as text of the database, in place. */
extern void respond_pattern_error_from_utf8(PatternError *error);

/* For respond_event_fields_set_recode(): the text in UTF-8, in memory of the event or the text itself. */
extern const char *respond_event_to_utf8(EventFields *event, const char *text, size_t *length);

#endif							/* RESPOND_PATTERN_RECODE_H */
