/*-------------------------------------------------------------------------
 * schedule_validate.h
 *	  Which changes of respond.schedule are people's, and which our own.
 *
 * src/schedule/schedule_validate.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_VALIDATE_H
#define RESPOND_SCHEDULE_VALIDATE_H

/* Around an UPDATE of ours of the columns that we keep; returns what held before. */
extern bool respond_schedule_set_keeping(bool keeping);

#endif							/* RESPOND_SCHEDULE_VALIDATE_H */
