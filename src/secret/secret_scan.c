/*-------------------------------------------------------------------------
 * secret_scan.c
 *	  Telling from a text whether it may hold a secret.
 *
 * A statement is logged before anything knows what it means, so this looks for
 * words, in one pass.  It errs on the side of yes: a line of the log that lacks
 * its statement does no harm.
 *
 * src/secret/secret_scan.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "miscadmin.h"

#include "common/shmem.h"
#include "secret/secret_scan.h"

static bool
is_name_character(char c)
{
	return c == '_' || c == '$' || IS_HIGHBIT_SET(c) ||
		(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * What the statement behind EXECUTE says: its own text has the values only.
 * FetchPreparedStatement() looks into a table of this process, no more.
 */
static int
scan_prepared(const char *name)
{
	char		wanted[NAMEDATALEN];
	int			length = 0;
	PreparedStatement *prepared;

	while (*name == ' ' || *name == '\t' || *name == '\n' || *name == '\r')
		name++;
	if (*name == '"')
	{
		for (name++; *name != '\0' && length < NAMEDATALEN - 1; name++)
		{
			if (*name == '"' && *++name != '"')
				break;
			wanted[length++] = *name;
		}
	}
	else
	{
		while (is_name_character(*name) && length < NAMEDATALEN - 1)
			wanted[length++] = pg_ascii_tolower((unsigned char) *name++);
	}
	wanted[length] = '\0';
	if (length == 0)
		return 0;
	prepared = FetchPreparedStatement(wanted, false);
	return prepared == NULL ? 0 : respond_secret_scan(prepared->plansource->query_string, false);
}

/* Whether what comes before word, within text, is the name of our schema and a point. */
static bool
follows_our_schema(const char *text, const char *word)
{
	static const char schema[] = "respond";
	const int	length = sizeof(schema) - 1;

	if (word > text && word[-1] == '"')
		word--;
	if (word == text || *--word != '.')
		return false;
	if (word > text && word[-1] == '"')
		word--;
	return word - text >= length && pg_strncasecmp(word - length, schema, length) == 0;
}

int
respond_secret_scan(const char *text, bool follow_execute)
{
	int			says = 0;

	if (text == NULL)
		return 0;
	for (const char *c = text; *c != '\0'; c++)
	{
		const char *word;
		int			found;
		int			length;
		bool		is_word;

		switch (*c | 0x20)
		{
			case 's':
				word = "secret";
				found = SAYS_SECRET;
				if (pg_strncasecmp(c, "set_secret", 10) == 0)
					return says | SAYS_SET_SECRET;
				break;
			case 'w':
				word = "whsec_";
				found = SAYS_SET_SECRET;
				break;
			case 'c':
				word = (c[1] | 0x20) == 'o' ? "copy" : "channel";
				found = (c[1] | 0x20) == 'o' ? SAYS_WRITE : SAYS_CHANNEL;
				break;
			case 'i':
				word = (c[2] | 0x20) == 'b' ? "inbound_source" : "insert";
				found = (c[2] | 0x20) == 'b' ? SAYS_SOURCE : SAYS_WRITE;
				if (pg_strncasecmp(c, "inbound_secret", 14) == 0 || pg_strncasecmp(c, "inbound_test", 12) == 0)
					return says | SAYS_SET_SECRET;
				break;
			case 'u':
				word = "update";
				found = SAYS_WRITE;
				break;
			case 'm':
				word = "merge";
				found = SAYS_WRITE;
				break;
			case 'e':
				word = "execute";
				found = 0;
				break;
			default:
				continue;
		}
		length = strlen(word);
		if (pg_strncasecmp(c, word, length) != 0)
			continue;
		is_word = (c == text || !is_name_character(c[-1])) && !is_name_character(c[length]);
		if ((found == SAYS_WRITE || found == 0) && !is_word)
			continue;
		if (found == SAYS_CHANNEL && is_word)
			found |= SAYS_CHANNEL_WORD | (follows_our_schema(text, c) ? SAYS_OUR_CHANNEL : 0);
		if (found == 0 && follow_execute)
			found = scan_prepared(c + length);
		says |= found;
		c += length - 1;
	}
	return says;
}

/*
 * Secrets come in with set_secret() or its relatives, or are written to a table channel or inbound_source.  The
 * table's bare name is a common one, so that counts only where it can be ours:
 * in a database of pg_respond, or in a process that belongs to no database and
 * tells of another's statement.  In a message, channel and secret may stand
 * together for good reasons; only a statement in it has the word for a write too.
 */
bool
respond_secret_suspected(int says, bool is_statement)
{
	if ((says & SAYS_SET_SECRET) != 0)
		return true;
	if ((says & SAYS_SOURCE) != 0 && (says & SAYS_WRITE) != 0)
		return true;
	if ((says & SAYS_CHANNEL) != 0 && (says & SAYS_SECRET) != 0 && (is_statement || (says & SAYS_WRITE) != 0))
		return true;
	if ((says & SAYS_WRITE) == 0 || (says & SAYS_CHANNEL_WORD) == 0)
		return false;
	return (says & SAYS_OUR_CHANNEL) != 0 || !OidIsValid(MyDatabaseId) || respond_shared == NULL ||
		respond_shmem_find_database(MyDatabaseId) != NULL;
}
