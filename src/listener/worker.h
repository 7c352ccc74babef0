/*-------------------------------------------------------------------------
 * worker.h
 *	  The workers of databases, which answer requests.
 *
 * Each worker serves one lane of one database.  Lane 0 takes all requests but
 * those of REST, as many as come; each other lane takes requests of REST, one at a time: one
 * that waits for a lock holds up neither webhooks nor other lanes.
 *
 * src/listener/worker.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LISTENER_WORKER_H
#define RESPOND_LISTENER_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "listener/body_limits.h"
#include "listener/exchange.h"

typedef struct Database Database;

typedef enum LaneKind
{
	LANE_ZERO,
	LANE_REST
} LaneKind;

#define LANE_KINDS	(LANE_REST + 1)

typedef enum AskVerdict
{
	ASK_WRITTEN,				/* a worker has it */
	ASK_WAITS,					/* it has a place in the row of those that wait for one */
	ASK_NOBODY,					/* there is no worker */
	ASK_FULL,					/* too many wait */
	ASK_FAILED					/* it could not be written */
} AskVerdict;

/* Workers connect to this descriptor, a listening socket. */
extern bool respond_workers_open(int fd);

/* Takes over FRAME_DATABASES; false: the frame is broken. */
extern bool respond_databases_take(Frame *frame);

/* Whether those that exist are all that there are. */
extern bool respond_databases_are_known(void);

/* The database of this name, or of this host name in lower case; NULL: none that was ever heard of. */
extern Database *respond_database_named(const char *name, size_t length);
extern Database *respond_database_of_host(const char *host, size_t length);

/* Any that has a worker for lane 0, or NULL. */
extern Database *respond_database_any(void);

/* Whether it is there now, as far as anybody has said. */
extern bool respond_database_exists(const Database *database);

extern bool respond_database_has_worker(const Database *database, LaneKind lane);
extern const BodyLimits *respond_database_limits(const Database *database);

/* Has the exchange written to a worker, at once or in its turn. */
extern AskVerdict respond_worker_ask(Database *database, LaneKind kind, Exchange *exchange);

/* Who asked does not wait any more: the exchange ends, wherever it is. */
extern void respond_worker_leave(Exchange *exchange);

/* The same of one who reads a stream too slowly. */
extern void respond_worker_tell_full(Exchange *exchange);

/* Sends what was written in this turn. */
extern void respond_workers_flush(void);

#endif							/* RESPOND_LISTENER_WORKER_H */
