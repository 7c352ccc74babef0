/*-------------------------------------------------------------------------
 * test_template.c
 *	  The template engine: language, errors, escapes, limits.
 *
 * Every behaviour of the core of the Mustache specification has a case of our
 * own here; test_template_spec.c runs the public suite where it can be had.
 *
 * test/unit/test_template.c
 *-------------------------------------------------------------------------
 */
/* links: src/template/template.c src/template/template_render.c src/template/template_output.c src/template/template_shield.c src/template/template_path.c
   src/template/template_filter.c src/common/tag_path.c
   src/common/arena.c test/unit/json_reader.c test/unit/template_tree.c */
#include "check.h"

#include <stdlib.h>

#include "json_reader.h"
#include "template_tree.h"

typedef struct RenderCase
{
	const char *name;
	const char *source;
	const char *data;
	const char *expected;
} RenderCase;

static const RenderCase language_cases[] = {
	/* text and variables */
	{"empty template", "", "{}", ""},
	{"no tags", "a {b} }} c\n", "{}", "a {b} }} c\n"},
	{"variable", "Dear {{name}}!", "{\"name\": \"Ann\"}", "Dear Ann!"},
	{"variables side by side", "{{a}}{{b}}{{a}}", "{\"a\": 1, \"b\": 2}", "121"},
	{"values are not rendered again", "{{a}} {{b}}", "{\"a\": \"{{b}}\", \"b\": \"{{{a}}}\"}", "{{b}} {{{a}}}"},
	{"variable is escaped", "{{a}}", "{\"a\": \"<\\\"&'>\"}", "&lt;&quot;&amp;&#39;&gt;"},
	{"triple braces are raw", "{{{a}}}", "{\"a\": \"<\\\"&'>\"}", "<\"&'>"},
	{"ampersand is raw", "{{&a}}", "{\"a\": \"<\\\"&'>\"}", "<\"&'>"},
	{"braces around a tag", "{ {{a}} }", "{\"a\": 1}", "{ 1 }"},
	{"text behind a raw tag", "{{{a}}}}", "{\"a\": 1}", "1}"},
	{"integer", "{{a}}|{{{a}}}|{{&a}}", "{\"a\": 85}", "85|85|85"},
	{"decimal keeps its digits", "{{a}}", "{\"a\": 1.10}", "1.10"},
	{"large number", "{{a}}", "{\"a\": 12345678901234567890}", "12345678901234567890"},
	{"booleans", "{{t}} {{f}}", "{\"t\": true, \"f\": false}", "true false"},
	{"null renders as nothing", "({{a}})({{{a}}})({{&a}})", "{\"a\": null}", "()()()"},
	{"missing renders as nothing", "({{a}})({{{a}}})({{&a}})", "{}", "()()()"},
	{"white space in tags", "|{{ a }}|{{{  a }}}|{{& a\n}}|{{\ta\t}}|", "{\"a\": 1}", "|1|1|1|1|"},
	{"white space around tags", " {{a}} \n\t{{a}}\n", "{\"a\": 1}", " 1 \n\t1\n"},
	{"a variable alone on its line keeps the line", "  {{a}}\n  {{{a}}}\n  {{&a}}\n", "{\"a\": 1}", "  1\n  1\n  1\n"},
	{"object as JSON", "{{{a}}}", "{\"a\": {\"x\": [1, \"q\\\"\", null, true], \"y\": {}}}",
	"{\"x\": [1, \"q\\\"\", null, true], \"y\": {}}"},
	{"array as JSON", "{{{a}}}", "{\"a\": [1, [], {\"b\": \"\\n\"}]}", "[1, [], {\"b\": \"\\n\"}]"},
	{"JSON is escaped too", "{{a}}", "{\"a\": [\"<\"]}", "[&quot;&lt;&quot;]"},
	{"characters beyond ASCII", "\xc3\xa4{{a\xc3\xb6}}\xe2\x82\xac", "{\"a\xc3\xb6\": \"\\u00e9\\ud83d\\ude00\"}",
	"\xc3\xa4\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac"},

	/* dotted names and indexes */
	{"dotted name", "{{a.b.c}}", "{\"a\": {\"b\": {\"c\": \"x\"}}}", "x"},
	{"dotted name, raw", "{{{a.b}}}{{&a.b}}", "{\"a\": {\"b\": \"<\"}}", "<<"},
	{"dotted name, broken chain", "[{{a.b.c}}]", "{\"a\": {}}", "[]"},
	{"dotted name through a scalar", "[{{a.b}}]", "{\"a\": \"x\"}", "[]"},
	{"dotted name through null", "[{{a.b}}]", "{\"a\": null}", "[]"},
	{"a broken chain does not start again", "[{{a.b.name}}]", "{\"a\": {\"b\": {}}, \"b\": {\"name\": 1}, \"name\": 2}", "[]"},
	{"first part decides the context", "{{#a}}[{{b.c}}]{{/a}}", "{\"a\": {\"b\": {}}, \"b\": {\"c\": \"wrong\"}}", "[]"},
	{"first part is looked for outwards", "{{#a}}{{b.c}}{{/a}}", "{\"a\": {}, \"b\": {\"c\": \"x\"}}", "x"},
	{"later parts are not looked for outwards", "{{#a}}{{b.c.d}}{{/a}}",
	"{\"a\": {\"b\": {\"c\": {\"d\": 1}}}, \"b\": {\"c\": {\"d\": 2}}}", "1"},
	{"a dotted name is not one key", "[{{a.b}}]", "{\"a.b\": 1}", "[]"},
	{"a key with a dot hides nothing", "{{a.b}}", "{\"a.b\": 1, \"a\": {\"b\": 2}}", "2"},
	{"list index", "{{a.0.n}}{{a.1.n}}[{{a.2.n}}]", "{\"a\": [{\"n\": 1}, {\"n\": 2}]}", "12[]"},
	{"list index in the root", "{{1}}", "[4, 5]", "5"},
	{"list index in lists", "{{a.1.0}}", "{\"a\": [[1], [2]]}", "2"},
	{"index with leading zero is no index", "[{{a.00}}]", "{\"a\": [1]}", "[]"},
	{"index beyond any list", "[{{a.4294967296}}][{{a.999999999}}]", "{\"a\": [1]}", "[][]"},
	{"negative index is no index", "[{{a.-1}}]", "{\"a\": [1]}", "[]"},
	{"number as key of an object", "{{a.0}}", "{\"a\": {\"0\": \"x\"}}", "x"},

	/* implicit iterator */
	{"the root itself", "{{.}}", "\"x\"", "x"},
	{"the root itself, escaped", "{{.}}{{{.}}}{{&.}}", "\"<\"", "&lt;<<"},
	{"the root as a number", "{{.}}", "85", "85"},
	{"items that are strings", "{{#a}}({{.}}){{/a}}", "{\"a\": [\"x\", \"y\"]}", "(x)(y)"},
	{"items that are numbers", "{{#a}}({{.}}){{/a}}", "{\"a\": [1, 2.5]}", "(1)(2.5)"},
	{"items that are lists", "{{#a}}({{#.}}{{.}},{{/.}}){{/a}}", "{\"a\": [[1, 2], [3]]}", "(1,2,)(3,)"},
	{"items are escaped", "{{#a}}{{.}}{{{.}}}{{&.}}{{/a}}", "{\"a\": [\"<\"]}", "&lt;<<"},
	{"root that is a list", "{{#.}}({{v}}){{/.}}", "[{\"v\": 1}, {\"v\": 2}]", "(1)(2)"},
	{"items that are null", "{{#a}}({{.}}){{/a}}", "{\"a\": [null, 1]}", "()(1)"},

	/* sections */
	{"true section", "{{#a}}x{{/a}}", "{\"a\": true}", "x"},
	{"false section", "[{{#a}}x{{/a}}]", "{\"a\": false}", "[]"},
	{"null section", "[{{#a}}x{{/a}}]", "{\"a\": null}", "[]"},
	{"missing section", "[{{#a}}x{{/a}}]", "{}", "[]"},
	{"empty string is false", "[{{#a}}x{{/a}}]{{^a}}y{{/a}}", "{\"a\": \"\"}", "[]y"},
	{"zero is false", "[{{#a}}x{{/a}}][{{#b}}x{{/b}}]", "{\"a\": 0, \"b\": -0.00}", "[][]"},
	{"number section", "{{#a}}{{.}}{{/a}}{{#b}}{{.}}{{/b}}", "{\"a\": 0.01, \"b\": -3}", "0.01-3"},
	{"string section", "{{#a}}{{.}} is {{a}}{{/a}}", "{\"a\": \"x\"}", "x is x"},
	{"object section is a context", "{{#a}}{{n}}{{/a}}", "{\"a\": {\"n\": 1}}", "1"},
	{"empty object is true", "{{#a}}x{{/a}}", "{\"a\": {}}", "x"},
	{"outer names are seen", "{{#s}}{{a}},{{b}},{{c.d}}{{/s}}",
	"{\"a\": 1, \"b\": 2, \"s\": {\"b\": 3}, \"c\": {\"d\": 4}}", "1,3,4"},
	{"a null inside hides the outer value", "{{#s}}[{{a}}]{{/s}}", "{\"a\": 1, \"s\": {\"a\": null}}", "[]"},
	{"list", "{{#a}}{{n}};{{/a}}", "{\"a\": [{\"n\": 1}, {\"n\": 2}, {\"n\": 3}]}", "1;2;3;"},
	{"empty list", "[{{#a}}x{{/a}}]", "{\"a\": []}", "[]"},
	{"list in a list", "{{#a}}{{n}}:{{#b}}{{n}}{{m}} {{/b}}{{/a}}",
	"{\"a\": [{\"n\": 1, \"b\": [{\"m\": 2}, {\"m\": 3}]}, {\"n\": 4, \"b\": []}]}", "1:12 13 4:"},
	{"same section twice", "{{#a}}1{{/a}}-{{#a}}2{{/a}}", "{\"a\": true}", "1-2"},
	{"section within itself", "{{#a}}B{{#a}}C{{/a}}D{{/a}}", "{\"a\": true}", "BCD"},
	{"skipped section within itself", "[{{#a}}B{{#a}}C{{/a}}D{{/a}}]", "{\"a\": false}", "[]"},
	{"deep contexts", "{{#a}}{{x}}{{#b}}{{x}}{{y}}{{#c}}{{x}}{{y}}{{z}}{{/c}}{{y}}{{/b}}{{x}}{{/a}}",
	"{\"a\": {\"x\": 1}, \"b\": {\"y\": 2}, \"c\": {\"z\": 3}}", "11212321"},
	{"dotted section", "{{#a.b}}x{{/a.b}}{{#a.c}}y{{/a.c}}{{#a.d.e}}z{{/a.d.e}}", "{\"a\": {\"b\": true, \"c\": false}}", "x"},
	{"section keeps white space", " | {{#a}}\t|\t{{/a}} | \n", "{\"a\": true}", " | \t|\t | \n"},
	{"white space in section tags", "{{# a }}x{{/ a }}", "{\"a\": true}", "x"},

	/* inverted sections */
	{"inverted false", "{{^a}}x{{/a}}", "{\"a\": false}", "x"},
	{"inverted true", "[{{^a}}x{{/a}}]", "{\"a\": true}", "[]"},
	{"inverted null", "{{^a}}x{{/a}}", "{\"a\": null}", "x"},
	{"inverted missing", "{{^a}}x{{/a}}", "{}", "x"},
	{"inverted object", "[{{^a}}x{{/a}}]", "{\"a\": {\"n\": 1}}", "[]"},
	{"inverted list", "[{{^a}}x{{/a}}]", "{\"a\": [1]}", "[]"},
	{"inverted empty list", "{{^a}}x{{/a}}", "{\"a\": []}", "x"},
	{"inverted twice and nested", "{{^a}}1{{^a}}2{{/a}}3{{/a}}{{^a}}4{{/a}}", "{}", "1234"},
	{"inverted dotted", "{{^a.b}}x{{/a.b}}{{^a.c.d}}y{{/a.c.d}}[{{^a}}z{{/a}}]", "{\"a\": {}}", "xy[]"},
	{"inverted within a section", "{{#a}}{{^n}}none{{/n}}{{#n}}{{n}}{{/n}};{{/a}}", "{\"a\": [{}, {\"n\": 1}]}", "none;1;"},

	/* comments */
	{"comment", "a{{! this is {{ nothing }}b", "{}", "ab"},
	{"comment over lines", "a{{!\n one\n two\n}}b\n", "{}", "ab\n"},
	{"comment keeps white space", "a {{! x }} b", "{}", "a  b"},
	{"comment is no variable", "[{{! a }}{{!a}}]", "{\"! a\": 1, \"!a\": 2, \"a\": 3}", "[]"},
	{"indented comment with text keeps its line", "  x {{! x }}\n", "{}", "  x \n"},

	/* delimiters */
	{"delimiters", "{{=<% %>=}}(<%a%>)", "{\"a\": 1}", "(1)"},
	{"delimiters special to patterns", "({{=[ ]=}}[a])", "{\"a\": 1}", "(1)"},
	{"delimiters for sections", "{{= | | =}}|#a|{{a}}|a||/a||^a|x|/a|", "{\"a\": \"v\"}", "{{a}}v"},
	{"delimiters back again", "{{=<% %>=}}<%a%>{{a}}<%={{ }}=%>{{a}}<%a%>", "{\"a\": 1}", "1{{a}}1<%a%>"},
	{"delimiters of one character", "{{=@ @=}}@a@ a@b", "{\"a\": 1}", NULL},
	{"raw with other delimiters", "{{=<% %>=}}<%&a%><%{a}%>", "{\"a\": \"<\"}", "<<"},
	{"white space in delimiters", "|{{=   @ \t @  =}}@a@|", "{\"a\": 1}", "|1|"},
	{"delimiters keep white space", "a {{=@ @=}} b", "{}", "a  b"},
	{"delimiters hold after a section", "{{#a}}{{=< >=}}<.>{{.}}</a>{{.}}", "{\"a\": [1, 2]}", "1{{.}}2{{.}}{{.}}"},

	/* lines with nothing but a tag */
	{"section lines vanish", "1\n{{#a}}\n2\n{{/a}}\n3\n", "{\"a\": true}", "1\n2\n3\n"},
	{"indented section lines vanish", "1\n  {{#a}}  \n2\n\t{{/a}}\t\n3\n", "{\"a\": true}", "1\n2\n3\n"},
	{"inverted lines vanish", "1\n {{^a}}\n2\n {{/a}}\n3\n", "{}", "1\n2\n3\n"},
	{"lines of a skipped section vanish", "1\n{{#a}}\n2\n{{/a}}\n3\n", "{}", "1\n3\n"},
	{"comment line vanishes", "1\n{{! x }}\n2\n", "{}", "1\n2\n"},
	{"comment lines vanish", "1\n  {{!\n  x\n  }}\n2\n", "{}", "1\n2\n"},
	{"delimiter line vanishes", "1\n  {{=@ @=}}\n2\n", "{}", "1\n2\n"},
	{"CR LF ends a line", "1\r\n{{#a}}\r\n2\r\n{{/a}}\r\n3\r\n{{! x }}\r\n{{=@ @=}}\r\n4", "{\"a\": 1}", "1\r\n2\r\n3\r\n4"},
	{"CR alone does not", "1\n{{! x }}\r2", "{}", "1\n\r2"},
	{"first line vanishes", "  {{#a}}\n1{{/a}}\n2", "{\"a\": true}", "1\n2"},
	{"last line vanishes", "1{{#a}}\n2\n  {{/a}}", "{\"a\": true}", "1\n2\n"},
	{"only line vanishes", "  {{! x }}  ", "{}", ""},
	{"two tags on a line stay", "{{#a}} {{/a}}\n{{! x }} {{! y }}\n", "{\"a\": true}", " \n \n"},
	{"tag behind text stays", "x {{#a}}\n{{/a}}\n", "{\"a\": true}", "x \n"},
	{"comment behind a section's end stays", " {{#a}} {{! x }}\n {{/a}} | \n", "{\"a\": true}", "  \n  | \n"},
	{"lines repeat", "{{#a}}\n- {{.}}\n{{/a}}\n", "{\"a\": [1, 2]}", "- 1\n- 2\n"},
	{"empty lines stay", "{{#a}}\n\n{{/a}}\n\n", "{\"a\": true}", "\n\n"},
	{"a quoted part", "{{a[\"b c\"]}}", "{\"a\": {\"b c\": 1}}", "1"},
	{"a quoted part with a dot", "{{a[\"b.c\"].d}}", "{\"a\": {\"b.c\": {\"d\": 1}}}", "1"},
	{"single quotes", "{{a['b c']}}", "{\"a\": {\"b c\": 1}}", "1"},
	{"a quoted part comes first", "{{[\"b c\"].d}}{{ [\"b c\"]['d'] }}", "{\"b c\": {\"d\": 1}}", "11"},
	{"quotes in a quoted part", "{{[\"\\\"\"]}}{{['\\'']}}{{[\"\\\\\"]}}{{['\"']}}", "{\"\\\"\": 1, \"'\": 2, \"\\\\\": 3}", "1231"},
	{"braces in a quoted part", "{{[\"a\\u007d\\u007d\"]}}{{[\"{\"]}}", "{\"a}}\": 1, \"{\": 2}", "12"},
	{"a bar in a quoted part", "{{[\"a | b\"]}}", "{\"a | b\": 1}", "1"},
	{"a quoted part is no place in a list", "[{{a[\"0\"]}}]{{a.0}}", "{\"a\": [1]}", "[]1"},
	{"an empty quoted part", "{{a[\"\"]}}", "{\"a\": {\"\": 1}}", "1"},
	{"a section of a quoted name", "{{#a[\"b c\"]}}{{d}}{{/a[\"b c\"]}}{{^a[\"x y\"]}}n{{/a[\"x y\"]}}", "{\"a\": {\"b c\": [{\"d\": 1}, {\"d\": 2}]}}", "12n"},
	{"brackets without quotes are a name", "{{a[0]}}{{b[c]}}", "{\"a[0]\": 1, \"b[c]\": 2}", "12"},
	{"raw and quoted", "{{{a[\"b c\"]}}}{{& a[\"b c\"] }}", "{\"a\": {\"b c\": \"<\"}}", "<<"},
	{"default: missing", "{{a | default: \"x y\"}}", "{}", "x y"},
	{"default: null", "{{a|default:\"x\"}}", "{\"a\": null}", "x"},
	{"default: empty", "{{a | default: 'x'}}{{b | default: \"y\"}}", "{\"a\": \"\", \"b\": []}", "xy"},
	{"default: what is there stays", "{{a | default: \"x\"}}{{b | default: \"x\"}}{{c | default: \"x\"}}", "{\"a\": 0, \"b\": false, \"c\": \" \"}", "0false "},
	{"default: numbers and booleans", "{{a | default: -1.50}} {{a | default: true}} {{a | default: 0}}", "{}", "-1.50 true 0"},
	{"default: is escaped", "{{a | default: \"<\\\"|}\"}}{{{a | default: \"<\"}}}", "{}", "&lt;&quot;|}<"},
	{"default: in a section", "{{#a}}{{b | default: \"x\"}}{{/a}}", "{\"a\": [{\"b\": 1}, {}]}", "1x"},
	{"truncate: short", "{{a | truncate: 5}}", "{\"a\": \"abcde\"}", "abcde"},
	{"truncate: long", "{{a | truncate: 5}}", "{\"a\": \"abcdef\"}", "ab..."},
	{"truncate: characters", "{{a | truncate: 5}}{{b | truncate: 4}}", "{\"a\": \"ä€😀xyz\", \"b\": \"ääää\"}", "ä€...ääää"},
	{"truncate: before it is escaped", "{{a | truncate: 4}}", "{\"a\": \"<<<<<\"}", "&lt;..."},
	{"truncate: nearly nothing", "{{a | truncate: 3}}{{a | truncate: 1}}", "{\"a\": \"abcdef\"}", "abca"},
	{"truncate: empty and missing", "[{{a | truncate: 4}}{{b | truncate: 4}}]", "{\"a\": \"\"}", "[]"},
	{"truncate: a number", "{{a | truncate: 5}}{{b | truncate: 5}}", "{\"a\": 1234567, \"b\": 12345}", "12...12345"},
	{"truncate: an object", "{{{a | truncate: 12}}}", "{\"a\": {\"b\": \"a long text\", \"c\": 1}}", "{\"b\": \"a ..."},
	{"truncate: an object that fits", "{{{a | truncate: 8}}}", "{\"a\": {\"b\": 1}}", "{\"b\": 1}"},
	{"truncate: does not last", "{{a | truncate: 4}}{{a}}", "{\"a\": \"abcdef\"}", "a...abcdef"},
	{"both filters", "{{a | default: \"none at all\" | truncate: 7}}", "{}", "none..."},
	{"both filters, the other way", "{{a | truncate: 7 | default: \"none at all\"}}", "{}", "none..."},
};

