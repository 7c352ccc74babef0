/*-------------------------------------------------------------------------
 * answer_head.c
 *	  The head of an answer, as it is sent.
 *
 * src/listener/answer_head.c
 *-------------------------------------------------------------------------
 */
#include "listener/answer_head.h"

#include <stdio.h>
#include <string.h>

#include "companion/problem.h"
#include "listener/ticks.h"

/* What the status line and our own fields have at most. */
#define OWN_LENGTH	512

static size_t
fields_length(const WebAnswer *answer)
{
	size_t		length = 0;

	for (int i = 0; i < answer->field_count; i++)
		length += strlen(answer->fields[i].name) + strlen(answer->fields[i].value) + 4;
	return length;
}

static char *
put(char *to, const char *text)
{
	size_t		length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

static char *
put_framing(char *to, const WebAnswer *answer, AnswerForm form)
{
	if (form.framing == ANSWER_CHUNKED)
		return put(to, "Transfer-Encoding: chunked\r\n");
	if (form.framing == ANSWER_CLOSED || answer->status == 204 || answer->status == 304 ||
		(form.is_head && answer->body_length == 0))
		return to;
	return to + sprintf(to, "Content-Length: %zu\r\n", answer->body_length);
}

static char *
put_connection(char *to, AnswerForm form)
{
	if (!form.keep_alive)
		return put(to, "Connection: close\r\n");
	return form.minor == 0 ? put(to, "Connection: keep-alive\r\n") : to;
}

char *
respond_answer_head(Arena *arena, const WebAnswer *answer, AnswerForm form, size_t *length)
{
	char	   *head = respond_arena_alloc(arena, OWN_LENGTH + fields_length(answer));
	char	   *to = head;

	to += sprintf(to, "HTTP/1.1 %d %.100s\r\nDate: %s\r\n", answer->status, respond_status_words(answer->status),
				  respond_ticks_date());
	for (int i = 0; i < answer->field_count; i++)
	{
		to = put(to, answer->fields[i].name);
		to = put(to, ": ");
		to = put(to, answer->fields[i].value);
		to = put(to, "\r\n");
	}
	to = put_framing(to, answer, form);
	to = put_connection(to, form);
	to = put(to, "\r\n");
	*length = to - head;
	return head;
}
