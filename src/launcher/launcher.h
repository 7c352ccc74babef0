/*-------------------------------------------------------------------------
 * launcher.h
 *	  The launcher: one process that keeps the workers of all databases running.
 *
 * src/launcher/launcher.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LAUNCHER_H
#define RESPOND_LAUNCHER_H

/* Entry point. */
extern PGDLLEXPORT void respond_launcher_main(Datum main_arg);

/* Registers the launcher; at load. */
extern void respond_launcher_register(void);

/*
 * Tells the launcher that the extension was created in, or dropped from, the
 * database.  replaced: workers that run there belong to one that is gone.
 */
extern void respond_launcher_tell(Oid database, bool replaced, bool present);

#endif							/* RESPOND_LAUNCHER_H */