typedef struct ErrorCase
{
	const char *source;
	int			line;
	int			column;
	const char *message;
} ErrorCase;

static const ErrorCase error_cases[] = {
	{"a{{b", 1, 2, "the tag that begins here is not closed"},
	{"{{{b}}", 1, 1, "the tag that begins here is not closed"},
	{"{{=<% %>}}", 1, 1, "the tag that begins here is not closed"},
	{"a\n\xc3\xa4\xc3\xa4 {{! b", 2, 4, "the tag that begins here is not closed"},
	{"{{}}", 1, 1, "a tag needs a name"},
	{"{{  }}", 1, 1, "a tag needs a name"},
	{"{{{ }}}", 1, 1, "a tag needs a name"},
	{"{{#}}{{/}}", 1, 1, "a tag needs a name"},
	{"{{#a}}{{/}}", 1, 7, "a tag needs a name"},
	{"x\n  {{#a}} y", 2, 3, "section \"a\" is not closed"},
	{"{{#a}}{{^b}}{{/b}}", 1, 1, "section \"a\" is not closed"},
	{"{{#a}}\n{{/b}}", 2, 1, "section \"a\" is open, but \"b\" is closed"},
	{"{{#a}}{{#b}}{{/a}}{{/b}}", 1, 13, "section \"b\" is open, but \"a\" is closed"},
	{"{{/a}}", 1, 1, "section \"a\" is closed but not open"},
	{"{{#if a}}{{/if}}", 1, 1, "the name \"if a\" contains white space"},
	{"{{a | upper}}", 1, 1, "there is no filter \"upper\""},
	{"{{a | }}", 1, 1, "there is no filter \"\""},
	{"{{a | truncate}}", 1, 1, "\"truncate\" needs a number of characters from 1 to 1000000"},
	{"{{a | truncate: x}}", 1, 1, "\"truncate\" needs a number of characters from 1 to 1000000"},
	{"{{a | truncate: 0}}", 1, 1, "\"truncate\" needs a number of characters from 1 to 1000000"},
	{"{{a | truncate: 1000001}}", 1, 1, "\"truncate\" needs a number of characters from 1 to 1000000"},
	{"{{a | truncate: 5 6}}", 1, 1, "\"6\" is not expected after a filter"},
	{"{{a | default: x}}", 1, 1, "\"default\" needs a text in quotes, a number, true or false"},
	{"{{a | default: 01}}", 1, 1, "\"default\" needs a text in quotes, a number, true or false"},
	{"{{a | default: \"x}}", 1, 1, "\"default\" needs a text in quotes, a number, true or false"},
	{"{{a | default}}", 1, 1, "\"default\" needs a text in quotes, a number, true or false"},
	{"{{#a | default: \"x\"}}{{/a}}", 1, 1, "a section cannot have a filter"},
	{"{{ | truncate: 5}}", 1, 1, "a tag needs a name"},
	{"{{a[\"b c}}", 1, 1, "a quoted part of the name \"a[\"b c\" is not closed"},
	{"{{a[\"b c\"}}", 1, 1, "a quoted part of the name \"a[\"b c\"\" is not closed"},
	{"{{a[\"b c\"]d}}", 1, 1, "the name \"a[\"b c\"]d\" has an empty part"},
	{"{{a[\"b\\x\"]}}", 1, 1, "a quoted part of the name \"a[\"b\\x\"]\" has a backslash that means nothing"},
	{"{{a[\"\\u0100\"]}}", 1, 1, "a quoted part of the name \"a[\"\\u0100\"]\" has a backslash that means nothing"},
	{"{{a[\"\\u0000\"]}}", 1, 1, "a quoted part of the name \"a[\"\\u0000\"]\" has a backslash that means nothing"},
	{"{{{{a}}}}", 1, 1, "the name \"{a\" contains a brace"},
	{"{{#a}b}}{{/a}b}}", 1, 1, "the name \"a}b\" contains a brace"},
	{"{{a..b}}", 1, 1, "the name \"a..b\" has an empty part"},
	{"{{.a}}", 1, 1, "the name \".a\" has an empty part"},
	{"{{a.}}", 1, 1, "the name \"a.\" has an empty part"},
	{"{{..}}", 1, 1, "the name \"..\" has an empty part"},
	{"{{> header }}", 1, 1, "partials ({{>...}}) cannot be used"},
	{"x {{<layout}}{{/layout}}", 1, 3, "parent templates ({{<...}}) cannot be used"},
	{"{{$title}}{{/title}}", 1, 1, "blocks ({{$...}}) cannot be used"},
	{"{{==}}", 1, 1, "this is not a pair of delimiters"},
	{"{{=<%=}}", 1, 1, "this is not a pair of delimiters"},
	{"{{=a b c=}}", 1, 1, "this is not a pair of delimiters"},
	{"{{=a= b=}}", 1, 1, "this is not a pair of delimiters"},
	{"{{=aaaaaaaaaaaaaaaaa b=}}", 1, 1, "this is not a pair of delimiters"},
};

