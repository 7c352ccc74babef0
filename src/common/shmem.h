/*-------------------------------------------------------------------------
 * shmem.h
 *	  Shared memory of pg_respond: worker slots, databases, commit order.
 *
 * src/common/shmem.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SHMEM_H
#define RESPOND_SHMEM_H

#include <signal.h>

#include "access/transam.h"
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"

#include "common/metric.h"

/* Lanes (dispatchers) that one database can have; bounds pg_respond.dispatchers. */
#define RESPOND_MAX_LANES		16

/* Transactions whose commit position is remembered; a power of two. */
#define RESPOND_COMMIT_RING		65536

typedef enum WorkerKind
{
	WORKER_CLOCK,				/* one per database; the first to start, it also looks whether
								 * the extension is there */
	WORKER_DISPATCHER,
	WORKER_COURIER,				/* one per database */
	WORKER_LISTENER,			/* one for the cluster, in no database; keeps the gateway's program */
	WORKER_GATEWAY				/* answers requests for its database; lane 0, and those of REST */
} WorkerKind;

#define WORKER_LAST_KIND	WORKER_GATEWAY

/*
 * Life of a slot.  The launcher makes FREE -> STARTING; the worker makes
 * STARTING -> RUNNING and, as one of the last things it does, -> ENDED; the
 * launcher makes ENDED -> FREE, or -> WAITING when the worker failed and shall
 * be started again later.
 */
typedef enum WorkerState
{
	WORKER_FREE,
	WORKER_STARTING,
	WORKER_RUNNING,
	WORKER_ENDED,
	WORKER_WAITING
} WorkerState;

/* Why a worker ended. */
typedef enum WorkerOutcome
{
	WORKER_FAILED,				/* anything that is not one of the others */
	WORKER_STOPPED,				/* it was asked to */
	WORKER_NO_EXTENSION,		/* its database does not have the extension */
	WORKER_OTHER_VERSION		/* or has another version of it */
} WorkerOutcome;

/* Databases whose workers are kept away at once; DROP DATABASE holds one for its time. */
#define RESPOND_MAX_BARRED		32

/* Databases that the launcher was asked to look at and has not yet. */
#define RESPOND_MAX_DATABASE_REQUESTS	64

/* A database that workers must keep out of, and the backend that wants it so. */
typedef struct BarredDatabase
{
	Oid			database;		/* InvalidOid when the entry is free */
	int			pid;
} BarredDatabase;

/* What a backend tells the launcher about its database after a commit. */
typedef struct DatabaseRequest
{
	Oid			database;
	bool		replaced;		/* the extension that was there is gone */
	bool		present;		/* the extension is there */
} DatabaseRequest;

/* Lives of workers that others put an end to, as far as markers may name them; see worker/death_word.h. */
#define RESPOND_DEATH_WORDS		1024

/* Postmasters of which these words are complete. */
#define RESPOND_DEATH_SERVERS	32

typedef struct DeathWords
{
	uint32		next;			/* place of the one to be overwritten next */
	uint32		next_server;
	uint64		lives[RESPOND_DEATH_WORDS];
	uint32		servers[RESPOND_DEATH_SERVERS];
} DeathWords;

typedef struct WorkerSlot
{
	/* written by the launcher and the worker under RespondShared->lock */
	WorkerKind	kind;
	WorkerState state;
	Oid			database;		/* InvalidOid: of the cluster */
	int			lane;			/* dispatchers: 0 .. lanes - 1; gateways: 0, REST from 1 on */
	int			lanes;			/* dispatchers: into how many lanes events are split */
	uint32		generation;		/* grows whenever the slot is given to a new process */
	int			pid;			/* 0 until the worker claimed the slot */
	Oid			role;			/* whom the worker connects as */
	bool		stop_wanted;
	TimestampTz stop_asked_at;	/* when the launcher asked it to stop, 0 if not */
	WorkerOutcome outcome;		/* when ENDED */
	int			failures;		/* abnormal ends in a row */
	TimestampTz started_at;
	TimestampTz restart_after;	/* not before this time */

	/* of the process in the slot; written by it alone, read by the postmaster when all processes are gone */
	uint64		life;			/* which postmaster, and a random number */
	bool		life_noted;		/* a marker may name it */
	volatile sig_atomic_t told_to_end;	/* by another process; set in handlers of signals */

	/* written by the worker alone, read without a lock */
	int			procno;			/* index in ProcGlobal->allProcs, -1 when not running */
	pg_atomic_uint32 sleeping;	/* 1 while the worker waits for its latch */
	pg_atomic_uint32 busy;		/* 1 from the start of a batch to its commit */
	pg_atomic_uint64 events;	/* events handled; of a courier, requests whose outcome is
								 * recorded; of a gateway, requests answered */
	pg_atomic_uint64 batches;
	pg_atomic_uint64 runs;		/* runs made */
	pg_atomic_uint64 errors;	/* batches that had to be repeated event by event */
	pg_atomic_uint64 active_at; /* TimestampTz of the last change of activity */
	pg_atomic_uint32 errors_in_row; /* caught since something last went well */
	pg_atomic_uint32 last_error;	/* SQLSTATE of the last of them */
	pg_atomic_uint64 failing_since; /* TimestampTz of the first of them */
} WorkerSlot;

