/*-------------------------------------------------------------------------
 * run_awaited.h
 *	  Whether a run waits for what happened.
 *
 * src/dispatcher/run_awaited.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_AWAITED_H
#define RESPOND_RUN_AWAITED_H

#include "dispatcher/passage.h"

/* Whether it is a note of this kind. */
extern bool respond_awakening_is_note(const Awakening *awakening, const char *note);

/* Whether the run waits for this. */
extern bool respond_run_is_awaited(const Passage *passage);

/* An approval that was decided in time is not over: what was decided is on its way. */
extern bool respond_run_was_decided(const Passage *passage);

/* An event that comes before the run has reached the wait, or of which it wants more, is kept. */
extern bool respond_run_only_hears(const Passage *passage);

/* A note that came after the end of a run's wait would have found a run that went on, had that not been paused. */
extern bool respond_run_is_in_time(const Passage *passage);

#endif							/* RESPOND_RUN_AWAITED_H */
