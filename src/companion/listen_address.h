/*-------------------------------------------------------------------------
 * listen_address.h
 *	  Addresses that the gateway listens to, and lists of them, as they stand in settings.
 *
 *		127.0.0.1:8330    [::1]:8330    unix:/run/desk.sock    tls:127.0.0.1:8443
 *
 * It builds without a server.
 *
 * src/companion/listen_address.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LISTEN_ADDRESS_H
#define RESPOND_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ListenAddress
{
	bool		is_unix;
	bool		is_tls;			/* said with "tls:" */
	bool		is_loopback;	/* callers are on this machine; always so with is_unix */
	int			port;
	char		host[108];		/* without brackets; of a Unix socket the path */
} ListenAddress;

/* Reads one, without blanks around it.  False: it is none; error says why, as a clause. */
extern bool respond_listen_address_read(const char *text, size_t length, ListenAddress *address, char *error,
										size_t size);

/* The next item of a list with commas, without blanks around it; false: there is none.  *at moves on. */
extern bool respond_listen_address_next(const char **at, const char **item, size_t *length);

/* Whether all of a list can be read, no address stands twice, and there are not too many. */
extern bool respond_listen_address_check(const char *list, char *error, size_t size);

#endif							/* RESPOND_LISTEN_ADDRESS_H */
