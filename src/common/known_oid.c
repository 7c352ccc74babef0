/*-------------------------------------------------------------------------
 * known_oid.c
 *	  Tables and indexes of ours that a process has found by their names.
 *
 * A run that goes on opens half a dozen tables, each with a look into the system
 * caches for its schema, its name, its indexes and their columns.  What was found
 * holds until the relation cache forgets the table or the index, which it does
 * whenever somebody renames, drops or rebuilds it, or makes another index.
 *
 * src/common/known_oid.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "common/known_oid.h"
#include "common/relation_change.h"

/* Two names that need one place take turns. */
#define PLACES		256

typedef struct KnownOid
{
	Oid			oid;			/* InvalidOid: the place is free */
	Oid			table;
	char	   *names[3];
} KnownOid;

static KnownOid known[PLACES];

static void
clear(KnownOid *place)
{
	for (int i = 0; i < lengthof(place->names); i++)
		if (place->names[i] != NULL)
			pfree(place->names[i]);
	memset(place, 0, sizeof(*place));
}

static void
relation_changed(Datum argument, Oid relation)
{
	for (int i = 0; i < PLACES; i++)
		if (OidIsValid(known[i].oid) &&
			(!OidIsValid(relation) || known[i].oid == relation || known[i].table == relation))
			clear(&known[i]);
}

static KnownOid *
place_of(const OidName *name)
{
	uint32		hash = name->table;

	for (int i = 0; i < lengthof(name->names) && name->names[i] != NULL; i++)
		hash = hash_combine(hash, hash_bytes((const unsigned char *) name->names[i], strlen(name->names[i])));
	return &known[hash % PLACES];
}

static bool
is_same(const char *left, const char *right)
{
	return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

static bool
is_of(const KnownOid *place, const OidName *name)
{
	if (place->table != name->table)
		return false;
	for (int i = 0; i < lengthof(name->names); i++)
		if (!is_same(place->names[i], name->names[i]))
			return false;
	return true;
}

Oid
respond_known_oid(const OidName *name)
{
	const KnownOid *place = place_of(name);

	return OidIsValid(place->oid) && is_of(place, name) ? place->oid : InvalidOid;
}

void
respond_known_oid_keep(const OidName *name, Oid oid)
{
	KnownOid   *place = place_of(name);

	respond_relation_on_change(relation_changed);
	clear(place);
	for (int i = 0; i < lengthof(name->names); i++)
		if (name->names[i] != NULL)
			place->names[i] = MemoryContextStrdup(TopMemoryContext, name->names[i]);
	place->table = name->table;
	place->oid = oid;
}
