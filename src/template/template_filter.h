/*-------------------------------------------------------------------------
 * template_filter.h
 *	  What may stand behind the name in a tag: {{a | default: "x" | truncate: 80}}.
 *
 * src/template/template_filter.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_FILTER_H
#define RESPOND_TEMPLATE_FILTER_H

#include "template/template_code.h"

/* Longest text that "truncate" may be asked for, in characters. */
#define TEMPLATE_MAX_TRUNCATE	1000000

/*
 * Reads the filters in text, which begins behind the first bar.  Returns NULL
 * and fills message and hint (of the given sizes) when they cannot be read.
 */
extern const TemplateFilters *respond_template_filters_compile(Arena *arena, const char *text, size_t length,
															   char *message, size_t message_size,
															   char *hint, size_t hint_size);

/* The value, or what stands for it when it is missing, null or empty. */
extern TemplateValue respond_template_filters_default(const TemplateFilters *filters, const TemplateValue *value);

#endif							/* RESPOND_TEMPLATE_FILTER_H */
