/*-------------------------------------------------------------------------
 * json_depth.h
 *	  How deeply a text of JSON is nested, before anybody parses it.
 *
 * It builds without a server.
 *
 * src/common/json_depth.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_DEPTH_H
#define RESPOND_JSON_DEPTH_H

#include <stdbool.h>
#include <stddef.h>

/* Whether arrays and objects are nested deeper than this.  Of what is not legal JSON it says nothing. */
extern bool respond_json_is_deeper(const char *text, size_t length, int depth);

#endif							/* RESPOND_JSON_DEPTH_H */
