/*-------------------------------------------------------------------------
 * template.h
 *	  Mustache templates: compile once, render many times.
 *
 * The language is the core of the public Mustache specification: variables,
 * raw variables, sections, inverted sections, comments and set delimiters,
 * with dotted names, list indexes (items.0.name) and the implicit iterator.
 * Partials, parents and blocks are refused: a template stands alone.  Beyond
 * Mustache, a part of a name may be quoted (data["my column"], tag_path.h), and
 * two filters may stand behind it (template_filter.h).
 *
 * A value counts as false when it is missing, null, false, the number zero,
 * an empty string or an empty list.
 *
 * The engine builds without a server.  It sees values only through a
 * TemplateSource, so that it runs on JSON trees in unit tests and on jsonb in
 * place inside the server (template_jsonb.h).
 *
 * src/template/template.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_H
#define RESPOND_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "template/template_output.h"

/* Sections within sections, and parts of a dotted name. */
#define TEMPLATE_MAX_DEPTH		64
#define TEMPLATE_MAX_PARTS		64

/* Longest template text, in bytes. */
#define TEMPLATE_MAX_LENGTH		((size_t) 16 * 1024 * 1024)

typedef struct Template Template;

/* Where and why a template does not compile, and what to do about it. */
typedef struct TemplateError
{
	int			line;			/* from 1 */
	int			column;			/* from 1, in characters of UTF-8 */
	char		message[256];	/* part of a sentence: section "a" is not closed */
	char		hint[256];		/* a full sentence */
} TemplateError;

/*
 * Compiles source, which is copied.  Returns NULL and fills error if it is
 * not a template.  Everything is allocated from arena.
 */
extern Template *respond_template_compile(Arena *arena, const char *source,
										  size_t length, TemplateError *error);

typedef enum TemplateKind
{
	TEMPLATE_MISSING,
	TEMPLATE_NULL,
	TEMPLATE_BOOLEAN,
	TEMPLATE_NUMBER,
	TEMPLATE_STRING,
	TEMPLATE_ARRAY,
	TEMPLATE_OBJECT
} TemplateKind;

/*
 * A value as the engine sees it: small, passed by copy, pointing into data
 * that must stay where it is while a template is rendered.
 */
typedef struct TemplateValue
{
	TemplateKind kind;
	bool		boolean;		/* of a BOOLEAN; for a NUMBER: it is not zero */
	int			form;			/* for the source alone: what reference is */
	size_t		count;			/* bytes of a STRING, items of an ARRAY */
	size_t		size;			/* for the source alone */
	const void *reference;		/* bytes of a STRING; else the source's own */
} TemplateValue;

/* A NUMBER that the template itself holds: reference and count are its text. */
#define TEMPLATE_FORM_LITERAL	(-1)

/* How to read values. */
typedef struct TemplateSource
{
	/* The member of that name; false, and member untouched, if there is none. */
	bool		(*member) (const TemplateValue *object, const char *name,
						   size_t length, TemplateValue *member);
	/* The item at index, which is less than count. */
	void		(*item) (const TemplateValue *array, size_t index,
						 TemplateValue *item);
	/* Writes a STRING, a NUMBER as decimal text, an ARRAY or OBJECT as JSON. */
	void		(*write) (const TemplateValue *value, TemplateOutput *output);
} TemplateSource;

/*
 * Appends the rendered template to output.  root is the outermost context.
 * On any other status than TEMPLATE_OK the output is not to be used.
 */
extern TemplateStatus respond_template_render(const Template *template,
											  const TemplateSource *source,
											  const TemplateValue *root,
											  TemplateEscape escape,
											  TemplateOutput *output);

/*
 * True if the template is one tag {{path}}, {{{path}}} or {{&path}} and
 * nothing else; respond_template_resolve finds the value it names.
 */
extern bool respond_template_is_single_tag(const Template *template);
extern TemplateValue respond_template_resolve(const Template *template,
											  const TemplateSource *source,
											  const TemplateValue *root);

/* True if the template holds no tag: it renders as its own text. */
extern bool respond_template_is_plain(const Template *template);

/* The text of a value, escaped as output->escape says; null gives none. */
extern void respond_template_write_value(const TemplateSource *source,
										 const TemplateValue *value,
										 TemplateOutput *output);

/* One use of a name in a template, for validation and documentation. */
typedef struct TemplatePathUse
{
	const char *text;			/* as written, "." for the implicit iterator */
	size_t		length;
	const char *root;			/* its first part, without quotes; "." for the implicit iterator */
	size_t		root_length;
	const char *second;			/* its second and third part, NULL if there is none */
	size_t		second_length;
	const char *third;
	size_t		third_length;
	bool		whole;			/* the first part is all */
	bool		filtered;
	int			line;
	int			column;
	bool		section;		/* names a section, not a variable */
	bool		in_section;		/* may be found in the value of a section
								 * around it rather than at the root */
} TemplatePathUse;

typedef void (*TemplatePathVisit) (void *state, const TemplatePathUse *use);

/* Calls visit for every name in the template, in order of appearance. */
extern void respond_template_each_path(const Template *template,
									   TemplatePathVisit visit, void *state);

#endif							/* RESPOND_TEMPLATE_H */
