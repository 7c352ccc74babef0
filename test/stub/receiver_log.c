/*-------------------------------------------------------------------------
 * receiver_log.c
 *	  The receiver's log: a line of JSON for each request, written with one
 *	  write(2) before the answer is sent.
 *
 * test/stub/receiver_log.c
 *-------------------------------------------------------------------------
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "receiver.h"

#define TIME_FORMAT "{\"t\": %10lld.%06ld"

bool		log_open = false;
static int	log_fd;

void
open_log(const char *path)
{
	log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (log_fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	log_open = true;
}

/* The length of the UTF-8 character at the front, 0 if there is none. */
static size_t
utf8_length(const unsigned char *text, size_t length)
{
	unsigned char first = text[0];
	size_t		size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;

	if (size > length)
		return 0;
	for (size_t i = 1; i < size; i++)
	{
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, and what is above U+10FFFF */
	if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ||
		(first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
		return 0;
	return size;
}

/* Bytes that are no UTF-8 become U+FFFD, so that every reader of JSON takes the line. */
static void
add_escaped(Buffer *line, const char *data, size_t length, bool lower)
{
	const unsigned char *text = (const unsigned char *) data;
	size_t		plain = 0;		/* start of what needs no change */
	size_t		i = 0;

	while (i < length)
	{
		size_t		size = utf8_length(text + i, length - i);

		if (size == 1 && text[i] >= ' ' && text[i] != '"' && text[i] != '\\' && text[i] != 0x7F &&
			!(lower && isupper(text[i])))
		{
			i++;
			continue;
		}
		if (size > 1)
		{
			i += size;
			continue;
		}
		add(line, data + plain, i - plain);
		if (size == 0)
			add(line, "\xEF\xBF\xBD", 3);
		else if (text[i] == '"' || text[i] == '\\')
			addf(line, "\\%c", text[i]);
		else if (isupper(text[i]))
			addf(line, "%c", tolower(text[i]));
		else
			addf(line, "\\u%04x", text[i]);
		plain = ++i;
	}
	add(line, data + plain, length - plain);
}

static bool
same_name(Text a, Text b)
{
	return a.length == b.length && strncasecmp(a.data, b.data, a.length) == 0;
}

/*
 * Values of a name that comes again are joined by ", ", as HTTP says that they
 * mean the same.  header_count tells that it happened.
 */
static void
add_headers(Buffer *line, const Head *head)
{
	const Header *headers = head->headers;
	bool		first = true;

	for (int i = 0; i < head->header_count; i++)
	{
		bool		known = false;

		for (int j = 0; j < i && !known; j++)
			known = same_name(headers[j].name, headers[i].name);
		if (known)
			continue;
		addf(line, first ? "\"" : ", \"");
		first = false;
		add_escaped(line, headers[i].name.data, headers[i].name.length, true);
		addf(line, "\": \"");
		add_escaped(line, headers[i].value.data, headers[i].value.length, false);
		for (int j = i + 1; j < head->header_count; j++)
		{
			if (same_name(headers[j].name, headers[i].name))
			{
				addf(line, ", ");
				add_escaped(line, headers[j].value.data, headers[j].value.length, false);
			}
		}
		addf(line, "\"");
	}
}

static void
start_line(Connection *connection)
{
	connection->record.length = 0;
	addf(&connection->record, TIME_FORMAT ", \"conn\": %llu", 0LL, 0L, (unsigned long long) connection->number);
}

/* The clock is read last: the line's time is the time of the whole request. */
static void
write_line(Connection *connection)
{
	Buffer	   *line = &connection->record;
	struct timespec now;
	char		stamp[64];
	int			length;

	clock_gettime(CLOCK_REALTIME, &now);
	length = snprintf(stamp, sizeof(stamp), TIME_FORMAT, (long long) now.tv_sec, now.tv_nsec / 1000);
	memcpy(line->data, stamp, (size_t) length);
	if (write(log_fd, line->data, line->length) != (ssize_t) line->length)
		die("cannot write the log: %s", strerror(errno));
	line->length = 0;
}

/* The head goes before its place in the read buffer is used again. */
void
log_head(Connection *connection, const Head *head)
{
	Buffer	   *line = &connection->record;

	start_line(connection);
	addf(line, ", \"method\": \"");
	add_escaped(line, head->method.data, head->method.length, false);
	addf(line, "\", \"path\": \"");
	add_escaped(line, head->target.data, head->target.length, false);
	addf(line, "\", \"header_count\": %d, \"headers\": {", head->header_count);
	add_headers(line, head);
	addf(line, "}, \"tls\": %s", connection->ssl ? "true" : "false");
}

void
log_request(Connection *connection)
{
	Buffer	   *line = &connection->record;

	addf(line, ", \"body_bytes\": %llu, \"body\": \"", (unsigned long long) connection->body_bytes);
	add_escaped(line, connection->body.data, connection->body.length, false);
	addf(line, "\", \"status\": %d, \"answer\": \"%s\"}\n", connection->plan.status, connection->plan.mode);
	write_line(connection);
}

/* Something that is no request: its first bytes are worth more than what was understood of it. */
void
log_bad(Connection *connection, const char *data, size_t length, int status)
{
	Buffer	   *line = &connection->record;

	start_line(connection);
	addf(line, ", \"bad\": \"");
	add_escaped(line, data, length < 4096 ? length : 4096, false);
	addf(line, "\", \"status\": %d, \"answer\": \"bad\"}\n", status);
	write_line(connection);
}
