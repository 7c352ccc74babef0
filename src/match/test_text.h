/*-------------------------------------------------------------------------
 * test_text.h
 *	  Writes tests and values in words, for explanations.
 *
 * src/match/test_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEST_TEXT_H
#define RESPOND_TEST_TEXT_H

#include "match/event_fields.h"
#include "match/pattern.h"

/* A text that is cut, between characters, where its room ends. */
typedef struct CutText
{
	char	   *text;			/* always terminated */
	size_t		length;
	size_t		room;
} CutText;

extern void respond_text_begin(CutText *out, char *text, size_t room);
extern void respond_text_append(CutText *out, const char *words);

/* As "paid", 5, true: a value of an event. */
extern void respond_text_append_value(CutText *out, const FieldValue *value);

/* Why no value of the field will do, as: is not one of "failed", "void". */
extern void respond_text_append_refusal(CutText *out, const TestList *tests);

#endif							/* RESPOND_TEST_TEXT_H */
