/*-------------------------------------------------------------------------
 * http_session.c
 *	  A connection without a network: bytes in, requests or a refusal out, as text.
 *
 * test/unit/http_session.c
 *-------------------------------------------------------------------------
 */
#include "http_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listener/http_body.h"

typedef struct Session
{
	char	   *kept;			/* bytes that came and are not used up */
	size_t		kept_length;
	bool		in_body;
	HttpHeadScan scan;
	HttpHead	head;
	HttpBody	body;
	char	   *request;		/* method and target */
	char		data[HTTP_SESSION_BODY];
	size_t		data_length;
	FILE	   *out;
	int			written;
	bool		over;
} Session;

static void
write_escaped(FILE *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		unsigned char byte = bytes[i];

		if (byte == '\r')
			fputs("\\r", out);
		else if (byte == '\n')
			fputs("\\n", out);
		else if (byte == '\t')
			fputs("\\t", out);
		else if (byte == '\\')
			fputs("\\\\", out);
		else if (byte >= 0x20 && byte < 0x7f)
			fputc(byte, out);
		else
			fprintf(out, "\\x%02x", byte);
	}
}

size_t
http_unescape(char *text)
{
	char	   *to = text;

	for (char *from = text; *from != '\0'; from++)
	{
		unsigned int byte = (unsigned char) *from;

		if (*from == '\\' && *++from == 'x')
		{
			sscanf(from + 1, "%2x", &byte);
			from += 2;
		}
		else if (from > text && from[-1] == '\\' && byte == '\\')
			byte = *from == 'r' ? '\r' : *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
		*to++ = byte;
	}
	return to - text;
}

static void
say(Session *session, const char *word)
{
	fprintf(session->out, "%s%s", session->written++ > 0 ? " | " : "", word);
	session->over = true;
}

static void
use_up(Session *session, size_t used)
{
	session->kept_length -= used;
	memmove(session->kept, session->kept + used, session->kept_length);
}

/* Whether there may be more to do with what is kept. */
static bool
read_head(Session *session)
{
	HttpRefusal refusal = {0, NULL};
	size_t		used = 0;
	HttpVerdict verdict = respond_http_head_read(&session->scan, session->kept, session->kept_length, &session->head, &used, &refusal);
	FILE	   *request;
	size_t		size;

	if (verdict == HTTP_REFUSED)
		say(session, refusal.status == 0 || refusal.reason == NULL ? "refused without a word" : "refused");
	if (verdict != HTTP_WHOLE)
		return false;
	request = open_memstream(&session->request, &size);
	write_escaped(request, session->head.method.bytes, session->head.method.length);
	fputc(' ', request);
	write_escaped(request, session->head.target.bytes, session->head.target.length);
	fclose(request);
	respond_http_body_begin(&session->body, &session->head, HTTP_SESSION_BODY);
	session->in_body = true;
	session->data_length = 0;
	use_up(session, used);
	return true;
}

static bool
read_body(Session *session)
{
	const char *reason = NULL;
	size_t		used;
	size_t		data;
	HttpBodyVerdict verdict = respond_http_body_take(&session->body, session->kept, session->kept_length, &used, &data, &reason);

	memcpy(session->data + session->data_length, session->kept, data);
	session->data_length += data;
	use_up(session, used);
	if (verdict == HTTP_BODY_REFUSED)
		say(session, reason == NULL ? "refused without a word" : "refused");
	if (verdict == HTTP_BODY_TOO_LARGE)
		say(session, "large");
	if (verdict != HTTP_BODY_DONE)
		return false;
	fprintf(session->out, "%s%s", session->written++ > 0 ? " | " : "", session->request);
	if (session->data_length > 0)
	{
		fputc(' ', session->out);
		write_escaped(session->out, session->data, session->data_length);
	}
	free(session->request);
	session->request = NULL;
	session->in_body = false;
	memset(&session->scan, 0, sizeof(session->scan));
	if (!session->head.keep_alive && session->kept_length > 0)
		say(session, "closed");
	return !session->over;
}

char *
http_session(const char *bytes, size_t length, size_t step)
{
	Session		session = {0};
	char	   *text;
	size_t		size;

	session.out = open_memstream(&text, &size);
	session.kept = malloc(length + 1);
	for (size_t at = 0; at < length && !session.over; at += step)
	{
		size_t		part = length - at < step ? length - at : step;
		char	   *exact;

		if (!session.in_body && session.written > 0 && !session.head.keep_alive)
		{
			say(&session, "closed");
			break;
		}

		/* A block of exactly what there is lets a sanitizer see each step beyond it. */
		exact = malloc(session.kept_length + part);
		memcpy(exact, session.kept, session.kept_length);
		memcpy(exact + session.kept_length, bytes + at, part);
		free(session.kept);
		session.kept = exact;
		session.kept_length += part;
		while (session.kept_length > 0 && (session.in_body ? read_body(&session) : read_head(&session)))
			;
		if (session.in_body && session.kept_length == 0 && !session.over)
			read_body(&session);
	}
	if (!session.over && (session.in_body || session.kept_length > 0))
		say(&session, "more");
	fclose(session.out);
	free(session.request);
	free(session.kept);
	return text;
}
