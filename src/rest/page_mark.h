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

#define PAGE_MARK_SIZE	40

/* list: tells lists and their filters apart, so that a mark is of no use in another one. */
extern void respond_page_mark_write(int64_t last_id, uint32_t list, char *mark);

/* False: it is no mark, or one of another list. */
extern bool respond_page_mark_read(const char *mark, uint32_t list, int64_t *last_id);

/* One more text that tells lists apart; begin with 0. */
extern uint32_t respond_page_list(uint32_t list, const char *text);

#endif							/* RESPOND_PAGE_MARK_H */
