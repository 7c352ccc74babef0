/*-------------------------------------------------------------------------
 * test_json_template.c
 *	  JSON values whose strings are templates: types, places, limits.
 *
 * The result is written as JSON text by a receiver of our own; values that
 * keep their type come out as the source's JSON.
 *
 * test/unit/test_json_template.c
 *-------------------------------------------------------------------------
 */
/* links: src/template/json_template.c src/template/template.c src/template/template_render.c
   src/template/template_output.c src/template/template_shield.c src/template/template_path.c
   src/template/template_filter.c src/common/tag_path.c src/common/arena.c test/unit/json_reader.c
   test/unit/template_tree.c */
#include "check.h"

#include <stdlib.h>

#include "json_reader.h"
#include "template/json_template.h"
#include "template_tree.h"

typedef struct Writer
{
	TemplateOutput text;
	bool		follows;		/* a comma comes before the next item */
} Writer;

static const struct
{
	const char *name;
	const char *source;
	const char *data;
	TemplateEscape escape;
	const char *expected;
}			cases[] = {
	{"plain values", "{\"a\": [1.50, true, false, null, \"x\", {}, []]}", "{}", TEMPLATE_ESCAPE_NONE,
	"{\"a\": [1.50, true, false, null, \"x\", {}, []]}"},
	{"a string alone", "\"a {{b}}\"", "{\"b\": 1}", TEMPLATE_ESCAPE_NONE, "\"a 1\""},
	{"a number keeps its type", "{\"a\": \"{{b}}\"}", "{\"b\": 1.50}", TEMPLATE_ESCAPE_NONE, "{\"a\": 1.50}"},
	{"a boolean keeps its type", "[\"{{b}}\"]", "{\"b\": false}", TEMPLATE_ESCAPE_NONE, "[false]"},
	{"an object keeps its type", "[\"{{b.c}}\"]", "{\"b\": {\"c\": {\"d\": [1]}}}", TEMPLATE_ESCAPE_NONE, "[{\"d\": [1]}]"},
	{"an array keeps its type", "\"{{b}}\"", "{\"b\": [1, \"x\"]}", TEMPLATE_ESCAPE_NONE, "[1, \"x\"]"},
	{"raw tags keep the type, too", "[\"{{{b}}}\", \"{{& b }}\"]", "{\"b\": 1}", TEMPLATE_ESCAPE_NONE, "[1, 1]"},
	{"a string stays one", "[\"{{b}}\"]", "{\"b\": \"1\"}", TEMPLATE_ESCAPE_NONE, "[\"1\"]"},
	{"null and missing are null", "[\"{{b}}\", \"{{c}}\", \"{{c.d}}\"]", "{\"b\": null}", TEMPLATE_ESCAPE_NONE, "[null, null, null]"},
	{"a default keeps its type", "[\"{{a | default: 5}}\", \"{{a | default: true}}\", \"{{a | default: '5'}}\", \"{{b | default: 5}}\"]", "{\"b\": 1.0}",
	TEMPLATE_ESCAPE_NONE, "[5, true, \"5\", 1.0]"},
	{"what is cut is text", "[\"{{b | truncate: 10}}\", \"{{c | truncate: 5}}\", \"{{d | truncate: 5}}\"]", "{\"b\": 1, \"c\": [1, 2, 3]}", TEMPLATE_ESCAPE_NONE, "[\"1\", \"[1...\", \"\"]"},
	{"a quoted part keeps the type", "\"{{b[\\\"c d\\\"]}}\"", "{\"b\": {\"c d\": 1}}", TEMPLATE_ESCAPE_NONE, "1"},
	{"the whole context", "\"{{.}}\"", "{\"b\": 1}", TEMPLATE_ESCAPE_NONE, "{\"b\": 1}"},
	{"text around a tag makes text", "[\" {{b}}\", \"{{b}}{{b}}\", \"{{! x }}{{b}}\"]", "{\"b\": 1}",
	TEMPLATE_ESCAPE_NONE, "[\" 1\", \"11\", \"1\"]"},
	{"a section makes text", "[\"{{#b}}{{.}}{{/b}}\", \"{{#c}}x{{/c}}\"]", "{\"b\": [1, 2]}", TEMPLATE_ESCAPE_NONE, "[\"12\", \"\"]"},
	{"names of members are not templates", "{\"{{b}}\": \"{{b}}\"}", "{\"b\": 1}", TEMPLATE_ESCAPE_NONE, "{\"{{b}}\": 1}"},
	{"text is escaped for its place", "[\"<{{b}}{{{b}}}\"]", "{\"b\": \"<\"}", TEMPLATE_ESCAPE_SLACK, "[\"<&lt;<\"]"},
	{"a string that is one tag is escaped, too", "[\"{{b}}\", \"{{{b}}}\"]", "{\"b\": \"<\"}", TEMPLATE_ESCAPE_SLACK, "[\"&lt;\", \"<\"]"},
	{"strings inside an object that keeps its type are not", "\"{{b}}\"", "{\"b\": [\"<\"]}", TEMPLATE_ESCAPE_SLACK, "[\"<\"]"},
	{"quotes and line ends in data", "{\"a\": \"say {{b}}\"}", "{\"b\": \"\\\"\\n\"}", TEMPLATE_ESCAPE_NONE, "{\"a\": \"say \\\"\\n\"}"},
	{"values are not rendered again", "[\"{{b}}\", \"{{b}}!\"]", "{\"b\": \"{{c}}\", \"c\": 1}", TEMPLATE_ESCAPE_NONE, "[\"{{c}}\", \"{{c}}!\"]"},
};

