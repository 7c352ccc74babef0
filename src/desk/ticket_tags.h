/*-------------------------------------------------------------------------
 * ticket_tags.h
 *	  Tags of a ticket, each once.
 *
 * src/desk/ticket_tags.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_TAGS_H
#define RESPOND_TICKET_TAGS_H

#include "utils/array.h"

/* The tags without repeats, in their order; NULL when none repeats. */
extern ArrayType *respond_tags_once(ArrayType *tags);

#endif							/* RESPOND_TICKET_TAGS_H */
