/*-------------------------------------------------------------------------
 * error_class.c
 *	  Errors that may be gone at the next try, as opposed to those that stay.
 *
 * src/common/error_class.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "common/error_class.h"
#include "common/errors.h"

/* Bytes of a message that are kept. */
#define MAX_MESSAGE		8192

static bool all_last = false;

void
respond_error_set_lasting(bool lasting)
{
	all_last = lasting;
}

bool
respond_error_is_transient(int sqlerrcode)
{
	/* no event is to blame; it is over when the table or the library is changed */
	if (sqlerrcode == ERRCODE_RESPOND_SHAPE)
		return true;
	if (all_last)
		return false;
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_CONNECTION_EXCEPTION:	/* 08 */
		case ERRCODE_TRANSACTION_ROLLBACK:	/* 40: serialization, deadlock */
		case ERRCODE_INSUFFICIENT_RESOURCES:	/* 53 */
		case ERRCODE_OPERATOR_INTERVENTION: /* 57 */
		case ERRCODE_SYSTEM_ERROR:	/* 58 */
			return true;
		default:
			return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
	}
}

bool
respond_error_may_be_swallowed(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	return category != ERRCODE_OPERATOR_INTERVENTION && category != ERRCODE_TRANSACTION_ROLLBACK;
}

bool
respond_error_may_last(int sqlerrcode)
{
	switch (sqlerrcode)
	{
		case ERRCODE_DISK_FULL:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_TOO_MANY_CONNECTIONS:
			return false;
		default:
			return true;
	}
}

const char *
respond_error_clip(const char *message)
{
	int			length = strlen(message);

	if (length <= MAX_MESSAGE)
		return message;
	return psprintf("%.*s...", pg_mbcliplen(message, length, MAX_MESSAGE), message);
}

ErrorData *
respond_error_copy(const ErrorData *error)
{
	ErrorData  *copy = palloc0(sizeof(ErrorData));

	copy->sqlerrcode = error->sqlerrcode;
	copy->message = pstrdup(respond_error_clip(error->message));
	return copy;
}
