/*-------------------------------------------------------------------------
 * action_registry.c
 *	  The table of actions.
 *
 * A new action is a row here and a function; validation, simulation, dry runs
 * and messages follow from the row.
 *
 * src/flow/action_registry.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "desk/ticket_words.h"
#include "flow/action_approve.h"
#include "flow/action_call.h"
#include "flow/action_flow.h"
#include "flow/action_foreach.h"
#include "flow/action_publish.h"
#include "flow/action_registry.h"
#include "flow/action_request.h"
#include "flow/action_send.h"
#include "flow/action_ticket.h"
#include "flow/action_wait.h"
#include "flow/approve_code.h"
#include "flow/request_code.h"
#include "flow/loop_code.h"
#include "flow/loop_compile.h"
#include "flow/wait_code.h"

static const ParameterSpec ticket_parameters[] = {
	[TICKET_SUBJECT] = {"subject", PARAMETER_TEXT,.required = true,.filled = true},
	[TICKET_DESCRIPTION] = {"description", PARAMETER_TEXT,.nullable = true},
	[TICKET_STATUS] = {"status", PARAMETER_WORD,.words = respond_ticket_statuses},
	[TICKET_PRIORITY] = {"priority", PARAMETER_WORD,.words = respond_ticket_priorities},
	[TICKET_TEAM] = {"team", PARAMETER_TEXT,.nullable = true},
	[TICKET_ASSIGNEE] = {"assignee", PARAMETER_TEXT,.nullable = true},
	[TICKET_REQUESTER] = {"requester", PARAMETER_TEXT,.nullable = true},
	[TICKET_TAGS] = {"tags", PARAMETER_TAGS},
	[TICKET_FIELDS] = {"fields", PARAMETER_OBJECT},
	[TICKET_KEY] = {"key", PARAMETER_TEXT,.nullable = true},
};

static const ParameterSpec update_ticket_parameters[] = {
	[TICKET_SUBJECT] = {"subject", PARAMETER_TEXT},
	[TICKET_DESCRIPTION] = {"description", PARAMETER_TEXT,.nullable = true},
	[TICKET_STATUS] = {"status", PARAMETER_WORD,.words = respond_ticket_statuses},
	[TICKET_PRIORITY] = {"priority", PARAMETER_WORD,.words = respond_ticket_priorities},
	[TICKET_TEAM] = {"team", PARAMETER_TEXT,.nullable = true},
	[TICKET_ASSIGNEE] = {"assignee", PARAMETER_TEXT,.nullable = true},
	[TICKET_REQUESTER] = {"requester", PARAMETER_TEXT,.nullable = true},
	[TICKET_TAGS] = {"tags", PARAMETER_TAGS},
	[TICKET_FIELDS] = {"fields", PARAMETER_OBJECT},
	[TICKET_KEY] = {"key", PARAMETER_TEXT,.filled = true},
	[TICKET_ID] = {"ticket", PARAMETER_ID,.filled = true},
};

static const ParameterSpec comment_parameters[] = {
	[COMMENT_BODY] = {"body", PARAMETER_TEXT,.required = true,.filled = true,.aliases = {"text"}},
	[COMMENT_KIND] = {"kind", PARAMETER_WORD,.words = respond_comment_kinds},
	[COMMENT_AUTHOR] = {"author", PARAMETER_TEXT},
	[COMMENT_KEY] = {"key", PARAMETER_TEXT,.filled = true},
	[COMMENT_TICKET] = {"ticket", PARAMETER_ID,.filled = true},
};

static const ParameterSpec assign_parameters[] = {
	[ASSIGN_TEAM] = {"team", PARAMETER_TEXT,.nullable = true},
	[ASSIGN_ASSIGNEE] = {"assignee", PARAMETER_TEXT,.nullable = true},
	[ASSIGN_KEY] = {"key", PARAMETER_TEXT,.filled = true},
	[ASSIGN_TICKET] = {"ticket", PARAMETER_ID,.filled = true},
};

static const ParameterSpec escalate_parameters[] = {
	[ESCALATE_TEAM] = {"team", PARAMETER_TEXT,.filled = true},
	[ESCALATE_ASSIGNEE] = {"assignee", PARAMETER_TEXT,.filled = true},
	[ESCALATE_PRIORITY] = {"priority", PARAMETER_WORD,.words = respond_ticket_priorities},
	[ESCALATE_COMMENT] = {"comment", PARAMETER_TEXT},
	[ESCALATE_KEY] = {"key", PARAMETER_TEXT,.filled = true},
	[ESCALATE_TICKET] = {"ticket", PARAMETER_ID,.filled = true},
};

static const ParameterSpec emit_parameters[] = {
	[EMIT_TYPE] = {"type", PARAMETER_TEXT,.required = true,.filled = true},
	[EMIT_DATA] = {"data", PARAMETER_OBJECT},
	[EMIT_SUBJECT] = {"subject", PARAMETER_TEXT},
	[EMIT_SOURCE] = {"source", PARAMETER_TEXT},
	[EMIT_KEY] = {"key", PARAMETER_TEXT},
	[EMIT_TIME] = {"time", PARAMETER_TIME},
};

static const ParameterSpec sql_parameters[] = {
	[SQL_STATEMENT] = {"sql", PARAMETER_STATEMENT,.required = true,.filled = true,.aliases = {"query", "statement"}},
};

static const ParameterSpec set_parameters[] = {
	[SET_VALUES] = {"values", PARAMETER_JSON,.nullable = true,.aliases = {"value"}},
	[SET_EXPRESSION] = {"sql", PARAMETER_EXPRESSION,.aliases = {"expression"}},
};

static const ParameterSpec message_parameters[] = {
	[MESSAGE_TEXT] = {"message", PARAMETER_TEXT,.required = true,.filled = true,.aliases = {"text"}},
};

static const ParameterSpec optional_message_parameters[] = {
	[MESSAGE_TEXT] = {"message", PARAMETER_TEXT,.aliases = {"text"}},
};

static const ParameterSpec notify_parameters[] = {
	[NOTIFY_CHANNEL] = {"channel", PARAMETER_CHANNEL,.required = true,.filled = true},
	[NOTIFY_TEXT] = {"text", PARAMETER_TEXT,.outward = true,.aliases = {"message"}},
	[NOTIFY_BODY] = {"body", PARAMETER_JSON,.outward = true},
	[NOTIFY_SUBJECT] = {"subject", PARAMETER_TEXT,.outward = true,.aliases = {"title"}},
	[NOTIFY_TO] = {"to", PARAMETER_TAGS,.outward = true,.addresses = true},
	[NOTIFY_OPTIONS] = {"options", PARAMETER_OBJECT,.outward = true,.addresses = true},
};

static const ParameterSpec email_parameters[] = {
	[EMAIL_CHANNEL] = {"channel", PARAMETER_CHANNEL,.required = true,.filled = true},
	[EMAIL_TO] = {"to", PARAMETER_TAGS,.outward = true,.addresses = true},
	[EMAIL_CC] = {"cc", PARAMETER_TAGS,.outward = true,.addresses = true},
	[EMAIL_BCC] = {"bcc", PARAMETER_TAGS,.outward = true,.addresses = true},
	[EMAIL_REPLY_TO] = {"reply_to", PARAMETER_TAGS,.outward = true,.addresses = true},
	[EMAIL_SUBJECT] = {"subject", PARAMETER_TEXT,.outward = true},
	[EMAIL_TEXT] = {"text", PARAMETER_TEXT,.outward = true,.aliases = {"body"}},
	[EMAIL_HTML] = {"html", PARAMETER_TEXT,.outward = true,.html = true},
	[EMAIL_OPTIONS] = {"options", PARAMETER_OBJECT,.outward = true,.addresses = true},
};

static const ParameterSpec wait_parameters[] = {
	[WAIT_FOR] = {"for", PARAMETER_TEXT,.filled = true},
	[WAIT_UNTIL] = {"until", PARAMETER_TEXT,.filled = true},
	[WAIT_EVENTS] = {"events", PARAMETER_OWN},
	[WAIT_EVENT_TYPE] = {"event_type", PARAMETER_OWN},
	[WAIT_PATTERN] = {"pattern", PARAMETER_OWN},
	[WAIT_KEY] = {"key", PARAMETER_OWN},
	[WAIT_EVENT_KEY] = {"event_key", PARAMETER_OWN},
	[WAIT_ON_EVENT] = {"on_event", PARAMETER_OWN},
	[WAIT_ON_TIMEOUT] = {"on_timeout", PARAMETER_OWN},
	[WAIT_SINCE] = {"since", PARAMETER_OWN},
	[WAIT_COLLECT] = {"collect", PARAMETER_OWN},
};

StaticAssertDecl(lengthof(wait_parameters) == WAIT_PARAMETERS, "each parameter of a wait has its place");

static const ParameterSpec request_parameters[] = {
	[REQUEST_CHANNEL] = {"channel", PARAMETER_CHANNEL,.filled = true},
	[REQUEST_URL] = {"url", PARAMETER_TEXT,.filled = true,.outward = true,.url = true},
	[REQUEST_METHOD] = {"method", PARAMETER_WORD,.words = respond_request_methods},
	[REQUEST_HEADERS] = {"headers", PARAMETER_OBJECT,.outward = true},
	[REQUEST_BODY] = {"body", PARAMETER_JSON,.outward = true,.plain = true},
	[REQUEST_ATTEMPT_TIMEOUT] = {"attempt_timeout", PARAMETER_OWN},
	[REQUEST_EXPECT] = {"expect", PARAMETER_OWN},
	[REQUEST_MAX_BODY] = {"max_body", PARAMETER_OWN},
	[REQUEST_CALLBACK] = {"callback", PARAMETER_OWN},
	[REQUEST_CALLBACK_TIMEOUT] = {"callback_timeout", PARAMETER_OWN},
};

StaticAssertDecl(lengthof(request_parameters) == REQUEST_PARAMETERS, "each parameter of a request has its place");

static const ParameterSpec call_parameters[] = {
	[CALL_RULE] = {"rule", PARAMETER_TEXT,.required = true,.filled = true},
	[CALL_DATA] = {"data", PARAMETER_OBJECT},
	[CALL_SUBJECT] = {"subject", PARAMETER_TEXT},
	[CALL_WAIT] = {"wait", PARAMETER_OWN},
};

StaticAssertDecl(lengthof(call_parameters) == CALL_PARAMETERS, "each parameter of a call has its place");

static const ParameterSpec approve_parameters[] = {
	[APPROVE_QUESTION] = {"question", PARAMETER_TEXT,.required = true,.filled = true},
	[APPROVE_APPROVERS] = {"approvers", PARAMETER_TAGS,.required = true},
	[APPROVE_CONTEXT] = {"context", PARAMETER_OBJECT},
	[APPROVE_FOR] = {"for", PARAMETER_TEXT,.filled = true},
	[APPROVE_REMIND_EVERY] = {"remind_every", PARAMETER_TEXT},
	[APPROVE_ESCALATE_AFTER] = {"escalate_after", PARAMETER_TEXT},
	[APPROVE_ESCALATE_TO] = {"escalate_to", PARAMETER_TAGS},
	[APPROVE_OPTIONS] = {"options", PARAMETER_OWN},
	[APPROVE_QUORUM] = {"quorum", PARAMETER_OWN},
	[APPROVE_SELF_APPROVAL] = {"self_approval", PARAMETER_OWN},
	[APPROVE_DENY_WINS] = {"deny_wins", PARAMETER_OWN},
	[APPROVE_ON_APPROVE] = {"on_approve", PARAMETER_OWN},
	[APPROVE_ON_REJECT] = {"on_reject", PARAMETER_OWN},
	[APPROVE_ON] = {"on", PARAMETER_OWN},
	[APPROVE_ON_TIMEOUT] = {"on_timeout", PARAMETER_OWN},
};

StaticAssertDecl(lengthof(approve_parameters) == APPROVE_PARAMETERS, "each parameter of an approval has its place");

static const ParameterSpec publish_parameters[] = {
	[PUBLISH_BRIDGE] = {"bridge", PARAMETER_TEXT,.required = true,.filled = true},
	[PUBLISH_TOPIC] = {"topic", PARAMETER_TEXT,.filled = true},
	[PUBLISH_EXCHANGE] = {"exchange", PARAMETER_TEXT,.filled = true},
	[PUBLISH_KEY] = {"key", PARAMETER_TEXT,.aliases = {"routing_key"}},
	[PUBLISH_DATA] = {"data", PARAMETER_JSON,.aliases = {"body"}},
	[PUBLISH_HEADERS] = {"headers", PARAMETER_OBJECT},
};

static const ParameterSpec foreach_parameters[] = {
	[FOREACH_ITEMS] = {"items", PARAMETER_OWN},
	[FOREACH_QUERY] = {"query", PARAMETER_STATEMENT},
	[FOREACH_AS] = {"as", PARAMETER_OWN},
	[FOREACH_MODE] = {"mode", PARAMETER_OWN},
	[FOREACH_CONCURRENCY] = {"concurrency", PARAMETER_OWN},
	[FOREACH_BATCH] = {"batch", PARAMETER_OWN},
	[FOREACH_ON_ITEM_FAILURE] = {"on_item_failure", PARAMETER_OWN},
	[FOREACH_STEPS] = {"steps", PARAMETER_OWN},
};

StaticAssertDecl(lengthof(foreach_parameters) == FOREACH_PARAMETERS, "each parameter of a loop has its place");

#define BIT(place)			((uint32) 1 << (place))
#define PARAMETERS(specs)	.parameters = (specs), .parameter_count = lengthof(specs)

#define TICKET_CHANGES \
	(BIT(TICKET_SUBJECT) | BIT(TICKET_DESCRIPTION) | BIT(TICKET_STATUS) | \
	 BIT(TICKET_PRIORITY) | BIT(TICKET_TEAM) | BIT(TICKET_ASSIGNEE) | \
	 BIT(TICKET_REQUESTER) | BIT(TICKET_TAGS) | BIT(TICKET_FIELDS))

const Action respond_actions[] = {
	{"ticket", true,.pure = true,.records = "ticket.*", PARAMETERS(ticket_parameters),
	.execute = respond_action_ticket},
	{"update_ticket", true,.pure = true,.records = "ticket.*", PARAMETERS(update_ticket_parameters),
		.one_of = TICKET_CHANGES,.exclusive = BIT(TICKET_KEY) | BIT(TICKET_ID),
	.execute = respond_action_update_ticket},
	{"comment", true,.pure = true,.records = "ticket.*", PARAMETERS(comment_parameters),
		.exclusive = BIT(COMMENT_KEY) | BIT(COMMENT_TICKET),
	.execute = respond_action_comment},
	{"assign", true,.pure = true,.records = "ticket.*", PARAMETERS(assign_parameters),
		.one_of = BIT(ASSIGN_TEAM) | BIT(ASSIGN_ASSIGNEE),
		.exclusive = BIT(ASSIGN_KEY) | BIT(ASSIGN_TICKET),
	.execute = respond_action_assign},
	{"escalate", true,.pure = true,.records = "ticket.*", PARAMETERS(escalate_parameters),
		.one_of = BIT(ESCALATE_TEAM) | BIT(ESCALATE_ASSIGNEE),
		.exclusive = BIT(ESCALATE_KEY) | BIT(ESCALATE_TICKET),
	.execute = respond_action_escalate},
	{"emit", true,.pure = true,.records = "*", PARAMETERS(emit_parameters),
	.execute = respond_action_emit},
	{"sql", true,.private = true,.shown = "count", PARAMETERS(sql_parameters),
	.execute = respond_action_sql},
	{"set", true,.pure = true,.private = true, PARAMETERS(set_parameters),
		.one_of = BIT(SET_VALUES) | BIT(SET_EXPRESSION),
		.exclusive = BIT(SET_VALUES) | BIT(SET_EXPRESSION),
	.execute = respond_action_set},
	{"log", true,.pure = true, PARAMETERS(message_parameters),
	.execute = respond_action_log},
	{"fail", true,.pure = true, PARAMETERS(optional_message_parameters),
	.execute = respond_action_fail},
	{"stop", true,.pure = true, PARAMETERS(optional_message_parameters),
	.execute = respond_action_stop},
	{"notify", true,.pure = true, PARAMETERS(notify_parameters),
		.exclusive = BIT(NOTIFY_TEXT) | BIT(NOTIFY_BODY),
	.execute = respond_action_notify},
	{"email", true,.pure = true, PARAMETERS(email_parameters),
		.one_of = BIT(EMAIL_TEXT) | BIT(EMAIL_HTML),
	.execute = respond_action_email},
	{"wait", true,.pure = true,.pauses = true, PARAMETERS(wait_parameters),
		.compile = respond_wait_compile,
	.execute = respond_action_wait},
	{"request", true,.pure = true,.private = true,.shown = "status",.own_attempts = true,.pauses = true,
		PARAMETERS(request_parameters),
		.compile = respond_request_compile,
		.prepare = respond_action_request_prepare,
		.ended = respond_action_request_ended,
	.execute = respond_action_request},
	{"foreach", true,.pure = true,.private = true,.pauses = true,.loops = true, PARAMETERS(foreach_parameters),
		.one_of = BIT(FOREACH_ITEMS) | BIT(FOREACH_QUERY),
		.exclusive = BIT(FOREACH_ITEMS) | BIT(FOREACH_QUERY),
		.compile = respond_foreach_compile,
	.execute = respond_action_foreach},
	{"call", true,.private = true,.pauses = true,.records = "*", PARAMETERS(call_parameters),
		.compile = respond_call_compile,
	.execute = respond_action_call},
	{"approve", true,.pure = true,.private = true,.shown = "decision",.pauses = true,.records = "approval.*",
		PARAMETERS(approve_parameters),
		.compile = respond_approve_compile,
	.execute = respond_action_approve},
	{"publish", false, PARAMETERS(publish_parameters),
		.one_of = BIT(PUBLISH_TOPIC) | BIT(PUBLISH_EXCHANGE),
		.exclusive = BIT(PUBLISH_TOPIC) | BIT(PUBLISH_EXCHANGE),
	.compile = respond_publish_compile},
};

const int	respond_action_count = lengthof(respond_actions);

const Action *
respond_action_find(const char *name)
{
	for (int i = 0; i < respond_action_count; i++)
		if (strcmp(respond_actions[i].name, name) == 0)
			return &respond_actions[i];
	return NULL;
}

char *
respond_action_names(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < respond_action_count; i++)
		if (respond_actions[i].available)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", respond_actions[i].name);
	return names.data;
}
