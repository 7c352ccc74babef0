/*-------------------------------------------------------------------------
 * json_depth.c
 *	  How deeply a text of JSON is nested, before anybody parses it.
 *
 * src/common/json_depth.c
 *-------------------------------------------------------------------------
 */
#include "common/json_depth.h"

#include <string.h>

/* The end of the string that begins behind a quotation mark: at the mark that closes it, or at the end of the text. */
static const char *
end_of_string(const char *text, const char *end)
{
	const char *mark = text;

	while ((mark = memchr(mark, '"', (size_t) (end - mark))) != NULL)
	{
		const char *escape = mark;

		while (escape > text && escape[-1] == '\\')
			escape--;
		/* of two backslashes the first escapes the second */
		if ((mark - escape) % 2 == 0)
			return mark;
		mark++;
	}
	return end;
}

bool
respond_json_is_deeper(const char *text, size_t length, int depth)
{
	const char *end = text + length;

	for (; text < end && depth >= 0; text++)
	{
		if (*text == '"' && (text = end_of_string(text + 1, end)) == end)
			break;
		if (*text == '[' || *text == '{')
			depth--;
		else if (*text == ']' || *text == '}')
			depth++;
	}
	return depth < 0;
}
