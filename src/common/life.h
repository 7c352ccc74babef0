/*-------------------------------------------------------------------------
 * life.h
 *	  What tells this database's own rows from those of another.
 *
 * src/common/life.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LIFE_H
#define RESPOND_LIFE_H

#include "postgres.h"

/* Rows that came without a mark; no database has it for its own. */
#define RESPOND_LIFE_UNKNOWN	INT64CONST(0)

/*
 * The incarnation of this database: a random number, made by CREATE EXTENSION,
 * that marks the rows recorded here.  In a transaction.
 */
extern int64 respond_life_incarnation(void);

/*
 * The default source of events: a slash and the name that the database had when
 * the extension was created, palloc'd.  It survives ALTER DATABASE ... RENAME.
 */
extern text *respond_life_source(void);

/*
 * A row of another incarnation is being written: from the commit of this
 * (sub)transaction on the workers of this database hold.
 */
extern void respond_life_note_foreign(void);

/*
 * Whether the table says that the workers hold, as this transaction sees it
 * now, and whatever its snapshot.
 */
extern bool respond_life_is_held(void);

/*
 * The hold in respond_internal.state may be changed by this transaction; set by
 * the launcher's room, which tells the workers at commit.
 */
extern void (*respond_life_hold_changed) (void);

#endif							/* RESPOND_LIFE_H */
