/*-------------------------------------------------------------------------
 * rule_version_cache.h
 *	  Versions of rules that runs continue on, compiled once.
 *
 * src/rule/rule_version_cache.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_VERSION_CACHE_H
#define RESPOND_RULE_VERSION_CACHE_H

#include "rule/rule_set.h"

/*
 * As respond_rule_version_load(), but kept: the rule is good until the end of the
 * transaction.
 */
extern Rule *respond_rule_version_get(const char *name, int32 version);

#endif							/* RESPOND_RULE_VERSION_CACHE_H */
