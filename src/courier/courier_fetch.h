/*-------------------------------------------------------------------------
 * courier_fetch.h
 *	  From a pending delivery to a request that can be sent.
 *
 * src/courier/courier_fetch.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_FETCH_H
#define RESPOND_COURIER_FETCH_H

#include "courier/outgoing.h"

/*
 * Fetches the rows of entries and makes requests of them, flushed to disk.  Those
 * that are not pending any more, or wait for another one, are forgotten.
 * Should it raise an error, what it had made is in *list, and the entries that it
 * had not come to are not NULL.
 */
extern void respond_courier_fetch(Entry **entries, int count, Outgoing **list);

#endif							/* RESPOND_COURIER_FETCH_H */
