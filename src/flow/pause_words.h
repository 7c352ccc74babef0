/*-------------------------------------------------------------------------
 * pause_words.h
 *	  What a run waits for, in words.
 *
 * src/flow/pause_words.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PAUSE_WORDS_H
#define RESPOND_PAUSE_WORDS_H

#include "flow/flow_machine.h"

/*
 * {"for", "key"} for column waiting of respond.run.  The key of a wait may be made of
 * what SQL of the rule returned, so it is not in shown.
 */
extern void respond_pause_words(const FlowMachine *machine, Jsonb **waiting, Jsonb **shown);

#endif							/* RESPOND_PAUSE_WORDS_H */
