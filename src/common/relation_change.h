/*-------------------------------------------------------------------------
 * relation_change.h
 *	  Hearing that a relation changed, with one of the server's ten places.
 *
 * src/common/relation_change.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RELATION_CHANGE_H
#define RESPOND_RELATION_CHANGE_H

/*
 * From now on calls the function whenever the relation cache forgets a relation,
 * or all of them (InvalidOid), as CacheRegisterRelcacheCallback() would.  The
 * same function is called once, however often it was registered.
 */
extern void respond_relation_on_change(void (*callback) (Datum argument, Oid relation));

#endif							/* RESPOND_RELATION_CHANGE_H */
