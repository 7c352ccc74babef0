/*-------------------------------------------------------------------------
 * quiet_call.c
 *	  Functions in SQL and PL/pgSQL whose errors do not tell of their insides.
 *
 * SQL functions, PL/pgSQL and SPI add to each error where it arose: lines of functions and
 * texts of statements that are ours and mean nothing to who called.  So the
 * functions that people call are C and pass the call on to the function of the
 * same name and arguments in respond_internal.  What happens there has no
 * context; an error is raised anew here, with the context of the caller alone.
 *
 * src/common/quiet_call.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(respond_quiet_call);

/* The function of the same name and arguments in respond_internal. */
static FmgrInfo *
find_inner(FmgrInfo *outer)
{
	FmgrInfo   *inner;
	HeapTuple	tuple;
	Datum		arguments;
	bool		is_null;
	Oid			function;
	char	   *name;

	if (outer->fn_extra != NULL)
		return outer->fn_extra;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(outer->fn_oid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", outer->fn_oid);
	name = pstrdup(NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname));
	arguments = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargtypes, &is_null);
	function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name), arguments,
							   ObjectIdGetDatum(get_namespace_oid("respond_internal", false)));
	ReleaseSysCache(tuple);
	if (!OidIsValid(function) || function == outer->fn_oid)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function \"%s\" has no counterpart in schema \"%s\"", name, "respond_internal")));
	inner = MemoryContextAllocZero(outer->fn_mcxt, sizeof(FmgrInfo));
	fmgr_info_cxt(function, inner, outer->fn_mcxt);
	outer->fn_extra = inner;
	return inner;
}

/* Any function of schema respond that stands for one of respond_internal. */
Datum
respond_quiet_call(PG_FUNCTION_ARGS)
{
	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	MemoryContext context = CurrentMemoryContext;
	volatile Datum result = (Datum) 0;

	if (fcinfo->flinfo == NULL || !OidIsValid(fcinfo->flinfo->fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this function cannot be called by other functions in C")));
	InitFunctionCallInfoData(*call, find_inner(fcinfo->flinfo), fcinfo->nargs, fcinfo->fncollation, fcinfo->context,
							 fcinfo->resultinfo);
	memcpy(call->args, fcinfo->args, fcinfo->nargs * sizeof(NullableDatum));
	PG_TRY();
	{
		/* comes back by itself at the end of the block, whichever way it ends */
		error_context_stack = NULL;
		result = FunctionCallInvoke(call);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->context = NULL;
		ThrowErrorData(error);
	}
	PG_END_TRY();
	fcinfo->isnull = call->isnull;
	return result;
}