/*
 * How far a lane is; for respond.lag.  Written by its dispatcher, read without
 * a lock; outlives the dispatcher, so that what waits is seen while none runs.
 */
typedef struct LaneStatus
{
	pg_atomic_uint64 seen_wakes;	/* the database's wakes, read before the snapshot of the
									 * last look for work */
	pg_atomic_uint64 pending;	/* events found by that look and not yet handled */
	pg_atomic_uint64 last_recorded_at;	/* TimestampTz of the event that was handled last, 0: none */
	pg_atomic_uint64 cursor_xmax;	/* transactions from here on are not handled */
	pg_atomic_uint64 cursor_at; /* TimestampTz when what the cursor covers was all there was */
} LaneStatus;

/* Notices that wait for a courier; more than that, and it looks into the table. */
#define RESPOND_MAX_NOTICES		8192

/* What is said of a pending delivery: that a transaction has just committed, or that was found in the table. */
typedef struct DeliveryNotice
{
	int64		id;
	TimestampTz created_at;		/* says in which partition it is */
	TimestampTz due;
	uint64		subject;		/* hash of its subject, see outbox/outbox.h */
	uint64		channel;		/* hash of the id of its channel */
} DeliveryNotice;

/* From those who commit deliveries to the courier; under the lock of its own. */
typedef struct DeliveryQueue
{
	LWLock	   *lock;
	uint32		count;
	TimestampTz lost_due;		/* earliest due time of those for which there was no room;
								 * DT_NOEND: none was lost */
	bool		look_at_all;	/* anything may have changed */
	uint64		written;		/* XLogRecPtr: where the WAL of all these commits ends */
	DeliveryNotice notices[RESPOND_MAX_NOTICES];
} DeliveryQueue;

/* Who acts on timers, see timer/timer.h. */
#define RESPOND_TIMER_READERS	2

/* Between those who arm timers and their reader; times are by respond_clock_now(). */
typedef struct TimerPlace
{
	pg_atomic_uint64 noted;		/* earliest due time that others committed; DT_NOEND: none */
	pg_atomic_uint64 passed;	/* before it the reader saw nothing that waits; DT_NOBEGIN: nothing is known */
	pg_atomic_uint64 next;		/* when the reader expects something to be due */
} TimerPlace;

/* What is known of a database; indexed by nothing, found by its OID. */
typedef struct DatabaseSlot
{
	pg_atomic_uint32 database;	/* Oid, 0 when the entry is free; launcher under lock */
	pg_atomic_uint32 dispatchers[RESPOND_MAX_LANES];	/* slot number + 1 of the lane's
														 * dispatcher, 0 when none runs */
	pg_atomic_uint32 clock;		/* slot number + 1 of the clock */
	pg_atomic_uint32 courier;	/* slot number + 1 of the courier */
	pg_atomic_uint32 gateway;	/* slot number + 1 of the gateway of lane 0 */
	pg_atomic_uint32 streams;	/* slot number + 1 of the gateway that has streams, 0: none has */
	pg_atomic_uint32 hold;		/* 1 while hold() is in force; the catalog is the truth */
	pg_atomic_uint32 progress_side; /* which progress table is being written, 0 or 1 */
	pg_atomic_uint32 manifest;	/* ManifestState of upkeep/manifest_watch.h; workers wait
									 * unless it is 0 */
	pg_atomic_uint32 extension; /* Oid of the extension that the clock has found */
	pg_atomic_uint32 owners_mixed;	/* 1: a worker had to be replaced between rules of two
									 * owners; see owner/owner_session.c */
	pg_atomic_uint64 wakes;		/* grows with each transaction that recorded events */
	pg_atomic_uint64 source_changes;	/* grows with each transaction that changed inbound sources */
	pg_atomic_uint64 audit_written; /* grows with each write to the audit log, committed or not */
	pg_atomic_uint64 time_seen; /* latest time that a reader of timers has seen */
	TimerPlace	timers[RESPOND_TIMER_READERS];
	LaneStatus	lanes[RESPOND_MAX_LANES];
	DatabaseMetrics metrics;
	DeliveryQueue deliveries;
} DatabaseSlot;

