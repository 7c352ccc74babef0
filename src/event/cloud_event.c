/*-------------------------------------------------------------------------
 * cloud_event.c
 *	  The attributes that an event has as a CloudEvent, wherever it goes.
 *
 * src/event/cloud_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "common/cloud_event_value.h"
#include "event/cloud_event.h"
#include "common/recode.h"

PG_FUNCTION_INFO_V1(respond_cloud_event_id_sql);
PG_FUNCTION_INFO_V1(respond_cloud_event_source_sql);
PG_FUNCTION_INFO_V1(respond_cloud_event_text_sql);
PG_FUNCTION_INFO_V1(respond_cloud_event_time_sql);

char *
respond_cloud_event_id(int64 id, TimestampTz recorded_at)
{
	return psprintf(INT64_FORMAT "-%llx", id, (unsigned long long) recorded_at);
}

/* What is encoded is ASCII, so only what was there before has to go back to the database's encoding. */
static char *
convert(const char *text, size_t (*function) (const char *text, size_t length, char *out))
{
	size_t		length = strlen(text);
	const char *utf8 = respond_to_utf8(text, &length);
	char	   *out = palloc(RESPOND_CLOUD_EVENT_ROOM(length));

	length = function(utf8, length, out);
	/* at most as many bytes in any encoding of a server but EUC_TW, where it is four for three */
	out = repalloc(out, length * 2 + 1);
	respond_from_utf8(out, length * 2 + 1);
	return out;
}

char *
respond_cloud_event_source(const char *source)
{
	return convert(source, respond_uri_reference);
}

char *
respond_cloud_event_text(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return NULL;
	return convert(text, respond_cloud_event_string);
}

char *
respond_cloud_event_time(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &tm, &fraction, NULL, NULL) != 0 ||
		tm.tm_year < 1 || tm.tm_year > 9999)
		return NULL;
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fraction);
}

/* cloud_event_id(id bigint, recorded_at timestamptz) returns text */
Datum
respond_cloud_event_id_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(respond_cloud_event_id(PG_GETARG_INT64(0), PG_GETARG_TIMESTAMPTZ(1))));
}

/* cloud_event_source(source text) returns text */
Datum
respond_cloud_event_source_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(respond_cloud_event_source(text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}

/* cloud_event_text(value text) returns text */
Datum
respond_cloud_event_text_sql(PG_FUNCTION_ARGS)
{
	char	   *value = respond_cloud_event_text(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(value));
}

/* cloud_event_time(at timestamptz) returns text */
Datum
respond_cloud_event_time_sql(PG_FUNCTION_ARGS)
{
	char	   *value = respond_cloud_event_time(PG_GETARG_TIMESTAMPTZ(0));

	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(value));
}
