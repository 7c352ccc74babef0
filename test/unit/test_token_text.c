/* links: src/rest/token_text.c src/rest/token_scope.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_token_text.c
 *	  How tokens are written, and what their scopes allow.
 *
 * test/unit/test_token_text.c
 *-------------------------------------------------------------------------
 */
#include "check.h"
#include "rest/token_scope.h"
#include "rest/token_text.h"

static void
check_tokens(void)
{
	unsigned char random[TOKEN_RANDOM_SIZE] = {0};
	unsigned char hash[TOKEN_HASH_SIZE];
	unsigned char other[TOKEN_HASH_SIZE];
	char		text[TOKEN_LENGTH + 1];
	char		longer[TOKEN_LENGTH + 2];
	int			accepted = 0;

	random[0] = 0xa5;
	check(respond_token_text_make(random, text), "a token is made");
	check(strlen(text) == TOKEN_LENGTH && strncmp(text, "prt_a5000000", 12) == 0, "it is written in hex: %s", text);
	check(respond_token_text_hash(text, hash), "and is one");
	for (int i = 0; i < TOKEN_LENGTH; i++)
	{
		char		byte = text[i];

		text[i] = byte == '1' ? '2' : '1';
		accepted += respond_token_text_hash(text, other);
		text[i] = '\0';
		accepted += respond_token_text_hash(text, other);
		text[i] = byte;
	}
	check(accepted == 0, "with a byte changed or cut off it is none");
	snprintf(longer, sizeof(longer), "%s0", text);
	check(!respond_token_text_hash(longer, other), "nor with one more");
	check(!respond_token_text_hash("", other), "nor is nothing");
	random[31] = 1;
	respond_token_text_make(random, text);
	check(respond_token_text_hash(text, other) && memcmp(hash, other, sizeof(hash)) != 0, "another one has another hash");
}

static void
check_headers(void)
{
	check_string(respond_token_text_find("Bearer abc"), "abc", "Bearer");
	check_string(respond_token_text_find("bEARER  abc"), "abc", "in any case, with blanks");
	check_string(respond_token_text_find("Bearer"), NULL, "Bearer without a token");
	check_string(respond_token_text_find("Basic abc"), NULL, "another scheme");
	check_string(respond_token_text_find("Bearerabc"), NULL, "no blank");
	check_string(respond_token_text_find(""), NULL, "nothing");
}

static void
check_scopes(void)
{
	static const char *const words[] = {"*", "read", "write", "tickets", "tickets:read", "events:write", "stream", NULL};
	static const char *const none[] = {"", "tickets:", "tickets:delete", "ticket", "ticketsx", "all", ":read", "read:read", NULL};

	for (int i = 0; words[i] != NULL; i++)
		check(respond_scope_is_word(words[i]), "%s is a scope", words[i]);
	for (int i = 0; none[i] != NULL; i++)
		check(!respond_scope_is_word(none[i]), "\"%s\" is none", none[i]);
	check(respond_scope_allows("*", "tickets:read"), "* allows all");
	check(respond_scope_allows("read", "tickets:read") && !respond_scope_allows("read", "tickets:write"), "read allows reading");
	check(respond_scope_allows("write", "runs:write") && !respond_scope_allows("write", "runs:read"), "write allows writing");
	check(respond_scope_allows("tickets", "tickets:read") && respond_scope_allows("tickets", "tickets:write"), "an area allows both");
	check(!respond_scope_allows("tickets", "runs:read") && !respond_scope_allows("ticket", "tickets:read"), "but of itself alone");
	check(respond_scope_allows("tickets:read", "tickets:read") && !respond_scope_allows("tickets:read", "tickets:write"),
		  "one kind of use is one kind of use");
}

int
main(void)
{
	check_tokens();
	check_headers();
	check_scopes();
	return check_done();
}
