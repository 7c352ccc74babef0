/* links: src/wire/http_header.c src/wire/mail_text.c */
/*-------------------------------------------------------------------------
 * test_http_header.c
 *	  Headers of HTTP: nothing gets in, CloudEvents' values are encoded.
 *
 * test/unit/test_http_header.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "wire/http_header.h"

static void
check_header(void)
{
	const char *bad_name = "has a character in its name that is not allowed";
	const char *bad_value = "has a control character in its value";

	check_string(respond_http_header_check("X-Api-Key!#$%&'*+.^_`|~09", "a \t\xc3\xa4~"), NULL, "a legal header");
	check_string(respond_http_header_check("X", ""), NULL, "an empty value");
	check_string(respond_http_header_check("", "a"), "has an empty name", "an empty name");
	check_string(respond_http_header_check(NULL, "a"), "has an empty name", "no name");
	for (const char *at = " \t\r\n:;,\"(){}[]<>@/\\?=\x7f\x80\xff"; *at != '\0'; at++)
	{
		char		name[] = {'X', *at, '\0'};

		check_string(respond_http_header_check(name, "a"), bad_name, "a name with what is not of a token");
	}
	check_string(respond_http_header_check("X", "a\r\nHost: b"), bad_value, "CR LF in a value");
	check_string(respond_http_header_check("X", "a\nb"), bad_value, "LF in a value");
	check_string(respond_http_header_check("X", "a\rb"), bad_value, "CR in a value");
	check_string(respond_http_header_check("X", "\x01"), bad_value, "a control character");
	check_string(respond_http_header_check("X", "\x7f"), bad_value, "DEL");
}

static void
check_cloudevents(void)
{
	MailText	out = {0};

	/* The example of the CloudEvents HTTP binding 1.0.2, section 3.1.3.2. */
	respond_http_header_cloudevents("Euro \xe2\x82\xac \xf0\x9f\x98\x80", &out);
	check_string(respond_mail_text_string(&out), "Euro%20%E2%82%AC%20%F0%9F%98%80", "the published example");
	respond_mail_text_reset(&out);
	respond_http_header_cloudevents("!~\"%\r\n\x7f", &out);
	check_string(respond_mail_text_string(&out), "!~%22%25%0D%0A%7F", "what must be encoded, and the ends of the range");
	respond_mail_text_reset(&out);
	respond_http_header_cloudevents("", &out);
	check_string(respond_mail_text_string(&out), "", "an empty value");
	respond_mail_text_free(&out);
}

int
main(void)
{
	check_header();
	check_cloudevents();
	return check_done();
}
