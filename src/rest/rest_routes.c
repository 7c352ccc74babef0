/*-------------------------------------------------------------------------
 * rest_routes.c
 *	  The table of what can be asked for.
 *
 * src/rest/rest_routes.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rest/rest_answers.h"
#include "rest/rest_describe.h"
#include "rest/rest_routes.h"

#define TICKET_STATUSES		"new,open,pending,on_hold,solved,closed"
#define APPROVAL_STATUSES	"open,decided,tied,expired,cancelled"
#define RUN_STATUSES		"running,waiting,succeeded,failed,cancelled,shadow,suppressed"
#define DELIVERY_STATUSES	"pending,delivered,dead,cancelled"

const Route respond_rest_routes[] = {
	{
		.method = "GET",.path = "/v1/openapi.json",.name = "describe",.about = "Describes this interface.",
		.flags = ROUTE_READS | ROUTE_OPEN,.answer = respond_rest_describe
	},
	{
		.method = "GET",.path = "/v1/health",.scope = "health:read",.name = "getHealth",
		.about = "Says how pg_respond is, and what to do about what is wrong.",
		.flags = ROUTE_READS,.result = &respond_resource_health,.answer = respond_rest_health_get
	},
	{
		.method = "GET",.path = "/v1/events",.scope = "events:read",.name = "listEvents",
		.about = "Lists events, the latest first, without what masks hide. A page may have few events, or none, though"
		" there are more. Whoever has to see each of them follows the stream.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_event,
		.parameters = {
			{"type", "string", NULL, true, "their types"},
			{"subject", "string", NULL, true, "what they happened to"},
			{"source", "string", NULL, true, "where they happened"},
			{"since", "date-time", NULL, false, "when they were recorded, at the earliest"},
			{"until", "date-time", NULL, false, "before when they were recorded"},
		},
		.answer = respond_rest_events_list
	},
	{
		.method = "POST",.path = "/v1/events",.scope = "events:write",.name = "recordEvents",
		.about = "Records CloudEvents: one in the headers or in the body, or several, all or none of them. Those that"
		" were recorded before are not recorded again.",
		.flags = ROUTE_CLOUD_EVENTS | ROUTE_CREATES,.body = &respond_body_event,.result = &respond_resource_recorded,
		.answer = respond_rest_events_record
	},
	{
		.method = "GET",.path = "/v1/events/{id}",.scope = "events:read",.name = "getEvent",
		.about = "Shows an event, without what masks hide.",
		.flags = ROUTE_READS,.result = &respond_resource_event,.answer = respond_rest_event_get
	},
	{
		.method = "GET",.path = "/v1/events/{id}/explanation",.scope = "events:read",.name = "explainEvent",
		.about = "Says what each rule did with an event, and why.",
		.flags = ROUTE_READS | ROUTE_WHOLE_LIST,.result = &respond_resource_reason,.answer = respond_rest_event_explain
	},
	{
		.method = "GET",.path = "/v1/tickets",.scope = "tickets:read",.name = "listTickets",
		.about = "Lists tickets, the latest first.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_ticket,
		.parameters = {
			{"status", "string", TICKET_STATUSES, true, "how far they are"},
			{"priority", "string", "low,normal,high,urgent", true, "how urgent they are"},
			{"team", "string", NULL, true, "teams that work on them"},
			{"assignee", "string", NULL, true, "people who work on them"},
			{"requester", "string", NULL, true, "who asked for them"},
			{"key", "string", NULL, true, "what they are for"},
			{"tag", "string", NULL, false, "a label that they have"},
			{"updated_since", "date-time", NULL, false, "when they were last changed, at the earliest"},
		},
		.answer = respond_rest_tickets_list
	},
	{
		.method = "POST",.path = "/v1/tickets",.scope = "tickets:write",.name = "createTicket",
		.about = "Opens a ticket.",
		.flags = ROUTE_CREATES | ROUTE_TAGGED,.body = &respond_body_ticket,.result = &respond_resource_ticket,
		.answer = respond_rest_ticket_create
	},
	{
		.method = "GET",.path = "/v1/tickets/{id}",.scope = "tickets:read",.name = "getTicket",
		.about = "Shows a ticket.",
		.flags = ROUTE_READS | ROUTE_TAGGED,.result = &respond_resource_ticket,.answer = respond_rest_ticket_get
	},
	{
		.method = "PATCH",.path = "/v1/tickets/{id}",.scope = "tickets:write",.name = "changeTicket",
		.about = "Changes a ticket that is still as the caller has read it.",
		.flags = ROUTE_TAGGED | ROUTE_CHANGES,.body = &respond_body_ticket_change,
		.result = &respond_resource_ticket,.answer = respond_rest_ticket_change
	},
	{
		.method = "GET",.path = "/v1/tickets/{id}/comments",.scope = "tickets:read",.name = "listComments",
		.about = "Lists the comments of a ticket, the first one first.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_comment,.answer = respond_rest_comments_list
	},
	{
		.method = "POST",.path = "/v1/tickets/{id}/comments",.scope = "tickets:write",.name = "createComment",
		.about = "Writes a comment on a ticket.",
		.flags = ROUTE_CREATES,.body = &respond_body_comment,.result = &respond_resource_comment,
		.answer = respond_rest_comment_create
	},
	{
		.method = "POST",.path = "/v1/tickets/{id}/rating",.scope = "tickets:write",.name = "rateTicket",
		.about = "Rates a ticket, or one answer; each caller once.",
		.flags = ROUTE_CREATES,.body = &respond_body_rating,.result = &respond_resource_rating,
		.answer = respond_rest_rating_create
	},
	{
		.method = "GET",.path = "/v1/approvals",.scope = "approvals:read",.name = "listApprovals",
		.about = "Lists questions that runs ask people, the latest first.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_approval,
		.parameters = {
			{"status", "string", APPROVAL_STATUSES, true, "what became of them"},
			{"rule", "string", NULL, true, "the rules that ask"},
			{"run_id", "integer", NULL, false, "the run that waits for them"},
		},
		.answer = respond_rest_approvals_list
	},
	{
		.method = "GET",.path = "/v1/approvals/{uuid}",.scope = "approvals:read",.name = "getApproval",
		.about = "Shows a question that a run asks people.",
		.flags = ROUTE_READS,.result = &respond_resource_approval,.answer = respond_rest_approval_get
	},
	{
		.method = "POST",.path = "/v1/approvals/{uuid}/decide",.scope = "approvals:write",.name = "decide",
		.about = "Answers an open approval as the person behind the role, or changes the answer.",
		.flags = ROUTE_OWN_CODE,.body = &respond_body_decision,.result = &respond_resource_decision,
		.answer = respond_rest_approval_decide
	},
	{
		.method = "GET",.path = "/v1/links/{name}",.name = "showLink",
		.about = "Shows a person what a one-time link asks.",
		.flags = ROUTE_READS | ROUTE_PAGE,.answer = respond_rest_link_show
	},
	{
		.method = "POST",.path = "/v1/links/{name}",.name = "useLink",.about = "Records the answer of that person.",
		.flags = ROUTE_PAGE | ROUTE_OWN_CODE,.answer = respond_rest_link_use
	},
	{
		.method = "GET",.path = "/v1/rules",.scope = "rules:read",.name = "listRules",
		.about = "Lists rules, by their names.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_rule,
		.parameters = {
			{"folder", "string", NULL, true, "where people keep them"},
			{"event_type", "string", NULL, true, "the types of events that they are for, as they have them"},
			{"enabled", "string", "true,false", false, "whether they are applied"},
		},
		.answer = respond_rest_rules_list
	},
	{
		.method = "GET",.path = "/v1/rules/{name}",.scope = "rules:read",.name = "getRule",
		.about = "Shows a rule.",
		.flags = ROUTE_READS,.result = &respond_resource_rule,.answer = respond_rest_rule_get
	},
	{
		.method = "POST",.path = "/v1/rules/{name}/start",.scope = "rules:write",.name = "startRule",
		.about = "Runs a rule by hand.",
		.flags = ROUTE_MAY_LACK_BODY | ROUTE_ACCEPTS,.body = &respond_body_start,.result = &respond_resource_started,
		.answer = respond_rest_rule_start
	},
	{
		.method = "GET",.path = "/v1/runs",.scope = "runs:read",.name = "listRuns",
		.about = "Lists runs, the latest first.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_run,
		.parameters = {
			{"rule", "string", NULL, true, "their rules"},
			{"status", "string", RUN_STATUSES, true, "how far they are"},
			{"event_id", "integer", NULL, false, "the event that fired the rules"},
		},
		.answer = respond_rest_runs_list
	},
	{
		.method = "GET",.path = "/v1/runs/{id}",.scope = "runs:read",.name = "getRun",.about = "Shows a run.",
		.flags = ROUTE_READS,.result = &respond_resource_run,.answer = respond_rest_run_get
	},
	{
		.method = "POST",.path = "/v1/runs/{id}/cancel",.scope = "runs:write",.name = "cancelRun",
		.about = "Ends a run that is under way.",
		.flags = ROUTE_MAY_LACK_BODY,.body = &respond_body_cancel,.result = &respond_resource_run,
		.answer = respond_rest_run_cancel
	},
	{
		.method = "POST",.path = "/v1/runs/{id}/retry",.scope = "runs:write",.name = "retryRun",
		.about = "Lets a run that failed or was cancelled go on.",
		.flags = ROUTE_MAY_LACK_BODY,.body = &respond_body_retry,.result = &respond_resource_run,
		.answer = respond_rest_run_retry
	},
	{
		.method = "GET",.path = "/v1/deliveries",.scope = "deliveries:read",.name = "listDeliveries",
		.about = "Lists deliveries, the latest first.",
		.flags = ROUTE_READS | ROUTE_LISTS,.result = &respond_resource_delivery,
		.parameters = {
			{"channel", "string", NULL, true, "their channels"},
			{"status", "string", DELIVERY_STATUSES, true, "what became of them"},
			{"event_id", "integer", NULL, false, "the event that led to them"},
			{"run_id", "integer", NULL, false, "the run that asked for them"},
			{"ticket_id", "integer", NULL, false, "the ticket that they are about"},
		},
		.answer = respond_rest_deliveries_list
	},
	{
		.method = "GET",.path = "/v1/deliveries/{id}",.scope = "deliveries:read",.name = "getDelivery",
		.about = "Shows a delivery.",
		.flags = ROUTE_READS,.result = &respond_resource_delivery,.answer = respond_rest_delivery_get
	},
	{
		.method = "POST",.path = "/v1/deliveries/{id}/retry",.scope = "deliveries:write",.name = "retryDelivery",
		.about = "Tries a delivery again.",
		.result = &respond_resource_delivery,.answer = respond_rest_delivery_retry
	},
	{
		.method = "POST",.path = "/v1/deliveries/{id}/discard",.scope = "deliveries:write",.name = "discardDelivery",
		.about = "Cancels a delivery that is pending or dead.",
		.result = &respond_resource_delivery,.answer = respond_rest_delivery_discard
	},
};

const int	respond_rest_route_count = lengthof(respond_rest_routes);
