/*-------------------------------------------------------------------------
 * template_tree.h
 *	  Lets the template engine read JsonValue trees, for tests and fuzzers.
 *
 * test/unit/template_tree.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_TREE_H
#define RESPOND_TEMPLATE_TREE_H

#include "common/json_value.h"
#include "template/template.h"

extern const TemplateSource template_tree_source;

extern TemplateValue template_tree_value(const JsonValue *value);

/* realloc, for outputs of tests. */
extern void *template_tree_resize(void *data, size_t size);

#endif							/* RESPOND_TEMPLATE_TREE_H */
