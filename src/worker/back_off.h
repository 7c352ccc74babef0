/*-------------------------------------------------------------------------
 * back_off.h
 *	  How long to wait before something that failed is tried again.
 *
 * src/worker/back_off.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BACK_OFF_H
#define RESPOND_BACK_OFF_H

/* The first pause, doubled for each failure before this one, up to the longest; in whatever unit they are. */
static inline int64
respond_back_off(int64 first, int64 longest, int failures)
{
	int64		pause = first;

	while (failures-- > 0 && pause < longest)
		pause *= 2;
	return Min(pause, longest);
}

#endif							/* RESPOND_BACK_OFF_H */
