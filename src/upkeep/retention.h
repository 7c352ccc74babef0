/*-------------------------------------------------------------------------
 * retention.h
 *	  Letting go of history that is older than it need be.
 *
 * src/upkeep/retention.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RETENTION_H
#define RESPOND_RETENTION_H

#include "datatype/timestamp.h"

/*
 * Drops partitions that are past their retention and were handled, and deletes
 * old rows of the bookkeeping.  Returns when to look again.
 */
extern TimestampTz respond_retention_apply(TimestampTz now);

#endif							/* RESPOND_RETENTION_H */
