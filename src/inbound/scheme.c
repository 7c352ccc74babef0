/*-------------------------------------------------------------------------
 * scheme.c
 *	  How a provider signs its requests.
 *
 * src/inbound/scheme.c
 *-------------------------------------------------------------------------
 */
#include "inbound/scheme.h"

#include <string.h>

#define TAG_OPEN			"{{"
#define TAG_CLOSE			"}}"
#define TIMESTAMP_TAG		"{{timestamp}}"
#define SIGNATURE_TAG		"{{signature}}"

/* Reads what stands before one of the two tags; NULL: it is no name and a tag. */
static const char *
read_pair_name(const char *at, Pairs *pairs)
{
	size_t		length = strcspn(at, "={}, ;");
	PairName   *pair;
	const char *tag = at + length + 1;

	if (length == 0 || at[length] != '=')
		return NULL;
	if (strncmp(tag, TIMESTAMP_TAG, strlen(TIMESTAMP_TAG)) == 0)
		pair = &pairs->timestamp;
	else if (strncmp(tag, SIGNATURE_TAG, strlen(SIGNATURE_TAG)) == 0)
		pair = &pairs->signature;
	else
		return NULL;
	if (pair->name != NULL)
		return NULL;
	*pair = (PairName) {at, length};
	return tag + strlen(TIMESTAMP_TAG);		/* both are of the same length */
}

bool
respond_scheme_pairs(const char *text, Pairs *pairs)
{
	*pairs = (Pairs) {.separator = ','};
	text = read_pair_name(text, pairs);
	if (text != NULL && *text != '\0')
	{
		pairs->separator = *text;
		text = strchr(",; &", *text) != NULL ? read_pair_name(text + 1, pairs) : NULL;
	}
	return text != NULL && *text == '\0' && pairs->signature.name != NULL;
}

SignedPart
respond_scheme_next_signed(const char **at, const char **text, size_t *length)
{
	static const struct
	{
		const char *name;
		SignedPart	part;
	}			tags[] = {
		{"id", SIGNED_ID}, {"timestamp", SIGNED_TIMESTAMP}, {"body", SIGNED_BODY},
		{"url", SIGNED_URL}, {"form", SIGNED_FORM}
	};
	const char *end;

	if (**at == '\0')
		return SIGNED_END;
	*text = *at;
	if (strncmp(*at, TAG_OPEN, strlen(TAG_OPEN)) != 0)
	{
		end = strstr(*at, TAG_OPEN);
		*length = end == NULL ? strlen(*at) : (size_t) (end - *at);
		*at += *length;
		return SIGNED_TEXT;
	}
	*text += strlen(TAG_OPEN);
	end = strstr(*text, TAG_CLOSE);
	if (end == NULL)
		return SIGNED_WRONG;
	*length = (size_t) (end - *text);
	*at = end + strlen(TAG_CLOSE);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (*length == strlen(tags[i].name) && strncmp(*text, tags[i].name, *length) == 0)
			return tags[i].part;
	return *length > strlen("data.") && strncmp(*text, "data.", strlen("data.")) == 0 ? SIGNED_DATA : SIGNED_WRONG;
}

bool
respond_scheme_signs(const InboundScheme *scheme, SignedPart wanted)
{
	const char *at = scheme->signed_text;
	const char *text;
	size_t		length;
	SignedPart	part;

	if (at == NULL)
		return wanted == SIGNED_END;
	while ((part = respond_scheme_next_signed(&at, &text, &length)) != wanted)
		if (part == SIGNED_END || part == SIGNED_WRONG)
			return false;
	return true;
}

bool
respond_scheme_has_signature(const InboundScheme *scheme)
{
	return scheme->algorithm != SIGNATURE_NONE && scheme->algorithm != SIGNATURE_BASIC &&
		scheme->algorithm != SIGNATURE_BEARER;
}

const char *
respond_scheme_fault(const InboundScheme *scheme, const char **column)
{
	Pairs		pairs = {{NULL}};
	bool		has_time;

	*column = "header";
	if (scheme->algorithm == SIGNATURE_NONE)
		return scheme->signature_place != NULL ? "a scheme without an algorithm has no signature" : NULL;
	if (scheme->signature_place == NULL)
		return "does not say where the signature stands";
	*column = "pairs";
	if (scheme->pairs != NULL && !respond_scheme_pairs(scheme->pairs, &pairs))
		return "is not like \"t={{timestamp}},v1={{signature}}\"";
	if (pairs.timestamp.name != NULL && scheme->timestamp_place != NULL)
		return "holds a timestamp, but the scheme says that it stands elsewhere";
	has_time = scheme->timestamp_place != NULL || pairs.timestamp.name != NULL;
	*column = "signed";
	if (!respond_scheme_has_signature(scheme))
		return scheme->signed_text != NULL ? "nothing is signed with basic or bearer" : NULL;
	if (scheme->signed_text == NULL)
		return "does not say what is signed";
	if (!respond_scheme_signs(scheme, SIGNED_END))
		return "holds a tag that is not one of {{id}}, {{timestamp}}, {{body}}, {{url}}, {{form}}, {{data.PATH}}";
	if (!respond_scheme_signs(scheme, SIGNED_BODY) && !respond_scheme_signs(scheme, SIGNED_FORM) &&
		!respond_scheme_signs(scheme, SIGNED_DATA))
		return "holds nothing of the body";
	if (respond_scheme_signs(scheme, SIGNED_ID) && scheme->id_place == NULL)
		return "holds {{id}}, but the scheme does not say where the id stands";
	if (respond_scheme_signs(scheme, SIGNED_TIMESTAMP) && !has_time)
		return "holds {{timestamp}}, but the scheme does not say where the timestamp stands";
	*column = "tolerance";
	if (scheme->tolerance != SCHEME_NO_TOLERANCE && !has_time)
		return "wants a timestamp, but the scheme does not say where it stands";
	return NULL;
}
