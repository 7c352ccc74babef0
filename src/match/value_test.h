/*-------------------------------------------------------------------------
 * value_test.h
 *	  Does a value of an event satisfy a test of a pattern?
 *
 * src/match/value_test.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_VALUE_TEST_H
#define RESPOND_VALUE_TEST_H

#include "match/event_fields.h"
#include "match/pattern.h"

extern bool respond_test_holds(const PatternTest *test, const FieldValue *value);

/* Does one of the tests hold?  TEST_ABSENT never does: there is a value. */
extern bool respond_any_test_holds(const TestList *list, const FieldValue *value);

/* Does the list accept that the field has no value? */
extern bool respond_accepts_absent(const TestList *list);

#endif							/* RESPOND_VALUE_TEST_H */
