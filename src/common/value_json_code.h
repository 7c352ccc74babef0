/*-------------------------------------------------------------------------
 * value_json_code.h
 *	  What value_json.c and value_json_prepare.c share.
 *
 * src/common/value_json_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_VALUE_JSON_CODE_H
#define RESPOND_VALUE_JSON_CODE_H

#include "access/tupdesc.h"

#include "common/value_json.h"

/* How rows of one composite type are converted; made when the first one is. */
struct ValueJsonRow
{
	MemoryContext context;		/* where this struct is */
	MemoryContext fields_context;
	Oid			type;
	int32		typmod;
	uint64		shape;			/* changes when the type is altered */
	TupleDesc	description;
	ValueJson  *fields;
};

/* Learns the fields of the type as it is now, in row->fields_context. */
extern void respond_value_json_prepare_row(ValueJsonRow *row, Oid type, int32 typmod);

#endif							/* RESPOND_VALUE_JSON_CODE_H */
