/*-------------------------------------------------------------------------
 * inbound_count.h
 *	  What came in through each source, counted in shared memory.
 *
 * src/inbound/inbound_count.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_COUNT_H
#define RESPOND_INBOUND_COUNT_H

#include "inbound/reason.h"

/* The name under which requests count that found no source. */
#define INBOUND_NOWHERE		""

/* Asks for the memory; at load. */
extern void respond_inbound_count_initialize(void);

/* A request that was taken: events that were recorded, and those that were known. */
extern void respond_inbound_count_taken(const char *source, int recorded, int known);

/* A request that was refused. */
extern void respond_inbound_count_refused(const char *source, InboundReason reason);

#endif							/* RESPOND_INBOUND_COUNT_H */
