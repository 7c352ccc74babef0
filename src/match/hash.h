/*-------------------------------------------------------------------------
 * hash.h
 *	  Hash functions of the matcher.
 *
 * Hashes only lead to candidates, which are verified, so a collision costs
 * time and never correctness.  Texts of events are hashed in whole (bytes) or
 * character by character from either end (roll), so that all prefixes or
 * suffixes of a text cost one pass.
 *
 * src/match/hash.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HASH_H
#define RESPOND_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
respond_hash_mix(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= UINT64_C(0xD6E8FEB86659FD93);
	hash ^= hash >> 32;
	hash *= UINT64_C(0xD6E8FEB86659FD93);
	hash ^= hash >> 32;
	return hash;
}

static inline uint64_t
respond_hash_combine(uint64_t seed, uint64_t value)
{
	return respond_hash_mix((seed ^ value) * UINT64_C(0x9E3779B97F4A7C15) + (seed << 6) + (value >> 2));
}

static inline uint64_t
respond_hash_bytes(uint64_t seed, const char *bytes, size_t length)
{
	uint64_t	hash = (seed + length) * UINT64_C(0x9E3779B97F4A7C15);
	uint64_t	word;

	for (; length >= 8; bytes += 8, length -= 8)
	{
		memcpy(&word, bytes, 8);
		hash = (hash ^ word) * UINT64_C(0xD6E8FEB86659FD93);
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, bytes, length);
	return respond_hash_mix(hash ^ word);
}

/* One more character of a text that is hashed character by character. */
static inline uint64_t
respond_hash_roll(uint64_t hash, uint32_t character)
{
	return (hash ^ (character + 1)) * UINT64_C(0x9FB21C651E98DF25) + (hash >> 47);
}

#endif							/* RESPOND_HASH_H */
