/*-------------------------------------------------------------------------
 * owner_tags.c
 *	  Finds the tags {{path}} in the SQL of a rule.
 *
 * A tag becomes a parameter, so no value of an event can ever become SQL.  The
 * scan knows as much of SQL's lexical rules as is needed to tell where quotes
 * and comments begin and end.  Where the scan and the server's lexer could
 * disagree (standard_conforming_strings off) the worst outcome is a syntax
 * error: "$n" inside a string is just text.
 *
 * src/owner/owner_tags.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/scansup.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "common/tag_path.h"
#include "effect/run_roots.h"
#include "owner/owner_tags.h"

#define MAX_TAGS 1000

typedef struct TagScan
{
	const char *text;
	int			first_number;
	const char *const *locals;
	StringInfoData out;
	SqlTags    *tags;
	int			room;
} TagScan;

/* The tag at "{{": its path without braces and blanks; returns what follows it, NULL if it has no end. */
static const char *
read_tag(const char *start, const char **path, size_t *length)
{
	bool		triple = start[2] == '{';
	const char *begin = start + (triple ? 3 : 2);
	const char *end = strstr(begin, triple ? "}}}" : "}}");
	const char *behind;

	if (end == NULL)
		return NULL;
	behind = end + (triple ? 3 : 2);
	if (*begin == '&')
		begin++;
	while (begin < end && scanner_isspace(*begin))
		begin++;
	while (end > begin && scanner_isspace(end[-1]))
		end--;
	*path = begin;
	*length = end - begin;
	return behind;
}

static bool
is_local(const char *const *locals, const TagPart *part)
{
	for (; locals != NULL && *locals != NULL; locals++)
		if (strlen(*locals) == part->length && memcmp(*locals, part->name, part->length) == 0)
			return true;
	return false;
}

/* Whether the path begins with something that the rule has here. */
static bool
has_root(const TagScan *scan, const char *path, size_t length)
{
	char	   *buffer = palloc(length + 1);
	size_t		at = 0;
	TagPart		part;
	bool		known = respond_tag_path_next(path, length, &at, buffer, &part) == TAG_PATH_PART &&
		(respond_run_root_find(part.name, part.length) < RUN_ROOTS || is_local(scan->locals, &part));

	pfree(buffer);
	return known;
}

/* Quoted text that holds a tag would not do what it looks like. */
static void
refuse_quoted_tags(TagScan *scan, const char *from, const char *to)
{
	const char *tag = from;

	while ((tag = strstr(tag, "{{")) != NULL && tag < to)
	{
		const char *path;
		size_t		length;
		const char *behind = read_tag(tag, &path, &length);

		if (behind != NULL && behind <= to && has_root(scan, path, length))
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("\"%.*s\" stands inside quotes", (int) (behind - tag), tag),
					 errhint("Write it without quotes; it is passed as a parameter. To make it part of a longer text,"
							 " write 'ticket ' || %.*s.",
							 (int) (behind - tag), tag)));
		tag += 2;
	}
}

/* A parameter is the value itself: what a template can do with it, SQL can do better. */
static void
check_path(const char *path, size_t length)
{
	if (respond_tag_path_find(path, length, '|') < length)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("tag \"{{%.*s}}\" has a filter", (int) length, path),
				 errhint("In SQL, write coalesce(tag, ...) or left(tag, ...) instead.")));
}

static char **
split_path(MemoryContext context, const char *path, size_t length, int *count)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	char	  **parts = palloc(sizeof(char *) * respond_tag_path_room(path, length));
	char	   *buffer = palloc(length + 1);
	size_t		at = 0;
	TagPart		part;
	TagPathStatus status;

	*count = 0;
	while ((status = respond_tag_path_next(path, length, &at, buffer, &part)) == TAG_PATH_PART)
		parts[(*count)++] = pnstrdup(part.name, part.length);
	pfree(buffer);
	MemoryContextSwitchTo(old_context);
	if (status != TAG_PATH_END)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("tag \"{{%.*s}}\" is not a path", (int) length, path),
				 errhint("A tag looks like {{data.id}} or {{data[\"my column\"]}}.")));
	return parts;
}

