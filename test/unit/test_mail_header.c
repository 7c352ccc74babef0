/* links: test/unit/mail_decode.c src/wire/mail_header.c src/wire/mail_line.c src/wire/mail_address.c src/template/template_shield.c
   src/wire/mail_text.c src/wire/http_header.c */
/* libs: -lidn2 */
/*-------------------------------------------------------------------------
 * test_mail_header.c
 *	  Headers of mail: what is written reads back, nothing gets in.
 *
 * test/unit/test_mail_header.c
 *-------------------------------------------------------------------------
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"
#include "wire/mail_header.h"
#include "mail_decode.h"

#define ROUNDS		20000
#define TEXT_SIZE	2000

static uint32_t seed = 20260101;

static uint32_t
draw(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

/* The header of a text, "refused: REASON", both until the next call. */
static const char *
text_header(const char *name, const char *value)
{
	static MailText out;
	const char *reason;

	respond_mail_text_reset(&out);
	reason = respond_mail_header_text(name, value, &out);
	if (reason != NULL)
	{
		check(out.length == 0, "a refused header appends nothing");
		respond_mail_text_append_string(&out, "refused: ");
		respond_mail_text_append_string(&out, reason);
	}
	return respond_mail_text_string(&out);
}

/* The header of the addresses that a text holds, or its error. */
static const char *
make_address_header(const char *name, const char *text, bool in_ascii)
{
	static MailText out;
	MailAddresses list;
	const char *reason = NULL;

	respond_mail_text_reset(&out);
	if (respond_mail_addresses_parse(text, MAIL_ADDRESSES_MOST, &list))
	{
		list.in_ascii = in_ascii;
		reason = respond_mail_header_addresses(name, &list, &out);
	}
	else
		reason = list.error;
	if (reason != NULL)
		respond_mail_text_append_string(&out, reason);
	respond_mail_addresses_free(&list);
	return respond_mail_text_string(&out);
}

static const char *
address_header(const char *name, const char *text)
{
	return make_address_header(name, text, false);
}

static const char *
ascii_header(const char *name, const char *text)
{
	return make_address_header(name, text, true);
}

static void
check_text(void)
{
	check_string(text_header("Subject", "Payment failed"), "Subject: Payment failed", "ASCII stays");
	check_string(text_header("Subject", ""), "Subject: ", "an empty text");
	check_string(text_header("Subject", "a\tb"), "Subject: a b", "a tab becomes a space");
	check_string(text_header("Subject", "Zahlung f\xc3\xbcr M\xc3\xbcller"),
				 "Subject: =?UTF-8?Q?Zahlung_f=C3=BCr_M=C3=BCller?=", "few umlauts are shorter in Q");
	check_string(text_header("Subject", "\xd0\x9f\xd0\xbb\xd0\xb0\xd1\x82\xd1\x91\xd0\xb6"),
				 "Subject: =?UTF-8?B?0J/Qu9Cw0YLRkdC2?=", "Cyrillic is shorter in B");
	check_string(text_header("Subject", "see =?UTF-8?Q?x?="), "Subject: =?UTF-8?B?c2VlID0/VVRGLTg/UT94Pz0=?=",
				 "what looks like an encoded word is encoded");
	check_string(text_header("Subject", " x "), "Subject: =?UTF-8?Q?_x_?=", "white space at the ends is kept");
	check_string(text_header("Subject", "100% a=b \"c\" <d>"), "Subject: 100% a=b \"c\" <d>",
				 "ASCII specials need nothing in a text");
}

