/*-------------------------------------------------------------------------
 * scheme_content.c
 *	  What of a request was signed, byte by byte.
 *
 * What is signed are bytes as they were sent, so the template engine, which
 * works on texts, does not fill in the tags.
 *
 * src/inbound/scheme_content.c
 *-------------------------------------------------------------------------
 */
#include "inbound/scheme_content.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "inbound/form_read.h"
#include "wire/ascii_case.h"
#include "wire/bytes_read.h"

#define FORM_TYPE			"application/x-www-form-urlencoded"
#define BODY_DIGEST			"bodySHA256"
#define BLANKS				" \t"

static bool
is_form(const WebRequest *request)
{
	const char *type = respond_web_field(request, "content-type");

	return type != NULL && respond_ascii_begins(type, FORM_TYPE) &&
		strchr(";" BLANKS, type[strlen(FORM_TYPE)]) != NULL;
}

/* A body that is no form is signed by its digest in the query, which is part of the url. */
static InboundReason
check_body_digest(Arena *arena, const WebRequest *request)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned char *claimed;
	size_t		count;
	Form		query;
	const FormField *field;

	if (request->body_length == 0)
		return INBOUND_ACCEPTED;
	if (request->query == NULL || !respond_form_read(arena, request->query, strlen(request->query), &query))
		return INBOUND_MISSING_SIGNATURE;
	field = respond_form_field(&query, BODY_DIGEST);
	if (field == NULL)
		return INBOUND_MISSING_SIGNATURE;
	claimed = respond_arena_alloc(arena, BYTES_READ_ROOM(field->value_length));
	if (!respond_hex_read(field->value, field->value_length, claimed, &count) || count != sizeof(digest))
		return INBOUND_MALFORMED;
	SHA256((const unsigned char *) request->body, request->body_length, digest);
	return memcmp(claimed, digest, sizeof(digest)) == 0 ? INBOUND_ACCEPTED : INBOUND_SIGNATURE;
}

/* Where the host ends: at a port, or the path. */
static size_t
host_length(const char *host)
{
	return *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
}

/* The url as the sender may have called it: with a port, or without one. */
static char *
build_url(Arena *arena, const WebRequest *request, const char *public_url, bool with_port)
{
	const char *scheme = request->secure ? "https://" : "http://";
	const char *host = request->host;
	size_t		length;
	const char *port;
	char	   *url;
	size_t		size;

	if (public_url != NULL && strstr(public_url, "://") != NULL)
	{
		scheme = public_url;
		host = strstr(public_url, "://") + strlen("://");
	}
	length = host_length(host);
	if (length > strlen(host))
		length = strlen(host);
	port = host[length] == ':' ? host + length : strncmp(scheme, "https", strlen("https")) == 0 ? ":443" : ":80";
	size = strlen(scheme) + strlen(host) + strlen(request->target) + sizeof(":65535");
	url = respond_arena_alloc(arena, size);
	snprintf(url, size, "%.*s%.*s%.*s%s", (int) (strstr(scheme, "://") + strlen("://") - scheme), scheme,
			 (int) length, host, with_port ? (int) strcspn(port, "/") : 0, port, request->target);
	return url;
}

typedef struct Bytes
{
	const char *start;
	size_t		length;
} Bytes;

typedef struct ContentSource
{
	Arena	   *arena;
	const WebRequest *request;
	const JsonValue *data;
	const SchemeReading *reading;
	Bytes		url;
	Bytes		form;
} ContentSource;

static bool
read_signed(const ContentSource *source, SignedPart part, const char *text, size_t length, Bytes *bytes)
{
	const char *found;

	switch (part)
	{
		case SIGNED_TEXT:
			*bytes = (Bytes) {text, length};
			return true;
		case SIGNED_ID:
			*bytes = (Bytes) {source->reading->id, strlen(source->reading->id)};
			return true;
		case SIGNED_TIMESTAMP:
			*bytes = (Bytes) {source->reading->timestamp, strlen(source->reading->timestamp)};
			return true;
		case SIGNED_BODY:
			*bytes = (Bytes) {source->request->body, source->request->body_length};
			return true;
		case SIGNED_URL:
			*bytes = source->url;
			return true;
		case SIGNED_FORM:
			*bytes = source->form;
			return true;
		case SIGNED_DATA:
			if (respond_request_path_find(source->arena, source->request, source->data,
										  respond_arena_copy(source->arena, text, length), &found) != PATH_FOUND)
				return false;
			*bytes = (Bytes) {found, strlen(found)};
			return true;
		case SIGNED_END:
		case SIGNED_WRONG:
			break;
	}
	return false;
}

/* Puts together what was signed; false: something of it is not in the request. */
static bool
add_content(const ContentSource *source, const InboundScheme *scheme, SchemeReading *reading)
{
	Bytes		bytes = {NULL};
	size_t		size = 0;
	char	   *content = NULL;

	/* Mostly the body is all of it, and need not be copied. */
	if (strcmp(scheme->signed_text, "{{body}}") == 0)
	{
		reading->contents[reading->content_count] = source->request->body;
		reading->content_lengths[reading->content_count++] = source->request->body_length;
		return true;
	}
	for (bool measured = false;; measured = true)
	{
		const char *at = scheme->signed_text;
		const char *text;
		size_t		length;
		SignedPart	part;

		size = 0;
		while ((part = respond_scheme_next_signed(&at, &text, &length)) != SIGNED_END)
		{
			if (!read_signed(source, part, text, length, &bytes))
				return false;
			if (measured)
				memcpy(content + size, bytes.start, bytes.length);
			size += bytes.length;
		}
		if (measured)
			break;
		content = respond_arena_alloc(source->arena, size + 1);
	}
	reading->contents[reading->content_count] = content;
	reading->content_lengths[reading->content_count++] = size;
	return true;
}

InboundReason
respond_scheme_contents(Arena *arena, const InboundScheme *scheme, const WebRequest *request, const JsonValue *data,
						const char *public_url, SchemeReading *reading)
{
	ContentSource source = {arena, request, data, reading, {"", 0}, {"", 0}};
	int			urls = respond_scheme_signs(scheme, SIGNED_URL) ? SCHEME_CONTENTS_MOST : 1;

	if (respond_scheme_signs(scheme, SIGNED_FORM) && !is_form(request))
	{
		InboundReason reason = check_body_digest(arena, request);

		if (reason != INBOUND_ACCEPTED)
			return reason;
	}
	else if (respond_scheme_signs(scheme, SIGNED_FORM))
	{
		Form		form;

		if (!respond_form_read(arena, request->body, request->body_length, &form))
			return INBOUND_MALFORMED;
		source.form.start = respond_form_sorted(arena, &form, &source.form.length);
	}
	for (int i = 0; i < urls; i++)
	{
		if (urls > 1)
		{
			source.url.start = build_url(arena, request, public_url, i > 0);
			source.url.length = strlen(source.url.start);
		}
		if (!add_content(&source, scheme, reading))
			return INBOUND_MALFORMED;
	}
	return INBOUND_ACCEPTED;
}
