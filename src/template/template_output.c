/*-------------------------------------------------------------------------
 * template_output.c
 *	  Where rendered text goes: a growing buffer with a cap and an escape.
 *
 * Escaping copies runs of harmless bytes at once and replaces single bytes.
 * All bytes that matter are ASCII, which in every encoding a server may use
 * never is a part of a longer character.
 *
 * src/template/template_output.c
 *-------------------------------------------------------------------------
 */
#include "template/template_output.h"

#include <string.h>

#define FIRST_CAPACITY		((size_t) 256)

/* Every that many steps interrupts are let in; a power of two. */
#define STEPS_PER_INTERRUPT 1024

/* Bytes escaped between two looks at the status and interrupts. */
#define BYTES_PER_STEP		((size_t) 4096)

/* Room for the longest replacement of one byte. */
#define REPLACEMENT_SIZE	8

static const struct
{
	const char *name;
	TemplateEscape escape;
}			escape_names[] =
{
	{"none", TEMPLATE_ESCAPE_NONE},
	{"html", TEMPLATE_ESCAPE_HTML},
	{"json", TEMPLATE_ESCAPE_JSON},
	{"slack", TEMPLATE_ESCAPE_SLACK},
	{"url", TEMPLATE_ESCAPE_URL},
};

bool
respond_template_escape_by_name(const char *name, size_t length,
								TemplateEscape *escape)
{
	for (size_t i = 0; i < sizeof(escape_names) / sizeof(escape_names[0]); i++)
	{
		if (strlen(escape_names[i].name) == length &&
			memcmp(escape_names[i].name, name, length) == 0)
		{
			*escape = escape_names[i].escape;
			return true;
		}
	}
	return false;
}

void
respond_template_output_init(TemplateOutput *output, size_t reserved, size_t limit,
							 void *(*resize) (void *data, size_t size),
							 void (*interrupt) (void))
{
	memset(output, 0, sizeof(*output));
	output->reserved = reserved;
	output->limit = limit;
	output->resize = resize;
	output->interrupt = interrupt;
	output->status = TEMPLATE_OK;
	output->escape = TEMPLATE_ESCAPE_NONE;
	output->capacity = FIRST_CAPACITY > reserved ? FIRST_CAPACITY : reserved;
	output->data = resize(NULL, output->capacity);
	output->length = reserved;
}

size_t
respond_template_room(const TemplateOutput *output)
{
	return output->limit - (output->length - output->reserved);
}

bool
respond_template_charge(TemplateOutput *output, size_t length)
{
	if (length > respond_template_room(output))
		respond_template_fail(output, TEMPLATE_TOO_LARGE);
	else
		output->limit -= length;
	return output->status == TEMPLATE_OK;
}

void
respond_template_fail(TemplateOutput *output, TemplateStatus status)
{
	if (output->status == TEMPLATE_OK)
		output->status = status;
}

bool
respond_template_step(TemplateOutput *output)
{
	output->work++;
	if (output->work > TEMPLATE_MAX_WORK)
		respond_template_fail(output, TEMPLATE_TOO_MUCH_WORK);
	if (output->interrupt != NULL && output->work % STEPS_PER_INTERRUPT == 0)
		output->interrupt();
	return output->status == TEMPLATE_OK;
}

/* Doubles the buffer, but not beyond the cap. */
static void
grow(TemplateOutput *output, size_t needed)
{
	size_t		largest = output->reserved + output->limit;
	size_t		capacity = output->capacity;

	while (capacity < needed)
		capacity = capacity > largest / 2 ? largest : capacity * 2;
	output->data = output->resize(output->data, capacity);
	output->capacity = capacity;
}

void
respond_template_append(TemplateOutput *output, const char *bytes, size_t length)
{
	if (output->status != TEMPLATE_OK || length == 0)
		return;
	if (length > respond_template_room(output))
	{
		respond_template_fail(output, TEMPLATE_TOO_LARGE);
		return;
	}
	if (length > output->capacity - output->length)
		grow(output, output->length + length);
	memcpy(output->data + output->length, bytes, length);
	output->length += length;
}

static const char *
replace_for_markup(unsigned char byte, bool quotes)
{
	switch (byte)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return quotes ? "&quot;" : NULL;
		case '\'':
			return quotes ? "&#39;" : NULL;
		default:
			return NULL;
	}
}

static const char *
replace_for_json(unsigned char byte, char *buffer)
{
	static const char digits[] = "0123456789abcdef";

	switch (byte)
	{
		case '"':
			return "\\\"";
		case '\\':
			return "\\\\";
		case '\b':
			return "\\b";
		case '\f':
			return "\\f";
		case '\n':
			return "\\n";
		case '\r':
			return "\\r";
		case '\t':
			return "\\t";
		default:
			break;
	}
	if (byte >= 0x20)
		return NULL;
	memcpy(buffer, "\\u00", 4);
	buffer[4] = digits[byte >> 4];
	buffer[5] = digits[byte & 15];
	buffer[6] = '\0';
	return buffer;
}

static const char *
replace_for_url(unsigned char byte, char *buffer)
{
	static const char digits[] = "0123456789ABCDEF";

	if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') ||
		byte == '-' || byte == '.' || byte == '_' || byte == '~')
		return NULL;
	buffer[0] = '%';
	buffer[1] = digits[byte >> 4];
	buffer[2] = digits[byte & 15];
	buffer[3] = '\0';
	return buffer;
}

/* What stands for byte, or NULL if it stands for itself. */
static const char *
find_replacement(TemplateEscape escape, unsigned char byte, char *buffer)
{
	switch (escape)
	{
		case TEMPLATE_ESCAPE_HTML:
			return replace_for_markup(byte, true);
		case TEMPLATE_ESCAPE_SLACK:
			return replace_for_markup(byte, false);
		case TEMPLATE_ESCAPE_JSON:
			return replace_for_json(byte, buffer);
		case TEMPLATE_ESCAPE_URL:
			return replace_for_url(byte, buffer);
		case TEMPLATE_ESCAPE_NONE:
			break;
	}
	return NULL;
}

void
respond_template_write(TemplateOutput *output, const char *bytes, size_t length)
{
	size_t		start = 0;

	if (output->escape == TEMPLATE_ESCAPE_NONE)
	{
		respond_template_append(output, bytes, length);
		return;
	}
	for (size_t i = 0; i < length; i++)
	{
		char		buffer[REPLACEMENT_SIZE];
		const char *replacement;

		if (i % BYTES_PER_STEP == 0 && !respond_template_step(output))
			return;
		replacement = find_replacement(output->escape, (unsigned char) bytes[i], buffer);
		if (replacement == NULL)
			continue;
		respond_template_append(output, bytes + start, i - start);
		respond_template_append(output, replacement, strlen(replacement));
		start = i + 1;
	}
	respond_template_append(output, bytes + start, length - start);
}

void
respond_template_write_json_string(TemplateOutput *output, const char *bytes,
								   size_t length)
{
	size_t		start = 0;

	respond_template_write(output, "\"", 1);
	for (size_t i = 0; i < length; i++)
	{
		char		buffer[REPLACEMENT_SIZE];
		const char *replacement;

		if (i % BYTES_PER_STEP == 0 && !respond_template_step(output))
			return;
		replacement = replace_for_json((unsigned char) bytes[i], buffer);
		if (replacement == NULL)
			continue;
		respond_template_write(output, bytes + start, i - start);
		respond_template_write(output, replacement, strlen(replacement));
		start = i + 1;
	}
	respond_template_write(output, bytes + start, length - start);
	respond_template_write(output, "\"", 1);
}
