/*-------------------------------------------------------------------------
 * guard.h
 *	  Which addresses deliveries may connect to.
 *
 * src/transport/guard.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GUARD_H
#define RESPOND_GUARD_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>

#define GUARD_MAX_NETWORKS	1024

/* Room for what respond_guard_format writes, at its longest. */
#define GUARD_FORMAT_SIZE	80

typedef struct GuardNetwork
{
	int			family;			/* AF_INET or AF_INET6 */
	unsigned char bytes[16];	/* network order; IPv4 uses the first four */
	int			bits;			/* how many of them count */
} GuardNetwork;

typedef struct GuardList
{
	int			count;
	GuardNetwork *networks;
} GuardList;

/*
 * Reads networks such as "10.0.0.0/8, 127.0.0.1 ::1/128", with commas or white
 * space between them.  An address without a length is one host; bits behind
 * the length are set to zero; a network of mapped addresses becomes the IPv4
 * network it maps.  Returns how many there are, or -1 and in error a part of a
 * sentence that names the wrong piece, in ASCII whatever the text holds.  NULL
 * and blank text are no networks.
 */
extern int	respond_guard_parse(const char *text, GuardNetwork *networks, int room,
								char *error, size_t error_size);

/*
 * NULL when the address may be connected to, else why not: static text that
 * follows "it is a ..." or stands alone, such as "loopback address".  allowed
 * may be NULL.
 */
extern const char *respond_guard_judge(const struct sockaddr *address, socklen_t length,
									   const GuardList *allowed);

/* Writes "127.0.0.1:80", "[::1]:80" or "[fe80::1%2]:80" for messages. */
extern void respond_guard_format(const struct sockaddr *address, socklen_t length,
								 char *buffer, size_t size);

/*
 * Makes a binary address from "127.0.0.1", "::1" or "fe80::1%2" and a port.
 * Returns false when text is none of these.  A scope given by the name of an
 * interface is accepted and left out, because no judgement depends on it.
 */
extern bool respond_guard_from_text(const char *text, int port,
									struct sockaddr_storage *address, socklen_t *length);

#endif							/* RESPOND_GUARD_H */
