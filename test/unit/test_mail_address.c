/* links: src/wire/mail_address.c src/template/template_shield.c src/wire/mail_text.c */
/* libs: -lidn2 */
/*-------------------------------------------------------------------------
 * test_mail_address.c
 *	  Lists of mail addresses: what is read, what is refused, and why.
 *
 * test/unit/test_mail_address.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "wire/mail_address.h"

static void
check_parse(const char *text, const char *expected)
{
	MailAddresses list;
	char		found[1000] = "";
	size_t		length = 0;

	if (!respond_mail_addresses_parse(text, MAIL_ADDRESSES_MOST, &list))
	{
		check(list.count == 0, "a refused list is empty");
		length += (size_t) snprintf(found, sizeof(found), "%s", list.error);
	}
	for (int i = 0; i < list.count; i++)
		length += (size_t) snprintf(found + length, sizeof(found) - length, "%s%s|%s", i > 0 ? " + " : "",
									list.items[i].name == NULL ? "-" : list.items[i].name, list.items[i].address);
	respond_mail_addresses_free(&list);
	/* Named by what is expected: the text may hold line breaks. */
	check_string(found, expected, expected);
}

#define NOT(text, reason)	"\"" text "\" is not a mail address: it " reason

static void
check_addresses(void)
{
	check_parse("a@b", "-|a@b");
	check_parse("  a@b  ", "-|a@b");
	check_parse("<a@b>", "-|a@b");
	check_parse("Ada <a@b.example>", "Ada|a@b.example");
	check_parse("Ada<a@b>", "Ada|a@b");
	check_parse("Ada   King < a@b >", "Ada King|a@b");
	check_parse("\"King, Ada\" <a@b>", "King, Ada|a@b");
	check_parse("\"\" <a@b>", "-|a@b");
	check_parse("\"a \\\"b\\\" \\\\c\" <a@b>", "a \"b\" \\c|a@b");
	check_parse("Ada \"the, first\" King <a@b>", "Ada the, first King|a@b");
	check_parse("J. R. (Bob) O'Neil <a@b>", "J. R. (Bob) O'Neil|a@b");
	check_parse("M\xc3\xbcller <m\xc3\xbc@b\xc3\xbc" "cher.example>", "M\xc3\xbcller|m\xc3\xbc@xn--bcher-kva.example");
	check_parse("a@b\xc3\xbc" "cher.example", "-|a@xn--bcher-kva.example");
	check_parse("a@B\xc3\x9c" "CHER.example, b@x.test", "-|a@xn--bcher-kva.example + -|b@x.test");
	check_parse("a@xn--bcher-kva.example", "-|a@xn--bcher-kva.example");
	check_parse("a@\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x80\x82jp", "-|a@xn--wgv71a119e.jp");
	check_parse("a@evil\xef\xbc\x8ctest.example", "\"a@evil\xef\xbc\x8ctest.example\" is not a mail address: it has a domain that cannot be one (IDNA)");
	check_parse("a@\xef\xb9\xa4x\xc3\xa4.example", "\"a@\xef\xb9\xa4x\xc3\xa4.example\" is not a mail address: it has a domain that cannot be one (IDNA)");
	check_parse("a@b, C <c@d>,<e@f>", "-|a@b + C|c@d + -|e@f");
	check_parse(",a@b, ,c@d,", "-|a@b + -|c@d");
	check_parse("a+tag!#$%&'*/?=^_`{|}~-.x@b-c.d", "-|a+tag!#$%&'*/?=^_`{|}~-.x@b-c.d");
	check_parse("a@[192.0.2.1]", "-|a@[192.0.2.1]");
	check_parse("a@b <c@d>", "a@b|c@d");

	check_parse("", "no mail address");
	check_parse(" , ", "no mail address");
	check_parse("x", NOT("x", "has no @"));
	check_parse("a@b, x", NOT("x", "has no @"));
	check_parse("Ada <>", NOT("Ada <>", "is empty"));
	check_parse("@b", NOT("@b", "has nothing before its @"));
	check_parse("a@", NOT("a@", "has nothing after its @"));
	check_parse("a@b@c", NOT("a@b@c", "has more than one @"));
	check_parse("a b@c", NOT("a b@c", "holds a space"));
	check_parse("Ada <a b@c>", NOT("Ada <a b@c>", "holds a space"));
	check_parse("a@b (Ada)", NOT("a@b (Ada)", "holds a space"));
	check_parse("Ada <a@b", NOT("Ada <a@b", "has a < without a >"));
	check_parse("Ada a@b>", NOT("Ada a@b>", "has a > without a <"));
	check_parse("<a@b> Ada", NOT("<a@b> Ada", "has text after its >"));
	check_parse("<a@b> \"Ada\"", NOT("<a@b> \"Ada\"", "has text after its >"));
	check_parse("<a@b><c@d>", NOT("<a@b><c@d>", "has more than one <"));
	check_parse("<<a@b>>", NOT("<<a@b>>", "has a > without a <"));
	check_parse("<a@b, c@d>", NOT("<a@b, c@d>", "holds a space"));
	check_parse("<a@b,c@d>", NOT("<a@b,c@d>", "holds one of < > , ; : \" \\ ( )"));
	check_parse("<@x:a@b>", NOT("<@x:a@b>", "holds one of < > , ; : \" \\ ( )"));
	check_parse("a@b;c@d", NOT("a@b;c@d", "holds a ; (commas separate addresses)"));
	check_parse("Team: a@b, c@d;", NOT("Team: a@b", "holds a : (groups cannot be used)"));
	check_parse("mailto:a@b", NOT("mailto:a@b", "holds a : (groups cannot be used)"));
	check_parse("\"a b\"@c", NOT("\"a b\"@c", "holds a space"));
	check_parse("\"ab\"@c", NOT("\"ab\"@c", "holds one of < > , ; : \" \\ ( )"));
	check_parse("\"Ada <a@b>, c@d", NOT("\"Ada <a@b>, c@d", "has a quote that does not end"));
	check_parse("\"Ada\\\" <a@b>", NOT("\"Ada\\\" <a@b>", "has a quote that does not end"));
	check_parse("=?UTF-8?Q?x=40y?=@b", NOT("=?UTF-8?Q?x=40y?=@b", "holds =?"));
	check_parse("a@.b", NOT("a@.b", "has an empty part in its domain"));
	check_parse("a@b..c", NOT("a@b..c", "has an empty part in its domain"));
	check_parse("a@b.", NOT("a@b.", "has an empty part in its domain"));
	check_parse("a@[b", NOT("a@[b", "holds [ or ] not around its domain"));
	check_parse("a@[]", NOT("a@[]", "holds [ or ] not around its domain"));
	check_parse("[a]@b", NOT("[a]@b", "holds [ or ] not around its domain"));
	check_parse("a@[b]c]", NOT("a@[b]c]", "holds [ or ] not around its domain"));
	check_parse("a@b\r\nRCPT TO:<x@y>", NOT("a@b??RCPT TO:<x@y>", "holds a control character"));
	check_parse("\"Ada\nBcc: x@y\" <a@b>", NOT("\"Ada?Bcc: x@y\" <a@b>", "holds a control character"));
	check_parse("a@b\t", NOT("a@b?", "holds a control character"));
	check_parse("a@b\xc2\x85", NOT("a@b?", "holds a control character"));
	check_parse("\xff@b", NOT("?@b", "is not UTF-8"));
	check_parse("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
				NOT("12345678901234567890123456789012345678901234567890123456789012345678901234567890", "has no @"));
	check_parse("1234567890123456789012345678901234567890123456789012345678901234567890123456789\xc3\xa4",
				NOT("1234567890123456789012345678901234567890123456789012345678901234567890123456789...", "has no @"));
}

