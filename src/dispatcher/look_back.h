/*-------------------------------------------------------------------------
 * look_back.h
 *	  What a wait should have heard before it was armed.
 *
 * src/dispatcher/look_back.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOK_BACK_H
#define RESPOND_LOOK_BACK_H

/* Whether runs have to look back now, before something else is said to this one. */
extern bool respond_look_back_is_due(int64 run_id);

/* All that have to look back do; see followers.h. */
extern void respond_look_back(bool contained);

#endif							/* RESPOND_LOOK_BACK_H */
