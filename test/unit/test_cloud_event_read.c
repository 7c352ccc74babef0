/* links: src/inbound/cloud_event_read.c src/wire/bytes_read.c src/common/arena.c src/companion/web_request.c
		  src/companion/frame.c test/unit/json_reader.c */
/*-------------------------------------------------------------------------
 * test_cloud_event_read.c
 *	  CloudEvents in requests: the cases of cloudevents/conformance, and more.
 *
 * What is legal and what is not follows format/json/{valid,invalid}-{events,batches}.json
 * and features/http-protocol-binding.feature there.
 *
 * test/unit/test_cloud_event_read.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "inbound/cloud_event_read.h"
#include "json_reader.h"

#define MINIMAL		"\"specversion\": \"1.0\", \"id\": \"minimal\", \"type\": \"io.cloudevents.test\", \"source\": \"https://cloudevents.io\""

static Arena *arena;
static WebField fields[12];
static WebRequest request;
static CloudEvent *events;
static CloudEventFault fault;

/* Pairs of names and values of headers, which end with NULL. */
static void
make(const char *body,...)
{
	va_list		arguments;
	const char *name;

	request = (WebRequest) {.fields = fields,.body = body,.body_length = strlen(body)};
	va_start(arguments, body);
	while ((name = va_arg(arguments, const char *)) != NULL)
		fields[request.field_count++] = (WebField) {name, va_arg(arguments, const char *)};
	va_end(arguments);
}

static int
read_request(void)
{
	return respond_cloud_event_read(arena, respond_cloud_event_mode(&request), &request,
									json_read(arena, request.body, request.body_length), &events, &fault);
}

static int
read_document(const char *members)
{
	char	   *body = respond_arena_alloc(arena, strlen(members) + 3);

	sprintf(body, "{%s}", members);
	make(body, "content-type", "application/cloudevents+json", NULL);
	return read_request();
}

static void
check_legal(const char *members, const char *name)
{
	check(read_document(members) == 1, "legal: %s (%s %s)", name, fault.attribute == NULL ? "" : fault.attribute,
		  fault.words == NULL ? "" : fault.words);
}

static void
check_illegal(const char *members, const char *attribute, const char *words)
{
	check(read_document(members) == -1 && fault.index == -1, "illegal: %s", members);
	check_string(fault.attribute, attribute, "the attribute");
	check_string(fault.words, words, "what is wrong with it");
}

static void
check_documents(void)
{
	check_legal(MINIMAL, "minimal");
	check(events[0].subject == NULL && events[0].time == NULL && events[0].data == NULL && events[0].extension_count == 0,
		  "nothing that is not there");
	check_legal(MINIMAL ", \"datacontenttype\": null, \"dataschema\": null, \"subject\": null, \"time\": null", "null for optional");
	check_legal(MINIMAL ", \"datacontenttype\": \"text/plain\", \"dataschema\": \"https://cloudevents.io/dataschema\", \"subject\": \"tests\","
				" \"time\": \"2018-04-05T17:31:00Z\", \"data\": \"Simple text\"", "all attributes");
	check_string(events[0].id, "minimal", "id");
	check_string(events[0].type, "io.cloudevents.test", "type");
	check_string(events[0].source, "https://cloudevents.io", "source");
	check_string(events[0].data_content_type, "text/plain", "datacontenttype");
	check_string(events[0].data_schema, "https://cloudevents.io/dataschema", "dataschema");
	check_string(events[0].subject, "tests", "subject");
	check_string(events[0].time, "2018-04-05T17:31:00Z", "time");
	check_string(events[0].data->text, "Simple text", "data");
	check_legal("\"id\": \"m\", \"specversion\": \"1.0\", \"type\": \"t\", \"source\": \"#fragment\"", "a relative source");
	check_legal(MINIMAL ", \"data\": null", "data that is null");
	check(events[0].data != NULL && events[0].data->kind == JSON_KIND_NULL, "null is data");
	check_legal(MINIMAL ", \"data_base64\": \"eyAieHl6IjogMTIzIH0=\"", "data in base64");
	check_string(events[0].data_base64, "eyAieHl6IjogMTIzIH0=", "its base64");
	check_legal(MINIMAL ", \"extinteger\": -10, \"extboolean\": true, \"extstring\": \"\", \"exttimestamp\": \"2023-03-31T15:12:00Z\", \"extnull\": null",
				"extensions");
	check(events[0].extension_count == 4, "four extensions");
	check_string(events[0].extensions[0].name, "extinteger", "the name of one");
	check_string(events[0].extensions[0].text, "-10", "a number");
	check_string(events[0].extensions[1].text, "true", "a boolean");
	check_string(events[0].extensions[2].text, "", "an empty text");
}

