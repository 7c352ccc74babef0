/*-------------------------------------------------------------------------
 * run_place.h
 *	  Places of runs whose rule limits how many may be under way at once.
 *
 * A run holds a place from its beginning to its end, or stands in the queue for one.
 * The first dispatcher alone gives places; whoever ends a run takes its row away and
 * leaves a note, so the next one is looked for with what was committed until then.
 *
 * src/effect/run_place.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_PLACE_H
#define RESPOND_RUN_PLACE_H

#include "datatype/timestamp.h"

/* A row of respond_internal.run_place. */
typedef struct PlaceRow
{
	int64		run_id;
	TimestampTz run_started_at;
	const char *rule;
	const char *key;
	bool		held;			/* else it is in the queue */
} PlaceRow;

/* The row of the run, palloc'd; NULL: it has none. */
extern PlaceRow *respond_run_place_find(int64 run_id);

/* How many runs hold a place under the key. */
extern int64 respond_run_places_held(const char *rule, const char *key);

/* The one that holds its place for longest, or that is the next in the queue, palloc'd; NULL: none. */
extern PlaceRow *respond_run_place_first(const char *rule, const char *key, bool held);

/* A row for the run, behind all others. */
extern void respond_run_place_put(const PlaceRow *row);

/* A run of the queue gets its place.  Raises ERRCODE_LOCK_NOT_AVAILABLE when a session is just ending it. */
extern void respond_run_place_hold(int64 run_id);

/* The run has ended, or will not begin: its place goes, and the next run is told. */
extern void respond_run_place_free(int64 run_id);

/* The first dispatcher shall look who may begin; key NULL: under each key of the rule. */
extern void respond_run_place_tell(const char *rule, const char *key);

/* Tells so for each key under which runs are in the queue. */
extern void respond_run_place_tell_all(const char *rule);

#endif							/* RESPOND_RUN_PLACE_H */
