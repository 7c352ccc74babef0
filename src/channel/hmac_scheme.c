/*-------------------------------------------------------------------------
 * hmac_scheme.c
 *	  How a provider wants requests signed: an HMAC in headers of its own.
 *
 * GitHub, Slack, Stripe and many others sign with an HMAC, and differ in what
 * they sign and how the header looks.  A kind says it in a few words:
 *
 *	{"headers": {"X-Hub-Signature-256": "sha256={{signature}}"}}
 *	{"content": "{{timestamp}}.{{body}}", "headers": {"Stripe-Signature": "t={{timestamp}},v1={{signature}}"}}
 *
 * The tags are filled in by this file and not by the template engine: the body
 * is bytes that are signed as they are sent.
 *
 * src/channel/hmac_scheme.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base64.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "channel/hmac_scheme.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/pg_compat.h"
#include "wire/bytes_read.h"
#include "wire/http_header.h"

static void
refuse(const char *place, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
			 errmsg("hmac%s: %s", place, fault),
			 errhint("For example {\"algorithm\": \"sha256\", \"encoding\": \"hex\", "
					 "\"content\": \"{{timestamp}}.{{body}}\", "
					 "\"headers\": {\"X-Signature\": \"t={{timestamp}},v1={{signature}}\"}}.")));
}

/* The values that a member may have end with NULL. */
static const char *
read_word(const JsonMember *member, const char *const *words)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; words[i] != NULL; i++)
	{
		if (member->value->kind == JSON_KIND_STRING && strcmp(member->value->text, words[i]) == 0)
			return words[i];
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	refuse(psprintf(".%s", member->name), psprintf("must be one of %s", list.data));
	return NULL;
}

/* A text whose tags are among these, which end with NULL. */
static const char *
read_text(const char *place, const JsonValue *value, const char *const *tags)
{
	if (value->kind != JSON_KIND_STRING)
		refuse(place, "must be a text");
	for (const char *tag = strstr(value->text, "{{"); tag != NULL; tag = strstr(tag + 2, "{{"))
	{
		bool		known = false;

		for (int i = 0; tags[i] != NULL; i++)
			known |= strncmp(tag, tags[i], strlen(tags[i])) == 0;
		if (!known)
			refuse(place, psprintf("it holds a tag that is not one of %s, %s, %s", tags[0], tags[1], tags[2]));
	}
	return pstrdup(value->text);
}

static void
read_headers(HmacScheme *scheme, const JsonValue *headers)
{
	static const char *const tags[] = {"{{signature}}", "{{timestamp}}", "{{key}}", NULL};
	bool		has_signature = false;

	if (headers->kind != JSON_KIND_OBJECT)
		refuse(".headers", "must be a JSON object");
	scheme->headers = palloc0(sizeof(HmacHeader) * Max(headers->count, 1));
	for (size_t i = 0; i < headers->count; i++)
	{
		HmacHeader *header = &scheme->headers[scheme->header_count++];
		char	   *place = psprintf(".headers.%s", headers->members[i].name);
		const char *fault = respond_http_header_check_name(headers->members[i].name);

		if (fault != NULL)
			refuse(place, fault);
		header->name = pstrdup(headers->members[i].name);
		header->value = read_text(place, headers->members[i].value, tags);
		fault = respond_http_header_check(header->name, header->value);
		if (fault != NULL)
			refuse(place, fault);
		has_signature |= strstr(header->value, "{{signature}}") != NULL;
	}
	if (!has_signature)
		refuse(".headers", "no header holds {{signature}}");
}

HmacScheme *
respond_hmac_scheme_read(Jsonb *hmac)
{
	static const char *const algorithms[] = {"sha1", "sha256", "sha384", "sha512", NULL};
	static const char *const encodings[] = {"hex", "base64", "base64url", NULL};
	static const char *const secrets[] = {"text", "hex", "base64", NULL};
	static const char *const tags[] = {"{{body}}", "{{timestamp}}", "{{key}}", NULL};
	JsonValue  *object = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), hmac);
	HmacScheme *scheme = palloc0(sizeof(HmacScheme));

	*scheme = (HmacScheme) {.algorithm = "sha256",.encoding = "hex",.secret = "text",.content = "{{body}}"};
	if (object->kind != JSON_KIND_OBJECT)
		refuse("", "must be a JSON object");
	for (size_t i = 0; i < object->count; i++)
	{
		const JsonMember *member = &object->members[i];

		if (strcmp(member->name, "algorithm") == 0)
			scheme->algorithm = read_word(member, algorithms);
		else if (strcmp(member->name, "encoding") == 0)
			scheme->encoding = read_word(member, encodings);
		else if (strcmp(member->name, "secret") == 0)
			scheme->secret = read_word(member, secrets);
		else if (strcmp(member->name, "content") == 0)
			scheme->content = read_text(".content", member->value, tags);
		else if (strcmp(member->name, "headers") == 0)
			read_headers(scheme, member->value);
		else
			refuse(psprintf(".%s", member->name), "is not one of algorithm, encoding, secret, content, headers");
	}
	if (scheme->header_count == 0)
		refuse(".headers", "is missing");
	return scheme;
}

