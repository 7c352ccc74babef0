/*-------------------------------------------------------------------------
 * channel.h
 *	  Channels and their kinds, as workers use them.
 *
 * Each process keeps the channels that it has met, compiled, and one compiled
 * kind for all channels of it, until a message says that channels changed; then
 * it reads anew what has changed.
 *
 * src/channel/channel.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_H
#define RESPOND_CHANNEL_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "channel/channel_kind.h"

/* Bounds of what a channel may ask for. */
#define CHANNEL_MAX_ATTEMPTS		100
#define CHANNEL_MAX_DELAYS			100
#define CHANNEL_MAX_CONCURRENCY		1000
#define CHANNEL_MIN_TIMEOUT_MS		10
#define CHANNEL_MAX_TIMEOUT_MS		(10 * 60 * 1000)
#define CHANNEL_MAX_RATE			1000000.0

typedef struct Channel
{
	pg_uuid_t	id;				/* its name may be given to another channel, its id never */
	const char *name;
	const char *kind;			/* as the row calls it */
	const ChannelKind *shared;	/* the kind, one for all of its channels; NULL: broken */

	/* of the kind; what these point to is the kind's */
	ChannelTransport transport;
	const char *method;
	const KindHeader *headers;
	int			header_count;
	const JsonTemplate *body;	/* NULL: none */
	BodyEncoding encoding;
	TemplateEscape escape;
	int			max_text;		/* characters that a text may have; 0: no limit */
	bool		signature;
	ChannelAuth auth;
	bool		needs_text;

	const char *url;			/* as written, of the channel or of the kind; NULL: none */
	const Template *url_template;	/* NULL: no url, or one without tags */
	const char *host;			/* scheme://host:port that it leads to, in UTF-8; empty: none */
	uint8		definition[SECRET_DIGEST_SIZE]; /* of all that says where in a request the secret goes */
	bool		url_per_delivery;	/* it names values of the event or the message */
	bool		url_names_key;	/* it is another one for each delivery, but known before that is sent */
	bool		url_names_secret;
	bool		url_names_options;
	bool		uses_secret;	/* body, headers, or a url that depends on the event name it */
	Jsonb	   *options;		/* with the defaults of the kind */
	int			max_attempts;
	int64	   *delays;			/* milliseconds; NULL: the default schedule */
	int			delay_count;
	int			timeout_ms;
	double		rate_limit;		/* per second; 0: none */
	int			concurrency;
	bool		ordered;
	bool		enabled;
	const char *broken;			/* why the row cannot be used (a kind that is gone); NULL: it can */
} Channel;

/*
 * The channel of that name, NULL when there is none.  It lives until the call
 * after the next change of channels; see respond_channel_generation().
 */
extern const Channel *respond_channel_find(const char *name);

/*
 * All channels, a list in the current memory context.  From the first call on
 * no channel that was found in this process is freed before
 * respond_channel_release(), which frees those that are not in force any more.
 */
extern List *respond_channel_find_all(void);
extern void respond_channel_release(void);

/* As its row is now, this transaction's own changes too, palloc'd; with the rights of the tables' owner. */
extern const Channel *respond_channel_read(const char *name);

/*
 * What secrets are bound to: fills in url (as written, of the channel alone),
 * host and definition of a channel of this kind, in the current memory context.
 */
extern void respond_channel_set_url(Channel *channel, const ChannelKind *kind, const char *url);

/* The place that a secret is given for when it is set today. */
extern SecretPlace respond_channel_place(const Channel *channel);

/* Kind and definition as a text, palloc'd: what fills in a message that holds the place of the secret. */
extern char *respond_channel_definition(const Channel *channel);

/*
 * Grows with each change of channels that this process heard of; accepts
 * invalidation messages first.
 */
extern uint64 respond_channel_generation(void);

/* An option's text in the current memory context: of a string its characters; NULL when absent or null. */
extern char *respond_channel_option(Jsonb *options, const char *name);

/* At commit all processes read the channels anew and the courier looks at them. */
extern void respond_channel_changed(void);

/*
 * Whether the template names something that only a message has, so that it
 * must be rendered with the message and not when it is sent.
 */
extern bool respond_channel_template_is_dynamic(const Template *template);

#endif							/* RESPOND_CHANNEL_H */
