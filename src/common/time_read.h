/*-------------------------------------------------------------------------
 * time_read.h
 *	  A time from a text that may not be one.
 *
 * src/common/time_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIME_READ_H
#define RESPOND_TIME_READ_H

#include "datatype/timestamp.h"

/* False when the server does not take the text for a time with time zone. */
extern bool respond_time_read(const char *text, TimestampTz *time);

#endif							/* RESPOND_TIME_READ_H */
