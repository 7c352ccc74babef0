/*-------------------------------------------------------------------------
 * channel_options.c
 *	  Options of channels and kinds: which there are, and what they may hold.
 *
 * src/channel/channel_options.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>

#include "miscadmin.h"

#include "channel/channel.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "wire/mail_address.h"

static void
refuse(const char *column, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
			 errmsg("%s: %s", column, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static bool
is_known(Jsonb *known, const char *name, const char *value)
{
	char	   *before = known != NULL ? respond_channel_option(known, name) : NULL;

	return before != NULL && strcmp(before, value) == 0;
}

/* How to log in to a mail server; what libcurl can of it depends on how it was built. */
static void
check_mechanism(const char *name)
{
	static const struct
	{
		const char *name;
		int			feature;	/* of libcurl; 0: always there */
	}			mechanisms[] = {
		{"plain", 0}, {"login", 0}, {"cram-md5", 0}, {"digest-md5", 0}, {"external", 0}, {"xoauth2", 0},
		{"oauthbearer", 0},
		{"ntlm", CURL_VERSION_NTLM}, {"scram-sha-1", CURL_VERSION_GSASL}, {"scram-sha-256", CURL_VERSION_GSASL}
	};

	for (int i = 0; i < lengthof(mechanisms); i++)
	{
		if (strcmp(name, mechanisms[i].name) != 0)
			continue;
		if (mechanisms[i].feature != 0 && (curl_version_info(CURLVERSION_NOW)->features & mechanisms[i].feature) == 0)
			refuse("options.auth",
				   psprintf("\"%s\" is not available: this server's libcurl was built without it", name), NULL);
		return;
	}
	refuse("options.auth", psprintf("\"%s\" is not a way to log in to a mail server", name),
		   "Use one of plain, login, cram-md5, digest-md5, scram-sha-1, scram-sha-256, ntlm, xoauth2, oauthbearer,"
		   " external; or leave it out.");
}

/* A client certificate and its key. */
static bool
is_file(const char *name)
{
	return strcmp(name, "client_cert") == 0 || strcmp(name, "client_key") == 0;
}

/* Options that are more than values for templates; those may be lists and objects. */
static bool
is_read_here(const char *name)
{
	return strcmp(name, "username") == 0 || strcmp(name, "content_type") == 0 || strcmp(name, "to") == 0 ||
		is_file(name);
}

/* The server reads it with its own rights, and so whatever an admin would name. */
static void
check_file(const char *name, const JsonValue *value, Jsonb *known)
{
	const char *place = psprintf("options.%s", name);

	if (value->kind != JSON_KIND_STRING || !is_absolute_path(value->text))
		refuse(place, "must be the absolute path of a file in PEM", NULL);
	if (!superuser() && !is_known(known, name, value->text))
		refuse(place, "only superusers may name files that the server reads", NULL);
}

static void
check_option(const ChannelKind *kind, const JsonMember *option, Jsonb *known)
{
	const char *name = option->name;
	const JsonValue *value = option->value;

	if (!respond_channel_kind_has_option(kind, name))
		refuse(psprintf("options.%s", name), psprintf("kind \"%s\" has no such option", kind->name),
			   psprintf("Its options are: %s.", respond_channel_kind_option_names(kind)));
	if ((value->kind == JSON_KIND_ARRAY || value->kind == JSON_KIND_OBJECT) &&
		(kind->transport != TRANSPORT_HTTP || is_read_here(name)))
		refuse(psprintf("options.%s", name), "must be a text, a number or a boolean", NULL);
	if (kind->transport == TRANSPORT_HTTP && is_file(name) && value->kind != JSON_KIND_NULL)
		check_file(name, value, known);
	if (value->kind != JSON_KIND_STRING)
		return;
	for (const char *s = value->text; *s != '\0'; s++)
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			refuse(psprintf("options.%s", name), "it holds a control character", NULL);
	if (kind->transport == TRANSPORT_NOTIFY && strcmp(name, "notify_channel") == 0 &&
		(value->length == 0 || value->length >= NAMEDATALEN))
		refuse("options.notify_channel", psprintf("must be a name of 1 to %d bytes", NAMEDATALEN - 1), NULL);
	if (kind->transport != TRANSPORT_SMTP)
		return;
	if (strcmp(name, "tls") == 0)
	{
		if (strcmp(value->text, "starttls") != 0 && strcmp(value->text, "none") != 0)
			refuse("options.tls", psprintf("\"%s\" is not one of starttls, none", value->text), NULL);
		if (strcmp(value->text, "none") == 0 && !superuser() && !is_known(known, name, value->text))
			refuse("options.tls", "only superusers may have mail sent in the clear",
				   "Leave it out; then the server must offer STARTTLS.");
	}
	if (strcmp(name, "auth") == 0)
		check_mechanism(value->text);
	if (strcmp(name, "domain") == 0 && strpbrk(value->text, " /<>@") != NULL)
		refuse("options.domain", "must be the name of a host", NULL);
	if (strcmp(name, "from") == 0 || strcmp(name, "reply_to") == 0 || strcmp(name, "to") == 0 ||
		strcmp(name, "cc") == 0 || strcmp(name, "bcc") == 0)
	{
		MailAddresses *list = palloc0(sizeof(MailAddresses));
		char	   *error = NULL;

		if (!respond_mail_addresses_parse(value->text, strcmp(name, "from") == 0 ? 1 : MAIL_ADDRESSES_MOST, list))
			error = pstrdup(list->error);
		respond_mail_addresses_free(list);
		if (error != NULL)
			refuse(psprintf("options.%s", name), error, NULL);
	}
}

void
respond_channel_check_options(const ChannelKind *kind, Jsonb *options, Jsonb *known)
{
	JsonValue  *given;

	if (!JB_ROOT_IS_OBJECT(options))
		refuse("options", "must be a JSON object", NULL);
	given = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), options);
	for (size_t i = 0; i < given->count; i++)
		check_option(kind, &given->members[i], known);
}
