/*-------------------------------------------------------------------------
 * log_filter.h
 *	  Keeps secrets out of the server's log, whatever its settings.
 *
 * src/secret/log_filter.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOG_FILTER_H
#define RESPOND_LOG_FILTER_H

/* Called when the library is loaded. */
extern void respond_log_filter_initialize(void);

/*
 * The current statement holds a secret: none of its text reaches the log from
 * now on, nor that of a later one with the same text, and pg_stat_activity
 * stops showing it.
 */
extern void respond_log_filter_mark(void);

#endif							/* RESPOND_LOG_FILTER_H */
