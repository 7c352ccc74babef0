/*-------------------------------------------------------------------------
 * receiver_answers.c
 *	  The answers of the receiver.  The first segment of a request's path names
 *	  one; the list is in receiver.c.
 *
 * A planner gets the rest of the path, cut into segments with the percent
 * escapes undone, and fills in the connection's plan.  It sends nothing.
 *
 * test/stub/receiver_answers.c
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "receiver.h"

#define MAX_SEGMENTS	8
#define GIGABYTE		UINT64_C(1073741824)

typedef struct Request
{
	Connection *connection;
	Plan	   *plan;
	const char *path;			/* after the first segment, starts with "/" or is empty */
	const char *query;			/* after the "?" */
	const char *segments[MAX_SEGMENTS];
	int			count;
} Request;

typedef struct Mode
{
	const char *name;
	void		(*plan) (Request *request);
} Mode;

/* How far a list of /seq has come. */
typedef struct Sequence
{
	struct Sequence *next;
	char	   *name;
	int			place;
} Sequence;

static void plan_path(Connection *connection, const char *path);

static Buffer endless_chunk;
static Buffer zeros;
static Buffer header_lines;
static Buffer letters;

void
prepare_answers(void)
{
	char		block[16384];

	memset(block, 'a', sizeof(block));
	add(&letters, block, sizeof(block));
	addf(&endless_chunk, "%zx\r\n", sizeof(block));
	add(&endless_chunk, block, sizeof(block));
	addf(&endless_chunk, "\r\n");
	for (int i = 0; i < 4; i++)
		add(&zeros, block, sizeof(block));
	memset(zeros.data, '0', zeros.length);
	for (int i = 0; i < 16; i++)
		addf(&header_lines, "X-Filler: %.1000s\r\n", block);
}

