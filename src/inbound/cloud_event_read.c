/*-------------------------------------------------------------------------
 * cloud_event_read.c
 *	  CloudEvents in requests: in headers, as a document, or as a list of documents.
 *
 * src/inbound/cloud_event_read.c
 *-------------------------------------------------------------------------
 */
#include "inbound/cloud_event_read.h"

#include <stddef.h>
#include <string.h>

#include "wire/ascii_case.h"
#include "wire/bytes_read.h"

#define EVENT_TYPE			"application/cloudevents"
#define BATCH_TYPE			"application/cloudevents-batch"
#define HEADER_PREFIX		"ce-"
#define TOKEN_LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
#define NAME_LETTERS		"abcdefghijklmnopqrstuvwxyz0123456789"
#define DIGITS				"0123456789"

/* An event that is being read. */
typedef struct Reading
{
	Arena	   *arena;
	CloudEvent *event;
	bool		has_version;
	CloudEventFault *fault;
} Reading;

/* Where the attributes that the specification names go. */
static const struct
{
	const char *name;
	size_t		offset;
	bool		required;
}			known[] = {
	{"id", offsetof(CloudEvent, id), true},
	{"source", offsetof(CloudEvent, source), true},
	{"type", offsetof(CloudEvent, type), true},
	{"subject", offsetof(CloudEvent, subject), false},
	{"time", offsetof(CloudEvent, time), false},
	{"datacontenttype", offsetof(CloudEvent, data_content_type), false},
	{"dataschema", offsetof(CloudEvent, data_schema), false},
};

#define KNOWN_COUNT			((int) (sizeof(known) / sizeof(known[0])))

static const char **
place_of(CloudEvent *event, int attribute)
{
	return (const char **) ((char *) event + known[attribute].offset);
}

/* Which of them has the name; -1: none. */
static int
find_known(const char *name)
{
	for (int i = 0; i < KNOWN_COUNT; i++)
		if (strcmp(known[i].name, name) == 0)
			return i;
	return -1;
}

static bool
refuse(Reading *reading, const char *attribute, const char *words)
{
	reading->fault->attribute = attribute;
	reading->fault->words = words;
	return false;
}

