/*-------------------------------------------------------------------------
 * template.c
 *	  Mustache templates: the compiler.
 *
 * One pass over the source.  Text between tags becomes text nodes that point
 * into the template's copy of the source; a tag that stands alone on its
 * line (sections, comments, delimiters) takes the whole line with it.
 *
 * Mistakes are reported when the template is compiled, with their place, so
 * that a rule with a broken template is never stored.  What other template
 * languages allow and this one does not (partials, blocks, filters, helpers)
 * is refused by name instead of rendering as nothing.
 *
 * src/template/template.c
 *-------------------------------------------------------------------------
 */
#include "template/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "template/template_code.h"
#include "template/template_filter.h"
#include "template/template_path.h"

/* Longest delimiter, so that looking for one stays linear. */
#define MAX_DELIMITER	16

typedef struct Parser
{
	Arena	   *arena;
	const char *source;
	size_t		length;
	size_t		position;		/* of the next byte to read */
	const char *open;			/* the delimiters in force */
	size_t		open_length;
	const char *close;
	size_t		close_length;
	TemplateNode *nodes;
	uint32_t	count;
	uint32_t	capacity;
	uint32_t	sections[TEMPLATE_MAX_DEPTH];	/* nodes of the open ones */
	int			depth;
	bool		single_tag;
	bool		plain;
	TemplateError *error;
} Parser;

/* A tag being read: {{ sigil content }}. */
typedef struct Tag
{
	char		sigil;			/* one of # ^ / ! = > < $ & {, or 0 */
	size_t		start;			/* of its opening delimiter */
	size_t		end;			/* behind its closing delimiter */
	const char *content;		/* without white space around it */
	size_t		content_length;
} Tag;

/* Moves line and column, which belong to byte from, on to byte to. */
static void
advance_place(const char *source, size_t from, size_t to, int *line, int *column)
{
	for (size_t i = from; i < to; i++)
	{
		if (source[i] == '\n')
		{
			(*line)++;
			*column = 1;
		}
		else if (((unsigned char) source[i] & 0xC0) != 0x80)
			(*column)++;
	}
}

static bool fail(Parser *parser, size_t offset, const char *hint,
				 const char *format,...) __attribute__((format(printf, 4, 5)));

/* Notes what is wrong at offset; always false, for the caller to return. */
static bool
fail(Parser *parser, size_t offset, const char *hint, const char *format,...)
{
	TemplateError *error = parser->error;
	va_list		arguments;

	error->line = 1;
	error->column = 1;
	advance_place(parser->source, 0, offset, &error->line, &error->column);
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	snprintf(error->hint, sizeof(error->hint), "%s", hint);
	return false;
}

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' ||
		byte == '\v' || byte == '\f';
}

/* Offset of the first occurrence at or after from, or SIZE_MAX. */
static size_t
find(const Parser *parser, size_t from, const char *what, size_t what_length)
{
	while (from + what_length <= parser->length)
	{
		const char *hit = memchr(parser->source + from, what[0],
								 parser->length - from - what_length + 1);

		if (hit == NULL)
			return SIZE_MAX;
		if (memcmp(hit, what, what_length) == 0)
			return (size_t) (hit - parser->source);
		from = (size_t) (hit - parser->source) + 1;
	}
	return SIZE_MAX;
}

static TemplateNode *
add_node(Parser *parser, TemplateNodeKind kind, size_t offset)
{
	TemplateNode *node;

	if (parser->count == parser->capacity)
	{
		uint32_t	capacity = parser->capacity == 0 ? 8 : parser->capacity * 2;
		TemplateNode *nodes = respond_arena_alloc(parser->arena,
												  capacity * sizeof(TemplateNode));

		if (parser->count > 0)
			memcpy(nodes, parser->nodes, parser->count * sizeof(TemplateNode));
		parser->nodes = nodes;
		parser->capacity = capacity;
	}
	node = &parser->nodes[parser->count++];
	memset(node, 0, sizeof(*node));
	node->kind = kind;
	node->offset = (uint32_t) offset;
	return node;
}

static void
add_text(Parser *parser, size_t start, size_t end)
{
	if (end > start)
		add_node(parser, TEMPLATE_NODE_TEXT, start)->length = (uint32_t) (end - start);
}

/*
 * Does the tag stand alone on its line?  If so, *line_start and *line_end
 * are set to the whole line, its end included.
 *
 * A look at the source is enough: another tag on the line would show its
 * delimiters, which hold no white space.
 */
