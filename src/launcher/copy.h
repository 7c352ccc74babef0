/*-------------------------------------------------------------------------
 * copy.h
 *	  Whether this data directory is a physical copy of another one.
 *
 * src/launcher/copy.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COPY_H
#define RESPOND_COPY_H

/* At load: when the server starts, it looks whether it is one. */
extern void respond_copy_initialize(void);

#endif							/* RESPOND_COPY_H */
