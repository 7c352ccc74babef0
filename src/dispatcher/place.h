/*-------------------------------------------------------------------------
 * place.h
 *	  Where this dispatcher stands in the order of events.
 *
 * src/dispatcher/place.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PLACE_H
#define RESPOND_PLACE_H

#include "utils/jsonb.h"

#include "dispatcher/window.h"

/* Entries of the window before next are handled; while an event of it is being handled, that one is too. */
extern void respond_place_set(const Window *window, int next);

/* What is handled, in the arena. */
extern Cursor *respond_place_cursor(Arena *arena);

/* Whether that place, a document, is handled; one in another database's log always is. */
extern bool respond_place_is_passed(Arena *arena, const Cursor *here, Jsonb *place);

/*
 * What goes on from here on until the next call, or until the next place is set,
 * goes on as if this dispatcher stood there still: at the place of a document, or
 * before that entry of a window.  Both must stay where they are meanwhile.  noted: what
 * the window still has is noted for the run, see wait_passed.h.
 */
extern void respond_place_go_back(Jsonb *place);
extern void respond_place_go_back_in(const Window *window, int next, bool noted);
extern void respond_place_return(void);
extern bool respond_place_is_past(void);

/*
 * The place as a document: {"incarnation", "cursor", "split_xid", "split_id"}, where the
 * first says in which database's log it is.  {"behind": event} instead of a split: the
 * place of this event, which comes after the cursor.  {"read": true}: what has passed
 * since is not known but from the log.
 */
extern Jsonb *respond_place_save(void);

/* The place of an event that this transaction records, in any session. */
extern Jsonb *respond_place_of_new(int64 event);

/* The way back, NULL when it is none. */
extern Cursor *respond_place_restore(Arena *arena, Jsonb *place, int64 *incarnation, int64 *behind);

#endif							/* RESPOND_PLACE_H */
