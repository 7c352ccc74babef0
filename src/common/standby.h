/*-------------------------------------------------------------------------
 * standby.h
 *	  Refusing what cannot be done on a standby.
 *
 * src/common/standby.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STANDBY_H
#define RESPOND_STANDBY_H

/*
 * Raises read_only_sql_transaction on a standby, with the reason and the
 * remedy.  what: the function's name, for example "emit()".  The same words as
 * respond_internal.check_primary() has.
 */
extern void respond_standby_refuse(const char *what);

#endif							/* RESPOND_STANDBY_H */
