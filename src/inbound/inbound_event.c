/*-------------------------------------------------------------------------
 * inbound_event.c
 *	  The events that a request becomes.
 *
 * One, or one for each item of a list in it, or those of CloudEvents.  Templates
 * of the source say what they are called, the scheme what a provider calls its
 * types and ids.
 *
 * src/inbound/inbound_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/sha.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "common/guc.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_push.h"
#include "common/tag_path.h"
#include "common/time_read.h"
#include "event/event_check.h"
#include "event/event_size.h"
#include "inbound/cloud_event_read.h"
#include "inbound/form_read.h"
#include "inbound/inbound_event.h"
#include "inbound/pagerduty_event.h"
#include "inbound/request_path.h"
#include "inbound/request_text.h"

/* What all events of a request have in common. */
typedef struct Making
{
	Arena	   *arena;
	const InboundSource *source;
	const WebRequest *request;
	InboundVerdict *verdict;
	Jsonb	   *body;
	Jsonb	   *headers;		/* NULL: no template asks for them */
	Jsonb	   *query;			/* NULL: there is none */
	bool		is_list;		/* there may be several */
	char	   *body_key;		/* NULL: events have keys of their own */
} Making;

/* What one of them is made of. */
typedef struct Part
{
	int			index;
	Jsonb	   *document;
	const char *type;			/* NULL: nothing says it */
	const char *id;
	const CloudEvent *cloud;	/* NULL: it is none */
	Jsonb	   *attributes;		/* of that, beyond those that all have */
} Part;

static void
refuse(InboundVerdict *verdict, InboundReason reason, const char *words)
{
	verdict->reason = reason;
	verdict->detail = verdict->said = words;
	verdict->event_count = 0;
}

static bool
refuse_event(const Making *making, const Part *item, const char *words)
{
	refuse(making->verdict, INBOUND_INVALID_EVENT,
		   making->is_list ? psprintf("event %d: %s", item->index, words) : words);
	return false;
}

/* No rule could read such an event; its sender would learn of that from nobody. */
static bool
refuse_size(const Making *making, const Part *item)
{
	const char *words = psprintf("its data is larger than pg_respond.max_event_size (%d kB), as it is stored or as JSON"
								 " text", respond_max_event_size);

	(void) refuse_event(making, item, words);
	making->verdict->reason = INBOUND_SIZE;
	return false;
}

/* SHA-256 in hex. */
static char *
digest_of(const void *bytes, size_t length)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char	   *text = palloc(strlen("sha256:") + 2 * sizeof(digest) + 1);

	SHA256(bytes, length, digest);
	strcpy(text, "sha256:");
	for (int i = 0; i < sizeof(digest); i++)
		snprintf(text + strlen("sha256:") + 2 * i, 3, "%02x", digest[i]);
	return text;
}

/* What stands at a place of the request, or of one item of it, as text of the database; NULL: nothing. */
static const char *
text_at(const Making *making, const JsonValue *data, const char *place)
{
	const char *text;

	if (place == NULL ||
		respond_request_path_find(making->arena, making->request, data, place, &text) != PATH_FOUND)
		return NULL;
	return strncmp(place, "headers.", strlen("headers.")) == 0 ? respond_request_text(text, strlen(text)) : text;
}

static TemplateValue
context_of(const Making *making, const Part *item, TemplateRoots *roots)
{
	TemplateRoot *root = palloc(sizeof(TemplateRoot) * 11);
	const TemplateRoot all[] = {
		{"data", respond_template_from_jsonb(item->document)},
		{"body", respond_template_from_jsonb(making->body)},
		{"headers", respond_template_from_jsonb(making->headers)},
		{"query", respond_template_from_jsonb(making->query)},
		{"attributes", respond_template_from_jsonb(item->attributes)},
		{"type", respond_template_from_cstring(item->type)},
		{"id", respond_template_from_cstring(item->id)},
		{"source", respond_template_from_cstring(making->source->name)},
		{"path", respond_template_from_cstring(making->source->path)},
		{"method", respond_template_from_cstring(making->request->method)},
		{"index", respond_template_from_int64(item->index)},
	};

	memcpy(root, all, sizeof(all));
	*roots = (TemplateRoots) {lengthof(all), root};
	return respond_template_from_roots(roots);
}

static const char *
render(const Making *making, const Template *template, const TemplateValue *context)
{
	char	   *text = respond_template_render_cstring(template, context, TEMPLATE_ESCAPE_NONE, NULL);

	making->verdict->made += strlen(text);
	return *text != '\0' ? text : NULL;
}

