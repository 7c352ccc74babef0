/*-------------------------------------------------------------------------
 * bytes_read.h
 *	  Bytes written as hex digits or base64.
 *
 * src/wire/bytes_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BYTES_READ_H
#define RESPOND_BYTES_READ_H

#include <stdbool.h>
#include <stddef.h>

/* Room that the bytes of so many characters need, of whichever writing. */
#define BYTES_READ_ROOM(length)		((length) / 4 * 3 + 3)

typedef enum Base64Alphabet
{
	BASE64_STANDARD,			/* RFC 4648 section 4 */
	BASE64_ANY					/* or that of section 5, for urls */
} Base64Alphabet;

/* Value of a hex digit of either case; -1: it is none. */
static inline int
respond_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* False: not an even number of hex digits.  None at all are no bytes. */
extern bool respond_hex_read(const char *text, size_t length, unsigned char *bytes, size_t *count);

/*
 * Padding may be left out, but not be wrong; bits left over behind the last byte
 * are ignored, as the decoders of others do.  False: it is no base64.
 */
extern bool respond_base64_read(const char *text, size_t length, Base64Alphabet alphabet,
								unsigned char *bytes, size_t *count);

#endif							/* RESPOND_BYTES_READ_H */
