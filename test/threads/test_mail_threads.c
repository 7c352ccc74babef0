/* links: test/threads/server_stand_ins.c src/transport/transport.c src/transport/transfer.c src/transport/mail_thread.c
		  src/transport/mail_transfer.c src/transport/http_transfer.c src/transport/answer.c src/transport/socket_set.c
		  src/transport/guard.c src/wire/retry_policy.c */
/* libs: -lcurl -lpgport */
/*-------------------------------------------------------------------------
 * test_mail_threads.c
 *	  Thousands of mails that are refused, dropped, half answered, slow or taken,
 *	  under ThreadSanitizer.
 *
 * The transport is that of the courier; its peer is a mail server in threads of
 * this program, which does to a connection what its number says.  A mail to the
 * port where nobody listens ends before its thread was started for good: whatever
 * the courier reads of a transfer that it has handed over shows in this test.
 *
 * usage: test_mail_threads [COUNT]		2000 mails by default
 *
 * test/threads/test_mail_threads.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "transport/transport.h"

#define AT_ONCE			64		/* mails under way */
#define SERVERS			96		/* connections that are served at the same time */
#define RECIPIENTS		2
#define SLOW_US			3000
#define RELOAD_EVERY	100		/* mails between two reloads of the settings */

/* What happens to a mail. */
typedef enum Fate
{
	FATE_REFUSED,				/* nobody listens */
	FATE_FORBIDDEN,				/* the guard refuses the address */
	FATE_DROPPED,				/* the connection is closed without a word */
	FATE_HALF_GREETED,			/* and within the greeting */
	FATE_REJECTED,				/* 550 to MAIL */
	FATE_HALF_TAKEN,			/* one recipient is refused */
	FATE_DROPPED_LATE,			/* closed behind the message */
	FATE_SILENT,				/* never answered: runs into its timeout */
	FATE_SLOW,					/* each answer takes a while */
	FATE_TAKEN,
	FATES
} Fate;

static const char *const fate_names[FATES] = {
	"refused", "forbidden", "dropped", "half greeted", "rejected", "half taken", "dropped late", "silent", "slow", "taken"
};

/* One mail, as the courier keeps it: all that the transfer points to is freed with it. */
typedef struct Mail
{
	Transfer	transfer;
	Fate		fate;
	char		url[64];
	char		body[64];			/* the message */
	const char *recipients[RECIPIENTS];
	MailReply	replies[RECIPIENTS];
} Mail;

static int	listeners[FATES];
static int	ports[FATES];

static int
open_listener(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	length = sizeof(address);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(fd, 1024) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &length) != 0)
	{
		perror("listen");
		exit(1);
	}
	*port = ntohs(address.sin_port);
	return fd;
}

