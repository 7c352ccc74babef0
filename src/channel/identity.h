/*-------------------------------------------------------------------------
 * identity.h
 *	  Ids of channels and kinds: given once, never changed, never used again.
 *
 * src/channel/identity.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_IDENTITY_H
#define RESPOND_IDENTITY_H

/*
 * In a trigger before a row: sets its column of the id.  before: the value that the
 * row has already, NULL when it is new.  What a new row says of its id counts
 * only when it comes from a dump or from a publisher.
 */
extern void respond_identity_set(Datum *value, bool *is_null, const Datum *before);

#endif							/* RESPOND_IDENTITY_H */
