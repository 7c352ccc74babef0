/*-------------------------------------------------------------------------
 * template_jsonb.c
 *	  Templates inside the server: rendered from jsonb in place.
 *
 * A TemplateValue points at a container, string or number inside the jsonb,
 * so that large event data is neither copied nor parsed.  Nothing here
 * recurses over data: the iterator that writes containers keeps its levels on
 * the heap.  A number's length as text is known before it is written.
 *
 * src/template/template_jsonb.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/fmgrprotos.h"

#include "common/arena_server.h"
#include "common/errors.h"
#include "common/guc.h"
#include "common/numeric_size.h"
#include "template/template_jsonb.h"

/* What TemplateValue.reference is, for an object; FORM_SECRET is for strings. */
enum
{
	FORM_JSONB,					/* JsonbContainer; size is its bytes */
	FORM_ROOTS,					/* TemplateRoots */
	FORM_SECRET
};

TemplateValue
respond_template_from_null(void)
{
	TemplateValue value = {.kind = TEMPLATE_NULL};

	return value;
}

TemplateValue
respond_template_from_boolean(bool boolean)
{
	TemplateValue value = {.kind = TEMPLATE_BOOLEAN, .boolean = boolean};

	return value;
}

TemplateValue
respond_template_from_text(const char *bytes, size_t length)
{
	TemplateValue value = {.kind = TEMPLATE_STRING, .count = length, .reference = bytes};

	return value;
}

TemplateValue
respond_template_from_cstring(const char *text)
{
	if (text == NULL)
		return respond_template_from_null();
	return respond_template_from_text(text, strlen(text));
}

TemplateValue
respond_template_from_secret(const char *text)
{
	TemplateValue value = respond_template_from_cstring(text);

	value.form = FORM_SECRET;
	return value;
}

bool
respond_template_value_is_secret(const TemplateValue *value)
{
	return value->form == FORM_SECRET;
}

TemplateValue
respond_template_from_int64(int64 number)
{
	return respond_template_from_numeric(int64_to_numeric(number));
}

TemplateValue
respond_template_from_numeric(Numeric number)
{
	TemplateValue value = {.kind = TEMPLATE_NUMBER,
		.boolean = !respond_numeric_is_zero(number),
	.reference = number};

	return value;
}

TemplateValue
respond_template_from_roots(const TemplateRoots *roots)
{
	TemplateValue value = {.kind = TEMPLATE_OBJECT, .form = FORM_ROOTS, .reference = roots};

	return value;
}

const TemplateRoots *
respond_template_value_roots(const TemplateValue *value)
{
	if (value->kind == TEMPLATE_OBJECT && value->form == FORM_ROOTS)
		return value->reference;
	return NULL;
}

static TemplateValue
from_container(JsonbContainer *container, size_t size)
{
	TemplateValue value = {.form = FORM_JSONB, .size = size, .reference = container};

	value.kind = JsonContainerIsObject(container) ? TEMPLATE_OBJECT : TEMPLATE_ARRAY;
	value.count = JsonContainerSize(container);
	return value;
}

static TemplateValue
from_jsonb_value(const JsonbValue *jsonb)
{
	switch (jsonb->type)
	{
		case jbvNull:
			return respond_template_from_null();
		case jbvBool:
			return respond_template_from_boolean(jsonb->val.boolean);
		case jbvNumeric:
			return respond_template_from_numeric(jsonb->val.numeric);
		case jbvString:
			return respond_template_from_text(jsonb->val.string.val, jsonb->val.string.len);
		case jbvBinary:
			return from_container(jsonb->val.binary.data, jsonb->val.binary.len);
		default:
			elog(ERROR, "unrecognized type of jsonb value: %d", (int) jsonb->type);
	}
}

TemplateValue
respond_template_from_jsonb(Jsonb *jsonb)
{
	if (jsonb == NULL)
		return respond_template_from_null();
	if (JB_ROOT_IS_SCALAR(jsonb))
		return from_jsonb_value(getIthJsonbValueFromContainer(&jsonb->root, 0));
	return from_container(&jsonb->root, VARSIZE_ANY_EXHDR(jsonb));
}