static bool
stands_alone(const Parser *parser, const Tag *tag, size_t *line_start, size_t *line_end)
{
	const char *source = parser->source;
	size_t		start = tag->start;
	size_t		end = tag->end;

	while (start > 0 && (source[start - 1] == ' ' || source[start - 1] == '\t'))
		start--;
	if (start > 0 && source[start - 1] != '\n')
		return false;
	while (end < parser->length && (source[end] == ' ' || source[end] == '\t'))
		end++;
	if (end < parser->length)
	{
		if (source[end] == '\r' && end + 1 < parser->length && source[end + 1] == '\n')
			end++;
		if (source[end] != '\n')
			return false;
		end++;
	}
	*line_start = start;
	*line_end = end;
	return true;
}

/* Finds the end of the tag and what is between its delimiters. */
static bool
read_tag(Parser *parser, Tag *tag)
{
	size_t		start = parser->position + parser->open_length;
	size_t		end;
	char		closing_sigil = '\0';

	tag->start = parser->position;
	if (start < parser->length && parser->source[start] != '\0' &&
		strchr("#^/!=><$&{", parser->source[start]) != NULL)
		tag->sigil = parser->source[start++];
	if (tag->sigil == '{')
		closing_sigil = '}';
	else if (tag->sigil == '=')
		closing_sigil = '=';

	end = find(parser, start, parser->close, parser->close_length);
	while (closing_sigil != '\0' && end != SIZE_MAX &&
		   (end == start || parser->source[end - 1] != closing_sigil))
	{
		/* In {{{a}}} the first }} found begins at the brace of the tag. */
		end = find(parser, end + 1, parser->close, parser->close_length);
	}
	if (end == SIZE_MAX)
	{
		char		hint[256];

		snprintf(hint, sizeof(hint), "End the tag with \"%.*s%.*s\".",
				 closing_sigil != '\0' ? 1 : 0, &closing_sigil,
				 respond_template_shown_length(parser->close, parser->close_length), parser->close);
		return fail(parser, tag->start, hint, "the tag that begins here is not closed");
	}
	tag->end = end + parser->close_length;
	if (closing_sigil != '\0')
		end--;
	while (start < end && is_space(parser->source[start]))
		start++;
	while (end > start && is_space(parser->source[end - 1]))
		end--;
	tag->content = parser->source + start;
	tag->content_length = end - start;
	return true;
}

/* The name without what stands behind a bar. */
static size_t
name_length(const Tag *tag)
{
	size_t		length = respond_tag_path_find(tag->content, tag->content_length, '|');

	while (length > 0 && is_space(tag->content[length - 1]))
		length--;
	return length;
}

static bool
check_name(Parser *parser, const Tag *tag)
{
	const char *name = tag->content;
	size_t		length = name_length(tag);
	size_t		space = respond_tag_path_find(name, length, ' ');
	size_t		brace = respond_tag_path_find(name, length, '{');

	if (respond_tag_path_find(name, length, '}') < brace)
		brace = respond_tag_path_find(name, length, '}');
	if (length == 0)
		return fail(parser, tag->start,
					"Put a name between the delimiters, such as {{data.email}}.",
					"a tag needs a name");
	if (space < length && space < brace)
		return fail(parser, tag->start,
					"Templates have no helpers: a tag holds one name, and maybe a filter as in {{name | truncate: 80}}."
					" A name with white space is written as in {{data[\"my column\"]}}.",
					"the name \"%.*s\" contains white space",
					respond_template_shown_length(name, length), name);
	if (brace < length)
		return fail(parser, tag->start, "A tag has two braces, or three, on either side.",
					"the name \"%.*s\" contains a brace",
					respond_template_shown_length(name, length), name);
	return true;
}

/* The name of the tag as a path; NULL after fail() if it is not one. */
static const TemplatePath *
parse_path(Parser *parser, const Tag *tag)
{
	const char *name = tag->content;
	size_t		length = name_length(tag);
	TemplatePath *path;

	if (!check_name(parser, tag))
		return NULL;
	switch (respond_template_path_compile(parser->arena, name, length, &path))
	{
		case TAG_PATH_PART:
		case TAG_PATH_END:
			break;
		case TAG_PATH_EMPTY:
			fail(parser, tag->start,
				 "Write names as parts with single dots between them, such as {{data.email}}.",
				 "the name \"%.*s\" has an empty part",
				 respond_template_shown_length(name, length), name);
			return NULL;
		case TAG_PATH_UNCLOSED:
			fail(parser, tag->start,
				 "Close the quote and the bracket, as in {{data[\"my column\"]}}.",
				 "a quoted part of the name \"%.*s\" is not closed",
				 respond_template_shown_length(name, length), name);
			return NULL;
		case TAG_PATH_ESCAPE:
			fail(parser, tag->start,
				 "After a backslash, write a quote, a backslash, or u and the four digits of an ASCII character.",
				 "a quoted part of the name \"%.*s\" has a backslash that means nothing",
				 respond_template_shown_length(name, length), name);
			return NULL;
	}
	if (path->count > TEMPLATE_MAX_PARTS)
	{
		fail(parser, tag->start, "Shorten the name.",
			 "a name has more than %d parts", TEMPLATE_MAX_PARTS);
		return NULL;
	}
	return path;
}

