/*-------------------------------------------------------------------------
 * bytes.h
 *	  Bytes that grow, within the budget.
 *
 * src/listener/bytes.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BYTES_H
#define RESPOND_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: none. */
typedef struct Bytes
{
	char	   *bytes;
	size_t		length;
	size_t		capacity;
} Bytes;

/* Makes room for so many bytes more; false: there is no memory for them. */
extern bool respond_bytes_room(Bytes *bytes, size_t more);

/* Appends; false: there is no memory for them. */
extern bool respond_bytes_add(Bytes *bytes, const char *more, size_t length);

/* Takes bytes off the beginning. */
extern void respond_bytes_drop(Bytes *bytes, size_t length);

extern void respond_bytes_free(Bytes *bytes);

#endif							/* RESPOND_BYTES_H */