#define WITHOUT_ID	"\"specversion\": \"1.0\", \"type\": \"t\", \"source\": \"s\""
#define WHOLE		"must be a text, a whole number, true or false"
#define NAME		"is not a name of an attribute, which has lower-case letters and digits alone"

static void
check_faults(void)
{
	check_illegal("\"id\": \"i\", \"type\": \"t\", \"source\": \"s\"", "specversion", "is missing");
	check_illegal(WITHOUT_ID, "id", "is missing");
	check_illegal("\"specversion\": \"1.0\", \"id\": \"i\", \"source\": \"s\"", "type", "is missing");
	check_illegal("\"specversion\": \"1.0\", \"id\": \"i\", \"type\": \"t\"", "source", "is missing");
	check_illegal(WITHOUT_ID ", \"id\": null", "id", "is missing");
	check_illegal(WITHOUT_ID ", \"id\": \"\"", "id", "is empty");
	check_illegal(WITHOUT_ID ", \"id\": 25", "id", "must be a text");
	check_illegal(WITHOUT_ID ", \"id\": {\"xyz\": \"abc\"}", "id", "must be a text");
	check_illegal("\"specversion\": \"\"", "specversion", "must be 1.0");
	check_illegal("\"specversion\": \"0.9\"", "specversion", "must be 1.0");
	check_illegal("\"specversion\": 1.0", "specversion", "must be a text");
	check_illegal("\"type\": \"\"", "type", "is empty");
	check_illegal("\"source\": \"\"", "source", "is empty");
	check_illegal("\"subject\": \"\"", "subject", "is empty");
	check_illegal("\"dataschema\": \"\"", "dataschema", "is empty");
	check_illegal("\"datacontenttype\": \"\"", "datacontenttype", "is empty");
	check_illegal("\"datacontenttype\": \"xyz\"", "datacontenttype", "is not a media type");
	check_illegal("\"datacontenttype\": \"a/\"", "datacontenttype", "is not a media type");
	check_illegal("\"datacontenttype\": \"a/b,c\"", "datacontenttype", "is not a media type");
	check_illegal("\"time\": \"lunchtime\"", "time", "is not a time as RFC 3339 has it");
	check_illegal("\"time\": 1", "time", "must be a text");
	check_illegal("\"MyExtension\": \"bad\"", "MyExtension", NAME);
	check_illegal("\"my.extension\": \"bad\"", "my.extension", NAME);
	check_illegal("\"\": \"bad\"", "", NAME);
	check_illegal("\"ext\": 1.5", "ext", WHOLE);
	check_illegal("\"ext\": 1e5", "ext", WHOLE);
	check_illegal("\"ext\": []", "ext", WHOLE);
	check_illegal(MINIMAL ", \"data\": \"text\", \"data_base64\": \"eyAieHl6IjogMTIzIH0=\"", "data_base64", "stands beside data");
	check_illegal(MINIMAL ", \"data_base64\": \"?\"", "data_base64", "is not base64");
	check_illegal(MINIMAL ", \"data_base64\": 1", "data_base64", "is not base64");
	make("[]", "content-type", "application/cloudevents+json", NULL);
	check(read_request() == -1 && fault.attribute == NULL, "a list is no event");
	check_string(fault.words, "is not a JSON object", "and it is said");
	make("no JSON", "content-type", "application/cloudevents+json", NULL);
	check(read_request() == -1, "nor is what is no JSON");
}

