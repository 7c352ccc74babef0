/*-------------------------------------------------------------------------
 * on_call_row.h
 *	  Rows of rotations, layers and overrides as C sees them.
 *
 * src/on_call/on_call_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ON_CALL_ROW_H
#define RESPOND_ON_CALL_ROW_H

#include "common/shape.h"
#include "on_call/on_call.h"

enum
{
	ROTATION_NAME, ROTATION_TIMEZONE, ROTATION_STARTS, ROTATION_UNIT, ROTATION_LENGTH, ROTATION_COLUMNS
};

enum
{
	MEMBER_ROTATION, MEMBER_AGENT, MEMBER_POSITION, MEMBER_VALID_FROM, MEMBER_VALID_TO, MEMBER_COLUMNS
};

enum
{
	LAYER_TEAM, LAYER_POSITION, LAYER_ROTATION, LAYER_AGENT, LAYER_WINDOWS, LAYER_TIMEZONE, LAYER_VALID_FROM,
	LAYER_VALID_TO, LAYER_COLUMNS
};

enum
{
	OVERRIDE_TEAM, OVERRIDE_KIND, OVERRIDE_AGENT, OVERRIDE_WITH_AGENT, OVERRIDE_FROM_TIME, OVERRIDE_TO_TIME,
	OVERRIDE_COLUMNS
};

extern const Shape respond_shape_rotation;
extern const Shape respond_shape_rotation_member;
extern const Shape respond_shape_on_call_layer;
extern const Shape respond_shape_on_call_override;

/* Longest name of a rotation, in bytes. */
#define ROTATION_LONGEST_NAME	255

/* False if there is none of that name. */
extern bool respond_rotation_unit(const char *name, RotationUnit *unit);
extern bool respond_override_kind(const char *name, OverrideKind *kind);

#endif							/* RESPOND_ON_CALL_ROW_H */
