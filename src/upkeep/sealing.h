/*-------------------------------------------------------------------------
 * sealing.h
 *	  Duty of the clock: the audit log is sealed.
 *
 * src/upkeep/sealing.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SEALING_H
#define RESPOND_SEALING_H

#include "datatype/timestamp.h"

/* Seals what has been written since it was last called, and returns when to do so again. */
extern TimestampTz respond_sealing_apply(TimestampTz now);

#endif							/* RESPOND_SEALING_H */
