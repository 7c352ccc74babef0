/*-------------------------------------------------------------------------
 * channel_kind.h
 *	  Kinds of channels as the checks see them.
 *
 * src/delivery/channel_kind.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_KIND_H
#define RESPOND_CHANNEL_KIND_H

#include "delivery/channel.h"

typedef struct ChannelKind
{
	char	   *name;
	ChannelTransport transport;
	char	   *url;			/* NULL: none */
	bool		signature;
	bool		built_in;
	Jsonb	   *options;		/* with their defaults */
	char	  **required;		/* options */
	int			required_count;
} ChannelKind;

/* Reads the row with the rights of the current user; NULL when there is none.  palloc'd. */
extern const ChannelKind *respond_channel_kind_read(const char *name);

extern bool respond_channel_kind_has_option(const ChannelKind *kind, const char *name);

/* Separated by commas; palloc'd. */
extern char *respond_channel_kind_option_names(const ChannelKind *kind);

/*
 * Refuses values of options that channels of the kind cannot have, or this user
 * may not give.  known, unless NULL: options that are there already; somebody who
 * might gave them.
 */
extern void respond_channel_check_options(const ChannelKind *kind, Jsonb *options, Jsonb *known);

/* Whether the secret is one that channels of the kind can use; raises an error that does not show it. */
extern void respond_channel_check_secret(const char *kind_name, const char *secret);

#endif							/* RESPOND_CHANNEL_KIND_H */
