/*-------------------------------------------------------------------------
 * ddl_hooks.h
 *	  What backends tell the launcher, and how they keep workers out of a database.
 *
 * src/launcher/ddl_hooks.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DDL_HOOKS_H
#define RESPOND_DDL_HOOKS_H

/* Installs the hooks and the transaction callback; at load. */
extern void respond_ddl_hooks_initialize(void);

/*
 * At the commit of the current transaction, the database's workers shall rest
 * (hold) or work again.  restart: they are replaced by new ones, because what
 * they know of the cursor is no longer true.
 */
extern void respond_ddl_hold_at_commit(bool restart);

/* Whether CREATE EXTENSION runs in a session that looks like one that restores a dump. */
extern bool respond_ddl_in_restore(void);

#endif							/* RESPOND_DDL_HOOKS_H */
