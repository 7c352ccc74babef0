/*-------------------------------------------------------------------------
 * cloud_event_value.h
 *	  Texts as values of CloudEvents' attributes.
 *
 * src/common/cloud_event_value.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CLOUD_EVENT_VALUE_H
#define RESPOND_CLOUD_EVENT_VALUE_H

#include <stddef.h>

/* Room that the functions below need for a text of so many bytes. */
#define RESPOND_CLOUD_EVENT_ROOM(length)	(3 * (length) + 1)

/*
 * Text (UTF-8) as a URI-reference of RFC 3986: what may not stand where it
 * stands is percent-encoded, so that a URI-reference stays as it is.  Returns
 * the length of what was written to out; a NUL stands behind it.
 */
extern size_t respond_uri_reference(const char *text, size_t length, char *out);

/*
 * Text (UTF-8) as a String of CloudEvents 1.0, section 3.1: control characters
 * and what Unicode calls noncharacters are percent-encoded.
 */
extern size_t respond_cloud_event_string(const char *text, size_t length, char *out);

#endif							/* RESPOND_CLOUD_EVENT_VALUE_H */
