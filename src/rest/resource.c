/*-------------------------------------------------------------------------
 * resource.c
 *	  What requests and answers hold.
 *
 * src/rest/resource.c
 *-------------------------------------------------------------------------
 */
#include "rest/resource.h"

#include <stddef.h>

#define STATUSES	"new,open,pending,on_hold,solved,closed"
#define PRIORITIES	"low,normal,high,urgent"

static const Field ticket_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the ticket"},
	{"subject", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what it is about, in a line"},
	{"description", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what it is about, at length"},
	{"status", FIELD_TEXT, FIELD_NEEDED, STATUSES, NULL, "how far it is"},
	{"priority", FIELD_TEXT, FIELD_NEEDED, PRIORITIES, NULL, "how urgent it is"},
	{"team", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "team that works on it"},
	{"assignee", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "person who works on it"},
	{"requester", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "who asked for it"},
	{"tags", FIELD_TEXTS, FIELD_NEEDED, NULL, NULL, "labels, each once"},
	{"key", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what it is for; one unsolved ticket has it"},
	{"fields", FIELD_OBJECT, FIELD_NEEDED, NULL, NULL, "further values"},
	{"event_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "event whose rule opened it"},
	{"run_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "run of the rule that opened it"},
	{"created_by", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "who opened it: a role, or rule:NAME"},
	{"created_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was opened"},
	{"updated_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when something about it was last changed"},
	{"solved_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it was solved"},
	{"closed_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it was closed"},
	{"merged_into", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "the ticket that it was merged into"},
};

const Resource respond_resource_ticket = RESOURCE("Ticket", "respond.ticket AS r", "A ticket.", ticket_fields);

static const Field comment_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the comment"},
	{"ticket_id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "ticket that it is about"},
	{"author", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "who wrote it: a role, rule:NAME, or a requester's address"},
	{"kind", FIELD_TEXT, FIELD_NEEDED, "public,internal,automatic", NULL, "who sees it, and whether a rule wrote it"},
	{"body", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what was said"},
	{"event_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "event whose rule wrote it"},
	{"run_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "run of the rule that wrote it"},
	{"created_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was written"},
};

const Resource respond_resource_comment = RESOURCE("Comment", "respond.comment AS r", "What was said about a ticket.",
												   comment_fields);

static const Field rating_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the rating"},
	{"ticket_id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "ticket that it is about"},
	{"comment_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "comment that is rated"},
	{"score", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "from 1, bad, to 5, good"},
	{"comment", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what was said about it"},
	{"rated_by", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "who rated"},
	{"rated_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was rated"},
};

const Resource respond_resource_rating = RESOURCE("Rating", "respond.rating AS r", "How good an answer was.",
												  rating_fields);

static const Field event_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the event"},
	{"type", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what kind of thing happened"},
	{"source", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "where it happened"},
	{"subject", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what it happened to"},
	{"time", FIELD_TIME, FIELD_NEEDED, NULL, "r.\"time\"", "when it happened"},
	{"key", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "the id that its producer gave it"},
	{"cause", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "event whose rule recorded it"},
	{"depth", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of events that caused each other before it"},
	{"actor", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "role that recorded it, or rule:NAME"},
	{"recorded_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was recorded"},
	{"data", FIELD_OBJECT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "everything else; *** stands for what a mask hides;"
	" null: it is larger than pg_respond.max_event_size"},
};

const Resource respond_resource_event = RESOURCE("Event", "respond.event AS r", "What happened.", event_fields);

static const Field reason_fields[] = {
	{"rule", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "name of the rule"},
	{"fired", FIELD_BOOLEAN, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "whether it fired, or its run heard the event"},
	{"reason", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "why, or why not"},
	{"run_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "its run"},
};

const Resource respond_resource_reason = RESOURCE("Reason", NULL, "What a rule did with an event, and why.",
												  reason_fields);

static const Field recorded_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the event"},
	{"duplicate", FIELD_BOOLEAN, FIELD_NEEDED, NULL, NULL, "whether it was recorded before: same source and id"},
};

const Resource respond_resource_recorded = RESOURCE("Recorded", NULL, "An event that is recorded.", recorded_fields);

static const Field recorded_list_fields[] = {
	{"items", FIELD_ITEMS, FIELD_NEEDED, NULL, NULL, "the events, in the order in which they were sent",
	&respond_resource_recorded},
};

const Resource respond_resource_recorded_list = RESOURCE("RecordedList", NULL, "Events that are recorded.",
														 recorded_list_fields);

static const Field approval_fields[] = {
	{"id", FIELD_UUID, FIELD_NEEDED, NULL, NULL, "by which it is decided"},
	{"question", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what is asked"},
	{"options", FIELD_TEXTS, FIELD_NEEDED, NULL, NULL, "what may be answered"},
	{"context", FIELD_OBJECT, FIELD_NEEDED, NULL, NULL, "what one needs to know to decide"},
	{"status", FIELD_TEXT, FIELD_NEEDED, "open,decided,tied,expired,cancelled", NULL, "what became of it"},
	{"decision", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "the option that won"},
	{"approvers", FIELD_TEXTS, FIELD_NEEDED, NULL, NULL, "who may answer"},
	{"rule", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "the rule that asks"},
	{"run_id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "the run that waits for it"},
	{"step", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "the step that asks"},
	{"asked_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was asked"},
	{"due_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "until when it can be answered"},
	{"ended_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it ended"},
};

const Resource respond_resource_approval = RESOURCE("Approval", "respond.approval AS r",
													"A question that a run asks people.", approval_fields);

static const Field decision_fields[] = {
	{"decision", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "the option that won; null: none so far"},
};

const Resource respond_resource_decision = RESOURCE("Decision", NULL, "What is decided so far.", decision_fields);

static const Field rule_fields[] = {
	{"name", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "name of the rule"},
	{"folder", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "where people keep it"},
	{"description", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what it is for"},
	{"enabled", FIELD_BOOLEAN, FIELD_NEEDED, NULL, NULL, "whether it is applied"},
	{"shadow", FIELD_BOOLEAN, FIELD_NEEDED, NULL, NULL, "whether its runs do nothing"},
	{"priority", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "rules with a higher one are applied first"},
	{"event_type", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "type of its events; * stands for any characters"},
	{"pattern", FIELD_OBJECT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "pattern that the events meet"},
	{"condition", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "SQL expression that has to be true"},
	{"steps", FIELD_VALUE, FIELD_NEEDED, NULL, NULL, "what it does"},
	{"on_failure", FIELD_VALUE, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "steps for when a step failed"},
	{"cancel_on", FIELD_VALUE, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "events that cancel its runs"},
	{"on_cancel", FIELD_VALUE, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "steps for when a run is cancelled"},
	{"concurrency", FIELD_OBJECT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "how many runs may be under way at once"},
	{"timezone", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "time zone of its waits; null: UTC"},
	{"owner", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "role whose rights its SQL has"},
	{"start_roles", FIELD_TEXTS, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "roles that may run it by hand, too"},
	{"version", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "counted up by each change"},
	{"created_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was created"},
	{"updated_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was last changed"},
};

const Resource respond_resource_rule = RESOURCE("Rule", "respond.rule AS r", "What to do when an event matches.",
												rule_fields);

static const Field run_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the run"},
	{"rule", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "name of the rule"},
	{"rule_version", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "version of the rule that it began with"},
	{"event_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "event that fired the rule"},
	{"status", FIELD_TEXT, FIELD_NEEDED, "running,waiting,succeeded,failed,cancelled,shadow,suppressed", NULL,
	"how far it is"},
	{"step", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "step that it is at or failed in"},
	{"error", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "why it failed, as far as the role may know"},
	{"replay", FIELD_BOOLEAN, FIELD_NEEDED, NULL, NULL, "whether its event was run again"},
	{"key", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "name that start gave to it"},
	{"waits_for", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what it waits for"},
	{"started_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when its first step began"},
	{"finished_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it ended"},
	{"resume_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "until when it waits"},
	{"paused_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it was paused"},
};

const Resource respond_resource_run = RESOURCE("Run", "respond.run AS r", "A rule that fired for an event.",
											   run_fields);

static const Field started_fields[] = {
	{"run_id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number that the run has, or will have"},
};

const Resource respond_resource_started = RESOURCE("Started", NULL, "A run that was started by hand.", started_fields);

static const Field delivery_fields[] = {
	{"id", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "number of the delivery"},
	{"key", FIELD_UUID, FIELD_NEEDED, NULL, NULL, "by which its receiver recognizes repeats"},
	{"channel", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "name of the channel"},
	{"rule", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "rule that asked for it"},
	{"run_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "run that asked for it"},
	{"event_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "event that led to it"},
	{"ticket_id", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "ticket that it is about"},
	{"status", FIELD_TEXT, FIELD_NEEDED, "pending,delivered,dead,cancelled", NULL, "what became of it"},
	{"attempts", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "tries so far"},
	{"next_attempt_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it is tried next"},
	{"last_status", FIELD_NUMBER, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "status of the last answer"},
	{"last_error", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what went wrong last"},
	{"created_at", FIELD_TIME, FIELD_NEEDED, NULL, NULL, "when it was recorded"},
	{"finished_at", FIELD_TIME, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "when it ended"},
};

const Resource respond_resource_delivery = RESOURCE("Delivery", "respond.delivery AS r",
													"A message that leaves the database.", delivery_fields);

static const Field health_check_fields[] = {
	{"check", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what was looked at"},
	{"ok", FIELD_BOOLEAN, FIELD_NEEDED, NULL, NULL, "whether all is well"},
	{"message", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what was found"},
	{"remedy", FIELD_TEXT, FIELD_NEEDED | FIELD_NULL, NULL, NULL, "what to do about it"},
};

const Resource respond_resource_health_check = RESOURCE("HealthCheck", NULL, "One thing that was looked at.",
														health_check_fields);

static const Field health_fields[] = {
	{"ok", FIELD_BOOLEAN, FIELD_NEEDED, NULL, NULL, "whether all is well"},
	{"checks", FIELD_ITEMS, FIELD_NEEDED, NULL, NULL, "each thing that was looked at", &respond_resource_health_check},
};

const Resource respond_resource_health = RESOURCE("Health", NULL, "How pg_respond is.", health_fields);

static const Field ticket_body[] = {
	{"subject", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what it is about, in a line"},
	{"description", FIELD_TEXT, FIELD_NULL, NULL, NULL, "what it is about, at length"},
	{"status", FIELD_TEXT, 0, STATUSES, NULL, "how far it is; new if not said"},
	{"priority", FIELD_TEXT, 0, PRIORITIES, NULL, "how urgent it is; normal if not said"},
	{"team", FIELD_TEXT, FIELD_NULL, NULL, NULL, "team that works on it"},
	{"assignee", FIELD_TEXT, FIELD_NULL, NULL, NULL, "person who works on it"},
	{"requester", FIELD_TEXT, FIELD_NULL, NULL, NULL, "who asked for it"},
	{"tags", FIELD_TEXTS, 0, NULL, NULL, "labels"},
	{"key", FIELD_TEXT, FIELD_NULL, NULL, NULL, "what it is for; one unsolved ticket has it"},
	{"fields", FIELD_OBJECT, 0, NULL, NULL, "further values"},
};

const Resource respond_body_ticket = RESOURCE("NewTicket", NULL, "A ticket to be opened.", ticket_body);

static const Field ticket_change_body[] = {
	{"subject", FIELD_TEXT, 0, NULL, NULL, "what it is about, in a line"},
	{"description", FIELD_TEXT, FIELD_NULL, NULL, NULL, "what it is about, at length"},
	{"status", FIELD_TEXT, 0, STATUSES, NULL, "how far it is"},
	{"priority", FIELD_TEXT, 0, PRIORITIES, NULL, "how urgent it is"},
	{"team", FIELD_TEXT, FIELD_NULL, NULL, NULL, "team that works on it"},
	{"assignee", FIELD_TEXT, FIELD_NULL, NULL, NULL, "person who works on it"},
	{"requester", FIELD_TEXT, FIELD_NULL, NULL, NULL, "who asked for it"},
	{"tags", FIELD_TEXTS, 0, NULL, NULL, "labels; these take the place of those that it has"},
	{"key", FIELD_TEXT, FIELD_NULL, NULL, NULL, "what it is for; one unsolved ticket has it"},
	{"fields", FIELD_OBJECT, 0, NULL, NULL, "further values; these take the place of those that it has"},
};

const Resource respond_body_ticket_change = RESOURCE("TicketChange", NULL, "What is to be changed of a ticket.",
													 ticket_change_body);

static const Field comment_body[] = {
	{"body", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "what is to be said"},
	{"kind", FIELD_TEXT, 0, "public,internal", NULL, "who sees it; public if not said"},
};

const Resource respond_body_comment = RESOURCE("NewComment", NULL, "A comment to be written.", comment_body);

static const Field rating_body[] = {
	{"score", FIELD_NUMBER, FIELD_NEEDED, NULL, NULL, "from 1, bad, to 5, good"},
	{"comment", FIELD_TEXT, FIELD_NULL, NULL, NULL, "what is to be said about it"},
	{"comment_id", FIELD_NUMBER, FIELD_NULL, NULL, NULL, "comment that is rated; the ticket as a whole if not said"},
};

const Resource respond_body_rating = RESOURCE("NewRating", NULL, "How good an answer was.", rating_body);

static const Field decision_body[] = {
	{"option", FIELD_TEXT, FIELD_NEEDED, NULL, NULL, "one of the options"},
	{"comment", FIELD_TEXT, FIELD_NULL, NULL, NULL, "what is to be said about it"},
};

const Resource respond_body_decision = RESOURCE("NewDecision", NULL, "An answer to an approval.", decision_body);

static const Field start_body[] = {
	{"data", FIELD_OBJECT, 0, NULL, NULL, "data of the event that the run is started on"},
	{"subject", FIELD_TEXT, FIELD_NULL, NULL, NULL, "its subject"},
	{"key", FIELD_TEXT, FIELD_NULL, NULL, NULL, "name that one run of the rule at a time can have"},
	{"on_conflict", FIELD_TEXT, 0, "return,replace,error", NULL, "what happens if a run has it; return if not said"},
};

const Resource respond_body_start = RESOURCE("NewRun", NULL, "A run to be started.", start_body);

static const Field cancel_body[] = {
	{"reason", FIELD_TEXT, FIELD_NULL, NULL, NULL, "why"},
};

const Resource respond_body_cancel = RESOURCE("Cancellation", NULL, "Why a run is to be cancelled.", cancel_body);

static const Field retry_body[] = {
	{"from_step", FIELD_TEXT, FIELD_NULL, NULL, NULL, "step to begin with; the one that failed if not said"},
	{"version", FIELD_TEXT, 0, "same,latest", NULL, "version of the rule; the one that it began with if not said"},
};

const Resource respond_body_retry = RESOURCE("Retry", NULL, "How a run is to be retried.", retry_body);

static const Field event_body[] = {
	{"specversion", FIELD_TEXT, FIELD_NEEDED, "1.0", NULL, "version of CloudEvents"},
	{"id", FIELD_TEXT, FIELD_NEEDED | FIELD_FILLED, NULL, NULL, "the key of the event, among those of its source"},
	{"source", FIELD_TEXT, FIELD_NEEDED | FIELD_FILLED, NULL, NULL, "where it happened"},
	{"type", FIELD_TEXT, FIELD_NEEDED | FIELD_FILLED, NULL, NULL, "what kind of thing happened"},
	{"subject", FIELD_TEXT, FIELD_FILLED, NULL, NULL, "what it happened to"},
	{"time", FIELD_TIME, 0, NULL, NULL, "when it happened"},
	{"datacontenttype", FIELD_TEXT, FIELD_FILLED, NULL, NULL, "media type of the data"},
	{"dataschema", FIELD_TEXT, FIELD_FILLED, NULL, NULL, "schema of the data"},
	{"data", FIELD_VALUE, 0, NULL, NULL, "an object is the data of the event; else it becomes its member \"value\""},
	{"data_base64", FIELD_TEXT, 0, NULL, NULL, "bytes; become the member \"base64\""},
};

const Resource respond_body_event = RESOURCE("CloudEvent", NULL, "An event as CloudEvents 1.0 has it.", event_body);
