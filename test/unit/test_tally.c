/* links: src/approval/tally.c */
/*-------------------------------------------------------------------------
 * test_tally.c
 *	  Which option of an approval has won: cases, and all votes of few people
 *	  against what the words of the documentation say.
 *
 * test/unit/test_tally.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "approval/tally.h"

#define MOST_OPTIONS	3
#define MOST_PEOPLE		6

static int
tally_of(int options, const int *votes, int reject, bool deny_wins, int needed, int undecided)
{
	Tally		tally = {options, votes, reject, deny_wins, needed, undecided};

	return respond_tally(&tally);
}

/* Whether some way of voting of those who have not yet gives an option what is needed. */
static bool
can_be_decided(int options, int *votes, int needed, int undecided)
{
	for (int i = 0; i < options; i++)
		if (votes[i] >= needed)
			return true;
	for (int i = 0; undecided > 0 && i < options; i++)
	{
		bool		can;

		votes[i]++;
		can = can_be_decided(options, votes, needed, undecided - 1);
		votes[i]--;
		if (can)
			return true;
	}
	return false;
}

/* The first rule that holds. */
static int
expected(int options, int *votes, int reject, bool deny_wins, int needed, int undecided)
{
	if (deny_wins && reject >= 0 && votes[reject] >= 1)
		return reject;
	for (int i = 0; i < options; i++)
		if (votes[i] >= needed)
			return i;
	if (can_be_decided(options, votes, needed, undecided))
		return TALLY_OPEN;
	return reject >= 0 ? reject : TALLY_TIED;
}

static long
try_all(int options, int *votes, int option, int people, long *wrong)
{
	long		tried = 0;

	if (option < options)
	{
		for (votes[option] = 0; votes[option] <= people; votes[option]++)
			tried += try_all(options, votes, option + 1, people - votes[option], wrong);
		votes[option] = 0;
		return tried;
	}
	for (int needed = 1; needed <= MOST_PEOPLE; needed++)
		for (int reject = -1; reject < options; reject++)
			for (int deny_wins = 0; deny_wins < 2; deny_wins++, tried++)
				*wrong += tally_of(options, votes, reject, deny_wins, needed, people) !=
					expected(options, votes, reject, deny_wins, needed, people);
	return tried;
}

int
main(void)
{
	int			votes[MOST_OPTIONS] = {0};
	long		tried = 0;
	long		wrong = 0;

	check(tally_of(2, (int[]) {0, 0}, 1, true, 1, 3) == TALLY_OPEN, "nobody voted: open");
	check(tally_of(2, (int[]) {1, 0}, 1, true, 1, 2) == 0, "one of one approves");
	check(tally_of(2, (int[]) {1, 1}, 1, true, 2, 1) == 1, "one reject is enough");
	check(tally_of(2, (int[]) {1, 1}, 1, false, 2, 1) == TALLY_OPEN, "unless it is not");
	check(tally_of(2, (int[]) {1, 1}, 1, false, 2, 0) == 1, "nobody can reach the quorum: rejected");
	check(tally_of(2, (int[]) {1, 1}, -1, true, 2, 0) == TALLY_TIED, "and a tie where nothing denies");
	check(tally_of(2, (int[]) {0, 0}, -1, true, 2, 1) == TALLY_TIED, "too few are left");
	for (int options = 2; options <= MOST_OPTIONS; options++)
		for (int people = 0; people <= MOST_PEOPLE; people++)
			tried += try_all(options, votes, 0, people, &wrong);
	check(tried > 10000 && wrong == 0, "all votes of up to %d people: %ld of %ld are wrong", MOST_PEOPLE, wrong, tried);
	return check_done();
}
