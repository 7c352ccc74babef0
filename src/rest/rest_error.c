/*-------------------------------------------------------------------------
 * rest_error.c
 *	  Errors of the server as answers.
 *
 * The words of an error that the role would read in SQL, too, are told; its
 * detail is not, because it may quote rows.  All others say what kind of thing
 * went wrong, and the server's log says the rest.
 *
 * src/rest/rest_error.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/error_class.h"
#include "common/errors.h"
#include "common/guc.h"
#include "rest/rest_error.h"

/* Seconds after which a caller may try again. */
#define RETRY_AFTER		"1"

typedef struct Mapping
{
	int			code;			/* a condition, or the first of its class */
	int			status;
	bool		tells;			/* what the error says is told */
} Mapping;

/* Conditions first, then classes. */
static const Mapping conditions[] = {
	{ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, 400, true},
	{ERRCODE_UNTRANSLATABLE_CHARACTER, 422, true},
	{ERRCODE_INSUFFICIENT_PRIVILEGE, 403, true},
	{ERRCODE_UNIQUE_VIOLATION, 409, true},
	{ERRCODE_EXCLUSION_VIOLATION, 409, true},
	{ERRCODE_NO_DATA_FOUND, 404, true},
	{ERRCODE_UNDEFINED_OBJECT, 404, true},
	{ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, 409, true},
	{ERRCODE_RESPOND_INVALID_TRANSITION, 409, true},
	{ERRCODE_RESPOND_INVALID_RULE, 422, true},
	{ERRCODE_RESPOND_INVALID_EVENT, 422, true},
	{ERRCODE_RESPOND_STEP_FAILED, 422, true},
	{ERRCODE_RESPOND_LIMIT, 422, true},
	{ERRCODE_RESPOND_INVALID_CHANNEL, 422, true},
	{ERRCODE_RESPOND_INVALID_RUN, 409, true},
	{ERRCODE_RESPOND_SHAPE, 503, false},
	{ERRCODE_LOCK_NOT_AVAILABLE, 503, false},
	{ERRCODE_READ_ONLY_SQL_TRANSACTION, 503, false},
	{ERRCODE_RAISE_EXCEPTION, 422, true},
};

static const Mapping classes[] = {
	{ERRCODE_DATA_EXCEPTION, 422, true},
	{ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION, 422, true},
	{ERRCODE_PROGRAM_LIMIT_EXCEEDED, 422, true},
	{ERRCODE_NO_DATA, 404, true},
	{ERRCODE_TRANSACTION_ROLLBACK, 503, false},
	{ERRCODE_CONNECTION_EXCEPTION, 503, false},
	{ERRCODE_INSUFFICIENT_RESOURCES, 503, false},
	{ERRCODE_OPERATOR_INTERVENTION, 503, false},
	{ERRCODE_SYSTEM_ERROR, 503, false},
};

static const Mapping unknown = {0, 500, false};

static const Mapping *
find_mapping(int code)
{
	for (int i = 0; i < lengthof(conditions); i++)
		if (conditions[i].code == code)
			return &conditions[i];
	for (int i = 0; i < lengthof(classes); i++)
		if (ERRCODE_TO_CATEGORY(classes[i].code) == ERRCODE_TO_CATEGORY(code))
			return &classes[i];
	return &unknown;
}

/* Errors about texts of the request tell nothing but these. */
static bool
is_about_text(int code)
{
	return code == ERRCODE_CHARACTER_NOT_IN_REPERTOIRE || code == ERRCODE_UNTRANSLATABLE_CHARACTER;
}

bool
respond_rest_error_is_chance(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE || error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

/* What is told of a row that there is already: the words of PostgreSQL name an index only. */
static const char *
words_of_twin(const ErrorData *error)
{
	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION || error->constraint_name == NULL)
		return NULL;
	if (strcmp(error->constraint_name, "rating_once_idx") == 0)
		return "The role of the token has rated this already.";
	if (strcmp(error->constraint_name, "ticket_open_key_idx") == 0)
		return "key: another open ticket has it already";
	return NULL;
}

/* What is told of an error whose own words are not. */
static const char *
words_of(const ErrorData *error, int status)
{
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		return "Somebody else is changing what the request needs; try again.";
	if (error->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION)
		return "The server accepts no changes now.";
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK)
		return "Others change the same things at the same time; try again.";
	return status == 503 ? "The server cannot answer now; try again." :
		"Something went wrong; the server's log says what.";
}

/* What a message says of a field, as in "priority: ..."; NULL: it is not about it. */
static const char *
words_behind(const char *message, const char *field)
{
	size_t		length = strlen(field);

	if (strncmp(message, field, length) != 0)
		return NULL;
	if (strncmp(message + length, ": ", 2) == 0)
		return message + length + 2;
	/* team "x" does not exist */
	return strncmp(message + length, " \"", 2) == 0 ? message : NULL;
}

/* The field of the body that a message begins with; false: it begins with none. */
static bool
find_place(const RestCall *call, const char *message, ProblemPlace *place)
{
	const Resource *body = call->route->body;

	for (int i = 0; body != NULL && i < body->count; i++)
	{
		place->detail = words_behind(message, body->fields[i].name);
		place->parameter = NULL;
		place->pointer = psprintf("/%s", body->fields[i].name);
		if (place->detail != NULL)
			return true;
	}
	return false;
}

static void
tell(RestCall *call, const ErrorData *error, int status)
{
	const char *twin = words_of_twin(error);
	const char *message = twin != NULL ? twin : respond_call_utf8(call, respond_error_clip(error->message));
	const char *remedy = error->hint != NULL ? respond_call_utf8(call, error->hint) : NULL;
	ProblemPlace place;
	bool		has_place = find_place(call, message, &place);

	if (call->item >= 0)
	{
		place.detail = has_place ? place.detail : message;
		place.pointer = psprintf("/%d%s", call->item, has_place ? place.pointer : "");
		place.parameter = NULL;
		message = psprintf("%s: %s", place.pointer, place.detail);
		has_place = true;
	}
	call->refusal = message;
	call->answer = respond_problem_at(call->arena, status, message, remedy, &place, has_place ? 1 : 0);
}

void
respond_rest_error(RestCall *call, const ErrorData *error, bool as_role, bool expired)
{
	const Mapping *mapping = find_mapping(error->sqlerrcode);

	if (call->has_left && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
	{
		respond_call_refuse(call, 503, "The caller did not wait for the answer.");
		return;
	}
	if (expired)
	{
		respond_call_refuse(call, 504, psprintf("The request was given up after %d ms.",
												respond_gateway_statement_timeout));
		return;
	}
	if (mapping->tells && (as_role || is_about_text(error->sqlerrcode)))
	{
		tell(call, error, mapping->status);
		return;
	}
	if (!as_role && mapping->status < 500)
		mapping = &unknown;
	ereport(LOG,
			(errmsg("pg_respond: request \"%s\" was answered with %d: %s",
					call->route != NULL ? call->route->name : "", mapping->status, error->message)));
	respond_call_refuse(call, mapping->status, words_of(error, mapping->status));
	if (mapping->status == 503)
		respond_web_answer_field(call->arena, call->answer, "Retry-After", RETRY_AFTER);
}
