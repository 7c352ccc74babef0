/*-------------------------------------------------------------------------
 * memory_limit.h
 *	  How much memory of its own a worker that runs rules may have.
 *
 * src/common/memory_limit.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MEMORY_LIMIT_H
#define RESPOND_MEMORY_LIMIT_H

/*
 * Makes allocations of this process beyond pg_respond.rule_memory fail with
 * ERRCODE_OUT_OF_MEMORY; called at the start of a worker and after a reload.
 */
extern void respond_memory_limit_apply(void);

/* Whether such an error may be due to that limit. */
extern bool respond_memory_limit_applies(void);

#endif							/* RESPOND_MEMORY_LIMIT_H */
