/*-------------------------------------------------------------------------
 * template_render.c
 *	  Mustache templates: the renderer.
 *
 * A loop over the nodes with a stack of contexts, one for each open section,
 * so that its depth is bounded by the compiler.  Every node, and every
 * context looked at for a name, counts as a step of work: sections within
 * sections over large lists end with TEMPLATE_TOO_MUCH_WORK, not never.
 *
 * A rendered value is not looked at again: data that holds tags comes out as
 * it is.
 *
 * src/template/template_render.c
 *-------------------------------------------------------------------------
 */
#include "template/template.h"

#include <string.h>

#include "template/template_code.h"
#include "template/template_filter.h"

typedef struct Frame
{
	uint32_t	section;		/* node that opened it */
	size_t		index;			/* of current in list */
	TemplateValue list;			/* kind ARRAY if the section repeats */
	TemplateValue current;		/* the context */
} Frame;

typedef struct Renderer
{
	const Template *template;
	const TemplateSource *source;
	TemplateEscape escape;
	TemplateOutput *output;
	int			depth;			/* frames in use */
	Frame		frames[TEMPLATE_MAX_DEPTH + 1]; /* the first is the root */
} Renderer;

static void
set_missing(TemplateValue *value)
{
	memset(value, 0, sizeof(*value));
	value->kind = TEMPLATE_MISSING;
}

/* One part of a name inside one value; false if it is not there. */
static bool
find_part(const TemplateSource *source, const TemplateValue *container,
		  const TemplatePart *part, TemplateValue *found)
{
	if (container->kind == TEMPLATE_OBJECT)
		return source->member(container, part->name, part->length, found);
	if (container->kind == TEMPLATE_ARRAY && part->is_index &&
		part->index < container->count)
	{
		source->item(container, part->index, found);
		return true;
	}
	return false;
}

/*
 * The first part of a name is looked for from the innermost context
 * outwards; the others only inside what the first one named.
 */
static TemplateValue
resolve(Renderer *renderer, const TemplatePath *path)
{
	TemplateValue value;
	int			depth = renderer->depth;
	bool		found = false;

	if (path->count == 0)
		return renderer->frames[depth - 1].current;
	while (!found && depth > 0)
	{
		if (!respond_template_step(renderer->output))
			break;
		depth--;
		found = find_part(renderer->source, &renderer->frames[depth].current,
						  &path->parts[0], &value);
	}
	for (uint32_t i = 1; found && i < path->count; i++)
	{
		TemplateValue container = value;

		found = find_part(renderer->source, &container, &path->parts[i], &value);
	}
	if (!found)
		set_missing(&value);
	return value;
}

static bool
counts_as_true(const TemplateValue *value)
{
	switch (value->kind)
	{
		case TEMPLATE_BOOLEAN:
		case TEMPLATE_NUMBER:
			return value->boolean;
		case TEMPLATE_STRING:
		case TEMPLATE_ARRAY:
			return value->count > 0;
		case TEMPLATE_OBJECT:
			return true;
		case TEMPLATE_MISSING:
		case TEMPLATE_NULL:
			break;
	}
	return false;
}

void
respond_template_write_value(const TemplateSource *source, const TemplateValue *value,
							 TemplateOutput *output)
{
	switch (value->kind)
	{
		case TEMPLATE_MISSING:
		case TEMPLATE_NULL:
			break;
		case TEMPLATE_BOOLEAN:
			respond_template_write(output, value->boolean ? "true" : "false",
								   value->boolean ? 4 : 5);
			break;
		case TEMPLATE_NUMBER:
			if (value->form == TEMPLATE_FORM_LITERAL)
			{
				respond_template_write(output, value->reference, value->count);
				break;
			}
			source->write(value, output);
			break;
		case TEMPLATE_STRING:
		case TEMPLATE_ARRAY:
		case TEMPLATE_OBJECT:
			source->write(value, output);
			break;
	}
}

