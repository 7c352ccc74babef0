/*-------------------------------------------------------------------------
 * jsonb_size.c
 *	  How long jsonb is as text, without writing it, and text that has a limit.
 *
 * The server has no function for it, and its iterator allocates and copies, so
 * the entries are walked here: every event passes this way.  The levels are
 * kept on the heap, because functions can build jsonb that is nested deeper
 * than the parser allows.
 *
 * src/common/jsonb_size.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "common/errors.h"
#include "common/guc.h"
#include "common/jsonb_size.h"
#include "common/numeric_size.h"

PG_FUNCTION_INFO_V1(respond_text_size);

/* Bytes of text for a byte of a string at most: \u0001. */
#define LONGEST_ESCAPE		6

/* Entries, or bytes of a string, between two looks at interrupts; a power of two. */
#define WORK_PER_INTERRUPT	16384

#define FIRST_LEVELS		16

/* A container that is being counted. */
typedef struct Level
{
	JsonbContainer *container;
	char	   *base;			/* of the values' bytes */
	uint32		count;			/* of entries: of an object, names and values */
	uint32		next;
	uint32		offset;			/* of the next entry's bytes */
} Level;

typedef struct Counter
{
	Size		limit;
	Size		size;
	bool		by_length;		/* strings count as long as they could get */
	Level	   *levels;
	int			depth;
	int			room;
	Level		first[FIRST_LEVELS];
} Counter;

/* Bytes between the quotes. */
static Size
string_size(const Counter *counter, const char *bytes, Size length)
{
	Size		size = length;

	if (counter->by_length)
		return length * LONGEST_ESCAPE;
	for (Size i = 0; i < length; i++)
	{
		unsigned char byte = (unsigned char) bytes[i];

		if (byte == '"' || byte == '\\')
			size++;
		else if (byte < 0x20)
			size += byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t' ?
				1 : LONGEST_ESCAPE - 1;
		if (i % WORK_PER_INTERRUPT == WORK_PER_INTERRUPT - 1)
			CHECK_FOR_INTERRUPTS();
	}
	return size;
}

static void
enter(Counter *counter, JsonbContainer *container)
{
	Level	   *level;

	if (counter->depth == counter->room)
	{
		Size		bytes = counter->room * sizeof(Level);

		if (counter->levels == counter->first)
			counter->levels = memcpy(palloc(bytes * 2), counter->first, bytes);
		else
			counter->levels = repalloc(counter->levels, bytes * 2);
		counter->room *= 2;
	}
	level = &counter->levels[counter->depth++];
	level->container = container;
	level->count = JsonContainerSize(container) * (JsonContainerIsObject(container) ? 2 : 1);
	level->base = (char *) &container->children[level->count];
	level->next = 0;
	level->offset = 0;
	/* brackets, and a comma with a space between two items or members */
	if (!JsonContainerIsScalar(container))
		counter->size += 2 + 2 * (JsonContainerSize(container) > 0 ? JsonContainerSize(container) - 1 : 0);
}

/* Counts the next entry of the innermost container. */
static void
count_entry(Counter *counter)
{
	Level	   *level = &counter->levels[counter->depth - 1];
	JEntry		entry = level->container->children[level->next];
	uint32		start = level->offset;

	JBE_ADVANCE_OFFSET(level->offset, entry);
	if (JBE_ISSTRING(entry))
	{
		counter->size += 2 + string_size(counter, level->base + start, level->offset - start);
		/* the names of an object come first, a colon and a space behind each */
		if (JsonContainerIsObject(level->container) && level->next < level->count / 2)
			counter->size += 2;
	}
	else if (JBE_ISNUMERIC(entry))
		counter->size += respond_numeric_text_size((Numeric) (level->base + INTALIGN(start)));
	else if (JBE_ISBOOL_FALSE(entry))
		counter->size += strlen("false");
	else if (JBE_ISCONTAINER(entry))
	{
		level->next++;
		enter(counter, (JsonbContainer *) (level->base + INTALIGN(start)));
		return;
	}
	else
		counter->size += strlen("null");	/* or true */
	level->next++;
}

