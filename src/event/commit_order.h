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

/* The transaction is about to write its commit record. */
extern void respond_commit_order_announce(FullTransactionId xid);

/* Remembers where the transaction committed; called after its commit record. */
extern void respond_commit_order_record(FullTransactionId xid, XLogRecPtr position);

/*
 * Position of a committed transaction, or InvalidXLogRecPtr when it is not
 * known: overwritten by a later one (the ring holds 65,536), or committed
 * before the server started.  Waits up to a second when the transaction is
 * visible but has not yet written its position.
 */
extern XLogRecPtr respond_commit_order_find(FullTransactionId xid);

/*
 * The earliest known position of the transactions from first up to, but
 * without, end; InvalidXLogRecPtr when none is known.
 */
extern XLogRecPtr respond_commit_order_earliest(FullTransactionId first, FullTransactionId end);

#endif							/* RESPOND_COMMIT_ORDER_H */
