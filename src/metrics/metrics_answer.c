/*-------------------------------------------------------------------------
 * metrics_answer.c
 *	  Metrics over HTTP: who may read them, and in which format.
 *
 * src/metrics/metrics_answer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "common/guc.h"
#include "companion/problem.h"
#include "inbound/network_list.h"
#include "metrics/metrics.h"
#include "metrics/metrics_answer.h"
#include "rest/token.h"
#include "worker/worker.h"

#define METRICS_SCOPE		"metrics:read"

#define LONGEST_NETWORK		100
#define BETWEEN_NETWORKS	" \t\r\n,"

/* Reads the next network of a list; false: there is none.  flaw: what is wrong with it, NULL: nothing. */
static bool
next_network(const char **list, char *text, Network *network, const char **flaw)
{
	const char *start = *list + strspn(*list, BETWEEN_NETWORKS);
	size_t		length = strcspn(start, BETWEEN_NETWORKS);

	if (length == 0)
		return false;
	*list = start + length;
	snprintf(text, LONGEST_NETWORK, "%.*s", (int) Min(length, LONGEST_NETWORK), start);
	*flaw = respond_network_read(text, network);
	return true;
}

bool
respond_metrics_check_networks(const char *text, char *error, size_t size)
{
	char		item[LONGEST_NETWORK];
	Network		network;
	const char *flaw;

	while (next_network(&text, item, &network, &flaw))
	{
		if (flaw == NULL)
			continue;
		snprintf(error, size, "\"%s\" %s", item, flaw);
		return false;
	}
	return true;
}

/* Callers of a Unix socket have no address, and come from a proxy, most likely. */
static bool
is_near(const char *peer)
{
	const char *list = respond_gateway_metrics_networks;
	char		item[LONGEST_NETWORK];
	Network		network;
	const char *flaw;

	if (peer[0] == '\0')
		return false;
	while (next_network(&list, item, &network, &flaw))
		if (flaw == NULL && respond_network_list_has(&network, 1, peer))
			return true;
	return false;
}

/* NULL: the token may read the metrics of this database. */
static WebAnswer *
check_token(Arena *arena, const WebRequest *request)
{
	WebAnswer  *answer = NULL;
	const Token *token;

	respond_worker_begin();
	token = respond_token_check(arena, request, METRICS_SCOPE, &answer);
	respond_worker_commit();
	pgstat_report_activity(STATE_IDLE, NULL);
	return token != NULL ? NULL : answer;
}

static WebAnswer *
refuse_method(Arena *arena)
{
	WebAnswer  *answer = respond_problem(arena, 405, "Metrics are read with GET.");

	respond_web_answer_field(arena, answer, "Allow", "GET, HEAD");
	return answer;
}

WebAnswer *
respond_metrics_answer(Arena *arena, const WebRequest *request, bool cluster)
{
	bool		open = respond_metric_text_wants_open(respond_web_field_list(arena, request, "accept"));
	WebAnswer  *answer = NULL;
	JsonText	text;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return refuse_method(arena);
	if (!is_near(request->peer))
		answer = cluster ? respond_problem(arena, 403, "The metrics of the cluster cannot be read from here.") :
			check_token(arena, request);
	if (answer != NULL)
		return answer;
	text = respond_metrics_write(arena, cluster ? InvalidOid : MyDatabaseId, open);
	return respond_web_answer(arena, 200, open ? METRIC_TEXT_OPEN : METRIC_TEXT_PLAIN, text.bytes, text.length);
}
