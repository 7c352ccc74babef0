/*-------------------------------------------------------------------------
 * scheme_read.c
 *	  What a request says about who signed it, by its scheme.
 *
 * src/inbound/scheme_read.c
 *-------------------------------------------------------------------------
 */
#include "inbound/scheme_read.h"

#include <string.h>

#include "inbound/scheme_content.h"
#include "wire/ascii_case.h"

#define BLANKS				" \t"

/* Digits of a timestamp: those of milliseconds until the year 5138, so that nothing overflows. */
#define TIMESTAMP_LONGEST	14

static void
trim(const char **text, size_t *length)
{
	while (*length > 0 && strchr(BLANKS, **text) != NULL)
	{
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && strchr(BLANKS, (*text)[*length - 1]) != NULL)
		(*length)--;
}

static bool
has_prefix(const char *text, size_t length, const char *prefix, bool any_case)
{
	if (length < strlen(prefix))
		return false;
	return any_case ? respond_ascii_begins(text, prefix) : strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Takes one signature of the list; false: there are too many. */
static bool
take_claim(const InboundScheme *scheme, const char *text, size_t length, SchemeReading *reading)
{
	const char *prefix = scheme->prefix == NULL ? "" : scheme->prefix;
	SignatureClaim claim = {scheme->algorithm, scheme->encoding};

	if (scheme->public_prefix != NULL && has_prefix(text, length, scheme->public_prefix, false))
	{
		prefix = scheme->public_prefix;
		claim.algorithm = SIGNATURE_ED25519;
		claim.encoding = SIGNATURE_BASE64;
	}
	else if (!has_prefix(text, length, prefix, !respond_scheme_has_signature(scheme)))
		return true;
	if (reading->claim_count == SIGNATURE_CLAIMS_MOST)
		return false;
	claim.text = text + strlen(prefix);
	claim.length = length - strlen(prefix);
	trim(&claim.text, &claim.length);
	reading->claims[reading->claim_count++] = claim;
	return true;
}

/* Steps to the next member of a list, which is trimmed; false: there is none. */
static bool
next_member(const char **at, char separator, const char **text, size_t *length)
{
	const char *end;

	if (*at == NULL)
		return false;
	end = separator == '\0' ? NULL : strchr(*at, separator);
	*text = *at;
	*length = end == NULL ? strlen(*at) : (size_t) (end - *at);
	*at = end == NULL ? NULL : end + 1;
	trim(text, length);
	return true;
}

static InboundReason
read_list(const InboundScheme *scheme, const char *value, SchemeReading *reading)
{
	const char *text;
	size_t		length;

	while (next_member(&value, scheme->separator, &text, &length))
		if (!take_claim(scheme, text, length, reading))
			return INBOUND_MALFORMED;
	return reading->claim_count > 0 ? INBOUND_ACCEPTED : INBOUND_MALFORMED;
}

static bool
is_pair(const PairName *pair, const char *text, size_t length)
{
	return pair->name != NULL && length > pair->length && text[pair->length] == '=' &&
		strncmp(text, pair->name, pair->length) == 0;
}

static InboundReason
read_pair_list(Arena *arena, const InboundScheme *scheme, const char *value, SchemeReading *reading)
{
	Pairs		pairs;
	const char *text;
	size_t		length;

	respond_scheme_pairs(scheme->pairs, &pairs);
	while (next_member(&value, pairs.separator, &text, &length))
	{
		if (is_pair(&pairs.timestamp, text, length))
		{
			/* With two of them, the one that is signed might not be the one that is looked at. */
			if (reading->timestamp != NULL)
				return INBOUND_MALFORMED;
			reading->timestamp = respond_arena_copy(arena, text + pairs.timestamp.length + 1,
													length - pairs.timestamp.length - 1);
		}
		else if (is_pair(&pairs.signature, text, length) &&
				 !take_claim(scheme, text + pairs.signature.length + 1, length - pairs.signature.length - 1, reading))
			return INBOUND_MALFORMED;
	}
	if (pairs.timestamp.name != NULL && (reading->timestamp == NULL || *reading->timestamp == '\0'))
		return INBOUND_MISSING_TIMESTAMP;
	return reading->claim_count > 0 ? INBOUND_ACCEPTED : INBOUND_MALFORMED;
}

/* Reads a text that the request has to have at place, if the scheme has one. */
static InboundReason
read_place(Arena *arena, const WebRequest *request, const JsonValue *data, const char *place,
		   InboundReason missing, const char **text)
{
	if (place == NULL)
		return INBOUND_ACCEPTED;
	switch (respond_request_path_find(arena, request, data, place, text))
	{
		case PATH_FOUND:
			return INBOUND_ACCEPTED;
		case PATH_TWICE:
			return INBOUND_MALFORMED;
		case PATH_MISSING:
			break;
	}
	return missing;
}

InboundReason
respond_scheme_read(Arena *arena, const InboundScheme *scheme, const WebRequest *request, const JsonValue *data,
					const char *public_url, SchemeReading *reading)
{
	const char *value = NULL;
	InboundReason reason;

	memset(reading, 0, sizeof(*reading));
	reason = read_place(arena, request, data, scheme->id_place,
						respond_scheme_signs(scheme, SIGNED_ID) ? INBOUND_MISSING_ID : INBOUND_ACCEPTED, &reading->id);
	if (reason == INBOUND_ACCEPTED)
		reason = read_place(arena, request, data, scheme->timestamp_place, INBOUND_MISSING_TIMESTAMP,
							&reading->timestamp);
	if (reason == INBOUND_ACCEPTED)
		reason = read_place(arena, request, data, scheme->signature_place, INBOUND_MISSING_SIGNATURE, &value);
	if (reason != INBOUND_ACCEPTED || scheme->algorithm == SIGNATURE_NONE)
		return reason;
	reason = scheme->pairs != NULL ? read_pair_list(arena, scheme, value, reading) : read_list(scheme, value, reading);
	if (reason == INBOUND_ACCEPTED && scheme->signed_text != NULL)
		reason = respond_scheme_contents(arena, scheme, request, data, public_url, reading);
	return reason;
}

InboundReason
respond_scheme_check_signature(const InboundScheme *scheme, const SchemeReading *reading, const SignatureKey *keys,
							   int key_count)
{
	bool		right = scheme->algorithm == SIGNATURE_NONE;

	if (scheme->signed_text == NULL)
		right |= respond_signature_check(keys, key_count, reading->claims, reading->claim_count, "", 0);
	for (int i = 0; i < reading->content_count; i++)
		right |= respond_signature_check(keys, key_count, reading->claims, reading->claim_count,
										 reading->contents[i], reading->content_lengths[i]);
	return right ? INBOUND_ACCEPTED : INBOUND_SIGNATURE;
}

InboundReason
respond_scheme_check_time(const InboundScheme *scheme, const SchemeReading *reading, int64_t now)
{
	int64_t		at = 0;
	int64_t		unit = scheme->milliseconds ? 1 : 1000;

	if (scheme->tolerance == SCHEME_NO_TOLERANCE)
		return INBOUND_ACCEPTED;
	if (reading->timestamp == NULL)
		return INBOUND_MISSING_TIMESTAMP;
	if (strlen(reading->timestamp) > TIMESTAMP_LONGEST ||
		reading->timestamp[strspn(reading->timestamp, "0123456789")] != '\0')
		return INBOUND_MALFORMED;
	for (const char *digit = reading->timestamp; *digit != '\0'; digit++)
		at = at * 10 + (*digit - '0');

	/* Both in the sender's unit: parts of a second do not make a request too old. */
	now /= unit;
	if (at < now - scheme->tolerance * (1000 / unit) || at > now + scheme->tolerance * (1000 / unit))
		return INBOUND_STALE;
	return INBOUND_ACCEPTED;
}
