/*-------------------------------------------------------------------------
 * receiver.c
 *	  An HTTP/1.1 server for tests and benchmarks that answers as it is told,
 *	  also in ways that no server should.
 *
 * usage: receiver --listen ADDRESS:PORT[,ADDRESS:PORT...] [--mute ADDRESS:PORT[,...]]
 *			[--log FILE] [--quiet] [--port-file FILE] [--cert FILE --key FILE [--tls-max 1.0|1.1|1.2|1.3]]
 *
 * Port 0 is chosen by the system, port "same" is that of the address before; an
 * IPv6 address stands in [].  Once all addresses are open, the ports are written
 * to the port file, one a line in the order given, and printed as "listening PORT".
 * Connections to a --mute address are accepted and never read (not even for the
 * TLS handshake).  --cert makes all others TLS.  --quiet writes no log.
 *
 * The log gets a line of JSON for each request, before the answer is sent:
 *	 {"t": unix time, "conn": number of the connection, "method", "path" (the whole
 *	 request target), "header_count", "headers": {lower case name: value} (values of
 *	 a repeated name joined by ", "), "tls", "body_bytes", "body" (64 kB of it at
 *	 most), "status": what is answered or 0, "answer": the mode}
 * and {"t", "conn", "bad": the bytes, "status", "answer": "bad"} for what is no
 * proper request (bare LF, CR within a line, bad lengths ...).  Bytes that are no
 * UTF-8 are shown as U+FFFD.  The file is appended to; tests may truncate it.
 *
 * The path chooses the answer; unknown ones get 404.  Percent escapes are undone,
 * so %0d%0a makes a line end in what is sent.
 *	 /ok						200 {"ok":true}
 *	 /status/NNN[/retry-after/VALUE]
 *	 /seq/NAME/503,rst,200		the next item at each request with that NAME, then
 *								the last one for ever: statuses, or modes without arguments
 *	 /slow/MS[/NNN]				answers after MS
 *	 /hang						reads all, never answers
 *	 /hang-accept				reads nothing after the header
 *	 /drip/MS/N					a header of N bytes, one each MS
 *	 /drip-body/MS/N			a body of N bytes, one each MS
 *	 /close, /rst				closes without an answer (FIN, RST)
 *	 /200-then-rst				header, part of the body, RST
 *	 /partial/NNN				header, part of the body, FIN
 *	 /garbage, /http09			bytes that are no HTTP, a body without a header; FIN
 *	 /endless[/NNN]				chunks without end
 *	 /gigabyte[/NNN]			Content-Length: 1073741824, and as much as is taken
 *	 /big-header				header lines without end
 *	 /long-line					one header line without end
 *	 /redirect[/NNN]?to=URL		302 or NNN with Location: URL
 *	 /close-after				200 with Connection: close
 *	 /silent-close				200, deaf for 50 ms, then closes
 *	 /fail-while/FILE			503 while the file /FILE exists, then 200
 *	 /rst-while/FILE			a reset while the file /FILE exists, then 200
 *	 /continue					100, 103, 200
 *	 /binary[/NNN]				a body of the bytes 0 to 255
 *	 /body/NNN/N				a body of N letters
 *	 /raw/HEX					the bytes that HEX stands for, which begin with "HTTP/1.1 NNN"
 *
 * build: cc -O2 receiver*.c -lssl -lcrypto
 *
 * test/stub/receiver.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE				/* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver.h"

#define MAX_LISTENERS	32

typedef struct Listener
{
	int			fd;
	int			port;
	bool		mute;
} Listener;

static SSL_CTX *tls;
static Listener listeners[MAX_LISTENERS];
static int	listener_count = 0;
static uint64_t connection_count = 0;

static void
accept_all(Listener *listener)
{
	for (;;)
	{
		int			on = 1;
		struct epoll_event event = {.events = listener->mute ? EPOLLRDHUP : EPOLLIN};
		Connection *connection;
		int			fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
		{
			if (errno == EMFILE || errno == ENFILE)
				die("too many connections for RLIMIT_NOFILE");
			if (errno == ECONNABORTED || errno == EINTR)
				continue;
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		connection = calloc(1, sizeof(Connection));
		if (!connection)
			die("out of memory");
		connection->fd = fd;
		connection->number = ++connection_count;
		connection->watched = event.events;
		if (listener->mute)
			connection->phase = DEAF;
		else if (tls)
		{
			connection->ssl = SSL_new(tls);
			if (!connection->ssl || SSL_set_fd(connection->ssl, fd) != 1)
				die("cannot make a TLS connection");
			SSL_set_accept_state(connection->ssl);
		}
		event.data.ptr = connection;
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			die("epoll_ctl: %s", strerror(errno));
	}
}

static void
serve(void)
{
	struct epoll_event events[256];

	for (;;)
	{
		int			count = epoll_wait(epoll_fd, events, 256, next_timer_ms());

		if (count < 0 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < count; i++)
		{
			void	   *owner = events[i].data.ptr;

			if ((Listener *) owner >= listeners && (Listener *) owner < listeners + MAX_LISTENERS)
				accept_all(owner);
			else
				handle(owner, events[i].events);
		}
		ring_timers();
	}
}

static int
bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t	length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *) &address, &length) < 0)
		die("getsockname: %s", strerror(errno));
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *) &address)->sin6_port :
				 ((struct sockaddr_in *) &address)->sin_port);
}

static void
open_listener(char *name, bool mute)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *address;
	struct epoll_event event = {.events = EPOLLIN};
	Listener   *listener = &listeners[listener_count];
	char	   *port = strrchr(name, ':');
	char		text[16];
	size_t		length;
	int			on = 1;
	int			error;

	if (!port || listener_count == MAX_LISTENERS)
		die("bad address \"%s\"", name);
	*port++ = '\0';
	length = strlen(name);
	if (*name == '[' && name[length - 1] == ']')
	{
		name[length - 1] = '\0';
		name++;
	}
	if (strcmp(port, "same") == 0 && listener_count > 0)
	{
		snprintf(text, sizeof(text), "%d", listener[-1].port);
		port = text;
	}
	error = getaddrinfo(name, port, &hints, &address);
	if (error != 0)
		die("bad address %s:%s: %s", name, port, gai_strerror(error));
	listener->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ai_family == AF_INET6)
		setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(listener->fd, address->ai_addr, address->ai_addrlen) < 0 || listen(listener->fd, 4096) < 0)
		die("cannot listen on %s:%s: %s", name, port, strerror(errno));
	freeaddrinfo(address);
	listener->port = bound_port(listener->fd);
	listener->mute = mute;
	event.data.ptr = listener;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener->fd, &event) < 0)
		die("epoll_ctl: %s", strerror(errno));
	listener_count++;
}

static void
open_listeners(const char *names, bool mute)
{
	char	   *list = strdup(names);
	char	   *place;

	if (!list)
		die("out of memory");
	for (char *name = strtok_r(list, ",", &place); name; name = strtok_r(NULL, ",", &place))
		open_listener(name, mute);
	free(list);
}

/* Renamed when it is complete: who waits for the file finds all ports. */
static void
write_ports(const char *path)
{
	Buffer		name = {0};
	FILE	   *file;

	addf(&name, "%s.new", path);
	file = fopen(name.data, "w");
	if (!file)
		die("cannot open %s: %s", name.data, strerror(errno));
	for (int i = 0; i < listener_count; i++)
		fprintf(file, "%d\n", listeners[i].port);
	if (fclose(file) != 0 || rename(name.data, path) != 0)
		die("cannot write %s: %s", path, strerror(errno));
	free(name.data);
}

