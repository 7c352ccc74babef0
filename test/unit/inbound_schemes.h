/*-------------------------------------------------------------------------
 * inbound_schemes.h
 *	  Schemes of providers, for unit tests and fuzzers.
 *
 * test/unit/inbound_schemes.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_SCHEMES_H
#define RESPOND_INBOUND_SCHEMES_H

#include "inbound/scheme_read.h"

typedef struct NamedScheme
{
	const char *name;
	InboundScheme scheme;
} NamedScheme;

#define HMAC256(encoding) SIGNATURE_HMAC_SHA256, SIGNATURE_##encoding, SECRET_TEXT
#define WITHOUT_TIME .tolerance = SCHEME_NO_TOLERANCE

static const NamedScheme inbound_schemes[] = {
	{"standard_webhooks", {SIGNATURE_HMAC_SHA256, SIGNATURE_BASE64, SECRET_BASE64, "headers.webhook-signature", "v1,", "v1a,", ' ',
	NULL, "{{id}}.{{timestamp}}.{{body}}", "headers.webhook-timestamp", false, 300, "headers.webhook-id"}},
	{"github", {HMAC256(HEX), "headers.x-hub-signature-256", "sha256=",.signed_text = "{{body}}",
	.id_place = "headers.x-github-delivery", WITHOUT_TIME}},
	{"gitlab", {SIGNATURE_BEARER,.signature_place = "headers.x-gitlab-token",.id_place = "headers.idempotency-key", WITHOUT_TIME}},
	{"stripe", {HMAC256(HEX), "headers.stripe-signature",.pairs = "t={{timestamp}},v1={{signature}}",
	.signed_text = "{{timestamp}}.{{body}}",.tolerance = 300,.id_place = "data.id"}},
	{"slack", {HMAC256(HEX), "headers.x-slack-signature", "v0=",.signed_text = "v0:{{timestamp}}:{{body}}",
	.timestamp_place = "headers.x-slack-request-timestamp",.tolerance = 300,.id_place = "data.event_id"}},
	{"pagerduty", {HMAC256(HEX), "headers.x-pagerduty-signature", "v1=",.separator = ',',.signed_text = "{{body}}",
	.id_place = "data.event.id", WITHOUT_TIME}},
	{"pagerduty_events", {SIGNATURE_BEARER,.signature_place = "data.routing_key", WITHOUT_TIME}},
	{"grafana", {HMAC256(HEX), "headers.x-grafana-alerting-signature",.signed_text = "{{body}}", WITHOUT_TIME}},
	{"grafana_timestamp", {HMAC256(HEX), "headers.x-grafana-alerting-signature",.signed_text = "{{timestamp}}:{{body}}",
	.timestamp_place = "headers.x-grafana-alerting-timestamp",.tolerance = 300}},
	{"sentry", {HMAC256(HEX), "headers.sentry-hook-signature",.signed_text = "{{body}}",.id_place = "headers.request-id", WITHOUT_TIME}},
	{"shopify", {HMAC256(BASE64), "headers.x-shopify-hmac-sha256",.signed_text = "{{body}}",
	.id_place = "headers.x-shopify-webhook-id", WITHOUT_TIME}},
	{"twilio", {SIGNATURE_HMAC_SHA1, SIGNATURE_BASE64, SECRET_TEXT, "headers.x-twilio-signature",.signed_text = "{{url}}{{form}}", WITHOUT_TIME}},
	{"mailgun", {HMAC256(HEX), "data.signature.signature",.signed_text = "{{timestamp}}{{data.signature.token}}",
	.timestamp_place = "data.signature.timestamp",.id_place = "data.event-data.id", WITHOUT_TIME}},
	{"sendgrid", {SIGNATURE_ECDSA, SIGNATURE_BASE64, SECRET_TEXT, "headers.x-twilio-email-event-webhook-signature",
	.signed_text = "{{timestamp}}{{body}}",.timestamp_place = "headers.x-twilio-email-event-webhook-timestamp", WITHOUT_TIME}},
	{"zendesk", {HMAC256(BASE64), "headers.x-zendesk-webhook-signature",.signed_text = "{{timestamp}}{{body}}",
	.timestamp_place = "headers.x-zendesk-webhook-signature-timestamp",.id_place = "data.id", WITHOUT_TIME}},
	{"linear", {HMAC256(HEX), "headers.linear-signature",.signed_text = "{{body}}",.timestamp_place = "data.webhookTimestamp",
	.milliseconds = true,.tolerance = 60,.id_place = "headers.linear-delivery"}},
	{"paddle", {HMAC256(HEX), "headers.paddle-signature",.pairs = "ts={{timestamp}};h1={{signature}}",
	.signed_text = "{{timestamp}}:{{body}}",.tolerance = 60,.id_place = "data.event_id"}},
	{"intercom", {SIGNATURE_HMAC_SHA1, SIGNATURE_HEX, SECRET_TEXT, "headers.x-hub-signature", "sha1=",.signed_text = "{{body}}",
	.id_place = "data.id", WITHOUT_TIME}},
	{"discord", {SIGNATURE_ED25519, SIGNATURE_HEX, SECRET_TEXT, "headers.x-signature-ed25519",.signed_text = "{{timestamp}}{{body}}",
	.timestamp_place = "headers.x-signature-timestamp",.tolerance = 300,.id_place = "data.id"}},
	{"zoom", {HMAC256(HEX), "headers.x-zm-signature", "v0=",.signed_text = "v0:{{timestamp}}:{{body}}",
	.timestamp_place = "headers.x-zm-request-timestamp",.tolerance = 300}},
	{"bearer", {SIGNATURE_BEARER,.signature_place = "headers.authorization",.prefix = "Bearer ", WITHOUT_TIME}},
	{"basic", {SIGNATURE_BASIC, SIGNATURE_BASE64,.signature_place = "headers.authorization",.prefix = "Basic ", WITHOUT_TIME}},
	{"none", {SIGNATURE_NONE, WITHOUT_TIME}},
	{NULL}
};

#endif							/* RESPOND_INBOUND_SCHEMES_H */
