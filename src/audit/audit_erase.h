/*-------------------------------------------------------------------------
 * audit_erase.h
 *	  Erasing people from rows of the audit log.
 *
 * src/audit/audit_erase.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_AUDIT_ERASE_H
#define RESPOND_AUDIT_ERASE_H

/* Whether this session is about to: the one change of the log that its guard lets pass. */
extern bool respond_audit_is_erasing(void);

#endif							/* RESPOND_AUDIT_ERASE_H */
