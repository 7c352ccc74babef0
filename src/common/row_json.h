/*-------------------------------------------------------------------------
 * row_json.h
 *	  Rows as jsonb.
 *
 * src/common/row_json.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ROW_JSON_H
#define RESPOND_ROW_JSON_H

#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "common/value_json.h"

typedef struct RowJson RowJson;

/*
 * What is known once of a table: its columns in jsonb's order of keys and how
 * to convert each.  Lives in the current memory context; desc must outlive it.
 */
extern RowJson *respond_row_json_create(TupleDesc desc);

/*
 * Pushes the row as an object into a jsonb under construction, as token
 * WJB_VALUE or WJB_ELEM would.  With columns (one flag per attribute) only
 * those flagged; NULL: all.  Texts of the row are not copied before the
 * document is finished.  Returns what pushJsonbValue returns.
 *
 * What becomes of the values is said in value_json.h; it does not depend on
 * the session, so that documents compare.
 */
extern JsonbValue *respond_row_json_push(const RowJson *row_json, JsonbParseState **state,
										 const Datum *values, const bool *nulls,
										 const bool *columns);

/* The row as a document of its own, palloc'd. */
extern Jsonb *respond_row_json(const RowJson *row_json, const Datum *values,
							   const bool *nulls, const bool *columns);

/* How the attribute, from 0, is converted; NULL for one that is not in the row. */
extern const ValueJson *respond_row_json_column(const RowJson *row_json, int attribute);

/* One value of the given type, palloc'd; never NULL: an SQL NULL becomes a JSON null. */
extern Jsonb *respond_value_json(Datum value, bool is_null, Oid type);

#endif							/* RESPOND_ROW_JSON_H */
