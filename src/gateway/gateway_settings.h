/*-------------------------------------------------------------------------
 * gateway_settings.h
 *	  Whether the settings of the gateway are legal, for respond_guc_define().
 *
 * src/gateway/gateway_settings.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GATEWAY_SETTINGS_H
#define RESPOND_GATEWAY_SETTINGS_H

extern bool respond_gateway_check_public_url(const char *text, char *error, size_t size);

/* Says which hosts stand for which databases to the rooms that write urls; at load. */
extern void respond_gateway_settings_initialize(void);

#endif							/* RESPOND_GATEWAY_SETTINGS_H */
