/*-------------------------------------------------------------------------
 * answer.c
 *	  The whole answer to a request whose answer is wanted.
 *
 * Its bytes are handed in by libcurl's callbacks, which no error may leave: what
 * there is no memory for is told by flags.
 *
 * src/transport/answer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "transport/answer.h"

/* What an answer takes of the memory at the least. */
#define SMALLEST_ROOM		4096

static size_t all_reserved = 0;

static void
give_back(void *argument)
{
	Answer	   *answer = argument;

	Assert(all_reserved >= answer->reserved);
	all_reserved -= answer->reserved;
	answer->reserved = 0;
}

bool
respond_answer_has_room(size_t expected)
{
	return all_reserved == 0 || all_reserved + expected <= ANSWERS_LIMIT;
}

Answer *
respond_answer_create(MemoryContext context, size_t max_body, size_t expected)
{
	Answer	   *answer = MemoryContextAllocZero(context, sizeof(Answer));

	answer->context = context;
	answer->max_body = max_body;
	answer->reserved = expected;
	answer->end.func = give_back;
	answer->end.arg = answer;
	MemoryContextRegisterResetCallback(context, &answer->end);
	all_reserved += expected;
	return answer;
}

/* What it takes already is more than was expected of it: it needs more of the memory of all. */
static bool
reserve(Answer *answer, size_t needed)
{
	size_t		more;

	if (needed <= answer->reserved)
		return true;
	more = needed - answer->reserved;
	if (all_reserved > answer->reserved && all_reserved + more > ANSWERS_LIMIT)
		return false;
	all_reserved += more;
	answer->reserved = needed;
	return true;
}

static bool
grow(Answer *answer, AnswerBytes *bytes, size_t length, size_t most)
{
	size_t		room = Min(Max(bytes->room * 2, SMALLEST_ROOM), most);
	char	   *data;

	if (bytes->length + length < bytes->room)
		return true;
	room = Max(room, bytes->length + length + 1);
	if (!reserve(answer, answer->headers.room + answer->body.room - bytes->room + room))
		return false;
	data = MemoryContextAllocExtended(answer->context, room, MCXT_ALLOC_NO_OOM);
	if (data == NULL)
		return false;
	if (bytes->data != NULL)
	{
		memcpy(data, bytes->data, bytes->length);
		pfree(bytes->data);
	}
	bytes->data = data;
	bytes->room = room;
	return true;
}

static bool
add(Answer *answer, AnswerBytes *bytes, const char *data, size_t length, size_t most)
{
	if (!grow(answer, bytes, length, most))
	{
		answer->no_room = true;
		return false;
	}
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	/* for those who read it as a string */
	bytes->data[bytes->length] = '\0';
	return true;
}

bool
respond_answer_add_header(Answer *answer, const char *line, size_t length)
{
	return add(answer, &answer->headers, line, length, ANSWER_HEADERS);
}

bool
respond_answer_add_body(Answer *answer, const char *data, size_t length)
{
	if (length > answer->max_body - answer->body.length)
	{
		answer->too_large = true;
		return false;
	}
	return add(answer, &answer->body, data, length, answer->max_body + 1);
}

void
respond_answer_begin(Answer *answer)
{
	answer->headers.length = answer->body.length = 0;
	answer->too_large = answer->no_room = false;
}

bool
respond_answer_fault(const Answer *answer, char *text, size_t size)
{
	if (answer->too_large)
		snprintf(text, size, "response too large: it has more than %zu bytes", answer->max_body);
	else if (answer->no_room)
		strlcpy(text, "too many large answers come at once", size);
	return answer->too_large || answer->no_room;
}
