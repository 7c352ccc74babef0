/*-------------------------------------------------------------------------
 * pattern_place.h
 *	  Shared by the files of the pattern compiler: where it is, what is wrong.
 *
 * src/match/pattern_place.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PATTERN_PLACE_H
#define RESPOND_PATTERN_PLACE_H

#include "match/pattern.h"

/* Place in the pattern, written only so far as it fits. */
typedef struct PatternPlace
{
	Arena	   *arena;
	PatternError *error;
	int			depth;
	size_t		length;			/* of text; may pass sizeof(text) while deeper */
	char		text[sizeof(((PatternError *) 0)->place)];
} PatternPlace;

/* Enters a member or an item; returns the mark to come back to. */
extern size_t respond_place_enter_member(PatternPlace *place, const char *name, size_t length);
extern size_t respond_place_enter_item(PatternPlace *place, size_t index);
extern void respond_place_leave(PatternPlace *place, size_t mark);

/* Fills the error with the present place; always returns false. */
extern bool respond_place_fail(PatternPlace *place, const char *hint, const char *message,...)
			__attribute__((format(printf, 3, 4)));

/* Compiles the tests of one field, an array, into *list. */
extern bool respond_pattern_tests(PatternPlace *place, const JsonValue *array, TestList *list);

/*
 * Compiles the texts of one test: with *, for letter case.  *test has text
 * and length already.
 */
extern bool respond_pattern_wildcard(PatternPlace *place, PatternTest *test);
extern void respond_pattern_characters(Arena *arena, PatternTest *test);

/* Sorts tests as TestList wants them. */
extern void respond_pattern_sort(TestList *list);

#endif							/* RESPOND_PATTERN_PLACE_H */
