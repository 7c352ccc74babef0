/*-------------------------------------------------------------------------
 * launcher.h
 *	  The launcher: one process that keeps the workers of all databases running.
 *
 * src/launcher/launcher.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LAUNCHER_H
#define RESPOND_LAUNCHER_H

/* Registers the launcher and the hooks that tell it of DDL; at load. */
extern void respond_launcher_register(void);

/* Makes the launcher look at databases and extensions again, now. */
extern void respond_launcher_wake(void);

/*
 * Tells the launcher that the extension was created in, or dropped from, the
 * database.  replaced: workers that run there belong to one that is gone.
 */
extern void respond_launcher_tell(Oid database, bool replaced, bool present);

#endif							/* RESPOND_LAUNCHER_H */
