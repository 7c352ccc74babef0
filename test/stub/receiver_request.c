/*-------------------------------------------------------------------------
 * receiver_request.c
 *	  Reads requests for the receiver, and has them answered.
 *
 * It is strict: what a server may forgive (a bare LF, a space before a colon,
 * two lengths) is refused and logged as bad, so that a test sees it.
 *
 * test/stub/receiver_request.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

#include "receiver.h"

#define READ_SIZE		262144
#define MAX_HEAD		65536

/* What is being read, of whichever connection: idle ones need no space for it. */
static char window[MAX_HEAD + READ_SIZE];

static void
end_request(Connection *connection)
{
	plan_answer(connection);
	if (log_open)
		log_request(connection);
	empty(&connection->record);
	empty(&connection->body);
	start_answer(connection);
}

static void
refuse(Connection *connection, const char *data, size_t length, int status)
{
	reset_plan(&connection->plan);
	plan_refusal(connection, status);
	if (log_open)
		log_bad(connection, data, length, status);
	empty(&connection->body);
	start_answer(connection);
}

static bool
is(Text text, const char *word)
{
	return text.length == strlen(word) && strncasecmp(text.data, word, text.length) == 0;
}

static bool
read_digits(Text text, int base, uint64_t *value)
{
	*value = 0;
	if (text.length == 0 || text.length > 15)
		return false;
	for (size_t i = 0; i < text.length; i++)
	{
		char		c = text.data[i];
		int			digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;

		if (digit >= base)
			return false;
		*value = *value * (unsigned) base + (unsigned) digit;
	}
	return true;
}

/*
 * Takes the next line, without its CRLF.  Returns the bytes used, 0 if the line
 * is not there yet, -1 if it is not a proper line.
 */
static ssize_t
next_line(const char *data, size_t length, Text *line)
{
	const char *end = memchr(data, '\n', length);

	if (!end)
		return 0;
	line->data = data;
	line->length = (size_t) (end - data);
	if (line->length == 0 || end[-1] != '\r')
		return -1;
	line->length--;
	if (memchr(line->data, '\r', line->length) || memchr(line->data, '\0', line->length))
		return -1;
	return end - data + 1;
}

static bool
split_request_line(Text line, Head *head, bool *old)
{
	const char *end = line.data + line.length;
	const char *space = memchr(line.data, ' ', line.length);
	const char *second = space ? memchr(space + 1, ' ', (size_t) (end - space - 1)) : NULL;

	if (!second || space == line.data || second == space + 1 || end - second != 9 ||
		memcmp(second + 1, "HTTP/1.", 7) != 0 || (second[8] != '0' && second[8] != '1'))
		return false;
	head->method = (Text) {line.data, (size_t) (space - line.data)};
	head->target = (Text) {space + 1, (size_t) (second - space - 1)};
	*old = second[8] == '0';
	return head->method.length < sizeof(((Connection *) NULL)->method);
}

static bool
split_header(Text line, Header *header)
{
	const char *end = line.data + line.length;
	const char *colon = memchr(line.data, ':', line.length);
	const char *value;

	if (!colon || colon == line.data || memchr(line.data, ' ', (size_t) (colon - line.data)) ||
		memchr(line.data, '\t', (size_t) (colon - line.data)))
		return false;
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	header->name = (Text) {line.data, (size_t) (colon - line.data)};
	header->value = (Text) {value, (size_t) (end - value)};
	return true;
}

/* Reads a header's lines; returns as next_line() does. */
static ssize_t
split_head(const char *data, size_t length, Head *head, bool *old)
{
	Text		line;
	size_t		used;
	ssize_t		count = next_line(data, length, &line);

	if (count <= 0)
		return count;
	if (!split_request_line(line, head, old))
		return -1;
	head->header_count = 0;
	for (used = (size_t) count;; used += (size_t) count)
	{
		count = next_line(data + used, length - used, &line);
		if (count <= 0)
			return count;
		if (line.length == 0)
			return (ssize_t) used + count;
		if (head->header_count == MAX_HEADERS || !split_header(line, &head->headers[head->header_count]))
			return -1;
		head->header_count++;
	}
}

/* Returns the bytes used; 0 if the header is not complete. */
static size_t
read_head(Connection *connection, const char *data, size_t length)
{
	static Head head;
	bool		old;
	bool		chunked = false;
	bool		sized = false;
	bool		good = true;
	bool		expects = false;
	ssize_t		used = split_head(data, length, &head, &old);

	if (used == 0 && length < MAX_HEAD)
		return 0;
	if (used <= 0)
	{
		refuse(connection, data, length, used == 0 ? 431 : 400);
		return length;
	}
	connection->close_asked = old;
	connection->body_left = 0;
	connection->body_bytes = 0;
	for (int i = 0; i < head.header_count; i++)
	{
		Header	   *header = &head.headers[i];

		switch (header->name.length)
		{
			case 6:
				if (is(header->name, "expect"))
					expects = is(header->value, "100-continue");
				break;
			case 10:
				if (is(header->name, "connection"))
					connection->close_asked = is(header->value, "close") || (old && !is(header->value, "keep-alive"));
				break;
			case 14:
				if (is(header->name, "content-length"))
				{
					good = good && !sized && read_digits(header->value, 10, &connection->body_left);
					sized = true;
				}
				break;
			case 17:
				if (is(header->name, "transfer-encoding"))
				{
					good = good && !chunked && is(header->value, "chunked");
					chunked = true;
				}
				break;
		}
	}
	if (!good || (sized && chunked))
	{
		refuse(connection, data, (size_t) used, 400);
		return length;
	}
	memcpy(connection->method, head.method.data, head.method.length);
	connection->method[head.method.length] = '\0';
	connection->target.length = 0;
	add(&connection->target, head.target.data, head.target.length);
	add(&connection->target, "", 1);
	if (log_open)
		log_head(connection, &head);
	if (wants_no_body(connection->target.data) || (connection->body_left == 0 && !chunked))
		end_request(connection);
	else
	{
		connection->phase = chunked ? READ_CHUNK_SIZE : READ_BODY;
		if (expects && (size_t) used == length && give(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25) != 25)
			connection->dead = true;
	}
	return (size_t) used;
}

