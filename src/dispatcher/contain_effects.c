/*-------------------------------------------------------------------------
 * contain_effects.c
 *	  Doing something, with its effects, in a subtransaction.
 *
 * src/dispatcher/contain_effects.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "dispatcher/contain_effects.h"
#include "effect/effects.h"

ErrorData *
respond_contain_effects(void (*function) (void *argument), void *argument)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	/* what was put into the buffer before is not taken back with it */
	respond_effects_flush();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		function(argument);
		respond_effects_flush();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		respond_effects_discard();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return error;
}
