/*-------------------------------------------------------------------------
 * version_wait.h
 *	  No worker works in a database whose extension is of another version than the library.
 *
 * src/clock/version_wait.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_VERSION_WAIT_H
#define RESPOND_VERSION_WAIT_H

/* Returns when both are of one version.  For the clock, before it lets the launcher start the others. */
extern void respond_version_wait(void);

#endif							/* RESPOND_VERSION_WAIT_H */
