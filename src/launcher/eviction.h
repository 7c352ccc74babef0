/*-------------------------------------------------------------------------
 * eviction.h
 *	  Keeping workers out of a database while a statement needs it for itself.
 *
 * src/launcher/eviction.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVICTION_H
#define RESPOND_EVICTION_H

#include "nodes/nodes.h"

/*
 * The database that a statement needs without other sessions, and that the
 * current user may do that to; else InvalidOid.
 */
extern Oid	respond_eviction_target(Node *statement);

/*
 * Bars workers from the database, stops those that are there and waits until
 * they are gone, for seconds at most.
 */
extern void respond_eviction_begin(Oid database);

/* Lets workers in again, into whatever this backend barred them from. */
extern void respond_eviction_end(void);

#endif							/* RESPOND_EVICTION_H */
