/*-------------------------------------------------------------------------
 * source_check.h
 *	  Secrets that are given to a source.
 *
 * src/inbound/source_check.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SOURCE_CHECK_H
#define RESPOND_SOURCE_CHECK_H

#include "inbound/scheme_row.h"

/*
 * Raises ERRCODE_RESPOND_INVALID_SOURCE when no request could be checked with the
 * secret under the scheme, or anybody could guess it; the message shows nothing of it.
 * place: where it was given, for the message.
 */
extern void respond_source_check_secret(const SchemeRow *scheme, const char *place, const char *secret);

#endif							/* RESPOND_SOURCE_CHECK_H */