static TemplateStatus
render(const char *source, size_t source_length, const char *data, TemplateEscape escape,
	   size_t limit, char **result, size_t *allocated, TemplateError *error)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonValue  *tree = json_read(arena, data, strlen(data));
	Template   *template = respond_template_compile(arena, source, source_length, error);
	TemplateStatus status = TEMPLATE_OK;
	TemplateOutput output;
	TemplateValue root;

	*result = NULL;
	if (tree == NULL)
		check(false, "data is not JSON: %s", data);
	else if (template != NULL)
	{
		root = template_tree_value(tree);
		respond_template_output_init(&output, 0, limit, template_tree_resize, NULL);
		status = respond_template_render(template, &template_tree_source, &root, escape,
										 &output);
		if (allocated != NULL)
			*allocated = output.capacity;
		if (status == TEMPLATE_OK)
		{
			*result = calloc(1, output.length + 1);
			memcpy(*result, output.data, output.length);
		}
		free(output.data);
	}
	respond_arena_destroy(arena);
	return status;
}

static void
check_render(const char *name, const char *source, const char *data,
			 TemplateEscape escape, const char *expected)
{
	TemplateError error;
	char	   *result;

	render(source, strlen(source), data, escape, 1024 * 1024, &result, NULL, &error);
	check_string(result, expected, name);
	free(result);
}

