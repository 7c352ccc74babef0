/* links: src/gateway/host_map.c src/gateway/gateway_route.c src/companion/listen_address.c */
/*-------------------------------------------------------------------------
 * test_gateway_tables.c
 *	  Which room a path belongs to, and which database a host name.
 *
 * test/unit/test_gateway_tables.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "gateway/gateway_route.h"
#include "gateway/host_map.h"

static void
check_routes(void)
{
	static const struct
	{
		const char *path;
		Route		route;
	}			cases[] = {
		{"/in/git", ROUTE_INBOUND}, {"/in/", ROUTE_INBOUND}, {"/in/a/b", ROUTE_INBOUND}, {"/in", ROUTE_NONE},
		{"/inn", ROUTE_NONE}, {"/IN/git", ROUTE_NONE}, {"/v2/enqueue", ROUTE_INBOUND}, {"/v2/enqueue/", ROUTE_NONE},
		{"/v2/enqueued", ROUTE_NONE}, {"/metrics", ROUTE_METRICS}, {"/metrics/", ROUTE_NONE},
		{"/v1/stream", ROUTE_STREAM}, {"/v1/streams", ROUTE_REST}, {"/v1/tickets", ROUTE_REST}, {"/v1", ROUTE_NONE},
		{"/", ROUTE_NONE}, {"", ROUTE_NONE}, {"/%69n/git", ROUTE_NONE}, {"//in/git", ROUTE_NONE},
		{"/x/../in/git", ROUTE_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(respond_gateway_route(cases[i].path) == cases[i].route, "the room of \"%s\"", cases[i].path);
}

/* The items of a list, "host>database" each. */
static const char *
read_all(const char *list)
{
	static char text[1000];
	HostItem	item;

	text[0] = '\0';
	while (respond_host_map_next(&list, &item))
		sprintf(text + strlen(text), "%s>%s;", item.host, item.database);
	return text;
}

/* NULL: the list is fine. */
static const char *
flaw(const char *list)
{
	static char error[512];

	return respond_host_map_check(list, error, sizeof(error)) ? NULL : error;
}

static void
check_hosts(void)
{
	static const char *const wrong[] = {"a", "=a", "a=", "a=%", "a=%4", "a=%4g", "a=%00", "a:80=b", "a b=c", "[::1=a",
	"h\xc3\xa4=a", "a=b, c"};
	char		list[900] = "h=";

	check_string(read_all(""), "", "nothing");
	check_string(read_all("Hooks.Example=desk, [::1] = a b ,x-y_1.z=%64%65sk%2C%25"),
				 "hooks.example>desk;[::1]>a b;x-y_1.z>desk,%;", "hosts and databases");
	check_string(read_all("h=a=b"), "h>a=b;", "a name with an equals sign");
	check_string(flaw("a=b,c=b"), NULL, "two hosts of one database");
	check_string(flaw("a=b, A=c"), "host \"a\" stands twice in the list", "a host of two databases");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check(flaw(wrong[i]) != NULL, "\"%s\" is refused", wrong[i]);
	memset(list + 2, 'x', 300);
	check(flaw(list) != NULL, "a name that no database can have");
}

int
main(void)
{
	check_routes();
	check_hosts();
	return check_done();
}
