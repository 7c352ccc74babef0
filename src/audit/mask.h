/*-------------------------------------------------------------------------
 * mask.h
 *	  Named fields of events that are kept out of the audit log and of deliveries.
 *
 * src/audit/mask.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MASK_H
#define RESPOND_MASK_H

#include "event/event.h"

/* What stands in the place of a masked value. */
#define MASK_TEXT	"***"

/*
 * The event with its masked fields replaced; the event itself when no mask
 * applies to it.  Lives until respond_mask_forget_events().
 */
extern const Event *respond_mask_event(const Event *event);

/*
 * A text that was rendered for this event: values of masked fields that got into
 * it all the same (through the outputs of steps, for example) are replaced.
 * palloc'd, or the text itself.
 */
extern const char *respond_mask_text(const char *text, int64 event_id);

/*
 * A document for the audit log or a delivery: members whose names end in the
 * path of a mask for events of this type (of any type when the event is not
 * known), and values of masked fields of the event, are replaced.  palloc'd, or the
 * document itself; NULL gives NULL.
 */
extern Jsonb *respond_mask_document(Jsonb *document, int64 event_id);

/* The events that were masked are forgotten; a batch begins. */
extern void respond_mask_forget_events(void);

#endif							/* RESPOND_MASK_H */
