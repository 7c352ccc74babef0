/*-------------------------------------------------------------------------
 * public_address.h
 *	  Where callers from outside reach this database.
 *
 * src/wire/public_address.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PUBLIC_ADDRESS_H
#define RESPOND_PUBLIC_ADDRESS_H

/*
 * pg_respond.gateway_public_url and the name of the database, unless the host stands for
 * it: "https://hooks.example/desk", without a slash behind it, palloc'd.  Without the
 * setting, "/desk".
 */
extern char *respond_public_address(void);

/* Whether a host ("hooks.example", in any case, without port) stands for a database; set by room gateway. */
extern bool (*respond_public_host_stands_for) (const char *host, const char *database);

#endif							/* RESPOND_PUBLIC_ADDRESS_H */
