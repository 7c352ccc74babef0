/*-------------------------------------------------------------------------
 * listen.c
 *	  Listens on NOTIFY channels and prints what it hears.
 *
 * usage: listen CHANNEL...
 *
 * The connection comes from libpq's environment.  Prints "listening" once the
 * server confirmed it, then one line "CHANNEL PAYLOAD" per notification, until
 * a SIGTERM or SIGINT ends it.  Sleeps in poll(), as a real client should.
 *
 * test/demo/listen.c
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <libpq-fe.h>

static volatile sig_atomic_t stopped = 0;

static void
stop(int signal_number)
{
	(void) signal_number;
	stopped = 1;
}

static void
fail(PGconn *connection)
{
	fprintf(stderr, "listen: %s", PQerrorMessage(connection));
	exit(1);
}

static void
start_listening(PGconn *connection, const char *channel)
{
	char	   *name = PQescapeIdentifier(connection, channel, 63);
	char		command[256];
	PGresult   *result;

	if (name == NULL)
		fail(connection);
	snprintf(command, sizeof(command), "LISTEN %s", name);
	PQfreemem(name);
	result = PQexec(connection, command);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(connection);
	PQclear(result);
}

static void
print_notifications(PGconn *connection)
{
	PGnotify   *notification;

	if (!PQconsumeInput(connection))
		fail(connection);
	while ((notification = PQnotifies(connection)) != NULL)
	{
		printf("%s %s\n", notification->relname, notification->extra);
		PQfreemem(notification);
	}
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	PGconn	   *connection = PQconnectdb("application_name=listen");
	struct sigaction action = {.sa_handler = stop};

	if (PQstatus(connection) != CONNECTION_OK)
		fail(connection);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (int i = 1; i < argc; i++)
		start_listening(connection, argv[i]);
	puts("listening");
	fflush(stdout);
	while (!stopped)
	{
		struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};

		if (poll(&socket, 1, -1) < 0 && errno != EINTR)
			break;
		if (socket.revents != 0)
			print_notifications(connection);
	}
	PQfinish(connection);
	return 0;
}
