/* links: src/secret/seal.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_seal.c
 *	  Sealed texts come back whole, and only to who has key and aad.
 *
 * test/unit/test_seal.c
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>

#include "check.h"
#include "secret/seal.h"

#define LONGEST 5000

static const char aad[] = "pg_respond channel secret\0support";
#define AAD_LEN (sizeof(aad) - 1)

static uint8_t key[RESPOND_SEAL_KEY_SIZE];
static uint8_t other_key[RESPOND_SEAL_KEY_SIZE];

static void
check_round_trips(void)
{
	static uint8_t plain[LONGEST];
	static uint8_t back[LONGEST];
	static uint8_t sealed[LONGEST + RESPOND_SEAL_OVERHEAD];
	static const size_t lengths[] = {0, 1, 15, 16, 17, 31, 32, 33, 255, 4096, LONGEST};
	bool		ok = true;

	for (size_t i = 0; i < LONGEST; i++)
		plain[i] = (uint8_t) (i * 31 + 7);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		size_t		len = lengths[i];

		memset(back, 0xAA, sizeof(back));
		ok = ok && respond_seal(key, aad, AAD_LEN, plain, len, sealed) &&
			respond_seal_open(key, aad, AAD_LEN, sealed, len + RESPOND_SEAL_OVERHEAD, back) &&
			memcmp(plain, back, len) == 0;
		ok = ok && respond_seal(key, NULL, 0, plain, len, sealed) &&
			respond_seal_open(key, NULL, 0, sealed, len + RESPOND_SEAL_OVERHEAD, back) &&
			memcmp(plain, back, len) == 0;
	}
	check(ok, "texts of all lengths come back, with aad and without");
}

static bool
is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

static void
check_tampering(void)
{
	static const char plain[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	uint8_t		sealed[sizeof(plain) + RESPOND_SEAL_OVERHEAD];
	uint8_t		again[sizeof(sealed)];
	uint8_t		longer[sizeof(sealed) + 1];
	uint8_t		back[sizeof(longer)];
	bool		noticed = true;
	bool		wiped = true;

	if (!check(respond_seal(key, aad, AAD_LEN, plain, sizeof(plain), sealed), "a text can be sealed"))
		return;
	for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++)
	{
		memcpy(again, sealed, sizeof(sealed));
		again[bit / 8] ^= (uint8_t) (1 << (bit % 8));
		memset(back, 0xAA, sizeof(back));
		noticed = noticed && !respond_seal_open(key, aad, AAD_LEN, again, sizeof(again), back);
		/* a wrong version is no seal at all, so nothing was written */
		if (bit >= 8)
			wiped = wiped && is_zero(back, sizeof(plain));
	}
	check(noticed, "every flipped bit is noticed");
	check(wiped, "nothing of the text is left where it would have gone");

	noticed = true;
	for (size_t len = 0; len < sizeof(sealed); len++)
		noticed = noticed && !respond_seal_open(key, aad, AAD_LEN, sealed, len, back);
	check(noticed, "every truncation is noticed");
	memcpy(longer, sealed, sizeof(sealed));
	longer[sizeof(sealed)] = 0;
	check(!respond_seal_open(key, aad, AAD_LEN, longer, sizeof(longer), back), "an added byte is noticed");

	check(!respond_seal_open(other_key, aad, AAD_LEN, sealed, sizeof(sealed), back), "another key is refused");
	memcpy(again, sealed, sizeof(sealed));
	check(respond_seal_key_id(other_key, again + 1) &&
		  !respond_seal_open(other_key, aad, AAD_LEN, again, sizeof(again), back),
		  "another key is refused under its own id too");
	check(!respond_seal_open(key, aad, AAD_LEN - 1, sealed, sizeof(sealed), back) &&
		  !respond_seal_open(key, "pg_respond channel secret\0Support", AAD_LEN, sealed, sizeof(sealed), back) &&
		  !respond_seal_open(key, NULL, 0, sealed, sizeof(sealed), back), "another aad is refused");
	check(respond_seal_open(key, aad, AAD_LEN, sealed, sizeof(sealed), back) &&
		  memcmp(back, plain, sizeof(plain)) == 0, "the untouched one is still good");

	check(respond_seal(key, aad, AAD_LEN, plain, sizeof(plain), again) &&
		  memcmp(again, sealed, sizeof(sealed)) != 0, "the same text is never sealed the same way");
}

static void
check_key_id(void)
{
	uint8_t		id[RESPOND_SEAL_KEY_ID_SIZE];
	uint8_t		other_id[RESPOND_SEAL_KEY_ID_SIZE];
	uint8_t		sealed[RESPOND_SEAL_OVERHEAD];

	check(respond_seal_key_id(key, id) && respond_seal_key_id(other_key, other_id) &&
		  memcmp(id, other_id, sizeof(id)) != 0, "keys have different ids");
	check(respond_seal(key, NULL, 0, NULL, 0, sealed) &&
		  memcmp(respond_seal_read_key_id(sealed, sizeof(sealed)), id, sizeof(id)) == 0,
		  "a seal names its key");
	check(respond_seal_read_key_id(sealed, sizeof(sealed) - 1) == NULL, "what is too short is no seal");
	sealed[0] = 2;
	check(respond_seal_read_key_id(sealed, sizeof(sealed)) == NULL, "nor is another version");
}

static size_t
read_hex(const char *hex, uint8_t *out)
{
	size_t		len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++)
	{
		unsigned int byte;

		sscanf(hex + 2 * i, "%2x", &byte);
		out[i] = (uint8_t) byte;
	}
	return len;
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, test case 16. */
static void
check_published_vector(void)
{
	uint8_t		vector_key[RESPOND_SEAL_KEY_SIZE];
	uint8_t		vector_aad[64];
	uint8_t		expected[64];
	uint8_t		sealed[128];
	uint8_t		back[64];
	size_t		aad_len;
	size_t		expected_len;
	size_t		len = 0;

	read_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", vector_key);
	aad_len = read_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", vector_aad);
	expected_len = read_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
							"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39", expected);
	sealed[len++] = 1;
	respond_seal_key_id(vector_key, sealed + len);
	len += RESPOND_SEAL_KEY_ID_SIZE;
	len += read_hex("cafebabefacedbaddecaf888", sealed + len);
	len += read_hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
					"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662", sealed + len);
	len += read_hex("76fc6ece0f4e1768cddf8853bb2d551b", sealed + len);
	check(respond_seal_open(vector_key, vector_aad, aad_len, sealed, len, back) &&
		  memcmp(back, expected, expected_len) == 0, "a published AES-256-GCM vector is decrypted");
}

int
main(void)
{
	for (size_t i = 0; i < RESPOND_SEAL_KEY_SIZE; i++)
	{
		key[i] = (uint8_t) (i * 7 + 3);
		other_key[i] = key[i];
	}
	other_key[31] ^= 1;

	check_round_trips();
	check_tampering();
	check_key_id();
	check_published_vector();
	return check_done();
}
