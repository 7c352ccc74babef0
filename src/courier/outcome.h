/*-------------------------------------------------------------------------
 * outcome.h
 *	  What became of a request, and what is to be done about it.
 *
 * src/courier/outcome.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OUTCOME_H
#define RESPOND_OUTCOME_H

#include "courier/outgoing.h"
#include "wire/retry_policy.h"

/* What became of a request, on its way into the tables. */
typedef enum OutcomeStatus
{
	OUTCOME_DELIVERED,
	OUTCOME_RETRY,
	OUTCOME_DEAD
} OutcomeStatus;

/* After so many failures an outcome is recorded without telling of it. */
#define OUTCOME_TELL_LIMIT	5

typedef struct Outcome
{
	Outgoing   *outgoing;
	OutcomeStatus status;
	TimestampTz next_attempt_at;	/* RETRY */
	TimestampTz at;				/* when it ended */
	long		answer;			/* status of the answer, 0: none */
	char	   *error;			/* NULL: none */
	char	   *response;		/* NULL: none */
	bool		gone;			/* the receiver wants no more: disable the channel */
	bool		split;			/* a mail that some of its recipients did not get */
	int			failures;		/* to record it, by its own fault */
	TimestampTz again_at;		/* when that is tried again */
} Outcome;

/* How what became of a request is read from its transfer, kind by kind. */
typedef struct OutcomeKind
{
	/* Fills in answer, error and split; outgoing is there. */
	DeliveryVerdict (*judge) (const Transfer *transfer, Outcome *outcome);

	/* Whether the host itself failed: no connection, no answer. */
	bool		(*host_failed) (const Transfer *transfer, const Outcome *outcome);

	/* Whether it is well, but what the channel leads to is not. */
	bool		(*receiver_failed) (const Outcome *outcome);

	/* What the receiver said, as it is kept; NULL: nothing. */
	char	   *(*response) (const Outgoing *outgoing);
} OutcomeKind;

extern const OutcomeKind respond_http_outcome;
extern const OutcomeKind respond_answer_outcome;
extern const OutcomeKind respond_mail_outcome;

/* What the receiver of a request over HTTP said, as it is kept. */
extern char *respond_http_outcome_response(const Outgoing *outgoing);

/* Whether an answer with this status says that the receiver wants to be left alone for a while. */
extern bool respond_outcome_asks_for_pause(const Transfer *transfer, long status);

/* What became of it, and what is to be done. */
extern Outcome *respond_outcome_judge(Outgoing *outgoing);

/* Whether a run waits for it, and is told. */
extern bool respond_outcome_is_awaited(const Outcome *outcome);

/* What a receiver said, fit for the database and without the channel's secret; NULL when it is empty. */
extern char *respond_outcome_clean(const Outgoing *outgoing, const char *bytes, size_t length);

/* It did not come about after all: it is tried again, or is dead. */
extern void respond_outcome_fail(Outcome *outcome, const char *error);

#endif							/* RESPOND_OUTCOME_H */
