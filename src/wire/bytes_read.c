/*-------------------------------------------------------------------------
 * bytes_read.c
 *	  Bytes written as hex digits or base64.
 *
 * src/wire/bytes_read.c
 *-------------------------------------------------------------------------
 */
#include "wire/bytes_read.h"

bool
respond_hex_read(const char *text, size_t length, unsigned char *bytes, size_t *count)
{
	*count = 0;
	if (length % 2 != 0)
		return false;
	for (size_t i = 0; i < length; i += 2)
	{
		int			high = respond_hex_digit(text[i]);
		int			low = respond_hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[(*count)++] = (unsigned char) (high << 4 | low);
	}
	return true;
}

static int
base64_digit(char c, Base64Alphabet alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || (c == '-' && alphabet == BASE64_ANY))
		return 62;
	if (c == '/' || (c == '_' && alphabet == BASE64_ANY))
		return 63;
	return -1;
}

bool
respond_base64_read(const char *text, size_t length, Base64Alphabet alphabet,
					unsigned char *bytes, size_t *count)
{
	size_t		padding = 0;
	size_t		digits;
	unsigned int bits = 0;
	int			bit_count = 0;

	*count = 0;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	digits = length - padding;
	if (digits % 4 == 1 || (padding > 0 && length % 4 != 0))
		return false;

	for (size_t i = 0; i < digits; i++)
	{
		int			value = base64_digit(text[i], alphabet);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned int) value) & 0xFFFF;
		bit_count += 6;
		if (bit_count < 8)
			continue;
		bit_count -= 8;
		bytes[(*count)++] = (unsigned char) (bits >> bit_count);
	}
	return true;
}
