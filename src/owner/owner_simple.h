/*-------------------------------------------------------------------------
 * owner_simple.h
 *	  Telling expressions that run no code but the server's own.
 *
 * src/owner/owner_simple.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_SIMPLE_H
#define RESPOND_OWNER_SIMPLE_H

#include "nodes/nodes.h"

/*
 * Whether evaluating the expression reads no table, changes nothing and runs
 * nobody's code: before planning, and again after it.
 */
extern bool respond_expression_is_simple(Node *expression);

#endif							/* RESPOND_OWNER_SIMPLE_H */
