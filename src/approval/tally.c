/*-------------------------------------------------------------------------
 * tally.c
 *	  Which option of an approval has won.
 *
 * src/approval/tally.c
 *-------------------------------------------------------------------------
 */
#include "approval/tally.h"

int
respond_tally(const Tally *tally)
{
	bool		reachable = false;

	if (tally->reject >= 0 && tally->deny_wins && tally->votes[tally->reject] > 0)
		return tally->reject;
	for (int i = 0; i < tally->option_count; i++)
	{
		if (tally->votes[i] >= tally->needed)
			return i;
		reachable |= tally->votes[i] + tally->undecided >= tally->needed;
	}
	if (reachable)
		return TALLY_OPEN;
	return tally->reject >= 0 ? tally->reject : TALLY_TIED;
}
