/*-------------------------------------------------------------------------
 * standby_listener.h
 *	  The listener of a standby, where nobody else starts workers.
 *
 * src/gateway/standby_listener.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STANDBY_LISTENER_H
#define RESPOND_STANDBY_LISTENER_H

/* At load, once the settings are defined: registers it if this server starts as a standby with a gateway. */
extern void respond_standby_listener_register(void);

/* Entry point. */
extern PGDLLEXPORT void respond_standby_listener_main(Datum main_arg);

#endif							/* RESPOND_STANDBY_LISTENER_H */