static void
test_errors(void)
{
	for (size_t i = 0; i < sizeof(error_cases) / sizeof(error_cases[0]); i++)
	{
		const ErrorCase *expected = &error_cases[i];
		TemplateError error = {0};
		char	   *result;
		bool		same;

		render(expected->source, strlen(expected->source), "{}", TEMPLATE_ESCAPE_NONE, 100,
			   &result, NULL, &error);
		same = result == NULL && error.line == expected->line &&
			error.column == expected->column && strcmp(error.message, expected->message) == 0;
		if (!check(same && error.hint[0] != '\0', "error %zu: %s", i, expected->message))
			printf("#   got line %d, column %d: %s\n", error.line, error.column, error.message);
		free(result);
	}
}

static void
test_escapes(void)
{
	static const char data[] = "{\"a\": \"a1-._~ /?&=<>\\\"'\\\\\\u0001\\b\\f\\n\\r\\t\\u007f\\u00e4\"}";
	TemplateEscape escape;

	check_render("escape none", "{{a}}", data, TEMPLATE_ESCAPE_NONE,
				 "a1-._~ /?&=<>\"'\\\001\b\f\n\r\t\177\xc3\xa4");
	check_render("escape html", "{{a}}", data, TEMPLATE_ESCAPE_HTML,
				 "a1-._~ /?&amp;=&lt;&gt;&quot;&#39;\\\001\b\f\n\r\t\177\xc3\xa4");
	check_render("escape json", "{{a}}", data, TEMPLATE_ESCAPE_JSON,
				 "a1-._~ /?&=<>\\\"'\\\\\\u0001\\b\\f\\n\\r\\t\177\xc3\xa4");
	check_render("escape slack", "{{a}}", data, TEMPLATE_ESCAPE_SLACK,
				 "a1-._~ /?&amp;=&lt;&gt;\"'\\\001\b\f\n\r\t\177\xc3\xa4");
	check_render("escape url", "{{a}}", data, TEMPLATE_ESCAPE_URL,
				 "a1-._~%20%2F%3F%26%3D%3C%3E%22%27%5C%01%08%0C%0A%0D%09%7F%C3%A4");
	check_render("escape markdown", "{{a}}", "{\"a\": \"a*b_c `d` [e](f) <g> & h~i|j \\\\ 1.5 (k) x-y +1 #2 ~~l~~\"}", TEMPLATE_ESCAPE_MARKDOWN,
				 "a\\*b\\_c \\`d\\` \\[e\\](f) <g> & h~i|j \\\\ 1.5 (k) x-y +1 #2 \\~\\~l\\~\\~");
	check_render("escape markdown at the beginning of lines", "{{a}}", "{\"a\": \"# a\\n> z\\n- b\\n -5\\n  + c\\n1. d\\n23) e\\n4.5\\n---\\n===\\n-\"}", TEMPLATE_ESCAPE_MARKDOWN,
				 "\\# a\n\\> z\n\\- b\n -5\n  \\+ c\n1\\. d\n23\\) e\n4.5\n\\---\n\\===\n\\-");
	check_render("the template's own text is not escaped", "<a>\"%{{a}}", "{\"a\": \"%\"}",
				 TEMPLATE_ESCAPE_URL, "<a>\"%%25");
	check_render("JSON in a JSON string", "{\"t\": \"{{a}}\"}", "{\"a\": {\"b\": \"\\\"\"}}",
				 TEMPLATE_ESCAPE_JSON, "{\"t\": \"{\\\"b\\\": \\\"\\\\\\\"\\\"}\"}");
	check(respond_template_escape_by_name("slack", 5, &escape) &&
		  escape == TEMPLATE_ESCAPE_SLACK, "escape by name");
	check(!respond_template_escape_by_name("htm", 3, &escape) &&
		  !respond_template_escape_by_name("htmlx", 5, &escape) &&
		  !respond_template_escape_by_name("HTML", 4, &escape) &&
		  !respond_template_escape_by_name("", 0, &escape), "no escape of another name");
}

