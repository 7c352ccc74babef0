/*-------------------------------------------------------------------------
 * event_check.h
 *	  What may be recorded as an event.
 *
 * src/event/event_check.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_CHECK_H
#define RESPOND_EVENT_CHECK_H

/* Longest values in bytes. */
#define RESPOND_MAX_TYPE		255
#define RESPOND_MAX_SOURCE		1024
#define RESPOND_MAX_SUBJECT		1024
#define RESPOND_MAX_KEY			1024

/*
 * Raise ERRCODE_RESPOND_INVALID_EVENT with a hint when the value cannot be
 * recorded.  Lengths are in bytes.
 */
extern void respond_event_check_type(const char *type, size_t length);
extern void respond_event_check_source(const char *source, size_t length);
extern void respond_event_check_subject(size_t length);
extern void respond_event_check_key(size_t length);

/* data: a jsonb datum, toasted or not; only its first bytes are read. */
extern void respond_event_check_data(Datum data);

#endif							/* RESPOND_EVENT_CHECK_H */
