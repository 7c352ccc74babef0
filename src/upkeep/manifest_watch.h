/*-------------------------------------------------------------------------
 * manifest_watch.h
 *	  Noticing that something may hang on the tables of pg_respond.
 *
 * src/upkeep/manifest_watch.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MANIFEST_WATCH_H
#define RESPOND_MANIFEST_WATCH_H

#include "nodes/nodes.h"

/* Of a database, in shared memory; workers wait unless it is clean. */
typedef enum ManifestState
{
	MANIFEST_CLEAN,
	MANIFEST_UNCHECKED,			/* the clock has to look */
	MANIFEST_CHECKING,			/* it looks now */
	MANIFEST_FOREIGN			/* code of somebody else's would run as the workers */
} ManifestState;

/* For the clock: the state of its database; what a look came to, or that it could not be taken now. */
extern ManifestState respond_manifest_state(void);
extern void respond_manifest_begin(void);
extern void respond_manifest_end(ManifestState state);
extern void respond_manifest_postpone(void);

/* From the utility hook, when the statement is done: does it concern our tables? */
extern void respond_manifest_note(Node *statement);

/* When the library is loaded. */
extern void respond_manifest_watch_initialize(void);

#endif							/* RESPOND_MANIFEST_WATCH_H */
