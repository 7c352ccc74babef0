/*-------------------------------------------------------------------------
 * openapi_others.c
 *	  Paths that other rooms answer, in a document of OpenAPI 3.1.
 *
 * Streams, webhooks and metrics are no routes of this room: they have bodies and
 * answers of their own, and none of them is like another.  So they stand here as
 * they are written.  What a caller sees below the name of the database is one
 * interface.
 *
 * src/rest/openapi_others.c
 *-------------------------------------------------------------------------
 */
#include "rest/openapi_others.h"

#include <stddef.h>

#define PROBLEM \
	"\"default\":{\"description\":\"What is wrong.\",\"content\":{\"application/problem+json\":{\"schema\":" \
	"{\"$ref\":\"#/components/schemas/Problem\"}}}}"

#define TEXT_SCHEMA		"{\"schema\":{\"type\":\"string\"}}"

#define SOURCE_PARAMETER \
	"{\"name\":\"source\",\"in\":\"path\",\"required\":true,\"description\":\"path of the inbound source\"," \
	"\"schema\":{\"type\":\"string\",\"minLength\":1}}"

static const char stream[] =
"{\"get\":{\"operationId\":\"followEvents\","
"\"summary\":\"Sends events as they are recorded, as Server-Sent Events, until one side ends it.\","
"\"security\":[{\"token\":[\"stream:read\"]}],"
"\"parameters\":["
"{\"name\":\"type\",\"in\":\"query\",\"description\":\"type of the events; * stands for any run of characters\","
"\"schema\":{\"type\":\"string\",\"minLength\":1}},"
"{\"name\":\"pattern\",\"in\":\"query\",\"description\":\"pattern that the events meet, as rules have it\","
"\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}},"
"{\"name\":\"Last-Event-ID\",\"in\":\"header\",\"description\":\"id of the last message that the caller has handled:"
" the stream goes on behind it; without it, it begins now\",\"schema\":{\"type\":\"string\"}}],"
"\"responses\":{\"200\":{\"description\":\"Messages, the data of each an event as CloudEvents 1.0 in JSON. A message"
" with event: reset says that events may be missing.\","
"\"content\":{\"text/event-stream\":" TEXT_SCHEMA "}}," PROBLEM "}}}";

static const char inbound[] =
"{\"post\":{\"operationId\":\"sendWebhook\","
"\"summary\":\"Takes a webhook, which becomes events. Its sender signs it as the scheme of the source says.\","
"\"security\":[],\"parameters\":[" SOURCE_PARAMETER "],"
"\"requestBody\":{\"required\":false,\"content\":{\"application/json\":{\"schema\":{}},"
"\"application/cloudevents+json\":{\"schema\":{\"$ref\":\"#/components/schemas/CloudEvent\"}},"
"\"application/cloudevents-batch+json\":{\"schema\":{\"type\":\"array\",\"items\":"
"{\"$ref\":\"#/components/schemas/CloudEvent\"}}},"
"\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":\"object\"}},\"*/*\":{\"schema\":{}}}},"
"\"responses\":{\"200\":{\"description\":\"It is recorded, and on disk; or the answer to a challenge, as its provider"
" has it. The answer to a form is empty.\",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
"\"properties\":{\"events\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"events that were recorded\"},"
"\"duplicate\":{\"type\":\"boolean\",\"description\":\"whether all of them were recorded before\"}}}},"
"\"text/plain\":" TEXT_SCHEMA "}}," PROBLEM "}},"
"\"get\":{\"operationId\":\"answerChallenge\","
"\"summary\":\"Answers the challenge of a provider that sends it with GET, as Meta does.\","
"\"security\":[],\"parameters\":[" SOURCE_PARAMETER "],"
"\"responses\":{\"200\":{\"description\":\"The challenge.\","
"\"content\":{\"text/plain\":" TEXT_SCHEMA "}}," PROBLEM "}},"
"\"options\":{\"operationId\":\"answerHandshake\","
"\"summary\":\"Answers the handshake of CloudEvents webhooks.\","
"\"security\":[],\"parameters\":[" SOURCE_PARAMETER ","
"{\"name\":\"WebHook-Request-Origin\",\"in\":\"header\",\"description\":\"who wants to send\","
"\"schema\":{\"type\":\"string\"}}],"
"\"responses\":{\"200\":{\"description\":\"It may send.\",\"headers\":{\"WebHook-Allowed-Origin\":"
"{\"description\":\"who may send\",\"schema\":{\"type\":\"string\"}}}}," PROBLEM "}}}";

static const char enqueue[] =
"{\"post\":{\"operationId\":\"enqueue\","
"\"summary\":\"Takes an event of PagerDuty's Events API v2. Its routing key is the secret of a source.\","
"\"security\":[],\"parameters\":[],"
"\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
"\"required\":[\"routing_key\",\"event_action\"],\"properties\":{"
"\"routing_key\":{\"type\":\"string\",\"description\":\"secret of the source\"},"
"\"event_action\":{\"type\":\"string\",\"enum\":[\"trigger\",\"acknowledge\",\"resolve\"]},"
"\"dedup_key\":{\"type\":\"string\",\"description\":\"names the alert; needed but for trigger\"},"
"\"payload\":{\"type\":\"object\",\"required\":[\"summary\",\"source\",\"severity\"],\"properties\":{"
"\"summary\":{\"type\":\"string\"},\"source\":{\"type\":\"string\"},"
"\"severity\":{\"type\":\"string\",\"enum\":[\"critical\",\"error\",\"warning\",\"info\"]}}}}}}}},"
"\"responses\":{\"202\":{\"description\":\"It is recorded, and on disk.\","
"\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
"\"required\":[\"status\",\"message\",\"dedup_key\"],\"properties\":{"
"\"status\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},\"dedup_key\":{\"type\":\"string\"}}}}}},"
"\"400\":{\"description\":\"It is no event.\",\"content\":{\"application/json\":{\"schema\":"
"{\"type\":\"object\",\"required\":[\"status\",\"message\",\"errors\"],\"properties\":{"
"\"status\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
"\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}}}," PROBLEM "}}}";

static const char metrics[] =
"{\"get\":{\"operationId\":\"getMetrics\","
"\"summary\":\"Says what pg_respond has counted. Callers from near networks need no token.\","
"\"security\":[{},{\"token\":[\"metrics:read\"]}],\"parameters\":[],"
"\"responses\":{\"200\":{\"description\":\"OpenMetrics 1.0, or the older text format of Prometheus for who prefers"
" it.\",\"content\":{\"application/openmetrics-text\":" TEXT_SCHEMA ",\"text/plain\":" TEXT_SCHEMA "}}," PROBLEM "}}}";

static const struct
{
	const char *path;
	const char *item;
}			others[] = {
	{"/v1/stream", stream},
	{"/in/{source}", inbound},
	{"/v2/enqueue", enqueue},
	{"/metrics", metrics},
};

void
respond_openapi_others(JsonText *text)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		respond_json_text_member(text, others[i].path);
		respond_json_text_put(text, others[i].item);
	}
}
