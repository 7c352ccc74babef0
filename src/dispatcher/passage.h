/*-------------------------------------------------------------------------
 * passage.h
 *	  A run on its way, from the row to its next pause.
 *
 * src/dispatcher/passage.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PASSAGE_H
#define RESPOND_PASSAGE_H

#include "dispatcher/awakening.h"
#include "effect/run_find.h"
#include "flow/flow_pause.h"

typedef struct Passage
{
	Awakening  *awakening;
	RunUnderWay *row;
	FlowPause	pause;			/* that it is in; waits_for NULL: in none */
	bool		resumed;		/* somebody lets it go on who had paused it */
	bool		went_on;
} Passage;

#endif							/* RESPOND_PASSAGE_H */