static bool
find_root(const TemplateRoots *roots, const char *name, size_t length,
		  TemplateValue *member)
{
	for (int i = 0; i < roots->count; i++)
	{
		const TemplateRoot *root = &roots->roots[i];

		if (strlen(root->name) == length && memcmp(root->name, name, length) == 0)
		{
			*member = root->value;
			return true;
		}
	}
	return false;
}

static bool
read_member(const TemplateValue *object, const char *name, size_t length,
			TemplateValue *member)
{
	JsonbValue	found;

	if (object->form == FORM_ROOTS)
		return find_root(object->reference, name, length, member);
	if (getKeyJsonValueFromContainer(unconstify(void *, object->reference), name,
									 (int) length, &found) == NULL)
		return false;
	*member = from_jsonb_value(&found);
	return true;
}

static void
read_item(const TemplateValue *array, size_t index, TemplateValue *item)
{
	JsonbValue *found = getIthJsonbValueFromContainer(unconstify(void *, array->reference),
													  (uint32) index);

	*item = from_jsonb_value(found);
	pfree(found);
}

static void
write_number(Numeric number, TemplateOutput *output)
{
	char	   *text;

	if (output->cut_after == 0 && respond_numeric_text_size(number) > respond_template_room(output))
	{
		respond_template_fail(output, TEMPLATE_TOO_LARGE);
		return;
	}
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
	respond_template_write(output, text, strlen(text));
	pfree(text);
}

/*
 * A URL holds the bytes of UTF-8 (RFC 3986, section 2.5), whatever the
 * encoding of the database.
 */
static void
write_string(const char *bytes, size_t length, bool as_json, TemplateOutput *output)
{
	void		(*write) (TemplateOutput *, const char *, size_t) =
	as_json ? respond_template_write_json_string : respond_template_write;
	size_t		(*character) (const char *, size_t) = output->character;
	char	   *converted;

	if (output->escape != TEMPLATE_ESCAPE_URL || GetDatabaseEncoding() == PG_UTF8 ||
		length == 0 || length > respond_template_room(output))
	{
		write(output, bytes, length);
		return;
	}
	converted = pg_server_to_any(bytes, (int) length, PG_UTF8);
	if (converted == bytes)
	{
		write(output, bytes, length);
		return;
	}
	/* what is cut is cut between characters of UTF-8 */
	output->character = NULL;
	write(output, converted, strlen(converted));
	output->character = character;
	pfree(converted);
}

/* A value without parts as JSON. */
static void
write_json_scalar(const TemplateValue *value, TemplateOutput *output)
{
	switch (value->kind)
	{
		case TEMPLATE_STRING:
			write_string(value->reference, value->count, true, output);
			break;
		case TEMPLATE_NUMBER:
			write_number((Numeric) unconstify(void *, value->reference), output);
			break;
		case TEMPLATE_BOOLEAN:
			respond_template_write_value(&respond_template_jsonb_source, value, output);
			break;
		default:
			respond_template_write(output, "null", 4);
			break;
	}
}

/* The same text as jsonb's own output. */
static void
write_container(JsonbContainer *container, TemplateOutput *output)
{
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbValue	jsonb;
	JsonbIteratorToken token;
	bool		follows = false;	/* a comma comes before the next item */

	while ((token = JsonbIteratorNext(&iterator, &jsonb, false)) != WJB_DONE &&
		   respond_template_step(output))
	{
		bool		ends = token == WJB_END_ARRAY || token == WJB_END_OBJECT;
		TemplateValue scalar;

		if (follows && !ends)
			respond_template_write(output, ", ", 2);
		follows = ends || token == WJB_ELEM || token == WJB_VALUE;
		switch (token)
		{
			case WJB_BEGIN_ARRAY:
				respond_template_write(output, "[", 1);
				break;
			case WJB_END_ARRAY:
				respond_template_write(output, "]", 1);
				break;
			case WJB_BEGIN_OBJECT:
				respond_template_write(output, "{", 1);
				break;
			case WJB_END_OBJECT:
				respond_template_write(output, "}", 1);
				break;
			default:
				scalar = from_jsonb_value(&jsonb);
				write_json_scalar(&scalar, output);
				if (token == WJB_KEY)
					respond_template_write(output, ": ", 2);
				break;
		}
	}
}

static void write_json(const TemplateValue *value, TemplateOutput *output);

