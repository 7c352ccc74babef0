/*-------------------------------------------------------------------------
 * sandbox.h
 *	  Rights that the program gives up.
 *
 * src/listener/sandbox.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SANDBOX_H
#define RESPOND_SANDBOX_H

#include <stdbool.h>

/* At the start.  False: the program was not started as it should have been. */
extern bool respond_sandbox_begin(void);

/* Once addresses are open: from here on the program cannot open files, connect to others, or start programs. */
extern void respond_sandbox_seal(void);

#endif							/* RESPOND_SANDBOX_H */
