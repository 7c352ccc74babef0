/*-------------------------------------------------------------------------
 * contain_effects.h
 *	  Doing something, with its effects, in a subtransaction.
 *
 * src/dispatcher/contain_effects.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CONTAIN_EFFECTS_H
#define RESPOND_CONTAIN_EFFECTS_H

/*
 * Writes the effects that there are, calls the function and writes its effects.  The
 * result is the error that it raised, which is rolled back, palloc'd; NULL: none.
 */
extern ErrorData *respond_contain_effects(void (*function) (void *argument), void *argument);

#endif							/* RESPOND_CONTAIN_EFFECTS_H */
