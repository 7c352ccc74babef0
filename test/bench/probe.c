/*-------------------------------------------------------------------------
 * probe.c
 *	  Measures the time from a commit to the ticket that a rule opens for it.
 *
 * usage: probe COUNT PAUSE_US [INSERT QUERY]
 *
 * Two connections from libpq's environment.  One listens on channel "probe",
 * to which a route sends the id of each event of type "probe.latency".  The
 * other does BEGIN, INSERT of such an event (or the given statement, which
 * returns the id to be heard), COMMIT.  The clock is read when
 * COMMIT is sent, when it is acknowledged, and when the notification is heard.
 * The dispatcher notifies in the transaction that opens the ticket, and
 * PostgreSQL hands out notifications after their commit: what is heard is
 * visible.  The probe checks that: after each notification it runs QUERY
 * ($1 is the event's id; by default it counts the event's tickets), which must give 1.
 *
 * Prints one line of name=value pairs, in microseconds:
 *	 n, missing (nothing heard within 10 s), invisible (heard but not there),
 *	 p50, p90, p99, max from acknowledgement; sent_p50, sent_p99 from sending
 *	 COMMIT, thus with the commit's own WAL flush.
 * A notification that is heard before the acknowledgement counts as 0.
 *
 * test/bench/probe.c
 *-------------------------------------------------------------------------
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libpq-fe.h>

#define LIMIT_US	INT64_C(10000000)

typedef struct Sample
{
	int64_t		from_sent;
	int64_t		from_acknowledged;
} Sample;

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static PGconn *
open_connection(void)
{
	PGconn	   *connection = PQconnectdb("application_name=probe");

	if (PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "probe: %s", PQerrorMessage(connection));
		exit(1);
	}
	return connection;
}

/* Runs a statement, puts its first value (or nothing) into the buffer. */
static void
run(PGconn *connection, const char *statement, const char *parameter, char *value, size_t size)
{
	PGresult   *result = PQexecParams(connection, statement, parameter != NULL, NULL, &parameter, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
	{
		fprintf(stderr, "probe: %s: %s", statement, PQerrorMessage(connection));
		exit(1);
	}
	if (value != NULL)
		snprintf(value, size, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
}

/* Waits until the id is heard; returns the time, or 0 after the limit. */
static int64_t
hear(PGconn *listener, const char *id)
{
	int64_t		end = now_us() + LIMIT_US;

	for (;;)
	{
		PGnotify   *notification;
		int64_t		left;
		int64_t		heard_at;
		struct pollfd socket = {.fd = PQsocket(listener), .events = POLLIN};

		if (!PQconsumeInput(listener))
			exit(1);
		heard_at = now_us();
		while ((notification = PQnotifies(listener)) != NULL)
		{
			int			same = strcmp(notification->extra, id) == 0;

			PQfreemem(notification);
			if (same)
				return heard_at;
		}
		left = end - heard_at;
		if (left <= 0)
			return 0;
		poll(&socket, 1, (int) (left / 1000) + 1);
	}
}

static int
compare(const void *a, const void *b)
{
	int64_t		left = *(const int64_t *) a;
	int64_t		right = *(const int64_t *) b;

	return (left > right) - (left < right);
}

static int64_t
percentile(const int64_t *sorted, int count, int percent)
{
	return count == 0 ? -1 : sorted[(count - 1) * percent / 100];
}

static void
report(const Sample *samples, int count, int missing, int invisible)
{
	int64_t    *acknowledged = calloc(count + 1, sizeof(int64_t));
	int64_t    *sent = calloc(count + 1, sizeof(int64_t));

	for (int i = 0; i < count; i++)
	{
		acknowledged[i] = samples[i].from_acknowledged > 0 ? samples[i].from_acknowledged : 0;
		sent[i] = samples[i].from_sent;
	}
	qsort(acknowledged, count, sizeof(int64_t), compare);
	qsort(sent, count, sizeof(int64_t), compare);
	printf("n=%d missing=%d invisible=%d p50=%lld p90=%lld p99=%lld max=%lld sent_p50=%lld sent_p99=%lld\n",
		   count, missing, invisible,
		   (long long) percentile(acknowledged, count, 50), (long long) percentile(acknowledged, count, 90),
		   (long long) percentile(acknowledged, count, 99), (long long) percentile(acknowledged, count, 100),
		   (long long) percentile(sent, count, 50), (long long) percentile(sent, count, 99));
	free(acknowledged);
	free(sent);
}

int
main(int argc, char **argv)
{
	int			wanted = argc > 1 ? atoi(argv[1]) : 100;
	int			pause_us = argc > 2 ? atoi(argv[2]) : 1000;
	const char *insert = argc > 4 ? argv[3] : "INSERT INTO respond.event (type, subject) VALUES ('probe.latency', 'probe') RETURNING id";
	const char *query = argc > 4 ? argv[4] : "SELECT count(*) FROM respond.ticket WHERE event_id = $1::bigint";
	PGconn	   *producer = open_connection();
	PGconn	   *listener = open_connection();
	Sample	   *samples = calloc(wanted + 1, sizeof(Sample));
	int			count = 0;
	int			missing = 0;
	int			invisible = 0;

	run(listener, "LISTEN probe", NULL, NULL, 0);
	for (int i = 0; i < wanted && missing < 3; i++)
	{
		char		id[32];
		char		tickets[32];
		int64_t		sent_at;
		int64_t		acknowledged_at;
		int64_t		heard_at;

		run(producer, "BEGIN", NULL, NULL, 0);
		run(producer, insert, NULL, id, sizeof(id));
		sent_at = now_us();
		run(producer, "COMMIT", NULL, NULL, 0);
		acknowledged_at = now_us();
		heard_at = hear(listener, id);
		if (heard_at == 0)
		{
			missing++;
			continue;
		}
		run(producer, query, id, tickets, sizeof(tickets));
		if (strcmp(tickets, "1") != 0)
			invisible++;
		samples[count].from_sent = heard_at - sent_at;
		samples[count].from_acknowledged = heard_at - acknowledged_at;
		count++;
		usleep(pause_us);
	}
	report(samples, count, missing, invisible);
	free(samples);
	PQfinish(producer);
	PQfinish(listener);
	return missing > 0 || invisible > 0;
}