static void
write_plain(Writer *writer, const char *text)
{
	respond_template_append(&writer->text, text, strlen(text));
}

static void
receive(void *state, JsonTemplateEvent event, const TemplateValue *value)
{
	Writer	   *writer = state;
	bool		ends = event == JSON_TEMPLATE_END_ARRAY || event == JSON_TEMPLATE_END_OBJECT;

	if (writer->follows && !ends)
		write_plain(writer, ", ");
	writer->follows = ends || event == JSON_TEMPLATE_VALUE || event == JSON_TEMPLATE_NUMBER;
	switch (event)
	{
		case JSON_TEMPLATE_BEGIN_ARRAY:
			write_plain(writer, "[");
			break;
		case JSON_TEMPLATE_END_ARRAY:
			write_plain(writer, "]");
			break;
		case JSON_TEMPLATE_BEGIN_OBJECT:
			write_plain(writer, "{");
			break;
		case JSON_TEMPLATE_END_OBJECT:
			write_plain(writer, "}");
			break;
		case JSON_TEMPLATE_KEY:
			respond_template_write_json_string(&writer->text, value->reference, value->count);
			write_plain(writer, ": ");
			break;
		case JSON_TEMPLATE_NUMBER:
			respond_template_append(&writer->text, value->reference, value->count);
			break;
		case JSON_TEMPLATE_VALUE:
			if (value->kind == TEMPLATE_STRING)
				respond_template_write_json_string(&writer->text, value->reference, value->count);
			else if (value->kind == TEMPLATE_NULL)
				write_plain(writer, "null");
			else
				respond_template_write_value(&template_tree_source, value, &writer->text);
			break;
	}
}

static TemplateStatus
render(const char *source, const char *data, TemplateEscape escape, size_t limit, char **result)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonTemplateError error;
	JsonTemplate *template;
	TemplateValue root = template_tree_value(json_read(arena, data, strlen(data)));
	TemplateOutput scratch;
	TemplateStatus status;
	Writer		writer = {.follows = false};

	template = respond_json_template_compile(arena, json_read(arena, source, strlen(source)), &error);
	respond_template_output_init(&scratch, 0, limit, template_tree_resize, NULL);
	respond_template_output_init(&writer.text, 0, 1024 * 1024, template_tree_resize, NULL);
	status = respond_json_template_render(template, &template_tree_source, &root, escape,
										  &scratch, receive, &writer);
	*result = calloc(1, writer.text.length + 1);
	memcpy(*result, writer.text.data, writer.text.length);
	free(scratch.data);
	free(writer.text.data);
	respond_arena_destroy(arena);
	return status;
}

