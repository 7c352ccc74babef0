/*-------------------------------------------------------------------------
 * path_tree.h
 *	  The paths that rules test, as a tree that an event is walked along.
 *
 * A path is names joined by dots.  As in event-ruler a dot inside of a name
 * means the same as a dot between names: {"a.b": 1} and {"a": {"b": 1}} have
 * the same field.  So the tree is one of the parts between dots, and stepping
 * along a name steps along all its parts.
 *
 * src/match/path_tree.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PATH_TREE_H
#define RESPOND_PATH_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"

typedef struct PathNode PathNode;

struct PathNode
{
	const PathNode *parent;
	const char *name;			/* the part that leads here */
	size_t		length;
	int			id;
	int			field;			/* number of the field that ends here, or -1 */
	int			child_count;
	uint64_t	child_lengths;	/* bit n: a child's name has n bytes; bit 63: or more */
	const PathNode *children[4];	/* the first ones; the table has them all */
};

typedef struct PathTree PathTree;

extern PathTree *respond_path_tree_create(Arena *arena);

/* The number of a path's field, counted from 0; adds it when it is new. */
extern int	respond_path_tree_add(PathTree *tree, const char *path, size_t length);
extern int	respond_path_tree_field_count(const PathTree *tree);
extern const char *respond_path_tree_path(const PathTree *tree, int field);
extern const PathNode *respond_path_tree_root(const PathTree *tree);

/*
 * The node behind a name without dots (dotted false) or possibly with dots
 * (dotted true), or NULL when no rule tests anything there.
 */
extern const PathNode *respond_path_step(const PathTree *tree, const PathNode *node,
										 const char *name, size_t length, bool dotted);

#endif							/* RESPOND_PATH_TREE_H */
