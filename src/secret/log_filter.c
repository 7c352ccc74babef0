/*-------------------------------------------------------------------------
 * log_filter.c
 *	  Keeps secrets out of the server's log, whatever its settings.
 *
 * The server logs statements in many ways: log_statement, log_min_duration_*,
 * the STATEMENT line of an error, bind parameters, the context of COPY and of
 * PL/pgSQL, the plans of auto_explain, the other side of a deadlock, what a
 * crashed process was running.  All pass emit_log_hook, called for every message
 * that goes to the log.  A message that may hold a secret is logged without
 * statement, detail, context and query, and with its text cut where the query
 * begins; values that it quotes go too, because "invalid input syntax" and
 * "syntax error at or near" quote whatever was in the wrong place.
 *
 * The client is told everything, as it sent the secret itself.  The server's
 * fields are the client's too, so such a message is logged by a call of
 * EmitErrorReport() within the hook, with filtered fields and no client; then
 * the fields are put back, for the client alone.
 *
 * A message may hold a secret when
 *	- the statement was marked: a secret was stored, or set_secret() called.
 *	  Marks last to the end of the client's message, which is told by its time.
 *	  What was marked once is known by a hash of its text, so that preparing,
 *	  binding and fetching more rows are covered as well as executing;
 *	- the statement or the message looks like it.  log_statement and errors of
 *	  the parser come before anything of ours runs, so nothing but the text is
 *	  there to go by.
 *
 * Accepted: a statement that says neither set_secret nor channel, say a call of
 * somebody's own function with a secret as literal or parameter, is logged by
 * log_statement before we can know; the lines after the mark are filtered, and
 * with parameters the next calls in the session whole.  Likewise what such a
 * function logs before it comes to us.  A hook of a library that is loaded after
 * us sees a message before we do.
 *
 * The hook raises nothing and reads no catalogs: it runs in aborted transactions
 * and in processes without a database.
 *
 * src/secret/log_filter.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/elog.h"

#include "secret/log_filter.h"
#include "secret/secret_scan.h"

#define HIDDEN "(hidden by pg_respond: it may hold a secret)"

/* From this length on a statement is scanned once, not for each of its messages. */
#define LONG_STATEMENT		(64 * 1024)

/* Texts of marked statements that are remembered, by hash. */
#define MAX_MARKED_TEXTS	16

static emit_log_hook_type previous_hook = NULL;

/* While the filtered message is emitted. */
static bool emitting = false;

static bool has_mark = false;
static TimestampTz marked_at = 0;
static uint64 marked_texts[MAX_MARKED_TEXTS];
static int	marked_count = 0;	/* of those ever marked; the oldest make room */

static uint64
hash_statement(void)
{
	return hash_bytes_extended((const unsigned char *) debug_query_string,
							   (int) strlen(debug_query_string), 0);
}

/* Whether the text of the current statement was marked, at whatever time. */
static bool
is_marked(void)
{
	uint64		hash;

	if (marked_count == 0 || debug_query_string == NULL)
		return false;
	hash = hash_statement();
	for (int i = 0; i < Min(marked_count, MAX_MARKED_TEXTS); i++)
	{
		if (marked_texts[i] == hash)
			return true;
	}
	return false;
}

/*
 * What the current statement says.  A long one may send many messages to the
 * log, so what was found is kept for the time of the statement.
 */
static int
scan_statement(void)
{
	static const char *last_text = NULL;
	static TimestampTz last_at = 0;
	static int	last_says = 0;

	if (debug_query_string == NULL)
		return 0;
	if (strnlen(debug_query_string, LONG_STATEMENT) < LONG_STATEMENT)
		return respond_secret_scan(debug_query_string, true);
	if (last_text != debug_query_string || last_at != GetCurrentStatementStartTimestamp())
	{
		last_says = respond_secret_scan(debug_query_string, true);
		last_text = debug_query_string;
		last_at = GetCurrentStatementStartTimestamp();
	}
	return last_says;
}

static bool
may_hold_secret(const ErrorData *edata)
{
	int			message;

	if (has_mark && marked_at == GetCurrentStatementStartTimestamp())
		return true;

	if (respond_secret_suspected(scan_statement(), true))
		return true;

	message = respond_secret_scan(edata->message, false) |
		respond_secret_scan(edata->detail, false) |
		respond_secret_scan(edata->detail_log, false) |
		respond_secret_scan(edata->internalquery, false) |
		respond_secret_scan(edata->context, false);
	if (respond_secret_suspected(message, false))
		return true;
	return is_marked();
}

/* Errors of ours: who hides the statement knows of secrets. */
static bool
is_aware(const ErrorData *edata)
{
	return edata->hide_stmt && edata->elevel >= ERROR;
}

/* A text that somebody's RAISE made of whatever was at hand. */
static bool
is_made_by_raise(const ErrorData *edata)
{
	return !is_aware(edata) && edata->message_id != NULL && strcmp(edata->message_id, "%s") == 0;
}

