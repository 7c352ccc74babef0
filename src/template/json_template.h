/*-------------------------------------------------------------------------
 * json_template.h
 *	  A JSON value whose strings are templates: the parameters of a step.
 *
 * A string that is exactly one tag keeps the type of the value it names: a
 * number stays a number, an object an object, a missing value is null.  Any
 * other string renders as text.  Names of members are not templates.
 *
 * Builds without a server; json_template_jsonb.h renders to jsonb.
 *
 * src/template/json_template.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_TEMPLATE_H
#define RESPOND_JSON_TEMPLATE_H

#include "common/json_value.h"
#include "template/template.h"

/* Arrays and objects within each other. */
#define JSON_TEMPLATE_MAX_DEPTH 64

/* Room for the place of a value; what does not fit is left out. */
#define JSON_TEMPLATE_WHERE_SIZE 512

typedef struct JsonTemplate JsonTemplate;

typedef struct JsonTemplateError
{
	char		where[JSON_TEMPLATE_WHERE_SIZE];	/* "to", "fields.id",
													 * "[2].text"; "" for the
													 * value itself */
	TemplateError error;		/* place within that string */
} JsonTemplateError;

/*
 * Compiles value, of which all that is needed is copied.  Returns NULL and
 * fills error if one of its strings is not a template.
 */
extern JsonTemplate *respond_json_template_compile(Arena *arena, const JsonValue *value,
												   JsonTemplateError *error);

typedef enum JsonTemplateEvent
{
	JSON_TEMPLATE_BEGIN_ARRAY,
	JSON_TEMPLATE_END_ARRAY,
	JSON_TEMPLATE_BEGIN_OBJECT,
	JSON_TEMPLATE_END_OBJECT,
	JSON_TEMPLATE_KEY,			/* a STRING */
	JSON_TEMPLATE_VALUE,		/* of the source; or a STRING, BOOLEAN or NULL */
	JSON_TEMPLATE_NUMBER		/* decimal text at reference, count bytes */
} JsonTemplateEvent;

/*
 * Receives the result piece by piece.  A STRING may lie in a buffer that the
 * next piece overwrites.  value is NULL for BEGIN and END.
 */
typedef void (*JsonTemplateEmit) (void *state, JsonTemplateEvent event,
								  const TemplateValue *value);

/*
 * Renders through emit.  output is scratch space whose limit is that of all
 * rendered text together; emit may charge it for values it copies.  escape
 * is applied to the text of strings, also to those that are one tag.
 */
extern TemplateStatus respond_json_template_render(const JsonTemplate *template,
												   const TemplateSource *source,
												   const TemplateValue *root,
												   TemplateEscape escape,
												   TemplateOutput *output,
												   JsonTemplateEmit emit, void *state);

/* where is the place of the string in the JSON value, as in JsonTemplateError. */
typedef void (*JsonTemplatePathVisit) (void *state, const char *where,
									   const TemplatePathUse *use);

/* Calls visit for every name in every string, in order. */
extern void respond_json_template_each_path(const JsonTemplate *template,
											JsonTemplatePathVisit visit, void *state);

/* True if no string holds a tag: the value renders as itself. */
extern bool respond_json_template_is_plain(const JsonTemplate *template);

#endif							/* RESPOND_JSON_TEMPLATE_H */