static void
test_limits(void)
{
	TemplateError error;
	TemplateStatus status;
	size_t		allocated;
	char	   *result;
	char	   *data = malloc(100 * 1000);
	char		deep[TEMPLATE_MAX_DEPTH * 16 + 64];
	char		name[512];

	status = render("{{a}}6789", 9, "{\"a\": \"12345\"}", TEMPLATE_ESCAPE_NONE, 9, &result,
					NULL, &error);
	check(status == TEMPLATE_OK && strcmp(result, "123456789") == 0, "text as long as the limit");
	free(result);
	status = render("{{a}}6789", 9, "{\"a\": \"12345\"}", TEMPLATE_ESCAPE_NONE, 8, &result,
					NULL, &error);
	check(status == TEMPLATE_TOO_LARGE && result == NULL, "text longer than the limit");
	status = render("{{a}}", 5, "{\"a\": \"<<\"}", TEMPLATE_ESCAPE_HTML, 7, &result, NULL, &error);
	check(status == TEMPLATE_TOO_LARGE, "escaped text longer than the limit");
	status = render("", 0, "{}", TEMPLATE_ESCAPE_NONE, 0, &result, NULL, &error);
	check(status == TEMPLATE_OK && strcmp(result, "") == 0, "limit 0");
	free(result);

	/* A list of 10,000 numbers; each level of sections repeats it. */
	strcpy(data, "{\"a\": [1");
	for (int i = 1; i < 10000; i++)
		strcat(data + i * 2, ",1");
	strcat(data, "]}");
	status = render("{{#a}}{{#a}}{{.}}{{/a}}{{/a}}", 29, data, TEMPLATE_ESCAPE_NONE, 5000, &result,
					&allocated, &error);
	check(status == TEMPLATE_TOO_LARGE && allocated <= 5000,
		  "a product of lists stops at the limit, with %zu bytes allocated", allocated);
	status = render("{{#a}}{{#a}}{{/a}}{{/a}}", 24, data, TEMPLATE_ESCAPE_NONE, 5000, &result,
					NULL, &error);
	check(status == TEMPLATE_TOO_MUCH_WORK, "a product of lists without text stops as well");
	status = render("{{a}}", 5, data, TEMPLATE_ESCAPE_NONE, 5000, &result, &allocated, &error);
	check(status == TEMPLATE_TOO_LARGE && allocated <= 5000, "a large list as JSON stops at the limit");
	free(data);

	for (int levels = TEMPLATE_MAX_DEPTH; levels <= TEMPLATE_MAX_DEPTH + 1; levels++)
	{
		char	   *end = deep;

		for (int i = 0; i < levels; i++)
			end += sprintf(end, "{{#a}}");
		end += sprintf(end, "x");
		for (int i = 0; i < levels; i++)
			end += sprintf(end, "{{/a}}");
		render(deep, strlen(deep), "{\"a\": true}", TEMPLATE_ESCAPE_NONE, 10, &result, NULL, &error);
		if (levels == TEMPLATE_MAX_DEPTH)
			check_string(result, "x", "sections as deep as allowed");
		else
			check(result == NULL && strcmp(error.message, "sections are nested more than 64 deep") == 0 &&
				  error.column == TEMPLATE_MAX_DEPTH * 6 + 1, "sections deeper than allowed");
		free(result);
	}

	strcpy(name, "{{a");
	for (int i = 1; i < TEMPLATE_MAX_PARTS; i++)
		strcat(name, ".a");
	strcat(name, "}}");
	render(name, strlen(name), "{}", TEMPLATE_ESCAPE_NONE, 10, &result, NULL, &error);
	check_string(result, "", "a name with as many parts as allowed");
	free(result);
	strcpy(name + strlen(name) - 2, ".a}}");
	render(name, strlen(name), "{}", TEMPLATE_ESCAPE_NONE, 10, &result, NULL, &error);
	check(result == NULL && strcmp(error.message, "a name has more than 64 parts") == 0,
		  "a name with more parts than allowed");
}

