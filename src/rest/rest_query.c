/*-------------------------------------------------------------------------
 * rest_query.c
 *	  The query of a request, checked against what its route takes.
 *
 * src/rest/rest_query.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/time_read.h"
#include "inbound/cloud_event_read.h"
#include "rest/page_mark.h"
#include "rest/rest_query.h"

static bool
refuse(RestCall *call, const char *name, const char *detail)
{
	ProblemPlace place = {.parameter = name,.detail = detail};

	respond_call_refuse_place(call, 400, &place);
	return false;
}

static const RouteParameter *
find_parameter(const RestCall *call, const char *name)
{
	for (int i = 0; i < ROUTE_MAX_PARAMETERS && call->route->parameters[i].name != NULL; i++)
		if (strcmp(call->route->parameters[i].name, name) == 0)
			return &call->route->parameters[i];
	return NULL;
}

/* Whether each of the words of text, one or several with commas, is one of these. */
static bool
are_among(const char *words, const char *text)
{
	while (*text != '\0')
	{
		size_t		length = strcspn(text, ",");
		const char *word = words;

		while (*word != '\0' && !(strcspn(word, ",") == length && strncmp(word, text, length) == 0))
			word += strcspn(word, ",") + (word[strcspn(word, ",")] == ',');
		if (*word == '\0')
			return false;
		text += length + (text[length] == ',');
	}
	return true;
}

/* Whether a list with commas has an element of nothing. */
static bool
has_gap(const char *list)
{
	size_t		length = strlen(list);

	return length == 0 || list[0] == ',' || list[length - 1] == ',' || strstr(list, ",,") != NULL;
}

/* The server alone would take what depends on the moment or on its settings: now, infinity, a time without a zone. */
static bool
is_time(const char *text)
{
	TimestampTz time;

	return respond_cloud_event_is_time(text) && respond_time_read(text, &time);
}

static bool
check_parameter(RestCall *call, const RouteParameter *parameter, const char *value)
{
	int64_t		number;

	if (*value == '\0' || (parameter->many && has_gap(value)))
		return refuse(call, parameter->name, "is empty, or has an element that is");
	if (strcmp(parameter->type, "integer") == 0 && !respond_route_number(value, &number))
		return refuse(call, parameter->name, "must be a number from 1 on");
	if (strcmp(parameter->type, "date-time") == 0 && !is_time(value))
		return refuse(call, parameter->name, "must be a time of RFC 3339 such as 2026-11-30T15:00:00Z");
	if (parameter->words != NULL &&
		(!are_among(parameter->words, value) || (!parameter->many && strchr(value, ',') != NULL)))
		return refuse(call, parameter->name, psprintf("must be one of %s", parameter->words));
	return true;
}

/* Parameters that all lists have. */
static bool
check_page_parameter(RestCall *call, const char *name, const char *value)
{
	int64_t		number;

	if (!(call->route->flags & ROUTE_LISTS) || (strcmp(name, "limit") != 0 && strcmp(name, "cursor") != 0))
		return refuse(call, name, "is not a parameter of this request");
	if (strcmp(name, "limit") == 0 && (!respond_route_number(value, &number) || number > PAGE_MAX_LIMIT))
		return refuse(call, name, psprintf("must be a number from 1 to %d", PAGE_MAX_LIMIT));
	return true;
}

bool
respond_rest_query_read(RestCall *call)
{
	const char *fault = respond_query_read(call->arena, call->request->query, &call->query);

	if (fault != NULL)
	{
		respond_call_refuse(call, 400, psprintf("The query %s.", fault));
		return false;
	}
	for (int i = 0; i < call->query.count; i++)
	{
		WebParameter *given = &call->query.parameters[i];
		const RouteParameter *parameter;

		given->name = respond_call_from_utf8(given->name, strlen(given->name));
		given->value = respond_call_from_utf8(given->value, strlen(given->value));
		parameter = find_parameter(call, given->name);
		if (parameter != NULL ? !check_parameter(call, parameter, given->value) :
			!check_page_parameter(call, given->name, given->value))
			return false;
	}
	return true;
}

const char *
respond_rest_query_text(const RestCall *call, const char *name)
{
	return respond_query_value(&call->query, name);
}

int
respond_rest_query_limit(const RestCall *call)
{
	const char *text = respond_rest_query_text(call, "limit");
	int64_t		number = PAGE_LIMIT;

	if (text != NULL)
		(void) respond_route_number(text, &number);
	return (int) number;
}

bool
respond_rest_query_cursor(RestCall *call, uint32 *list, const char **after)
{
	const char *mark = respond_rest_query_text(call, "cursor");

	*list = respond_page_list(0, call->request->path);
	*after = NULL;
	for (int i = 0; i < ROUTE_MAX_PARAMETERS && call->route->parameters[i].name != NULL; i++)
	{
		const char *value = respond_rest_query_text(call, call->route->parameters[i].name);

		*list = respond_page_list(*list, value != NULL ? value : "");
	}
	if (mark == NULL)
		return true;
	*after = respond_page_mark_read(call->arena, mark, *list);
	if (*after != NULL)
	{
		*after = respond_call_from_utf8(*after, strlen(*after));
		return true;
	}
	return refuse(call, "cursor", "is not the end of a page of this list");
}
