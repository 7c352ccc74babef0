/*-------------------------------------------------------------------------
 * guc.h
 *	  Settings of pg_respond, one variable for each, sorted by name.
 *
 * src/common/guc.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GUC_H
#define RESPOND_GUC_H

/* Bounds pg_respond.gateway_rest_workers. */
#define RESPOND_MAX_REST_WORKERS	16

extern char *respond_allowed_networks;
extern int	respond_audit_retention;
extern int	respond_audit_seal_interval;
extern int	respond_batch_size;
extern char *respond_ca_file;
extern double respond_clock_offset;
extern bool respond_courier;
extern int	respond_dispatchers;
extern bool respond_enabled;
extern int	respond_event_retention;
extern char *respond_gateway_certificate;
extern char *respond_gateway_database;
extern char *respond_gateway_key;
extern char *respond_gateway_listen;
extern int	respond_gateway_max_connections;
extern int	respond_gateway_max_connections_per_address;
extern char *respond_gateway_metrics_networks;
extern char *respond_gateway_public_url;
extern int	respond_gateway_rest_workers;
extern int	respond_gateway_statement_timeout;
extern bool respond_hold_on_copy;
extern int	respond_lock_timeout;
extern int	respond_max_depth;
extern int	respond_max_event_size;
extern int	respond_max_fan_out;
extern int	respond_max_rendered_size;
extern int	respond_max_requests;
extern int	respond_max_workers;
extern int	respond_partition_interval;
extern int	respond_retry_time;
extern char *respond_rule_extensions;
extern int	respond_rule_memory;
extern int	respond_rule_timeout;
extern int	respond_stale_wait;
extern int	respond_timer_grace;
extern char *respond_secret_key_file;
extern int	respond_storm_limit;

/* Whether a setting's text is legal; if not, error says why, as a clause. */
typedef bool (*CheckText) (const char *text, char *error, size_t size);

/* For settings that other rooms read. */
typedef struct GucChecks
{
	CheckText	allowed_networks;
	CheckText	gateway_database;
	CheckText	gateway_listen;
	CheckText	gateway_metrics_networks;
	CheckText	gateway_public_url;
} GucChecks;

/* At load. */
extern void respond_guc_define(const GucChecks *checks);

#endif							/* RESPOND_GUC_H */
