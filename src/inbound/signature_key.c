/*-------------------------------------------------------------------------
 * signature_key.c
 *	  Secrets with which requests from outside are checked.
 *
 * Public keys are compared with the one beginning that a SubjectPublicKeyInfo
 * of their kind has (RFC 8410, RFC 5480): no other curve, no parameters of its own
 * and no compressed point is taken.
 *
 * src/inbound/signature_key.c
 *-------------------------------------------------------------------------
 */
#include "inbound/signature_key.h"

#include <string.h>

#include "wire/bytes_read.h"

#define SECRET_PREFIX		"whsec_"
#define PUBLIC_PREFIX		"whpk_"
#define PRIVATE_PREFIX		"whsk_"
#define PEM_DASHES			"-----"
#define PEM_PUBLIC_BEGIN	"-----BEGIN PUBLIC KEY-----"
#define PEM_PUBLIC_END		"-----END PUBLIC KEY-----"
#define WHITE_SPACE			" \t\r\n"

#define ED25519_BYTES		32
#define P256_POINT_BYTES	65

static const unsigned char ed25519_head[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
};
static const unsigned char p256_head[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00
};

static bool
begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
respond_signature_key_is_public(const char *secret)
{
	secret += strspn(secret, WHITE_SPACE);
	return begins_with(secret, PUBLIC_PREFIX) || begins_with(secret, PEM_PUBLIC_BEGIN);
}

static bool
is_private(const char *secret)
{
	secret += strspn(secret, WHITE_SPACE);
	return begins_with(secret, PRIVATE_PREFIX) ||
		(begins_with(secret, PEM_DASHES) && !begins_with(secret, PEM_PUBLIC_BEGIN));
}

/* Whether the bytes are a public key of the algorithm, and if so, makes it the key. */
static bool
take_public(SignatureAlgorithm algorithm, const unsigned char *bytes, size_t length, SignatureKey *key)
{
	bool		ecdsa = algorithm == SIGNATURE_ECDSA;
	const unsigned char *head = ecdsa ? p256_head : ed25519_head;
	size_t		head_length = ecdsa ? sizeof(p256_head) : sizeof(ed25519_head);
	size_t		body_length = ecdsa ? P256_POINT_BYTES : ED25519_BYTES;
	bool		whole = length == head_length + body_length && memcmp(bytes, head, head_length) == 0;

	if (!whole && (ecdsa || length != ED25519_BYTES))
		return false;
	key->bytes = whole && !ecdsa ? bytes + head_length : bytes;
	key->length = ecdsa ? length : ED25519_BYTES;
	return true;
}

/* The base64 of a PEM block, without white space; NULL: the block is not one of a public key alone. */
static const char *
read_pem(Arena *arena, const char *text)
{
	const char *start = text + strlen(PEM_PUBLIC_BEGIN);
	const char *end = strstr(start, PEM_PUBLIC_END);
	char	   *base64;
	size_t		length = 0;

	if (end == NULL)
		return NULL;
	text = end + strlen(PEM_PUBLIC_END);
	if (text[strspn(text, WHITE_SPACE)] != '\0')
		return NULL;
	base64 = respond_arena_alloc(arena, (size_t) (end - start) + 1);
	for (; start < end; start++)
		if (strchr(WHITE_SPACE, *start) == NULL)
			base64[length++] = *start;
	base64[length] = '\0';
	return base64;
}

static const char *
read_public(Arena *arena, SignatureAlgorithm algorithm, const char *secret, SignatureKey *key)
{
	const char *text = secret + strspn(secret, WHITE_SPACE);
	unsigned char *bytes;
	size_t		length;
	size_t		count;

	if (is_private(secret))
		return "is a private key; the public key belonging to it is wanted";
	if (begins_with(text, PEM_PUBLIC_BEGIN))
		text = read_pem(arena, text);
	else if (begins_with(text, PUBLIC_PREFIX))
		text += strlen(PUBLIC_PREFIX);
	length = text == NULL ? 0 : strlen(text);
	while (length > 0 && strchr(WHITE_SPACE, text[length - 1]) != NULL)
		length--;

	/* No writing of a key is one of another key in the other way: the lengths differ. */
	bytes = respond_arena_alloc(arena, BYTES_READ_ROOM(length));
	if (respond_hex_read(text, length, bytes, &count) && take_public(algorithm, bytes, count, key))
		return NULL;
	if (respond_base64_read(text, length, BASE64_ANY, bytes, &count) && take_public(algorithm, bytes, count, key))
		return NULL;
	return algorithm == SIGNATURE_ECDSA ? "is not a public key of ECDSA with the curve P-256" :
		"is not a public key of ed25519";
}

static const char *
read_hmac(Arena *arena, SecretForm form, const char *secret, SignatureKey *key)
{
	const char *text = secret;
	unsigned char *bytes;
	bool		legal;

	if (respond_signature_key_is_public(secret))
		return "is a public key, with which anybody could sign";
	if (is_private(secret))
		return "is a private key; a shared secret is wanted";
	if (form == SECRET_BASE64 && begins_with(text, SECRET_PREFIX))
		text += strlen(SECRET_PREFIX);
	key->length = strlen(text);
	if (form == SECRET_TEXT)
	{
		key->bytes = (const unsigned char *) respond_arena_copy(arena, text, key->length);
		return NULL;
	}
	bytes = respond_arena_alloc(arena, BYTES_READ_ROOM(key->length));
	legal = form == SECRET_HEX ? respond_hex_read(text, key->length, bytes, &key->length) :
		respond_base64_read(text, key->length, BASE64_ANY, bytes, &key->length);
	if (!legal)
		return form == SECRET_HEX ? "is not an even number of hex digits" : "is not base64";
	key->bytes = bytes;
	return key->length == 0 ? "is empty" : NULL;
}

const char *
respond_signature_key_read(Arena *arena, SignatureAlgorithm algorithm, SecretForm form, const char *secret,
						   SignatureKey *key)
{
	key->algorithm = algorithm;
	if (secret[strspn(secret, WHITE_SPACE)] == '\0')
		return "is empty";
	switch (algorithm)
	{
		case SIGNATURE_ED25519:
		case SIGNATURE_ECDSA:
			return read_public(arena, algorithm, secret, key);
		case SIGNATURE_HMAC_SHA1:
		case SIGNATURE_HMAC_SHA256:
		case SIGNATURE_HMAC_SHA512:
			return read_hmac(arena, form, secret, key);
		case SIGNATURE_BASIC:
			if (strchr(secret, ':') == NULL)
				return "is not USER:PASSWORD";
			break;
		case SIGNATURE_BEARER:
		case SIGNATURE_NONE:
			break;
	}
	key->bytes = (const unsigned char *) respond_arena_copy(arena, secret, strlen(secret));
	key->length = strlen(secret);
	return NULL;
}
