/*-------------------------------------------------------------------------
 * control.h
 *	  What the program and the worker that started it say to each other.
 *
 * src/listener/control.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CONTROL_H
#define RESPOND_CONTROL_H

#include <stdbool.h>

/* The descriptor is connected with the worker.  seal: called behind the first CONFIG.  False: it cannot be had. */
extern bool respond_control_open(int fd, void (*seal) (void));

/* What is to be done once in a while. */
extern void respond_control_tick(void);

/* False: the program is to end. */
extern bool respond_control_goes_on(void);

#endif							/* RESPOND_CONTROL_H */