static void
check_address_limits(void)
{
	MailAddresses list;
	char		text[1000];
	char		address[400];

	memset(address, 'a', sizeof(address));
	address[64] = '@';
	address[254] = '\0';
	check(respond_mail_address_check(address) == NULL, "64 bytes, @ and a domain of 189 are legal");
	address[254] = 'a';
	address[255] = '\0';
	check_string(respond_mail_address_check(address), "has more than 254 bytes", "one byte more is not");
	address[64] = 'a';
	address[65] = '@';
	address[200] = '\0';
	check_string(respond_mail_address_check(address), "has more than 64 bytes before its @", "a local part of 65 bytes");

	check(!respond_mail_addresses_parse("a@b, c@d", 1, &list), "two where one is wanted");
	check_string(list.error, "more than one mail address", "and the message says so");
	check(respond_mail_addresses_parse("A <a@b>", 1, &list) && list.count == 1, "one where one is wanted");
	respond_mail_addresses_free(&list);
	memset(text, ',', sizeof(text));
	for (int i = 0; i < 100; i++)
		memcpy(text + i * 4, "a@b", 3);
	text[100 * 4] = '\0';
	check(respond_mail_addresses_parse(text, 1000, &list) && list.count == 100, "100 addresses");
	respond_mail_addresses_free(&list);
	memcpy(text + 100 * 4, "a@b", 4);
	check(!respond_mail_addresses_parse(text, 1000, &list) && list.count == 0, "101 addresses");
	check_string(list.error, "more than 100 mail addresses", "and the message says so");
}

/* Shielded as templates do it: "," is \002a, "<" \002d, ">" \002e, a quote \002j. */
static void
check_shielded(const char *text, const char *expected)
{
	MailAddresses list;
	MailText	written = {0};

	if (respond_mail_addresses_parse_shielded(text, MAIL_ADDRESSES_MOST, &list))
		respond_mail_addresses_write(&list, &written);
	else
		respond_mail_text_append_string(&written, list.error);
	check_string(respond_mail_text_string(&written), expected, expected);
	respond_mail_addresses_free(&list);
	respond_mail_text_free(&written);
}

static void
test_shielded(void)
{
	check_shielded("eve@evil.test\002a Bob <b@x.test>", "\"eve@evil.test, Bob\" <b@x.test>");
	check_shielded("\"eve@evil.test\002j\002a Bob\" <b@x.test>", "\"eve@evil.test\\\", Bob\" <b@x.test>");
	check_shielded("\002dEve\002e <b@x.test>, c@x.test", "\"<Eve>\" <b@x.test>, c@x.test");
	check_shielded("Bob <b@x.test\002a eve@evil.test>", "\"Bob <b@x.test, eve@evil.test>\" is not a mail address: it holds a space");
	check_shielded("b@x.test\002aeve@evil.test", "\"b@x.test,eve@evil.test\" is not a mail address: it holds one of < > , ; : \" \\ ( )");
	check_shielded("Bob \002dx@x.test\002e <b@x.test>", "\"Bob <x@x.test>\" <b@x.test>");
	check_shielded("\002z <b@x.test>", "\"?z <b@x.test>\" is not a mail address: it holds a control character");
}

int
main(void)
{
	check_addresses();
	check_address_limits();
	test_shielded();
	return check_done();
}
