/*-------------------------------------------------------------------------
 * event_check.c
 *	  What may be recorded as an event.
 *
 * The limits keep an event usable further on: a type goes into index keys and
 * channel payloads, (source, key) into a B-tree whose entries end at 2.7 kB,
 * and CloudEvents forbids control characters in its attributes.  The size and
 * depth of data are no business of the producer, up to what the server itself
 * can show: the dispatcher makes a dead letter of what it will not handle, so
 * that nothing is lost.
 *
 * src/event/event_check.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "utils/jsonb.h"

#include "common/errors.h"
#include "common/jsonb_size.h"
#include "event/event_check.h"

/* Longest text of data, and bytes of jsonb that cannot be longer than that. */
#define MAX_DATA_TEXT		((Size) 1000 * 1000 * 1000)
#define DATA_NEVER_LONG		(64 * 1024)

/* Bytes of a jsonb that tell its kind: its header and its first entry. */
#define JSONB_KIND_BYTES	(sizeof(uint32) + sizeof(JEntry))

static void
check_length(const char *column, size_t length, size_t limit)
{
	if (length > limit)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_EVENT),
				 errmsg("%s of an event is too long", column),
				 errdetail("It has %zu bytes; at most %zu are allowed.", length, limit),
				 errhint("Put long values into \"data\".")));
}

static void
check_characters(const char *column, const char *value, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) value[i];

		if (c < 0x20 || c == 0x7F)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_EVENT),
					 errmsg("%s of an event contains a control character", column),
					 errdetail("Byte %zu has the value 0x%02X.", i + 1, c),
					 errhint("Use printable characters only.")));
	}
}

void
respond_event_check_type(const char *type, size_t length)
{
	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_EVENT),
				 errmsg("type of an event is empty"),
				 errhint("Give the event a type, for example \"order.created\".")));
	check_length("type", length, RESPOND_MAX_TYPE);
	check_characters("type", type, length);
}

void
respond_event_check_source(const char *source, size_t length)
{
	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_EVENT),
				 errmsg("source of an event is empty"),
				 errhint("Name where the event comes from, or leave the column out to get the name of the database.")));
	check_length("source", length, RESPOND_MAX_SOURCE);
	check_characters("source", source, length);
}

void
respond_event_check_subject(size_t length)
{
	check_length("subject", length, RESPOND_MAX_SUBJECT);
}

void
respond_event_check_key(size_t length)
{
	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_EVENT),
				 errmsg("key of an event is empty"),
				 errhint("Use NULL for an event without a key.")));
	check_length("key", length, RESPOND_MAX_KEY);
}

static const char *
scalar_kind(JEntry entry)
{
	if (JBE_ISSTRING(entry))
		return "a string";
	if (JBE_ISNUMERIC(entry))
		return "a number";
	if (JBE_ISBOOL(entry))
		return "a boolean";
	return "null";
}

/*
 * What the server could not even show cannot be dumped either, and events are
 * there to stay.
 */
static void
check_data_text(Datum data)
{
	Jsonb	   *document;
	bool		fits;

	if (toast_raw_datum_size(data) < DATA_NEVER_LONG)
		return;
	document = DatumGetJsonbP(data);
	fits = respond_jsonb_text_fits(&document->root, VARSIZE(document), MAX_DATA_TEXT);
	if ((Pointer) document != DatumGetPointer(data))
		pfree(document);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_EVENT),
				 errmsg("data of an event is too long"),
				 errdetail("As JSON text it would have more than %zu bytes, which is more than the server can show.",
						   MAX_DATA_TEXT),
				 errhint("A number such as 1e131071 is short in jsonb and long as text; write it as a string.")));
}

void
respond_event_check_data(Datum data)
{
	struct varlena *start = (struct varlena *) DatumGetPointer(data);
	const char *content;
	uint32		header;
	JEntry		first = 0;

	if (VARATT_IS_EXTENDED(start))
		start = PG_DETOAST_DATUM_SLICE(data, 0, JSONB_KIND_BYTES);
	content = VARDATA_ANY(start);
	memcpy(&header, content, sizeof(header));
	if (header & JB_FOBJECT)
	{
		check_data_text(data);
		return;
	}

	if (header & JB_FSCALAR)
		memcpy(&first, content + sizeof(header), sizeof(first));
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_EVENT),
			 errmsg("data of an event must be a JSON object, not %s",
					(header & JB_FSCALAR) ? scalar_kind(first) : "an array"),
			 errhint("Wrap the value in an object, for example {\"value\": ...}.")));
}
