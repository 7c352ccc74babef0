/*-------------------------------------------------------------------------
 * utf8_cut.h
 *	  The beginning of a text that fits, without a halved character of UTF-8.
 *
 * src/common/utf8_cut.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_UTF8_CUT_H
#define RESPOND_UTF8_CUT_H

#include <stddef.h>

/* How many bytes of the text fit into room. */
static inline size_t
respond_utf8_cut(const char *text, size_t length, size_t room)
{
	if (length <= room)
		return length;
	while (room > 0 && ((unsigned char) text[room] & 0xC0) == 0x80)
		room--;
	return room;
}

#endif							/* RESPOND_UTF8_CUT_H */
