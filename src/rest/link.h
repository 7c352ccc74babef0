/*-------------------------------------------------------------------------
 * link.h
 *	  Links for one answer of one person, who needs no token: to an approval, or a rating.
 *
 * src/rest/link.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LINK_H
#define RESPOND_LINK_H

#include "rest/rest_call.h"

typedef struct Link
{
	unsigned char hash[TOKEN_HASH_SIZE];
	Oid			role;			/* that answers */
	const char *approval;		/* uuid; NULL: it is about a rating */
	int64		ticket_id;
	const char *rater;			/* who rates */
} Link;

/*
 * Before the request acts, in its transaction, as a worker: finds the link of the
 * path and reads the form; one that is to be used up is.  False: call->answer refuses.
 */
extern bool respond_link_prepare(RestCall *call);

/* The value of a field of the form as text of the database; NULL: it is not there, or empty. */
extern const char *respond_link_field(const RestCall *call, const char *name);

#endif							/* RESPOND_LINK_H */