/* What stands behind the name of a variable; false after fail(). */
static bool
parse_filters(Parser *parser, const Tag *tag, const TemplateFilters **filters)
{
	size_t		bar = respond_tag_path_find(tag->content, tag->content_length, '|');
	char		message[sizeof(parser->error->message)];
	char		hint[sizeof(parser->error->hint)];

	*filters = NULL;
	if (bar == tag->content_length)
		return true;
	*filters = respond_template_filters_compile(parser->arena, tag->content + bar + 1, tag->content_length - bar - 1,
												message, sizeof(message), hint, sizeof(hint));
	return *filters != NULL || fail(parser, tag->start, hint, "%s", message);
}

static bool
open_section(Parser *parser, const Tag *tag)
{
	TemplateNode *node;
	const TemplatePath *path = parse_path(parser, tag);

	if (path == NULL)
		return false;
	if (path->length < tag->content_length)
		return fail(parser, tag->start, "Put the filter into the tags inside the section.",
					"a section cannot have a filter");
	if (parser->depth == TEMPLATE_MAX_DEPTH)
		return fail(parser, tag->start, "Split the template into several.",
					"sections are nested more than %d deep", TEMPLATE_MAX_DEPTH);
	parser->sections[parser->depth++] = parser->count;
	node = add_node(parser, tag->sigil == '#' ? TEMPLATE_NODE_SECTION :
					TEMPLATE_NODE_INVERTED, tag->start);
	node->path = path;
	return true;
}

static bool
close_section(Parser *parser, const Tag *tag)
{
	const TemplatePath *path;
	uint32_t	section;

	if (!check_name(parser, tag))
		return false;
	if (parser->depth == 0)
		return fail(parser, tag->start, "Remove the tag, or open the section with {{#name}}.",
					"section \"%.*s\" is closed but not open",
					respond_template_shown_length(tag->content, tag->content_length), tag->content);
	section = parser->sections[parser->depth - 1];
	path = parser->nodes[section].path;
	if (path->length != tag->content_length ||
		memcmp(path->text, tag->content, tag->content_length) != 0)
	{
		char		hint[256];

		snprintf(hint, sizeof(hint), "Close \"%.*s\" first.",
				 respond_template_shown_length(path->text, path->length), path->text);
		return fail(parser, tag->start, hint,
					"section \"%.*s\" is open, but \"%.*s\" is closed",
					respond_template_shown_length(path->text, path->length), path->text,
					respond_template_shown_length(tag->content, tag->content_length), tag->content);
	}
	parser->depth--;
	parser->nodes[section].partner = parser->count;
	add_node(parser, TEMPLATE_NODE_END, tag->start)->partner = section;
	return true;
}

static bool
set_delimiters(Parser *parser, const Tag *tag)
{
	const char *content = tag->content;
	const char *end = content + tag->content_length;
	const char *gap = content;
	const char *second;

	while (gap < end && !is_space(*gap) && *gap != '=')
		gap++;
	second = gap;
	while (second < end && is_space(*second))
		second++;
	parser->open = content;
	parser->open_length = (size_t) (gap - content);
	parser->close = second;
	parser->close_length = (size_t) (end - second);
	for (const char *byte = second; byte < end; byte++)
	{
		if (is_space(*byte) || *byte == '=')
			parser->close_length = 0;
	}
	if (gap == content || gap == second || parser->close_length == 0 ||
		parser->open_length > MAX_DELIMITER || parser->close_length > MAX_DELIMITER)
		return fail(parser, tag->start,
					"Write two delimiters of 1 to 16 characters with a space between them, such as {{=<% %>=}}.",
					"this is not a pair of delimiters");
	return true;
}

static bool
refuse_tag(Parser *parser, const Tag *tag)
{
	const char *what = tag->sigil == '>' ? "partials" :
		tag->sigil == '<' ? "parent templates" : "blocks";

	return fail(parser, tag->start,
				"A template stands alone: write out the text that would be included.",
				"%s ({{%c...}}) cannot be used", what, tag->sigil);
}

