/*-------------------------------------------------------------------------
 * courier_read.h
 *	  What the courier reads to know what is to be done: channels, pages of
 *	  pending deliveries, secrets.  Each in a transaction of its own.
 *
 * src/courier/courier_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_READ_H
#define RESPOND_COURIER_READ_H

#include "access/xlogdefs.h"

#include "courier/courier_channel.h"

/* Reads the channels; all pending deliveries are looked at anew. */
extern void respond_courier_read_channels(void);

/* Queues what the table has for channels that want it; true when it read any. */
extern bool respond_courier_read_pages(TimestampTz now);

/*
 * Makes the channel's secret known if it has one.  False when it cannot be had;
 * the channel is then blocked for a while, with the reason.
 */
extern bool respond_courier_read_secret(CourierChannel *channel);

/* Where the WAL of everything ends that a snapshot sees which was taken before. */
extern XLogRecPtr respond_courier_read_end_of_wal(void);

/* Queues the first pending delivery of the subject whose number is higher than this; in a transaction. */
extern void respond_courier_read_next(CourierChannel *channel, const char *subject, int64 after);

#endif							/* RESPOND_COURIER_READ_H */