static void
test_long_templates(void)
{
	size_t		length = TEMPLATE_MAX_LENGTH + 1;
	char	   *source = malloc(length);
	TemplateError error;
	char	   *result;

	memset(source, 'x', length);
	render(source, length, "{}", TEMPLATE_ESCAPE_NONE, length, &result, NULL, &error);
	check(result == NULL && strcmp(error.message, "the template is longer than 16777216 bytes") == 0,
		  "a template that is too long");
	free(result);
	memcpy(source + length - 6, "{{a}}", 5);
	render(source, length - 1, "{\"a\": \"end\"}", TEMPLATE_ESCAPE_NONE, length, &result, NULL, &error);
	check(result != NULL && strlen(result) == length - 3 && strcmp(result + length - 6, "end") == 0,
		  "a template as long as allowed");
	free(result);

	/* A name in a message is cut between characters. */
	memcpy(source, "{{#", 3);
	for (int i = 0; i < 1000; i++)
		memcpy(source + 3 + i * 2, "\xc3\xa4", 2);
	memcpy(source + 2002, "}}", 2);
	render(source, 2004, "{}", TEMPLATE_ESCAPE_NONE, 10, &result, NULL, &error);
	check(result == NULL && strlen(error.message) < 100 &&
		  strstr(error.message, "\xc3\"") == NULL, "a long name is cut in the message");
	render("a\0{{b}}\0", 8, "{\"b\": 1}", TEMPLATE_ESCAPE_NONE, 10, &result, NULL, &error);
	check(result != NULL && memcmp(result, "a\0001\0", 4) == 0, "bytes of zero pass");
	free(result);
	free(source);
}

