/*-------------------------------------------------------------------------
 * naive_matcher.c
 *	  The pattern language interpreted in the most obvious way, as an oracle.
 *
 * test/unit/naive_matcher.c
 *-------------------------------------------------------------------------
 */
#include "naive_matcher.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_LEAVES		2000
#define MOST_FIELDS		64
#define DEEPEST_ARRAY	16

/* A scalar of the document and the array positions it came through. */
typedef struct Leaf
{
	char		path[256];
	const JsonValue *value;
	int			position_count;
	int			arrays[DEEPEST_ARRAY];
	int			positions[DEEPEST_ARRAY];
} Leaf;

typedef struct Wanted
{
	char		path[256];
	const JsonValue *tests;
} Wanted;

typedef struct WantedSet
{
	int			count;
	Wanted		fields[MOST_FIELDS];
} WantedSet;

struct Naive
{
	int			array_count;
	int			leaf_count;
	Leaf		leaves[MOST_LEAVES];
};

static void
join(char *out, size_t room, const char *path, bool top, const JsonMember *member)
{
	size_t		length = strlen(path);

	if (length + 1 + member->name_length >= room)
		abort();
	memmove(out, path, length);
	if (!top)
		out[length++] = '.';
	memcpy(out + length, member->name, member->name_length + 1);
}

static void
collect(Naive *naive, Leaf here, bool top, const JsonValue *value)
{
	if (value->kind == JSON_KIND_OBJECT)
	{
		for (size_t i = 0; i < value->count; i++)
		{
			Leaf		inner = here;

			join(inner.path, sizeof(inner.path), here.path, top, &value->members[i]);
			collect(naive, inner, false, value->members[i].value);
		}
	}
	else if (value->kind == JSON_KIND_ARRAY)
	{
		int			array = naive->array_count++;

		for (size_t i = 0; i < value->count; i++)
		{
			Leaf		inner = here;
			JsonKind	kind = value->items[i]->kind;

			if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY)
			{
				inner.arrays[inner.position_count] = array;
				inner.positions[inner.position_count++] = (int) i;
			}
			collect(naive, inner, false, value->items[i]);
		}
	}
	else
	{
		if (naive->leaf_count == MOST_LEAVES)
			abort();
		here.value = value;
		naive->leaves[naive->leaf_count++] = here;
	}
}

static bool
is(const JsonMember *member, const char *name)
{
	return strcmp(member->name, name) == 0;
}

static bool
fits(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return fits(pattern + 1, text) || (*text != '\0' && fits(pattern, text + 1));
	if (*pattern == '\\')
		pattern++;
	return *pattern == *text && fits(pattern + 1, text + 1);
}

static bool
address_of(const char *text, unsigned char *bytes, int *length)
{
	*length = 4;
	if (inet_pton(AF_INET, text, bytes) == 1)
		return true;
	*length = 16;
	return inet_pton(AF_INET6, text, bytes) == 1;
}

