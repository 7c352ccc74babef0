/*-------------------------------------------------------------------------
 * template_shield.c
 *	  Values of tags in a text that is still to be taken apart.
 *
 * src/template/template_shield.c
 *-------------------------------------------------------------------------
 */
#include "template/template_shield.h"

#include <string.h>

/* What separates or encloses in RFC 5322, and the mark itself; their letters are a, b, c... */
static const char shielded[] = {',', ';', ':', '<', '>', '(', ')', '[', ']', '"', '\\', TEMPLATE_SHIELD};

const char *
respond_template_shield(unsigned char byte, char buffer[3])
{
	const char *found = memchr(shielded, byte, sizeof(shielded));

	if (found == NULL)
		return NULL;
	buffer[0] = TEMPLATE_SHIELD;
	buffer[1] = (char) ('a' + (found - shielded));
	buffer[2] = '\0';
	return buffer;
}

bool
respond_template_unshield(const char *text, size_t length, char *byte)
{
	if (length < 2 || text[0] != TEMPLATE_SHIELD || text[1] < 'a' || (size_t) (text[1] - 'a') >= sizeof(shielded))
		return false;
	*byte = shielded[text[1] - 'a'];
	return true;
}

size_t
respond_template_unshield_all(char *text, size_t length)
{
	size_t		kept = 0;

	for (size_t i = 0; i < length; i++)
	{
		char		byte = text[i];

		if (respond_template_unshield(text + i, length - i, &byte))
			i++;
		text[kept++] = byte;
	}
	return kept;
}
