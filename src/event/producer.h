/*-------------------------------------------------------------------------
 * producer.h
 *	  Which producers may use which sources.
 *
 * src/event/producer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PRODUCER_H
#define RESPOND_PRODUCER_H

#include "common/shape.h"

/* Nobody in particular: a key that came with a dump holds for all producers. */
#define RESPOND_ANY_PRODUCER	InvalidOid

extern const Shape respond_shape_producer;

/*
 * Why the role may not record events with this source, in words and palloc'd;
 * NULL: it may.  Costs nothing while respond.producer is empty.
 */
extern char *respond_producer_fault(Oid role, const char *source, size_t length);

/* Raises that as ERRCODE_INSUFFICIENT_PRIVILEGE. */
extern void respond_producer_check(Oid role, const char *source, size_t length);

/*
 * Sources of roles that do not exist any more are nobody's from now on; returns
 * their number.  Called when a role was dropped, and by the clock for what was
 * dropped in other databases.
 */
extern uint64 respond_producer_roles_gone(void);

/* The producer of a row that came with a dump and says who recorded it. */
extern Oid	respond_producer_of_actor(const char *actor);

#endif							/* RESPOND_PRODUCER_H */
