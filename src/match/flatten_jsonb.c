/*-------------------------------------------------------------------------
 * flatten_jsonb.c
 *	  Reads a jsonb along the paths that rules test.
 *
 * JsonbIterator allocates for each container and copies each value; this walk
 * reads the stored form in place, through the macros of utils/jsonb.h.  An
 * object stores its keys in front of its values, side by side, so going
 * through the keys is cheap and a value is located only when a rule wants it.
 *
 * This file calls nothing of the server, so the benchmark can link it.
 *
 * src/match/flatten_jsonb.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "match/flatten_jsonb.h"
#include "match/flatten_number.h"

#define LOCAL_FRAMES	32		/* deeper nesting moves to scratch memory */

/* A container that is being gone through. */
typedef struct Frame
{
	const JsonbContainer *container;
	const PathNode *node;
	const char *data;			/* behind the entries */
	uint32		count;			/* of items or members */
	uint32		next;			/* item or member */
	uint32		offset;			/* in data: of the next item, or of the next key */
	int			array;			/* number of the array, -1 in an object */
	int			element;		/* that scalars in here belong to */
	bool		dotted;			/* some key contains a dot */
} Frame;

typedef struct Walk
{
	EventFields *event;
	const PathTree *tree;
	bool		recodes;		/* names are not UTF-8 */
	int			depth;
	int			room;
	Frame	   *frames;
	Frame		local[LOCAL_FRAMES];
} Walk;

/* Offset of a child's data: entries hold a length, every so many an offset. */
static uint32
child_offset(const JsonbContainer *container, uint32 child)
{
	uint32		offset = 0;

	while (child > 0)
	{
		JEntry		entry = container->children[--child];

		offset += JBE_OFFLENFLD(entry);
		if (JBE_HAS_OFF(entry))
			break;
	}
	return offset;
}

/* Offset behind a child, given where it begins. */
static inline uint32
end_offset(const JsonbContainer *container, uint32 child, uint32 start)
{
	JEntry		entry = container->children[child];

	return JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) : start + JBE_OFFLENFLD(entry);
}

static void
push(Walk *walk, const JsonbContainer *container, const PathNode *node, int element)
{
	Frame	   *frame;

	if (walk->depth == walk->room)
	{
		Frame	   *frames = (Frame *) respond_event_scratch(walk->event, sizeof(Frame) * 2 * (Size) walk->room);

		memcpy(frames, walk->frames, sizeof(Frame) * (Size) walk->depth);
		walk->frames = frames;
		walk->room *= 2;
	}
	frame = &walk->frames[walk->depth++];
	frame->container = container;
	frame->node = node;
	frame->count = JsonContainerSize(container);
	frame->next = 0;
	frame->offset = 0;
	frame->element = element;
	if (JsonContainerIsObject(container))
	{
		frame->data = (const char *) &container->children[frame->count * 2];
		frame->array = -1;

		/* Keys lie side by side, so one search sees all of them. */
		frame->dotted = memchr(frame->data, '.', child_offset(container, frame->count)) != NULL;
	}
	else
	{
		frame->data = (const char *) &container->children[frame->count];
		frame->array = respond_event_begin_array(walk->event);
	}
}

/* A child at node: a scalar is added, a container is pushed. */
static void
take_child(Walk *walk, const Frame *frame, uint32 child, uint32 offset, const PathNode *node)
{
	JEntry		entry = frame->container->children[child];
	int			element = frame->element;

	if (JBE_ISCONTAINER(entry))
	{
		const JsonbContainer *inner = (const JsonbContainer *) (frame->data + INTALIGN(offset));

		/* Nothing is wanted below an object whose path ends here. */
		if (JsonContainerIsObject(inner) && node->child_count == 0)
			return;
		if (frame->array >= 0)
			element = respond_event_enter_element(walk->event, frame->array, element);
		push(walk, inner, node, element);
		return;
	}
	if (node->field < 0)
		return;
	if (JBE_ISSTRING(entry))
		respond_event_add_text(walk->event, node, element, VALUE_STRING, frame->data + offset,
							   end_offset(frame->container, child, offset) - offset);
	else if (JBE_ISNUMERIC(entry))
		respond_flatten_numeric(walk->event, node, element, (Numeric) (frame->data + INTALIGN(offset)));
	else
		respond_event_add(walk->event, node, element,
						  JBE_ISNULL(entry) ? VALUE_NULL : JBE_ISBOOL_TRUE(entry) ? VALUE_TRUE : VALUE_FALSE);
}

/* Goes on to the next member that a rule wants; false at the end. */
static bool
next_member(Walk *walk)
{
	Frame	   *frame = &walk->frames[walk->depth - 1];

	while (frame->next < frame->count)
	{
		uint32		child = frame->next++;
		uint32		start = frame->offset;
		const PathNode *node;
		const char *name;
		size_t		length;

		frame->offset = end_offset(frame->container, child, start);
		length = frame->offset - start;
		name = frame->data + start;
		if (walk->recodes)
			name = respond_event_name(walk->event, name, &length);
		node = respond_path_step(walk->tree, frame->node, name, length, frame->dotted);
		if (node != NULL)
		{
			child += frame->count;
			take_child(walk, frame, child, child_offset(frame->container, child), node);
			return true;
		}
	}
	return false;
}

static bool
next_item(Walk *walk)
{
	Frame	   *frame = &walk->frames[walk->depth - 1];
	uint32		child = frame->next;
	uint32		start = frame->offset;

	if (child == frame->count)
	{
		respond_event_end_array(walk->event, frame->array);
		return false;
	}
	frame->next++;
	frame->offset = end_offset(frame->container, child, start);
	take_child(walk, frame, child, start, frame->node);
	return true;
}

void
respond_flatten_container(EventFields *event, const PathNode *node, const JsonbContainer *container)
{
	Walk		walk;

	walk.event = event;
	walk.tree = respond_event_fields_tree(event);
	walk.recodes = respond_event_recodes(event);
	walk.depth = 0;
	walk.room = LOCAL_FRAMES;
	walk.frames = walk.local;
	push(&walk, container, node, NO_ELEMENT);
	while (walk.depth > 0)
	{
		bool		more = walk.frames[walk.depth - 1].array < 0 ? next_member(&walk) : next_item(&walk);

		if (!more)
			walk.depth--;
	}
}