static Jsonb *
as_object(Jsonb *document)
{
	JsonbParseState *state = NULL;

	if (JB_ROOT_IS_OBJECT(document))
		return document;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_jsonb(&state, "value", document);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static const char *
key_of(const Making *making, const Part *item, const TemplateValue *context)
{
	const InboundSource *source = making->source;
	bool		by_template = source->key != NULL && (item->cloud == NULL || source->own_key);
	const char *key = item->id;

	if (making->body_key != NULL)
		return making->is_list ? psprintf("%s/%d", making->body_key, item->index) : making->body_key;
	if (by_template)
		key = render(making, source->key, context);
	else if (key != NULL && making->is_list && item->cloud == NULL && source->scheme.scheme.id_place != NULL &&
			 strncmp(source->scheme.scheme.id_place, "headers.", strlen("headers.")) == 0)
		key = psprintf("%s/%d", key, item->index);	/* the id of the request is not that of an item */
	return key != NULL && strlen(key) > RESPOND_MAX_KEY ? digest_of(key, strlen(key)) : key;
}

static const char *
subject_of(const Making *making, const Part *item, const TemplateValue *context)
{
	const InboundSource *source = making->source;
	bool		by_template = source->subject != NULL && (item->cloud == NULL || source->own_subject);
	const char *subject = by_template ? render(making, source->subject, context) :
	item->cloud != NULL ? item->cloud->subject : NULL;

	if (subject == NULL || strlen(subject) <= RESPOND_MAX_SUBJECT)
		return subject;
	return pnstrdup(subject, pg_mbcliplen(subject, (int) strlen(subject), RESPOND_MAX_SUBJECT));
}

static const char *
type_of(const Making *making, const Part *item, const TemplateValue *context)
{
	const InboundSource *source = making->source;
	bool		by_template = source->event_type != NULL && (item->cloud == NULL || source->own_event_type);
	const char *type = by_template ? render(making, source->event_type, context) : item->type;

	return type != NULL ? type : psprintf("inbound.%s", source->name);
}

/* Why a text is no type or source of an event; NULL: it is one. */
static const char *
name_fault(const char *what, const char *text, size_t longest)
{
	if (strlen(text) > longest)
		return psprintf("its %s is longer than %zu bytes", what, longest);
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7F)
			return psprintf("its %s holds a control character", what);
	return NULL;
}

/*
 * Templates can put the whole body into each event of a list: without an end, one
 * request would take all memory, and the turn of all others.  As they come, items never are as large.
 */
static size_t
most_bytes(const Making *making)
{
	return INBOUND_MOST_MADE + INBOUND_MADE_OF_BYTE * making->request->body_length;
}

static bool
make_event(const Making *making, const Part *item, NewEvent *event)
{
	TemplateRoots roots;
	TemplateValue context = context_of(making, item, &roots);
	const CloudEvent *cloud = item->cloud;
	const char *fault;

	memset(event, 0, sizeof(*event));
	event->type = type_of(making, item, &context);
	event->subject = subject_of(making, item, &context);
	event->key = key_of(making, item, &context);
	event->source = cloud != NULL ? cloud->source : NULL;
	event->actor = psprintf("inbound:%s", making->source->name);
	event->data = as_object(making->source->data == NULL ? item->document :
							respond_json_template_render_jsonb(making->source->data, &context, TEMPLATE_ESCAPE_NONE));
	making->verdict->made += VARSIZE(event->data);
	if (making->is_list && making->verdict->made > most_bytes(making))
	{
		refuse(making->verdict, INBOUND_SPLIT,
			   psprintf("its events are larger together than %zu bytes", most_bytes(making)));
		return false;
	}
	if (!respond_event_data_fits(event->data))
		return refuse_size(making, item);
	fault = name_fault("type", event->type, RESPOND_MAX_TYPE);
	if (fault == NULL && event->source != NULL)
		fault = name_fault("source", event->source, RESPOND_MAX_SOURCE);
	if (fault == NULL && cloud != NULL && cloud->time != NULL && !respond_time_read(cloud->time, &event->time))
		fault = "its time is beyond those that the server knows";
	return fault == NULL || refuse_event(making, item, fault);
}