static const char *
take_tag(TagScan *scan, const char *start, MemoryContext context)
{
	const char *path;
	size_t		length;
	const char *behind = read_tag(start, &path, &length);
	SqlTags    *tags = scan->tags;
	SqlTag	   *tag;

	if (behind == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("tag \"%.20s\" is not closed", start),
				 errhint("A tag looks like {{data.id}}.")));
	check_path(path, length);
	if (!has_root(scan, path, length))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("tag \"%.*s\" does not name anything that a rule can see",
						(int) (behind - start), start),
				 errhint("A tag in SQL is a path that begins with id, type, source, subject, time, data, key, cause,"
						 " depth, actor, event, steps, rule, run_id or error.")));
	if (tags->count == MAX_TAGS)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("there are more than %d tags", MAX_TAGS)));
	if (tags->count == scan->room)
	{
		scan->room = Max(8, scan->room * 2);
		tags->tags = tags->tags == NULL ?
			MemoryContextAllocZero(context, sizeof(SqlTag) * scan->room) :
			repalloc(tags->tags, sizeof(SqlTag) * scan->room);
	}
	tag = &tags->tags[tags->count];
	/* Blanks keep the number apart from what stands around it. */
	appendStringInfoChar(&scan->out, ' ');
	tag->offset = scan->out.len;
	appendStringInfo(&scan->out, "$%d", scan->first_number + tags->count);
	tag->length = scan->out.len - tag->offset;
	appendStringInfoChar(&scan->out, ' ');
	tag->source_offset = start - scan->text;
	tag->source_length = behind - start;
	tag->parts = split_path(context, path, length, &tag->part_count);
	tag->type = UNKNOWNOID;
	tags->count++;
	return behind;
}

static bool
is_identifier_part(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/* Behind the quoted text that begins at start; the end of the text if it has no end. */
static const char *
skip_quoted(const char *start, bool escapes)
{
	char		quote = *start;
	const char *s = start + 1;

	while (*s != '\0')
	{
		if (escapes && *s == '\\' && s[1] != '\0')
			s += 2;
		else if (*s == quote && s[1] == quote)
			s += 2;
		else if (*s++ == quote)
			return s;
	}
	return s;
}

/* The same for $tag$...$tag$; NULL if no such quote begins here. */
static const char *
skip_dollar_quoted(const char *start)
{
	const char *s = start + 1;
	char	   *delimiter;
	const char *end;
	size_t		length;

	if (*s >= '0' && *s <= '9')
		return NULL;
	while (*s != '$' && is_identifier_part(*s))
		s++;
	if (*s != '$')
		return NULL;
	length = s + 1 - start;
	delimiter = pnstrdup(start, length);
	end = strstr(s + 1, delimiter);
	pfree(delimiter);
	return end != NULL ? end + length : s + strlen(s);
}

static const char *
skip_block_comment(const char *start)
{
	const char *s = start + 2;
	int			nested = 1;

	while (*s != '\0' && nested > 0)
	{
		if (s[0] == '/' && s[1] == '*')
		{
			nested++;
			s += 2;
		}
		else if (s[0] == '*' && s[1] == '/')
		{
			nested--;
			s += 2;
		}
		else
			s++;
	}
	return s;
}

/* Behind the quoted text or comment that begins at s; NULL if none does. */
static const char *
skip_opaque(TagScan *scan, const char *s)
{
	bool		joined = s > scan->text && is_identifier_part(s[-1]);
	const char *end = NULL;

	if (s[0] == '\'' || s[0] == '"')
	{
		/* E'...' knows backslashes, unless the E ends a longer word */
		bool		escapes = s[0] == '\'' && joined && (s[-1] == 'e' || s[-1] == 'E') &&
			(s - 1 == scan->text || !is_identifier_part(s[-2]));

		end = skip_quoted(s, escapes);
	}
	else if (s[0] == '$' && !joined)
		end = skip_dollar_quoted(s);
	if (end != NULL)
	{
		refuse_quoted_tags(scan, s, end);
		return end;
	}
	if (s[0] == '-' && s[1] == '-')
		return s + strcspn(s, "\r\n");
	if (s[0] == '/' && s[1] == '*')
		return skip_block_comment(s);
	return NULL;
}

SqlTags *
respond_sql_tags_translate(const char *text, int first_number, const char *const *locals, MemoryContext context)
{
	TagScan		scan = {.text = text,.first_number = first_number,.locals = locals};
	const char *s = text;

	scan.tags = MemoryContextAllocZero(context, sizeof(SqlTags));
	initStringInfo(&scan.out);
	while (*s != '\0')
	{
		const char *behind = skip_opaque(&scan, s);

		if (behind != NULL)
			appendBinaryStringInfo(&scan.out, s, behind - s);
		else if (s[0] == '{' && s[1] == '{')
			behind = take_tag(&scan, s, context);
		else
		{
			appendStringInfoChar(&scan.out, *s);
			behind = s + 1;
		}
		s = behind;
	}
	scan.tags->text = MemoryContextStrdup(context, scan.out.data);
	pfree(scan.out.data);
	return scan.tags;
}

int
respond_sql_tags_source_offset(const SqlTags *tags, int offset)
{
	int			shift = 0;

	for (int i = 0; i < tags->count; i++)
	{
		const SqlTag *tag = &tags->tags[i];

		if (offset < tag->offset)
			break;
		if (offset < tag->offset + tag->length)
			return tag->source_offset;
		/* the blank behind $n too */
		shift = tag->source_offset + tag->source_length - (tag->offset + tag->length + 1);
	}
	return offset + shift;
}
