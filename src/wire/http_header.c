/*-------------------------------------------------------------------------
 * http_header.c
 *	  What may stand in a header of HTTP, and CloudEvents' attributes there.
 *
 * src/wire/http_header.c
 *-------------------------------------------------------------------------
 */
#include "wire/http_header.h"

#include <string.h>
#include <strings.h>

#include "wire/http_token.h"

const char *
respond_http_header_check(const char *name, const char *value)
{
	if (name == NULL || name[0] == '\0')
		return "has an empty name";
	for (const char *at = name; *at != '\0'; at++)
	{
		if (!respond_http_is_token(*at))
			return "has a character in its name that is not allowed";
	}
	for (const char *at = value == NULL ? "" : value; *at != '\0'; at++)
	{
		unsigned char byte = (unsigned char) *at;

		/* CR and LF above all: they would begin a header of the attacker's. */
		if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
			return "has a control character in its value";
	}
	return NULL;
}

void
respond_http_header_cloudevents(const char *value, MailText *out)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *start = value;

	for (const char *at = value; *at != '\0'; at++)
	{
		unsigned char byte = (unsigned char) *at;
		char		escape[3];

		if (byte > 0x20 && byte < 0x7F && byte != '"' && byte != '%')
			continue;
		respond_mail_text_append(out, start, (size_t) (at - start));
		escape[0] = '%';
		escape[1] = hex[byte >> 4];
		escape[2] = hex[byte & 15];
		respond_mail_text_append(out, escape, sizeof(escape));
		start = at + 1;
	}
	respond_mail_text_append_string(out, start);
}

const char *
respond_http_header_check_name(const char *name)
{
	static const char *const made[] = {
		"host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade", "keep-alive",
		"proxy-connection", "proxy-authorization"
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (strcasecmp(name, made[i]) == 0)
			return "this header is made by the transport";
	return respond_http_header_check(name, NULL);
}
