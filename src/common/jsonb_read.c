/*-------------------------------------------------------------------------
 * jsonb_read.c
 *	  Members of a jsonb that may be anything.
 *
 * src/common/jsonb_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>

#include "utils/numeric.h"

#include "common/jsonb_read.h"

bool
respond_jsonb_find(JsonbContainer *object, const char *name, JsonbValue *value)
{
	return object != NULL && JsonContainerIsObject(object) &&
		getKeyJsonValueFromContainer(object, name, strlen(name), value) != NULL;
}

JsonbContainer *
respond_jsonb_find_container(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	return respond_jsonb_find(object, name, &value) && value.type == jbvBinary ? value.val.binary.data : NULL;
}

int64
respond_jsonb_find_int64(JsonbContainer *object, const char *name)
{
	JsonbValue	value;
	char	   *text;
	char	   *end;
	int64		number;

	if (!respond_jsonb_find(object, name, &value) || value.type != jbvNumeric)
		return 0;
	text = numeric_normalize(value.val.numeric);
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		number = 0;
	pfree(text);
	return number;
}

bool
respond_jsonb_find_flag(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	return respond_jsonb_find(object, name, &value) && value.type == jbvBool && value.val.boolean;
}

char *
respond_jsonb_find_text(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	if (!respond_jsonb_find(object, name, &value) || value.type != jbvString)
		return NULL;
	return pnstrdup(value.val.string.val, value.val.string.len);
}

Jsonb *
respond_jsonb_find_member(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	return respond_jsonb_find(object, name, &value) ? JsonbValueToJsonb(&value) : NULL;
}
