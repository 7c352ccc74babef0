/*-------------------------------------------------------------------------
 * ascii_case.h
 *	  Comparing words of protocols, whose case does not matter, in any locale.
 *
 * src/wire/ascii_case.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ASCII_CASE_H
#define RESPOND_ASCII_CASE_H

#include <stdbool.h>

static inline char
respond_ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Whether text begins with prefix, whatever the case of letters of ASCII. */
static inline bool
respond_ascii_begins(const char *text, const char *prefix)
{
	while (*prefix != '\0' && respond_ascii_lower(*text) == respond_ascii_lower(*prefix))
	{
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

#endif							/* RESPOND_ASCII_CASE_H */
