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

#include "template/template_shield.h"

#define FIRST_CAPACITY		((size_t) 256)

/* Every that many steps interrupts are let in; a power of two. */
#define STEPS_PER_INTERRUPT 1024

/* What a text that was cut ends with; every receiver and encoding has it. */
#define CUT_DOTS			"..."

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
	{"markdown", TEMPLATE_ESCAPE_MARKDOWN},
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
	return output->status == TEMPLATE_OK && !output->cut_off;
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
		case TEMPLATE_ESCAPE_ADDRESS:
			return respond_template_shield(byte, buffer);
		case TEMPLATE_ESCAPE_ONE_ADDRESS:
			return byte == ',' || byte == ';' ? respond_template_shield(byte, buffer) : NULL;
		case TEMPLATE_ESCAPE_MARKDOWN:
		case TEMPLATE_ESCAPE_NONE:
			break;
	}
	return NULL;
}

/* What a line has had so far, for marks that count at its beginning alone. */
typedef enum LineState
{
	LINE_BEGINS,				/* nothing but spaces */
	LINE_NUMBER,				/* nothing but a number */
	LINE_TEXT
} LineState;

static bool
ends_mark(const char *bytes, size_t length, size_t next)
{
	return next >= length || bytes[next] == ' ' || bytes[next] == '\t' || bytes[next] == '\n' || bytes[next] == '\r';
}

/*
 * Whether Markdown would read the byte at i as more than itself.  Adaptive Cards
 * and chats know no HTML in it, and not all of them take a backslash before
 * whatever follows, so what they read as text is left alone.
 */
static bool
is_markdown(const char *bytes, size_t length, size_t i, LineState line)
{
	switch (bytes[i])
	{
		case '\\':
		case '`':
		case '*':
		case '_':
		case '[':
		case ']':
			return true;
		case '~':
			return (i > 0 && bytes[i - 1] == '~') || (i + 1 < length && bytes[i + 1] == '~');
		case '#':
		case '>':
			return line == LINE_BEGINS;
		case '-':
		case '+':
		case '=':
			return line == LINE_BEGINS && (ends_mark(bytes, length, i + 1) || bytes[i + 1] == bytes[i]);
		case '.':
		case ')':
			return line == LINE_NUMBER && ends_mark(bytes, length, i + 1);
		default:
			return false;
	}
}

static LineState
next_line_state(LineState line, char byte)
{
	if (byte == '\n' || byte == '\r')
		return LINE_BEGINS;
	if (byte >= '0' && byte <= '9' && line != LINE_TEXT)
		return LINE_NUMBER;
	if ((byte == ' ' || byte == '\t') && line == LINE_BEGINS)
		return LINE_BEGINS;
	return LINE_TEXT;
}

static void
write_markdown(TemplateOutput *output, const char *bytes, size_t length)
{
	size_t		start = 0;
	LineState	line = LINE_BEGINS;

	for (size_t i = 0; i < length; i++)
	{
		if (i % BYTES_PER_STEP == 0 && !respond_template_step(output))
			return;
		if (is_markdown(bytes, length, i, line))
		{
			respond_template_append(output, bytes + start, i - start);
			respond_template_append(output, "\\", 1);
			start = i;
		}
		line = next_line_state(line, bytes[i]);
	}
	respond_template_append(output, bytes + start, length - start);
}

static size_t
utf8_character(const char *bytes, size_t length)
{
	size_t		size = 1;

	while (size < length && ((unsigned char) bytes[size] & 0xC0) == 0x80)
		size++;
	return size;
}

/* The last characters before the end give way to the dots. */
static size_t
cut_mark(const TemplateOutput *output)
{
	return output->cut_after > strlen(CUT_DOTS) ? output->cut_after - strlen(CUT_DOTS) : output->cut_after;
}

void
respond_template_begin_cut(TemplateOutput *output, size_t characters)
{
	output->cut_after = characters;
	output->cut_count = 0;
	output->cut_off = false;
}

void
respond_template_end_cut(TemplateOutput *output)
{
	bool		dots = output->cut_off && output->cut_after > strlen(CUT_DOTS);

	output->cut_after = 0;
	output->cut_off = false;
	if (!dots || output->status != TEMPLATE_OK)
		return;
	output->length = output->cut_length;
	respond_template_append(output, CUT_DOTS, strlen(CUT_DOTS));
}

static void
write_all(TemplateOutput *output, const char *bytes, size_t length)
{
	size_t		start = 0;

	if (output->escape == TEMPLATE_ESCAPE_MARKDOWN)
	{
		write_markdown(output, bytes, length);
		return;
	}

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

/* Writes as many characters as are left, and remembers where the dots would begin. */
static void
write_cut(TemplateOutput *output, const char *bytes, size_t length)
{
	size_t		start = 0;
	size_t		at = 0;

	if (output->cut_off)
		return;
	while (at < length)
	{
		if (output->cut_count == output->cut_after)
		{
			write_all(output, bytes + start, at - start);
			output->cut_off = true;
			return;
		}
		if (output->cut_count == cut_mark(output))
		{
			write_all(output, bytes + start, at - start);
			output->cut_length = output->length;
			start = at;
		}
		at += output->character != NULL ? output->character(bytes + at, length - at) :
			utf8_character(bytes + at, length - at);
		output->cut_count++;
	}
	write_all(output, bytes + start, at - start);
}

void
respond_template_write(TemplateOutput *output, const char *bytes, size_t length)
{
	if (output->cut_after > 0)
		write_cut(output, bytes, length);
	else
		write_all(output, bytes, length);
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
