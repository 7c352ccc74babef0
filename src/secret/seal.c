/*-------------------------------------------------------------------------
 * seal.c
 *	  Encrypting short texts so that nobody can read, change or swap them.
 *
 * AES-256-GCM.  A sealed text is:
 *
 *		 1 byte		version, 1
 *		 8 bytes	key id, the beginning of SHA-256("pg_respond key id" key)
 *		12 bytes	nonce, random
 *		 n bytes	ciphertext
 *		16 bytes	tag
 *
 * Version and key id are not fed into the cipher: unsealing compares both with
 * what they must be, so a changed one is noticed without it, and the rest is
 * plain AES-GCM, which the published test vectors check.
 *
 * Random nonces of 12 bytes are safe for some 2^32 seals with one key, more
 * secrets than anybody will ever set.
 *
 * src/secret/seal.c
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "secret/seal.h"

#define SEAL_VERSION	1
#define NONCE_SIZE		12
#define TAG_SIZE		16

#define KEY_ID_OFFSET	1
#define NONCE_OFFSET	(KEY_ID_OFFSET + RESPOND_SEAL_KEY_ID_SIZE)
#define TEXT_OFFSET		(NONCE_OFFSET + NONCE_SIZE)

static const char key_id_label[] = "pg_respond key id";

bool
respond_seal_key_id(const uint8_t *key, uint8_t *id)
{
	uint8_t		input[sizeof(key_id_label) - 1 + RESPOND_SEAL_KEY_SIZE];
	uint8_t		digest[EVP_MAX_MD_SIZE];
	bool		ok;

	memcpy(input, key_id_label, sizeof(key_id_label) - 1);
	memcpy(input + sizeof(key_id_label) - 1, key, RESPOND_SEAL_KEY_SIZE);
	ok = EVP_Digest(input, sizeof(input), digest, NULL, EVP_sha256(), NULL) == 1;
	if (ok)
		memcpy(id, digest, RESPOND_SEAL_KEY_ID_SIZE);
	OPENSSL_cleanse(input, sizeof(input));
	OPENSSL_cleanse(digest, sizeof(digest));
	return ok;
}

const uint8_t *
respond_seal_read_key_id(const uint8_t *sealed, size_t sealed_len)
{
	if (sealed_len < RESPOND_SEAL_OVERHEAD || sealed[0] != SEAL_VERSION)
		return NULL;
	return sealed + KEY_ID_OFFSET;
}

bool
respond_seal(const uint8_t *key, const void *aad, size_t aad_len,
			 const void *plain, size_t len, uint8_t *out)
{
	uint8_t    *nonce = out + NONCE_OFFSET;
	uint8_t    *text = out + TEXT_OFFSET;
	EVP_CIPHER_CTX *cipher;
	int			written = 0;
	bool		ok;

	if (len > INT_MAX || aad_len > INT_MAX)
		return false;
	out[0] = SEAL_VERSION;
	if (!respond_seal_key_id(key, out + KEY_ID_OFFSET) || RAND_bytes(nonce, NONCE_SIZE) != 1)
		return false;
	cipher = EVP_CIPHER_CTX_new();
	if (cipher == NULL)
		return false;
	ok = EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		(aad_len == 0 || EVP_EncryptUpdate(cipher, NULL, &written, aad, (int) aad_len) == 1) &&
		(len == 0 || EVP_EncryptUpdate(cipher, text, &written, plain, (int) len) == 1) &&
		EVP_EncryptFinal_ex(cipher, text + len, &written) == 1 &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, text + len) == 1;
	EVP_CIPHER_CTX_free(cipher);
	return ok;
}

bool
respond_seal_open(const uint8_t *key, const void *aad, size_t aad_len,
				  const uint8_t *sealed, size_t sealed_len, void *plain)
{
	const uint8_t *sealed_id = respond_seal_read_key_id(sealed, sealed_len);
	const uint8_t *text = sealed + TEXT_OFFSET;
	uint8_t		id[RESPOND_SEAL_KEY_ID_SIZE];
	uint8_t		tag[TAG_SIZE];
	EVP_CIPHER_CTX *cipher;
	size_t		len;
	int			written = 0;
	bool		ok;

	if (sealed_id == NULL)
		return false;
	len = sealed_len - RESPOND_SEAL_OVERHEAD;
	if (len > INT_MAX || aad_len > INT_MAX ||
		!respond_seal_key_id(key, id) || memcmp(id, sealed_id, sizeof(id)) != 0 ||
		(cipher = EVP_CIPHER_CTX_new()) == NULL)
	{
		OPENSSL_cleanse(plain, len);
		return false;
	}
	memcpy(tag, text + len, TAG_SIZE);
	ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed + NONCE_OFFSET) == 1 &&
		(aad_len == 0 || EVP_DecryptUpdate(cipher, NULL, &written, aad, (int) aad_len) == 1) &&
		(len == 0 || EVP_DecryptUpdate(cipher, plain, &written, text, (int) len) == 1) &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
		EVP_DecryptFinal_ex(cipher, (uint8_t *) plain + len, &written) == 1;
	EVP_CIPHER_CTX_free(cipher);
	/* what came out before the tag was checked is not to be trusted, or read */
	if (!ok)
		OPENSSL_cleanse(plain, len);
	return ok;
}
