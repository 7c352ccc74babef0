/*-------------------------------------------------------------------------
 * token_scope.c
 *	  What a token may be used for, in words.
 *
 * src/rest/token_scope.c
 *-------------------------------------------------------------------------
 */
#include "rest/token_scope.h"

#include <stddef.h>
#include <string.h>

static const char *const areas[] = {
	"events", "tickets", "approvals", "rules", "runs", "deliveries", "health", "stream", "metrics", NULL
};

static bool
is_kind(const char *word)
{
	return strcmp(word, "read") == 0 || strcmp(word, "write") == 0;
}

bool
respond_scope_is_word(const char *word)
{
	size_t		length = strcspn(word, ":");

	if (strcmp(word, "*") == 0 || is_kind(word))
		return true;
	for (int i = 0; areas[i] != NULL; i++)
		if (strlen(areas[i]) == length && strncmp(word, areas[i], length) == 0)
			return word[length] == '\0' || is_kind(word + length + 1);
	return false;
}

bool
respond_scope_allows(const char *word, const char *asked)
{
	const char *kind = strchr(asked, ':');
	size_t		area = kind != NULL ? (size_t) (kind - asked) : strlen(asked);

	if (strcmp(word, "*") == 0 || strcmp(word, asked) == 0)
		return true;
	if (kind != NULL && strcmp(word, kind + 1) == 0)
		return true;
	return strlen(word) == area && strncmp(word, asked, area) == 0;
}
