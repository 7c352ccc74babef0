/*-------------------------------------------------------------------------
 * guc.c
 *	  Settings of pg_respond, sorted by name.
 *
 * A setting can change while the server runs unless shared memory is sized by
 * it.  Settings are for whole workers, so they are SIGHUP: a session cannot
 * change what a worker does.  clock_offset alone can be set in a session, by
 * superusers: it then moves the time of what that session records.
 *
 * src/common/guc.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "common/guc.h"

char	   *respond_allowed_networks = NULL;
int			respond_audit_retention = -1;
int			respond_audit_seal_interval = 60;
int			respond_batch_size = 1000;
char	   *respond_ca_file = NULL;
double		respond_clock_offset = 0;
bool		respond_courier = true;
int			respond_dispatchers = 1;
bool		respond_enabled = true;
int			respond_event_retention = 30 * 24 * 60;
char	   *respond_gateway_certificate = NULL;
char	   *respond_gateway_database = NULL;
char	   *respond_gateway_key = NULL;
char	   *respond_gateway_listen = NULL;
int			respond_gateway_max_connections = 2000;
int			respond_gateway_max_connections_per_address = 0;
char	   *respond_gateway_metrics_networks = NULL;
char	   *respond_gateway_public_url = NULL;
int			respond_gateway_rest_workers = 1;
int			respond_gateway_statement_timeout = 10000;
bool		respond_hold_on_copy = true;
int			respond_lock_timeout = 100;
int			respond_max_depth = 16;
int			respond_max_event_size = 1024;
int			respond_max_fan_out = 10000;
int			respond_max_rendered_size = 1024;
int			respond_max_requests = 256;
int			respond_max_workers = 24;
int			respond_partition_interval = 24 * 60;
int			respond_retry_time = 3600;
char	   *respond_rule_extensions = NULL;
int			respond_rule_memory = 1024;
int			respond_rule_timeout = 5000;
int			respond_stale_wait = 30 * 24 * 60;
int			respond_timer_grace = 5000;
char	   *respond_secret_key_file = NULL;
int			respond_storm_limit = 1000;

/* Ten years, in ms. */
#define CLOCK_OFFSET_LIMIT	(10.0 * 366 * 24 * 3600 * 1000)

static GucChecks text_checks;

static bool
check_text(CheckText check, const char *value)
{
	char		error[512];

	if (check(value, error, sizeof(error)))
		return true;
	GUC_check_errdetail("%s.", error);
	return false;
}

static bool
check_allowed_networks(char **value, void **extra, GucSource source)
{
	return check_text(text_checks.allowed_networks, *value);
}

static bool
check_gateway_database(char **value, void **extra, GucSource source)
{
	return check_text(text_checks.gateway_database, *value);
}

static bool
check_gateway_listen(char **value, void **extra, GucSource source)
{
	return check_text(text_checks.gateway_listen, *value);
}

static bool
check_gateway_metrics_networks(char **value, void **extra, GucSource source)
{
	return check_text(text_checks.gateway_metrics_networks, *value);
}

static bool
check_gateway_public_url(char **value, void **extra, GucSource source)
{
	return check_text(text_checks.gateway_public_url, *value);
}

/* With less a dispatcher could not even start. */
static bool
check_rule_memory(int *value, void **extra, GucSource source)
{
	if (*value == 0 || *value >= 64)
		return true;
	GUC_check_errdetail("It must be 0, or at least 64 MB.");
	return false;
}

