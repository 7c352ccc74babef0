/*-------------------------------------------------------------------------
 * door.h
 *	  The one door through which SQL of our own runs in other people's sessions.
 *
 * src/common/door.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DOOR_H
#define RESPOND_DOOR_H

/* With whose rights, and what else is pinned; to be OR-ed. */
#define DOOR_AS_CALLER	0		/* whoever's session it is: their own rights decide */
#define DOOR_AS_OWNER	1		/* whoever owns the extension's tables, row security aside */
#define DOOR_FORMATS	2		/* values become text the same way in every session */

typedef struct Door
{
	Oid			user;
	int			security;
	int			settings;		/* level of settings, 0: none was needed */
	bool		snapshot;
} Door;

/*
 * From here to respond_door_leave() the session's search_path, role and
 * settings do not count: search_path is pg_catalog, pg_temp, the operation is
 * security-restricted, there is a snapshot.  They come in pairs around SQL, also
 * around its preparation.  An error needs no leave: the abort of the
 * (sub)transaction puts everything back, so whoever catches an error that came
 * from within must roll a subtransaction back.
 */
extern void respond_door_enter(Door *door, int flags);
extern void respond_door_leave(Door *door);

/* Pins search_path and settings alone, in a level of settings that the caller has made. */
extern void respond_door_pin(int flags);

/* Whether respond_door_pin() has anything to do. */
extern bool respond_door_is_pinned(int flags);

/* The role that owns the extension's tables. */
extern Oid	respond_door_owner(void);

#endif							/* RESPOND_DOOR_H */
