/*-------------------------------------------------------------------------
 * contain.c
 *	  Work whose errors must not tear the transaction around it.
 *
 * src/common/contain.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "common/contain.h"
#include "common/error_class.h"

void
respond_contain(void (*function) (void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		function(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

ErrorData *
respond_catch(void (*function) (void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		function(argument);
	}
	PG_CATCH();
	{
		if (!respond_error_may_be_swallowed(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	return error;
}

/* What is to be contained. */
typedef struct Work
{
	void		(*function) (void *argument);
	void	   *argument;
} Work;

static void
contain(void *argument)
{
	Work	   *work = argument;

	respond_contain(work->function, work->argument);
}

ErrorData *
respond_contain_try(void (*function) (void *argument), void *argument)
{
	Work		work = {function, argument};

	return respond_catch(contain, &work);
}
