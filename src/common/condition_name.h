/*-------------------------------------------------------------------------
 * condition_name.h
 *	  Names of SQLSTATEs, as PL/pgSQL has them.
 *
 * src/common/condition_name.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CONDITION_NAME_H
#define RESPOND_CONDITION_NAME_H

/* NULL when it has none that is known here. */
extern const char *respond_condition_name(int sqlerrcode);

/* "division_by_zero (SQLSTATE 22012)": all that an error tells to those who may not read its message; palloc'd. */
extern char *respond_condition_text(int sqlerrcode);

/*
 * The same with the place, and the run in which those who may read it find the
 * message (0: none); palloc'd.
 */
extern char *respond_error_shown(const char *place, int sqlerrcode, int64 run_id);

#endif							/* RESPOND_CONDITION_NAME_H */
