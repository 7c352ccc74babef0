/*-------------------------------------------------------------------------
 * form_read.h
 *	  Fields of a form or a query: application/x-www-form-urlencoded.
 *
 * It builds without a server.
 *
 * src/inbound/form_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FORM_READ_H
#define RESPOND_FORM_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

#define FORM_MAX_FIELDS		1000

/* Decoded bytes of no known encoding, which may hold a NUL; one more follows them. */
typedef struct FormField
{
	const char *name;
	size_t		name_length;
	const char *value;
	size_t		value_length;
} FormField;

typedef struct Form
{
	int			count;
	FormField  *fields;			/* in their order */
} Form;

/* False: there are more than FORM_MAX_FIELDS.  A '%' without two hex digits stands for itself. */
extern bool respond_form_read(Arena *arena, const char *text, size_t length, Form *form);

/* The first field of that name; NULL: there is none. */
extern const FormField *respond_form_field(const Form *form, const char *name);

/* All of it in one piece as Twilio signs it: names with their values, sorted as bytes, the same ones once. */
extern char *respond_form_sorted(Arena *arena, const Form *form, size_t *length);

#endif							/* RESPOND_FORM_READ_H */
