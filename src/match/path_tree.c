/*-------------------------------------------------------------------------
 * path_tree.c
 *	  The paths that rules test, as a tree that an event is walked along.
 *
 * Every object key of an event that lies on the way is looked up, so most
 * look-ups fail: the lengths of a node's children turn them away first.
 *
 * src/match/path_tree.c
 *-------------------------------------------------------------------------
 */
#include "match/path_tree.h"

#include <string.h>

#include "match/hash.h"

#define INLINE_CHILDREN		4

struct PathTree
{
	Arena	   *arena;
	PathNode   *root;
	int			node_count;
	size_t		table_size;		/* a power of two */
	PathNode  **table;			/* all nodes but the root, by parent and name */
	int			field_count;
	int			field_room;
	const char **paths;			/* by field */
};

static uint64_t
hash_step(const PathNode *parent, const char *name, size_t length)
{
	return respond_hash_bytes((uint64_t) parent->id, name, length);
}

static uint64_t
length_bit(size_t length)
{
	return (uint64_t) 1 << (length < 63 ? length : 63);
}

PathTree *
respond_path_tree_create(Arena *arena)
{
	PathTree   *tree = respond_arena_alloc_zero(arena, sizeof(PathTree));

	tree->arena = arena;
	tree->root = respond_arena_alloc_zero(arena, sizeof(PathNode));
	tree->root->field = -1;
	tree->node_count = 1;
	tree->table_size = 64;
	tree->table = respond_arena_alloc_zero(arena, tree->table_size * sizeof(PathNode *));
	return tree;
}

static PathNode **
find_slot(const PathTree *tree, const PathNode *parent, const char *name, size_t length)
{
	size_t		mask = tree->table_size - 1;
	size_t		at = hash_step(parent, name, length) & mask;

	while (tree->table[at] != NULL)
	{
		const PathNode *node = tree->table[at];

		if (node->parent == parent && node->length == length && memcmp(node->name, name, length) == 0)
			break;
		at = (at + 1) & mask;
	}
	return &tree->table[at];
}

static void
double_table(PathTree *tree)
{
	PathNode  **old = tree->table;
	size_t		old_size = tree->table_size;

	tree->table_size *= 2;
	tree->table = respond_arena_alloc_zero(tree->arena, tree->table_size * sizeof(PathNode *));
	for (size_t i = 0; i < old_size; i++)
		if (old[i] != NULL)
			*find_slot(tree, old[i]->parent, old[i]->name, old[i]->length) = old[i];
}

static PathNode *
add_step(PathTree *tree, PathNode *parent, const char *name, size_t length)
{
	PathNode  **slot = find_slot(tree, parent, name, length);
	PathNode   *node = *slot;

	if (node != NULL)
		return node;
	node = respond_arena_alloc_zero(tree->arena, sizeof(PathNode));
	node->parent = parent;
	node->name = respond_arena_copy(tree->arena, name, length);
	node->length = length;
	node->id = tree->node_count++;
	node->field = -1;
	*slot = node;
	if (parent->child_count < INLINE_CHILDREN)
		parent->children[parent->child_count] = node;
	parent->child_count++;
	parent->child_lengths |= length_bit(length);
	if ((size_t) tree->node_count * 2 > tree->table_size)
		double_table(tree);
	return node;
}

static int
add_field(PathTree *tree, const char *path, size_t length)
{
	if (tree->field_count == tree->field_room)
	{
		int			room = tree->field_room == 0 ? 16 : tree->field_room * 2;
		const char **paths = respond_arena_alloc(tree->arena, (size_t) room * sizeof(*paths));

		if (tree->field_count > 0)
			memcpy(paths, tree->paths, (size_t) tree->field_count * sizeof(*paths));
		tree->paths = paths;
		tree->field_room = room;
	}
	tree->paths[tree->field_count] = respond_arena_copy(tree->arena, path, length);
	return tree->field_count++;
}

int
respond_path_tree_add(PathTree *tree, const char *path, size_t length)
{
	PathNode   *node = tree->root;
	size_t		start = 0;

	for (size_t i = 0; i <= length; i++)
		if (i == length || path[i] == '.')
		{
			node = add_step(tree, node, path + start, i - start);
			start = i + 1;
		}
	if (node->field < 0)
		node->field = add_field(tree, path, length);
	return node->field;
}

int
respond_path_tree_field_count(const PathTree *tree)
{
	return tree->field_count;
}

const char *
respond_path_tree_path(const PathTree *tree, int field)
{
	return tree->paths[field];
}

const PathNode *
respond_path_tree_root(const PathTree *tree)
{
	return tree->root;
}

static const PathNode *
step_part(const PathTree *tree, const PathNode *node, const char *name, size_t length)
{
	if ((node->child_lengths & length_bit(length)) == 0)
		return NULL;
	if (node->child_count > INLINE_CHILDREN)
		return *find_slot(tree, node, name, length);
	for (int i = 0; i < node->child_count; i++)
	{
		const PathNode *child = node->children[i];

		if (child->length == length && memcmp(child->name, name, length) == 0)
			return child;
	}
	return NULL;
}

const PathNode *
respond_path_step(const PathTree *tree, const PathNode *node, const char *name, size_t length, bool dotted)
{
	size_t		start = 0;

	if (!dotted)
		return step_part(tree, node, name, length);
	for (size_t i = 0; i <= length && node != NULL; i++)
		if (i == length || name[i] == '.')
		{
			node = step_part(tree, node, name + start, i - start);
			start = i + 1;
		}
	return node;
}