/* The part of a document at a path of request_path.h; NULL: there is none. */
static const JsonValue *
part_at(const Making *making, const JsonValue *tree, const char *path)
{
	size_t		length;
	size_t		at = 0;
	TagPart		part;
	char	   *buffer;

	path += strlen("data");
	path += *path == '.' ? 1 : 0;
	length = strlen(path);
	buffer = respond_arena_alloc(making->arena, length + 1);
	while (tree != NULL && length > 0 && respond_tag_path_next(path, length, &at, buffer, &part) == TAG_PATH_PART)
	{
		const JsonValue *found = NULL;

		for (size_t i = 0; tree->kind == JSON_KIND_OBJECT && i < tree->count; i++)
			if (tree->members[i].name_length == part.length &&
				memcmp(tree->members[i].name, part.name, part.length) == 0)
				found = tree->members[i].value;
		tree = found;
	}
	return tree;
}

/* What lets in whoever knows it is no part of an event. */
static Jsonb *
without_secret(const Making *making, Jsonb *document)
{
	const InboundScheme *scheme = &making->source->scheme.scheme;
	const char *place = scheme->signature_place;
	Datum		names[100];
	int			count = 0;
	size_t		at = 0;
	char	   *buffer;
	TagPart		part;

	if (place == NULL || respond_scheme_has_signature(scheme) || strncmp(place, "data.", strlen("data.")) != 0)
		return document;
	place += strlen("data.");
	buffer = respond_arena_alloc(making->arena, strlen(place) + 1);
	while (count < lengthof(names) &&
		   respond_tag_path_next(place, strlen(place), &at, buffer, &part) == TAG_PATH_PART)
		names[count++] = PointerGetDatum(cstring_to_text_with_len(part.name, (int) part.length));
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_delete_path, JsonbPGetDatum(document),
											  PointerGetDatum(construct_array(names, count, TEXTOID, -1, false,
																			  TYPALIGN_INT))));
}

static void
make_all(Making *making, const JsonValue *tree, int count)
{
	InboundVerdict *verdict = making->verdict;
	const InboundScheme *scheme = &making->source->scheme.scheme;

	verdict->events = palloc0(sizeof(NewEvent) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		const JsonValue *part = making->is_list ? tree->items[i] : tree;
		Part		item = {i};

		CHECK_FOR_INTERRUPTS();
		item.document = making->is_list ? respond_json_value_to_jsonb(part) : making->body;
		item.type = text_at(making, part, making->source->scheme.type_place);
		item.id = text_at(making, part, scheme->id_place);
		if (!make_event(making, &item, &verdict->events[i]))
			return;
	}
	verdict->event_count = count;
}

static const JsonValue *
list_of_one(const Making *making, const JsonValue *item)
{
	JsonValue  *list = respond_arena_alloc_zero(making->arena, sizeof(JsonValue));

	list->kind = JSON_KIND_ARRAY;
	list->count = 1;
	list->items = respond_arena_alloc(making->arena, sizeof(JsonValue *));
	list->items[0] = unconstify(JsonValue *, item);
	return list;
}

static void
split(Making *making, const RequestBody *body)
{
	const JsonValue *list = part_at(making, body->tree, making->source->split);

	/* some send a single one as it is */
	if (list != NULL && list->kind == JSON_KIND_OBJECT)
		list = list_of_one(making, list);
	making->is_list = true;
	if (list == NULL || list->kind != JSON_KIND_ARRAY)
		refuse(making->verdict, INBOUND_SPLIT, psprintf("there is no list at %s", making->source->split));
	else if (list->count > INBOUND_MOST_EVENTS)
		refuse(making->verdict, INBOUND_SPLIT, psprintf("there are more than %d items", INBOUND_MOST_EVENTS));
	else
		make_all(making, list, (int) list->count);
}

static Jsonb *
extensions_of(const CloudEvent *cloud)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < cloud->extension_count; i++)
		respond_jsonb_push_text(&state, cloud->extensions[i].name, cloud->extensions[i].text);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Headers are of no known encoding. */
static const char *
header_text(CloudEventMode mode, const char *text)
{
	return mode != CLOUD_EVENT_BINARY || text == NULL ? text : respond_request_text(text, strlen(text));
}

static Jsonb *
data_of(CloudEventMode mode, const CloudEvent *cloud, const Making *making)
{
	if (mode == CLOUD_EVENT_BINARY)
		return making->body;
	if (cloud->data_base64 != NULL)
		return respond_jsonb_of_text("base64", cloud->data_base64);
	return cloud->data != NULL ? respond_json_value_to_jsonb(cloud->data) : respond_jsonb_empty_object();
}

