/*-------------------------------------------------------------------------
 * known_oid.h
 *	  Tables and indexes of ours that a process has found by their names.
 *
 * src/common/known_oid.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_KNOWN_OID_H
#define RESPOND_KNOWN_OID_H

/* By what it is found; NULL: no more names. */
typedef struct OidName
{
	Oid			table;			/* that the index belongs to; InvalidOid for a table */
	const char *names[3];
} OidName;

/* InvalidOid when it is not known, or may have changed since. */
extern Oid	respond_known_oid(const OidName *name);

/* It was found just now. */
extern void respond_known_oid_keep(const OidName *name, Oid oid);

#endif							/* RESPOND_KNOWN_OID_H */
