/*-------------------------------------------------------------------------
 * template_path.h
 *	  The name in a tag as a path to a value.
 *
 * src/template/template_path.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_PATH_H
#define RESPOND_TEMPLATE_PATH_H

#include "common/tag_path.h"
#include "template/template_code.h"

/* TAG_PATH_END and the path, or what is wrong with the text, which must stay. */
extern TagPathStatus respond_template_path_compile(Arena *arena, const char *text, size_t length,
												   TemplatePath **path);

#endif							/* RESPOND_TEMPLATE_PATH_H */
