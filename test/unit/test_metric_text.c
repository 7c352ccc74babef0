/* links: src/metrics/metric_text.c src/companion/json_text.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_metric_text.c
 *	  Metrics as text, in both formats, and which of them a caller gets.
 *
 * test/unit/test_metric_text.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "metrics/metric_text.h"

static const MetricFamily events = {"pg_respond_events", METRIC_COUNTER, NULL, "Events."};
static const MetricFamily lag = {"pg_respond_lag_seconds", METRIC_GAUGE, "seconds", "Age."};
static const MetricFamily took = {"pg_respond_took_seconds", METRIC_HISTOGRAM, "seconds", "Time."};
static const MetricFamily build = {"pg_respond_build", METRIC_INFO, NULL, "What runs."};

static const char *const expected_open =
"# TYPE pg_respond_build info\n"
"# HELP pg_respond_build What runs.\n"
"pg_respond_build_info{version=\"1\"} 1\n"
"# TYPE pg_respond_events counter\n"
"# HELP pg_respond_events Events.\n"
"pg_respond_events_total{database=\"a\\\\b\\\"c\\nd\"} 7\n"
"pg_respond_events_total{database=\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\",rule=\"\"} 18446744073709551615\n"
"# TYPE pg_respond_lag_seconds gauge\n"
"# UNIT pg_respond_lag_seconds seconds\n"
"# HELP pg_respond_lag_seconds Age.\n"
"pg_respond_lag_seconds 0.250000\n"
"# TYPE pg_respond_took_seconds histogram\n"
"# UNIT pg_respond_took_seconds seconds\n"
"# HELP pg_respond_took_seconds Time.\n"
"pg_respond_took_seconds_bucket{kind=\"x\",le=\"0.0005\"} 1\n"
"pg_respond_took_seconds_bucket{kind=\"x\",le=\"10.0\"} 3\n"
"pg_respond_took_seconds_bucket{kind=\"x\",le=\"+Inf\"} 6\n"
"pg_respond_took_seconds_count{kind=\"x\"} 6\n"
"pg_respond_took_seconds_sum{kind=\"x\"} 12.345\n"
"# EOF\n";

static const char *const expected_plain =
"# TYPE pg_respond_build_info gauge\n"
"# HELP pg_respond_build_info What runs.\n"
"pg_respond_build_info{version=\"1\"} 1\n"
"# TYPE pg_respond_events_total counter\n"
"# HELP pg_respond_events_total Events.\n"
"pg_respond_events_total{database=\"a\\\\b\\\"c\\nd\"} 7\n"
"pg_respond_events_total{database=\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\",rule=\"\"} 18446744073709551615\n"
"# TYPE pg_respond_lag_seconds gauge\n"
"# HELP pg_respond_lag_seconds Age.\n"
"pg_respond_lag_seconds 0.250000\n"
"# TYPE pg_respond_took_seconds histogram\n"
"# HELP pg_respond_took_seconds Time.\n"
"pg_respond_took_seconds_bucket{kind=\"x\",le=\"0.0005\"} 1\n"
"pg_respond_took_seconds_bucket{kind=\"x\",le=\"10.0\"} 3\n"
"pg_respond_took_seconds_bucket{kind=\"x\",le=\"+Inf\"} 6\n"
"pg_respond_took_seconds_count{kind=\"x\"} 6\n"
"pg_respond_took_seconds_sum{kind=\"x\"} 12.345\n";

static void
check_format(bool open, const char *expected)
{
	static const uint64_t bounds[] = {500, 10000000};
	static const uint64_t counts[] = {1, 2, 3};
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	MetricText	metrics;

	respond_metric_text_begin(&metrics, arena, open);
	respond_metric_text_family(&metrics, &build);
	respond_metric_text_info(&metrics, (MetricLabel[]) {{"version", "1"}, {NULL}});
	respond_metric_text_family(&metrics, &events);
	respond_metric_text_number(&metrics, (MetricLabel[]) {{"database", "a\\b\"c\nd"}, {NULL}}, 7);
	respond_metric_text_number(&metrics, (MetricLabel[]) {{"database", "\xff\xc3\xc3\xa4"}, {"rule", ""}, {NULL}},
							   UINT64_MAX);
	respond_metric_text_family(&metrics, &lag);
	respond_metric_text_seconds(&metrics, (MetricLabel[]) {{NULL}}, 0.25);
	respond_metric_text_family(&metrics, &took);
	respond_metric_text_histogram(&metrics, (MetricLabel[]) {{"kind", "x"}, {NULL}}, bounds, 2, counts, 12345000);
	respond_metric_text_end(&metrics);
	check_string(metrics.text.bytes, expected, open ? "OpenMetrics" : "the format of Prometheus");
	respond_arena_destroy(arena);
}

static void
check_choice(void)
{
	static const struct
	{
		const char *accept;
		bool		open;
	}			cases[] = {
		{NULL, true},
		{"", true},
		{"*/*", true},
		{"text/plain", false},
		{"Text/Plain;version=0.0.4", false},
		{"application/openmetrics-text", true},
		{"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true},
		{"application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.3", false},
		{"text/plain;q=0.5, */*;q=0.9", true},
		{"text/plain;q=0.9, */*;q=0.5", false},
		{"application/openmetrics-text;q=0,text/plain", false},
		{"application/openmetrics-textual, text/plain", false},
		{"application/json", true},
		{",,, text/plain ,", false},
		{"text/plain;q=x", false},
		{"text/plain;q=99999999999999999999", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(respond_metric_text_wants_open(cases[i].accept) == cases[i].open, "Accept: %s",
			  cases[i].accept != NULL ? cases[i].accept : "(none)");
}

int
main(void)
{
	check_format(true, expected_open);
	check_format(false, expected_plain);
	check_choice();
	return check_done();
}