static Size
count(JsonbContainer *container, Size limit, bool by_length)
{
	Counter		counter = {.limit = limit,.by_length = by_length,.room = FIRST_LEVELS};
	uint32		work = 0;

	counter.levels = counter.first;
	enter(&counter, container);
	while (counter.depth > 0 && counter.size <= limit)
	{
		Level	   *level = &counter.levels[counter.depth - 1];

		if (level->next == level->count)
			counter.depth--;
		else
			count_entry(&counter);
		if (++work % WORK_PER_INTERRUPT == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (counter.levels != counter.first)
		pfree(counter.levels);
	return counter.size;
}

Size
respond_jsonb_text_size(JsonbContainer *container, Size limit)
{
	return count(container, limit, false);
}

bool
respond_jsonb_text_fits(JsonbContainer *container, Size size, Size limit)
{
	/* A large document is not walked twice. */
	if (size <= limit / LONGEST_ESCAPE && count(container, limit, true) <= limit)
		return true;
	return count(container, limit, false) <= limit;
}

Size
respond_jsonb_value_text_size(const JsonbValue *value, Size limit)
{
	Counter		exact = {.by_length = false};

	switch (value->type)
	{
		case jbvString:
			return 2 + string_size(&exact, value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return respond_numeric_text_size(value->val.numeric);
		case jbvBinary:
			return respond_jsonb_text_size(value->val.binary.data, limit);
		case jbvBool:
			return value->val.boolean ? strlen("true") : strlen("false");
		case jbvNull:
			return strlen("null");
		default:
			elog(ERROR, "unexpected type %d of a jsonb value", (int) value->type);
	}
}

void
respond_check_text_size(Size size)
{
	if (size > (Size) respond_max_rendered_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("text of a JSON value is too long"),
				 errdetail("It would exceed %d kB.", respond_max_rendered_size),
				 errhint("Use less of the data, or increase \"%s\".", "pg_respond.max_rendered_size")));
}

/* respond_internal.text_size(jsonb) returns bigint */
Datum
respond_text_size(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = PG_GETARG_JSONB_P(0);

	PG_RETURN_INT64((int64) respond_jsonb_text_size(&document->root, SIZE_MAX));
}

static void
write_string(StringInfo text, const char *bytes, int length)
{
	appendStringInfoCharMacro(text, '"');
	for (int i = 0; i < length; i++)
	{
		char		byte = bytes[i];
		const char *short_form = byte == '\b' ? "\\b" : byte == '\f' ? "\\f" : byte == '\n' ? "\\n" :
			byte == '\r' ? "\\r" : byte == '\t' ? "\\t" : byte == '"' ? "\\\"" : byte == '\\' ? "\\\\" : NULL;

		if (short_form != NULL)
			appendStringInfoString(text, short_form);
		else if ((unsigned char) byte < 0x20)
			appendStringInfo(text, "\\u%04x", (int) byte);
		else
			appendStringInfoCharMacro(text, byte);
	}
	appendStringInfoCharMacro(text, '"');
}

static void
write_scalar(StringInfo text, const JsonbValue *value)
{
	char	   *number;

	if (value->type == jbvString)
		write_string(text, value->val.string.val, value->val.string.len);
	else if (value->type == jbvNumeric)
	{
		number = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		appendStringInfoString(text, number);
		pfree(number);
	}
	else if (value->type == jbvBool)
		appendStringInfoString(text, value->val.boolean ? "true" : "false");
	else
		appendStringInfoString(text, "null");
}

/* The server's own function hears no interrupts, and a long number takes it milliseconds. */
static char *
container_text(JsonbContainer *container)
{
	Size		size = respond_jsonb_text_size(container, (Size) respond_max_rendered_size * 1024);
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	StringInfoData text;
	bool		follows = false;	/* a comma comes before the next item */

	respond_check_text_size(size);
	initStringInfo(&text);
	enlargeStringInfo(&text, (int) size);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		ends = token == WJB_END_ARRAY || token == WJB_END_OBJECT;

		CHECK_FOR_INTERRUPTS();
		if (follows && !ends)
			appendStringInfoString(&text, ", ");
		follows = ends || token == WJB_ELEM || token == WJB_VALUE;
		if (token == WJB_BEGIN_ARRAY || token == WJB_END_ARRAY)
			appendStringInfoChar(&text, token == WJB_BEGIN_ARRAY ? '[' : ']');
		else if (token == WJB_BEGIN_OBJECT || token == WJB_END_OBJECT)
			appendStringInfoChar(&text, token == WJB_BEGIN_OBJECT ? '{' : '}');
		else
		{
			write_scalar(&text, &value);
			if (token == WJB_KEY)
				appendStringInfoString(&text, ": ");
		}
	}
	return text.data;
}

char *
respond_jsonb_text(Jsonb *document)
{
	JsonbValue	scalar;

	if (JB_ROOT_IS_SCALAR(document) && JsonbExtractScalar(&document->root, &scalar))
		return respond_jsonb_value_text(&scalar);
	return container_text(&document->root);
}

char *
respond_jsonb_value_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			respond_check_text_size(value->val.string.len);
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			respond_check_text_size(respond_numeric_text_size(value->val.numeric));
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		case jbvNull:
			return pstrdup("null");
		case jbvBinary:
			return container_text(value->val.binary.data);
		default:
			elog(ERROR, "unexpected type %d of a jsonb value", (int) value->type);
	}
}
