/*-------------------------------------------------------------------------
 * template_output.h
 *	  Where rendered text goes: a growing buffer with a cap and an escape.
 *
 * The cap is checked before each append, so that a small template over large
 * data never allocates more than the cap.  Work that produces no text (loops
 * within loops) is counted too.  The first failure sticks: later writes do
 * nothing, so callers may check the status at the end.
 *
 * src/template/template_output.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_OUTPUT_H
#define RESPOND_TEMPLATE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is done to the value of a tag to make it safe in its place. */
typedef enum TemplateEscape
{
	TEMPLATE_ESCAPE_NONE,
	TEMPLATE_ESCAPE_HTML,		/* & < > and both quotes, as references */
	TEMPLATE_ESCAPE_JSON,		/* inside a JSON string, RFC 8259 */
	TEMPLATE_ESCAPE_URL,		/* percent-encoding, RFC 3986: all but unreserved */
	TEMPLATE_ESCAPE_SLACK,		/* & < > only */
	TEMPLATE_ESCAPE_MARKDOWN,	/* backslashes before what chats read as Markdown; no HTML */
	/* For mail addresses, see template_shield.h; raw tags too. */
	TEMPLATE_ESCAPE_ADDRESS,	/* a value is a part of an address */
	TEMPLATE_ESCAPE_ONE_ADDRESS /* a value is an address, and no more than one */
} TemplateEscape;

/* The names users write, for error messages. */
#define TEMPLATE_ESCAPE_NAMES "none, html, json, markdown, slack, url"

extern bool respond_template_escape_by_name(const char *name, size_t length,
											TemplateEscape *escape);

typedef enum TemplateStatus
{
	TEMPLATE_OK,
	TEMPLATE_TOO_LARGE,			/* the text would exceed the limit */
	TEMPLATE_TOO_MUCH_WORK		/* sections repeat too often */
} TemplateStatus;

/* Most steps (tags, items, names looked up) that one rendering may take. */
#define TEMPLATE_MAX_WORK		((uint64_t) 20 * 1000 * 1000)

typedef struct TemplateOutput
{
	char	   *data;			/* NULL at first */
	size_t		length;			/* bytes in use, the reserved ones included */
	size_t		capacity;
	size_t		reserved;		/* bytes left free in front, for a header */
	size_t		limit;			/* most bytes behind the reserved ones */
	TemplateEscape escape;		/* applied by respond_template_write */
	TemplateStatus status;
	uint64_t	work;
	size_t		cut_after;		/* characters of the value that may be written; 0: all */
	size_t		cut_count;		/* characters written so far */
	size_t		cut_length;		/* length of the output where the dots would begin */
	bool		cut_off;		/* there were more */
	void	   *(*resize) (void *data, size_t size);	/* never gives NULL */
	void		(*interrupt) (void);	/* called now and then, may be NULL */
	size_t		(*character) (const char *bytes, size_t length);	/* bytes of the first character;
																	 * NULL: of UTF-8 */
} TemplateOutput;

extern void respond_template_output_init(TemplateOutput *output, size_t reserved,
										 size_t limit,
										 void *(*resize) (void *data, size_t size),
										 void (*interrupt) (void));

/*
 * Between these, respond_template_write takes no more than so many characters, as
 * they are before they are escaped.  What has more ends with three dots, which
 * count; so does what has more than three characters to end with.
 */
extern void respond_template_begin_cut(TemplateOutput *output, size_t characters);
extern void respond_template_end_cut(TemplateOutput *output);

/* Appends bytes as they are. */
extern void respond_template_append(TemplateOutput *output, const char *bytes,
									size_t length);

/* Appends bytes escaped as output->escape says. */
extern void respond_template_write(TemplateOutput *output, const char *bytes,
								   size_t length);

/* A JSON string with its quotes, then escaped as output->escape says. */
extern void respond_template_write_json_string(TemplateOutput *output,
											   const char *bytes, size_t length);

/* Bytes that may still be appended. */
extern size_t respond_template_room(const TemplateOutput *output);

/* Takes length bytes from what may still be appended; false if too many. */
extern bool respond_template_charge(TemplateOutput *output, size_t length);

extern void respond_template_fail(TemplateOutput *output, TemplateStatus status);

/*
 * Counts one step of work and lets interrupts in now and then.  False once
 * the rendering failed.
 */
extern bool respond_template_step(TemplateOutput *output);

#endif							/* RESPOND_TEMPLATE_OUTPUT_H */
