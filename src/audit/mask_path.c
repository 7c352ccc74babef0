/*-------------------------------------------------------------------------
 * mask_path.c
 *	  Which fields of which events a mask names; and the trigger that checks masks.
 *
 * src/audit/mask_path.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "access/htup_details.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "common/shape.h"
#include "audit/mask_path.h"
#include "event/name_check.h"
#include "common/errors.h"
#include "common/glob.h"
#include "common/partition_write.h"
#include "common/restore.h"
#include "common/trigger_call.h"

PG_FUNCTION_INFO_V1(respond_mask_validate);
PG_FUNCTION_INFO_V1(respond_masks_changed);

static const ShapeColumn mask_columns[] = {
	{"id", INT8OID},
	{"event_type", TEXTOID},
	{"path", TEXTOID},
	{"reason", TEXTOID},
	{"actor", TEXTOID},
};

StaticAssertDecl(lengthof(mask_columns) == MASK_COLUMNS, "each column of respond.mask has its type");

const Shape respond_shape_mask = SHAPE("respond.mask", mask_columns);

void
respond_mask_path_parse(MaskPath *mask, const char *event_type, const char *path)
{
	mask->event_type = pstrdup(event_type);
	mask->count = 0;
	while (mask->count < MASK_MAX_NAMES)
	{
		size_t		length = strcspn(path, ".");

		mask->names[mask->count++] = pnstrdup(path, length);
		if (path[length] == '\0')
			break;
		path += length + 1;
	}
}

bool
respond_mask_type_matches(const MaskPath *mask, const char *type)
{
	return respond_glob_matches(mask->event_type, type, strlen(type));
}

bool
respond_mask_path_matches(const MaskPath *mask, const char *const *names, int count, bool by_suffix)
{
	if (count < mask->count || (!by_suffix && count != mask->count))
		return false;
	names += count - mask->count;
	for (int i = 0; i < mask->count; i++)
		if (strcmp(mask->names[i], "*") != 0 && strcmp(mask->names[i], names[i]) != 0)
			return false;
	return true;
}

static void
refuse(const char *column, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
			 errmsg("%s: %s", column, fault),
			 errhint("A path is names separated by dots, for example \"card.number\" or \"new.email\".")));
}

/* mask_validate(): BEFORE INSERT OR UPDATE ON respond.mask FOR EACH ROW */
Datum
respond_mask_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "mask_validate", "BEFORE", "ROW", "mask");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	Datum		values[MASK_COLUMNS];
	bool		nulls[MASK_COLUMNS];
	MaskPath	mask;
	char	   *path;
	bool		any_name = false;
	int			names = 1;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_deform(&respond_shape_mask, RelationGetDescr(trigger->tg_relation), tuple, values, nulls);
	if (nulls[MASK_PATH] || nulls[MASK_EVENT_TYPE])
		return PointerGetDatum(tuple);
	path = TextDatumGetCString(values[MASK_PATH]);
	for (const char *s = path; *s != '\0'; s++)
		names += *s == '.';
	if (names > MASK_MAX_NAMES)
		refuse("path", psprintf("it has more than %d names", MASK_MAX_NAMES));
	respond_name_check_event_type(TextDatumGetCString(values[MASK_EVENT_TYPE]));
	if (strncmp(path, "data.", 5) == 0)
		refuse("path", "it begins in data, and so does not name it");
	respond_mask_path_parse(&mask, TextDatumGetCString(values[MASK_EVENT_TYPE]), path);
	for (int i = 0; i < mask.count; i++)
	{
		if (mask.names[i][0] == '\0')
			refuse("path", "it holds an empty name");
		any_name |= strcmp(mask.names[i], "*") != 0;
	}
	if (!any_name)
		refuse("path", "it names no field");
	return PointerGetDatum(tuple);
}

/* masks_changed(): AFTER any change FOR EACH STATEMENT on respond.mask */
Datum
respond_masks_changed(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "masks_changed", "AFTER", "STATEMENT", "mask");
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "mask"));
	PG_RETURN_POINTER(NULL);
}
