/*-------------------------------------------------------------------------
 * gateway_status.c
 *	  What SQL sees of the gateway; behind respond.gateway and health().
 *
 * All of it is from shared memory, as the listener wrote it.
 *
 * src/gateway/gateway_status.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/shmem.h"
#include "companion/listen_address.h"

PG_FUNCTION_INFO_V1(respond_gateway_addresses);
PG_FUNCTION_INFO_V1(respond_gateway_program);

static void
read_status(GatewayStatus *status)
{
	LWLockAcquire(respond_shared->lock, LW_SHARED);
	*status = respond_shared->gateway;
	LWLockRelease(respond_shared->lock);
}

static void
put_address(ReturnSetInfo *result, const char *address, const char *fault)
{
	Datum		values[2] = {CStringGetTextDatum(address), CStringGetTextDatum(fault)};
	bool		nulls[2] = {false, fault[0] == '\0'};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Those that were asked for, all of them for one reason. */
static void
put_configured(ReturnSetInfo *result, const GatewayStatus *status)
{
	const char *at = respond_gateway_listen;
	const char *fault = !respond_enabled ? "pg_respond.enabled is off" :
		status->fault[0] != '\0' ? psprintf("the program of the gateway does not run: %s", status->fault) :
		"the program of the gateway has not started yet";
	const char *item;
	size_t		length;

	while (respond_listen_address_next(&at, &item, &length))
		put_address(result, pnstrdup(item, length), fault);
}

/*
 * gateway_addresses() → setof (address text, fault text): what the gateway
 * listens to; fault: why it does not.
 */
Datum
respond_gateway_addresses(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	GatewayStatus status;

	InitMaterializedSRF(fcinfo, 0);
	read_status(&status);
	if (!status.is_open || respond_gateway_listen[0] == '\0')
		put_configured(result, &status);
	else
		for (int i = 0; i < status.address_count; i++)
			put_address(result, status.addresses[i].address, status.addresses[i].fault);
	return (Datum) 0;
}

/*
 * gateway_program() → record (pid integer, started_at timestamptz, starts bigint,
 * connections bigint, accepted bigint, refused bigint, certificate_fault text,
 * certificate_until timestamptz): how its program is.
 */
Datum
respond_gateway_program(PG_FUNCTION_ARGS)
{
	TupleDesc	descriptor;
	Datum		values[8];
	bool		nulls[8] = {0};
	GatewayStatus status;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	read_status(&status);
	values[0] = Int32GetDatum(status.program_pid);
	values[1] = TimestampTzGetDatum(status.program_since);
	values[2] = Int64GetDatum((int64) status.starts);
	values[3] = Int64GetDatum((int64) status.connections);
	values[4] = Int64GetDatum((int64) status.accepted);
	values[5] = Int64GetDatum((int64) status.refused);
	values[6] = CStringGetTextDatum(status.certificate_fault);
	values[7] = TimestampTzGetDatum(status.certificate_end);
	nulls[0] = nulls[1] = status.program_pid == 0;
	nulls[6] = status.certificate_fault[0] == '\0';
	nulls[7] = status.certificate_end == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