static const char *
reason(int status)
{
	static const struct
	{
		int			status;
		const char *reason;
	}			reasons[] = {
		{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {301, "Moved Permanently"},
		{302, "Found"}, {303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"},
		{308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
		{404, "Not Found"}, {410, "Gone"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
	{
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Status";
}

/* Takes the number from a segment; what is no number, or is missing, is the default. */
static int
number(const Request *request, int place, int otherwise)
{
	char	   *end;
	long		value;

	if (place >= request->count)
		return otherwise;
	value = strtol(request->segments[place], &end, 10);
	return *end == '\0' && end != request->segments[place] && value >= 0 && value <= 1000000000 ? (int) value : otherwise;
}

static int
status_number(const Request *request, int place, int otherwise)
{
	int			status = number(request, place, otherwise);

	return status >= 100 && status <= 999 ? status : otherwise;
}

static void
start_header(Plan *plan, int status)
{
	plan->status = status;
	addf(&plan->bytes, "HTTP/1.1 %d %s\r\n", status, reason(status));
}

/* A usual answer; extra lines end with CRLF. */
static void
plan_status(Connection *connection, int status, const char *extra, const char *body, size_t length)
{
	Plan	   *plan = &connection->plan;

	start_header(plan, status);
	if (extra)
		add(&plan->bytes, extra, strlen(extra));
	if (connection->close_asked)
	{
		addf(&plan->bytes, "Connection: close\r\n");
		plan->after = AFTER_CLOSE;
	}
	if (status == 204 || status == 304 || status < 200)
		addf(&plan->bytes, "\r\n");
	else
	{
		addf(&plan->bytes, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", length);
		if (strcmp(connection->method, "HEAD") != 0)
			add(&plan->bytes, body, length);
	}
}

static void
plan_simple(Connection *connection, int status, const char *extra)
{
	char		body[32];

	if (status == 200)
		plan_status(connection, status, extra, "{\"ok\":true}", 11);
	else
		plan_status(connection, status, extra, body, (size_t) snprintf(body, sizeof(body), "{\"status\":%d}", status));
}

/* By far the most frequent answer of a benchmark: ready made. */
static void
plan_ok(Request *request)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";

	if (request->connection->close_asked || request->connection->method[0] == 'H')
		plan_simple(request->connection, 200, NULL);
	else
	{
		request->plan->status = 200;
		add(&request->plan->bytes, answer, sizeof(answer) - 1);
	}
}

static void
plan_status_path(Request *request)
{
	Buffer		extra = {0};

	if (request->count >= 3 && strcmp(request->segments[1], "retry-after") == 0)
	{
		addf(&extra, "Retry-After: %s\r\n", request->segments[2]);
		add(&extra, "", 1);
	}
	plan_simple(request->connection, status_number(request, 0, 404), extra.data);
	free(extra.data);
}

/* An item is a status or the name of a mode that needs nothing else, as "rst". */
static void
plan_sequence(Request *request)
{
	static Sequence *sequences = NULL;
	Sequence   *sequence = sequences;
	const char *item;
	char		path[128];
	int			length;

	if (request->count < 2)
	{
		plan_simple(request->connection, 404, NULL);
		return;
	}
	while (sequence && strcmp(sequence->name, request->segments[0]) != 0)
		sequence = sequence->next;
	if (!sequence)
	{
		sequence = calloc(1, sizeof(Sequence));
		if (!sequence || !(sequence->name = strdup(request->segments[0])))
			die("out of memory");
		sequence->next = sequences;
		sequences = sequence;
	}
	item = request->segments[1];
	for (int i = 0; i < sequence->place && strchr(item, ','); i++)
		item = strchr(item, ',') + 1;
	sequence->place++;
	length = (int) strcspn(item, ",");
	snprintf(path, sizeof(path), "%s%.*s", *item >= '0' && *item <= '9' ? "/status/" : "/", length, item);
	if (strncmp(path, "/seq", 4) == 0)
		snprintf(path, sizeof(path), "/unknown");
	plan_path(request->connection, path);
}

static void
plan_slow(Request *request)
{
	plan_simple(request->connection, status_number(request, 1, 200), NULL);
	request->plan->delay_ms = number(request, 0, 1000);
}

static void
plan_hang(Request *request)
{
	request->plan->after = AFTER_HANG;
}

static void
plan_hang_accept(Request *request)
{
	request->plan->after = AFTER_DEAF;
}

/* The header is made N bytes long, then it goes byte by byte. */
static void
plan_drip(Request *request)
{
	int			wanted = number(request, 1, 100);
	Buffer	   *bytes = &request->plan->bytes;

	start_header(request->plan, 200);
	addf(bytes, "Content-Length: 0\r\nX-Filler: ");
	while (bytes->length + 4 < (size_t) wanted && bytes->length < 1000000)
		add(bytes, "a", 1);
	addf(bytes, "\r\n\r\n");
	request->plan->drip_ms = number(request, 0, 100);
}

static void
plan_drip_body(Request *request)
{
	int			length = number(request, 1, 100);
	Buffer	   *bytes = &request->plan->bytes;

	if (length > 1000000)
		length = 1000000;
	start_header(request->plan, 200);
	addf(bytes, "Content-Length: %d\r\n\r\n", length);
	request->plan->drip_from = bytes->length;
	for (int i = 0; i < length; i++)
		add(bytes, "a", 1);
	request->plan->drip_ms = number(request, 0, 100);
}

static void
plan_close(Request *request)
{
	request->plan->after = AFTER_CUT;
}

static void
plan_reset(Request *request)
{
	request->plan->after = AFTER_RESET;
}

/* The pause lets the peer read the header before the RST is there. */
static void
plan_answer_then_reset(Request *request)
{
	start_header(request->plan, 200);
	addf(&request->plan->bytes, "Content-Length: 1000\r\n\r\n{\"ok\":tr");
	request->plan->after = AFTER_RESET;
	request->plan->after_ms = 20;
}

static void
plan_partial(Request *request)
{
	start_header(request->plan, status_number(request, 0, 200));
	addf(&request->plan->bytes, "Content-Length: 1000\r\n\r\n{\"ok\":tr");
	request->plan->after = AFTER_CUT;
}

static void
plan_garbage(Request *request)
{
	static const char garbage[] = "\x16\x03\x01\x02\x00\x01\x00\xFF\xFE\r\n\r\n\0 no HTTP \x80\x81\r\n";

	add(&request->plan->bytes, garbage, sizeof(garbage) - 1);
	request->plan->after = AFTER_CUT;
}

static void
plan_http09(Request *request)
{
	addf(&request->plan->bytes, "{\"ok\":true}\n");
	request->plan->after = AFTER_CUT;
}

static void
plan_endless(Request *request)
{
	start_header(request->plan, status_number(request, 0, 200));
	addf(&request->plan->bytes, "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
	request->plan->filler = &endless_chunk;
	request->plan->filler_left = UINT64_MAX;
}

static void
plan_gigabyte(Request *request)
{
	start_header(request->plan, status_number(request, 0, 200));
	addf(&request->plan->bytes, "Content-Type: text/plain\r\nContent-Length: %llu\r\n\r\n",
		 (unsigned long long) GIGABYTE);
	request->plan->filler = &zeros;
	request->plan->filler_left = GIGABYTE;
}

static void
plan_big_header(Request *request)
{
	start_header(request->plan, 200);
	request->plan->filler = &header_lines;
	request->plan->filler_left = UINT64_MAX;
}

static void
plan_long_line(Request *request)
{
	start_header(request->plan, 200);
	addf(&request->plan->bytes, "X-Filler: ");
	request->plan->filler = &letters;
	request->plan->filler_left = UINT64_MAX;
}

static void
plan_redirect(Request *request)
{
	Buffer		extra = {0};
	const char *to = request->query;

	if (strncmp(to, "to=", 3) == 0)
		addf(&extra, "Location: %s\r\n", to + 3);
	add(&extra, "", 1);
	plan_simple(request->connection, status_number(request, 0, 302), extra.data);
	free(extra.data);
}

static void
plan_close_after(Request *request)
{
	request->connection->close_asked = true;
	plan_simple(request->connection, 200, NULL);
}

/* The next request on this connection is sent in vain, as when a server's idle limit meets it on the way. */
static void
plan_silent_close(Request *request)
{
	plan_simple(request->connection, 200, NULL);
	request->plan->after = AFTER_CUT;
	request->plan->after_ms = 50;
}

static void
plan_fail_while(Request *request)
{
	plan_simple(request->connection, access(request->path, F_OK) == 0 ? 503 : 200, NULL);
}

static void
plan_reset_while(Request *request)
{
	if (access(request->path, F_OK) == 0)
		plan_reset(request);
	else
		plan_simple(request->connection, 200, NULL);
}

static void
plan_continue(Request *request)
{
	addf(&request->plan->bytes, "HTTP/1.1 100 Continue\r\n\r\n"
		 "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
	plan_simple(request->connection, 200, NULL);
}

/* A body of every byte there is. */
static void
plan_binary(Request *request)
{
	char		body[256];

	for (int i = 0; i < 256; i++)
		body[i] = (char) i;
	plan_status(request->connection, status_number(request, 0, 200), NULL, body, sizeof(body));
}

static void
plan_body(Request *request)
{
	size_t		length = (size_t) number(request, 1, 1000);
	Connection *connection = request->connection;
	char	   *body;

	if (length > 10000000)
		length = 10000000;
	body = malloc(length + 1);
	if (!body)
		die("out of memory");
	memset(body, 'a', length);
	plan_status(connection, status_number(request, 0, 200), NULL, body, length);
	free(body);
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What the caller wants to hear, byte for byte. */
static void
plan_raw(Request *request)
{
	Plan	   *plan = request->plan;
	const char *hex = request->count > 0 ? request->segments[0] : "";

	for (; hex_digit(hex[0]) >= 0 && hex_digit(hex[1]) >= 0; hex += 2)
	{
		char		byte = (char) (hex_digit(hex[0]) << 4 | hex_digit(hex[1]));

		add(&plan->bytes, &byte, 1);
	}
	if (plan->bytes.length > 12)
		plan->status = atoi(plan->bytes.data + 9);
}

static const Mode modes[] = {
	{"ok", plan_ok},
	{"status", plan_status_path},
	{"seq", plan_sequence},
	{"slow", plan_slow},
	{"hang", plan_hang},
	{"hang-accept", plan_hang_accept},
	{"drip", plan_drip},
	{"drip-body", plan_drip_body},
	{"close", plan_close},
	{"rst", plan_reset},
	{"200-then-rst", plan_answer_then_reset},
	{"partial", plan_partial},
	{"garbage", plan_garbage},
	{"http09", plan_http09},
	{"endless", plan_endless},
	{"gigabyte", plan_gigabyte},
	{"big-header", plan_big_header},
	{"long-line", plan_long_line},
	{"redirect", plan_redirect},
	{"close-after", plan_close_after},
	{"silent-close", plan_silent_close},
	{"fail-while", plan_fail_while},
	{"rst-while", plan_reset_while},
	{"continue", plan_continue},
	{"binary", plan_binary},
	{"body", plan_body},
	{"raw", plan_raw}
};

/* The path of a target; one that goes to a proxy has the other server's name in front. */
static const char *
path_of(const char *target)
{
	const char *rest;

	if (strncasecmp(target, "http://", 7) != 0)
		return target;
	rest = strchr(target + 7, '/');
	return rest ? rest : "/";
}

static void
undo_escapes(char *text)
{
	char	   *to = text;

	for (; *text; text++)
	{
		if (*text == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0 && (text[1] != '0' || text[2] != '0'))
		{
			*to++ = (char) (hex_digit(text[1]) * 16 + hex_digit(text[2]));
			text += 2;
		}
		else
			*to++ = *text;
	}
	*to = '\0';
}

static void
plan_with(Connection *connection, const Mode *mode, const char *rest)
{
	Request		request = {.connection = connection, .plan = &connection->plan};
	char	   *copy = strdup(rest);
	char	   *path;
	char	   *query;
	char	   *place;
	char	   *segment;

	if (!copy)
		die("out of memory");
	query = strchr(copy, '?');
	if (query)
	{
		*query++ = '\0';
		undo_escapes(query);
	}
	path = strdup(copy);
	if (!path)
		die("out of memory");
	undo_escapes(path);
	request.path = path;
	request.query = query ? query : "";
	for (segment = strtok_r(copy, "/", &place); segment && request.count < MAX_SEGMENTS; segment = strtok_r(NULL, "/", &place))
	{
		undo_escapes(segment);
		request.segments[request.count++] = segment;
	}
	mode->plan(&request);
	free(path);
	free(copy);
}

static void
plan_path(Connection *connection, const char *path)
{
	size_t		length = *path == '/' ? strcspn(path + 1, "/?") : 0;
	bool		inner = connection->plan.mode != NULL;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
	{
		const Mode *mode = &modes[i];

		if (length == 0 || strncmp(mode->name, path + 1, length) != 0 || mode->name[length] != '\0')
			continue;
		if (!inner)
			connection->plan.mode = mode->name;
		/* spares the benchmark the copies of the path */
		if (mode->plan == plan_ok)
			plan_ok(&(Request) {.connection = connection, .plan = &connection->plan});
		else
			plan_with(connection, mode, path + 1 + length);
		return;
	}
	if (!inner)
		connection->plan.mode = "unknown";
	plan_simple(connection, 404, NULL);
}

void
plan_answer(Connection *connection)
{
	plan_path(connection, path_of(connection->target.data));
}

void
plan_refusal(Connection *connection, int status)
{
	connection->plan.mode = "bad";
	connection->close_asked = true;
	strcpy(connection->method, "BAD");
	plan_simple(connection, status, NULL);
	connection->plan.after = AFTER_DRAIN;
}

bool
wants_no_body(const char *target)
{
	return strncmp(path_of(target), "/hang-accept", 12) == 0;
}
