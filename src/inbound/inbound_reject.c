/*-------------------------------------------------------------------------
 * inbound_reject.c
 *	  A sample of the requests that were refused, in respond.inbound_reject.
 *
 * Anybody can send requests, so what becomes of those that are refused is bounded
 * in rate and in number.  Neither bodies nor queries are kept.
 *
 * src/inbound/inbound_reject.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "inbound/inbound_reject.h"
#include "inbound/request_text.h"

#define SAMPLE_RATE		1.0		/* rows in a second */
#define SAMPLE_BURST	20.0
#define LONGEST_TEXT	1000

static KeptPlan write_plan = {
	"INSERT INTO respond.inbound_reject (at, source, reason, detail, method, path, peer, headers, body_size)"
	" VALUES (pg_catalog.clock_timestamp(), $1, $2, $3, $4, $5, $6, $7, $8)",
	8, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INT8OID}
};

static KeptPlan trim_plan = {
	"DELETE FROM respond.inbound_reject AS r WHERE r.id OPERATOR(pg_catalog.<=)"
	" ((SELECT pg_catalog.max(n.id) FROM respond.inbound_reject AS n) OPERATOR(pg_catalog.-) $1)",
	1, {INT8OID}
};

bool
respond_inbound_reject_is_sampled(RejectSample *sample, InboundReason reason)
{
	return respond_rate_take(&sample->buckets[reason], SAMPLE_RATE, SAMPLE_BURST, GetCurrentTimestamp(), NULL);
}

static void
set_text(Datum *value, char *null, const char *text)
{
	*null = text == NULL ? 'n' : ' ';
	if (text != NULL)
		*value = PointerGetDatum(cstring_to_text_with_len(text, pg_mbcliplen(text, (int) strlen(text), LONGEST_TEXT)));
}

void
respond_inbound_reject_write(const char *source, InboundReason reason, const char *detail, const WebRequest *request,
							 const char *const *hidden, int hidden_count)
{
	Datum		values[8] = {0};
	char		nulls[8];
	Datum		most = Int64GetDatum(INBOUND_REJECTS_MOST);

	memset(nulls, ' ', sizeof(nulls));
	set_text(&values[0], &nulls[0], source);
	set_text(&values[1], &nulls[1], respond_inbound_reason_word(reason));
	set_text(&values[2], &nulls[2], detail);
	set_text(&values[3], &nulls[3], request->method);
	set_text(&values[4], &nulls[4], request->path);
	set_text(&values[5], &nulls[5], *request->peer != '\0' ? request->peer : NULL);
	values[6] = JsonbPGetDatum(respond_request_masked_headers(request, hidden, hidden_count));
	values[7] = Int64GetDatum((int64) request->body_length);
	SPI_connect();
	respond_kept_plan_run_as_owner(&write_plan, values, nulls);
	respond_kept_plan_run_as_owner(&trim_plan, &most, NULL);
	SPI_finish();
}
