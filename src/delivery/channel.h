/*-------------------------------------------------------------------------
 * channel.h
 *	  Channels and their kinds, as workers use them.
 *
 * Each process keeps the channels that it has met, compiled, until a message
 * says that channels changed.
 *
 * src/delivery/channel.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_H
#define RESPOND_CHANNEL_H

#include "utils/jsonb.h"

#include "template/json_template_jsonb.h"
#include "template/template_jsonb.h"

/* Bounds of what a channel may ask for. */
#define CHANNEL_MAX_ATTEMPTS		100
#define CHANNEL_MAX_DELAYS			100
#define CHANNEL_MAX_CONCURRENCY		1000
#define CHANNEL_MIN_TIMEOUT_MS		10
#define CHANNEL_MAX_TIMEOUT_MS		(10 * 60 * 1000)
#define CHANNEL_MAX_RATE			1000000.0

typedef enum ChannelTransport
{
	TRANSPORT_HTTP,
	TRANSPORT_SMTP,
	TRANSPORT_NOTIFY
} ChannelTransport;

typedef enum BodyEncoding
{
	ENCODING_JSON,
	ENCODING_FORM,
	ENCODING_TEXT
} BodyEncoding;

typedef enum ChannelAuth
{
	AUTH_NONE,
	AUTH_BASIC,
	AUTH_BEARER
} ChannelAuth;

/* One header of a kind: a name and the template of its value. */
typedef struct KindHeader
{
	const char *name;
	const Template *value;
} KindHeader;

typedef struct Channel
{
	const char *name;
	const char *kind;
	ChannelTransport transport;
	const char *method;
	const char *url;			/* as written, of the channel or of the kind; NULL: none */
	const Template *url_template;
	bool		url_per_delivery;	/* it names values of the event or the message */
	KindHeader *headers;
	int			header_count;
	const JsonTemplate *body;	/* NULL: none */
	BodyEncoding encoding;
	TemplateEscape escape;
	int			max_text;		/* characters that a text may have; 0: no limit */
	bool		signature;
	ChannelAuth auth;
	bool		needs_text;
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
 * The channel of that name, NULL when there is none.  It lives until the next
 * call after a change of channels; see respond_channel_generation().
 */
extern const Channel *respond_channel_find(const char *name);

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
