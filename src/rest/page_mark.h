/*-------------------------------------------------------------------------
 * page_mark.h
 *	  Where a page of a list ends, as a text that means nothing to callers.
 *
 * It builds without a server.
 *
 * src/rest/page_mark.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PAGE_MARK_H
#define RESPOND_PAGE_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"

/*
 * key: text of what the last row goes by, not empty.  list: tells lists and their filters apart, so
 * that a mark is of no use in another one.  In the arena.
 */
extern const char *respond_page_mark_write(Arena *arena, const char *key, uint32_t list);

/* The key, in the arena; NULL: it is no mark, or one of another list. */
extern const char *respond_page_mark_read(Arena *arena, const char *mark, uint32_t list);

/* One more text that tells lists apart; begin with 0. */
extern uint32_t respond_page_list(uint32_t list, const char *text);

#endif							/* RESPOND_PAGE_MARK_H */
