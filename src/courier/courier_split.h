/*-------------------------------------------------------------------------
 * courier_split.h
 *	  Mails that a server took for some of their recipients only.
 *
 * src/courier/courier_split.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_SPLIT_H
#define RESPOND_COURIER_SPLIT_H

#include "courier/outcome.h"

/*
 * In the transaction that records the outcome of a mail that was delivered to
 * some: makes deliveries for the recipients that were not accepted, one for
 * those that may be accepted later, and a dead one for the others.
 */
extern void respond_courier_split(const Outcome *outcome);

#endif							/* RESPOND_COURIER_SPLIT_H */
