/*-------------------------------------------------------------------------
 * glob.c
 *	  Texts with "*" in them, which stands for any run of characters.
 *
 * src/common/glob.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/glob.h"

/* Goes back to the last star when the rest does not fit; so it is linear in each of them. */
bool
respond_glob_matches(const char *glob, const char *text, size_t length)
{
	const char *end = text + length;
	const char *star = NULL;
	const char *retry = NULL;

	while (text < end)
	{
		if (*glob == '*')
		{
			star = glob++;
			retry = text;
		}
		else if (*glob == *text)
		{
			glob++;
			text++;
		}
		else if (star != NULL)
		{
			glob = star + 1;
			text = ++retry;
		}
		else
			return false;
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}