void
respond_guc_define(const GucChecks *checks)
{
	text_checks = *checks;
	DefineCustomStringVariable("pg_respond.allowed_networks",
							   "Private networks that deliveries may go to.",
							   "Networks such as 10.1.0.0/16, with commas between them.  Public addresses are always"
							   " allowed.",
							   &respond_allowed_networks,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_LIST_INPUT,
							   check_allowed_networks, NULL, NULL);

	DefineCustomIntVariable("pg_respond.audit_retention",
							"How long rows of the audit log are kept before their partitions are dropped.",
							"-1 keeps everything.",
							&respond_audit_retention,
							-1, -1, INT_MAX,
							PGC_SIGHUP,
							GUC_UNIT_MIN,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.audit_seal_interval",
							"Time between two blocks of seals of the audit log.",
							"0 seals nothing.",
							&respond_audit_seal_interval,
							60, 0, 86400,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.batch_size",
							"Largest number of events that a dispatcher handles in one transaction.",
							NULL,
							&respond_batch_size,
							1000, 1, 100000,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.ca_file",
							   "File with the certificates that receivers of deliveries are checked against.",
							   "Empty: those of the system.",
							   &respond_ca_file,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);

	DefineCustomRealVariable("pg_respond.clock_offset",
							 "How far the time of pg_respond is ahead of the server's; for tests.",
							 "It counts for recorded_at of events, for runs, waits, timers and schedules.",
							 &respond_clock_offset,
							 0, -CLOCK_OFFSET_LIMIT, CLOCK_OFFSET_LIMIT,
							 PGC_SUSET,
							 GUC_UNIT_MS,
							 NULL, NULL, NULL);

	DefineCustomBoolVariable("pg_respond.courier",
							 "Whether deliveries leave the cluster's databases.",
							 "Off: they are recorded and wait; everything else keeps running.",
							 &respond_courier,
							 true,
							 PGC_SIGHUP,
							 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.dispatchers",
							"Number of dispatchers for each database.",
							"Events with the same subject go to the same dispatcher.",
							&respond_dispatchers,
							1, 1, 16,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomBoolVariable("pg_respond.enabled",
							 "Whether pg_respond acts at all in this cluster.",
							 "Off: no worker runs in any database; events are recorded and wait.",
							 &respond_enabled,
							 true,
							 PGC_SIGHUP,
							 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.event_retention",
							"How long events and runs are kept before their partitions are dropped.",
							"A partition is dropped only after every event in it was handled and every run in it has"
							" ended.  -1 keeps everything.",
							&respond_event_retention,
							30 * 24 * 60, -1, INT_MAX,
							PGC_SIGHUP,
							GUC_UNIT_MIN,
							NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.gateway_certificate",
							   "File with the certificate that the gateway shows, and those above it.",
							   "PEM.  Read again at each reload.",
							   &respond_gateway_certificate,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.gateway_database",
							   "Host names whose requests are for one database.",
							   "Items such as hooks.example=desk, with commas between them.  Paths of these hosts begin"
							   " without the database.",
							   &respond_gateway_database,
							   "",
							   PGC_SIGHUP,
							   0,
							   check_gateway_database, NULL, NULL);

	DefineCustomStringVariable("pg_respond.gateway_key",
							   "File with the key of the gateway's certificate.",
							   "PEM, without passphrase.  Read again at each reload.",
							   &respond_gateway_key,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.gateway_listen",
							   "Addresses that the gateway listens to for HTTP.",
							   "Items such as 127.0.0.1:8330, [::1]:8330, unix:/path or tls:127.0.0.1:8443, with commas"
							   " between them.  Empty: there is no gateway.",
							   &respond_gateway_listen,
							   "",
							   PGC_SIGHUP,
							   0,
							   check_gateway_listen, NULL, NULL);

	DefineCustomIntVariable("pg_respond.gateway_max_connections",
							"Largest number of connections that the gateway has open.",
							NULL,
							&respond_gateway_max_connections,
							2000, 1, 100000,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.gateway_max_connections_per_address",
							"Largest number of connections that the gateway has open with one address.",
							"0: no limit.  Behind a proxy all callers have one address.",
							&respond_gateway_max_connections_per_address,
							0, 0, 100000,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.gateway_metrics_networks",
							   "Networks from which metrics can be read without a token.",
							   "Networks such as 10.1.0.0/16, with commas between them.  Callers behind a proxy have"
							   " its address.",
							   &respond_gateway_metrics_networks,
							   "127.0.0.0/8, ::1/128",
							   PGC_SIGHUP,
							   0,
							   check_gateway_metrics_networks, NULL, NULL);

	DefineCustomStringVariable("pg_respond.gateway_public_url",
							   "How callers reach the gateway.",
							   "Scheme and host, such as https://hooks.example.  Some providers sign the url that they"
							   " call.",
							   &respond_gateway_public_url,
							   "",
							   PGC_SIGHUP,
							   0,
							   check_gateway_public_url, NULL, NULL);

	DefineCustomIntVariable("pg_respond.gateway_rest_workers",
							"Number of workers of each database that answer requests of its REST interface.",
							"Each also needs a slot of \"max_worker_processes\".",
							&respond_gateway_rest_workers,
							1, 1, RESPOND_MAX_REST_WORKERS,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.gateway_statement_timeout",
							"Longest time that the SQL of one request of the REST interface may run.",
							NULL,
							&respond_gateway_statement_timeout,
							10000, 10, 3600 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomBoolVariable("pg_respond.hold_on_copy",
							 "Whether the workers are paused when the server starts on a physical copy of a cluster.",
							 "A copy is what was restored from a base backup or an archive, or copied file by file;"
							 " standbys do not count.",
							 &respond_hold_on_copy,
							 true,
							 PGC_POSTMASTER,
							 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.lock_timeout",
							"How long a worker waits for a lock that somebody else holds.",
							"What needs the lock is retried later; the worker goes on with other work.",
							&respond_lock_timeout,
							100, 1, 60000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.max_depth",
							"Longest chain of events that cause each other before rules stop firing.",
							"An event beyond it is recorded and becomes a dead letter.",
							&respond_max_depth,
							16, 1, 1000,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.max_event_size",
							"Largest event data that rules are applied to.",
							"Data counts as it is stored and as JSON text.  A larger event is recorded and becomes a"
							" dead letter.",
							&respond_max_event_size,
							1024, 1, 256 * 1024,
							PGC_SIGHUP,
							GUC_UNIT_KB,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.max_fan_out",
							"Largest number of events, tickets, comments and deliveries that one run of a rule may"
							" cause.",
							NULL,
							&respond_max_fan_out,
							10000, 1, INT_MAX,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.max_rendered_size",
							"Largest text that a template may produce.",
							NULL,
							&respond_max_rendered_size,
							1024, 1, 256 * 1024,
							PGC_SIGHUP,
							GUC_UNIT_KB,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.max_requests",
							"Largest number of requests that the courier of a database has under way.",
							NULL,
							&respond_max_requests,
							256, 1, 10000,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.max_workers",
							"Largest number of pg_respond workers in the cluster, the launcher not counted.",
							"Each also needs a slot of \"max_worker_processes\".",
							&respond_max_workers,
							24, 1, 1024,
							PGC_POSTMASTER,
							0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.partition_interval",
							"Time that one partition of the event log, the runs and the audit log covers.",
							"Counts for partitions that are made from now on.",
							&respond_partition_interval,
							24 * 60, 1, 366 * 24 * 60,
							PGC_SIGHUP,
							GUC_UNIT_MIN,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.retry_time",
							"How long a rule is retried for an event after temporary errors.",
							"After that, such an error counts as a failure of the rule; a full disk never does.  -1 has"
							" no limit.",
							&respond_retry_time,
							3600, -1, INT_MAX / 1000,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.rule_extensions",
							   "Extensions whose functions rules may call even if rules have several owners.",
							   "Their functions must leave nothing in the session that another owner's SQL could"
							   " reach.",
							   &respond_rule_extensions,
							   "address_standardizer, btree_gin, btree_gist, citext, cube, dict_int, dict_xsyn,"
							   " earthdistance, fuzzystrmatch,"
							   " hstore, intarray, isn, ltree, pg_stat_statements, pg_trgm, pgcrypto, postgis,"
							   " postgis_raster,"
							   " postgis_topology, seg, tablefunc, unaccent, \"uuid-ossp\", vector, xml2",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_LIST_INPUT,
							   NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.rule_memory",
							"Private memory of a dispatcher; SQL of a rule that needs more fails.",
							"Shared memory does not count.  0: no limit.",
							&respond_rule_memory,
							1024, 0, 1024 * 1024,
							PGC_SIGHUP,
							GUC_UNIT_MB,
							check_rule_memory, NULL, NULL);

	DefineCustomIntVariable("pg_respond.rule_timeout",
							"Longest time that one SQL condition or SQL action of a rule may run.",
							NULL,
							&respond_rule_timeout,
							5000, 10, 3600 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.stale_wait",
							"How long a run may wait before health() names it.",
							"0 names none.",
							&respond_stale_wait,
							30 * 24 * 60, 0, INT_MAX,
							PGC_SIGHUP,
							GUC_UNIT_MIN,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.timer_grace",
							"Longest time that a deadline waits for a transaction that was open when it passed.",
							"An event that such a transaction recorded in time still counts if it is"
							" committed by then.",
							&respond_timer_grace,
							5000, 0, 3600 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomStringVariable("pg_respond.secret_key_file",
							   "File of the keys that secrets of channels are encrypted with.",
							   "It lies outside of the data directory and belongs to the server alone.",
							   &respond_secret_key_file,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);

	DefineCustomIntVariable("pg_respond.storm_limit",
							"Number of events, tickets and deliveries caused at one depth after which a rule that"
							" multiplies its own events is stopped.",
							"-1 stops no rule.",
							&respond_storm_limit,
							1000, -1, INT_MAX,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);

	MarkGUCPrefixReserved("pg_respond");
}
