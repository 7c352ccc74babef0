/*-------------------------------------------------------------------------
 * token_text.c
 *	  How tokens of the REST interface are written.
 *
 * src/rest/token_text.c
 *-------------------------------------------------------------------------
 */
#include "rest/token_text.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "wire/ascii_case.h"

#define PREFIX_LENGTH	(sizeof(TOKEN_PREFIX) - 1)
#define CHECK_SIZE		4
#define CHECK_START		(TOKEN_LENGTH - 2 * CHECK_SIZE)

static void
write_hex(const unsigned char *bytes, int count, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < count; i++)
	{
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 0x0f];
	}
	*text = '\0';
}

static bool
digest(const char *text, size_t length, unsigned char *hash)
{
	return EVP_Digest(text, length, hash, NULL, EVP_sha256(), NULL) == 1;
}

bool
respond_token_text_make(const unsigned char *random, char *text)
{
	unsigned char hash[TOKEN_HASH_SIZE];

	memcpy(text, TOKEN_PREFIX, PREFIX_LENGTH);
	write_hex(random, TOKEN_RANDOM_SIZE, text + PREFIX_LENGTH);
	if (!digest(text, CHECK_START, hash))
		return false;
	write_hex(hash, CHECK_SIZE, text + CHECK_START);
	return true;
}

bool
respond_token_text_hash(const char *text, unsigned char *hash)
{
	char		check[2 * CHECK_SIZE + 1];

	if (strlen(text) != TOKEN_LENGTH || strncmp(text, TOKEN_PREFIX, PREFIX_LENGTH) != 0)
		return false;
	if (!digest(text, CHECK_START, hash))
		return false;
	write_hex(hash, CHECK_SIZE, check);
	return CRYPTO_memcmp(check, text + CHECK_START, 2 * CHECK_SIZE) == 0 && digest(text, TOKEN_LENGTH, hash);
}

const char *
respond_token_text_find(const char *authorization)
{
	if (!respond_ascii_begins(authorization, "bearer "))
		return NULL;
	authorization += strlen("bearer ");
	while (*authorization == ' ')
		authorization++;
	return authorization;
}
