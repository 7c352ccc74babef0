/*-------------------------------------------------------------------------
 * fuzz_scheme.c
 *	  No scheme without fault and no request break the reader of signatures.
 *
 * Input: lines with what is signed, pairs and a prefix, then headers
 * (NAME:VALUE), an empty line, and the body.  Checked besides memory: reading
 * twice gives the same; claims lie within the request; without keys, nothing is right.
 *
 * test/fuzz/fuzz_scheme.c
 *-------------------------------------------------------------------------
 */
/* links: src/inbound/scheme_read.c src/inbound/scheme.c src/inbound/scheme_content.c src/inbound/signature_check.c
		  src/inbound/signature_key.c src/inbound/form_read.c src/inbound/reason.c src/inbound/request_path.c
		  src/wire/bytes_read.c src/common/arena.c src/common/tag_path.c src/companion/web_request.c src/companion/frame.c
		  test/unit/json_reader.c */
/* libs: -lcrypto */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inbound/scheme_read.h"
#include "insist.h"
#include "json_reader.h"

#define LONGEST		20000		/* more would only be slow */

/* The next line, cut off the text; NULL: there is none, or it is empty. */
static char *
next_line(char **at)
{
	char	   *line = *at;
	char	   *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return *line == '\0' ? NULL : line;
}

/* Whether text is in the value of a header of the request, or in its body. */
static bool
is_in_request(const WebRequest *request, const char *text, size_t length)
{
	for (int i = 0; i < request->field_count; i++)
		if (text >= request->fields[i].value &&
			text + length <= request->fields[i].value + strlen(request->fields[i].value))
			return true;
	return false;
}

static void
read_request(Arena *arena, const InboundScheme *scheme, const WebRequest *request)
{
	JsonValue  *data = json_read(arena, request->body, request->body_length);
	SchemeReading first;
	SchemeReading second;
	InboundReason reason = respond_scheme_read(arena, scheme, request, data, NULL, &first);

	insist(respond_scheme_read(arena, scheme, request, data, NULL, &second) == reason, "the same reason twice");
	if (reason != INBOUND_ACCEPTED)
		return;
	insist(first.claim_count > 0 && first.claim_count <= SIGNATURE_CLAIMS_MOST, "one claim to ten");
	for (int i = 0; i < first.claim_count; i++)
		insist(is_in_request(request, first.claims[i].text, first.claims[i].length), "claims lie in a header");
	insist(first.content_count == second.content_count, "as many contents twice");
	for (int i = 0; i < first.content_count; i++)
		insist(first.content_lengths[i] == second.content_lengths[i] &&
			   memcmp(first.contents[i], second.contents[i], first.content_lengths[i]) == 0, "the same contents twice");
	insist(respond_scheme_check_signature(scheme, &first, NULL, 0) == INBOUND_SIGNATURE, "without keys, nothing is right");
	(void) respond_scheme_check_time(scheme, &first, INT64_C(1614265330000));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena;
	WebField	fields[20];
	WebRequest	request = {.method = "POST",.path = "/",.target = "/?bodySHA256=",.query = "bodySHA256=",.host = "h:1",
		.peer = "",.fields = fields};
	InboundScheme scheme = {SIGNATURE_HMAC_SHA256, SIGNATURE_HEX, SECRET_TEXT, "headers.s",.tolerance = 300,
		.id_place = "data.id"};
	const char *column;
	char	   *at;
	char	   *line;

	if (size > LONGEST)
		return 0;
	arena = respond_arena_create(&respond_arena_malloc_source);
	at = respond_arena_copy(arena, (const char *) data, size);
	request.body = at + size;
	scheme.signed_text = next_line(&at);
	scheme.pairs = next_line(&at);
	scheme.prefix = next_line(&at);
	scheme.separator = scheme.prefix == NULL ? '\0' : *scheme.prefix;
	scheme.timestamp_place = scheme.pairs == NULL ? "headers.t" : NULL;
	while (request.field_count < 20 && (line = next_line(&at)) != NULL)
	{
		char	   *value = strchr(line, ':');

		if (value == NULL)
			continue;
		*value = '\0';
		fields[request.field_count++] = (WebField) {line, value + 1};
	}
	request.body_length = (size_t) (request.body - at);
	request.body = at;
	if (respond_scheme_fault(&scheme, &column) == NULL)
		read_request(arena, &scheme, &request);
	respond_arena_destroy(arena);
	return 0;
}
