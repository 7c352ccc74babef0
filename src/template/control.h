/*-------------------------------------------------------------------------
 * control.h
 *	  Looks for control characters in rendered text.
 *
 * A header value, a mail address or a URL with a line end in it would end
 * there and let the data write headers of its own.
 *
 * src/template/control.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CONTROL_H
#define RESPOND_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if text holds a control character: U+0000 to U+001F (tab included),
 * U+007F, or U+0080 to U+009F as UTF-8.  position, if not NULL, is then set
 * to its byte offset.
 */
extern bool respond_control_find(const char *text, size_t length, size_t *position);

#endif							/* RESPOND_CONTROL_H */