static void
say(int fd, Fate fate, const char *text)
{
	if (fate == FATE_SLOW)
		usleep(SLOW_US);
	(void) !send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Answers one line; false when the connection is over. */
static bool
answer(int fd, Fate fate, char *line, bool *in_message)
{
	static const char refused[] = "550 5.1.1 no such recipient\r\n";
	static const char fine[] = "250 2.0.0 fine\r\n";

	if (*in_message)
	{
		if (strcmp(line, ".") != 0)
			return true;
		*in_message = false;
		if (fate == FATE_DROPPED_LATE)
			return false;
		say(fd, fate, fine);
	}
	else if (strncmp(line, "EHLO", 4) == 0)
		say(fd, fate, "250-stub.test\r\n250 8BITMIME\r\n");
	else if (strncmp(line, "MAIL", 4) == 0)
		say(fd, fate, fate == FATE_REJECTED ? "550 5.7.1 not you\r\n" : fine);
	else if (strncmp(line, "RCPT", 4) == 0)
		say(fd, fate, fate == FATE_HALF_TAKEN && strstr(line, "second") != NULL ? refused : fine);
	else if (strncmp(line, "DATA", 4) == 0)
	{
		*in_message = true;
		say(fd, fate, "354 go on\r\n");
	}
	else if (strncmp(line, "QUIT", 4) == 0)
	{
		say(fd, fate, "221 2.0.0 bye\r\n");
		return false;
	}
	else
		say(fd, fate, fine);
	return true;
}

static void
talk(int fd, Fate fate)
{
	char		buffer[4096];
	size_t		length = 0;
	bool		in_message = false;

	if (fate == FATE_DROPPED)
		return;
	if (fate == FATE_HALF_GREETED)
	{
		say(fd, fate, "220-stub.te");
		return;
	}
	if (fate != FATE_SILENT)
		say(fd, fate, "220 stub.test\r\n");
	for (;;)
	{
		ssize_t		got = recv(fd, buffer + length, sizeof(buffer) - 1 - length, 0);
		char	   *end;

		if (got <= 0)
			return;
		length += (size_t) got;
		buffer[length] = '\0';
		while ((end = strstr(buffer, "\r\n")) != NULL)
		{
			*end = '\0';
			if (!answer(fd, fate, buffer, &in_message))
				return;
			length -= (size_t) (end + 2 - buffer);
			memmove(buffer, end + 2, length + 1);
		}
	}
}

static void *
serve(void *argument)
{
	Fate		fate = (Fate) (intptr_t) argument;

	for (;;)
	{
		int			fd = accept(listeners[fate], NULL, NULL);

		if (fd < 0)
			return NULL;
		talk(fd, fate);
		close(fd);
	}
}

static void
start_servers(void)
{
	for (int fate = 0; fate < FATES; fate++)
		listeners[fate] = open_listener(&ports[fate]);
	/* a port that was given to us once and is nobody's now */
	close(listeners[FATE_REFUSED]);
	for (int i = 0; i < SERVERS; i++)
	{
		pthread_t	thread;
		int			fate = FATE_DROPPED + i % (FATES - FATE_DROPPED);

		pthread_create(&thread, NULL, serve, (void *) (intptr_t) fate);
		pthread_detach(thread);
	}
}

static Mail *
make_mail(int number)
{
	Mail	   *mail = calloc(1, sizeof(Mail));
	Transfer   *transfer = &mail->transfer;

	mail->fate = number % FATES;
	snprintf(mail->url, sizeof(mail->url), "smtp://%s:%d", mail->fate == FATE_FORBIDDEN ? "10.255.255.1" : "127.0.0.1", ports[mail->fate]);
	snprintf(mail->body, sizeof(mail->body), "Subject: %d\r\n\r\nThis is it.\r\n", number);
	mail->recipients[0] = "first@recipient.test";
	mail->recipients[1] = "second@recipient.test";
	transfer->kind = &respond_mail_transfer;
	transfer->url = mail->url;
	transfer->body = mail->body;
	transfer->body_length = strlen(mail->body);
	transfer->timeout_ms = mail->fate == FATE_SILENT ? 50 : 30000;
	transfer->sender = "desk@sender.test";
	transfer->recipients = mail->recipients;
	transfer->recipient_count = RECIPIENTS;
	transfer->replies = mail->replies;
	transfer->owner = mail;
	return mail;
}

/* Whether the mail met its fate. */
static bool
is_as_expected(const Mail *mail)
{
	const Transfer *transfer = &mail->transfer;

	switch (mail->fate)
	{
		case FATE_FORBIDDEN:
			return transfer->refused && strstr(transfer->error, "refused: private address") != NULL;
		case FATE_REJECTED:
			return transfer->code != CURLE_OK && transfer->error[0] != '\0';
		case FATE_HALF_TAKEN:
			return transfer->code == CURLE_OK && mail->replies[0].status == 250 && mail->replies[1].status == 550;
		case FATE_SILENT:
			return transfer->code == CURLE_OPERATION_TIMEDOUT;
		case FATE_SLOW:
		case FATE_TAKEN:
			return transfer->code == CURLE_OK && mail->replies[1].status == 250;
		default:
			return transfer->code != CURLE_OK && transfer->error[0] != '\0' && transfer->handle == NULL;
	}
}

int
main(int argc, char **argv)
{
	int			count = argc > 1 ? atoi(argv[1]) : 2000;
	int			started = 0;
	int			done = 0;
	int			wrong[FATES] = {0};
	int			ended[FATES] = {0};
	int			fd;

	signal(SIGPIPE, SIG_IGN);
	start_servers();
	fd = respond_transport_open();
	respond_transport_configure();
	while (done < count)
	{
		struct pollfd wait = {.fd = fd,.events = POLLIN};
		Transfer   *transfer;

		while (started < count && respond_transport_running() < AT_ONCE)
		{
			if (started % RELOAD_EVERY == 0)
				respond_transport_configure();
			respond_transport_start(&make_mail(started++)->transfer);
		}
		respond_transport_run();
		while ((transfer = respond_transport_take_done()) != NULL)
		{
			Mail	   *mail = transfer->owner;

			done++;
			ended[mail->fate]++;
			if (!is_as_expected(mail) && wrong[mail->fate]++ < 3)
				printf("# %s: code %d, status %ld, \"%s\", last line \"%s\"\n", fate_names[mail->fate], transfer->code, transfer->status,
					   transfer->error, transfer->last_line);
			/* whoever still looks at it after its end reads freed memory */
			memset(mail, 0x7f, sizeof(Mail));
			free(mail);
		}
		if (done < count && poll(&wait, 1, 60000) == 0)
			break;
	}
	check(done == count, "%d of %d mails have ended", done, count);
	check(respond_transport_running() == 0, "none is under way");
	for (int fate = 0; fate < FATES; fate++)
		check(wrong[fate] == 0, "%s: %d of %d are as expected", fate_names[fate], ended[fate] - wrong[fate], ended[fate]);
	return check_done();
}
