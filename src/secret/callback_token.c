/*-------------------------------------------------------------------------
 * callback_token.c
 *	  What is secret in the url that a peer calls to end a step.
 *
 * A mark is "callback_", the id of a key, "_" and 16 random bytes; a token is these
 * bytes and HMAC-SHA256(key, "pg_respond callback" bytes), all in hex.  So a token
 * that was used up can be told from one that never was, without keeping it.
 *
 * src/secret/callback_token.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/pg_compat.h"
#include "secret/callback_token.h"
#include "secret/key_file.h"

#define MARK_PREFIX		"callback_"
#define NONCE_SIZE		16
#define MAC_SIZE		32
#define MARK_LENGTH		(strlen(MARK_PREFIX) + 2 * RESPOND_SEAL_KEY_ID_SIZE + 1 + 2 * NONCE_SIZE)

StaticAssertDecl(CALLBACK_TOKEN_LENGTH == 2 * (NONCE_SIZE + MAC_SIZE), "a token is a nonce and what vouches for it");

static const char label[] = "pg_respond callback";

static void
write_hex(const uint8 *bytes, int count, char *text)
{
	for (int i = 0; i < count; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: these are not so many digits in lower case. */
static bool
read_hex(const char *text, uint8 *bytes, int count)
{
	for (int i = 0; i < count; i++)
	{
		int			high = digit(text[2 * i]);
		int			low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8) (high << 4 | low);
	}
	return true;
}

static bool
make_mac(const uint8 *key, const uint8 *nonce, uint8 *mac)
{
	uint8		input[sizeof(label) - 1 + NONCE_SIZE];
	unsigned int length = 0;

	memcpy(input, label, sizeof(label) - 1);
	memcpy(input + sizeof(label) - 1, nonce, NONCE_SIZE);
	return HMAC(EVP_sha256(), key, RESPOND_SEAL_KEY_SIZE, input, sizeof(input), mac, &length) != NULL &&
		length == MAC_SIZE;
}

char *
respond_callback_mark(void)
{
	char	   *mark = palloc(MARK_LENGTH + 1);
	char	   *end = mark + strlen(MARK_PREFIX);
	uint8		nonce[NONCE_SIZE];
	uint8		id[RESPOND_SEAL_KEY_ID_SIZE];
	SecretKeys	keys;

	respond_secret_keys_load(&keys);
	memcpy(id, keys.ids[0], sizeof(id));
	respond_secret_keys_wipe(&keys);
	if (!pg_strong_random(nonce, sizeof(nonce)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not make a url to be called")));
	memcpy(mark, MARK_PREFIX, strlen(MARK_PREFIX));
	write_hex(id, sizeof(id), end);
	end += 2 * sizeof(id);
	*end++ = '_';
	write_hex(nonce, sizeof(nonce), end);
	return mark;
}

/* False: it is none. */
static bool
read_mark(const char *mark, uint8 *id, uint8 *nonce)
{
	const char *key = mark + strlen(MARK_PREFIX);

	return strlen(mark) == MARK_LENGTH && strncmp(mark, MARK_PREFIX, strlen(MARK_PREFIX)) == 0 &&
		read_hex(key, id, RESPOND_SEAL_KEY_ID_SIZE) && key[2 * RESPOND_SEAL_KEY_ID_SIZE] == '_' &&
		read_hex(key + 2 * RESPOND_SEAL_KEY_ID_SIZE + 1, nonce, NONCE_SIZE);
}

char *
respond_callback_token(const char *mark)
{
	char	   *token = palloc(CALLBACK_TOKEN_LENGTH + 1);
	uint8		id[RESPOND_SEAL_KEY_ID_SIZE];
	uint8		nonce[NONCE_SIZE];
	uint8		mac[MAC_SIZE];
	const uint8 *key;
	SecretKeys	keys;
	bool		made;

	if (!read_mark(mark, id, nonce))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the mark of a url to be called cannot be read")));
	respond_secret_keys_load(&keys);
	key = respond_secret_keys_find(&keys, id);
	made = key != NULL && make_mac(key, nonce, mac);
	respond_secret_keys_wipe(&keys);
	if (!made)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("the key with which a url to be called was made is not in the secret key file any more")));
	write_hex(nonce, sizeof(nonce), token);
	write_hex(mac, sizeof(mac), token + 2 * NONCE_SIZE);
	OPENSSL_cleanse(mac, sizeof(mac));
	return token;
}

bytea *
respond_callback_hash(const char *token)
{
	uint8		bytes[NONCE_SIZE + MAC_SIZE];
	bytea	   *hash;

	if (strlen(token) != CALLBACK_TOKEN_LENGTH || !read_hex(token, bytes, sizeof(bytes)))
		return NULL;
	hash = palloc(VARHDRSZ + CALLBACK_HASH_SIZE);
	SET_VARSIZE(hash, VARHDRSZ + CALLBACK_HASH_SIZE);
	if (EVP_Digest(token, CALLBACK_TOKEN_LENGTH, (unsigned char *) VARDATA(hash), NULL, EVP_sha256(), NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not hash the token of a call")));
	return hash;
}

bool
respond_callback_is_known(const char *token)
{
	uint8		bytes[NONCE_SIZE + MAC_SIZE];
	uint8		mac[MAC_SIZE];
	bool		known = false;
	char	   *fault = respond_secret_key_status();
	SecretKeys	keys;

	if (fault != NULL || strlen(token) != CALLBACK_TOKEN_LENGTH || !read_hex(token, bytes, sizeof(bytes)))
		return false;
	respond_secret_keys_load(&keys);
	for (int i = 0; i < keys.count; i++)
		if (make_mac(keys.keys[i], bytes, mac))
			known |= CRYPTO_memcmp(mac, bytes + NONCE_SIZE, MAC_SIZE) == 0;
	respond_secret_keys_wipe(&keys);
	OPENSSL_cleanse(mac, sizeof(mac));
	return known;
}