/* Where in the WAL a transaction committed; see event/commit_order.c. */
typedef struct CommitPosition
{
	pg_atomic_uint64 xid;		/* FullTransactionId */
	pg_atomic_uint64 lsn;		/* end of its commit record */
} CommitPosition;

/* What the gateway listens to, and why it does not; texts are cut. */
typedef struct GatewayAddress
{
	char		address[128];
	char		fault[192];		/* empty: it is listened to */
} GatewayAddress;

#define RESPOND_MAX_ADDRESSES	32

/* How the gateway is, as its program last told; written by the listener, under the lock. */
typedef struct GatewayStatus
{
	int			program_pid;	/* 0: it does not run */
	TimestampTz program_since;
	uint64		starts;			/* of the program, since the server started */
	bool		is_open;		/* the program has said how it is since it was started */
	char		fault[256];		/* why the program does not work; empty: it does, or nothing is known */
	char		certificate_fault[256];
	TimestampTz certificate_end;	/* 0: there is none */
	uint64		connections;	/* open now */
	uint64		accepted;		/* by this program */
	uint64		refused;
	int			address_count;
	GatewayAddress addresses[RESPOND_MAX_ADDRESSES];
} GatewayStatus;

#define RESPOND_MAX_KNOWN_DATABASES	256

/* Databases that have the extension, as far as the launcher knows; written by it alone, under the lock. */
typedef struct KnownDatabases
{
	bool		is_complete;	/* there are no others */
	int			count;
	NameData	names[RESPOND_MAX_KNOWN_DATABASES];
} KnownDatabases;

typedef struct RespondShared
{
	LWLock	   *lock;			/* protects what the comments above say */
	int			launcher_pid;
	int			launcher_procno;	/* -1 when the launcher does not run */
	pg_atomic_uint32 look_again;	/* bumped whenever databases or roles may have changed */
	int			request_count;	/* RESPOND_MAX_DATABASE_REQUESTS + 1: some were lost, look at all */
	DatabaseRequest requests[RESPOND_MAX_DATABASE_REQUESTS];
	BarredDatabase barred[RESPOND_MAX_BARRED];
	int			missing_workers;	/* wanted, but there was no place for them */
	int			wanted_workers;	/* in all databases, once all of them run */
	int			needed_processes;	/* what max_worker_processes must be for that, 0: enough */
	bool		missing_own_slots;	/* because of pg_respond.max_workers, not max_worker_processes */
	bool		role_missing;	/* role respond_worker is wanted and not there */
	DeathWords	words;
	TimestampTz started_at;		/* when shared memory was made: the server's (re)start */
	int64		copy_mark;		/* of this data directory if it is a copy, else 0; see launcher/copy.c */
	int			restarts;		/* how often the server lost a process and made this anew */
	GatewayStatus gateway;
	KnownDatabases known;
	pg_atomic_uint32 accused_program;	/* pid of the gateway's program that sent a worker what is no
										 * frame; 0: none did */
	int			slot_count;
	int			database_count;
	CommitPosition *commit_ring;	/* RESPOND_COMMIT_RING entries, direct-mapped by xid */
	DatabaseSlot *databases;
	WorkerSlot *slots;
} RespondShared;

extern RespondShared *respond_shared;

extern void respond_shmem_request(void);

/*
 * The entry of this database, or NULL; takes no lock.  There is one as soon as
 * the clock has found the extension there.
 */
extern DatabaseSlot *respond_shmem_find_database(Oid database);

/*
 * Makes an entry for this database, with hold set, or returns the one that is
 * there and clears *created.  NULL when all are taken, which lasts only until
 * the launcher has freed those of databases without workers.  The caller holds
 * the lock exclusively.
 */
extern DatabaseSlot *respond_shmem_add_database(Oid database, bool *created);

/* Frees the entry of this database if there is one; under the lock, exclusively. */
extern void respond_shmem_remove_database(Oid database);

#endif							/* RESPOND_SHMEM_H */
