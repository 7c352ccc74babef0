/*-------------------------------------------------------------------------
 * metric_text.h
 *	  Metrics as text: OpenMetrics 1.0, and the older format of Prometheus.
 *
 * Both differ little: in the names of counters, in a line for the unit, and in
 * the last line.  It builds without a server.
 *
 * src/metrics/metric_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_METRIC_TEXT_H
#define RESPOND_METRIC_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "companion/json_text.h"

#define METRIC_TEXT_OPEN	"application/openmetrics-text; version=1.0.0; charset=utf-8"
#define METRIC_TEXT_PLAIN	"text/plain; version=0.0.4; charset=utf-8"

typedef enum MetricType
{
	METRIC_COUNTER,				/* its samples end in _total */
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_INFO
} MetricType;

typedef struct MetricFamily
{
	const char *name;			/* with its unit, without _total */
	MetricType	type;
	const char *unit;			/* NULL: none */
	const char *help;			/* a sentence without line breaks, backslashes and quotes */
} MetricFamily;

typedef struct MetricLabel
{
	const char *name;
	const char *value;			/* any bytes; what is not UTF-8 becomes U+FFFD */
} MetricLabel;

typedef struct MetricText
{
	JsonText	text;
	bool		open;			/* OpenMetrics */
	const MetricFamily *family;
} MetricText;

extern void respond_metric_text_begin(MetricText *metrics, Arena *arena, bool open);

/* What follows are samples of this family.  A family begins once. */
extern void respond_metric_text_family(MetricText *metrics, const MetricFamily *family);

/* A sample of a counter or gauge; labels end with one without a name. */
extern void respond_metric_text_number(MetricText *metrics, const MetricLabel *labels, uint64_t value);
extern void respond_metric_text_seconds(MetricText *metrics, const MetricLabel *labels, double value);

/* What is said by labels alone. */
extern void respond_metric_text_info(MetricText *metrics, const MetricLabel *labels);

/* A histogram: bounds, ascending, and the sum in microseconds; counts has one more, of what lies behind the last. */
extern void respond_metric_text_histogram(MetricText *metrics, const MetricLabel *labels, const uint64_t *bounds,
										  int bound_count, const uint64_t *counts, uint64_t sum);

/* The last line; then text has all of it. */
extern void respond_metric_text_end(MetricText *metrics);

/* Whether a caller that sends this Accept (NULL: none) is to get OpenMetrics. */
extern bool respond_metric_text_wants_open(const char *accept);

#endif							/* RESPOND_METRIC_TEXT_H */