static void
open_tls(const char *certificate, const char *key, const char *newest)
{
	static const struct
	{
		const char *name;
		int			version;
	}			versions[] = {
		{"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}
	};

	tls = SSL_CTX_new(TLS_server_method());
	if (!tls || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
		SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		die("cannot use the certificate %s with the key %s", certificate, key);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_RELEASE_BUFFERS);
	if (newest)
	{
		int			version = 0;

		for (int i = 0; i < 4; i++)
		{
			if (strcmp(versions[i].name, newest) == 0)
				version = versions[i].version;
		}
		/* Old versions need hashes that OpenSSL refuses at its usual level. */
		if (version == 0 || SSL_CTX_set_min_proto_version(tls, TLS1_VERSION) != 1 ||
			SSL_CTX_set_max_proto_version(tls, version) != 1 ||
			SSL_CTX_set_cipher_list(tls, "DEFAULT:@SECLEVEL=0") != 1)
			die("cannot limit TLS to %s", newest);
	}
}

static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
	{
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'},
		{"mute", required_argument, NULL, 'm'},
		{"log", required_argument, NULL, 'o'},
		{"quiet", no_argument, NULL, 'q'},
		{"port-file", required_argument, NULL, 'p'},
		{"cert", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'},
		{"tls-max", required_argument, NULL, 't'},
		{NULL, 0, NULL, 0}
	};
	const char *log = NULL;
	const char *port_file = NULL;
	const char *certificate = NULL;
	const char *key = NULL;
	const char *newest = NULL;
	bool		quiet = false;
	int			option;

	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		switch (option)
		{
			case 'l':
			case 'm':
				open_listeners(optarg, option == 'm');
				break;
			case 'o':
				log = optarg;
				break;
			case 'q':
				quiet = true;
				break;
			case 'p':
				port_file = optarg;
				break;
			case 'c':
				certificate = optarg;
				break;
			case 'k':
				key = optarg;
				break;
			case 't':
				newest = optarg;
				break;
			default:
				return 2;
		}
	}
	if (listener_count == 0 || optind < argc || !certificate != !key || (newest && !certificate))
		die("usage: receiver --listen ADDRESS:PORT[,...] [--mute ADDRESS:PORT[,...]] [--log FILE] [--quiet] "
			"[--port-file FILE] [--cert FILE --key FILE [--tls-max VERSION]]");
	if (log && !quiet)
		open_log(log);
	if (certificate)
		open_tls(certificate, key, newest);
	prepare_answers();
	if (port_file)
		write_ports(port_file);
	for (int i = 0; i < listener_count; i++)
		printf("listening %d\n", listeners[i].port);
	fflush(stdout);
	serve();
}
