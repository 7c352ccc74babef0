/*-------------------------------------------------------------------------
 * oldest_transaction.h
 *	  Since when some transaction of the database is open.
 *
 * src/dispatcher/oldest_transaction.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OLDEST_TRANSACTION_H
#define RESPOND_OLDEST_TRANSACTION_H

#include "datatype/timestamp.h"

/*
 * When the oldest open transaction began that may hold events, by
 * respond_clock_now(); DT_NOEND: there is none.  This process does not count.  One that
 * has written nothing yet counts while its session is idle in it, for as long as
 * pg_respond.timer_grace: a statement that runs then is a query, most likely.
 */
extern TimestampTz respond_oldest_transaction(void);

#endif							/* RESPOND_OLDEST_TRANSACTION_H */