/* Roots within roots are made by our code alone, so they are not deep. */
static void
write_roots(const TemplateRoots *roots, TemplateOutput *output)
{
	bool		follows = false;

	respond_template_write(output, "{", 1);
	for (int i = 0; i < roots->count; i++)
	{
		const TemplateRoot *root = &roots->roots[i];

		if (respond_template_value_is_secret(&root->value))
			continue;
		if (follows)
			respond_template_write(output, ", ", 2);
		follows = true;
		respond_template_write_json_string(output, root->name, strlen(root->name));
		respond_template_write(output, ": ", 2);
		write_json(&root->value, output);
	}
	respond_template_write(output, "}", 1);
}

static void
write_json(const TemplateValue *value, TemplateOutput *output)
{
	if (respond_template_value_roots(value) != NULL)
		write_roots(value->reference, output);
	else if (value->kind == TEMPLATE_OBJECT || value->kind == TEMPLATE_ARRAY)
		write_container(unconstify(void *, value->reference), output);
	else
		write_json_scalar(value, output);
}

static void
write_value(const TemplateValue *value, TemplateOutput *output)
{
	if (value->kind == TEMPLATE_STRING)
		write_string(value->reference, value->count, false, output);
	else
		write_json(value, output);
}

const TemplateSource respond_template_jsonb_source = {read_member, read_item, write_value};

Template *
respond_template_compile_in(MemoryContext context, const char *source, size_t length,
							const char *owner)
{
	TemplateError error;
	Template   *template = respond_template_compile(respond_arena_create_in(context),
													source, length, &error);

	if (template == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s%sinvalid template at line %d, column %d: %s",
						owner != NULL ? owner : "", owner != NULL ? ": " : "",
						error.line, error.column, error.message),
				 errhint("%s", error.hint)));
	return template;
}

static void *
resize_buffer(void *data, size_t size)
{
	return data == NULL ? palloc(size) : repalloc(data, size);
}

static void
let_interrupts_in(void)
{
	CHECK_FOR_INTERRUPTS();
}

static size_t
character_size(const char *bytes, size_t length)
{
	int			size = pg_mblen(bytes);

	return Min((size_t) size, length);
}

void
respond_template_begin_output(TemplateOutput *output, size_t reserved)
{
	respond_template_output_init(output, reserved, (size_t) respond_max_rendered_size * 1024,
								 resize_buffer, let_interrupts_in);
	if (GetDatabaseEncoding() != PG_UTF8)
		output->character = character_size;
}

char *
respond_template_escape(const char *text, TemplateEscape escape)
{
	TemplateOutput output;

	respond_template_output_init(&output, 0, MaxAllocSize, resize_buffer, let_interrupts_in);
	output.escape = escape;
	respond_template_write(&output, text, strlen(text));
	respond_template_append(&output, "", 1);
	respond_template_raise(output.status);
	return output.data;
}

void
respond_template_raise(TemplateStatus status)
{
	switch (status)
	{
		case TEMPLATE_OK:
			break;
		case TEMPLATE_TOO_LARGE:
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_LIMIT),
					 errmsg("rendered text is too large"),
					 errdetail("It would exceed %d kB.", respond_max_rendered_size),
					 errhint("Use less of the data in the template, or increase \"%s\".",
							 "pg_respond.max_rendered_size")));
			break;
		case TEMPLATE_TOO_MUCH_WORK:
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_LIMIT),
					 errmsg("template takes too long to render"),
					 errdetail("Its sections repeat too often for this data."),
					 errhint("Avoid nested sections over large lists.")));
			break;
	}
}

text *
respond_template_render_text(const Template *template, const TemplateValue *root,
							 TemplateEscape escape)
{
	TemplateOutput output;

	respond_template_begin_output(&output, VARHDRSZ);
	respond_template_raise(respond_template_render(template, &respond_template_jsonb_source,
												   root, escape, &output));
	SET_VARSIZE(output.data, output.length);
	return (text *) output.data;
}

char *
respond_template_render_cstring(const Template *template, const TemplateValue *root,
								TemplateEscape escape, size_t *length)
{
	TemplateOutput output;

	respond_template_begin_output(&output, 0);
	respond_template_raise(respond_template_render(template, &respond_template_jsonb_source,
												   root, escape, &output));
	if (length != NULL)
		*length = output.length;
	output.data = repalloc(output.data, output.length + 1);
	output.data[output.length] = '\0';
	return output.data;
}
