/*-------------------------------------------------------------------------
 * tally.h
 *	  Which option of an approval has won.
 *
 * src/approval/tally.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TALLY_H
#define RESPOND_TALLY_H

#include <stdbool.h>

typedef struct Tally
{
	int			option_count;
	const int  *votes;			/* for each option */
	int			reject;			/* place of the option that denies; -1: there is none */
	bool		deny_wins;		/* one vote for it is enough */
	int			needed;			/* votes for the same option that decide */
	int			undecided;		/* people who may vote and have not */
} Tally;

/* No option yet; nobody can win any more. */
#define TALLY_OPEN	(-1)
#define TALLY_TIED	(-2)

/*
 * The place of the option that has won.  When no option can reach what is needed
 * with the votes that are still out, the one that denies wins, if there is one.
 */
extern int	respond_tally(const Tally *tally);

#endif							/* RESPOND_TALLY_H */
