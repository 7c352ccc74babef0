/*-------------------------------------------------------------------------
 * merge.h
 *	  Two tickets about the same thing become one.
 *
 * src/desk/merge.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MERGE_H
#define RESPOND_MERGE_H

/* Whether merge() is writing that the ticket leads to the other one: nobody else may. */
extern bool respond_merge_writes(int64 from_ticket, int64 into_ticket);

#endif							/* RESPOND_MERGE_H */
