/* links: src/secret/secret_match.c */
/*-------------------------------------------------------------------------
 * test_secret_match.c
 *	  A secret is found in a text, however that quotes it.
 *
 * test/unit/test_secret_match.c
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "secret/secret_match.h"

/* As base64 has them, and what JSON, HTML and urls have to quote. */
#define SECRET	"Ka+na/rie=\"<g>&'h\\z é %x"

static void
check_length(size_t actual, size_t expected, const char *name)
{
	if (!check(actual == expected, "%s", name))
		printf("#   got:      %zu\n#   expected: %zu\n", actual, expected);
}

static void
check_found(const char *secret, const char *text, const char *message)
{
	size_t		length = strlen(text);
	char	   *copy = malloc(length > 0 ? length : 1);

	/* without a NUL behind it, so that the sanitizers see who reads too far */
	memcpy(copy, text, length);
	check_length(respond_secret_match(secret, copy, length), length, message);
	free(copy);
}

static void
check_not_found(const char *secret, const char *text, const char *message)
{
	check_length(respond_secret_match(secret, text, strlen(text)), 0, message);
}

/* Each byte of the secret as the format has it; harmless ones only when all are wanted. */
static void
check_format(const char *format, bool all, const char *message)
{
	char		text[1024];
	size_t		length = 0;

	for (const unsigned char *s = (const unsigned char *) SECRET; *s != '\0'; s++)
	{
		bool		plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

		length += snprintf(text + length, sizeof(text) - length, plain && !all ? "%c" : format, *s);
	}
	check_found(SECRET, text, message);
}

static void
check_quoted(void)
{
	check_found(SECRET, SECRET, "as it is");
	check_found(SECRET, "kA+NA/RIE=\"<G>&'H\\Z é %X", "in the other case");
	check_format("%%%02X", false, "urlencoded");
	check_format("%%%02x", true, "urlencoded, every byte, in lower case");
	check_format("%%25%02X", true, "urlencoded twice");
	check_format("%%2525%02x", false, "urlencoded three times");
	check_format("=%02X", true, "quoted-printable");
	check_format("\\x%02x", true, "as bytes of a string of Python");
	check_format("\\%03o", true, "with octal numbers");
	check_found(SECRET, "Ka\\u002Bna\\/rie=\\u0022\\u003cg\\u003e\\u0026\\u0027h\\\\z \\u00e9 %x", "JSON of careful libraries");
	check_found(SECRET, "Ka+na/rie=\\\\\\\"<g>&'h\\\\\\\\z é %x", "JSON within JSON");
	check_found(SECRET, "Ka\\u{2b}na/rie=\\\"<g>&\\'h\\x5cz \\u{E9} %x", "JavaScript");
	check_found(SECRET, "Ka&#43;na&#x2F;rie&#x3D;&#34;&lt;g&gt;&amp;&#39;h&#92;z &#233; %x", "HTML");
	check_found(SECRET, "Ka&plus;na&sol;rie&equals;&quot;&lt;g&gt;&amp;&apos;h&bsol;z &#xe9; &percnt;x", "HTML by names");
	check_found(SECRET, "Ka+na/rie=&amp;quot;&amp;lt;g&amp;gt;&amp;amp;&amp;#39;h\\z é %x", "HTML within HTML");
	check_found(SECRET, "Ka%2Bna%2Frie%3D%22%3Cg%3E%26%27h%5Cz+%C3%A9+%25x", "a form");
	check_found(SECRET, "Ka-na_rie=\"<g>&'h\\z é %x", "base64 for urls");
	check_found(SECRET, "Ka na/rie=\"<g>&'h\\z é %x", "a plus that was taken for a space");
	check_found("a😀b😀c", "a\\ud83d\\ude00b\\\\uD83D\\\\uDE00c", "a character beyond U+FFFF in JSON");
	check_found("a😀bcd", "a&#128512;bcd", "and in HTML");
	check_found("100%25abc", "100%25abc", "a secret that looks as if it were quoted");
	check_found("a\\u0041b", "a\\\\u0041b", "the same in JSON");
	check_found("\\\\ab\\", "\\ab\\", "backslashes that were halved");
	check_found("xu0075b", "xu0075b", "no quoting where there is none");
}

static void
check_broken(void)
{
	const char	utf16[] = "k\0a\0n\0a\0r\0i\0e";

	check_found("abcdefgh", "abcd\r\n  efgh", "a line that was folded");
	check_found("abcdefgh", "abcd\\nef\\r\\ngh", "in JSON");
	check_found("abcdefgh", "abcd=\r\nefgh", "in quoted-printable");
	check_found("ab==\x20!c", "a b = =   ! c", "white space between any two");
	check_found("61626364", "61 62\n63 64", "a dump");
	check_found("97,98,99", "97, 98, 99", "a list");
	check_length(respond_secret_match("kanarie", utf16, sizeof(utf16) - 1), sizeof(utf16) - 1, "UTF-16");
	check_found("abcdefgh", "abcd", "the beginning, when the text ends there");
	check_found("abcdefgh", "abcd\n", "with white space behind it");
	check_found("abcd+fgh", "abcd\\u00", "and with half a character");
	check_found("abcd+fgh", "abcd&#", "of HTML");
	check_not_found("abcdefgh", "abc", "less is nothing");
	check_not_found("abcdefgh", "abcdx", "nor is what goes on otherwise");
	check_not_found("abcdefgh", "xabcdefgh", "nor what begins later");
	check_not_found("abcdefgh", "", "nor nothing");
}

/* Runs without end are not followed to it. */
static void
check_runs(void)
{
	static const char *const runs[] = {"\\", "&amp;", "%25", "a ", "=", "&#0", "\\u", "% "};
	char	   *text = malloc(300001);

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
	{
		size_t		found = 0;

		for (size_t at = 0; at < 300000; at++)
			text[at] = runs[i][at % strlen(runs[i])];
		for (size_t at = 0; at < 300000 - 64; at++)
			found += respond_secret_match("aaaaaa\\b&c%d", text + at, 300000 - at);
		check_length(found, 0, runs[i]);
	}
	free(text);
}

int
main(void)
{
	check_quoted();
	check_broken();
	check_runs();
	return check_done();
}
