/*-------------------------------------------------------------------------
 * entity_tag.c
 *	  Marks of what was read, in If-Match and If-None-Match, and what a caller accepts.
 *
 * src/rest/entity_tag.c
 *-------------------------------------------------------------------------
 */
#include "rest/entity_tag.h"

#include <string.h>

#include "wire/ascii_case.h"

#define BLANKS	" \t"

static const char *
skip_blanks(const char *text)
{
	return text + strspn(text, BLANKS);
}

bool
respond_entity_tag_listed(const char *list, const char *tag, bool weak)
{
	size_t		length = strlen(tag);

	/* elements of a list may be empty */
	list += strspn(list, ", \t");
	if (list[0] == '*' && *skip_blanks(list + 1) == '\0')
		return true;
	while (*list != '\0')
	{
		bool		is_weak = strncmp(list, "W/", 2) == 0;
		const char *end;

		list += is_weak ? 2 : 0;
		end = *list == '"' ? strchr(list + 1, '"') : NULL;
		if (end == NULL)
			return false;
		end++;
		if ((weak || !is_weak) && (size_t) (end - list) == length && memcmp(list, tag, length) == 0)
			return true;
		list = skip_blanks(end);
		if (*list != ',' && *list != '\0')
			return false;
		list += strspn(list, ", \t");
	}
	return false;
}

/* Bytes of an element of a list, up to a comma outside of quotes. */
static size_t
element_length(const char *text)
{
	bool		quoted = false;
	size_t		i;

	for (i = 0; text[i] != '\0' && (quoted || text[i] != ','); i++)
	{
		if (quoted && text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
	}
	return i;
}

/* Whether the element has a weight of 0: "q=0", "q=0.", "q=0.000". */
static bool
is_excluded(const char *element, size_t length)
{
	for (size_t i = 0; i + 2 < length; i++)
	{
		if (element[i] != ';')
			continue;
		while (i + 1 < length && strchr(BLANKS, element[i + 1]) != NULL)
			i++;
		if (i + 3 < length && respond_ascii_lower(element[i + 1]) == 'q' && element[i + 2] == '=')
		{
			for (i += 3; i < length && (element[i] == '0' || element[i] == '.'); i++)
				;
			return i == length || strchr(" \t;", element[i]) != NULL;
		}
	}
	return false;
}

/* How closely a range fits a media type: 3 it is that, 2 type/ *, 1 any; 0 not at all. */
static int
range_fits(const char *range, size_t length, const char *type)
{
	size_t		whole = strlen(type);
	size_t		main_type = strcspn(type, "/") + 1;

	if (length == 3 && memcmp(range, "*/*", 3) == 0)
		return 1;
	if (length == main_type + 1 && range[main_type] == '*')
	{
		for (size_t i = 0; i < main_type; i++)
			if (respond_ascii_lower(range[i]) != type[i])
				return 0;
		return 2;
	}
	if (length != whole)
		return 0;
	for (size_t i = 0; i < whole; i++)
		if (respond_ascii_lower(range[i]) != type[i])
			return 0;
	return 3;
}

bool
respond_accepts(const char *accept, const char *type)
{
	int			best = 0;
	bool		accepted = false;

	if (accept == NULL || *skip_blanks(accept) == '\0')
		return true;
	while (*accept != '\0')
	{
		const char *element = skip_blanks(accept);
		size_t		length = element_length(element);
		size_t		range = strcspn(element, ";, \t");
		int			fits = range_fits(element, range < length ? range : length, type);

		if (fits > best)
		{
			best = fits;
			accepted = !is_excluded(element, length);
		}
		accept = element + length;
		accept += *accept == ',';
	}
	return accepted;
}

bool
respond_media_type_is(const char *content_type, const char *type)
{
	content_type = skip_blanks(content_type);
	if (!respond_ascii_begins(content_type, type))
		return false;
	content_type = skip_blanks(content_type + strlen(type));
	return *content_type == '\0' || *content_type == ';';
}
