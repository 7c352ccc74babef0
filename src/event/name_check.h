/*-------------------------------------------------------------------------
 * name_check.h
 *	  Names and event types in rows that set the desk up: rules, channels, masks.
 *
 * src/event/name_check.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NAME_CHECK_H
#define RESPOND_NAME_CHECK_H

/* Longest name of a rule, route, channel or kind, in bytes. */
#define RESPOND_MAX_NAME	255

/*
 * Raise ERRCODE_RESPOND_INVALID_RULE when no row could have that name or event
 * type.  what: "rule", "channel", for the message.
 */
extern void respond_name_check(const char *what, const char *name);
extern void respond_name_check_event_type(const char *event_type);

#endif							/* RESPOND_NAME_CHECK_H */