/* Whether the quoted text at quote is the name of the object that the message is about. */
static bool
is_object_name(const ErrorData *edata, const char *quote, const char *end)
{
	const char *const names[] = {
		edata->schema_name, edata->table_name, edata->column_name,
		edata->datatype_name, edata->constraint_name
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (names[i] != NULL && strlen(names[i]) == end - quote - 1 &&
			strncmp(quote + 1, names[i], end - quote - 1) == 0)
			return true;
	}
	return false;
}

/* The message without what may be a secret; palloc'd, NULL if there is none. */
static char *
filter_text(const ErrorData *edata)
{
	const char *message = edata->message;
	const char *format = edata->message_id;
	const char *quote;
	const char *query;
	char	   *result;
	size_t		length;

	if (message == NULL)
		return NULL;
	if (is_aware(edata))
		return pstrdup(message);
	/* no value in it, translated or not */
	if (format != NULL && strchr(format, '%') == NULL)
		return pstrdup(message);
	if (is_made_by_raise(edata))
		return pstrdup(HIDDEN);

	/* up to the query, or the plan or query on the next lines */
	length = strcspn(message, "\n");
	query = debug_query_string != NULL && debug_query_string[0] != '\0' ? strstr(message, debug_query_string) : NULL;
	if (query != NULL && query - message < length)
		length = query - message;

	/* up to the first quoted value */
	quote = memchr(message, '"', length);
	while (quote != NULL)
	{
		const char *end = memchr(quote + 1, '"', length - (quote + 1 - message));

		if (end == NULL || !is_object_name(edata, quote, end))
			break;
		quote = memchr(end + 1, '"', length - (end + 1 - message));
	}

	if (quote != NULL)
	{
		const char *rest = message + length;

		/* it may contain quotes itself, so only what is behind the last one of all is safe */
		if (message[length] == '\0')
		{
			while (rest[-1] != '"')
				rest--;
			if (rest == quote + 1)
				rest = message + length;
		}
		result = psprintf("%.*s%s%.*s", (int) (quote - message), message, HIDDEN,
						  (int) (message + length - rest), rest);
	}
	else if (message[length] != '\0')
		result = psprintf("%.*s%s%s", (int) length, message,
						  length > 0 && message[length - 1] != ' ' ? " " : "", HIDDEN);
	else if (format != NULL && strchr(format, '"') != NULL && strchr(message, '"') == NULL)
		result = pstrdup(format);	/* translated, with quotes that we do not know */
	else
		result = pstrdup(message);

	/* a value without quotes */
	if ((respond_secret_scan(result, false) & SAYS_SET_SECRET) != 0)
	{
		pfree(result);
		result = pstrdup(HIDDEN);
	}
	return result;
}

/* The flag must not stay up when there is no memory to write the line: it would let all through. */
static void
emit_now(void)
{
	PG_TRY();
	{
		emitting = true;
		EmitErrorReport();
	}
	PG_FINALLY();
	{
		emitting = false;
	}
	PG_END_TRY();
}

/*
 * Logs the message without what may be a secret and leaves the rest of the work
 * on it, telling the client, to the caller of the hook.
 */
static void
emit_filtered(ErrorData *edata)
{
	ErrorData	original = *edata;
	char	   *text = filter_text(edata);

	edata->output_to_client = false;
	edata->message = text;
	/* the server's log has this in place of detail */
	if (!is_aware(&original))
		edata->detail_log = edata->detail != NULL || edata->detail_log != NULL ? HIDDEN : NULL;
	if (is_made_by_raise(edata))
		edata->hint = NULL;
	edata->internalquery = NULL;
	edata->internalpos = 0;
	edata->hide_ctx = true;
	edata->hide_stmt = true;

	emit_now();

	/* pg_stat_activity would go on showing a statement that failed before it came to us */
	if (original.elevel >= ERROR && debug_query_string != NULL &&
		(respond_secret_suspected(scan_statement(), true) || is_marked()))
		pgstat_report_activity(STATE_RUNNING, HIDDEN);

	if (text != NULL)
		pfree(text);
	*edata = original;
	edata->output_to_server = false;
}

static void
filter_message(ErrorData *edata)
{
	if (!emitting && may_hold_secret(edata))
		emit_filtered(edata);
	else if (previous_hook)
		previous_hook(edata);
}

void
respond_log_filter_initialize(void)
{
	previous_hook = emit_log_hook;
	emit_log_hook = filter_message;
}

void
respond_log_filter_mark(void)
{
	bool		known;

	/* a row of many */
	if (has_mark && marked_at == GetCurrentStatementStartTimestamp())
		return;
	known = is_marked();
	has_mark = true;
	marked_at = GetCurrentStatementStartTimestamp();

	/* a worker shows its own activity, which holds no statement */
	if (debug_query_string == NULL)
		return;
	if (!known)
		marked_texts[marked_count++ % MAX_MARKED_TEXTS] = hash_statement();
	pgstat_report_activity(STATE_RUNNING, HIDDEN);
}
