/*-------------------------------------------------------------------------
 * commit_order.h
 *	  In which order transactions committed.
 *
 * src/event/commit_order.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COMMIT_ORDER_H
#define RESPOND_COMMIT_ORDER_H

#include "access/transam.h"
#include "access/xlogdefs.h"

/* Remembers where the transaction committed; called after its commit record. */
extern void respond_commit_order_record(FullTransactionId xid, XLogRecPtr position);

/*
 * Position of a transaction's commit, or InvalidXLogRecPtr when it is no
 * longer known (overwritten by 65,536 later ones, or before a restart).
 */
extern XLogRecPtr respond_commit_order_find(FullTransactionId xid);

#endif							/* RESPOND_COMMIT_ORDER_H */
