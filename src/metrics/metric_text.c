/*-------------------------------------------------------------------------
 * metric_text.c
 *	  Metrics as text: OpenMetrics 1.0, and the older format of Prometheus.
 *
 * src/metrics/metric_text.c
 *-------------------------------------------------------------------------
 */
#include "metrics/metric_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8_character.h"
#include "wire/ascii_case.h"

static void
put(MetricText *metrics, const char *string)
{
	respond_json_text_put(&metrics->text, string);
}

void
respond_metric_text_begin(MetricText *metrics, Arena *arena, bool open)
{
	respond_json_text_begin(&metrics->text, arena);
	metrics->open = open;
	metrics->family = NULL;
}

/* The older format names the sample of a counter where OpenMetrics names its family. */
static void
put_family_name(MetricText *metrics, const MetricFamily *family)
{
	put(metrics, family->name);
	if (metrics->open)
		return;
	if (family->type == METRIC_COUNTER)
		put(metrics, "_total");
	if (family->type == METRIC_INFO)
		put(metrics, "_info");
}

static const char *
type_word(const MetricText *metrics, MetricType type)
{
	switch (type)
	{
		case METRIC_COUNTER:
			return "counter";
		case METRIC_HISTOGRAM:
			return "histogram";
		case METRIC_INFO:
			return metrics->open ? "info" : "gauge";
		case METRIC_GAUGE:
			break;
	}
	return "gauge";
}

void
respond_metric_text_family(MetricText *metrics, const MetricFamily *family)
{
	metrics->family = family;
	put(metrics, "# TYPE ");
	put_family_name(metrics, family);
	put(metrics, " ");
	put(metrics, type_word(metrics, family->type));
	if (metrics->open && family->unit != NULL)
	{
		put(metrics, "\n# UNIT ");
		put_family_name(metrics, family);
		put(metrics, " ");
		put(metrics, family->unit);
	}
	put(metrics, "\n# HELP ");
	put_family_name(metrics, family);
	put(metrics, " ");
	put(metrics, family->help);
	put(metrics, "\n");
}

static void
put_label_value(MetricText *metrics, const char *value)
{
	const char *end = value + strlen(value);

	while (value < end)
	{
		size_t		length = respond_utf8_character(value, (size_t) (end - value));

		if (*value == '\n')
			put(metrics, "\\n");
		else if (length == 0)
			put(metrics, UTF8_REPLACEMENT);
		else
		{
			if (*value == '\\' || *value == '"')
				put(metrics, "\\");
			respond_json_text_raw(&metrics->text, value, length);
		}
		value += length > 0 ? length : 1;
	}
}

/* Name and labels of a sample; le NULL: it is not of a bucket. */
static void
put_sample(MetricText *metrics, const char *suffix, const MetricLabel *labels, const char *le)
{
	const char *before = "{";

	put(metrics, metrics->family->name);
	put(metrics, suffix);
	for (const MetricLabel *label = labels; label->name != NULL; label++)
	{
		put(metrics, before);
		put(metrics, label->name);
		put(metrics, "=\"");
		put_label_value(metrics, label->value);
		put(metrics, "\"");
		before = ",";
	}
	if (le != NULL)
	{
		put(metrics, before);
		put(metrics, "le=\"");
		put(metrics, le);
		put(metrics, "\"");
		before = ",";
	}
	put(metrics, before[0] == '{' ? " " : "} ");
}

static void
put_number(MetricText *metrics, uint64_t value)
{
	char		text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	put(metrics, text);
}

static const char *
suffix_of(const MetricText *metrics)
{
	return metrics->family->type == METRIC_COUNTER ? "_total" : "";
}

void
respond_metric_text_number(MetricText *metrics, const MetricLabel *labels, uint64_t value)
{
	put_sample(metrics, suffix_of(metrics), labels, NULL);
	put_number(metrics, value);
}

