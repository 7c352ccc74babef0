/*-------------------------------------------------------------------------
 * desk_check.c
 *	  What a ticket may hold, and how its status may change.
 *
 * Plain CHECK constraints would do, but their message names the constraint, not
 * the value nor what is allowed.  So the constraints of respond.ticket and
 * respond.comment call functions that raise.
 *
 * src/desk/desk_check.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "common/errors.h"
#include "common/jsonb_size.h"
#include "desk/desk_check.h"

/* Longest text of fields, and bytes of jsonb that cannot be longer than that. */
#define MAX_FIELDS			((Size) 16 * 1024 * 1024)
#define FIELDS_NEVER_LONG	1024

/* Longest value that is repeated in a message, in bytes. */
#define MAX_QUOTED	64

PG_FUNCTION_INFO_V1(respond_ticket_is_valid);
PG_FUNCTION_INFO_V1(respond_comment_is_valid);

/* A column with few legal values. */
typedef struct Choice
{
	const char *owner;			/* "ticket" */
	const char *column;			/* "status" */
	const char *const *names;	/* NULL at the end */
} Choice;

static const Choice status_choice = {"ticket", "status", respond_ticket_statuses};
static const Choice priority_choice = {"ticket", "priority", respond_ticket_priorities};
static const Choice kind_choice = {"comment", "kind", respond_comment_kinds};

#define BIT(status) (1 << (status))

/*
 * Where a ticket may go from each status.  Nothing goes back to new: somebody
 * has looked at it.  A solved ticket is reopened as open, so that it comes up
 * again.  closed is final: what refers to the ticket may rely on it.
 */
static const int transitions[] = {
	[TICKET_NEW] = BIT(TICKET_OPEN) | BIT(TICKET_PENDING) | BIT(TICKET_ON_HOLD) |
	BIT(TICKET_SOLVED) | BIT(TICKET_CLOSED),
	[TICKET_OPEN] = BIT(TICKET_PENDING) | BIT(TICKET_ON_HOLD) | BIT(TICKET_SOLVED) | BIT(TICKET_CLOSED),
	[TICKET_PENDING] = BIT(TICKET_OPEN) | BIT(TICKET_ON_HOLD) | BIT(TICKET_SOLVED) | BIT(TICKET_CLOSED),
	[TICKET_ON_HOLD] = BIT(TICKET_OPEN) | BIT(TICKET_PENDING) | BIT(TICKET_SOLVED) | BIT(TICKET_CLOSED),
	[TICKET_SOLVED] = BIT(TICKET_OPEN) | BIT(TICKET_CLOSED),
	[TICKET_CLOSED] = 0
};

/* The names whose bit is set, with commas between them. */
static char *
list_names(const Choice *choice, int set)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; choice->names[i] != NULL; i++)
		if (set & BIT(i))
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", choice->names[i]);
	return list.data;
}

static int
find_choice(const Choice *choice, const char *value, size_t length)
{
	for (int i = 0; choice->names[i] != NULL; i++)
		if (strlen(choice->names[i]) == length && memcmp(choice->names[i], value, length) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("invalid %s of a %s: \"%.*s\"", choice->column, choice->owner,
					pg_mbcliplen(value, length, MAX_QUOTED), value),
			 errhint("Use one of: %s.", list_names(choice, ~0))));
}

TicketStatus
respond_desk_status(const char *name, size_t length)
{
	return find_choice(&status_choice, name, length);
}

void
respond_desk_check_transition(int64 ticket_id, TicketStatus from, TicketStatus to)
{
	if (from == to || (transitions[from] & BIT(to)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_TRANSITION),
			 errmsg("a ticket cannot go from status \"%s\" to \"%s\"",
					status_choice.names[from], status_choice.names[to]),
			 errdetail("This is about ticket " INT64_FORMAT ".", ticket_id),
			 transitions[from] == 0 ?
			 errhint("A closed ticket stays closed; open a new one.") :
			 errhint("From \"%s\" it can go to: %s.", status_choice.names[from],
					 list_names(&status_choice, transitions[from]))));
}

/* What agents read, dumps write and history keeps is text: see common/jsonb_size.h. */
static void
check_fields_text(Datum fields)
{
	Jsonb	   *document;

	if (toast_raw_datum_size(fields) <= FIELDS_NEVER_LONG)
		return;
	document = DatumGetJsonbP(fields);
	if (respond_jsonb_text_size(&document->root, MAX_FIELDS) > MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("fields of a ticket are too long"),
				 errdetail("As text they would have more than %zu bytes.", MAX_FIELDS)));
	if ((Pointer) document != DatumGetPointer(fields))
		pfree(document);
}

static void
check_fields(Datum fields)
{
	struct varlena *start = (struct varlena *) DatumGetPointer(fields);
	uint32		header;

	if (VARATT_IS_EXTENDED(start))
		start = PG_DETOAST_DATUM_SLICE(fields, 0, sizeof(header));
	memcpy(&header, VARDATA_ANY(start), sizeof(header));
	if ((header & JB_FOBJECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("fields of a ticket must be a JSON object"),
				 errhint("Name each value, for example {\"order\": 42}.")));
	check_fields_text(fields);
}

static void
check_key(Datum key)
{
	Size		length = toast_raw_datum_size(key) - VARHDRSZ;

	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("key of a ticket is empty"),
				 errhint("Use NULL for a ticket without a key.")));
	if (length > TICKET_MAX_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("key of a ticket is too long"),
				 errdetail("It has %zu bytes; at most %d are allowed.", length, TICKET_MAX_KEY),
				 errhint("Use a digest of long values, for example md5().")));
}

/*
 * ticket_is_valid(status, priority, key, fields) → true, or
 * ERRCODE_CHECK_VIOLATION with what is wrong.  NULL columns are left to NOT NULL.
 */
Datum
respond_ticket_is_valid(PG_FUNCTION_ARGS)
{
	if (!PG_ARGISNULL(0))
	{
		text	   *status = PG_GETARG_TEXT_PP(0);

		find_choice(&status_choice, VARDATA_ANY(status), VARSIZE_ANY_EXHDR(status));
	}
	if (!PG_ARGISNULL(1))
	{
		text	   *priority = PG_GETARG_TEXT_PP(1);

		find_choice(&priority_choice, VARDATA_ANY(priority), VARSIZE_ANY_EXHDR(priority));
	}
	if (!PG_ARGISNULL(2))
		check_key(PG_GETARG_DATUM(2));
	if (!PG_ARGISNULL(3))
		check_fields(PG_GETARG_DATUM(3));
	PG_RETURN_BOOL(true);
}

/* comment_is_valid(kind) → true, or ERRCODE_CHECK_VIOLATION with the legal kinds. */
Datum
respond_comment_is_valid(PG_FUNCTION_ARGS)
{
	text	   *kind;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(true);
	kind = PG_GETARG_TEXT_PP(0);
	find_choice(&kind_choice, VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));
	PG_RETURN_BOOL(true);
}
