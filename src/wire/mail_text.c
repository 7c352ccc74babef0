/*-------------------------------------------------------------------------
 * mail_text.c
 *	  A growing text that survives a lack of memory, and checks of UTF-8.
 *
 * src/wire/mail_text.c
 *-------------------------------------------------------------------------
 */
#include "wire/mail_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY		((size_t) 128)

/* Makes room for length more bytes and a NUL. */
static bool
make_room(MailText *text, size_t length)
{
	size_t		capacity = text->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : text->capacity;
	char	   *data;

	if (text->failed)
		return false;
	if (length < text->capacity - text->length)
		return true;
	if (length > SIZE_MAX / 4 || text->length > SIZE_MAX / 4)
	{
		text->failed = true;
		return false;
	}
	while (capacity - text->length <= length)
		capacity *= 2;
	data = realloc(text->data, capacity);
	if (data == NULL)
	{
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void
respond_mail_text_append(MailText *text, const char *bytes, size_t length)
{
	if (!make_room(text, length))
		return;
	if (length > 0)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void
respond_mail_text_append_string(MailText *text, const char *string)
{
	respond_mail_text_append(text, string, strlen(string));
}

const char *
respond_mail_text_string(const MailText *text)
{
	return text->data == NULL ? "" : text->data;
}

void
respond_mail_text_reset(MailText *text)
{
	text->length = 0;
	text->failed = false;
	if (text->data != NULL)
		text->data[0] = '\0';
}

void
respond_mail_text_free(MailText *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

size_t
respond_mail_text_utf8_size(const char *bytes, size_t length)
{
	const unsigned char *in = (const unsigned char *) bytes;
	size_t		size;

	/* The second byte has a smaller range behind some first bytes. */
	unsigned char low = 0x80;
	unsigned char high = 0xBF;

	if (length == 0)
		return 0;
	if (in[0] < 0x80)
		return 1;
	if (in[0] >= 0xC2 && in[0] <= 0xDF)
		size = 2;
	else if (in[0] >= 0xE0 && in[0] <= 0xEF)
		size = 3;
	else if (in[0] >= 0xF0 && in[0] <= 0xF4)
		size = 4;
	else
		return 0;
	if (in[0] == 0xE0)
		low = 0xA0;
	else if (in[0] == 0xED)
		high = 0x9F;
	else if (in[0] == 0xF0)
		low = 0x90;
	else if (in[0] == 0xF4)
		high = 0x8F;
	if (size > length || in[1] < low || in[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
	{
		if ((in[i] & 0xC0) != 0x80)
			return 0;
	}
	return size;
}

const char *
respond_mail_text_check(const char *bytes, size_t length, bool tab_allowed)
{
	size_t		at = 0;

	while (at < length)
	{
		unsigned char first = (unsigned char) bytes[at];
		size_t		size = respond_mail_text_utf8_size(bytes + at, length - at);

		if (size == 0)
			return "is not UTF-8";
		if ((first < 0x20 && !(first == '\t' && tab_allowed)) || first == 0x7F ||
			(first == 0xC2 && (unsigned char) bytes[at + 1] < 0xA0))
			return "holds a control character";
		at += size;
	}
	return NULL;
}
