/*-------------------------------------------------------------------------
 * signature.c
 *	  Signatures of webhooks as Standard Webhooks 1.0.0 defines them.
 *
 * HMAC() in one call is the one interface that OpenSSL 1.1 and 3 share without
 * deprecation and that leaves no context to free.  It wants its input in one
 * piece, so the signed content is put together first, on the stack when it is
 * small: copying a usual body is cheap against hashing it.
 *
 * src/wire/signature.c
 *-------------------------------------------------------------------------
 */
#include "wire/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "wire/bytes_read.h"

#define SECRET_PREFIX		"whsec_"
#define WHITE_SPACE			" \t\r\n\f\v"
#define NOT_BASE64			"is not \"" SECRET_PREFIX "\" and base64, nor base64 alone"

#define DIGEST_BYTES		32
#define DIGEST_BASE64		44		/* characters */
#define VERSION_PREFIX		"v1,"

/* Content up to this size does without malloc. */
#define CONTENT_ON_STACK	((size_t) 8192)

/* Longest decimal int64 with its sign, two full stops and a NUL. */
#define TIMESTAMP_SIZE		24

/* Decodes base64 into at most SIGNING_KEY_LONGEST bytes. */
static const char *
decode_base64(const char *text, size_t length, unsigned char *bytes, size_t *byte_count)
{
	size_t		digits = length;

	while (digits > 0 && text[digits - 1] == '=')
		digits--;
	if (digits / 4 * 3 + digits % 4 * 3 / 4 > SIGNING_KEY_LONGEST)
		return "holds a key of more than 1024 bytes";
	if (!respond_base64_read(text, length, BASE64_STANDARD, bytes, byte_count))
		return NOT_BASE64;
	return *byte_count == 0 ? "has nothing after \"" SECRET_PREFIX "\"" : NULL;
}

/*
 * The prefix is optional, and there is one spelling of it, as in the public
 * libraries (standardwebhooks for Go, JavaScript, Python, PHP, Ruby, Rust, Java
 * and C#): what they decode is decoded, and nothing stands for its own bytes.
 */
static const char *
read_key(const char *text, size_t length, unsigned char *bytes, size_t *byte_count)
{
	size_t		prefix = strlen(SECRET_PREFIX);

	if (length >= prefix && memcmp(text, SECRET_PREFIX, prefix) == 0)
		return decode_base64(text + prefix, length - prefix, bytes, byte_count);
	return decode_base64(text, length, bytes, byte_count);
}

void
respond_signature_wipe(SigningKeys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

const char *
respond_signature_read(const char *secret, SigningKeys *keys)
{
	const char *reason = NULL;
	const char *at = secret == NULL ? "" : secret;

	keys->count = 0;
	for (at += strspn(at, WHITE_SPACE); *at != '\0' && reason == NULL; at += strspn(at, WHITE_SPACE))
	{
		size_t		length = strcspn(at, WHITE_SPACE);

		if (keys->count == SIGNING_KEYS_MOST)
			reason = "holds more than 4 secrets";
		else
		{
			reason = read_key(at, length, keys->keys[keys->count].bytes,
							  &keys->keys[keys->count].length);
			keys->count++;
		}
		at += length;
	}
	if (reason == NULL && keys->count == 0)
		reason = "is empty";
	if (reason != NULL)
		respond_signature_wipe(keys);
	return reason;
}

/* Appends "v1,BASE64" of the content to buffer and returns its length, or 0. */
static size_t
append_signature(const unsigned char *key, size_t key_length,
				 const unsigned char *content, size_t content_length, char *buffer)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_length = 0;
	size_t		prefix = strlen(VERSION_PREFIX);

	if (HMAC(EVP_sha256(), key, (int) key_length, content, content_length,
			 digest, &digest_length) == NULL || digest_length != DIGEST_BYTES)
		return 0;
	memcpy(buffer, VERSION_PREFIX, prefix);
	EVP_EncodeBlock((unsigned char *) buffer + prefix, digest, DIGEST_BYTES);
	return prefix + DIGEST_BASE64;
}

static bool
sign_content(const SigningKeys *keys, const unsigned char *content,
			 size_t content_length, char *buffer)
{
	for (int i = 0; i < keys->count; i++)
	{
		size_t		length;

		if (i > 0)
			*buffer++ = ' ';
		length = append_signature(keys->keys[i].bytes, keys->keys[i].length,
								  content, content_length, buffer);
		if (length == 0)
			return false;
		buffer += length;
	}
	*buffer = '\0';
	return true;
}

bool
respond_signature_make(const SigningKeys *keys, const char *id, int64_t timestamp,
					   const char *body, size_t body_length, char *buffer, size_t size)
{
	size_t		one = strlen(VERSION_PREFIX) + DIGEST_BASE64 + 1;
	size_t		id_length = strlen(id);
	char		middle[TIMESTAMP_SIZE];
	size_t		middle_length;
	unsigned char small[CONTENT_ON_STACK];
	unsigned char *content = small;
	size_t		content_length;
	bool		signed_all;

	if (keys->count < 1 || keys->count > SIGNING_KEYS_MOST || size < (size_t) keys->count * one)
		return false;
	middle_length = (size_t) snprintf(middle, sizeof(middle), ".%" PRId64 ".", timestamp);
	if (body_length > SIZE_MAX / 2 || id_length > SIZE_MAX / 4)
		return false;
	content_length = id_length + middle_length + body_length;
	if (content_length > sizeof(small))
		content = malloc(content_length);
	if (content == NULL)
		return false;

	memcpy(content, id, id_length);
	memcpy(content + id_length, middle, middle_length);
	if (body_length > 0)
		memcpy(content + id_length + middle_length, body, body_length);
	signed_all = sign_content(keys, content, content_length, buffer);
	if (content != small)
		free(content);
	return signed_all;
}
