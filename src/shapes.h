/*-------------------------------------------------------------------------
 * shapes.h
 *	  The tables whose columns our code knows, of all rooms.
 *
 * src/shapes.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SHAPES_H
#define RESPOND_SHAPES_H

/* Makes them known to common/shape_list.c; at load. */
extern void respond_shapes_initialize(void);

#endif							/* RESPOND_SHAPES_H */