static bool
handle_tag(Parser *parser, const Tag *tag)
{
	TemplateNode *node;
	const TemplatePath *path;
	const TemplateFilters *filters;

	switch (tag->sigil)
	{
		case '!':
			return true;
		case '=':
			return set_delimiters(parser, tag);
		case '#':
		case '^':
			return open_section(parser, tag);
		case '/':
			return close_section(parser, tag);
		case '>':
		case '<':
		case '$':
			return refuse_tag(parser, tag);
		default:
			break;
	}
	path = parse_path(parser, tag);
	if (path == NULL || !parse_filters(parser, tag, &filters))
		return false;
	node = add_node(parser, TEMPLATE_NODE_VARIABLE, tag->start);
	node->path = path;
	node->filters = filters;
	node->raw = tag->sigil != '\0';
	/* what is cut is a text, whatever the value was */
	parser->single_tag = tag->start == 0 && tag->end == parser->length && (filters == NULL || filters->characters == 0);
	return true;
}

/*
 * Reads the tag at the current position, and adds the text before it, from
 * text_start, and the tag.
 */
static bool
parse_tag(Parser *parser, size_t text_start)
{
	Tag			tag = {.sigil = '\0'};
	size_t		text_end;
	size_t		next;

	if (!read_tag(parser, &tag))
		return false;
	parser->plain = false;
	text_end = tag.start;
	next = tag.end;
	if (tag.sigil != '\0' && strchr("#^/!=", tag.sigil) != NULL)
		stands_alone(parser, &tag, &text_end, &next);
	add_text(parser, text_start, text_end);
	parser->position = next;
	return handle_tag(parser, &tag);
}

Template *
respond_template_compile(Arena *arena, const char *source, size_t length,
						 TemplateError *error)
{
	Parser		parser = {.arena = arena, .length = length, .error = error};
	Template   *template;

	if (length > TEMPLATE_MAX_LENGTH)
	{
		parser.source = "";
		fail(&parser, 0, "Shorten the template.",
			 "the template is longer than %zu bytes", TEMPLATE_MAX_LENGTH);
		return NULL;
	}
	parser.source = respond_arena_copy(arena, source, length);
	parser.open = "{{";
	parser.close = "}}";
	parser.open_length = parser.close_length = 2;
	parser.plain = true;

	while (parser.position < length)
	{
		size_t		text_start = parser.position;
		size_t		tag_start = find(&parser, text_start, parser.open,
									 parser.open_length);

		if (tag_start == SIZE_MAX)
		{
			add_text(&parser, text_start, length);
			break;
		}
		parser.position = tag_start;
		if (!parse_tag(&parser, text_start))
			return NULL;
	}
	if (parser.depth > 0)
	{
		const TemplateNode *open = &parser.nodes[parser.sections[parser.depth - 1]];

		fail(&parser, open->offset, "Close each section with {{/name}}.",
			 "section \"%.*s\" is not closed",
			 respond_template_shown_length(open->path->text, open->path->length), open->path->text);
		return NULL;
	}
	template = respond_arena_alloc(arena, sizeof(Template));
	template->source = parser.source;
	template->length = (uint32_t) length;
	template->count = parser.count;
	template->nodes = parser.nodes;
	template->single_tag = parser.single_tag;
	template->plain = parser.plain;
	return template;
}

bool
respond_template_is_single_tag(const Template *template)
{
	return template->single_tag;
}

bool
respond_template_is_plain(const Template *template)
{
	return template->plain;
}

void
respond_template_each_path(const Template *template, TemplatePathVisit visit,
						   void *state)
{
	int			depth = 0;		/* of sections, not of inverted ones */
	TemplatePathUse use = {.line = 1, .column = 1};
	size_t		place = 0;		/* what line and column belong to */

	for (uint32_t i = 0; i < template->count; i++)
	{
		const TemplateNode *node = &template->nodes[i];

		if (node->kind == TEMPLATE_NODE_END)
		{
			depth -= template->nodes[node->partner].kind == TEMPLATE_NODE_SECTION;
			continue;
		}
		if (node->kind == TEMPLATE_NODE_TEXT)
			continue;
		use.text = node->path->text;
		use.length = node->path->length;
		use.root = node->path->count == 0 ? "." : node->path->parts[0].name;
		use.root_length = node->path->count == 0 ? 1 : node->path->parts[0].length;
		use.second = node->path->count > 1 ? node->path->parts[1].name : NULL;
		use.second_length = node->path->count > 1 ? node->path->parts[1].length : 0;
		use.third = node->path->count > 2 ? node->path->parts[2].name : NULL;
		use.third_length = node->path->count > 2 ? node->path->parts[2].length : 0;
		use.whole = node->path->count <= 1;
		use.filtered = node->filters != NULL;
		advance_place(template->source, place, node->offset, &use.line, &use.column);
		place = node->offset;
		use.section = node->kind != TEMPLATE_NODE_VARIABLE;
		use.in_section = depth > 0;
		visit(state, &use);
		depth += node->kind == TEMPLATE_NODE_SECTION;
	}
}
