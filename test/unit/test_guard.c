/* links: src/transport/guard.c */
/*-------------------------------------------------------------------------
 * test_guard.c
 *	  Which addresses deliveries may connect to: a corpus, and a second opinion.
 *
 * test/unit/test_guard.c
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/un.h>

#include "check.h"
#include "transport/guard.h"

#define ROUNDS			400000
#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

#define LOOPBACK		"loopback address"
#define PRIVATE			"private address"
#define LINK_LOCAL		"link-local address (cloud metadata)"
#define LINK_LOCAL6		"link-local address"
#define METADATA		"cloud metadata address"
#define UNIQUE_LOCAL	"unique local address"
#define SHARED			"shared address space of carriers"
#define MULTICAST		"multicast address"
#define BROADCAST		"broadcast address"
#define UNSPECIFIED		"unspecified address"
#define RESERVED		"reserved address"
#define DOCUMENTATION	"documentation address"
#define BENCHMARKING	"benchmarking address"
#define WRONG_PORT		"port below 1024 that no web or mail server uses"

/* ---- the corpus of addresses, without a list ---- */

typedef struct Judgement
{
	const char *text;
	const char *reason;
} Judgement;

static const Judgement judgements[] = {
	/* IPv4: the first and last address of each range, and their neighbours outside. */
	{"0.0.0.0", UNSPECIFIED},
	{"0.0.0.1", RESERVED},
	{"0.255.255.255", RESERVED},
	{"1.0.0.0", NULL},
	{"1.1.1.1", NULL},
	{"8.8.8.8", NULL},
	{"9.255.255.255", NULL},
	{"10.0.0.0", PRIVATE},
	{"10.0.0.1", PRIVATE},
	{"10.255.255.255", PRIVATE},
	{"11.0.0.0", NULL},
	{"100.63.255.255", NULL},
	{"100.64.0.0", SHARED},
	{"100.100.100.200", SHARED},	/* metadata of Alibaba's cloud */
	{"100.127.255.255", SHARED},
	{"100.128.0.0", NULL},
	{"126.255.255.255", NULL},
	{"127.0.0.0", LOOPBACK},
	{"127.0.0.1", LOOPBACK},
	{"127.0.0.53", LOOPBACK},
	{"127.255.255.255", LOOPBACK},
	{"128.0.0.0", NULL},
	{"168.63.129.15", NULL},
	{"168.63.129.16", METADATA},
	{"168.63.129.17", NULL},
	{"169.253.255.255", NULL},
	{"169.254.0.0", LINK_LOCAL},
	{"169.254.169.254", LINK_LOCAL},
	{"169.254.170.2", LINK_LOCAL},
	{"169.254.255.255", LINK_LOCAL},
	{"169.255.0.0", NULL},
	{"172.15.255.255", NULL},
	{"172.16.0.0", PRIVATE},
	{"172.17.0.1", PRIVATE},
	{"172.31.255.255", PRIVATE},
	{"172.32.0.0", NULL},
	{"191.255.255.255", NULL},
	{"192.0.0.0", RESERVED},
	{"192.0.0.192", RESERVED},	/* metadata of Oracle's cloud */
	{"192.0.0.255", RESERVED},
	{"192.0.1.0", NULL},
	{"192.0.1.255", NULL},
	{"192.0.2.0", DOCUMENTATION},
	{"192.0.2.255", DOCUMENTATION},
	{"192.0.3.0", NULL},
	{"192.88.98.255", NULL},
	{"192.88.99.0", RESERVED},
	{"192.88.99.255", RESERVED},
	{"192.88.100.0", NULL},
	{"192.167.255.255", NULL},
	{"192.168.0.0", PRIVATE},
	{"192.168.255.255", PRIVATE},
	{"192.169.0.0", NULL},
	{"198.17.255.255", NULL},
	{"198.18.0.0", BENCHMARKING},
	{"198.19.255.255", BENCHMARKING},
	{"198.20.0.0", NULL},
	{"198.51.99.255", NULL},
	{"198.51.100.0", DOCUMENTATION},
	{"198.51.100.255", DOCUMENTATION},
	{"198.51.101.0", NULL},
	{"203.0.112.255", NULL},
	{"203.0.113.0", DOCUMENTATION},
	{"203.0.113.255", DOCUMENTATION},
	{"203.0.114.0", NULL},
	{"223.255.255.255", NULL},
	{"224.0.0.0", MULTICAST},
	{"224.0.0.1", MULTICAST},
	{"239.255.255.255", MULTICAST},
	{"240.0.0.0", RESERVED},
	{"255.255.255.254", RESERVED},
	{"255.255.255.255", BROADCAST},

	/* IPv6: only 2000::/3 is global, and not all of it. */
	{"::", UNSPECIFIED},
	{"0:0:0:0:0:0:0:0", UNSPECIFIED},
	{"::1", LOOPBACK},
	{"0000:0000:0000:0000:0000:0000:0000:0001", LOOPBACK},
	{"::1:0:0:0", RESERVED},
	{"64:ff9a:ffff:ffff:ffff:ffff:808:808", RESERVED},
	{"64:ff9b:1::", RESERVED},
	{"64:ff9b:1::808:808", RESERVED},
	{"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", RESERVED},
	{"64:ff9b:0:0:0:1:808:808", RESERVED},
	{"100::", RESERVED},
	{"100::1", RESERVED},
	{"200::1", RESERVED},
	{"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", RESERVED},
	{"2000::", NULL},
	{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"2001:1::1", RESERVED},
	{"2001:2::1", RESERVED},
	{"2001:3::1", RESERVED},
	{"2001:4:112::1", RESERVED},
	{"2001:10::1", RESERVED},
	{"2001:20::1", RESERVED},
	{"2001:30::1", RESERVED},
	{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", RESERVED},
	{"2001:200::", NULL},
	{"2001:4860:4860::8888", NULL},
	{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"2001:db8::", DOCUMENTATION},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", DOCUMENTATION},
	{"2001:db9::", NULL},
	{"2003::1", NULL},
	{"2606:4700:4700::1111", NULL},
	{"2620:4f:8000::1", NULL},
	{"2a00:1450:4001:82a::200e", NULL},
	{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"3fff::", DOCUMENTATION},
	{"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", DOCUMENTATION},
	{"3fff:1000::", NULL},
	{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"4000::", RESERVED},
	{"5f00::1", RESERVED},
	{"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", RESERVED},
	{"fc00::", UNIQUE_LOCAL},
	{"fd00::1", UNIQUE_LOCAL},
	{"fd00:ec2::254", UNIQUE_LOCAL},	/* metadata of Amazon's cloud */
	{"fd20:ce::254", UNIQUE_LOCAL}, /* of Google's */
	{"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UNIQUE_LOCAL},
	{"fe00::1", RESERVED},
	{"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", RESERVED},
	{"fe80::", LINK_LOCAL6},
	{"fe80::1", LINK_LOCAL6},
	{"fe80::1%2", LINK_LOCAL6},
	{"fe80::1%eth0", LINK_LOCAL6},
	{"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LINK_LOCAL6},
	{"fec0::", PRIVATE},
	{"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PRIVATE},
	{"ff00::", MULTICAST},
	{"ff02::1", MULTICAST},
	{"ff0e::1", MULTICAST},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", MULTICAST},

	/* Mapped. */
	{"::ffff:127.0.0.1", LOOPBACK},
	{"::ffff:7f00:1", LOOPBACK},
	{"::FFFF:7F00:0001", LOOPBACK},
	{"0:0:0:0:0:ffff:7f00:1", LOOPBACK},
	{"::ffff:10.1.2.3", PRIVATE},
	{"::ffff:169.254.169.254", LINK_LOCAL},
	{"::ffff:a9fe:a9fe", LINK_LOCAL},
	{"::ffff:0.0.0.0", UNSPECIFIED},
	{"::ffff:100.64.0.1", SHARED},
	{"::ffff:255.255.255.255", BROADCAST},
	{"::ffff:8.8.8.8", NULL},
	{"::ffff:808:808", NULL},

	/* Translated (SIIT) is another prefix, and one letter off is none at all. */
	{"::ffff:0:8.8.8.8", RESERVED},
	{"::fffe:8.8.8.8", RESERVED},
	{"::1:ffff:8.8.8.8", RESERVED},

	/* Compatible. */
	{"::127.0.0.1", LOOPBACK},
	{"::7f00:1", LOOPBACK},
	{"::10.0.0.1", PRIVATE},
	{"::169.254.169.254", LINK_LOCAL},
	{"::2", RESERVED},
	{"::8.8.8.8", NULL},

	/* NAT64. */
	{"64:ff9b::127.0.0.1", LOOPBACK},
	{"64:ff9b::10.0.0.1", PRIVATE},
	{"64:ff9b::a9fe:a9fe", LINK_LOCAL},
	{"64:ff9b::", UNSPECIFIED},
	{"64:ff9b::192.168.1.1", PRIVATE},
	{"64:ff9b::8.8.8.8", NULL},

	/* 6to4. */
	{"2002:7f00:1::1", LOOPBACK},
	{"2002:a00:1::", PRIVATE},
	{"2002:a9fe:a9fe::1", LINK_LOCAL},
	{"2002:c0a8:101::1", PRIVATE},
	{"2002::1", UNSPECIFIED},
	{"2002:e000:1::1", MULTICAST},
	{"2002:808:808::1", NULL},
	{"2002:808:808:ffff:ffff:ffff:ffff:ffff", NULL},

	/* Teredo: server, flags, port and client; the last two are inverted. */
	{"2001:0:4136:e378:8000:63bf:3fff:fdd2", DOCUMENTATION},	/* client 192.0.2.45 */
	{"2001:0:4136:e378:8000:63bf:f7f7:f7f7", NULL}, /* client 8.8.8.8 */
	{"2001:0:4136:e378:8000:63bf:80ff:fffe", LOOPBACK}, /* client 127.0.0.1 */
	{"2001:0:4136:e378:8000:63bf:f5ff:fffe", PRIVATE},	/* client 10.0.0.1 */
	{"2001:0:4136:e378:8000:63bf:5601:5601", LINK_LOCAL},	/* client 169.254.169.254 */
	{"2001:0:a00:1:8000:63bf:f7f7:f7f7", PRIVATE},	/* server 10.0.0.1 */
	{"2001:0:7f00:1:8000:63bf:f7f7:f7f7", LOOPBACK},	/* server 127.0.0.1 */
	{"2001::1", UNSPECIFIED},
	{"2001:0:4136:e378:8000:63bf:7f00:1", NULL},	/* not inverted: client 128.255.255.254 */

	/* ISATAP. */
	{"2a00::5efe:10.0.0.1", PRIVATE},
	{"2a00::200:5efe:10.0.0.1", PRIVATE},
	{"2a00::200:5efe:7f00:1", LOOPBACK},
	{"2a00:1:2:3:0:5efe:169.254.169.254", LINK_LOCAL},
	{"2a00::200:5efe:8.8.8.8", NULL},
	{"2a00::100:5efe:10.0.0.1", NULL},	/* not an identifier of ISATAP */
	{"2a00::5eff:10.0.0.1", NULL},
	{"fe80::5efe:8.8.8.8", LINK_LOCAL6},
	{"2001:db8::5efe:8.8.8.8", DOCUMENTATION},
	{"2002:808:808::5efe:10.0.0.1", PRIVATE},
	{"2002:808:808::5efe:8.8.8.8", NULL},
	{"2002:a00:1::5efe:8.8.8.8", PRIVATE}
};

static const char *
judge_text(const char *text, int port, const GuardList *allowed)
{
	struct sockaddr_storage address;
	socklen_t	length;

	if (!respond_guard_from_text(text, port, &address, &length))
		return "not numeric";
	return respond_guard_judge((const struct sockaddr *) &address, length, allowed);
}

static void
check_corpus(void)
{
	GuardNetwork everything[2];
	GuardList	allowed = {2, everything};
	GuardList	empty = {0, NULL};
	char		error[200];
	bool		opened = true;
	bool		same = true;

	for (size_t i = 0; i < LENGTH(judgements); i++)
		check_string(judge_text(judgements[i].text, 443, NULL), judgements[i].reason, judgements[i].text);

	respond_guard_parse("0.0.0.0/0 ::/0", everything, 2, error, sizeof(error));
	for (size_t i = 0; i < LENGTH(judgements); i++)
	{
		opened = opened && judge_text(judgements[i].text, 22, &allowed) == NULL;
		same = same && judge_text(judgements[i].text, 443, &empty) == judge_text(judgements[i].text, 443, NULL);
	}
	check(opened, "a list of everything opens each address of the corpus, whatever the port");
	check(same, "an empty list is no list");
}

/* ---- ports ---- */

static void
check_ports(void)
{
	static const int usual[] = {25, 80, 443, 465, 587};
	GuardNetwork host;
	GuardList	allowed = {1, &host};
	char		error[200];
	bool		right = true;
	bool		listed = true;
	bool		inside = true;

	respond_guard_parse("8.8.4.4", &host, 1, error, sizeof(error));
	for (int port = 1; port <= 65535; port++)
	{
		bool		expected = port >= 1024;

		for (size_t i = 0; i < LENGTH(usual); i++)
			expected = expected || port == usual[i];
		right = right && (judge_text("8.8.8.8", port, NULL) == NULL) == expected &&
			(judge_text("2a00::1", port, &allowed) == NULL) == expected &&
			(judge_text("::ffff:8.8.8.8", port, &allowed) == NULL) == expected;
		listed = listed && judge_text("8.8.4.4", port, &allowed) == NULL &&
			judge_text("64:ff9b::8.8.4.4", port, &allowed) == NULL;
		inside = inside && judge_text("127.0.0.1", port, &allowed) != NULL && judge_text("::1", port, NULL) != NULL;
	}
	check(right, "below 1024 only the ports of web and mail servers are open");
	check(listed, "a listed network is open on every port");
	check(inside, "the inside is closed on every port");
	check_string(judge_text("8.8.8.8", 22, NULL), WRONG_PORT, "port 22 is named as the reason");
	check_string(judge_text("8.8.8.8", 0, NULL), "port 0", "port 0 is denied");
	check_string(judge_text("8.8.4.4", 0, &allowed), "port 0", "port 0 is denied in a listed network too");
	check_string(judge_text("10.0.0.1", 22, NULL), PRIVATE, "the address is named before the port");
}

/* ---- lists ---- */

typedef struct Listing
{
	const char *list;
	const char *text;
	int			port;
	const char *reason;
} Listing;

static const Listing listings[] = {
	{"10.0.0.0/8", "10.1.2.3", 22, NULL},
	{"10.0.0.0/8", "9.255.255.255", 80, NULL},
	{"10.0.0.0/8", "9.255.255.255", 22, WRONG_PORT},
	{"10.0.0.0/8", "192.168.0.1", 80, PRIVATE},
	{"10.0.0.0/8", "::ffff:10.1.2.3", 22, NULL},
	{"10.0.0.0/8", "::10.1.2.3", 22, NULL},
	{"10.0.0.0/8", "64:ff9b::10.1.2.3", 22, NULL},
	{"10.0.0.0/8", "2002:a01:203::1", 22, NULL},
	{"10.0.0.0/8", "2001:0:4136:e378:8000:63bf:f5ff:fffe", 80, NULL},
	{"10.0.0.0/8", "2001:0:4136:e378:8000:63bf:f5ff:fffe", 22, WRONG_PORT},	/* the server is not listed */
	{"10.0.0.0/8", "2001:0:a00:1:8000:63bf:f5ff:fffe", 22, NULL},
	{"10.0.0.0/8", "2001:0:a00:1:8000:63bf:80ff:fffe", 80, LOOPBACK},	/* the server is, the client not */
	{"10.0.0.0/8", "2a00::5efe:10.0.0.1", 80, NULL},
	{"10.0.0.0/8", "2a00::5efe:10.0.0.1", 22, WRONG_PORT},	/* the prefix is not listed */
	{"10.0.0.0/8", "fe80::5efe:10.0.0.1", 80, LINK_LOCAL6},
	{"2a00::/16", "2a00::5efe:10.0.0.1", 22, NULL},
	{"2002:808:808::/48", "2002:808:808::5efe:10.0.0.1", 22, NULL},
	{"127.0.0.1", "127.0.0.1", 5432, NULL},
	{"127.0.0.1", "127.0.0.2", 5432, LOOPBACK},
	{"127.0.0.1", "::1", 5432, LOOPBACK},
	{"127.0.0.1/31", "127.0.0.0", 80, NULL},
	{"127.0.0.1/31", "127.0.0.2", 80, LOOPBACK},
	{"127.0.0.0/8", "127.255.255.255", 1, NULL},
	{"0.0.0.0/0", "127.0.0.1", 1, NULL},
	{"0.0.0.0/0", "::1", 80, LOOPBACK},
	{"0.0.0.0/0", "::", 80, UNSPECIFIED},
	{"0.0.0.0/0", "::2", 22, NULL},
	{"0.0.0.0/0", "fd00::1", 80, UNIQUE_LOCAL},
	{"0.0.0.0/1", "127.0.0.1", 1, NULL},
	{"0.0.0.0/1", "128.0.0.1", 1, WRONG_PORT},
	{"172.16.0.0/12", "172.31.255.255", 1, NULL},
	{"172.16.0.0/13", "172.24.0.0", 80, PRIVATE},
	{"::1", "::1", 22, NULL},
	{"::1", "127.0.0.1", 80, LOOPBACK},
	{"::1/128", "::", 80, UNSPECIFIED},
	{"::/0", "::1", 22, NULL},
	{"::/0", "fe80::1", 22, NULL},
	{"::/0", "127.0.0.1", 80, LOOPBACK},
	{"::/0", "::ffff:127.0.0.1", 80, LOOPBACK},	/* IPv4 in another notation */
	{"::/80", "::ffff:127.0.0.1", 80, LOOPBACK},
	{"::/0", "64:ff9b::127.0.0.1", 22, NULL},
	{"64:ff9b::/96", "64:ff9b::10.0.0.1", 22, NULL},
	{"64:ff9b::/96", "10.0.0.1", 80, PRIVATE},
	{"64:ff9b:1::/48", "64:ff9b:1::10.0.0.1", 22, NULL},
	{"::ffff:10.0.0.0/104", "10.200.0.1", 22, NULL},
	{"::ffff:10.0.0.0/104", "::ffff:10.200.0.1", 22, NULL},
	{"::ffff:10.0.0.0/104", "11.0.0.1", 22, WRONG_PORT},
	{"::ffff:10.0.0.1", "10.0.0.1", 22, NULL},
	{"::ffff:0:0/96", "127.0.0.1", 22, NULL},
	{"fd00::/8", "fd12:3456::1", 22, NULL},
	{"fd00::/8", "fc00::1", 80, UNIQUE_LOCAL},
	{"fe80::/10", "fe80::1%3", 22, NULL},
	{"fd00:0:0:8000::/49", "fd00:0:0:ffff::1", 80, NULL},
	{"fd00:0:0:8000::/49", "fd00:0:1::1", 80, UNIQUE_LOCAL},
	{"10.0.0.0/8,192.168.0.0/16", "192.168.3.4", 22, NULL},
	{"192.168.0.0/16 ::1", "10.0.0.1", 80, PRIVATE},
	{"", "10.0.0.1", 80, PRIVATE},
	{"10.0.0.1", "a00::1", 80, RESERVED}
};

static void
check_listings(void)
{
	for (size_t i = 0; i < LENGTH(listings); i++)
	{
		const Listing *listing = &listings[i];
		GuardNetwork networks[4];
		GuardList	allowed = {0, networks};
		char		error[200];
		char		name[200];

		allowed.count = respond_guard_parse(listing->list, networks, 4, error, sizeof(error));
		snprintf(name, sizeof(name), "with \"%s\" listed: %s port %d", listing->list, listing->text, listing->port);
		if (allowed.count < 0)
			check(false, "%s: %s", name, error);
		else
			check_string(judge_text(listing->text, listing->port, &allowed), listing->reason, name);
	}
}

/* ---- reading lists ---- */

typedef struct Parse
{
	const char *text;
	const char *networks;		/* or the error, behind '!' */
} Parse;

static const Parse parses[] = {
	{NULL, ""},
	{"", ""},
	{" \t\r\n\f\v", ""},
	{" , ,, ", ""},
	{"10.0.0.0/8", "10.0.0.0/8"},
	{"10.0.0.0/8, 127.0.0.1 ::1/128", "10.0.0.0/8 127.0.0.1/32 ::1/128"},
	{"10.0.0.0/8,127.0.0.1,::1", "10.0.0.0/8 127.0.0.1/32 ::1/128"},
	{"\n10.0.0.0/8\n\t::1,\n", "10.0.0.0/8 ::1/128"},
	{"10.0.0.0/8 10.0.0.0/8", "10.0.0.0/8 10.0.0.0/8"},
	{"10.1.2.3/8", "10.0.0.0/8"},
	{"10.1.2.3/0", "0.0.0.0/0"},
	{"255.255.255.255/1", "128.0.0.0/1"},
	{"255.255.255.255/31", "255.255.255.254/31"},
	{"172.31.255.255/12", "172.16.0.0/12"},
	{"::/0", "::/0"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/9", "ff80::/9"},
	{"FE80::1/10", "fe80::/10"},
	{"2001:db8:1:2:3:4:5:6/127", "2001:db8:1:2:3:4:5:6/127"},
	{"2001:db8:1:2:3:4:5:7/127", "2001:db8:1:2:3:4:5:6/127"},
	{"::ffff:10.1.2.3/104", "10.0.0.0/8"},
	{"::ffff:10.1.2.3", "10.1.2.3/32"},
	{"::ffff:a01:203/128", "10.1.2.3/32"},
	{"::ffff:0:0/96", "0.0.0.0/0"},
	{"::10.1.2.3/96", "::/96"},
	{"::fffe:0:0/95", "::fffe:0:0/95"},
	{"10", "!\"10\" is not an IP address or network"},
	{"10/8", "!\"10/8\" is not an IP address or network"},
	{"10.0.0/24", "!\"10.0.0/24\" is not an IP address or network"},
	{"10.0.0.0.0", "!\"10.0.0.0.0\" is not an IP address or network"},
	{"10.0.0.256", "!\"10.0.0.256\" is not an IP address or network"},
	{"010.0.0.1", "!\"010.0.0.1\" is not an IP address or network"},
	{"0x7f.0.0.1", "!\"0x7f.0.0.1\" is not an IP address or network"},
	{"2130706433", "!\"2130706433\" is not an IP address or network"},
	{"127.1", "!\"127.1\" is not an IP address or network"},
	{"10.0.0.1:80", "!\"10.0.0.1:80\" is not an IP address or network"},
	{"[::1]", "!\"[::1]\" is not an IP address or network"},
	{"fe80::1%eth0/64", "!\"fe80::1%eth0/64\" is not an IP address or network"},
	{"1:2:3", "!\"1:2:3\" is not an IP address or network"},
	{"::1::", "!\"::1::\" is not an IP address or network"},
	{"::10000", "!\"::10000\" is not an IP address or network"},
	{"/8", "!\"/8\" is not an IP address or network"},
	{"/", "!\"/\" is not an IP address or network"},
	{":", "!\":\" is not an IP address or network"},
	{"localhost", "!\"localhost\" is not an IP address or network"},
	{"*", "!\"*\" is not an IP address or network"},
	{"10.0.0.0 /8", "!\"/8\" is not an IP address or network"},
	{"10.0.0.0/8;::1", "!the prefix length of \"10.0.0.0/8;::1\" is not a number from 0 to 32"},
	{"10.0.0.0/8 10.0.0.0/33 ::1", "!the prefix length of \"10.0.0.0/33\" is not a number from 0 to 32"},
	{"10.0.0.0/", "!the prefix length of \"10.0.0.0/\" is not a number from 0 to 32"},
	{"10.0.0.0/-1", "!the prefix length of \"10.0.0.0/-1\" is not a number from 0 to 32"},
	{"10.0.0.0/+8", "!the prefix length of \"10.0.0.0/+8\" is not a number from 0 to 32"},
	{"10.0.0.0/08", "!the prefix length of \"10.0.0.0/08\" is not a number from 0 to 32"},
	{"10.0.0.0/8/8", "!the prefix length of \"10.0.0.0/8/8\" is not a number from 0 to 32"},
	{"10.0.0.0/255.0.0.0", "!the prefix length of \"10.0.0.0/255.0.0.0\" is not a number from 0 to 32"},
	{"10.0.0.0/4294967304", "!the prefix length of \"10.0.0.0/4294967304\" is not a number from 0 to 32"},
	{"10.0.0.0/18446744073709551624", "!the prefix length of \"10.0.0.0/18446744073709551624\" is not a number from 0 to 32"},
	{"::/129", "!the prefix length of \"::/129\" is not a number from 0 to 128"},
	{"::ffff:10.0.0.0/8", "!the prefix length of \"::ffff:10.0.0.0/8\" is not a number from 96 to 128"},
	{"::ffff:10.0.0.0/95", "!the prefix length of \"::ffff:10.0.0.0/95\" is not a number from 96 to 128"},
	{"caf\xc3\xa9\x01", "!\"caf???\" is not an IP address or network"},
	{"10.0.0.1\xc2\xa0::1", "!\"10.0.0.1??::1\" is not an IP address or network"},
	{"1 2 3 4 5 6 7 8 9", "!\"1\" is not an IP address or network"},
	{"1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4", "!\"1.1.1.4\" is one network more than the limit of 3"},
	{"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff",
		"!\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff\" is not an IP address or network"},
	{"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg",
		"!\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff...\" is not an IP address or network"}
};

static void
check_parses(void)
{
	for (size_t i = 0; i < LENGTH(parses); i++)
	{
		GuardNetwork networks[3];
		char		error[200];
		char		result[400];
		int			count = respond_guard_parse(parses[i].text, networks, 3, error, sizeof(error));
		size_t		length = 0;

		result[0] = '\0';
		if (count < 0)
			snprintf(result, sizeof(result), "!%s", error);
		for (int n = 0; n < count; n++)
		{
			char		text[INET6_ADDRSTRLEN];

			inet_ntop(networks[n].family, networks[n].bytes, text, sizeof(text));
			length += (size_t) snprintf(result + length, sizeof(result) - length, "%s%s/%d", n > 0 ? " " : "", text,
										networks[n].bits);
		}
		check_string(result, parses[i].networks, parses[i].text == NULL ? "no text" : parses[i].networks);
	}
}

static void
check_parse_limits(void)
{
	GuardNetwork *networks = malloc(GUARD_MAX_NETWORKS * sizeof(GuardNetwork));
	char	   *text = malloc(GUARD_MAX_NETWORKS * 20);
	size_t		length = 0;
	char		error[200];
	char		tiny[8];
	GuardList	allowed = {GUARD_MAX_NETWORKS, networks};

	for (int i = 0; i < GUARD_MAX_NETWORKS; i++)
		length += (size_t) sprintf(text + length, "10.%d.%d.0/24,", i / 256, i % 256);
	check(respond_guard_parse(text, networks, GUARD_MAX_NETWORKS, error, sizeof(error)) == GUARD_MAX_NETWORKS,
		  "a list as long as can be is read");
	check_string(error, "", "success leaves no error behind");
	check(judge_text("10.3.255.9", 22, &allowed) == NULL && judge_text("10.4.0.0", 80, &allowed) != NULL,
		  "its last network counts");
	check(respond_guard_parse(text, networks, GUARD_MAX_NETWORKS - 1, error, sizeof(error)) == -1,
		  "one network more than there is room is refused");
	check(respond_guard_parse("", NULL, 0, error, sizeof(error)) == 0, "no room is enough for no networks");
	check(respond_guard_parse("::1", NULL, 0, error, sizeof(error)) == -1, "and for no more");
	check(respond_guard_parse("localhost", networks, 1, tiny, sizeof(tiny)) == -1 && strlen(tiny) == 7,
		  "a message is cut to its buffer");
	check(respond_guard_parse("localhost", networks, 1, NULL, 0) == -1, "a message needs no buffer");
	free(text);
	free(networks);
}

/* ---- text of addresses ---- */

static const char *const numeric_texts[][2] = {
	{"127.0.0.1", "127.0.0.1:80"},
	{"0.0.0.0", "0.0.0.0:80"},
	{"255.255.255.255", "255.255.255.255:80"},
	{"::1", "[::1]:80"},
	{"::", "[::]:80"},
	{"FE80:0:0:0::1", "[fe80::1]:80"},
	{"fe80::1%2", "[fe80::1%2]:80"},
	{"fe80::1%4294967295", "[fe80::1%4294967295]:80"},
	{"fe80::1%4294967296", "[fe80::1]:80"},
	{"fe80::1%eth0", "[fe80::1]:80"},
	{"::ffff:10.0.0.1", "[::ffff:10.0.0.1]:80"},
	{"2001:db8:1111:2222:3333:4444:5555:6666", "[2001:db8:1111:2222:3333:4444:5555:6666]:80"}
};

static const char *const other_texts[] = {
	"", " ", "%", "localhost", "example.com", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
	"127.0.0.01", "127.0.0.1.", "127.0.0.1 ", " 127.0.0.1", "127.0.0.1\n", "127.0.0.1%1", "127.0.0.1:80", "127.0.0.1/32",
	"[::1]", "::1/128", "::1%", "fe80::1%", ":::", "1::2::3", "::00001", "1:2:3:4:5:6:7:8:9", "::ffff:127.0.0.1.1",
	"::ffff:127.1", "1.2.3.4::", "g::1", "1:2:3:4:5:6:7:1.2.3.4", "\xef\xbc\x91.1.1.1",
	"0000:0000:0000:0000:0000:0000:255.255.255.255:0000:0000"
};

static void
check_texts(void)
{
	struct sockaddr_storage address;
	socklen_t	length;
	char		text[GUARD_FORMAT_SIZE];

	for (size_t i = 0; i < LENGTH(numeric_texts); i++)
	{
		strcpy(text, "not numeric");
		if (respond_guard_from_text(numeric_texts[i][0], 80, &address, &length))
			respond_guard_format((struct sockaddr *) &address, length, text, sizeof(text));
		check_string(text, numeric_texts[i][1], numeric_texts[i][0]);
	}
	for (size_t i = 0; i < LENGTH(other_texts); i++)
		check(!respond_guard_from_text(other_texts[i], 80, &address, &length), "not an address: text no. %zu", i);
	check(!respond_guard_from_text(NULL, 80, &address, &length), "no text is no address");
	check(!respond_guard_from_text("::1", -1, &address, &length) && !respond_guard_from_text("::1", 65536, &address, &length),
		  "a port has 16 bits");
	check(respond_guard_from_text("::1", 65535, &address, &length) && length == sizeof(struct sockaddr_in6) &&
		  ((struct sockaddr_in6 *) &address)->sin6_port == htons(65535), "the largest port is kept");
	memset(text, 'x', sizeof(text));
	respond_guard_format((struct sockaddr *) &address, length, text, 4);
	check_string(text, "[::", "a text is cut to its buffer");
	memset(&((struct sockaddr_in6 *) &address)->sin6_addr, 0xFF, 16);
	((struct sockaddr_in6 *) &address)->sin6_scope_id = UINT32_MAX;
	respond_guard_format((struct sockaddr *) &address, length, text, sizeof(text));
	check_string(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535", "the longest text fits");
}

/* ---- what is not an address ---- */

static void
check_other_families(void)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/tmp/.s.PGSQL.5432"};
	struct sockaddr_storage address;
	socklen_t	length;
	char		text[GUARD_FORMAT_SIZE];
	GuardNetwork everything[2];
	GuardList	allowed = {2, everything};
	char		error[200];
	bool		denied = true;
	char		unaligned[sizeof(struct sockaddr_in6) + 1];

	respond_guard_parse("0.0.0.0/0 ::/0", everything, 2, error, sizeof(error));
	check_string(respond_guard_judge((struct sockaddr *) &local, sizeof(local), &allowed), "not an internet address",
				 "sockets of the machine are denied");
	respond_guard_format((struct sockaddr *) &local, sizeof(local), text, sizeof(text));
	check_string(text, "address family 1", "and have a text");
	check_string(respond_guard_judge(NULL, 0, &allowed), "not an internet address", "no address is denied");
	respond_guard_format(NULL, 0, text, sizeof(text));
	check_string(text, "address family 0", "and has a text");
	memset(&address, 0, sizeof(address));
	for (int family = 0; family < 64; family++)
	{
		address.ss_family = (sa_family_t) family;
		((struct sockaddr_in *) &address)->sin_port = htons(80);
		if (family != AF_INET && family != AF_INET6)
			denied = denied && respond_guard_judge((struct sockaddr *) &address, sizeof(address), &allowed) != NULL;
	}
	check(denied, "every other family is denied");

	/* Each length in a block of its own, so that the sanitizer sees a byte too many. */
	denied = true;
	for (int which = 0; which < 2; which++)
	{
		respond_guard_from_text(which == 0 ? "8.8.8.8" : "2a00::1", 80, &address, &length);
		for (socklen_t cut = 1; cut < length; cut++)
		{
			char	   *block = malloc(cut);

			memcpy(block, &address, cut);
			denied = denied && respond_guard_judge((struct sockaddr *) block, cut, &allowed) != NULL;
			free(block);
		}
	}
	check(denied, "a cut address is denied");
	memcpy(unaligned + 1, &address, length);
	check(respond_guard_judge((struct sockaddr *) (void *) (unaligned + 1), length, NULL) == NULL,
		  "an address may lie anywhere in memory");
	check(respond_guard_judge((struct sockaddr *) &address, sizeof(address), NULL) == NULL,
		  "a longer container does no harm");

	respond_guard_parse("127.0.0.1", everything, 1, error, sizeof(error));
	everything[0].bits = 33;
	everything[1].bits = -1;
	check(judge_text("::1", 80, &allowed) != NULL && judge_text("127.0.0.1", 80, &allowed) != NULL,
		  "a network of an impossible length lists nothing");
}

/* ---- a second opinion, written as ranges of numbers ---- */

static uint32_t seed = 20260102;

static uint32_t
draw(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

/* First and last address of what IPv4 does not have in common with the world. */
static const uint32_t inner_ranges[][2] = {
	{0x00000000, 0x00FFFFFF}, {0x0A000000, 0x0AFFFFFF}, {0x64400000, 0x647FFFFF}, {0x7F000000, 0x7FFFFFFF},
	{0xA83F8110, 0xA83F8110}, {0xA9FE0000, 0xA9FEFFFF}, {0xAC100000, 0xAC1FFFFF}, {0xC0000000, 0xC00000FF},
	{0xC0000200, 0xC00002FF}, {0xC0586300, 0xC05863FF}, {0xC0A80000, 0xC0A8FFFF}, {0xC6120000, 0xC613FFFF},
	{0xC6336400, 0xC63364FF}, {0xCB007100, 0xCB0071FF}, {0xE0000000, 0xFFFFFFFF}
};

typedef enum Opinion
{
	INSIDE,
	OUTSIDE,
	LISTED
} Opinion;

/* The lists that the rounds use, and the same as functions. */
static const char *const round_lists[] = {
	"",
	"10.0.0.0/8 127.0.0.1 2a00:8000::/17",
	"192.168.128.0/17, ::ffff:8.8.0.0/112, 64:ff9b::/97, fd00::/8"
};

static bool
naive_lists4(int list, uint32_t v4)
{
	return (list == 1 && (v4 / 0x1000000 == 10 || v4 == 0x7F000001)) ||
		(list == 2 && ((v4 >= 0xC0A88000 && v4 <= 0xC0A8FFFF) || v4 / 0x10000 == 0x0808));
}

static bool
naive_lists6(int list, const unsigned *group)
{
	if (list == 1)
		return group[0] == 0x2A00 && group[1] >= 0x8000;
	if (list == 2)
		return group[0] / 256 == 0xFD || (group[0] == 0x64 && group[1] == 0xFF9B && group[2] == 0 && group[3] == 0 &&
										  group[4] == 0 && group[5] == 0 && group[6] < 0x8000);
	return false;
}

static Opinion
naive_ipv4(int list, uint32_t v4)
{
	if (naive_lists4(list, v4))
		return LISTED;
	for (size_t i = 0; i < LENGTH(inner_ranges); i++)
	{
		if (v4 >= inner_ranges[i][0] && v4 <= inner_ranges[i][1])
			return INSIDE;
	}
	return OUTSIDE;
}

static Opinion
worse(Opinion a, Opinion b)
{
	return a < b ? a : b;
}

static Opinion
naive_ipv6(int list, const unsigned char *bytes)
{
	unsigned	group[8];
	uint32_t	last;
	uint32_t	second;
	bool		zeros = true;	/* groups 0 to 4 */
	Opinion		opinion;

	for (int i = 0; i < 8; i++)
		group[i] = bytes[2 * i] * 256u + bytes[2 * i + 1];
	for (int i = 0; i < 5; i++)
		zeros = zeros && group[i] == 0;
	last = group[6] * 65536u + group[7];
	second = group[2] * 65536u + group[3];

	if (zeros && group[5] == 0xFFFF)
		return naive_ipv4(list, last);
	if (naive_lists6(list, group))
		return LISTED;
	if (zeros && group[5] == 0)
		return last < 2 ? INSIDE : naive_ipv4(list, last);
	if (group[0] == 0x64 && group[1] == 0xFF9B && second == 0 && group[4] == 0 && group[5] == 0)
		return naive_ipv4(list, last);
	if (group[0] < 0x2000 || group[0] > 0x3FFF)
		return INSIDE;
	if (group[0] == 0x2001 && group[1] == 0)
		opinion = worse(naive_ipv4(list, second), naive_ipv4(list, 0xFFFFFFFFu - last));
	else if (group[0] == 0x2002)
		opinion = naive_ipv4(list, group[1] * 65536u + group[2]);
	else if ((group[0] == 0x2001 && (group[1] < 0x200 || group[1] == 0xDB8)) || (group[0] == 0x3FFF && group[1] < 0x1000))
		opinion = INSIDE;
	else
		opinion = OUTSIDE;
	if ((group[4] == 0 || group[4] == 0x200) && group[5] == 0x5EFE)
		opinion = worse(opinion, naive_ipv4(list, last));
	return opinion;
}

/* Mostly near an edge of a range, where mistakes live. */
static uint32_t
draw_ipv4(void)
{
	static const uint32_t listed_edges[] = {0x7F000001, 0xC0A88000, 0x08080000, 0x08090000};
	uint32_t	any = draw(65536) * 65536u + draw(65536);

	switch (draw(4))
	{
		case 0:
			return any;
		case 1:
			return inner_ranges[draw(LENGTH(inner_ranges))][draw(2)] + draw(5) - 2;
		case 2:
			return listed_edges[draw(LENGTH(listed_edges))] + draw(5) - 2;
		default:
			return inner_ranges[draw(LENGTH(inner_ranges))][0] ^ (1u << draw(32));
	}
}

static void
put_ipv4(unsigned char *bytes, uint32_t v4)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char) (v4 >> (24 - 8 * i));
}

static void
draw_ipv6(unsigned char *bytes)
{
	static const char *const edges[] = {"::", "::ffff:0:0", "64:ff9b::", "64:ff9b:1::", "2000::", "2001::", "2001:200::",
		"2001:db8::", "2001:db9::", "2002::", "2003::", "2a00::", "2a00:8000::", "3fff::", "3fff:1000::", "4000::", "fc00::",
	"fd00::", "fe80::", "fec0::", "ff00::"};

	for (int i = 0; i < 16; i++)
		bytes[i] = (unsigned char) draw(256);
	if (draw(8) == 0)
		return;
	inet_pton(AF_INET6, edges[draw(LENGTH(edges))], bytes);
	if (draw(2) == 0)
	{
		for (int i = 4 + (int) draw(12); i < 16; i++)
			bytes[i] = (unsigned char) draw(256);
	}
	if (draw(2) == 0)
		put_ipv4(bytes + 12, draw_ipv4());
	if (bytes[0] == 0x20 && bytes[1] == 0x02)
		put_ipv4(bytes + 2, draw_ipv4());
	if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0 && bytes[3] == 0)
	{
		put_ipv4(bytes + 4, draw_ipv4());
		put_ipv4(bytes + 12, ~draw_ipv4());
	}
	if (draw(4) == 0)
	{
		bytes[8] = draw(2) ? 2 : 0;
		bytes[9] = 0;
		bytes[10] = 0x5E;
		bytes[11] = 0xFE;
	}
	if (draw(4) == 0)
		bytes[draw(16)] ^= (unsigned char) (1 << draw(8));
	if (draw(8) == 0)
	{
		/* One less, with borrow: the last address in front of an edge. */
		int			i = 15;

		while (i >= 0 && bytes[i]-- == 0)
			i--;
	}
}

static void
check_second_opinion(void)
{
	GuardNetwork networks[LENGTH(round_lists)][4];
	GuardList	lists[LENGTH(round_lists)];
	int			seen[2][3] = {{0}};
	int			differences = 0;
	char		error[200];

	for (size_t i = 0; i < LENGTH(round_lists); i++)
	{
		lists[i].networks = networks[i];
		lists[i].count = respond_guard_parse(round_lists[i], networks[i], 4, error, sizeof(error));
	}
	for (int round = 0; round < ROUNDS; round++)
	{
		static const int ports[] = {22, 80, 443, 1023, 1024, 65535};
		int			list = (int) draw(LENGTH(round_lists));
		int			port = ports[draw(LENGTH(ports))];
		bool		is_ipv4 = draw(3) == 0;
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};
		const char *reason;
		Opinion		opinion;
		bool		expected;

		if (is_ipv4)
		{
			uint32_t	v4 = draw_ipv4();

			in.sin_addr.s_addr = htonl(v4);
			opinion = naive_ipv4(list, v4);
			reason = respond_guard_judge((struct sockaddr *) &in, sizeof(in), &lists[list]);
		}
		else
		{
			draw_ipv6(in6.sin6_addr.s6_addr);
			opinion = naive_ipv6(list, in6.sin6_addr.s6_addr);
			reason = respond_guard_judge((struct sockaddr *) &in6, sizeof(in6), &lists[list]);
		}
		seen[is_ipv4][opinion]++;
		expected = opinion == LISTED || (opinion == OUTSIDE && (port >= 1024 || port == 80 || port == 443));
		if ((reason == NULL) != expected && differences++ < 10)
		{
			char		text[GUARD_FORMAT_SIZE];

			respond_guard_format(is_ipv4 ? (struct sockaddr *) &in : (struct sockaddr *) &in6,
								 is_ipv4 ? sizeof(in) : sizeof(in6), text, sizeof(text));
			printf("# %s with \"%s\": %s, not %s\n", text, round_lists[list], reason == NULL ? "allowed" : reason,
				   expected ? "allowed" : "denied");
		}
	}
	check(differences == 0, "the second opinion agrees on %d addresses", ROUNDS);
	for (int i = 0; i < 6; i++)
		check(seen[i / 3][i % 3] > ROUNDS / 200, "opinion %d of IPv%d was met %d times", i % 3, i / 3 ? 4 : 6,
			  seen[i / 3][i % 3]);
}

int
main(void)
{
	check_corpus();
	check_ports();
	check_listings();
	check_parses();
	check_parse_limits();
	check_texts();
	check_other_families();
	check_second_opinion();
	return check_done();
}
