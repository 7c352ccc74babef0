/*-------------------------------------------------------------------------
 * template_path.c
 *	  The name in a tag as a path to a value.
 *
 * src/template/template_path.c
 *-------------------------------------------------------------------------
 */
#include "template/template_path.h"

/* True if the part is a decimal number without leading zeros. */
static bool
read_index(TemplatePart *part)
{
	part->index = 0;
	if (part->length > 9 || (part->name[0] == '0' && part->length > 1))
		return false;
	for (uint32_t i = 0; i < part->length; i++)
	{
		if (part->name[i] < '0' || part->name[i] > '9')
			return false;
		part->index = part->index * 10 + (uint32_t) (part->name[i] - '0');
	}
	return part->length > 0;
}

TagPathStatus
respond_template_path_compile(Arena *arena, const char *text, size_t length, TemplatePath **path)
{
	bool		implicit = length == 1 && text[0] == '.';
	size_t		room = respond_tag_path_room(text, length);
	char	   *buffer = respond_arena_alloc(arena, length + 1);
	TemplatePath *result = respond_arena_alloc(arena, sizeof(TemplatePath) + room * sizeof(TemplatePart));
	TagPathStatus status = TAG_PATH_END;
	TagPart		part;
	size_t		at = 0;

	result->text = text;
	result->length = (uint32_t) length;
	result->count = 0;
	while (!implicit && (status = respond_tag_path_next(text, length, &at, buffer, &part)) == TAG_PATH_PART)
	{
		TemplatePart *to = &result->parts[result->count++];

		to->name = part.name;
		to->length = (uint32_t) part.length;
		to->is_index = !part.quoted && read_index(to);
		/* what a quoted part is read into is no longer than what it was written as */
		if (part.quoted)
			buffer += part.length;
	}
	*path = result;
	return status;
}
