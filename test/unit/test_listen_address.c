/* links: src/companion/listen_address.c */
/*-------------------------------------------------------------------------
 * test_listen_address.c
 *	  Addresses to listen to: what is one, what it is, and what is wrong with others.
 *
 * test/unit/test_listen_address.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "companion/listen_address.h"

/* What an address is, in words; or why it is none. */
static const char *
describe(const char *text)
{
	static char line[400];
	ListenAddress address;
	char		error[200];

	if (!respond_listen_address_read(text, strlen(text), &address, error, sizeof(error)))
		return strcpy(line, error);
	snprintf(line, sizeof(line), "%s%s %s %d%s", address.is_tls ? "tls " : "", address.is_unix ? "unix" : "tcp",
			 address.host, address.port, address.is_loopback ? " loopback" : "");
	return line;
}

static void
check_fine(void)
{
	check_string(describe("127.0.0.1:8330"), "tcp 127.0.0.1 8330 loopback", "loopback");
	check_string(describe("127.1.2.3:1"), "tcp 127.1.2.3 1 loopback", "all of 127/8 is");
	check_string(describe("0.0.0.0:65535"), "tcp 0.0.0.0 65535", "all addresses");
	check_string(describe("[::1]:8330"), "tcp ::1 8330 loopback", "loopback of version 6");
	check_string(describe("[::]:80"), "tcp :: 80", "all of version 6");
	check_string(describe("tls:[2001:db8::1]:443"), "tls tcp 2001:db8::1 443", "with TLS");
	check_string(describe("unix:/run/a b.sock"), "unix /run/a b.sock 0 loopback", "a Unix socket");
	check_string(describe("tls:unix:/x"), "tls unix /x 0 loopback", "a Unix socket with TLS");
}

static void
check_refused(void)
{
	static const char *const no_port[] = {"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:8o",
	"127.0.0.1:+80", "[::1]", "[::1]8330", "[::1", "[]", "8330", "tls:", "127.0.0.1:123456", "127.0.0.1: 80"};
	static const char *const no_host[] = {"localhost:8330", "*:8330", ":8330", "::1:8330", "[127.0.0.1]:80", "[]:80",
		"127.1:80", "256.0.0.1:80", "[::1%lo]:80", "tls:tls:127.0.0.1:80", "TLS:127.0.0.1:80",
	"a.very.long.name.that.has.more.bytes.than.there.is.room.for.in.the.place.where.hosts.and.paths.are.kept.example:80"};

	for (size_t i = 0; i < sizeof(no_port) / sizeof(no_port[0]); i++)
		check(strstr(describe(no_port[i]), "it needs a port from 1 to 65535") != NULL, "no port: %s", no_port[i]);
	for (size_t i = 0; i < sizeof(no_host) / sizeof(no_host[0]); i++)
		check(strstr(describe(no_host[i]), "its host must be a number") != NULL, "no host: %s", no_host[i]);
	check_string(describe("unix:x"), "the path of a Unix socket begins with a slash", "a path that is not absolute");
	check_string(describe("unix:/2345678901234567890123456789012345678901234567890123456789012345678901234567890"
						  "1234567890123456789012345678"), "the path of a Unix socket has 107 bytes at most", "a path that is too long");
}

/* NULL: the list is fine. */
static const char *
flaw(const char *list)
{
	static char error[256];

	return respond_listen_address_check(list, error, sizeof(error)) ? NULL : error;
}

static void
check_lists(void)
{
	char		many[33 * 20] = "";

	check_string(flaw(""), NULL, "nothing");
	check_string(flaw(" , \t"), NULL, "nothing but commas");
	check_string(flaw("127.0.0.1:1,[::1]:1 ,\n unix:/a b ,tls:127.0.0.1:1"), NULL, "a list");
	check_string(flaw("127.0.0.1:1, x"), "\"x\" is no address to listen to: it needs a port from 1 to 65535 behind a"
				 " colon, such as 127.0.0.1:8330", "the item that is wrong is named");
	check_string(flaw("127.0.0.1:1, unix:/a, 127.0.0.1:1"), "\"127.0.0.1:1\" stands twice in the list", "twice");
	for (int i = 0; i < 32; i++)
		sprintf(many + strlen(many), "127.0.0.1:%d,", i + 1);
	check_string(flaw(many), NULL, "the most addresses");
	strcat(many, "127.0.0.1:99");
	check_string(flaw(many), "more than 32 addresses are not possible", "one more");
}

int
main(void)
{
	check_fine();
	check_refused();
	check_lists();
	return check_done();
}
