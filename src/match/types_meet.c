/*-------------------------------------------------------------------------
 * types_meet.c
 *	  Can an event have both of two types, each of which may have "*" in it?
 *
 * For who draws what leads to what: a rule listens for "order.*", another one
 * emits "order.paid", or "order." with something after it.
 *
 * src/match/types_meet.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "common/pg_compat.h"
#include "match/types_meet.h"

PG_FUNCTION_INFO_V1(respond_types_meet);

typedef struct TypeText
{
	const char *text;
	size_t		length;
} TypeText;

static bool
is_pattern(TypeText type)
{
	return memchr(type.text, '*', type.length) != NULL;
}

/* "*" takes as little as it can; when that leads nowhere, the last one takes a byte more. */
static bool
has_pattern(TypeText type, TypeText pattern)
{
	size_t		at = 0;
	size_t		place = 0;
	size_t		star = pattern.length;	/* place of the last "*" that was met */
	size_t		taken = 0;		/* where the text that it takes ends */

	while (at < type.length)
	{
		if (place < pattern.length && pattern.text[place] == '*')
		{
			star = place++;
			taken = at;
		}
		else if (place < pattern.length && pattern.text[place] == type.text[at])
		{
			place++;
			at++;
		}
		else if (star < pattern.length)
		{
			place = star + 1;
			at = ++taken;
		}
		else
			return false;
	}
	while (place < pattern.length && pattern.text[place] == '*')
		place++;
	return place == pattern.length;
}

/*
 * Two patterns have a text in common when their beginnings agree and their ends
 * do: what stands between stars goes one after the other.
 */
static bool
patterns_meet(TypeText one, TypeText other)
{
	for (size_t i = 0; one.text[i] != '*' && other.text[i] != '*'; i++)
		if (one.text[i] != other.text[i])
			return false;
	for (size_t i = 1; one.text[one.length - i] != '*' && other.text[other.length - i] != '*'; i++)
		if (one.text[one.length - i] != other.text[other.length - i])
			return false;
	return true;
}

static bool
meet(TypeText one, TypeText other)
{
	if (is_pattern(one) && is_pattern(other))
		return patterns_meet(one, other);
	return is_pattern(one) ? has_pattern(other, one) : has_pattern(one, other);
}

bool
respond_type_meets(const char *one, const char *other)
{
	return meet((TypeText) {one, strlen(one)}, (TypeText) {other, strlen(other)});
}

/* types_meet(one, other) → boolean */
Datum
respond_types_meet(PG_FUNCTION_ARGS)
{
	text	   *first = PG_GETARG_TEXT_PP(0);
	text	   *second = PG_GETARG_TEXT_PP(1);
	TypeText	one = {VARDATA_ANY(first), VARSIZE_ANY_EXHDR(first)};
	TypeText	other = {VARDATA_ANY(second), VARSIZE_ANY_EXHDR(second)};

	PG_RETURN_BOOL(meet(one, other));
}
