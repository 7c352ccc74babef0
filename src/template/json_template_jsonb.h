/*-------------------------------------------------------------------------
 * json_template_jsonb.h
 *	  JSON templates inside the server: rendered to jsonb.
 *
 * src/template/json_template_jsonb.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_TEMPLATE_JSONB_H
#define RESPOND_JSON_TEMPLATE_JSONB_H

#include "template/json_template.h"
#include "template/template_jsonb.h"

/*
 * Compiles a JSON template into context.  Raises ERRCODE_RESPOND_INVALID_RULE
 * with the place; owner ("steps[2]"), if not NULL, begins the message, the way
 * to the string in value follows: steps[2].to: invalid template at ...
 */
extern JsonTemplate *respond_json_template_compile_in(MemoryContext context,
													  const JsonValue *value,
													  const char *owner);

/*
 * Renders in the current memory context; root as in template_jsonb.h.  Raises
 * ERRCODE_RESPOND_LIMIT when texts and copied values together would exceed
 * pg_respond.max_rendered_size.
 */
extern Jsonb *respond_json_template_render_jsonb(const JsonTemplate *template,
												 const TemplateValue *root,
												 TemplateEscape escape);

#endif							/* RESPOND_JSON_TEMPLATE_JSONB_H */
