/*-------------------------------------------------------------------------
 * request_cancel.h
 *	  Giving up a request whose answer nobody waits for any more.
 *
 * src/outbox/request_cancel.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEST_CANCEL_H
#define RESPOND_REQUEST_CANCEL_H

/* How far a request had come. */
typedef struct RequestTries
{
	int			ended;			/* tries of it; -1: that is not known */
	char	   *last_error;		/* palloc'd; NULL: none */
} RequestTries;

/*
 * In any session, with the rights of the tables' owner.  False: it has ended, and
 * its answer is in the inbox of the run, or comes there with the commit that ended
 * it.  One that is under way is not stopped; its answer is for nobody.
 */
extern bool respond_request_cancel(int64 delivery_id, const char *reason, RequestTries *tries);

#endif							/* RESPOND_REQUEST_CANCEL_H */
