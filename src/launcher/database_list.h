/*-------------------------------------------------------------------------
 * database_list.h
 *	  Telling the gateway's program which databases there are.
 *
 * src/launcher/database_list.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DATABASE_LIST_H
#define RESPOND_DATABASE_LIST_H

/* Writes down in shared memory what the registry says, and wakes the listener if that is something new. */
extern void respond_database_list_publish(void);

#endif							/* RESPOND_DATABASE_LIST_H */
