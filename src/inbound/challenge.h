/*-------------------------------------------------------------------------
 * challenge.h
 *	  Questions with which a provider makes sure that an address is meant to get its requests.
 *
 * They are answered, and become no events.  It builds without a server.
 *
 * src/inbound/challenge.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHALLENGE_H
#define RESPOND_CHALLENGE_H

#include "common/arena.h"
#include "common/json_value.h"
#include "companion/web_request.h"
#include "inbound/signature_key.h"

typedef enum ChallengeKind
{
	CHALLENGE_NONE,
	CHALLENGE_SLACK,			/* url_verification: the challenge itself */
	CHALLENGE_DISCORD,			/* PING: PONG */
	CHALLENGE_ZOOM,				/* endpoint.url_validation: its HMAC */
	CHALLENGE_META,				/* GET with hub.challenge, and a token that is one of the secrets */
	CHALLENGE_CLOUDEVENTS		/* OPTIONS: the handshake of the CloudEvents webhook specification */
} ChallengeKind;

typedef struct ChallengeAnswer
{
	const char *content_type;	/* NULL: there is no body */
	const char *body;
	const char *allowed_origin; /* for WebHook-Allowed-Origin; NULL: none */
} ChallengeAnswer;

typedef enum ChallengeVerdict
{
	CHALLENGE_IS_NONE,			/* the request is an ordinary one */
	CHALLENGE_ANSWERED,			/* with status 200 */
	CHALLENGE_REFUSED			/* it is one, but not as it has to be */
} ChallengeVerdict;

/* "slack", "discord", "zoom", "meta", "cloudevents"; false: no challenge is called so. */
extern bool respond_challenge_kind(const char *word, ChallengeKind *kind);

/* With which method challenges come instead of POST, and then without a signature; NULL: like all other requests. */
extern const char *respond_challenge_method(ChallengeKind kind);

/*
 * data: the body, NULL if it is not JSON.  keys: the one with which the request was
 * signed; all of the source when it comes without a signature.  An answer holds
 * of the request only letters, digits and a few other characters, so that it means
 * nothing to whoever shows it.
 */
extern ChallengeVerdict respond_challenge_answer(Arena *arena, ChallengeKind kind, const WebRequest *request,
												 const JsonValue *data, const SignatureKey *keys, int key_count,
												 ChallengeAnswer *answer);

#endif							/* RESPOND_CHALLENGE_H */
