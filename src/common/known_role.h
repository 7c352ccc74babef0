/*-------------------------------------------------------------------------
 * known_role.h
 *	  Roles that rows of ours know by number, and by name where the number means nothing.
 *
 * src/common/known_role.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_KNOWN_ROLE_H
#define RESPOND_KNOWN_ROLE_H

/* Whether numbers of roles are of this system; 0: of none. */
extern bool respond_system_is_this(int64 system);

/*
 * The role; InvalidOid when it is gone.  A role that is renamed stays the same,
 * and another that takes its name is another.
 */
extern Oid	respond_known_role(int64 system, Oid role, const char *name);

#endif							/* RESPOND_KNOWN_ROLE_H */
