/*-------------------------------------------------------------------------
 * watch_trigger.h
 *	  The triggers that a watch consists of.
 *
 * src/event/watch_trigger.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WATCH_TRIGGER_H
#define RESPOND_WATCH_TRIGGER_H

#include "event/capture_trigger.h"

typedef struct Watch
{
	Relation	table;
	const char *type;			/* NULL: the default of each operation */
	bool		operations[CAPTURE_OPERATIONS];
	List	   *columns;		/* names, NIL: all */
	const char *condition;
	Node	   *condition_tree;
	const char *subject;
	bool		replicated;		/* also what a subscription applies */
} Watch;

extern const char *const respond_watch_operations[CAPTURE_OPERATIONS];

/* Creates them within SPI; returns the name of the first, which the others have as a prefix. */
extern char *respond_watch_create_triggers(Watch *watch);

/*
 * Drops those of watches for a type within SPI: NULL those of all, '' of the
 * one that has none.  "NAME.*" too names that one.  Returns how many.
 */
extern int	respond_watch_drop_triggers(Relation table, const char *type);

/* Whether the trigger was made by watch(), and is not a copy of one in a partition. */
extern bool respond_watch_is_trigger(const char *name, Oid parent);

#endif							/* RESPOND_WATCH_TRIGGER_H */
