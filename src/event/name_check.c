/*-------------------------------------------------------------------------
 * name_check.c
 *	  Names and event types in rows that set the desk up: rules, channels, masks.
 *
 * src/event/name_check.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "event/event_check.h"
#include "event/name_check.h"

static void
check_characters(const char *column, const char *value)
{
	for (const char *s = value; *s != '\0'; s++)
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("%s: it holds a control character", column)));
}

void
respond_name_check(const char *what, const char *name)
{
	size_t		length = strlen(name);

	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("name: a %s needs a name", what)));
	if (length > RESPOND_MAX_NAME)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("name: it is %zu bytes long; at most %d are allowed", length, RESPOND_MAX_NAME)));
	check_characters("name", name);
}

void
respond_name_check_event_type(const char *event_type)
{
	size_t		length = strlen(event_type);

	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("event_type: it is empty"),
				 errhint("Use \"*\" for events of any type.")));
	if (length > RESPOND_MAX_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("event_type: it is %zu bytes long; at most %d are allowed", length, RESPOND_MAX_TYPE),
				 errhint("No event has a longer type.")));
	check_characters("event_type", event_type);
}
