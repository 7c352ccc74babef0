/*-------------------------------------------------------------------------
 * settings.h
 *	  Settings that workers need, whatever the server's configuration says.
 *
 * src/worker/settings.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SETTINGS_H
#define RESPOND_SETTINGS_H

/*
 * Gives this process the values it needs.  Called before it connects, so that
 * settings of the database and the role come too late, and after each reload.
 */
extern void respond_settings_pin(void);

/* What can only be set once the process has a role; call after connecting. */
extern void respond_settings_pin_role(void);

#endif							/* RESPOND_SETTINGS_H */
