/*-------------------------------------------------------------------------
 * ticket_tags.c
 *	  Tags of a ticket, each once.
 *
 * src/desk/ticket_tags.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "desk/ticket_tags.h"

/* An element of the array and its place. */
typedef struct Tag
{
	const char *text;
	int			length;			/* -1: NULL */
	int			place;
} Tag;

/* By text, then by place, so that the first of equal ones comes first. */
static int
compare_tags(const void *a, const void *b)
{
	const Tag  *left = a;
	const Tag  *right = b;

	if (left->length != right->length)
		return left->length < right->length ? -1 : 1;
	if (left->length > 0)
	{
		int			order = memcmp(left->text, right->text, left->length);

		if (order != 0)
			return order;
	}
	return left->place < right->place ? -1 : 1;
}

static bool
same_tag(const Tag *left, const Tag *right)
{
	return left->length == right->length &&
		(left->length <= 0 || memcmp(left->text, right->text, left->length) == 0);
}

ArrayType *
respond_tags_once(ArrayType *tags)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	Tag		   *sorted;
	bool	   *repeated;
	int			kept = 0;
	int			bound = 1;

	if (ARR_NDIM(tags) != 1 || ArrayGetNItems(ARR_NDIM(tags), ARR_DIMS(tags)) < 2)
		return NULL;
	deconstruct_array(tags, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	sorted = palloc(count * sizeof(Tag));
	repeated = palloc0(count * sizeof(bool));
	for (int i = 0; i < count; i++)
	{
		text	   *value = nulls[i] ? NULL : DatumGetTextPP(values[i]);

		sorted[i].text = value != NULL ? VARDATA_ANY(value) : NULL;
		sorted[i].length = value != NULL ? (int) VARSIZE_ANY_EXHDR(value) : -1;
		sorted[i].place = i;
	}
	qsort(sorted, count, sizeof(Tag), compare_tags);
	for (int i = 1; i < count; i++)
		repeated[sorted[i].place] = same_tag(&sorted[i - 1], &sorted[i]);
	for (int i = 0; i < count; i++)
	{
		if (repeated[i])
			continue;
		values[kept] = values[i];
		nulls[kept++] = nulls[i];
	}
	if (kept == count)
		return NULL;
	return construct_md_array(values, nulls, 1, &kept, &bound, TEXTOID, -1, false, TYPALIGN_INT);
}
