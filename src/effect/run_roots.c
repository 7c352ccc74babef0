/*-------------------------------------------------------------------------
 * run_roots.c
 *	  What the templates and the SQL of a rule can name: its event, and its run.
 *
 * src/effect/run_roots.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "effect/run_roots.h"

/* From EVENT_ROOTS on. */
static const char *const names[RUN_ROOTS - EVENT_ROOTS] = {
	[RUN_ROOT_EVENT - EVENT_ROOTS] = "event",
	[RUN_ROOT_STEPS - EVENT_ROOTS] = "steps",
	[RUN_ROOT_RULE - EVENT_ROOTS] = "rule",
	[RUN_ROOT_RUN_ID - EVENT_ROOTS] = "run_id",
	[RUN_ROOT_ERROR - EVENT_ROOTS] = "error",
};

const char *
respond_run_root_name(int root)
{
	return root < EVENT_ROOTS ? respond_event_root_names[root] : names[root - EVENT_ROOTS];
}

int
respond_run_root_find(const char *name, size_t length)
{
	int			root = respond_event_root_find(name, length);

	while (root >= EVENT_ROOTS && root < RUN_ROOTS &&
		   (strlen(respond_run_root_name(root)) != length || memcmp(respond_run_root_name(root), name, length) != 0))
		root++;
	return root;
}
