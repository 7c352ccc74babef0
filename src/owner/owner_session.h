/*-------------------------------------------------------------------------
 * owner_session.h
 *	  What the SQL of a rule finds and leaves in the session that it runs in.
 *
 * src/owner/owner_session.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_SESSION_H
#define RESPOND_OWNER_SESSION_H

#include "nodes/nodes.h"

/* One call of an owner's SQL, as far as the session is concerned. */
typedef struct OwnerSession
{
	struct OwnerSession *outer;
	Oid			owner;
	Oid			caller;			/* whose session it is; InvalidOid in a worker of ours */
	bool		reseeds;		/* setseed() was called */
	bool		looked_for_cursors;
	bool		is_paused;		/* our own SQL runs in between */
	bool		is_request;		/* the process serves others next, whoever owns rules */
} OwnerSession;

/*
 * Around the call, in its subtransaction: begin before the SQL, close_files
 * after it and before the subtransaction ends; end when that has ended, however
 * it ended.  closes_all: more may be left than what a subtransaction takes along.
 * is_request: it is no SQL of a rule, but that of a request from the network.
 */
extern void respond_owner_session_begin(OwnerSession *session, Oid owner, bool closes_all, bool is_request);
extern void respond_owner_session_close_files(void);
extern void respond_owner_session_end(OwnerSession *session, bool closes_all);

/* Settings of the caller's own invention are empty from here to the end of the level of settings. */
extern void respond_owner_session_hide_settings(const OwnerSession *session);

/* From the hooks: a function is about to be called; a utility statement is about to run. */
extern void respond_owner_session_function(Oid function);
extern void respond_owner_session_utility(Node *statement);

#endif							/* RESPOND_OWNER_SESSION_H */
