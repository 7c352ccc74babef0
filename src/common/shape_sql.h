/*-------------------------------------------------------------------------
 * shape_sql.h
 *	  Shapes of the tables that our code reaches through SQL alone.
 *
 * src/common/shape_sql.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SHAPE_SQL_H
#define RESPOND_SHAPE_SQL_H

#include "common/shape.h"

extern const Shape respond_shape_acknowledged;
extern const Shape respond_shape_dead_event;
extern const Shape respond_shape_set_aside_event;
extern const Shape respond_shape_stopped_rule;
extern const Shape respond_shape_suspect;
extern const Shape respond_shape_suspect_delivery;
extern const Shape respond_shape_time_seen;

#endif							/* RESPOND_SHAPE_SQL_H */
