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

#endif							/* RESPOND_LAUNCHER_H */
