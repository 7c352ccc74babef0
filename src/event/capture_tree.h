/*-------------------------------------------------------------------------
 * capture_tree.h
 *	  Watched tables that become part of a tree of tables.
 *
 * src/event/capture_tree.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_TREE_H
#define RESPOND_CAPTURE_TREE_H

#include "utils/rel.h"

/* Whether changes of its rows can be made through another table, which statement triggers miss. */
extern bool respond_capture_tree_is_member(Relation table);

/*
 * A name for triggers that, with each of the endings too, nothing has that has
 * to do with the table: triggers of a partitioned table go to its partitions.
 */
extern char *respond_capture_tree_free_name(Oid table, const char *name, const char *const *endings,
											int ending_count);

/* At load. */
extern void respond_capture_tree_initialize(void);

#endif							/* RESPOND_CAPTURE_TREE_H */
