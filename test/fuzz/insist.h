/*-------------------------------------------------------------------------
 * insist.h
 *	  What a fuzz target says and does when something is not as it must be.
 *
 * test/fuzz/insist.h
 *-------------------------------------------------------------------------
 */
#ifndef INSIST_H
#define INSIST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target, which the driver calls. */
extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, the input being kept by the driver, unless the condition holds. */
static inline void
insist(bool condition, const char *what)
{
	if (!condition)
	{
		fprintf(stderr, "violated: %s\n", what);
		abort();
	}
}

#endif							/* INSIST_H */