static void
check_times(void)
{
	static const char *const legal[] = {"2018-04-05T17:31:00Z", "2018-04-05T17:31:00.000000000Z", "2018-04-05T18:31:00+01:00",
		"2018-04-05T16:31:00-01:00", "2018-04-05t16:31:00.5z", "2016-12-31T23:59:60Z", "2020-02-29T00:00:00Z", "2000-02-29T00:00:00+23:59"};
	static const char *const illegal[] = {"", "2018-04-05T18:31Z", "2018-04-05T18:31:00X", "2018-04-05T18:31:00+25:00",
		"2018-04-05T18:31:00+xx:00", "2018-04-05T18:31:00+05", "2018-04-05T18:31:00", "2018-04-05", "2018-04-05 18:31:00Z",
		"2018-13-05T18:31:00Z", "2018-00-05T18:31:00Z", "2018-04-31T18:31:00Z", "2018-04-00T18:31:00Z", "2019-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2018-04-05T24:00:00Z", "2018-04-05T18:60:00Z", "2018-04-05T18:31:61Z", "2018-04-05T18:31:00.Z",
		"2018-04-05T18:31:00+05:60", "2018-04-05T18:31:00+05:00x", "2018-04-05T18:31:00Zx", "02018-04-05T18:31:00Z", "218-04-05T18:31:00Z",
		"2018-4-05T18:31:00Z", "2018-04-05T8:31:00Z", "now"};

	for (int i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
		check(respond_cloud_event_is_time(legal[i]), "a time: %s", legal[i]);
	for (int i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++)
		check(!respond_cloud_event_is_time(illegal[i]), "no time: %s", illegal[i]);
	for (size_t length = 0; length < strlen(legal[2]); length++)
		check(!respond_cloud_event_is_time(respond_arena_copy(arena, legal[2], length)), "a time of %d characters", (int) length);
}

#define BINARY(...) make("{\"message\": \"Hello World!\"}", "ce-specversion", "1.0", "ce-type", "com.example.someevent", "ce-id", "1234", \
						 "ce-source", "/mycontext", "content-type", "application/json; charset=utf-8", __VA_ARGS__, NULL)

static void
check_binary(const char *value, const char *expected, const char *name)
{
	BINARY("ce-subject", value);
	if (expected == NULL)
		check(read_request() == -1 && strcmp(fault.attribute, "subject") == 0, "%s", name);
	else
		check_string(read_request() == 1 ? events[0].subject : fault.words, expected, name);
}

static void
check_headers(void)
{
	BINARY("ce-time", "2018-04-05T03:56:24Z", "ce-comexampleext", "x", "x-other", "y");
	check(read_request() == 1, "binary mode");
	check_string(events[0].type, "com.example.someevent", "its type");
	check_string(events[0].data_content_type, "application/json; charset=utf-8", "its media type");
	check(events[0].extension_count == 1 && strcmp(events[0].extensions[0].name, "comexampleext") == 0, "its extension");
	check(events[0].data == NULL, "its data is the body");

	check_binary("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \xe2\x82\xac \xf0\x9f\x98\x80", "the specification's example");
	check_binary("\"a \\\"b\\\" %41\"", "a \"b\" A", "a quoted text");
	check_binary("100%", "100%", "a sign that begins nothing");
	check_binary("%4", "%4", "half a byte");
	check_binary("%zz", "%zz", "no hex");
	check_binary("\"a", NULL, "a quote that is not closed");
	check_binary("\"a\"b", NULL, "something behind the quote");
	check_binary("\"a\\", NULL, "a backslash at the end");
	check_binary("a%00b", NULL, "a NUL");
	check_binary("", NULL, "an empty value");
	check_binary("\"\"", NULL, "an empty value in quotes");
	BINARY("ce-id", "5678");
	check(read_request() == -1 && strcmp(fault.words, "is there twice") == 0, "two ids");
	BINARY("ce-ext", "5", "ce-ext", "6");
	check(read_request() == -1 && strcmp(fault.words, "is there twice") == 0, "an extension twice");
	BINARY("ce-specversion", "1.0");
	check(read_request() == -1 && strcmp(fault.words, "is there twice") == 0, "two versions");
	BINARY("ce-my_ext", "5");
	check(read_request() == -1 && strcmp(fault.words, NAME) == 0, "a name that is none");
	BINARY("ce-", "5");
	check(read_request() == -1 && strcmp(fault.words, NAME) == 0, "no name");
	BINARY("ce-data", "5");
	check(read_request() == -1 && strcmp(fault.words, "cannot be an attribute") == 0, "data in a header");
	BINARY("ce-datacontenttype", "text/plain");
	check(read_request() == -1 && strcmp(fault.words, "is the header Content-Type here") == 0, "a second media type");
	make("", "ce-specversion", "1.0", "ce-id", "1", "ce-type", "t", NULL);
	check(read_request() == -1 && strcmp(fault.attribute, "source") == 0, "no source");
}

