/*-------------------------------------------------------------------------
 * open_transactions.h
 *	  Transactions of others that go on since before a moment.
 *
 * src/common/open_transactions.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OPEN_TRANSACTIONS_H
#define RESPOND_OPEN_TRANSACTIONS_H

#include "datatype/timestamp.h"

/*
 * Whether another process of this database has a transaction open that began at
 * this moment or before, by respond_clock_now(), and that may yet commit events
 * which carry that time: one that has a transaction id, or one without that began
 * less than grace microseconds before the moment.  A reader that is open for
 * hours does not count, a prepared transaction does, as long as it is there.
 *
 * Whoever wants to see what such transactions have committed asks first, and takes
 * a snapshot afterwards.  A transaction takes its time some microseconds before
 * others can see that it has begun.
 */
extern bool respond_transaction_open_since(TimestampTz moment, int64 grace);

#endif							/* RESPOND_OPEN_TRANSACTIONS_H */
