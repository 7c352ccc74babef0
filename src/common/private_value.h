/*-------------------------------------------------------------------------
 * private_value.h
 *	  Values of which not every reader sees everything.
 *
 * src/common/private_value.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PRIVATE_VALUE_H
#define RESPOND_PRIVATE_VALUE_H

#include "utils/jsonb.h"

/*
 * Values of types respond.private_text and respond.private_jsonb: full is for
 * members of the owner and superusers (InvalidOid: these alone), everybody else
 * sees shown.  full NULL: shown is everything.  palloc'd.
 */
extern Datum respond_private_text(const char *shown, const char *full, Oid owner);
extern Datum respond_private_jsonb(Jsonb *shown, Jsonb *full, Oid owner);

/* All of a document, whoever asks: for our own code, which shows it to nobody.  Copied. */
extern Jsonb *respond_private_jsonb_full(Datum value);

/* Whose value it is; InvalidOid: superusers alone see all of it. */
extern Oid	respond_private_owner(Datum value);

/* The type of private texts. */
extern Oid	respond_private_text_type(void);

/* Whether the current user sees what is private to the owner. */
extern bool respond_private_is_visible(Oid owner);

#endif							/* RESPOND_PRIVATE_VALUE_H */
