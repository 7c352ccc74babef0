/*-------------------------------------------------------------------------
 * callback.h
 *	  Calls with which peers end steps: a row for each step that waits for one.
 *
 * The row is written in the transaction that records the request, so it is there before
 * the peer can know the url.  Whoever takes the call puts it into the row, which
 * decides: what comes second finds it there.  The step takes it out, in the transaction
 * in which the run continues; the note in the inbox only says that there is something.
 *
 * src/outbox/callback.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLBACK_H
#define RESPOND_CALLBACK_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

typedef struct Callback
{
	int64		delivery_id;	/* the request that names the url */
	int64		run_id;
	TimestampTz run_started_at;
	const char *step;
	TimestampTz due_at;			/* calls that come later do not count */
} Callback;

/* hash: of the token in the url. */
extern void respond_callback_insert(const Callback *callback, bytea *hash);

/*
 * Removes the row, and returns what the call brought, NULL if none came.  With only_called
 * a row that was not called stays.
 */
extern Jsonb *respond_callback_take(int64 delivery_id, bool only_called);

/* No call of a url of the run counts any more. */
extern void respond_callbacks_forget(int64 run_id);

typedef enum CallbackState
{
	CALLBACK_UNKNOWN,			/* there is no row */
	CALLBACK_OPEN,
	CALLBACK_OVER,				/* it was called, or its time is over */
	CALLBACK_BUSY				/* somebody has it in hand just now */
} CallbackState;

/* Looks for the row, and locks it when it is open.  Waits for nobody. */
extern CallbackState respond_callback_find(bytea *hash, Callback *callback);

/* Puts a call into the row that was found open, and tells the run. */
extern void respond_callback_put(const Callback *callback, Jsonb *data);

#endif							/* RESPOND_CALLBACK_H */
