/*-------------------------------------------------------------------------
 * json_template.c
 *	  A JSON value whose strings are templates: the parameters of a step.
 *
 * The compiled form mirrors the value.  It is walked by recursion, which the
 * compiler bounds at JSON_TEMPLATE_MAX_DEPTH.
 *
 * src/template/json_template.c
 *-------------------------------------------------------------------------
 */
#include "template/json_template.h"

#include <stdio.h>

#include "template/template_code.h"

struct JsonTemplate
{
	JsonKind	kind;
	bool		boolean;
	bool		plain;			/* neither this nor anything inside has a tag */
	const char *name;			/* as a member of an object, else NULL */
	size_t		name_length;
	const char *text;			/* of a number */
	size_t		length;
	const Template *template;	/* of a string */
	size_t		count;			/* of an array or object */
	JsonTemplate **children;
};

typedef struct Compiler
{
	Arena	   *arena;
	JsonTemplateError *error;
} Compiler;

/* The way to one value, from the inside out. */
typedef struct Place
{
	const struct Place *outer;
	const char *name;			/* of a member; NULL: the item at index */
	size_t		name_length;
	size_t		index;
	int			depth;
} Place;

static JsonTemplate *compile_value(Compiler *compiler, const JsonValue *value,
								   const Place *place);

JsonTemplate *
respond_json_template_compile(Arena *arena, const JsonValue *value,
							  JsonTemplateError *error)
{
	Compiler	compiler = {arena, error};

	return compile_value(&compiler, value, NULL);
}

/*
 * Writes the way to place, such as fields.list[2], and gives its length.  A
 * step that does not fit is left out whole.
 */
static size_t
describe_place(const Place *place, char *buffer, size_t size)
{
	size_t		used;
	size_t		step;
	bool		is_first;

	buffer[0] = '\0';
	if (place == NULL)
		return 0;
	used = describe_place(place->outer, buffer, size);
	is_first = place->outer == NULL;
	if (place->name == NULL)
		step = (size_t) snprintf(buffer + used, size - used, "[%zu]", place->index);
	else
		step = (size_t) snprintf(buffer + used, size - used, "%s%.*s", is_first ? "" : ".",
								 respond_template_shown_length(place->name, place->name_length),
								 place->name);
	if (step >= size - used)
	{
		buffer[used] = '\0';
		step = 0;
	}
	return used + step;
}

static Place
step_into(const Place *outer, const char *name, size_t name_length, size_t index)
{
	Place		step = {outer, name, name_length, index, outer != NULL ? outer->depth + 1 : 1};

	return step;
}

static JsonTemplate *
refuse_depth(Compiler *compiler, const Place *place)
{
	TemplateError *error = &compiler->error->error;

	describe_place(place, compiler->error->where, JSON_TEMPLATE_WHERE_SIZE);
	error->line = 1;
	error->column = 1;
	snprintf(error->message, sizeof(error->message),
			 "arrays and objects are nested more than %d deep", JSON_TEMPLATE_MAX_DEPTH);
	snprintf(error->hint, sizeof(error->hint),
			 "Pass deep values from the event with a single tag.");
	return NULL;
}

static bool
compile_children(Compiler *compiler, JsonTemplate *template, const JsonValue *value,
				 const Place *place)
{
	bool		is_object = value->kind == JSON_KIND_OBJECT;

	template->count = value->count;
	template->children = respond_arena_alloc(compiler->arena,
											 value->count * sizeof(JsonTemplate *));
	for (size_t i = 0; i < value->count; i++)
	{
		const char *name = is_object ? value->members[i].name : NULL;
		size_t		name_length = is_object ? value->members[i].name_length : 0;
		Place		step = step_into(place, name, name_length, i);
		JsonTemplate *child;

		child = compile_value(compiler, is_object ? value->members[i].value :
							  value->items[i], &step);
		if (child == NULL)
			return false;
		if (is_object)
		{
			child->name = respond_arena_copy(compiler->arena, name, name_length);
			child->name_length = name_length;
		}
		template->children[i] = child;
		template->plain = template->plain && child->plain;
	}
	return true;
}

static JsonTemplate *
compile_value(Compiler *compiler, const JsonValue *value, const Place *place)
{
	JsonTemplate *template;

	template = respond_arena_alloc_zero(compiler->arena, sizeof(JsonTemplate));
	template->kind = value->kind;
	template->boolean = value->boolean;
	template->plain = true;
	switch (value->kind)
	{
		case JSON_KIND_NULL:
		case JSON_KIND_BOOLEAN:
			break;
		case JSON_KIND_NUMBER:
			template->text = respond_arena_copy(compiler->arena, value->text, value->length);
			template->length = value->length;
			break;
		case JSON_KIND_STRING:
			template->template = respond_template_compile(compiler->arena, value->text,
														  value->length,
														  &compiler->error->error);
			if (template->template == NULL)
			{
				describe_place(place, compiler->error->where, JSON_TEMPLATE_WHERE_SIZE);
				return NULL;
			}
			template->plain = respond_template_is_plain(template->template);
			break;
		case JSON_KIND_ARRAY:
		case JSON_KIND_OBJECT:
			if (place != NULL && place->depth >= JSON_TEMPLATE_MAX_DEPTH)
				return refuse_depth(compiler, place);
			if (!compile_children(compiler, template, value, place))
				return NULL;
			break;
	}
	return template;
}

