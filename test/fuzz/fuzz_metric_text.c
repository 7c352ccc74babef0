/*-------------------------------------------------------------------------
 * fuzz_metric_text.c
 *	  Whatever a label says, a sample is one line from which it is read again.
 *
 * Input: the value of a label, and the same bytes as Accept.
 *
 * test/fuzz/fuzz_metric_text.c
 *-------------------------------------------------------------------------
 */
/* links: src/metrics/metric_text.c src/companion/json_text.c src/common/arena.c */
#include <stdlib.h>
#include <string.h>

#include "common/utf8_character.h"
#include "insist.h"
#include "metrics/metric_text.h"

#define HEAD	"# TYPE a gauge\n# HELP a b\na{c=\""
#define TAIL	"\"} 5\n# EOF\n"

/* Reads the escaped value at text, which ends before end, and compares it with what was meant. */
static void
read_again(const char *text, const char *end, const char *meant)
{
	while (text < end)
	{
		size_t		length = respond_utf8_character(text, (size_t) (end - text));
		size_t		meant_length = respond_utf8_character(meant, strlen(meant));

		insist(length > 0, "what comes out is UTF-8");
		insist(*text != '\n' && *text != '"', "a value is one text in one line");
		if (*text == '\\')
		{
			text++;
			insist(*text == 'n' ? *meant == '\n' : *text == *meant && strchr("\\\"", *text) != NULL, "an escape");
			text++;
			meant++;
		}
		else if (meant_length == 0)
		{
			insist(strncmp(text, UTF8_REPLACEMENT, length) == 0, "a byte that is no character");
			text += length;
			meant++;
		}
		else
		{
			insist(length == meant_length && memcmp(text, meant, length) == 0, "a character");
			text += length;
			meant += length;
		}
	}
	insist(*meant == '\0', "all of it is there");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const MetricFamily family = {"a", METRIC_GAUGE, NULL, "b"};
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	char	   *value = respond_arena_copy(arena, (const char *) data, size);
	MetricText	metrics;

	respond_metric_text_begin(&metrics, arena, true);
	respond_metric_text_family(&metrics, &family);
	respond_metric_text_number(&metrics, (MetricLabel[]) {{"c", value}, {NULL}}, 5);
	respond_metric_text_end(&metrics);
	insist(metrics.text.length >= strlen(HEAD TAIL), "nothing is missing");
	insist(memcmp(metrics.text.bytes, HEAD, strlen(HEAD)) == 0, "the head is as ever");
	insist(strcmp(metrics.text.bytes + metrics.text.length - strlen(TAIL), TAIL) == 0, "and so is the end");
	read_again(metrics.text.bytes + strlen(HEAD), metrics.text.bytes + metrics.text.length - strlen(TAIL), value);
	(void) respond_metric_text_wants_open(value);
	respond_arena_destroy(arena);
	return 0;
}
