/*-------------------------------------------------------------------------
 * test_cloud_event_value.c
 *	  Sources become URI-references, texts Strings of CloudEvents.
 *
 * test/unit/test_cloud_event_value.c
 *-------------------------------------------------------------------------
 */
/* links: src/common/cloud_event_value.c */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "common/cloud_event_value.h"

static const struct
{
	const char *text;
	const char *expected;		/* NULL: the same */
}			references[] = {
	{"/desk", NULL}, {"https://shop.example/orders?x=1#top", NULL}, {"urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", NULL},
	{"mailto:cncf@example.org", NULL}, {"cloudevents/spec/pull/123", NULL}, {"1-555-123-4567", NULL}, {"//host:8080/x", NULL},
	{"https://user:word@host:1/", NULL}, {"http://[2001:db8::1]:80/x", NULL}, {"/a:b@c", NULL}, {"a%20b", NULL}, {"?q", NULL}, {"#f", NULL},
	{"", NULL}, {"//", NULL}, {"http://host", NULL}, {"tel:+1", NULL}, {"./a:b", NULL},
	{"my database", "my%20database"}, {"/m\xc3\xbcnchen", "/m%C3%BCnchen"}, {"/100%", "/100%25"}, {"/a%2", "/a%252"}, {"/a%zz", "/a%25zz"},
	{"/a\"<>\\^`{|}", "/a%22%3C%3E%5C%5E%60%7B%7C%7D"}, {"/a[1]", "/a%5B1%5D"}, {"#a#b", "#a%23b"}, {"/x#a#b", "/x#a%23b"},
	{"1a:b", "1a%3Ab"}, {":a", "%3Aa"}, {"my db:x/y:z", "my%20db%3Ax/y:z"}, {"a b:c?d:e", "a%20b%3Ac?d:e"},
	{"//a:b/c", "//a%3Ab/c"}, {"//a@b@c/d", "//a%40b@c/d"}, {"//[x]/d", "//%5Bx%5D/d"}, {"//[::1", "//%5B%3A:1"}, {"//h:", NULL},
	{"http://h h/", "http://h%20h/"}, {"/\x01\x7f\n", "/%01%7F%0A"}, {"C:\\data", "C:%5Cdata"}, {"\xff", "%FF"},
};

static const struct
{
	const char *text;
	const char *expected;
}			strings[] = {
	{"order/42", NULL}, {"", NULL}, {"\xc3\x9cnit \"1\" 100%", NULL}, {"\xf0\x9f\x98\x80", NULL}, {"\xc2\xa0", NULL}, {"\xef\xbf\xbd", NULL},
	{"a\nb\t\x1f\x7f", "a%0Ab%09%1F%7F"}, {"\xc2\x80\xc2\x9f", "%C2%80%C2%9F"}, {"\xef\xb7\x90\xef\xb7\xaf\xef\xb7\xb0", "%EF%B7%90%EF%B7%AF\xef\xb7\xb0"},
	{"\xef\xbf\xbe\xef\xbf\xbf", "%EF%BF%BE%EF%BF%BF"}, {"\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf", "%F0%9F%BF%BE%F4%8F%BF%BF"},
};

static void
check_value(size_t (*function) (const char *, size_t, char *), const char *text, const char *expected)
{
	size_t		length = strlen(text);
	char	   *copy = malloc(length > 0 ? length : 1);
	char	   *out = malloc(RESPOND_CLOUD_EVENT_ROOM(length));

	/* without a NUL behind it, so that a sanitizer sees who reads too far */
	memcpy(copy, text, length);
	check(function(copy, length, out) == strlen(out), "length of \"%s\"", text);
	check_string(out, expected != NULL ? expected : text, "value of a text");
	free(copy);
	copy = strdup(out);
	out = realloc(out, RESPOND_CLOUD_EVENT_ROOM(strlen(copy)));
	function(copy, strlen(copy), out);
	check_string(out, copy, "what is a value stays as it is");
	free(copy);
	free(out);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		check_value(respond_uri_reference, references[i].text, references[i].expected);
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		check_value(respond_cloud_event_string, strings[i].text, strings[i].expected);
	return check_done();
}
