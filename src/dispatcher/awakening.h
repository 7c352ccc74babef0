/*-------------------------------------------------------------------------
 * awakening.h
 *	  Something happened that a run may wait for.
 *
 * src/dispatcher/awakening.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_AWAKENING_H
#define RESPOND_AWAKENING_H

#include "flow/flow_pause.h"
#include "outbox/run_inbox.h"
#include "timer/timer.h"
#include "wait/wait_row.h"

typedef enum AwakeningKind
{
	AWAKEN_EVENT,				/* a wait of the run is met by an event */
	AWAKEN_TIMER,				/* its timer is due */
	AWAKEN_NOTE,				/* somebody said so */
	AWAKEN_APPROVAL				/* its approval is to be reminded of, or escalated */
} AwakeningKind;

typedef struct Awakening
{
	AwakeningKind kind;
	int64		run_id;
	TimestampTz run_started_at;
	const Wait *wait;			/* AWAKEN_EVENT */
	Event	   *event;
	int64		timer;			/* AWAKEN_TIMER */
	const char *note;			/* AWAKEN_NOTE: NOTE_... */
	TimestampTz at;				/* when that was */
	int32		pause;			/* which pause of the run it is for, -1: whichever */
	const char *step;			/* which step, NULL: whichever */
	const char *approval;		/* AWAKEN_APPROVAL: its id */
	Jsonb	   *data;
	Jsonb	   *look_back;		/* out: place from which on the run has to hear events; NULL: it need not look back */
	int64		number;			/* place among what the run could not be told yet; 0: it was not put off */
	int			tries;			/* that failed for a reason that may pass */
	TimestampTz first_at;		/* the first of them */
	Jsonb	   *place;			/* in the order of events, at which it was put off first; NULL: it was not */
} Awakening;

/* To be tried again later: kind of the timer that says so, and the awakening as its data. */
#define TIMER_AGAIN		"again"
extern Jsonb *respond_awakening_save(const Awakening *awakening);

/* From such a timer; NULL when its event is not in the log any more. */
extern Awakening *respond_awakening_restore(const Timer *timer);

extern Awakening *respond_awakening_of_event(const Wait *wait, Event *event);
extern Awakening *respond_awakening_of_timer(const Timer *timer);
extern Awakening *respond_awakening_of_note(const Datum *values, const bool *nulls);

#endif							/* RESPOND_AWAKENING_H */
