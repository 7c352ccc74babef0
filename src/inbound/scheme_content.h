/*-------------------------------------------------------------------------
 * scheme_content.h
 *	  What of a request was signed, byte by byte.
 *
 * src/inbound/scheme_content.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEME_CONTENT_H
#define RESPOND_SCHEME_CONTENT_H

#include "inbound/scheme_read.h"

/*
 * Adds to the reading, whose id and timestamp are read, all contents that its
 * sender may have signed; see respond_scheme_read().
 */
extern InboundReason respond_scheme_contents(Arena *arena, const InboundScheme *scheme, const WebRequest *request,
											 const JsonValue *data, const char *public_url, SchemeReading *reading);

#endif							/* RESPOND_SCHEME_CONTENT_H */
