/*-------------------------------------------------------------------------
 * relation_change.c
 *	  Hearing that a relation changed, with one of the server's ten places.
 *
 * A process has room for ten callbacks of the relation cache, the server's own
 * among them, and ends with FATAL when somebody registers one more.  So all of
 * ours share one.
 *
 * src/common/relation_change.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/inval.h"

#include "common/relation_change.h"

#define MAX_CALLBACKS	32

static void (*callbacks[MAX_CALLBACKS]) (Datum argument, Oid relation);
static int	callback_count = 0;

static void
tell_all(Datum argument, Oid relation)
{
	for (int i = 0; i < callback_count; i++)
		callbacks[i] (argument, relation);
}

void
respond_relation_on_change(void (*callback) (Datum argument, Oid relation))
{
	for (int i = 0; i < callback_count; i++)
		if (callbacks[i] == callback)
			return;
	if (callback_count == MAX_CALLBACKS)
		elog(ERROR, "no room for another callback of the relation cache");
	if (callback_count == 0)
		CacheRegisterRelcacheCallback(tell_all, (Datum) 0);
	callbacks[callback_count++] = callback;
}
