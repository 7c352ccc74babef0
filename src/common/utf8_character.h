/*-------------------------------------------------------------------------
 * utf8_character.h
 *	  Where a character of UTF-8 ends, and whether it is one.
 *
 * src/common/utf8_character.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_UTF8_CHARACTER_H
#define RESPOND_UTF8_CHARACTER_H

#include <stdbool.h>
#include <stddef.h>

/* U+FFFD, for bytes that are no character. */
#define UTF8_REPLACEMENT	"\xef\xbf\xbd"

static inline bool
respond_utf8_is_behind(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* How many bytes the character has that begins here; 0: none does (RFC 3629 section 4). */
static inline size_t
respond_utf8_character(const char *text, size_t left)
{
	const unsigned char *bytes = (const unsigned char *) text;
	unsigned char first = bytes[0];

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf && left >= 2 && respond_utf8_is_behind(bytes + 1, 1))
		return 2;
	if (first >= 0xe0 && first <= 0xef && left >= 3 && respond_utf8_is_behind(bytes + 1, 2) &&
		!(first == 0xe0 && bytes[1] < 0xa0) && !(first == 0xed && bytes[1] > 0x9f))
		return 3;
	if (first >= 0xf0 && first <= 0xf4 && left >= 4 && respond_utf8_is_behind(bytes + 1, 3) &&
		!(first == 0xf0 && bytes[1] < 0x90) && !(first == 0xf4 && bytes[1] > 0x8f))
		return 4;
	return 0;
}

#endif							/* RESPOND_UTF8_CHARACTER_H */
