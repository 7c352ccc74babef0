/*-------------------------------------------------------------------------
 * contain.h
 *	  Work whose errors must not tear the transaction around it.
 *
 * src/common/contain.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CONTAIN_H
#define RESPOND_CONTAIN_H

/*
 * Calls function in an internal subtransaction, in the caller's memory context.
 * What it raises is raised on, after the subtransaction was rolled back: the
 * caller may catch it and go on.
 */
extern void respond_contain(void (*function) (void *argument), void *argument);

/*
 * The same, but what it raises is returned, in the caller's memory context, and
 * NULL when it raised nothing.  Errors that must not be swallowed
 * (error_class.h) are raised all the same.
 */
extern ErrorData *respond_contain_try(void (*function) (void *argument), void *argument);

/*
 * The same without a subtransaction: for work that touches memory only, of which an
 * error leaves nothing behind.
 */
extern ErrorData *respond_catch(void (*function) (void *argument), void *argument);

#endif							/* RESPOND_CONTAIN_H */
