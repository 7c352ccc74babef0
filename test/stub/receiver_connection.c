/*-------------------------------------------------------------------------
 * receiver_connection.c
 *	  The receiver's buffers and timers, and the sending of planned answers.
 *
 * test/stub/receiver_connection.c
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>

#include "receiver.h"

#define FILLS_AT_ONCE	16		/* writes of filler before others have their turn */

int			epoll_fd;

/* A binary heap of the connections whose timer runs, the next one at place 1. */
static Connection **timers;
static size_t timer_count = 0;
static size_t timer_capacity = 0;

void
die(const char *format,...)
{
	va_list		arguments;

	fprintf(stderr, "receiver: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
	exit(1);
}

static void
reserve(Buffer *buffer, size_t length)
{
	size_t		capacity = buffer->capacity ? buffer->capacity : 256;

	if (buffer->length + length <= buffer->capacity)
		return;
	while (capacity < buffer->length + length)
		capacity *= 2;
	buffer->data = realloc(buffer->data, capacity);
	if (!buffer->data)
		die("out of memory");
	buffer->capacity = capacity;
}

void
add(Buffer *buffer, const void *data, size_t length)
{
	if (length == 0)
		return;
	reserve(buffer, length);
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
}

void
addf(Buffer *buffer, const char *format,...)
{
	va_list		arguments;
	size_t		room;
	int			length;

	reserve(buffer, 128);
	room = buffer->capacity - buffer->length;
	va_start(arguments, format);
	length = vsnprintf(buffer->data + buffer->length, room, format, arguments);
	va_end(arguments);
	if ((size_t) length >= room)
	{
		reserve(buffer, (size_t) length + 1);
		va_start(arguments, format);
		vsnprintf(buffer->data + buffer->length, (size_t) length + 1, format, arguments);
		va_end(arguments);
	}
	buffer->length += (size_t) length;
}

/* Empties a buffer; gives back what one large request made it grow to. */
void
empty(Buffer *buffer)
{
	buffer->length = 0;
	if (buffer->capacity > 4096)
	{
		free(buffer->data);
		*buffer = (Buffer) {0};
	}
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
put_timer(size_t place, Connection *connection)
{
	timers[place] = connection;
	connection->heap_place = place;
}

/* Finds the place for a timer whose own place may be wrong. */
static void
sift(size_t place, Connection *connection)
{
	while (place > 1 && timers[place / 2]->due_us > connection->due_us)
	{
		put_timer(place, timers[place / 2]);
		place /= 2;
	}
	for (;;)
	{
		size_t		child = place * 2;

		if (child + 1 <= timer_count && timers[child + 1]->due_us < timers[child]->due_us)
			child++;
		if (child > timer_count || timers[child]->due_us >= connection->due_us)
			break;
		put_timer(place, timers[child]);
		place = child;
	}
	put_timer(place, connection);
}

static void
stop_timer(Connection *connection)
{
	size_t		place = connection->heap_place;
	Connection *last;

	if (place == 0)
		return;
	connection->heap_place = 0;
	last = timers[timer_count--];
	if (last != connection)
		sift(place, last);
}

void
start_timer(Connection *connection, int ms)
{
	stop_timer(connection);
	if (timer_count + 2 > timer_capacity)
	{
		timer_capacity = timer_capacity ? timer_capacity * 2 : 64;
		timers = realloc(timers, timer_capacity * sizeof(Connection *));
		if (!timers)
			die("out of memory");
	}
	connection->due_us = now_us() + (int64_t) ms * 1000;
	timer_count++;
	sift(timer_count, connection);
}

/* Milliseconds until the next timer rings, -1 if none runs. */
int
next_timer_ms(void)
{
	int64_t		left;

	if (timer_count == 0)
		return -1;
	left = timers[1]->due_us - now_us();
	return left > 0 ? (int) ((left + 999) / 1000) : 0;
}

/* Rings what is due by now; timers that start meanwhile wait for the next call. */
void
ring_timers(void)
{
	int64_t		now;

	if (timer_count == 0)
		return;
	now = now_us();
	while (timer_count > 0 && timers[1]->due_us <= now)
	{
		Connection *connection = timers[1];

		stop_timer(connection);
		ring(connection);
	}
}

void
watch(Connection *connection, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = connection};

	if (connection->watched == events)
		return;
	connection->watched = events;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) < 0)
		die("epoll_ctl: %s", strerror(errno));
}

void
free_connection(Connection *connection)
{
	stop_timer(connection);
	SSL_free(connection->ssl);
	close(connection->fd);
	free(connection->input.data);
	free(connection->target.data);
	free(connection->record.data);
	free(connection->body.data);
	free(connection->plan.bytes.data);
	free(connection);
}

