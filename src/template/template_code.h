/*-------------------------------------------------------------------------
 * template_code.h
 *	  The compiled form of a template, shared by its compiler and renderer.
 *
 * A template is a flat array of nodes.  A section and its end know each
 * other's place, so rendering is a loop with a small stack and no recursion.
 *
 * src/template/template_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_CODE_H
#define RESPOND_TEMPLATE_CODE_H

#include <stdint.h>

#include "common/utf8_cut.h"
#include "template/template.h"

/* One part of a dotted name. */
typedef struct TemplatePart
{
	const char *name;
	uint32_t	length;
	uint32_t	index;			/* valid if is_index */
	bool		is_index;		/* a decimal number: names a list's item, too */
} TemplatePart;

typedef struct TemplatePath
{
	const char *text;			/* as written, in the template's copy */
	uint32_t	length;
	uint32_t	count;			/* no parts: the implicit iterator */
	TemplatePart parts[];
} TemplatePath;

/* What stands behind the name; characters: 0 for all of the text. */
typedef struct TemplateFilters
{
	bool		has_default;
	TemplateValue instead;
	uint32_t	characters;
} TemplateFilters;

typedef enum TemplateNodeKind
{
	TEMPLATE_NODE_TEXT,
	TEMPLATE_NODE_VARIABLE,
	TEMPLATE_NODE_SECTION,
	TEMPLATE_NODE_INVERTED,
	TEMPLATE_NODE_END
} TemplateNodeKind;

typedef struct TemplateNode
{
	TemplateNodeKind kind;
	bool		raw;			/* a variable that is not escaped */
	uint32_t	offset;			/* where text or tag begins */
	uint32_t	length;			/* of text */
	uint32_t	partner;		/* section: its end; end: its section */
	const TemplatePath *path;	/* of a variable or a section */
	const TemplateFilters *filters; /* of a variable, or NULL */
} TemplateNode;

struct Template
{
	const char *source;			/* a copy */
	uint32_t	length;
	uint32_t	count;
	const TemplateNode *nodes;
	bool		single_tag;
	bool		plain;
};

/* Bytes of the template shown in a message. */
#define TEMPLATE_SHOWN_LENGTH	60

/* How much of a name fits a message, for "%.*s". */
static inline int
respond_template_shown_length(const char *text, size_t length)
{
	return (int) respond_utf8_cut(text, length, TEMPLATE_SHOWN_LENGTH);
}

#endif							/* RESPOND_TEMPLATE_CODE_H */