static void
check_refusals(void)
{
	static const char *const controls[] = {"a\rb", "a\nb", "a\r\nBcc: x@y", "a\x01" "b", "\x7f", "\x1b[31m",
	"a\xc2\x85" "b", "a\xc2\x9f"};
	static const char *const broken[] = {"\xff", "\xc3", "a\x80", "\xc0\x8a", "\xe0\x80\x8a", "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "\xf0\x80\x80\x8a", "\xe2\x82", "\xf0\x9f\x98"};
	char		with_nul[] = "a\0\r\nBcc: x@y";
	char		name[100];

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		check_string(text_header("Subject", controls[i]), "refused: holds a control character",
					 "a control character is refused");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		check_string(text_header("Subject", broken[i]), "refused: is not UTF-8", "bytes that are not UTF-8 are refused");
	check_string(text_header("Subject", with_nul), "Subject: a", "nothing behind a NUL gets in");
	check_string(text_header("Sub:ject", "a"), "refused: has a character in its name that is not allowed",
				 "the name is checked");
	check_string(text_header("X\r\nBcc", "a"), "refused: has a character in its name that is not allowed",
				 "line breaks in the name");
	check_string(text_header("", "a"), "refused: has an empty name", "an empty name");
	memset(name, 'X', sizeof(name));
	name[MAIL_HEADER_NAME_LONGEST + 1] = '\0';
	check_string(text_header(name, "a"), "refused: has a name of more than 70 characters", "a long name");
	name[MAIL_HEADER_NAME_LONGEST] = '\0';
	check(mail_find_fault(text_header(name, "\xc3\xa4\xc3\xb6\xc3\xbc"), 76) == NULL,
		  "the longest name leaves the lines short");
}

/* Encodes and decodes, and compares; says what went wrong. */
static const char *
find_text_fault(const char *value, size_t longest)
{
	const char *header = text_header("Subject", value);
	const char *fault = mail_find_fault(header, longest);
	char	   *decoded;

	if (fault == NULL && strncmp(header, "Subject: ", 9) != 0 && strncmp(header, "Subject:\r\n ", 11) != 0)
		fault = "no header";
	if (fault != NULL)
		return fault;
	decoded = mail_decode_text(header);
	if (strcmp(decoded, value) != 0)
		fault = "another text comes back";
	free(decoded);
	return fault;
}

static void
check_long_text(void)
{
	char		text[5000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 7 == 6 ? ' ' : 'a';
	text[sizeof(text) - 1] = '\0';
	check_string(find_text_fault(text, 998), NULL, "long ASCII is folded at white space");
	check(strstr(text_header("Subject", text), "=?") == NULL, "and not encoded");
	text[998 - 9] = '\0';
	text[997 - 9] = 'a';
	check(strchr(text_header("Subject", text), '\r') == NULL && find_text_fault(text, 998) == NULL,
		  "998 characters are one line");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 901 == 900 ? ' ' : 'a';
	text[sizeof(text) - 1] = '\0';
	check_string(find_text_fault(text, 998), NULL, "words of 900 characters are folded");
	memset(text, 'a', sizeof(text) - 1);
	check_string(find_text_fault(text, 76), NULL, "an ASCII word that no line holds is encoded");
	memset(text + 1, ' ', sizeof(text) - 3);
	check_string(find_text_fault(text, 76), NULL, "so are spaces that no line holds");
}

/* Draws text without control characters; kind says what of. */
static size_t
draw_text(char *out, uint32_t characters, uint32_t kind)
{
	static const char *const pieces[] = {" ", "  ", "=?", "?=", "=?UTF-8?Q?a?=", "_", "=", "\"", "\\", ",", "a", "Z",
	"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf", "\xc2\xa0", "@", "<", ">", "(", ";", ":"};
	size_t		length = 0;

	while (characters-- > 0)
	{
		uint32_t	code = draw(kind == 0 ? 0x60 : kind == 1 ? 0x500 : 0x110000) + 0x20;
		const char *piece = pieces[draw(sizeof(pieces) / sizeof(pieces[0]))];

		if (kind == 3 || (code >= 0x7F && code < 0xA0) || (code >= 0xD800 && code < 0xE000) || code >= 0x110000)
			length += (size_t) (stpcpy(out + length, piece) - (out + length));
		else if (code < 0x80)
			out[length++] = (char) code;
		else
		{
			if (code < 0x800)
				out[length++] = (char) (0xC0 | code >> 6);
			else
			{
				if (code < 0x10000)
					out[length++] = (char) (0xE0 | code >> 12);
				else
				{
					out[length++] = (char) (0xF0 | code >> 18);
					out[length++] = (char) (0x80 | (code >> 12 & 0x3F));
				}
				out[length++] = (char) (0x80 | (code >> 6 & 0x3F));
			}
			out[length++] = (char) (0x80 | (code & 0x3F));
		}
	}
	out[length] = '\0';
	return length;
}

static void
check_random_text(void)
{
	char		text[TEXT_SIZE];
	const char *fault = NULL;

	for (int round = 0; round < ROUNDS && fault == NULL; round++)
	{
		uint32_t	kind = draw(4);

		draw_text(text, draw(draw(8) == 0 ? 140 : 30), kind);
		fault = find_text_fault(text, strstr(text_header("Subject", text), "=?") == NULL ? 998 : 76);
	}
	if (!check(fault == NULL, "random texts come back as they were, in legal lines"))
		printf("# %s: \"%s\" is written %s\n", fault, text, text_header("Subject", text));
}

static void
check_address_header(void)
{
	MailAddresses list = {0};
	MailText	out = {0};
	char		name[] = "Ada\r\nBcc: x@y";
	char		address[] = "a@b\r\nDATA";

	check_string(address_header("To", "a@b"), "To: a@b", "an address alone");
	check_string(address_header("To", "<a@b>, c@d"), "To: a@b, c@d", "two of them");
	check_string(address_header("From", "Ada King <a@b>"), "From: Ada King <a@b>", "atoms stay");
	check_string(address_header("From", "King, Ada <a@b>"), "\"King\" is not a mail address: it has no @", "a comma needs quotes");
	check_string(address_header("From", "J. King <a@b>"), "From: \"J. King\" <a@b>", "a full stop is quoted");
	check_string(address_header("From", "\"a \\\"b\\\" \\\\c\" <a@b>"), "From: \"a \\\"b\\\" \\\\c\" <a@b>",
				 "quotes and backslashes are escaped");
	check_string(address_header("Cc", "M\xc3\xbcller <a@b>"), "Cc: =?UTF-8?Q?M=C3=BCller?= <a@b>", "an umlaut is encoded");
	check_string(address_header("Cc", "\"=?UTF-8?Q?x?=\" <a@b>"),
				 "Cc: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <a@b>", "so is what looks encoded");
	check_string(address_header("To", "b\xc3\xbc" "cher@b\xc3\xbc" "cher.example"), "To: b\xc3\xbc" "cher@xn--bcher-kva.example",
				 "a domain is ASCII, a local part as it is");
	check_string(ascii_header("To", "M\xc3\xbcller <m\xc3\xbc@x.example>, a@x.example"),
				 "To: =?UTF-8?B?TcO8bGxlciBtw7xAeC5leGFtcGxl?= :;, a@x.example", "where the header must be ASCII it is to be read only");
	check_string(address_header("To", "Somebody With A Name <somebody@a-domain.example>, "
								"Another <another@a-domain.example>"),
				 "To: Somebody With A Name <somebody@a-domain.example>, Another\r\n <another@a-domain.example>",
				 "a long list is folded");

	list.count = 1;
	list.items[0].address = address;
	check_string(respond_mail_header_addresses("To", &list, &out), "holds an address that is not legal",
				 "a list made by hand is checked");
	address[3] = '\0';
	list.items[0].name = name;
	check_string(respond_mail_header_addresses("To", &list, &out), "holds a name that is not legal", "its names too");
	list.count = 0;
	check_string(respond_mail_header_addresses("To", &list, &out), "holds no mail address", "an empty list");
	check(out.length == 0, "refused lists append nothing");
	respond_mail_text_free(&out);
}

/* Names of any text, made by hand, come back beside their addresses. */
static void
check_random_addresses(void)
{
	static MailAddresses list;
	static char names[MAIL_ADDRESSES_MOST][TEXT_SIZE];
	static char addresses[MAIL_ADDRESSES_MOST][40];
	static char expected[MAIL_ADDRESSES_MOST * TEXT_SIZE];
	MailText	out = {0};
	const char *fault = NULL;

	for (int round = 0; round < ROUNDS && fault == NULL; round++)
	{
		size_t		length = 0;
		char	   *decoded;

		list.count = 1 + (int) draw(draw(20) == 0 ? 100 : 3);
		for (int i = 0; i < list.count; i++)
		{
			draw_text(names[i], draw(draw(20) == 0 ? 100 : 20), draw(4));
			snprintf(addresses[i], sizeof(addresses[i]), "u%u@d%u.example", draw(1000), draw(1000000));
			list.items[i].name = names[i];
			list.items[i].address = addresses[i];
			length += (size_t) snprintf(expected + length, sizeof(expected) - length, "%s|%s\n",
										names[i], addresses[i]);
		}
		respond_mail_text_reset(&out);
		fault = respond_mail_header_addresses("Reply-To", &list, &out);
		if (fault == NULL)
			fault = mail_find_fault(respond_mail_text_string(&out), 76);
		if (fault != NULL)
			break;
		decoded = mail_decode_addresses(respond_mail_text_string(&out));
		if (strcmp(decoded, expected) != 0)
			fault = "others come back";
		free(decoded);
	}
	if (!check(fault == NULL, "random names come back as they were, in legal lines"))
		printf("# %s: %s\n", fault, respond_mail_text_string(&out));
	respond_mail_text_free(&out);
}

static void
check_date(int64_t seconds, const char *expected)
{
	MailText	out = {0};

	check(respond_mail_header_date(seconds, &out) == NULL, "a date is written");
	check_string(respond_mail_text_string(&out), expected, expected);
	respond_mail_text_free(&out);
}

static void
check_dates(void)
{
	/* A locale with other names of days, where the machine has one. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	check_date(0, "Date: Thu, 01 Jan 1970 00:00:00 +0000");
	check_date(-1, "Date: Wed, 31 Dec 1969 23:59:59 +0000");
	check_date(784111777, "Date: Sun, 06 Nov 1994 08:49:37 +0000");
	check_date(951782399, "Date: Mon, 28 Feb 2000 23:59:59 +0000");
	check_date(951782400, "Date: Tue, 29 Feb 2000 00:00:00 +0000");
	check_date(951868800, "Date: Wed, 01 Mar 2000 00:00:00 +0000");
	check_date(4107542399, "Date: Sun, 28 Feb 2100 23:59:59 +0000");
	check_date(4107542400, "Date: Mon, 01 Mar 2100 00:00:00 +0000");
	check_date(INT64_MIN, "Date: Mon, 01 Jan 1900 00:00:00 +0000");
	check_date(INT64_MAX, "Date: Fri, 31 Dec 9999 23:59:59 +0000");
	setlocale(LC_ALL, "C");
}

/* Every day from 1900 to 2400 has the date of the one before, plus a day. */
static void
check_calendar(void)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const char *const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char *const names = "MonTueWedThuFriSatSun";
	int64_t		seconds = INT64_C(-2208988800) + 43200;
	MailText	out = {0};
	char		expected[64];
	bool		all = true;
	int			weekday = 0;

	for (int year = 1900; year < 2400; year++)
	{
		for (int month = 0; month < 12; month++)
		{
			bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

			for (int day = 1; day <= days[month] + (month == 1 && leap); day++)
			{
				snprintf(expected, sizeof(expected), "Date: %.3s, %02d %.3s %d 12:00:00 +0000",
						 names + 3 * weekday, day, months + 3 * month, year);
				respond_mail_text_reset(&out);
				respond_mail_header_date(seconds, &out);
				all = all && strcmp(respond_mail_text_string(&out), expected) == 0;
				seconds += 86400;
				weekday = (weekday + 1) % 7;
			}
		}
	}
	check(all, "each day of five centuries has its date");
	respond_mail_text_free(&out);
}

/* A text that failed stays as it is and is reported by whoever writes to it. */
static void
check_memory(void)
{
	MailText	out = {0};
	MailAddresses list;

	respond_mail_text_append_string(&out, "x");
	out.failed = true;
	respond_mail_text_append_string(&out, "y");
	check_string(respond_mail_text_string(&out), "x", "nothing is appended after a failure");
	check(respond_mail_header_text("Subject", "a", &out) != NULL &&
		  respond_mail_header_text("Subject", "\xc3\xa4", &out) != NULL &&
		  respond_mail_header_date(0, &out) != NULL, "headers report it");
	check(respond_mail_addresses_parse("A <a@b>", 1, &list), "a list to write");
	check(respond_mail_header_addresses("To", &list, &out) != NULL, "so does a header of addresses");
	respond_mail_addresses_free(&list);
	respond_mail_text_append(&out, "", SIZE_MAX / 2);
	respond_mail_text_reset(&out);
	check(!out.failed && out.length == 0, "a reset forgets it");
	respond_mail_text_append(&out, "", SIZE_MAX / 2);
	check(out.failed && out.length == 0, "more than there can be fails");
	respond_mail_text_free(&out);
}

int
main(void)
{
	check_text();
	check_refusals();
	check_long_text();
	check_random_text();
	check_address_header();
	check_random_addresses();
	check_dates();
	check_calendar();
	check_memory();
	return check_done();
}