/* Reads; -1 when there is nothing yet, 0 at the end or after an error. */
ssize_t
take(Connection *connection, char *data, size_t size)
{
	ssize_t		count;

	if (connection->ssl)
	{
		int			got;

		ERR_clear_error();
		got = SSL_read(connection->ssl, data, (int) size);
		if (got > 0)
			return got;
		switch (SSL_get_error(connection->ssl, got))
		{
			case SSL_ERROR_WANT_READ:
				watch(connection, EPOLLIN);
				return -1;
			case SSL_ERROR_WANT_WRITE:
				watch(connection, EPOLLOUT);
				return -1;
			default:
				return 0;
		}
	}
	count = recv(connection->fd, data, size, 0);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : 0;
	return count;
}

/* Writes what the socket takes, perhaps 0; -1 after an error. */
ssize_t
give(Connection *connection, const char *data, size_t size)
{
	ssize_t		count;

	if (connection->ssl)
	{
		int			sent;
		int			error;

		ERR_clear_error();
		sent = SSL_write(connection->ssl, data, (int) size);
		if (sent > 0)
			return sent;
		error = SSL_get_error(connection->ssl, sent);
		return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? 0 : -1;
	}
	count = send(connection->fd, data, size, MSG_NOSIGNAL);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return count;
}

/* Closing now sends RST instead of FIN. */
static void
close_with_reset(Connection *connection)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	connection->dead = true;
}

void
reset_plan(Plan *plan)
{
	Buffer		bytes = plan->bytes;

	empty(&bytes);
	*plan = (Plan) {.bytes = bytes};
}

/* All that was planned is sent. */
void
finish_answer(Connection *connection)
{
	Plan	   *plan = &connection->plan;

	if (plan->after_ms > 0)
	{
		connection->phase = DEAF;
		watch(connection, EPOLLRDHUP);
		start_timer(connection, plan->after_ms);
		plan->after_ms = 0;
		return;
	}
	switch (plan->after)
	{
		case AFTER_KEEP:
			connection->phase = READ_HEAD;
			reset_plan(plan);
			break;
		case AFTER_CLOSE:
			if (connection->ssl)
				SSL_shutdown(connection->ssl);
			connection->dead = true;
			break;
		case AFTER_CUT:
			connection->dead = true;
			break;
		case AFTER_RESET:
			close_with_reset(connection);
			break;
		case AFTER_DRAIN:
			shutdown(connection->fd, SHUT_WR);
			/* FALLTHROUGH */
		case AFTER_HANG:
			connection->phase = DISCARD;
			watch(connection, EPOLLIN);
			break;
		case AFTER_DEAF:
			connection->phase = DEAF;
			watch(connection, EPOLLRDHUP);
			break;
	}
}

/* Sends what may be sent by now; waits for the socket or the timer if that is not all. */
void
send_answer(Connection *connection)
{
	Plan	   *plan = &connection->plan;
	size_t		end = plan->drip_ms > 0 ? plan->drip_from : plan->bytes.length;
	ssize_t		count;

	while (plan->sent < end)
	{
		count = give(connection, plan->bytes.data + plan->sent, end - plan->sent);
		if (count < 0)
		{
			connection->dead = true;
			return;
		}
		if (count == 0)
		{
			watch(connection, EPOLLOUT | EPOLLRDHUP);
			return;
		}
		plan->sent += (size_t) count;
	}
	if (plan->sent < plan->bytes.length)
	{
		watch(connection, EPOLLRDHUP);
		start_timer(connection, plan->drip_ms);
		return;
	}
	for (int i = 0; plan->filler_left > 0; i++)
	{
		size_t		size = plan->filler->length - plan->filler_sent;

		if (size > plan->filler_left)
			size = (size_t) plan->filler_left;
		count = i < FILLS_AT_ONCE ? give(connection, plan->filler->data + plan->filler_sent, size) : 0;
		if (count < 0)
		{
			connection->dead = true;
			return;
		}
		if (count == 0)
		{
			watch(connection, EPOLLOUT | EPOLLRDHUP);
			return;
		}
		plan->filler_sent = (plan->filler_sent + (size_t) count) % plan->filler->length;
		if (plan->filler_left != UINT64_MAX)
			plan->filler_left -= (uint64_t) count;
	}
	finish_answer(connection);
}

void
start_answer(Connection *connection)
{
	connection->phase = ANSWER;
	if (connection->plan.delay_ms > 0)
	{
		/* A peer that only has no more to send may still wait for the answer. */
		watch(connection, 0);
		start_timer(connection, connection->plan.delay_ms);
	}
	else
		send_answer(connection);
}