static bool
make_cloud_event(const Making *making, CloudEventMode mode, CloudEvent *cloud, int index, NewEvent *event)
{
	Part		item = {index};

	for (int i = 0; i < cloud->extension_count; i++)
		cloud->extensions[i].text = header_text(mode, cloud->extensions[i].text);
	cloud->source = header_text(mode, cloud->source);
	cloud->subject = header_text(mode, cloud->subject);
	item.cloud = cloud;
	item.type = header_text(mode, cloud->type);
	item.id = header_text(mode, cloud->id);
	item.document = data_of(mode, cloud, making);
	item.attributes = extensions_of(cloud);
	return make_event(making, &item, event);
}

static const char *
fault_words(const CloudEventFault *fault)
{
	const char *words = fault->attribute != NULL ? psprintf("%s %s", fault->attribute, fault->words) :
	psprintf("it %s", fault->words);

	return fault->index < 0 ? words : psprintf("event %d: %s", fault->index, words);
}

static void
make_cloud_events(Making *making, CloudEventMode mode, const RequestBody *body)
{
	InboundVerdict *verdict = making->verdict;
	CloudEvent *events;
	CloudEventFault fault;
	int			count;

	if (mode == CLOUD_EVENT_FORMAT)
	{
		refuse(verdict, INBOUND_INVALID_EVENT, "CloudEvents are read in JSON alone");
		return;
	}
	count = respond_cloud_event_read(making->arena, mode, making->request,
									 body->kind == BODY_JSON ? body->tree : NULL, &events, &fault);
	if (count < 0)
	{
		char	   *words = respond_request_text(fault_words(&fault), strlen(fault_words(&fault)));

		refuse(verdict, INBOUND_INVALID_EVENT, words);
		return;
	}
	making->is_list = mode == CLOUD_EVENT_BATCH;
	if (count > INBOUND_MOST_EVENTS)
	{
		refuse(verdict, INBOUND_SPLIT, psprintf("there are more than %d events", INBOUND_MOST_EVENTS));
		return;
	}
	verdict->events = palloc0(sizeof(NewEvent) * (count + 1));
	for (int i = 0; i < count; i++)
		if (!make_cloud_event(making, mode, &events[i], i, &verdict->events[i]))
			return;
	verdict->event_count = count;
}

static Jsonb *
query_of(Arena *arena, const WebRequest *request)
{
	Form		query;

	if (request->query == NULL || !respond_form_read(arena, request->query, strlen(request->query), &query))
		return NULL;
	return respond_request_form(&query);
}

/* The name of the header that the signature stands in; NULL: it stands in none. */
static const char *
signature_header(const InboundScheme *scheme)
{
	const char *place = scheme->signature_place;

	return place != NULL && strncmp(place, "headers.", strlen("headers.")) == 0 ? place + strlen("headers.") : NULL;
}

/* Whether it is an event as PagerDuty's Events API takes it; if so, it has a dedup_key. */
static bool
complete_pagerduty(Making *making, const RequestBody *body)
{
	const char *fault = respond_pagerduty_fault(body->tree);

	if (fault != NULL)
		refuse(making->verdict, INBOUND_INVALID_EVENT, fault);
	else
		making->body = respond_pagerduty_complete(making->body, body->tree, &making->verdict->dedup_key);
	return fault == NULL;
}

void
respond_inbound_events(Arena *arena, const InboundSource *source, const WebRequest *request, const RequestBody *body,
					   InboundVerdict *verdict)
{
	Making		making = {.arena = arena,.source = source,.request = request,.verdict = verdict};
	CloudEventMode mode = respond_cloud_event_mode(request);

	making.body = without_secret(&making, body->document);
	making.headers = source->uses_headers ?
		respond_request_headers(request, signature_header(&source->scheme.scheme)) : NULL;
	making.query = query_of(arena, request);
	making.body_key = source->dedup_by_body ? digest_of(request->body, request->body_length) : NULL;
	if (mode == CLOUD_EVENT_NONE && source->scheme.challenge == CHALLENGE_CLOUDEVENTS)
		refuse(verdict, INBOUND_INVALID_EVENT, "it is no CloudEvent");
	else if (mode != CLOUD_EVENT_NONE)
		make_cloud_events(&making, mode, body);
	else if (source->scheme.answers_as_pagerduty && !complete_pagerduty(&making, body))
		return;
	else if (source->split != NULL)
		split(&making, body);
	else
		make_all(&making, body->tree, 1);
}
