/*-------------------------------------------------------------------------
 * registry.h
 *	  What the launcher knows of each database of the cluster.
 *
 * src/launcher/registry.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REGISTRY_H
#define RESPOND_REGISTRY_H

#include "c.h"

typedef enum DatabaseStatus
{
	DATABASE_UNKNOWN,			/* a clock worker shall look whether the extension is there */
	DATABASE_ABSENT,			/* it is not */
	DATABASE_PRESENT			/* it is; workers shall run */
} DatabaseStatus;

typedef struct DatabaseEntry
{
	Oid			database;		/* hash key */
	NameData	name;
	DatabaseStatus status;
	bool		has_other_version;	/* ABSENT: of the extension than the library's */
	bool		seen;			/* by the scan that goes on */
	uint32		asked;			/* grows when a backend tells of a change */
	uint32		clock_asked;	/* asked when the last clock was started */
} DatabaseEntry;

/* Gives the registry its memory; once. */
extern void respond_registry_initialize(void);

/*
 * Reads pg_database: databases that are new are UNKNOWN, those that are gone,
 * allow no connections or are templates are forgotten.  Also looks up the role
 * that workers connect as.  Runs a transaction of its own.
 */
extern void respond_registry_scan(void);

/* Takes over what backends have told through shared memory. */
extern void respond_registry_take_requests(void);

/* The database's entry, or NULL. */
extern DatabaseEntry *respond_registry_find(Oid database);

/* Its name for people, as of the last scan; its number if it has none. */
extern const char *respond_registry_name(Oid database);

/* Role that workers connect as, InvalidOid when there is none. */
extern Oid	respond_registry_role(void);

/* All entries one after the other: begin with *position = 0; NULL at the end. */
extern DatabaseEntry *respond_registry_next(int *position);

#endif							/* RESPOND_REGISTRY_H */
