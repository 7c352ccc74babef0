/*-------------------------------------------------------------------------
 * template_jsonb.h
 *	  Templates inside the server: rendered from jsonb in place.
 *
 * A context is one jsonb, or several named values (TemplateRoots) of which
 * no common jsonb has to be built:
 *
 *		TemplateRoot roots[] = {
 *			{"type", respond_template_from_cstring(event->type)},
 *			{"id", respond_template_from_int64(event->id)},
 *			{"data", respond_template_from_jsonb(event->data)},
 *		};
 *		TemplateRoots context = {lengthof(roots), roots};
 *		TemplateValue root = respond_template_from_roots(&context);
 *
 * Values point into what they are made from.
 *
 * src/template/template_jsonb.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_JSONB_H
#define RESPOND_TEMPLATE_JSONB_H

#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "template/template.h"

typedef struct TemplateRoot
{
	const char *name;
	TemplateValue value;
} TemplateRoot;

typedef struct TemplateRoots
{
	int			count;
	const TemplateRoot *roots;
} TemplateRoots;

/* Reads values made by the functions below. */
extern const TemplateSource respond_template_jsonb_source;

extern TemplateValue respond_template_from_null(void);
extern TemplateValue respond_template_from_boolean(bool boolean);
extern TemplateValue respond_template_from_text(const char *bytes, size_t length);
/* NULL gives null. */
extern TemplateValue respond_template_from_cstring(const char *text);
/* A text of a root that is given to tags that name it alone: {{.}} has nothing of it.  NULL gives null. */
extern TemplateValue respond_template_from_secret(const char *text);
extern bool respond_template_value_is_secret(const TemplateValue *value);
/* Allocates the number in the current memory context. */
extern TemplateValue respond_template_from_int64(int64 number);
extern TemplateValue respond_template_from_numeric(Numeric number);
/* Detoasted; NULL gives null. */
extern TemplateValue respond_template_from_jsonb(Jsonb *jsonb);
/* An object whose members are the roots, which may be roots themselves. */
extern TemplateValue respond_template_from_roots(const TemplateRoots *roots);
/* The roots a value was made from, NULL if it was made from something else. */
extern const TemplateRoots *respond_template_value_roots(const TemplateValue *value);

/*
 * Compiles a template into context.  Raises ERRCODE_RESPOND_INVALID_RULE with
 * the place if it is not one; owner ("steps[2].to"), if not NULL, begins the
 * message.
 */
extern Template *respond_template_compile_in(MemoryContext context, const char *source,
											 size_t length, const char *owner);

/*
 * Renders in the current memory context.  Raises ERRCODE_RESPOND_LIMIT when
 * the text would exceed pg_respond.max_rendered_size.
 */
extern text *respond_template_render_text(const Template *template,
										  const TemplateValue *root,
										  TemplateEscape escape);

/* The same as a string with a NUL behind it; length may be NULL. */
extern char *respond_template_render_cstring(const Template *template,
											 const TemplateValue *root,
											 TemplateEscape escape, size_t *length);

/*
 * A text as a template would write it, palloc'd.  It is as large as it gets: the
 * cap of rendered texts is for what is sent, not for what is looked for in it.
 */
extern char *respond_template_escape(const char *text, TemplateEscape escape);

/* For renderers: an output with the cap of the server's setting, */
extern void respond_template_begin_output(TemplateOutput *output, size_t reserved);

/* and the error that a status other than TEMPLATE_OK stands for. */
extern void respond_template_raise(TemplateStatus status);

#endif							/* RESPOND_TEMPLATE_JSONB_H */
