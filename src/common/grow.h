/*-------------------------------------------------------------------------
 * grow.h
 *	  Arrays that grow, in the server's memory.
 *
 * src/common/grow.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GROW_H
#define RESPOND_GROW_H

/*
 * Room for one more behind count elements of this size: the array itself, or the
 * one that takes its place.  An array that is NULL is made in context.
 */
extern void *respond_grow(MemoryContext context, void *array, int count, int *room, Size size);

#endif							/* RESPOND_GROW_H */
