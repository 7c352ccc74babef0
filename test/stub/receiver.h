/*-------------------------------------------------------------------------
 * receiver.h
 *	  What the parts of the receiver share: a connection with the request that
 *	  it reads and the plan of the answer that it gets.
 *
 * receiver.c accepts connections, receiver_request.c reads requests,
 * receiver_answers.c makes the plan that a path asks for, receiver_connection.c
 * carries it out, receiver_log.c writes the log.
 *
 * test/stub/receiver.h
 *-------------------------------------------------------------------------
 */
#ifndef RECEIVER_H
#define RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <openssl/ssl.h>

#define BODY_LOGGED		65536
#define MAX_HEADERS		256

typedef struct Buffer
{
	char	   *data;
	size_t		length;
	size_t		capacity;
} Buffer;

typedef struct Text
{
	const char *data;
	size_t		length;
} Text;

typedef struct Header
{
	Text		name;
	Text		value;
} Header;

/* A request's head as it lies in the read buffer: valid only while it is looked at. */
typedef struct Head
{
	Text		method;
	Text		target;
	int			header_count;
	Header		headers[MAX_HEADERS];
} Head;

typedef enum Phase
{
	READ_HEAD,
	READ_BODY,
	READ_CHUNK_SIZE,
	READ_CHUNK,
	READ_CHUNK_END,
	READ_TRAILER,
	ANSWER,						/* the plan is carried out, nothing is read */
	DISCARD,					/* all that comes is thrown away */
	DEAF						/* nothing is read or sent */
} Phase;

/* What happens to the connection when the planned bytes are sent. */
typedef enum After
{
	AFTER_KEEP,
	AFTER_CLOSE,
	AFTER_CUT,					/* as AFTER_CLOSE, but without TLS's word of farewell */
	AFTER_RESET,
	AFTER_DRAIN,				/* say that no more comes, then discard what the peer still sends */
	AFTER_HANG,
	AFTER_DEAF
} After;

typedef struct Plan
{
	const char *mode;
	int			status;			/* 0: none is sent */
	Buffer		bytes;
	size_t		sent;
	int			delay_ms;		/* before the first byte */
	int			drip_ms;		/* between two bytes */
	size_t		drip_from;		/* the bytes before this one go at once */
	const Buffer *filler;		/* repeated after the bytes ... */
	size_t		filler_sent;
	uint64_t	filler_left;	/* ... for so many bytes */
	After		after;
	int			after_ms;		/* deaf for so long first */
} Plan;

typedef struct Connection
{
	int			fd;
	SSL		   *ssl;
	uint64_t	number;
	uint32_t	watched;		/* what epoll was told */
	Phase		phase;
	bool		dead;			/* to be freed by who called */
	Buffer		input;			/* bytes read and not yet understood */

	/* the request */
	char		method[16];
	bool		close_asked;
	uint64_t	body_left;		/* of the body or of the chunk */
	uint64_t	body_bytes;
	Buffer		target;			/* with a NUL behind it */
	Buffer		record;			/* the log line without its end */
	Buffer		body;			/* the first BODY_LOGGED bytes, for the log */

	Plan		plan;

	int64_t		due_us;			/* the timer, in the monotonic clock */
	size_t		heap_place;		/* in the heap of timers, counted from 1; 0: not there */
} Connection;

/* receiver_connection.c */
extern int	epoll_fd;
extern void die(const char *format,...) __attribute__((format(printf, 1, 2), noreturn));
extern void add(Buffer *buffer, const void *data, size_t length);
extern void addf(Buffer *buffer, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void empty(Buffer *buffer);
extern void start_timer(Connection *connection, int ms);
extern int	next_timer_ms(void);
extern void ring_timers(void);
extern void watch(Connection *connection, uint32_t events);
extern void free_connection(Connection *connection);
extern ssize_t take(Connection *connection, char *data, size_t size);
extern ssize_t give(Connection *connection, const char *data, size_t size);
extern void reset_plan(Plan *plan);
extern void start_answer(Connection *connection);
extern void send_answer(Connection *connection);
extern void finish_answer(Connection *connection);

/* receiver_request.c */
extern void handle(Connection *connection, uint32_t events);
extern void ring(Connection *connection);

/* receiver_answers.c */
extern void prepare_answers(void);
extern void plan_answer(Connection *connection);
extern void plan_refusal(Connection *connection, int status);
extern bool wants_no_body(const char *target);

/* receiver_log.c */
extern bool log_open;
extern void open_log(const char *path);
extern void log_head(Connection *connection, const Head *head);
extern void log_request(Connection *connection);
extern void log_bad(Connection *connection, const char *data, size_t length, int status);

#endif							/* RECEIVER_H */