static size_t
read_body(Connection *connection, const char *data, size_t length)
{
	if (length > connection->body_left)
		length = (size_t) connection->body_left;
	if (log_open && connection->body.length < BODY_LOGGED)
		add(&connection->body, data,
			length < BODY_LOGGED - connection->body.length ? length : BODY_LOGGED - connection->body.length);
	connection->body_left -= length;
	connection->body_bytes += length;
	if (connection->body_left == 0)
	{
		if (connection->phase == READ_CHUNK)
			connection->phase = READ_CHUNK_END;
		else
			end_request(connection);
	}
	return length;
}

/* The lines between the chunks: sizes, the ends of chunks, and the trailer. */
static size_t
read_chunk_line(Connection *connection, const char *data, size_t length)
{
	Text		line;
	ssize_t		used = next_line(data, length, &line);
	bool		good = used > 0;

	if (used == 0 && length < 4096)
		return 0;
	if (good && connection->phase == READ_CHUNK_SIZE)
	{
		const char *extension = memchr(line.data, ';', line.length);

		if (extension)
			line.length = (size_t) (extension - line.data);
		good = read_digits(line, 16, &connection->body_left);
		connection->phase = connection->body_left > 0 ? READ_CHUNK : READ_TRAILER;
	}
	else if (good && connection->phase == READ_CHUNK_END)
	{
		good = line.length == 0;
		connection->phase = READ_CHUNK_SIZE;
	}
	else if (good && line.length == 0)
		end_request(connection);
	if (!good)
	{
		refuse(connection, data, length, 400);
		return length;
	}
	return (size_t) used;
}

/* Works on what lies in the window; keeps what cannot be used yet. */
static void
consume(Connection *connection, size_t length)
{
	size_t		used = 0;

	while (used < length && !connection->dead && connection->phase < ANSWER)
	{
		size_t		count;

		if (connection->phase == READ_HEAD)
			count = read_head(connection, window + used, length - used);
		else if (connection->phase == READ_BODY || connection->phase == READ_CHUNK)
			count = read_body(connection, window + used, length - used);
		else
			count = read_chunk_line(connection, window + used, length - used);
		if (count == 0)
			break;
		used += count;
	}
	if (connection->input.length > 0 || used < length)
	{
		empty(&connection->input);
		if (!connection->dead && connection->phase <= ANSWER)
			add(&connection->input, window + used, length - used);
	}
}

/* Puts what was kept at the front of the window. */
static size_t
load_input(Connection *connection)
{
	size_t		length = connection->input.length;

	/* More than a window of kept input cannot be: it came from one. */
	if (length > 0)
		memcpy(window, connection->input.data, length);
	return length;
}

static void
receive(Connection *connection)
{
	do
	{
		size_t		kept = load_input(connection);
		ssize_t		count = take(connection, window + kept, sizeof(window) - kept);

		if (count < 0)
			return;
		if (count == 0)
		{
			connection->dead = true;
			return;
		}
		consume(connection, kept + (size_t) count);
	} while (connection->ssl && !connection->dead && connection->phase < ANSWER && SSL_pending(connection->ssl) > 0);
}

/* An answer that took a while is sent: on with what came in the meantime. */
static void
resume(Connection *connection)
{
	watch(connection, EPOLLIN);
	consume(connection, load_input(connection));
	if (!connection->dead && connection->phase < ANSWER)
		receive(connection);
}

static void
discard(Connection *connection)
{
	ssize_t		count;

	do
		count = take(connection, window, sizeof(window));
	while (count > 0);
	if (count == 0)
		connection->dead = true;
}

static void
continue_answer(Connection *connection)
{
	send_answer(connection);
	if (!connection->dead && connection->phase < ANSWER)
		resume(connection);
}

/* What the timer of a connection was started for. */
void
ring(Connection *connection)
{
	Plan	   *plan = &connection->plan;

	if (connection->phase == DEAF)
		finish_answer(connection);
	else
	{
		if (plan->delay_ms > 0)
			plan->delay_ms = 0;
		else
			plan->drip_from++;
		continue_answer(connection);
	}
	if (connection->dead)
		free_connection(connection);
}

/* What epoll has to say of a connection. */
void
handle(Connection *connection, uint32_t events)
{
	bool		gone = (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0;

	/* While reading, read first: a request may have come before the end. */
	if (connection->phase < ANSWER)
		receive(connection);
	else if (connection->phase == DISCARD)
		discard(connection);
	else if (gone)
		connection->dead = true;
	else if (connection->phase == ANSWER)
		continue_answer(connection);
	if (connection->dead)
		free_connection(connection);
}
