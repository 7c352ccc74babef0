/*-------------------------------------------------------------------------
 * pattern.h
 *	  Compiles an event pattern into tests on the fields of an event.
 *
 * The language is the EventBridge event pattern language as the open-source
 * matcher event-ruler 2 defines it, plus {"all-of": [...]}, which ANDs tests
 * on one value.  The compiled form is plain data: matcher.c interns and
 * indexes it, value_test.c evaluates it.
 *
 * A pattern is a list of alternatives (more than one only with "$or"); an
 * alternative is a list of fields that must all hold; a field is a path and a
 * list of tests of which one must hold.
 *
 * src/match/pattern.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PATTERN_H
#define RESPOND_PATTERN_H

#include "common/arena.h"
#include "common/json_value.h"
#include "match/address.h"
#include "match/case_map.h"

#define PATTERN_DEPTH_LIMIT			64		/* nested objects and arrays */
#define PATTERN_FIELD_LIMIT			256		/* in one alternative */
#define PATTERN_ALTERNATIVE_LIMIT	1000	/* after "$or" is multiplied out */

typedef enum TestKind
{
	TEST_STRING,
	TEST_NUMBER,				/* a plain number, see number.h */
	TEST_DECIMAL,				/* any other number, by its decimal spelling */
	TEST_NULL,
	TEST_TRUE,
	TEST_FALSE,
	TEST_PREFIX,
	TEST_SUFFIX,
	TEST_IGNORE_CASE,
	TEST_PREFIX_IGNORE_CASE,
	TEST_SUFFIX_IGNORE_CASE,
	TEST_WILDCARD,
	TEST_RANGE,
	TEST_NETWORK,				/* also a single address */
	TEST_EXISTS,
	TEST_ABSENT,
	TEST_ANYTHING_BUT,
	TEST_ALL_OF
} TestKind;

typedef struct PatternTest PatternTest;

/*
 * Tests in the order of their kinds; exact strings come first and are sorted
 * by length, then bytes, so that a long list of values is searched fast.
 */
typedef struct TestList
{
	int			count;
	int			string_count;	/* leading TEST_STRING */
	PatternTest *tests;
} TestList;

/* One character of a text whose case is ignored. */
typedef struct CaseCharacter
{
	CaseForm	lower;
	CaseForm	upper;
} CaseCharacter;

/* Literal parts between wildcards; the first and last may be empty. */
typedef struct LiteralPart
{
	const char *bytes;
	size_t		length;
} LiteralPart;

struct PatternTest
{
	TestKind	kind;
	const char *text;			/* string kinds as written; TEST_DECIMAL: its spelling */
	size_t		length;
	double		low;			/* TEST_NUMBER: the number; TEST_RANGE: bounds, maybe infinite */
	double		high;
	const char *low_text;		/* TEST_RANGE: spelling of a bound that is not plain, or NULL */
	const char *high_text;
	bool		low_open;
	bool		high_open;
	Address		network;		/* TEST_NETWORK, host bits zero */
	int			network_bits;
	CaseCharacter *characters;	/* *_IGNORE_CASE */
	int			character_count;
	bool		folds;			/* *_IGNORE_CASE: all mappings are one to one */
	LiteralPart *parts;			/* TEST_WILDCARD */
	int			part_count;		/* wildcards + 1 */
	TestList	inner;			/* TEST_ANYTHING_BUT: none may hold; TEST_ALL_OF: all must */
};

typedef struct PatternField
{
	const char *path;			/* names joined by dots */
	size_t		path_length;
	TestList	tests;
} PatternField;

typedef struct PatternAlternative
{
	int			field_count;
	const PatternField **fields;	/* sorted by path */
} PatternAlternative;

typedef struct Pattern
{
	int			alternative_count;
	PatternAlternative *alternatives;
} Pattern;

/* Full sentences go into hint; message is a phrase that follows a colon. */
typedef struct PatternError
{
	char		place[256];		/* as data.new.status[0].numeric; empty for the top */
	char		message[256];
	char		hint[256];
} PatternError;

/*
 * Compiles a pattern.  The result lives in arena and does not point into
 * json.  Returns NULL and fills *error when the pattern is invalid.
 */
extern const Pattern *respond_pattern_compile(Arena *arena, const JsonValue *json, PatternError *error);

/*
 * Compiles a glob of event types, where "*" stands for any run of characters
 * and nothing else is special, into one test.  Never fails.
 */
extern PatternTest respond_pattern_glob(Arena *arena, const char *glob, size_t length);

#endif							/* RESPOND_PATTERN_H */
