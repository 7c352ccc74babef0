/*-------------------------------------------------------------------------
 * pg_respond.c
 *	  Module entry: what happens when the server loads the library.
 *
 * src/pg_respond.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "common/guc.h"
#include "common/shmem.h"
#include "companion/listen_address.h"
#include "courier/breaker_status.h"
#include "effect/channel_stats.h"
#include "effect/rule_stats.h"
#include "event/capture_fault.h"
#include "event/capture_tree.h"
#include "event/capture_write.h"
#include "event/event_count.h"
#include "event/wake.h"
#include "gateway/gateway_settings.h"
#include "gateway/host_map.h"
#include "gateway/standby_listener.h"
#include "inbound/inbound_count.h"
#include "inbound/source_wake.h"
#include "launcher/copy.h"
#include "launcher/ddl_hooks.h"
#include "launcher/launcher.h"
#include "metrics/metrics_answer.h"
#include "outbox/outbox.h"
#include "rule/rule_call.h"
#include "rule/rule_owner.h"
#include "schedule/schedule_wake.h"
#include "secret/log_filter.h"
#include "shapes.h"
#include "timer/timer.h"
#include "transport/transfer_handle.h"
#include "upkeep/manifest_watch.h"
#include "worker/death_word.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pg_respond must be loaded when the server starts"),
				 errhint("Add pg_respond to \"%s\" in postgresql.conf, for example shared_preload_libraries ="
						 " 'pg_respond', and restart the server.",
						 "shared_preload_libraries")));

	respond_guc_define(&(const GucChecks){
		.allowed_networks = respond_transfer_check_networks,
		.gateway_database = respond_host_map_check,
		.gateway_listen = respond_listen_address_check,
		.gateway_metrics_networks = respond_metrics_check_networks,
		.gateway_public_url = respond_gateway_check_public_url,
	});
	respond_shmem_request();
	respond_shapes_initialize();
	respond_copy_initialize();
	respond_death_word_initialize();
	respond_rule_stats_initialize();
	respond_breaker_status_initialize();
	respond_channel_stats_initialize();
	respond_event_count_initialize();
	respond_inbound_count_initialize();
	respond_wake_initialize();
	respond_capture_fault_initialize();
	respond_capture_tree_initialize();
	respond_capture_write_initialize();
	respond_outbox_initialize();
	respond_timer_initialize();
	respond_launcher_register();
	respond_standby_listener_register();
	respond_ddl_hooks_initialize();
	respond_rule_owner_initialize();
	respond_rule_call_initialize();
	respond_schedule_wake_initialize();
	respond_source_wake_initialize();
	respond_gateway_settings_initialize();
	respond_manifest_watch_initialize();
	respond_log_filter_initialize();
}