static void
check_error(const char *source, const char *where, const char *message)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonTemplateError error = {.where = "?"};
	JsonTemplate *template;

	template = respond_json_template_compile(arena, json_read(arena, source, strlen(source)), &error);
	if (!check(template == NULL && strcmp(error.where, where) == 0 &&
			   strcmp(error.error.message, message) == 0, "error at \"%.40s\"", where))
		printf("#   got \"%s\": %s\n", error.where, error.error.message);
	respond_arena_destroy(arena);
}

static void
test_errors(void)
{
	char		deep[512];
	char		long_name[1200];

	check_error("\"{{a\"", "", "the tag that begins here is not closed");
	check_error("{\"to\": \"{{#a}}\"}", "to", "section \"a\" is not closed");
	check_error("[1, \"{{}}\"]", "[1]", "a tag needs a name");
	check_error("{\"x\": {\"y\": [{}, [\"ok\", {\"z\": \"{{>p}}\"}]]}}", "x.y[1][1].z",
				"partials ({{>...}}) cannot be used");

	memset(deep, '[', JSON_TEMPLATE_MAX_DEPTH + 1);
	memset(deep + JSON_TEMPLATE_MAX_DEPTH + 1, ']', JSON_TEMPLATE_MAX_DEPTH + 1);
	deep[2 * (JSON_TEMPLATE_MAX_DEPTH + 1)] = '\0';
	strcpy(long_name, "");
	for (int i = 0; i < JSON_TEMPLATE_MAX_DEPTH; i++)
		strcat(long_name, "[0]");
	check_error(deep, long_name, "arrays and objects are nested more than 64 deep");

	/* The way to a string is cut, not overrun. */
	strcpy(long_name, "{\"");
	memset(long_name + 2, 'n', 1000);
	strcpy(long_name + 1002, "\": \"{{}}\"}");
	strcpy(deep, "");
	for (int i = 0; i < 60; i++)
		strcat(deep, "n");
	check_error(long_name, deep, "a tag needs a name");
}

static void
test_limits(void)
{
	char	   *result;

	check(render("[\"{{a}}\", \"12345\"]", "{\"a\": \"123\"}", TEMPLATE_ESCAPE_NONE, 8, &result) ==
		  TEMPLATE_OK && strcmp(result, "[\"123\", \"12345\"]") == 0, "texts as long as the limit");
	free(result);
	check(render("[\"{{a}}\", \"12345\"]", "{\"a\": \"123\"}", TEMPLATE_ESCAPE_NONE, 7, &result) ==
		  TEMPLATE_TOO_LARGE, "the limit is that of all texts together");
	check_string(result, "[\"123\"", "nothing is received after the failure");
	free(result);
}

static void
note_path(void *state, const char *where, const TemplatePathUse *use)
{
	char	   *text = state;

	sprintf(text + strlen(text), "%s:%.*s ", where, (int) use->length, use->text);
}

static void
test_paths(void)
{
	static const char source[] =
		"{\"a\": \"{{b}} {{c.d}}\", \"e\": [\"plain\", \"{{f}}\", {\"g\": \"{{#h}}{{i}}{{/h}}\"}]}";
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonTemplateError error;
	JsonTemplate *template;
	static const char plain[] = "[{\"a\": \"x\"}, 1]";
	char		paths[256] = "";

	template = respond_json_template_compile(arena, json_read(arena, source, strlen(source)), &error);
	respond_json_template_each_path(template, note_path, paths);
	check_string(paths, "a:b a:c.d e[1]:f e[2].g:h e[2].g:i ", "paths of a JSON template");
	check(!respond_json_template_is_plain(template), "a value with tags is not plain");
	template = respond_json_template_compile(arena, json_read(arena, plain, strlen(plain)), &error);
	check(respond_json_template_is_plain(template), "a value without tags is plain");
	respond_arena_destroy(arena);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char	   *result;
		TemplateStatus status = render(cases[i].source, cases[i].data, cases[i].escape, 1000, &result);

		check_string(status == TEMPLATE_OK ? result : NULL, cases[i].expected, cases[i].name);
		free(result);
	}
	test_errors();
	test_limits();
	test_paths();
	return check_done();
}
