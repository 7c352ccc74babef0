/*-------------------------------------------------------------------------
 * request_path.c
 *	  What stands at a place of a request, such as headers.x-request-id or data.event.id.
 *
 * src/inbound/request_path.c
 *-------------------------------------------------------------------------
 */
#include "inbound/request_path.h"

#include <string.h>

#include "common/tag_path.h"

#define HEADERS		"headers."
#define DATA		"data."
#define HEADER_LETTERS	"abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
#define PATH_LONGEST	1001

static const JsonValue *
find_member(const JsonValue *object, const TagPart *part)
{
	if (object->kind != JSON_KIND_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->count; i++)
		if (object->members[i].name_length == part->length &&
			memcmp(object->members[i].name, part->name, part->length) == 0)
			return object->members[i].value;
	return NULL;
}

static const JsonValue *
find_value(Arena *arena, const JsonValue *value, const char *path)
{
	size_t		length = strlen(path);
	char	   *buffer = respond_arena_alloc(arena, length + 1);
	size_t		at = 0;
	TagPart		part;
	TagPathStatus status = TAG_PATH_PART;

	while (value != NULL && (status = respond_tag_path_next(path, length, &at, buffer, &part)) == TAG_PATH_PART)
		value = find_member(value, &part);
	return value != NULL && status == TAG_PATH_END ? value : NULL;
}

static const char *
text_of(const JsonValue *value)
{
	if (value == NULL)
		return NULL;
	switch (value->kind)
	{
		case JSON_KIND_STRING:
		case JSON_KIND_NUMBER:
			return value->text;
		case JSON_KIND_BOOLEAN:
			return value->boolean ? "true" : "false";
		case JSON_KIND_NULL:
		case JSON_KIND_ARRAY:
		case JSON_KIND_OBJECT:
			break;
	}
	return NULL;
}

PathVerdict
respond_request_path_find(Arena *arena, const WebRequest *request, const JsonValue *data, const char *path,
						  const char **text)
{
	*text = NULL;
	if (strncmp(path, HEADERS, strlen(HEADERS)) == 0)
	{
		const char *name = path + strlen(HEADERS);

		if (respond_web_field_count(request, name) > 1)
			return PATH_TWICE;
		*text = respond_web_field(request, name);
	}
	else if (strncmp(path, DATA, strlen(DATA)) == 0)
		*text = text_of(find_value(arena, data, path + strlen(DATA)));
	return *text != NULL && **text != '\0' ? PATH_FOUND : PATH_MISSING;
}

/* Whether all parts of the path of a tag are legal. */
static bool
is_tag_path(const char *path)
{
	char		buffer[PATH_LONGEST];
	size_t		at = 0;
	TagPart		part;
	TagPathStatus status = TAG_PATH_PART;

	while (status == TAG_PATH_PART)
		status = respond_tag_path_next(path, strlen(path), &at, buffer, &part);
	return status == TAG_PATH_END;
}

const char *
respond_request_path_fault(const char *path)
{
	if (strlen(path) >= PATH_LONGEST)
		return "is longer than 1000 bytes";
	if (strncmp(path, HEADERS, strlen(HEADERS)) == 0)
	{
		path += strlen(HEADERS);
		return *path == '\0' || path[strspn(path, HEADER_LETTERS)] != '\0' ?
			"is not \"headers.\" and the name of a header in lower case" : NULL;
	}
	if (strncmp(path, DATA, strlen(DATA)) != 0)
		return "begins neither with \"headers.\" nor with \"data.\"";
	return is_tag_path(path + strlen(DATA)) ? NULL : "is not a path";
}