static void
check_modes(void)
{
	static const struct
	{
		const char *type;
		CloudEventMode mode;
	}			cases[] = {
		{"application/cloudevents+json", CLOUD_EVENT_STRUCTURED}, {"application/cloudevents+json; charset=utf-8", CLOUD_EVENT_STRUCTURED},
		{"Application/CloudEvents+JSON", CLOUD_EVENT_STRUCTURED}, {"application/cloudevents", CLOUD_EVENT_STRUCTURED},
		{"application/cloudevents-batch+json", CLOUD_EVENT_BATCH}, {"application/cloudevents-batch", CLOUD_EVENT_BATCH},
		{"application/cloudevents+avro", CLOUD_EVENT_FORMAT}, {"application/cloudevents-batch+protobuf", CLOUD_EVENT_FORMAT},
		{"application/cloudevents+jsonx", CLOUD_EVENT_FORMAT}, {"application/cloudeventsx", CLOUD_EVENT_NONE}, {"application/json", CLOUD_EVENT_NONE}
	};

	for (int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		make("", "content-type", cases[i].type, NULL);
		check(respond_cloud_event_mode(&request) == cases[i].mode, "the mode of %s", cases[i].type);
	}
	make("", "content-type", "application/json", "ce-specversion", "1.0", NULL);
	check(respond_cloud_event_mode(&request) == CLOUD_EVENT_BINARY, "the mode of headers");
	make("", "content-type", "application/cloudevents+json", "ce-specversion", "1.0", NULL);
	check(respond_cloud_event_mode(&request) == CLOUD_EVENT_STRUCTURED, "the media type counts first");
}

static void
check_batches(void)
{
#define BATCH(items) make("[" items "]", "content-type", "application/cloudevents-batch+json", NULL)
	BATCH("");
	check(read_request() == 0, "an empty batch");
	BATCH("{" MINIMAL "}, {" MINIMAL ", \"subject\": \"second\"}");
	check(read_request() == 2, "two events");
	check_string(events[1].subject, "second", "the second");
	check(events[0].subject == NULL, "the first");
	BATCH("{" MINIMAL "}, {\"specversion\": \"0.9\", \"id\": \"2\", \"type\": \"t\", \"source\": \"s\"}");
	check(read_request() == -1 && fault.index == 1 && strcmp(fault.attribute, "specversion") == 0, "another version in the second");
	BATCH("{" WITHOUT_ID "}");
	check(read_request() == -1 && fault.index == 0 && strcmp(fault.attribute, "id") == 0, "no id in the first");
	BATCH("\"not an object\", {" MINIMAL "}");
	check(read_request() == -1 && fault.index == 0 && fault.attribute == NULL, "a text instead of an event");
	make("{" MINIMAL "}", "content-type", "application/cloudevents-batch+json", NULL);
	check(read_request() == -1 && fault.index == -1, "an event instead of a batch");
	check_string(fault.words, "is not a JSON array", "and it is said");
}

int
main(void)
{
	arena = respond_arena_create(&respond_arena_malloc_source);
	check_documents();
	check_faults();
	check_times();
	check_headers();
	check_modes();
	check_batches();
	respond_arena_destroy(arena);
	return check_done();
}
