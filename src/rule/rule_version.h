/*-------------------------------------------------------------------------
 * rule_version.h
 *	  Versions of rules that are no longer in force.
 *
 * src/rule/rule_version.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_VERSION_H
#define RESPOND_RULE_VERSION_H

/* The highest version kept under that name, 0 when there is none. */
extern int32 respond_rule_last_version(const char *name);

#endif							/* RESPOND_RULE_VERSION_H */
