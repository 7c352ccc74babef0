/*-------------------------------------------------------------------------
 * text_list.h
 *	  Lists of texts: names of people, approvers, options.
 *
 * src/approval/text_list.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEXT_LIST_H
#define RESPOND_TEXT_LIST_H

#include "nodes/pg_list.h"

/* The place of a text, from 0; -1: it is not there. */
extern int	respond_texts_place(const List *texts, const char *text);

/* Adds a text unless it is there. */
extern List *respond_texts_add(List *texts, const char *text);

/* A copy of one list, and what the other has more. */
extern List *respond_texts_union(const List *texts, const List *more);

/* With commas between them, palloc'd. */
extern char *respond_texts_join(const List *texts);

#endif							/* RESPOND_TEXT_LIST_H */
