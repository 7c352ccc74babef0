/*-------------------------------------------------------------------------
 * fuzz_cloud_event.c
 *	  Every text becomes a URI-reference and a String of CloudEvents.
 *
 * Input: a text.  Checked besides memory: what comes out matches the grammar
 * of RFC 3986, written down again as a regular expression, and is a value
 * that stays as it is.
 *
 * test/fuzz/fuzz_cloud_event.c
 *-------------------------------------------------------------------------
 */
/* links: src/common/cloud_event_value.c */
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cloud_event_value.h"

#define PCT			"%[0-9A-Fa-f][0-9A-Fa-f]"
#define REST		"A-Za-z0-9._~!$&'()*+,;="
#define PCHAR		"([" REST ":@-]|" PCT ")"
#define NO_COLON	"([" REST "@-]|" PCT ")"
#define REG_NAME	"([" REST "-]|" PCT ")*"
#define AUTHORITY	"(([" REST ":-]|" PCT ")*@)?(\\[[0-9A-Fa-f:.]+\\]|" REG_NAME ")(:[0-9]*)?"
#define SEGMENTS	"(/" PCHAR "*)*"
#define ABSOLUTE	"/(" PCHAR "+" SEGMENTS ")?"
#define TAIL		"(\\?(" PCHAR "|[/?])*)?(#(" PCHAR "|[/?])*)?"
#define REFERENCE	"^(([A-Za-z][A-Za-z0-9+.-]*:)(//" AUTHORITY SEGMENTS "|" ABSOLUTE "|" PCHAR "+" SEGMENTS ")?|" \
	"//" AUTHORITY SEGMENTS "|" ABSOLUTE "|" NO_COLON "+" SEGMENTS ")?" TAIL "$"

/* The regular expressions of the C library are slow. */
#define LONGEST		200

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
insist(bool condition, const char *what, const char *text)
{
	if (!condition)
	{
		fprintf(stderr, "violated: %s: %s\n", what, text);
		abort();
	}
}

static bool
is_reference(const char *text)
{
	static regex_t expression;
	static bool compiled = false;

	if (!compiled)
	{
		insist(regcomp(&expression, REFERENCE, REG_EXTENDED | REG_NOSUB) == 0, "the grammar compiles", REFERENCE);
		compiled = true;
	}
	return regexec(&expression, text, 0, NULL, 0) == 0;
}

static char *
convert(size_t (*function) (const char *, size_t, char *), const char *text, size_t length)
{
	char	   *out = malloc(RESPOND_CLOUD_EVENT_ROOM(length));

	insist(function(text, length, out) == strlen(out), "a length is that of what is written", out);
	return out;
}

static void
try(size_t (*function) (const char *, size_t, char *), const char *text, size_t length, bool reference)
{
	char	   *once = convert(function, text, length);
	char	   *twice = convert(function, once, strlen(once));

	insist(strcmp(once, twice) == 0, "a value stays as it is", once);
	if (reference && length <= LONGEST)
		insist(is_reference(once), "a source is a URI-reference", once);
	for (const char *at = once; *at != '\0'; at++)
		insist((unsigned char) *at >= 0x20 && *at != 0x7F, "there are no control characters", once);
	free(once);
	free(twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	/* texts of the database hold no NUL */
	if (memchr(data, '\0', size) != NULL)
		return 0;
	text = malloc(size > 0 ? size : 1);
	memcpy(text, data, size);
	try(respond_uri_reference, text, size, true);
	try(respond_cloud_event_string, text, size, false);
	free(text);
	return 0;
}
