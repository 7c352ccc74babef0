/*-------------------------------------------------------------------------
 * form_read.c
 *	  Fields of a form or a query: application/x-www-form-urlencoded.
 *
 * src/inbound/form_read.c
 *-------------------------------------------------------------------------
 */
#include "inbound/form_read.h"

#include <stdlib.h>
#include <string.h>

#include "wire/bytes_read.h"

static const char *
decode(Arena *arena, const char *text, size_t length, size_t *decoded_length)
{
	char	   *decoded = respond_arena_alloc(arena, length + 1);
	size_t		count = 0;

	for (size_t i = 0; i < length; i++)
	{
		char		c = text[i] == '+' ? ' ' : text[i];

		if (c == '%' && length - i > 2 && respond_hex_digit(text[i + 1]) >= 0 && respond_hex_digit(text[i + 2]) >= 0)
		{
			c = (char) (respond_hex_digit(text[i + 1]) << 4 | respond_hex_digit(text[i + 2]));
			i += 2;
		}
		decoded[count++] = c;
	}
	decoded[count] = '\0';
	*decoded_length = count;
	return decoded;
}

static size_t
find(const char *text, size_t length, char what)
{
	const char *found = length > 0 ? memchr(text, what, length) : NULL;

	return found == NULL ? length : (size_t) (found - text);
}

bool
respond_form_read(Arena *arena, const char *text, size_t length, Form *form)
{
	int			room = 1;

	form->count = 0;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '&' && ++room > FORM_MAX_FIELDS)
			return false;
	form->fields = respond_arena_alloc(arena, sizeof(FormField) * room);
	for (size_t at = 0; at < length;)
	{
		size_t		whole = find(text + at, length - at, '&');
		size_t		name = find(text + at, whole, '=');
		size_t		value = name < whole ? name + 1 : whole;
		FormField  *field = &form->fields[form->count];

		if (whole > 0)
		{
			field->name = decode(arena, text + at, name, &field->name_length);
			field->value = decode(arena, text + at + value, whole - value, &field->value_length);
			form->count++;
		}
		at += whole + 1;
	}
	return true;
}

const FormField *
respond_form_field(const Form *form, const char *name)
{
	for (int i = 0; i < form->count; i++)
		if (form->fields[i].name_length == strlen(name) && memcmp(form->fields[i].name, name, strlen(name)) == 0)
			return &form->fields[i];
	return NULL;
}

static int
compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int			order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int
compare_fields(const void *left, const void *right)
{
	const FormField *a = left;
	const FormField *b = right;
	int			order = compare_bytes(a->name, a->name_length, b->name, b->name_length);

	return order != 0 ? order : compare_bytes(a->value, a->value_length, b->value, b->value_length);
}

char *
respond_form_sorted(Arena *arena, const Form *form, size_t *length)
{
	FormField  *sorted = respond_arena_alloc(arena, sizeof(FormField) * (form->count + 1));
	size_t		size = 0;
	char	   *text;

	for (int i = 0; i < form->count; i++)
	{
		sorted[i] = form->fields[i];
		size += sorted[i].name_length + sorted[i].value_length;
	}
	qsort(sorted, form->count, sizeof(FormField), compare_fields);
	text = respond_arena_alloc(arena, size + 1);
	*length = 0;
	for (int i = 0; i < form->count; i++)
	{
		if (i > 0 && compare_fields(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		memcpy(text + *length, sorted[i].name, sorted[i].name_length);
		*length += sorted[i].name_length;
		memcpy(text + *length, sorted[i].value, sorted[i].value_length);
		*length += sorted[i].value_length;
	}
	text[*length] = '\0';
	return text;
}
