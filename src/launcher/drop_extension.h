/*-------------------------------------------------------------------------
 * drop_extension.h
 *	  DROP EXTENSION pg_respond while others work with its tables.
 *
 * src/launcher/drop_extension.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DROP_EXTENSION_H
#define RESPOND_DROP_EXTENSION_H

#include "nodes/nodes.h"

/*
 * If the statement drops our extension, and the current user may: locks what
 * will be dropped in the order in which others lock it.  Waits for the batches
 * of the workers and for transactions that wrote to the tables.
 */
extern void respond_drop_extension_lock(Node *statement);

#endif							/* RESPOND_DROP_EXTENSION_H */
