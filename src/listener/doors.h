/*-------------------------------------------------------------------------
 * doors.h
 *	  The addresses that callers can come to.
 *
 * src/listener/doors.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DOORS_H
#define RESPOND_DOORS_H

#include <stdbool.h>

#include "companion/frame.h"

/* Opens and closes addresses, until it is these that are open.  False: the frame does not hold addresses. */
extern bool respond_doors_take(Frame *frame);

/* Tries again those that could not be opened; true: something changed. */
extern bool respond_doors_retry(void);

/* Writes their number, and of each the address and why it is not open. */
extern void respond_doors_write(FrameBuffer *buffer);

/* Calls for the path of each socket file that is open. */
extern void respond_doors_each_file(void (*note) (const char *path));

#endif							/* RESPOND_DOORS_H */
