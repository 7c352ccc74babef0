/*-------------------------------------------------------------------------
 * out_queue.h
 *	  Bytes that wait until their caller takes them; many callers may wait for the same.
 *
 * src/listener/out_queue.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OUT_QUEUE_H
#define RESPOND_OUT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that several queues hold. */
typedef struct SharedBytes
{
	size_t		length;
	int			holders;
	char		bytes[];
} SharedBytes;

/* With one holder, who made it; NULL: there is no memory for it. */
extern SharedBytes *respond_shared_bytes(size_t length);

/* One holder less. */
extern void respond_shared_bytes_drop(SharedBytes *shared);

typedef struct OutPart
{
	SharedBytes *shared;
	size_t		start;			/* what is to be written of it */
	size_t		end;
} OutPart;

/* All zero: empty. */
typedef struct OutQueue
{
	OutPart    *parts;
	int			first;
	int			count;			/* from first on */
	int			capacity;
	size_t		waiting;		/* bytes */
	bool		begun;			/* some of the first part is written */
} OutQueue;

/* Another holder of these bytes; false: there is no memory for it. */
extern bool respond_out_queue_add(OutQueue *queue, SharedBytes *shared, size_t start, size_t end);

/* So many bytes of it were written. */
extern void respond_out_queue_wrote(OutQueue *queue, size_t length);

/* Leaves out all but the part that is partly written, and those that so many bytes are of. */
extern void respond_out_queue_cut(OutQueue *queue, size_t promised);

extern void respond_out_queue_free(OutQueue *queue);

#endif							/* RESPOND_OUT_QUEUE_H */