static bool
in_network(const char *network, const char *text)
{
	char		front[128];
	unsigned char a[16];
	unsigned char b[16];
	int			a_length;
	int			b_length;
	int			bits;

	snprintf(front, sizeof(front), "%s", network);
	bits = atoi(strchr(front, '/') + 1);
	*strchr(front, '/') = '\0';
	if (!address_of(front, a, &a_length) || !address_of(text, b, &b_length) || a_length != b_length)
		return false;
	for (int i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool
compares(const char *op, long double left, long double right)
{
	if (strcmp(op, "=") == 0)
		return left == right;
	if (strcmp(op, "<") == 0)
		return left < right;
	if (strcmp(op, "<=") == 0)
		return left <= right;
	if (strcmp(op, ">") == 0)
		return left > right;
	return left >= right;
}

static bool item_holds(const JsonValue *item, const JsonValue *value);

/* An operator on a text; JSON strings only. */
static bool
text_holds(const JsonMember *member, const char *argument, const char *text)
{
	size_t		length = strlen(argument);
	const char *end = strlen(text) >= length ? text + strlen(text) - length : NULL;

	if (is(member, "exactly"))
		return strcmp(text, argument) == 0;
	if (is(member, "prefix"))
		return strncmp(text, argument, length) == 0;
	if (is(member, "suffix"))
		return end != NULL && strcmp(end, argument) == 0;
	if (is(member, "equals-ignore-case"))
		return strcasecmp(text, argument) == 0;
	if (is(member, "wildcard"))
		return fits(argument, text);
	return in_network(argument, text);
}

static bool
but_holds(const JsonValue *argument, const JsonValue *value)
{
	const JsonMember *member = argument->kind == JSON_KIND_OBJECT ? &argument->members[0] : NULL;
	const JsonValue *list = member != NULL ? member->value : argument;
	size_t		count = list->kind == JSON_KIND_ARRAY ? list->count : 1;

	for (size_t i = 0; i < count; i++)
	{
		const JsonValue *item = list->kind == JSON_KIND_ARRAY ? list->items[i] : list;

		if (member == NULL ? (item->kind == value->kind && item_holds(item, value)) :
			(value->kind == JSON_KIND_STRING && text_holds(member, item->text, value->text)))
			return false;
	}
	return true;
}

static bool
operator_holds(const JsonMember *member, const JsonValue *value)
{
	const JsonValue *argument = member->value;

	if (is(member, "exists"))
		return argument->boolean;
	if (is(member, "anything-but"))
		return but_holds(argument, value);
	if (is(member, "all-of"))
	{
		for (size_t i = 0; i < argument->count; i++)
			if (!item_holds(argument->items[i], value))
				return false;
		return true;
	}
	if (is(member, "numeric"))
	{
		if (value->kind != JSON_KIND_NUMBER)
			return false;
		for (size_t i = 0; i + 1 < argument->count; i += 2)
			if (!compares(argument->items[i]->text, strtold(value->text, NULL), strtold(argument->items[i + 1]->text, NULL)))
				return false;
		return true;
	}
	if (value->kind != JSON_KIND_STRING)
		return false;
	if (argument->kind == JSON_KIND_OBJECT)
	{
		const char *inner = argument->members[0].value->text;
		size_t		length = strlen(inner);

		if (is(member, "prefix"))
			return strncasecmp(value->text, inner, length) == 0;
		return value->length >= length && strcasecmp(value->text + value->length - length, inner) == 0;
	}
	return text_holds(member, argument->text, value->text);
}

static bool
item_holds(const JsonValue *item, const JsonValue *value)
{
	if (item->kind == JSON_KIND_OBJECT)
		return operator_holds(&item->members[0], value);
	if (item->kind != value->kind)
		return false;
	switch (item->kind)
	{
		case JSON_KIND_STRING:
			return strcmp(item->text, value->text) == 0;
		case JSON_KIND_NUMBER:
			return strtold(item->text, NULL) == strtold(value->text, NULL);
		case JSON_KIND_BOOLEAN:
			return item->boolean == value->boolean;
		default:
			return true;
	}
}

static bool
agree(const Leaf *a, const Leaf *b)
{
	for (int i = 0; i < a->position_count; i++)
		for (int j = 0; j < b->position_count; j++)
			if (a->arrays[i] == b->arrays[j] && a->positions[i] != b->positions[j])
				return false;
	return true;
}

static bool
choose(const Naive *naive, const WantedSet *set, int field, const Leaf **chosen, int chosen_count)
{
	const Wanted *wanted = &set->fields[field];
	bool		absent = true;

	if (field == set->count)
		return true;
	for (int i = 0; i < naive->leaf_count; i++)
	{
		const Leaf *leaf = &naive->leaves[i];
		bool		usable = strcmp(leaf->path, wanted->path) == 0;

		for (int c = 0; c < chosen_count; c++)
			usable = usable && agree(chosen[c], leaf);
		if (!usable)
			continue;
		absent = false;
		for (size_t t = 0; t < wanted->tests->count; t++)
		{
			chosen[chosen_count] = leaf;
			if (item_holds(wanted->tests->items[t], leaf->value) &&
				choose(naive, set, field + 1, chosen, chosen_count + 1))
				return true;
		}
	}
	for (size_t t = 0; absent && t < wanted->tests->count; t++)
	{
		const JsonValue *item = wanted->tests->items[t];

		if (item->kind == JSON_KIND_OBJECT && is(&item->members[0], "exists") &&
			!item->members[0].value->boolean)
			return choose(naive, set, field + 1, chosen, chosen_count);
	}
	return false;
}

static int
compare_wanted(const void *left, const void *right)
{
	return strcmp(((const Wanted *) left)->path, ((const Wanted *) right)->path);
}

/* Copies only the fields in use. */
static void
copy_set(WantedSet *to, const WantedSet *from)
{
	to->count = from->count;
	memcpy(to->fields, from->fields, (size_t) from->count * sizeof(Wanted));
}

static bool
set_matches(const Naive *naive, const WantedSet *set)
{
	WantedSet	sorted;
	const Leaf *chosen[MOST_FIELDS];

	copy_set(&sorted, set);
	qsort(sorted.fields, (size_t) sorted.count, sizeof(Wanted), compare_wanted);
	return choose(naive, &sorted, 0, chosen, 0);
}

/* Work that is left: objects whose members are still to be taken in. */
typedef struct Pending
{
	const JsonValue *object;
	char		path[256];
	bool		top;
	bool		ors;			/* members are done, "$or" is next */
	size_t		at;
	const struct Pending *next;
} Pending;

static bool
expand(const Naive *naive, const WantedSet *set, const Pending *pending)
{
	WantedSet	more;
	Pending		here;

	if (pending == NULL)
		return set_matches(naive, set);
	copy_set(&more, set);
	here = *pending;
	for (; here.at < here.object->count; here.at++)
	{
		const JsonMember *member = &here.object->members[here.at];

		if (is(member, "$or") != here.ors)
			continue;
		if (here.ors)
		{
			here.at++;
			for (size_t i = 0; i < member->value->count; i++)
			{
				Pending		inner = {member->value->items[i], "", here.top, false, 0, &here};

				strcpy(inner.path, here.path);
				if (expand(naive, &more, &inner))
					return true;
			}
			return false;
		}
		if (member->value->kind == JSON_KIND_OBJECT)
		{
			Pending		inner = {member->value, "", false, false, 0, &here};

			join(inner.path, sizeof(inner.path), here.path, here.top, member);
			here.at++;
			return expand(naive, &more, &inner);
		}
		else
		{
			char		path[256];
			int			field = 0;

			join(path, sizeof(path), here.path, here.top, member);
			while (field < more.count && strcmp(more.fields[field].path, path) != 0)
				field++;
			strcpy(more.fields[field].path, path);
			more.fields[field].tests = member->value;
			if (field == more.count)
				more.count++;
		}
	}
	if (!here.ors)
	{
		here.ors = true;
		here.at = 0;
		return expand(naive, &more, &here);
	}
	return expand(naive, &more, here.next);
}

Naive *
naive_read(Arena *arena, const JsonValue *document)
{
	Naive	   *naive = respond_arena_alloc(arena, sizeof(Naive));
	Leaf		root;

	naive->array_count = 0;
	naive->leaf_count = 0;
	memset(&root, 0, sizeof(root));
	collect(naive, root, true, document);
	return naive;
}

bool
naive_matches(const Naive *naive, const JsonValue *pattern)
{
	WantedSet	none = {0};
	Pending		all = {pattern, "", true, false, 0, NULL};

	return expand(naive, &none, &all);
}
