/*-------------------------------------------------------------------------
 * fuzz_cloud_event_read.c
 *	  No headers and no body break the reader of CloudEvents in requests.
 *
 * Input: headers (NAME:VALUE), an empty line, and the body.  Checked besides
 * memory: an event has what it has to have, and a fault says what is wrong.
 *
 * test/fuzz/fuzz_cloud_event_read.c
 *-------------------------------------------------------------------------
 */
/* links: src/inbound/cloud_event_read.c src/wire/bytes_read.c src/common/arena.c src/companion/web_request.c
		  src/companion/frame.c test/unit/json_reader.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inbound/cloud_event_read.h"
#include "insist.h"
#include "json_reader.h"

#define LONGEST			20000	/* more would only be slow */
#define FIELDS_MOST		20

static void
read_events(Arena *arena, const WebRequest *request, CloudEventMode mode)
{
	CloudEvent *events;
	CloudEventFault fault;
	int			count = respond_cloud_event_read(arena, mode, request,
												 json_read(arena, request->body, request->body_length), &events, &fault);

	if (count < 0)
	{
		insist(fault.words != NULL, "a fault is said");
		insist(fault.index < 0 || mode == CLOUD_EVENT_BATCH, "an index is that of a batch");
	}
	for (int i = 0; i < count; i++)
	{
		insist(events[i].id != NULL && *events[i].id != '\0', "an event has an id");
		insist(events[i].source != NULL && *events[i].source != '\0', "an event has a source");
		insist(events[i].type != NULL && *events[i].type != '\0', "an event has a type");
		insist(events[i].time == NULL || respond_cloud_event_is_time(events[i].time), "its time is one");
		insist(events[i].data == NULL || events[i].data_base64 == NULL, "it has data once");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena;
	WebField	fields[FIELDS_MOST];
	WebRequest	request = {.fields = fields};
	CloudEventMode mode;
	char	   *at;
	char	   *end;

	if (size > LONGEST)
		return 0;
	arena = respond_arena_create(&respond_arena_malloc_source);
	at = respond_arena_copy(arena, (const char *) data, size);
	request.body = at + size;
	while (request.field_count < FIELDS_MOST && (end = strchr(at, '\n')) != NULL && end != at)
	{
		char	   *value = memchr(at, ':', (size_t) (end - at));

		*end = '\0';
		if (value != NULL)
		{
			*value = '\0';
			fields[request.field_count++] = (WebField) {at, value + 1};
		}
		at = end + 1;
	}
	request.body_length = (size_t) (request.body - at);
	request.body = at;
	mode = respond_cloud_event_mode(&request);
	if (mode == CLOUD_EVENT_BINARY || mode == CLOUD_EVENT_STRUCTURED || mode == CLOUD_EVENT_BATCH)
		read_events(arena, &request, mode);
	respond_arena_destroy(arena);
	return 0;
}
