/*-------------------------------------------------------------------------
 * owner_result.h
 *	  What the SQL of a rule returned, as jsonb.
 *
 * src/owner/owner_result.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_RESULT_H
#define RESPOND_OWNER_RESULT_H

#include "nodes/pg_list.h"
#include "tcop/dest.h"
#include "utils/jsonb.h"

#include "owner/owner_sql.h"

/* A value of any type as to_jsonb() converts it; may call functions of the type. */
extern Jsonb *respond_any_to_jsonb(Datum value, Oid type);

typedef struct RowReceiver RowReceiver;

/*
 * Receives rows and keeps at most row_limit of them, and none after those kept
 * take size_limit bytes.  Lives in the current memory context.
 */
extern RowReceiver *respond_row_receiver_create(int row_limit, Size size_limit);
/* Keeps none, but gives each to take. */
extern RowReceiver *respond_row_receiver_create_each(OwnerSqlTake take, void *take_context);
extern DestReceiver *respond_row_receiver_dest(RowReceiver *receiver);

/*
 * {"rows": [...], "count": n}, with "truncated": true when not all rows were
 * kept.  processed is the count of the statement if it is not that of the rows.
 */
extern Jsonb *respond_row_receiver_result(RowReceiver *receiver, uint64 processed);

/* The rows that were kept, a list of Jsonb; whether those are all. */
extern List *respond_row_receiver_rows(const RowReceiver *receiver, bool *all);

#endif							/* RESPOND_OWNER_RESULT_H */