static void
note_path(void *state, const TemplatePathUse *use)
{
	char	   *text = state;

	sprintf(text + strlen(text), "%.*s@%d:%d%s%s ", (int) use->length, use->text, use->line,
			use->column, use->section ? "#" : "", use->in_section ? "+" : "");
}

static void
test_inspection(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	TemplateError error;
	static const char names[] = "{{a.b}}\n{{#c}}{{d}}{{^e}}\n{{{.}}}{{/e}}{{/c}} {{&f}}";
	char		paths[512] = "";
	Template   *template;
	static const struct
	{
		const char *source;
		bool		single;
		bool		plain;
	}			kinds[] = {
		{"{{a.b}}", true, false}, {"{{{a}}}", true, false}, {"{{& a }}", true, false},
		{"{{.}}", true, false}, {" {{a}}", false, false}, {"{{a}} ", false, false},
		{"{{a}}{{b}}", false, false}, {"{{!c}}{{a}}", false, false}, {"{{a}}{{!c}}", false, false},
		{"{{#a}}{{/a}}", false, false}, {"{{!a}}", false, false}, {"text", false, true},
		{"", false, true}, {"}}", false, true},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		template = respond_template_compile(arena, kinds[i].source, strlen(kinds[i].source), &error);
		check(template != NULL && respond_template_is_single_tag(template) == kinds[i].single &&
			  respond_template_is_plain(template) == kinds[i].plain,
			  "kind of \"%s\"", kinds[i].source);
	}
	template = respond_template_compile(arena, names, strlen(names), &error);
	respond_template_each_path(template, note_path, paths);
	check_string(paths, "a.b@1:1 c@2:1# d@2:7+ e@2:12#+ .@3:1+ f@3:21 ", "paths of a template");
	respond_arena_destroy(arena);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(language_cases) / sizeof(language_cases[0]); i++)
		check_render(language_cases[i].name, language_cases[i].source, language_cases[i].data,
					 TEMPLATE_ESCAPE_HTML, language_cases[i].expected);
	test_errors();
	test_escapes();
	test_limits();
	test_long_templates();
	test_inspection();
	return check_done();
}
