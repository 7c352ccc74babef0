/*-------------------------------------------------------------------------
 * step_fields.c
 *	  The fields that every action has.
 *
 * src/flow/step_fields.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "flow/step_fields.h"

static const char *const common_fields[] =
{"action", "name", "if", "on_success", "on_failure", "max_attempts", "timeout"};

bool
respond_step_is_common_field(const char *name)
{
	for (int i = 0; i < lengthof(common_fields); i++)
		if (strcmp(common_fields[i], name) == 0)
			return true;
	return false;
}

const char *
respond_step_common_fields(void)
{
	return "action, name, if, on_success, on_failure, max_attempts, timeout";
}
