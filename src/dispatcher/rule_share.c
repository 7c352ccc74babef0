/*-------------------------------------------------------------------------
 * rule_share.c
 *	  How much of its lane's time a rule may take.
 *
 * An account holds a second at most.  What is quick costs nothing.  What takes
 * long is paid from the account, which may be overdrawn once; it is refilled at
 * half of the time that goes by.  What takes very long, or waited in vain, costs
 * five times as much while other rules have work.  So a condition of five seconds
 * runs once in 40 s beside others.
 *
 * It is all in this process's memory: a new one begins with full accounts.
 *
 * src/dispatcher/rule_share.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "dispatcher/rule_share.h"
#include "match/hash.h"

#define FULL_MS				1000.0
#define QUICK_MS			20.0
#define LONG_MS				250.0
#define VERY_LONG_MS		1000.0
#define SHARE				0.5
#define COST_BESIDE_OTHERS	5

/* Others have work if a rule was quick within this time. */
#define BUSY_FOR_MS			10000

/* The same kind of error of a rule is logged so often. */
#define REPORT_EVERY_MS		60000

typedef struct Account
{
	uint64		rule;			/* hash key */
	double		balance;		/* ms */
	TimestampTz as_of;
	int			reported;		/* SQLSTATE */
	TimestampTz reported_at;
	TimestampTz slow_reported_at;
	bool		in_vain;		/* what was charged last was a wait in vain */
} Account;

static HTAB *accounts = NULL;
static TimestampTz quick_at = 0;

uint64
respond_share_rule(const char *rule)
{
	return respond_hash_bytes(0, rule, strlen(rule));
}

static Account *
find(uint64 rule, bool create)
{
	Account    *account;
	bool		found;

	if (accounts == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(Account)};

		if (!create)
			return NULL;
		accounts = hash_create("pg_respond rule shares", 64, &control, HASH_ELEM | HASH_BLOBS);
	}
	account = hash_search(accounts, &rule, create ? HASH_ENTER : HASH_FIND, &found);
	if (create && !found)
	{
		account->balance = FULL_MS;
		account->as_of = GetCurrentTimestamp();
		account->reported = 0;
		account->reported_at = 0;
		account->slow_reported_at = 0;
		account->in_vain = false;
	}
	return account;
}

static bool
others_have_work(TimestampTz now)
{
	return quick_at != 0 && !TimestampDifferenceExceeds(quick_at, now, BUSY_FOR_MS);
}

static void
refill(Account *account, TimestampTz now)
{
	if (now > account->as_of)
		account->balance = Min(FULL_MS, account->balance + (now - account->as_of) / 1000.0 * SHARE);
	account->as_of = now;
}

bool
respond_share_allows(uint64 rule)
{
	Account    *account = find(rule, false);

	if (account == NULL || account->balance >= 0)
		return true;
	refill(account, GetCurrentTimestamp());
	return account->balance >= 0;
}

void
respond_share_charge(uint64 rule, double milliseconds, bool in_vain)
{
	TimestampTz now;
	Account    *account;

	if (milliseconds < (in_vain ? QUICK_MS : LONG_MS))
	{
		/* the time as of the transaction is near enough, and costs nothing */
		quick_at = GetCurrentStatementStartTimestamp();
		return;
	}
	now = GetCurrentTimestamp();
	account = find(rule, true);
	refill(account, now);
	if ((in_vain || milliseconds >= VERY_LONG_MS) && others_have_work(now))
		milliseconds *= COST_BESIDE_OTHERS;
	account->balance -= milliseconds;
	account->in_vain = in_vain;
}

TimestampTz
respond_share_ready_at(uint64 rule)
{
	TimestampTz now = GetCurrentTimestamp();
	Account    *account = find(rule, false);

	if (account == NULL)
		return 0;
	refill(account, now);
	if (account->balance >= 0)
		return 0;
	return now + (int64) (-account->balance / SHARE * 1000.0) + 1000;
}

bool
respond_share_reports_slow(uint64 rule)
{
	Account    *account = find(rule, true);
	TimestampTz now = GetCurrentTimestamp();

	/* its error was reported, and is what takes the time */
	if (account->in_vain)
		return false;
	if (account->slow_reported_at != 0 &&
		!TimestampDifferenceExceeds(account->slow_reported_at, now, REPORT_EVERY_MS))
		return false;
	account->slow_reported_at = now;
	return true;
}

bool
respond_share_reports(uint64 rule, int sqlerrcode)
{
	Account    *account = find(rule, true);
	TimestampTz now = GetCurrentTimestamp();

	if (account->reported == sqlerrcode && account->reported_at != 0 &&
		!TimestampDifferenceExceeds(account->reported_at, now, REPORT_EVERY_MS))
		return false;
	account->reported = sqlerrcode;
	account->reported_at = now;
	return true;
}
