/*-------------------------------------------------------------------------
 * fuzz_template.c
 *	  No template and no data break the engine.
 *
 * Input: a template, a line "%%", and JSON for its context; the template is
 * also tried as a JSON value whose strings are templates.  Checked besides
 * memory: the cap on text and on allocation, that escaped JSON reads back as
 * the value it came from, and that an escaped URL has no byte to misread.
 *
 * test/fuzz/fuzz_template.c
 *-------------------------------------------------------------------------
 */
/* links: src/template/json_template.c src/template/template.c src/template/template_render.c
   src/template/template_output.c src/template/template_shield.c src/template/template_path.c
   src/template/template_filter.c src/common/tag_path.c src/common/arena.c
   test/unit/json_reader.c test/unit/template_tree.c */
#define _GNU_SOURCE				/* memmem */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_reader.h"
#include "template/json_template.h"
#include "template_tree.h"
#include "insist.h"

#define TEXT_LIMIT		((size_t) 20000)
#define SEPARATOR		"\n%%\n"

/* A value escaped for a place in JSON or in a URL, checked by reading it. */
static void
check_escapes(Arena *arena, const TemplateValue *root)
{
	TemplateOutput plain;
	TemplateOutput escaped;
	JsonValue  *value;

	respond_template_output_init(&plain, 0, TEXT_LIMIT, template_tree_resize, NULL);
	respond_template_output_init(&escaped, 0, TEXT_LIMIT * 6 + 2, template_tree_resize, NULL);
	respond_template_write_value(&template_tree_source, root, &plain);
	if (plain.status == TEMPLATE_OK)
	{
		escaped.escape = TEMPLATE_ESCAPE_JSON;
		respond_template_append(&escaped, "\"", 1);
		respond_template_write_value(&template_tree_source, root, &escaped);
		respond_template_append(&escaped, "\"", 1);
		insist(escaped.status == TEMPLATE_OK, "six bytes for one are enough");
		value = json_read(arena, escaped.data, escaped.length);
		insist(value != NULL && value->length == plain.length &&
			   memcmp(value->text, plain.data, plain.length) == 0, "escaped JSON reads back");

		escaped.length = 0;
		escaped.escape = TEMPLATE_ESCAPE_URL;
		respond_template_write_value(&template_tree_source, root, &escaped);
		for (size_t i = 0; i < escaped.length; i++)
			insist(strchr("-._~%", escaped.data[i]) != NULL ||
				   (escaped.data[i] >= '0' && escaped.data[i] <= '9') ||
				   ((escaped.data[i] | 32) >= 'a' && (escaped.data[i] | 32) <= 'z'),
				   "a URL holds only unreserved bytes and percent signs");
	}
	free(plain.data);
	free(escaped.data);
}

static void
ignore_path(void *state, const TemplatePathUse *use)
{
	insist(use->line >= 1 && use->column >= 1 && use->length >= 1, "a use has a place");
}

static void
ignore_json_path(void *state, const char *where, const TemplatePathUse *use)
{
	insist(strlen(where) < JSON_TEMPLATE_WHERE_SIZE, "a place fits");
}

static void
ignore_piece(void *state, JsonTemplateEvent event, const TemplateValue *value)
{
	size_t	   *pieces = state;

	insist(event != JSON_TEMPLATE_KEY || value->kind == TEMPLATE_STRING, "a key is a string");
	(*pieces)++;
}

static void
try_template(Arena *arena, const char *source, size_t length, const TemplateValue *root)
{
	TemplateError error = {0};
	Template   *template = respond_template_compile(arena, source, length, &error);

	if (template == NULL)
	{
		insist(error.line >= 1 && error.column >= 1 && error.message[0] != '\0' &&
			   error.hint[0] != '\0', "an error says where and what");
		return;
	}
	respond_template_each_path(template, ignore_path, NULL);
	for (int escape = TEMPLATE_ESCAPE_NONE; escape <= TEMPLATE_ESCAPE_MARKDOWN; escape++)
	{
		TemplateOutput output;

		respond_template_output_init(&output, 4, TEXT_LIMIT, template_tree_resize, NULL);
		/* Most of the work a rendering may take is done already. */
		output.work = TEMPLATE_MAX_WORK - 100000;
		respond_template_render(template, &template_tree_source, root, (TemplateEscape) escape,
								&output);
		insist(output.length <= TEXT_LIMIT + 4 && output.capacity <= TEXT_LIMIT + 4,
			   "the cap holds");
		free(output.data);
	}
}

static void
try_json_template(Arena *arena, const char *source, size_t length, const TemplateValue *root)
{
	JsonValue  *value = json_read(arena, source, length);
	JsonTemplateError error;
	JsonTemplate *template;
	TemplateOutput output;
	size_t		pieces = 0;

	if (value == NULL)
		return;
	template = respond_json_template_compile(arena, value, &error);
	if (template == NULL)
	{
		insist(strlen(error.where) < JSON_TEMPLATE_WHERE_SIZE, "a place fits");
		return;
	}
	respond_json_template_each_path(template, ignore_json_path, NULL);
	respond_template_output_init(&output, 0, TEXT_LIMIT, template_tree_resize, NULL);
	output.work = TEMPLATE_MAX_WORK - 100000;
	if (respond_json_template_render(template, &template_tree_source, root,
									 TEMPLATE_ESCAPE_NONE, &output, ignore_piece, &pieces) == TEMPLATE_OK)
		insist(pieces > 0, "a value comes out");
	free(output.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	const char *source = (const char *) data;
	const char *separator = size == 0 ? NULL :
		memmem(source, size, SEPARATOR, strlen(SEPARATOR));
	size_t		length = separator != NULL ? (size_t) (separator - source) : size;
	JsonValue	nothing = {.kind = JSON_KIND_NULL};
	JsonValue  *context = NULL;
	TemplateValue root;

	if (separator != NULL)
		context = json_read(arena, separator + strlen(SEPARATOR),
							size - length - strlen(SEPARATOR));
	root = template_tree_value(context != NULL ? context : &nothing);
	try_template(arena, source, length, &root);
	try_json_template(arena, source, length, &root);
	check_escapes(arena, &root);
	respond_arena_destroy(arena);
	return 0;
}
