/*-------------------------------------------------------------------------
 * channel_kind.h
 *	  Kinds of channels: rows of respond.channel_kind, compiled.
 *
 * src/channel/channel_kind.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_KIND_H
#define RESPOND_CHANNEL_KIND_H

#include "executor/spi.h"
#include "utils/uuid.h"

#include "channel/hmac_scheme.h"
#include "common/shape.h"
#include "secret/secret_place.h"
#include "template/json_template_jsonb.h"
#include "template/template_jsonb.h"
#include "wire/url.h"

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

typedef struct ChannelKind
{
	pg_uuid_t	id;				/* its name may be given to another kind, its id never */
	const char *name;
	ChannelTransport transport;
	const char *method;
	const char *url;			/* as written; NULL: none */
	KindHeader *headers;
	int			header_count;
	const JsonTemplate *body;	/* NULL: none */
	BodyEncoding encoding;
	TemplateEscape escape;
	int			max_text;		/* characters that a text may have; 0: no limit */
	bool		signature;
	const HmacScheme *hmac;		/* NULL: none */
	ChannelAuth auth;
	bool		needs_text;
	bool		built_in;
	bool		names_secret;	/* body or headers do */
	Jsonb	   *options;		/* with their defaults */
	char	  **required;		/* options */
	int			required_count;

	/*
	 * Of all that says where in a request the secret goes, but for the url, which
	 * may be the channel's own.
	 */
	uint8		digest[SECRET_DIGEST_SIZE];
} ChannelKind;

/* The columns of channel_kind k, in the order in which respond_channel_kind_compile() wants them. */
#define CHANNEL_KIND_COLUMNS \
	"k.id, k.name, k.transport, k.method, k.url, k.headers, k.body, k.encoding, k.escape, k.signature, k.auth," \
	" k.needs_text, k.built_in, k.options, k.required_options, k.max_text, k.hmac"

extern const Shape respond_shape_channel_kind;

/*
 * Compiles a row whose columns begin at this one, counted from 1, in the current
 * memory context.  Raises an error when the row cannot be used.
 */
extern ChannelKind *respond_channel_kind_compile(HeapTuple row, TupleDesc desc, int first);

/* Reads the row with this id with the rights of the tables' owner; NULL when there is none.  palloc'd. */
extern const ChannelKind *respond_channel_kind_read_by_id(const pg_uuid_t *id);

/*
 * The kind of that name, locked so that it can neither be deleted nor be renamed
 * before the transaction ends; false when there is none.
 */
extern bool respond_channel_kind_lock(const char *name, pg_uuid_t *id);

/* Whether a tag of the template is {{secret}}; *filtered: with a filter behind it, which cannot be. */
extern bool respond_channel_template_names_secret(const Template *template, bool *filtered);

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
extern void respond_channel_check_secret(const ChannelKind *kind, const char *secret);

#endif							/* RESPOND_CHANNEL_KIND_H */
