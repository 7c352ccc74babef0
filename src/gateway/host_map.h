/*-------------------------------------------------------------------------
 * host_map.h
 *	  Which host names belong to which database: pg_respond.gateway_database.
 *
 *		hooks.example=desk, [::1]=desk, shop.example=a%2Cb
 *
 * It builds without a server.
 *
 * src/gateway/host_map.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HOST_MAP_H
#define RESPOND_HOST_MAP_H

#include <stdbool.h>
#include <stddef.h>

#define HOST_MAP_NAME	256

typedef struct HostItem
{
	char		host[HOST_MAP_NAME];	/* in lower case, without port */
	char		database[HOST_MAP_NAME];	/* decoded from its percent-encoding */
} HostItem;

/* Whether the list can be read, and no host stands twice; error says why not, as a clause. */
extern bool respond_host_map_check(const char *list, char *error, size_t size);

/* The next item of a list that was checked; false: there is none.  *at moves on. */
extern bool respond_host_map_next(const char **at, HostItem *item);

#endif							/* RESPOND_HOST_MAP_H */
