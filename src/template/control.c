/*-------------------------------------------------------------------------
 * control.c
 *	  Looks for control characters in rendered text.
 *
 * The upper control characters count as well: U+0085 is a line end to some
 * readers.  In UTF-8 their first byte is C2.  Server encodings other than
 * UTF-8 have no such pair within a character that is not a control character,
 * except single-byte ones, where the second byte alone is one.
 *
 * src/template/control.c
 *-------------------------------------------------------------------------
 */
#include "template/control.h"

bool
respond_control_find(const char *text, size_t length, size_t *position)
{
	const unsigned char *bytes = (const unsigned char *) text;

	for (size_t i = 0; i < length; i++)
	{
		if (bytes[i] < 0x20 || bytes[i] == 0x7F ||
			(bytes[i] == 0xC2 && i + 1 < length &&
			 bytes[i + 1] >= 0x80 && bytes[i + 1] <= 0x9F))
		{
			if (position != NULL)
				*position = i;
			return true;
		}
	}
	return false;
}