static void
render_variable(Renderer *renderer, const TemplateNode *node)
{
	TemplateValue value = resolve(renderer, node->path);
	TemplateOutput *output = renderer->output;

	value = respond_template_filters_default(node->filters, &value);
	output->escape = node->raw && renderer->escape != TEMPLATE_ESCAPE_ADDRESS &&
		renderer->escape != TEMPLATE_ESCAPE_ONE_ADDRESS ? TEMPLATE_ESCAPE_NONE : renderer->escape;
	if (node->filters != NULL && node->filters->characters > 0)
	{
		respond_template_begin_cut(output, node->filters->characters);
		respond_template_write_value(renderer->source, &value, output);
		respond_template_end_cut(output);
	}
	else
		respond_template_write_value(renderer->source, &value, output);
}

/* Enters the section at node, or skips it; gives the next node. */
static uint32_t
begin_section(Renderer *renderer, uint32_t position)
{
	const TemplateNode *node = &renderer->template->nodes[position];
	TemplateValue value = resolve(renderer, node->path);
	bool		enter = counts_as_true(&value);
	Frame	   *frame;

	if (node->kind == TEMPLATE_NODE_INVERTED)
		return enter ? node->partner + 1 : position + 1;
	if (!enter)
		return node->partner + 1;
	frame = &renderer->frames[renderer->depth++];
	frame->section = position;
	frame->index = 0;
	frame->list = value;
	if (value.kind == TEMPLATE_ARRAY)
		renderer->source->item(&frame->list, 0, &frame->current);
	else
		frame->current = value;
	return position + 1;
}

/* At the end of a section: the next item, or leave it. */
static uint32_t
end_section(Renderer *renderer, uint32_t position)
{
	uint32_t	section = renderer->template->nodes[position].partner;
	Frame	   *frame = &renderer->frames[renderer->depth - 1];

	if (renderer->template->nodes[section].kind == TEMPLATE_NODE_INVERTED)
		return position + 1;
	if (frame->list.kind == TEMPLATE_ARRAY && frame->index + 1 < frame->list.count)
	{
		frame->index++;
		renderer->source->item(&frame->list, frame->index, &frame->current);
		return section + 1;
	}
	renderer->depth--;
	return position + 1;
}

static void
begin(Renderer *renderer, const Template *template, const TemplateSource *source,
	  const TemplateValue *root, TemplateOutput *output)
{
	renderer->template = template;
	renderer->source = source;
	renderer->escape = TEMPLATE_ESCAPE_NONE;
	renderer->output = output;
	renderer->depth = 1;
	renderer->frames[0].current = *root;
}

TemplateStatus
respond_template_render(const Template *template, const TemplateSource *source,
						const TemplateValue *root, TemplateEscape escape,
						TemplateOutput *output)
{
	Renderer	renderer;
	uint32_t	position = 0;

	begin(&renderer, template, source, root, output);
	renderer.escape = escape;
	while (position < template->count && respond_template_step(output))
	{
		const TemplateNode *node = &template->nodes[position];

		switch (node->kind)
		{
			case TEMPLATE_NODE_TEXT:
				respond_template_append(output, template->source + node->offset,
										node->length);
				position++;
				break;
			case TEMPLATE_NODE_VARIABLE:
				render_variable(&renderer, node);
				position++;
				break;
			case TEMPLATE_NODE_SECTION:
			case TEMPLATE_NODE_INVERTED:
				position = begin_section(&renderer, position);
				break;
			case TEMPLATE_NODE_END:
				position = end_section(&renderer, position);
				break;
		}
	}
	return output->status;
}

TemplateValue
respond_template_resolve(const Template *template, const TemplateSource *source,
						 const TemplateValue *root)
{
	Renderer	renderer;
	TemplateOutput unused = {.status = TEMPLATE_OK};

	TemplateValue value;

	begin(&renderer, template, source, root, &unused);
	value = resolve(&renderer, template->nodes[0].path);
	return respond_template_filters_default(template->nodes[0].filters, &value);
}
