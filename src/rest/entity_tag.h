/*-------------------------------------------------------------------------
 * entity_tag.h
 *	  Marks of what was read, in If-Match and If-None-Match, and what a caller accepts.
 *
 * It builds without a server.  RFC 9110 sections 8.8.3, 12.5.1 and 13.1.
 *
 * src/rest/entity_tag.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ENTITY_TAG_H
#define RESPOND_ENTITY_TAG_H

#include <stdbool.h>

/*
 * Whether the list names the tag, which is strong and in its quotes, or is "*".
 * weak: W/ before one of the list does not matter.
 */
extern bool respond_entity_tag_listed(const char *list, const char *tag, bool weak);

/* Whether the value of a header Accept, NULL for none, lets a media type be sent. */
extern bool respond_accepts(const char *accept, const char *type);

/* Whether the value of a header Content-Type names the media type, whatever its parameters. */
extern bool respond_media_type_is(const char *content_type, const char *type);

#endif							/* RESPOND_ENTITY_TAG_H */