/* The key's bytes, palloc'd with their number; NULL when the secret is none. */
static char *
read_key(const HmacScheme *scheme, const char *secret, int *length)
{
	size_t		size = strlen(secret);
	size_t		count;
	char	   *key;

	if (strcmp(scheme->secret, "text") == 0)
	{
		key = pstrdup(pg_server_to_any(secret, size, PG_UTF8));
		*length = strlen(key);
		return key;
	}
	key = palloc0(size + 4);
	if (strcmp(scheme->secret, "base64") == 0)
	{
		*length = respond_base64_decode(secret, size, key, pg_b64_dec_len(size));
		return *length > 0 ? key : NULL;
	}
	if (!respond_hex_read(secret, size, (unsigned char *) key, &count) || count == 0)
		return NULL;
	*length = count;
	return key;
}

const char *
respond_hmac_scheme_check_secret(const HmacScheme *scheme, const char *secret)
{
	int			length = 0;
	char	   *key = read_key(scheme, secret, &length);

	if (key == NULL)
		return strcmp(scheme->secret, "hex") == 0 ? "is not an even number of hex digits" : "is not base64";
	OPENSSL_cleanse(key, length);
	pfree(key);
	return NULL;
}

/* Fills in the tags; what a value holds is not looked at for tags. */
static char *
fill_in(const char *text, const HmacRequest *request, const char *signature)
{
	const struct
	{
		const char *tag;
		const char *value;
	}			values[] = {
		{"{{body}}", request->body},
		{"{{key}}", request->key},
		{"{{timestamp}}", psprintf(INT64_FORMAT, request->timestamp)},
		{"{{signature}}", signature},
	};
	StringInfoData result;

	initStringInfo(&result);
	while (*text != '\0')
	{
		int			i = 0;

		while (i < lengthof(values) &&
			   (values[i].value == NULL || strncmp(text, values[i].tag, strlen(values[i].tag)) != 0))
			i++;
		if (i < lengthof(values))
		{
			appendStringInfoString(&result, values[i].value);
			text += strlen(values[i].tag);
		}
		else
			appendStringInfoChar(&result, *text++);
	}
	return result.data;
}

static char *
encode(const HmacScheme *scheme, const unsigned char *digest, int length)
{
	char	   *text = palloc0(2 * EVP_MAX_MD_SIZE + 1);

	if (strcmp(scheme->encoding, "hex") == 0)
	{
		for (int i = 0; i < length; i++)
			snprintf(text + 2 * i, 3, "%02x", digest[i]);
		return text;
	}
	EVP_EncodeBlock((unsigned char *) text, digest, length);
	if (strcmp(scheme->encoding, "base64url") == 0)
	{
		for (char *s = text; *s != '\0'; s++)
			*s = *s == '+' ? '-' : *s == '/' ? '_' : *s;
		text[strcspn(text, "=")] = '\0';
	}
	return text;
}

char *
respond_hmac_scheme_sign(const HmacScheme *scheme, const char *secret, const HmacRequest *request)
{
	const EVP_MD *algorithm = strcmp(scheme->algorithm, "sha1") == 0 ? EVP_sha1() :
		strcmp(scheme->algorithm, "sha384") == 0 ? EVP_sha384() :
		strcmp(scheme->algorithm, "sha512") == 0 ? EVP_sha512() : EVP_sha256();
	char	   *content = fill_in(scheme->content, request, NULL);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_length = 0;
	int			length = 0;
	char	   *key = read_key(scheme, secret, &length);
	bool		done;

	if (key == NULL)
		return NULL;
	done = HMAC(algorithm, key, length, (const unsigned char *) content, strlen(content), digest,
				&digest_length) != NULL;
	OPENSSL_cleanse(key, length);
	pfree(key);
	return done ? encode(scheme, digest, digest_length) : NULL;
}

char *
respond_hmac_scheme_header(const HmacHeader *header, const HmacRequest *request, const char *signature)
{
	return fill_in(header->value, request, signature);
}