void
respond_metric_text_seconds(MetricText *metrics, const MetricLabel *labels, double value)
{
	char		text[64];

	put_sample(metrics, suffix_of(metrics), labels, NULL);
	snprintf(text, sizeof(text), "%.6f\n", value);
	put(metrics, text);
}

void
respond_metric_text_info(MetricText *metrics, const MetricLabel *labels)
{
	put_sample(metrics, "_info", labels, NULL);
	put_number(metrics, 1);
}

/* Microseconds as seconds, in the shortest way, with at least one digit behind the point. */
static void
write_seconds(char *text, size_t room, uint64_t microseconds)
{
	size_t		length;

	snprintf(text, room, "%" PRIu64 ".%06" PRIu64, microseconds / 1000000, microseconds % 1000000);
	length = strlen(text);
	while (text[length - 1] == '0' && text[length - 2] != '.')
		text[--length] = '\0';
}

void
respond_metric_text_histogram(MetricText *metrics, const MetricLabel *labels, const uint64_t *bounds,
							  int bound_count, const uint64_t *counts, uint64_t sum)
{
	uint64_t	total = 0;
	char		text[64];

	for (int i = 0; i <= bound_count; i++)
	{
		total += counts[i];
		if (i < bound_count)
			write_seconds(text, sizeof(text), bounds[i]);
		put_sample(metrics, "_bucket", labels, i < bound_count ? text : "+Inf");
		put_number(metrics, total);
	}
	put_sample(metrics, "_count", labels, NULL);
	put_number(metrics, total);
	put_sample(metrics, "_sum", labels, NULL);
	write_seconds(text, sizeof(text), sum);
	put(metrics, text);
	put(metrics, "\n");
}

void
respond_metric_text_end(MetricText *metrics)
{
	if (metrics->open)
		put(metrics, "# EOF\n");
}

static const char *
skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Whether the media range at text is this one, in any case; a parameter or the end follows it. */
static bool
range_is(const char *text, const char *range)
{
	size_t		length = strlen(range);

	return respond_ascii_begins(text, range) && (text[length] == '\0' || strchr(" \t;,", text[length]) != NULL);
}

/* A weight of RFC 9110, in thousandths; 0 for what is none. */
static int
thousandths(const char *text)
{
	int			value = *text == '1' ? 1000 : 0;

	if ((text[0] != '0' && text[0] != '1') || text[1] != '.')
		return value;
	text += 2;
	for (int scale = 100; scale > 0 && *text >= '0' && *text <= '9'; scale /= 10)
		value += (*text++ - '0') * scale;
	return value < 1000 ? value : 1000;
}

/* The weight among the parameters of a range, in thousandths; 1,000 when there is none. */
static int
weight_of(const char *range)
{
	const char *end = range + strcspn(range, ",");
	const char *parameter = memchr(range, ';', (size_t) (end - range));
	int			weight = 1000;

	while (parameter != NULL)
	{
		const char *name = skip_blanks(parameter + 1);

		if ((name[0] == 'q' || name[0] == 'Q') && name[1] == '=')
			weight = thousandths(name + 2);
		parameter = memchr(name, ';', (size_t) (end - name));
	}
	return weight;
}

bool
respond_metric_text_wants_open(const char *accept)
{
	int			open = -1;
	int			plain = -1;
	int			any = -1;

	if (accept == NULL)
		return true;
	for (const char *range = skip_blanks(accept); *range != '\0';)
	{
		int			weight = weight_of(range);

		if (range_is(range, "application/openmetrics-text"))
			open = weight > open ? weight : open;
		else if (range_is(range, "text/plain"))
			plain = weight > plain ? weight : plain;
		else if (range_is(range, "*/*"))
			any = weight > any ? weight : any;
		range += strcspn(range, ",");
		range = *range == ',' ? skip_blanks(range + 1) : range;
	}
	/* a range that is named counts for more than any */
	open = open >= 0 ? open : any;
	plain = plain >= 0 ? plain : any;
	return open >= plain;
}
