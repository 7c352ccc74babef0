/*-------------------------------------------------------------------------
 * text_list.c
 *	  Lists of texts: names of people, approvers, options.
 *
 * src/approval/text_list.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "approval/text_list.h"

int
respond_texts_place(const List *texts, const char *text)
{
	for (int i = 0; i < list_length(texts); i++)
		if (strcmp(list_nth(texts, i), text) == 0)
			return i;
	return -1;
}

List *
respond_texts_add(List *texts, const char *text)
{
	return respond_texts_place(texts, text) >= 0 ? texts : lappend(texts, unconstify(char *, text));
}

List *
respond_texts_union(const List *texts, const List *more)
{
	List	   *result = list_copy(texts);
	ListCell   *cell;

	foreach(cell, more)
		result = respond_texts_add(result, lfirst(cell));
	return result;
}

char *
respond_texts_join(const List *texts)
{
	StringInfoData list;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, texts)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", (char *) lfirst(cell));
	return list.data;
}
