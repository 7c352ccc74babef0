/*-------------------------------------------------------------------------
 * column_refuse.h
 *	  What is wrong with a column of a source or a scheme, as an error.
 *
 * src/inbound/column_refuse.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COLUMN_REFUSE_H
#define RESPOND_COLUMN_REFUSE_H

/* Raises ERRCODE_RESPOND_INVALID_SOURCE, "column: fault".  hint may be NULL. */
extern void respond_column_refuse(const char *column, const char *fault, const char *hint);

#endif							/* RESPOND_COLUMN_REFUSE_H */
