/*-------------------------------------------------------------------------
 * types_meet.h
 *	  Can an event have both of two types, each of which may have "*" in it?
 *
 * src/match/types_meet.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TYPES_MEET_H
#define RESPOND_TYPES_MEET_H

extern bool respond_type_meets(const char *one, const char *other);

#endif							/* RESPOND_TYPES_MEET_H */
