/*-------------------------------------------------------------------------
 * rule_version.h
 *	  Versions of rules, those that are no longer in force too.
 *
 * src/rule/rule_version.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_VERSION_H
#define RESPOND_RULE_VERSION_H

#include "rule/rule_set.h"

/* The highest version kept under that name, 0 when there is none. */
extern int32 respond_rule_last_version(const char *name);

/*
 * The rule as it was in that version, in the current memory context, whether it is
 * enabled or not, or has been dropped; NULL when there was none.  Its condition
 * is not prepared.  Raises ERRCODE_RESPOND_INVALID_RULE when this version of the
 * library does not take its steps.
 */
extern Rule *respond_rule_version_load(const char *name, int32 version);

#endif							/* RESPOND_RULE_VERSION_H */
