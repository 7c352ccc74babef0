/*-------------------------------------------------------------------------
 * owner_names.h
 *	  Duty of the clock: the names of the owners of rules are those of today.
 *
 * src/upkeep/owner_names.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_NAMES_H
#define RESPOND_OWNER_NAMES_H

#include "datatype/timestamp.h"

/* Returns when it is due again. */
extern TimestampTz respond_owner_names_keep(TimestampTz now);

#endif							/* RESPOND_OWNER_NAMES_H */
