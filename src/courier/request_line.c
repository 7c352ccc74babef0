/*-------------------------------------------------------------------------
 * request_line.c
 *	  Pieces of text of which requests are made, over HTTP and by mail.
 *
 * src/courier/request_line.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "common/errors.h"
#include "courier/request_line.h"

void
respond_request_line_refuse(const char *what, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s %s", what, fault)));
}

char *
respond_request_line_utf8(const char *text)
{
	return text != NULL ? pg_server_to_any(text, strlen(text), PG_UTF8) : NULL;
}

char *
respond_request_line_put_secret(const char *text, const char *mark, const char *secret)
{
	StringInfoData result;
	const char *found;

	if (text == NULL || mark == NULL)
		return unconstify(char *, text);
	initStringInfo(&result);
	while ((found = strstr(text, mark)) != NULL)
	{
		appendBinaryStringInfo(&result, text, found - text);
		appendStringInfoString(&result, secret);
		text = found + strlen(mark);
	}
	appendStringInfoString(&result, text);
	return result.data;
}

/* libcurl's lists are built here, because its own functions copy each line and free it one by one. */
void
respond_request_line_add(Transfer *transfer, char *line)
{
	struct curl_slist *node = palloc0(sizeof(struct curl_slist));
	struct curl_slist **end = &transfer->headers;

	while (*end != NULL)
		end = &(*end)->next;
	node->data = line;
	*end = node;
}
