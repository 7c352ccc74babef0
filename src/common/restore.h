/*-------------------------------------------------------------------------
 * restore.h
 *	  Telling a dump that is being loaded from ordinary use.
 *
 * src/common/restore.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RESTORE_H
#define RESPOND_RESTORE_H

/*
 * Whether this session loads a dump or applies a subscription, so that triggers must leave the rows as
 * they come and record nothing.  Only a superuser can be in this state, or
 * anybody could write unrecorded.
 *
 * NB: of no use inside an extension script, which changes the settings that
 * this looks at.
 */
extern bool respond_restore_in_progress(void);

/*
 * Whether this session loads a dump, rows of a table of somebody: its owner,
 * who may disable its triggers anyway, restores it too.  Not true of a
 * subscription.
 */
extern bool respond_restore_of_table(Oid owner);

#endif							/* RESPOND_RESTORE_H */
