/*-------------------------------------------------------------------------
 * rest_answers.h
 *	  What the routes do; each is called as the role of the token.
 *
 * src/rest/rest_answers.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_ANSWERS_H
#define RESPOND_REST_ANSWERS_H

#include "rest/rest_call.h"

/* rest_tickets.c */
extern void respond_rest_tickets_list(RestCall *call);
extern void respond_rest_ticket_create(RestCall *call);
extern void respond_rest_ticket_get(RestCall *call);
extern void respond_rest_ticket_change(RestCall *call);
extern void respond_rest_comments_list(RestCall *call);
extern void respond_rest_comment_create(RestCall *call);
extern void respond_rest_rating_create(RestCall *call);

/* rest_events.c */
extern void respond_rest_events_record(RestCall *call);
extern void respond_rest_events_list(RestCall *call);
extern void respond_rest_event_get(RestCall *call);
extern void respond_rest_event_explain(RestCall *call);

/* rest_runs.c */
extern void respond_rest_rules_list(RestCall *call);
extern void respond_rest_rule_get(RestCall *call);
extern void respond_rest_rule_start(RestCall *call);
extern void respond_rest_runs_list(RestCall *call);
extern void respond_rest_run_get(RestCall *call);
extern void respond_rest_run_cancel(RestCall *call);
extern void respond_rest_run_retry(RestCall *call);
extern void respond_rest_approvals_list(RestCall *call);
extern void respond_rest_approval_get(RestCall *call);
extern void respond_rest_approval_decide(RestCall *call);

/* rest_links.c */
extern void respond_rest_link_show(RestCall *call);
extern void respond_rest_link_use(RestCall *call);

/* rest_deliveries.c */
extern void respond_rest_deliveries_list(RestCall *call);
extern void respond_rest_delivery_get(RestCall *call);
extern void respond_rest_delivery_retry(RestCall *call);
extern void respond_rest_delivery_discard(RestCall *call);
extern void respond_rest_health_get(RestCall *call);

#endif							/* RESPOND_REST_ANSWERS_H */
