/*-------------------------------------------------------------------------
 * owner_guard.h
 *	  Calls a function with the rights of a rule's owner and none of ours.
 *
 * src/owner/owner_guard.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_GUARD_H
#define RESPOND_OWNER_GUARD_H

typedef struct OwnerCall
{
	void		(*function) (void *argument);
	void	   *argument;
	Oid			owner;
	int			timeout;		/* milliseconds */
	bool		may_lock;		/* it may take advisory locks of the session */
	bool		undo;			/* roll back whatever it did */

	/* of requests, in a process that serves many roles */
	bool		is_request;		/* functions that may leave something in the process are refused */
	bool		own_code;		/* it calls functions of ours alone, for which the owner is a person that acts */
	bool	   *expired;		/* out, unless NULL: its time was up */
} OwnerCall;

/*
 * Calls call->function in an internal subtransaction, as call->owner in a
 * security-restricted operation (unless own_code), with its own level of settings, search_path
 * pg_catalog, pg_temp, and a timer.  The function is called in the caller's
 * memory context.  What it raises is raised on after the subtransaction was
 * rolled back; if that was because the time was up, as
 * ERRCODE_RESPOND_LIMIT.
 */
extern void respond_owner_call(const OwnerCall *call);

/* OID of a role; InvalidOid if there is none of that name. */
extern Oid	respond_owner_find(const char *name);

/* Whether there is a role of this number, and an error when there is none. */
extern bool respond_owner_exists(Oid role);
extern void respond_owner_require(Oid role);

/*
 * From now on everything that owners' SQL does is undone after it, or no
 * longer; returns what held before.  For simulations, which change nothing.
 */
extern bool respond_owner_set_undo(bool undo);

#endif							/* RESPOND_OWNER_GUARD_H */