bool
respond_json_template_is_plain(const JsonTemplate *template)
{
	return template->plain;
}

typedef struct Renderer
{
	const TemplateSource *source;
	const TemplateValue *root;
	TemplateEscape escape;
	TemplateOutput *output;
	JsonTemplateEmit emit;
	void	   *state;
} Renderer;

/* Nothing is emitted after a failure: the receiver sees a prefix of the result. */
static void
emit_event(Renderer *renderer, JsonTemplateEvent event, const TemplateValue *value)
{
	if (renderer->output->status == TEMPLATE_OK)
		renderer->emit(renderer->state, event, value);
}

static void
emit_text(Renderer *renderer, JsonTemplateEvent event, const char *text, size_t length)
{
	TemplateValue value = {.kind = TEMPLATE_STRING, .count = length, .reference = text};

	emit_event(renderer, event, &value);
}

static void
render_string(Renderer *renderer, const Template *template)
{
	TemplateOutput *output = renderer->output;
	TemplateEscape escape = renderer->escape;
	size_t		length;

	if (respond_template_is_single_tag(template))
	{
		TemplateValue value = respond_template_resolve(template, renderer->source,
													   renderer->root);

		if (value.kind == TEMPLATE_MISSING)
			value.kind = TEMPLATE_NULL;
		if (value.kind == TEMPLATE_NUMBER && value.form == TEMPLATE_FORM_LITERAL)
		{
			emit_text(renderer, JSON_TEMPLATE_NUMBER, value.reference, value.count);
			return;
		}
		if (value.kind != TEMPLATE_STRING)
		{
			emit_event(renderer, JSON_TEMPLATE_VALUE, &value);
			return;
		}
		/* the value is the whole text: "Ann <ann@example.org>" has its structure, but is one address */
		if (escape == TEMPLATE_ESCAPE_ADDRESS)
			escape = TEMPLATE_ESCAPE_ONE_ADDRESS;
	}
	output->length = output->reserved;
	respond_template_render(template, renderer->source, renderer->root,
							escape, output);
	length = output->length - output->reserved;
	output->length = output->reserved;
	if (respond_template_charge(output, length))
		emit_text(renderer, JSON_TEMPLATE_VALUE, output->data + output->reserved, length);
}

static void
render_value(Renderer *renderer, const JsonTemplate *template)
{
	TemplateValue value = {.kind = TEMPLATE_NULL};
	bool		is_array = template->kind == JSON_KIND_ARRAY;

	if (!respond_template_step(renderer->output))
		return;
	switch (template->kind)
	{
		case JSON_KIND_NULL:
			emit_event(renderer, JSON_TEMPLATE_VALUE, &value);
			break;
		case JSON_KIND_BOOLEAN:
			value.kind = TEMPLATE_BOOLEAN;
			value.boolean = template->boolean;
			emit_event(renderer, JSON_TEMPLATE_VALUE, &value);
			break;
		case JSON_KIND_NUMBER:
			emit_text(renderer, JSON_TEMPLATE_NUMBER, template->text, template->length);
			break;
		case JSON_KIND_STRING:
			render_string(renderer, template->template);
			break;
		case JSON_KIND_ARRAY:
		case JSON_KIND_OBJECT:
			emit_event(renderer, is_array ? JSON_TEMPLATE_BEGIN_ARRAY : JSON_TEMPLATE_BEGIN_OBJECT,
				 NULL);
			for (size_t i = 0; i < template->count; i++)
			{
				const JsonTemplate *child = template->children[i];

				if (!is_array)
					emit_text(renderer, JSON_TEMPLATE_KEY, child->name, child->name_length);
				render_value(renderer, child);
			}
			emit_event(renderer, is_array ? JSON_TEMPLATE_END_ARRAY : JSON_TEMPLATE_END_OBJECT,
				 NULL);
			break;
	}
}

TemplateStatus
respond_json_template_render(const JsonTemplate *template, const TemplateSource *source,
							 const TemplateValue *root, TemplateEscape escape,
							 TemplateOutput *output, JsonTemplateEmit emit, void *state)
{
	Renderer	renderer = {source, root, escape, output, emit, state};

	render_value(&renderer, template);
	return output->status;
}

typedef struct PathVisitor
{
	JsonTemplatePathVisit visit;
	void	   *state;
	char		where[JSON_TEMPLATE_WHERE_SIZE];
} PathVisitor;

static void
visit_path(void *state, const TemplatePathUse *use)
{
	PathVisitor *visitor = state;

	visitor->visit(visitor->state, visitor->where, use);
}

static void
visit_paths(PathVisitor *visitor, const JsonTemplate *template, const Place *place)
{
	if (template->plain)
		return;
	if (template->kind == JSON_KIND_STRING)
	{
		describe_place(place, visitor->where, sizeof(visitor->where));
		respond_template_each_path(template->template, visit_path, visitor);
	}
	for (size_t i = 0; i < template->count; i++)
	{
		const JsonTemplate *child = template->children[i];
		Place		step = step_into(place, child->name, child->name_length, i);

		visit_paths(visitor, child, &step);
	}
}

void
respond_json_template_each_path(const JsonTemplate *template,
								JsonTemplatePathVisit visit, void *state)
{
	PathVisitor visitor = {.visit = visit, .state = state};

	visit_paths(&visitor, template, NULL);
}