/* Two digits, from 0 to most; -1: they are not. */
static int
two_digits(const char *text, int most)
{
	int			number;

	if (strspn(text, DIGITS) < 2)
		return -1;
	number = (text[0] - '0') * 10 + (text[1] - '0');
	return number <= most ? number : -1;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* "-MM-DD" behind the year. */
static bool
is_date(const char *text, int year)
{
	int			month = *text == '-' ? two_digits(text + 1, 12) : -1;
	int			day = month > 0 && text[3] == '-' ? two_digits(text + 4, 31) : -1;

	return day > 0 && day <= days_of_month(year, month);
}

bool
respond_cloud_event_is_time(const char *text)
{
	int			year = 0;

	if (strspn(text, DIGITS) != 4)
		return false;
	for (int i = 0; i < 4; i++)
		year = year * 10 + (*text++ - '0');
	if (!is_date(text, year))
		return false;
	text += strlen("-MM-DD");
	if ((*text != 'T' && *text != 't') || two_digits(text + 1, 23) < 0 || text[3] != ':' ||
		two_digits(text + 4, 59) < 0 || text[6] != ':' || two_digits(text + 7, 60) < 0)
		return false;
	text += strlen("Thh:mm:ss");
	if (*text == '.')
	{
		size_t		digits = strspn(text + 1, DIGITS);

		if (digits == 0)
			return false;
		text += 1 + digits;
	}
	if (*text == 'Z' || *text == 'z')
		return text[1] == '\0';
	return (*text == '+' || *text == '-') && two_digits(text + 1, 23) >= 0 && text[3] == ':' &&
		two_digits(text + 4, 59) >= 0 && text[6] == '\0';
}

/* "type/subtype" of RFC 2046, perhaps with parameters, which nobody here needs. */
static bool
is_media_type(const char *text)
{
	size_t		type = strspn(text, TOKEN_LETTERS);
	size_t		subtype;

	if (type == 0 || text[type] != '/')
		return false;
	text += type + 1;
	subtype = strspn(text, TOKEN_LETTERS);
	return subtype > 0 && (text[subtype] == '\0' || strchr("; \t", text[subtype]) != NULL);
}

static bool
take_extension(Reading *reading, const char *name, const char *text)
{
	CloudEvent *event = reading->event;

	if (*name == '\0' || name[strspn(name, NAME_LETTERS)] != '\0')
		return refuse(reading, name, "is not a name of an attribute, which has lower-case letters and digits alone");
	if (strcmp(name, "data") == 0)
		return refuse(reading, name, "cannot be an attribute");
	for (int i = 0; i < event->extension_count; i++)
		if (strcmp(event->extensions[i].name, name) == 0)
			return refuse(reading, name, "is there twice");
	event->extensions[event->extension_count++] = (CloudEventExtension) {name, text};
	return true;
}

static bool
take_attribute(Reading *reading, const char *name, const char *text)
{
	int			attribute = find_known(name);
	const char **place;

	if (strcmp(name, "specversion") == 0)
	{
		if (reading->has_version)
			return refuse(reading, name, "is there twice");
		reading->has_version = true;
		return strcmp(text, "1.0") == 0 || refuse(reading, name, "must be 1.0");
	}
	if (attribute < 0)
		return take_extension(reading, name, text);
	place = place_of(reading->event, attribute);
	if (*place != NULL)
		return refuse(reading, name, "is there twice");
	if (*text == '\0')
		return refuse(reading, name, "is empty");
	if (strcmp(name, "time") == 0 && !respond_cloud_event_is_time(text))
		return refuse(reading, name, "is not a time as RFC 3339 has it");
	if (strcmp(name, "datacontenttype") == 0 && !is_media_type(text))
		return refuse(reading, name, "is not a media type");
	*place = text;
	return true;
}

static bool
is_complete(Reading *reading)
{
	if (!reading->has_version)
		return refuse(reading, "specversion", "is missing");
	for (int i = 0; i < KNOWN_COUNT; i++)
		if (known[i].required && *place_of(reading->event, i) == NULL)
			return refuse(reading, known[i].name, "is missing");
	return true;
}

/*
 * The value of a header: without the quotes of RFC 9110 section 5.6.4, then with its
 * percent-encoded bytes decoded.  NULL: it is not closed, or holds a NUL.
 */
static const char *
decode_header(Arena *arena, const char *value)
{
	bool		quoted = *value == '"';
	char	   *plain = respond_arena_alloc(arena, strlen(value) + 1);
	char	   *text = plain;
	size_t		length = 0;

	if (quoted)
	{
		value++;
		while (*value != '\0' && *value != '"')
		{
			if (*value == '\\' && value[1] != '\0')
				value++;
			plain[length++] = *value++;
		}
		if (*value++ != '"' || *value != '\0')
			return NULL;
		plain[length] = '\0';
		value = plain;
	}
	for (length = 0; *value != '\0'; value++)
	{
		char		c = *value;

		if (c == '%' && respond_hex_digit(value[1]) >= 0 && respond_hex_digit(value[2]) >= 0)
		{
			c = (char) (respond_hex_digit(value[1]) << 4 | respond_hex_digit(value[2]));
			value += 2;
			if (c == '\0')
				return NULL;
		}
		text[length++] = c;
	}
	text[length] = '\0';
	return text;
}

static bool
read_headers(Reading *reading, const WebRequest *request)
{
	const char *type = respond_web_field(request, "content-type");

	reading->event->extensions =
		respond_arena_alloc(reading->arena, sizeof(CloudEventExtension) * (request->field_count + 1));
	for (int i = 0; i < request->field_count; i++)
	{
		const char *name = request->fields[i].name;
		const char *text;

		if (strncmp(name, HEADER_PREFIX, strlen(HEADER_PREFIX)) != 0)
			continue;
		name += strlen(HEADER_PREFIX);
		if (strcmp(name, "datacontenttype") == 0)
			return refuse(reading, name, "is the header Content-Type here");
		text = decode_header(reading->arena, request->fields[i].value);
		if (text == NULL)
			return refuse(reading, name, "has quotes that do not match, or a NUL");
		if (!take_attribute(reading, name, text))
			return false;
	}
	return (type == NULL || take_attribute(reading, "datacontenttype", type)) && is_complete(reading);
}

static bool
read_base64(Reading *reading, const JsonValue *value)
{
	unsigned char *bytes;
	size_t		count;

	if (value->kind == JSON_KIND_STRING)
	{
		bytes = respond_arena_alloc(reading->arena, BYTES_READ_ROOM(value->length));
		if (respond_base64_read(value->text, value->length, BASE64_STANDARD, bytes, &count))
		{
			reading->event->data_base64 = value->text;
			return true;
		}
	}
	return refuse(reading, "data_base64", "is not base64");
}

static bool
read_member(Reading *reading, const JsonMember *member)
{
	const JsonValue *value = member->value;
	bool		is_known = find_known(member->name) >= 0 || strcmp(member->name, "specversion") == 0;

	if (value->kind == JSON_KIND_NULL && strcmp(member->name, "data") != 0)
		return true;
	if (strcmp(member->name, "data") == 0)
		reading->event->data = value;
	else if (strcmp(member->name, "data_base64") == 0)
		return read_base64(reading, value);
	else if (value->kind == JSON_KIND_STRING)
		return take_attribute(reading, member->name, value->text);
	else if (is_known)
		return refuse(reading, member->name, "must be a text");
	else if (value->kind == JSON_KIND_BOOLEAN)
		return take_attribute(reading, member->name, value->boolean ? "true" : "false");
	else if (value->kind == JSON_KIND_NUMBER && value->text[strspn(value->text, "-" DIGITS)] == '\0')
		return take_attribute(reading, member->name, value->text);
	else
		return refuse(reading, member->name, "must be a text, a whole number, true or false");
	return true;
}

static bool
read_document(Reading *reading, const JsonValue *document)
{
	if (document == NULL || document->kind != JSON_KIND_OBJECT)
		return refuse(reading, NULL, "is not a JSON object");
	reading->event->extensions =
		respond_arena_alloc(reading->arena, sizeof(CloudEventExtension) * (document->count + 1));
	for (size_t i = 0; i < document->count; i++)
		if (!read_member(reading, &document->members[i]))
			return false;
	if (reading->event->data != NULL && reading->event->data_base64 != NULL)
		return refuse(reading, "data_base64", "stands beside data");
	return is_complete(reading);
}

/* Whether a media type is this one: what follows is a format, parameters, or nothing. */
static bool
is_type(const char *type, const char *wanted)
{
	return respond_ascii_begins(type, wanted) && strchr("+; \t", type[strlen(wanted)]) != NULL;
}

static bool
is_json(const char *suffix)
{
	return *suffix != '+' ||
		(respond_ascii_begins(suffix, "+json") && strchr("; \t", suffix[strlen("+json")]) != NULL);
}

CloudEventMode
respond_cloud_event_mode(const WebRequest *request)
{
	const char *type = respond_web_field(request, "content-type");

	if (type != NULL && is_type(type, BATCH_TYPE))
		return is_json(type + strlen(BATCH_TYPE)) ? CLOUD_EVENT_BATCH : CLOUD_EVENT_FORMAT;
	if (type != NULL && is_type(type, EVENT_TYPE))
		return is_json(type + strlen(EVENT_TYPE)) ? CLOUD_EVENT_STRUCTURED : CLOUD_EVENT_FORMAT;
	return respond_web_field(request, "ce-specversion") != NULL ? CLOUD_EVENT_BINARY : CLOUD_EVENT_NONE;
}

int
respond_cloud_event_read(Arena *arena, CloudEventMode mode, const WebRequest *request, const JsonValue *data,
						 CloudEvent **events, CloudEventFault *fault)
{
	bool		is_batch = mode == CLOUD_EVENT_BATCH;
	int			count = 1;

	*fault = (CloudEventFault) {.index = -1};
	if (is_batch)
	{
		if (data == NULL || data->kind != JSON_KIND_ARRAY)
		{
			fault->words = "is not a JSON array";
			return -1;
		}
		count = (int) data->count;
	}
	*events = respond_arena_alloc_zero(arena, sizeof(CloudEvent) * (size_t) (count + 1));
	for (int i = 0; i < count; i++)
	{
		Reading		reading = {arena, &(*events)[i], false, fault};

		fault->index = is_batch ? i : -1;
		if (mode == CLOUD_EVENT_BINARY ? !read_headers(&reading, request) :
			!read_document(&reading, is_batch ? data->items[i] : data))
			return -1;
	}
	return count;
}
