// Requests as the providers' own libraries sign or accept them, for test/t/261_inbound_providers.pl.
//
//   npm install standardwebhooks svix stripe @octokit/webhooks-methods @slack/bolt twilio @sendgrid/eventwebhook cloudevents discord-interactions @linear/sdk
//     @paddle/paddle-node-sdk @shopify/shopify-api
//   node test/vectors/make_inbound.mjs > test/vectors/inbound.tsv
//
// Where a library signs, it signs here; where it only checks, node:crypto signs and the library has to accept it.  A line has: the package and
// its version, scheme, secret, time, method, url, headers (JSON), body (base64), verdict.
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

const require = createRequire(join(process.cwd(), 'package.json'));
const at = 1760000000;
const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const lines = [];

function version(name) {
	return JSON.parse(readFileSync(join(process.cwd(), 'node_modules', name, 'package.json'))).version;
}

function line(name, scheme, secret, headers, body, { time = at, url = '', method = 'POST', verdict = 'ok' } = {}) {
	lines.push([`${name}@${version(name)}`, scheme, secret.replace(/\n/g, '\\n'), time, method, url, JSON.stringify(headers), Buffer.from(body).toString('base64'), verdict].join('\t'));
}

// A request that is right, and what must not be: another body, another secret, and, where the time is signed, another time.
function variants(name, scheme, secret, other, headers, body, { late = 0, stale = 'stale', ...more } = {}) {
	line(name, scheme, secret, headers, body, more);
	line(name, scheme, secret, headers, body.replace(/[a-z]/, 'Z'), { ...more, verdict: 'signature' });
	line(name, scheme, other, headers, body, { ...more, verdict: 'signature' });
	if (late > 0) {
		line(name, scheme, secret, headers, body, { ...more, time: at + late, verdict: 'ok' });
		line(name, scheme, secret, headers, body, { ...more, time: at + late + 1, verdict: stale });
		line(name, scheme, secret, headers, body, { ...more, time: at - late, verdict: 'ok' });
		line(name, scheme, secret, headers, body, { ...more, time: at - late - 1, verdict: stale });
	}
}

function accepted(what, name) {
	if (!what)
		throw new Error(`${name} does not accept what was signed for it`);
}

const hex = (secret, text, hash = 'sha256') => crypto.createHmac(hash, secret).update(text).digest('hex');
const base64 = (secret, text, hash = 'sha256') => crypto.createHmac(hash, secret).update(text).digest('base64');
const event = '{"type":"invoice.paid","data":{"id":"in_1","name":"Größe"}}';

{
	const { Webhook } = require('standardwebhooks');
	const secret = 'whsec_' + Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');
	const other = 'whsec_' + Buffer.from('fedcba9876543210fedcba9876543210').toString('base64');
	const signed = { ...json, 'webhook-id': 'msg_1', 'webhook-timestamp': `${at}`, 'webhook-signature': new Webhook(secret).sign('msg_1', new Date(at * 1000), event) };

	variants('standardwebhooks', 'standard_webhooks', secret, other, signed, event, { late: 300 });
	variants('standardwebhooks', 'standard_webhooks', secret.replace('whsec_', ''), other, signed, event);
}
{
	const { Webhook } = require('svix');
	const secret = 'whsec_' + Buffer.from('abcdefghijklmnopqrstuvwx').toString('base64');
	const signature = new Webhook(secret).sign('msg_2', new Date(at * 1000), event);

	variants('svix', 'svix', secret, secret.replace('Y', 'Z'), { ...json, 'svix-id': 'msg_2', 'svix-timestamp': `${at}`, 'svix-signature': signature }, event, { late: 300 });
	variants('svix', 'standard_webhooks', secret, secret.replace('Y', 'Z'), { ...json, 'webhook-id': 'msg_2', 'webhook-timestamp': `${at}`, 'webhook-signature': `v1,AAAA ${signature}` }, event);
}
{
	const Stripe = require('stripe');
	const stripe = new (Stripe.default ?? Stripe)('sk_test_1');
	const body = '{"id":"evt_1","object":"event","type":"customer.created","data":{"object":{"id":"cus_1"}}}';
	const signature = stripe.webhooks.generateTestHeaderString({ payload: body, secret: 'whsec_test_secret', timestamp: at });

	variants('stripe', 'stripe', 'whsec_test_secret', 'whsec_other_secret', { ...json, 'Stripe-Signature': signature }, body, { late: 300 });
	line('stripe', 'stripe', 'whsec_test_secret', { ...json, 'Stripe-Signature': signature.replace('v1=', 'v0=') }, body, { verdict: 'malformed' });
}
{
	const { sign } = await import(join(process.cwd(), 'node_modules/@octokit/webhooks-methods/dist-node/index.js')).catch(() => import(require.resolve('@octokit/webhooks-methods')));
	const body = '{"ref":"refs/heads/main","repository":{"full_name":"octocat/hello"}}';

	variants('@octokit/webhooks-methods', 'github', 'mysecret', 'yoursecret',
		{ ...json, 'X-GitHub-Event': 'push', 'X-GitHub-Delivery': 'd-1', 'X-Hub-Signature-256': await sign('mysecret', body) }, body, { time: 1 });
}
{
	const { verifySlackRequest } = require('@slack/bolt');
	const secret = '8f742231b10e8888abcd99yyyzzz85a5';

	for (const [type, body] of [[json, '{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":"C1"}}'],
		[form, 'token=x&command=%2Fweather&text=94070&channel_id=C2&trigger_id=t.1'], [form, 'payload=' + encodeURIComponent('{"type":"block_actions","trigger_id":"t.2","channel":{"id":"C3"}}')]]) {
		const headers = { ...type, 'X-Slack-Request-Timestamp': `${at}`, 'X-Slack-Signature': 'v0=' + hex(secret, `v0:${at}:${body}`) };

		verifySlackRequest({ signingSecret: secret, body, headers: { 'x-slack-signature': headers['X-Slack-Signature'], 'x-slack-request-timestamp': at }, nowMilliseconds: at * 1000 });
		variants('@slack/bolt', 'slack', secret, secret.replace('8', '9'), headers, body, { late: 300 });
	}
}
{
	const twilio = require('twilio');
	const token = '1c892n40nd03kdnc0112slzkl3091j20';
	const url = 'https://desk.example:8443/desk/in/twilio?x=1&y=%20';
	const parameters = { MessageSid: 'SM1', From: '+14158675310', To: ['+1', '+2', '+1'], Body: 'Grüße & so', Empty: '' };
	const body = 'MessageSid=SM1&From=%2B14158675310&To=%2B1&To=%2B2&To=%2B1&Body=Gr%C3%BC%C3%9Fe+%26+so&Empty=';
	const hash = twilio.getExpectedBodyHash('{"a":1}');
	const withHash = `https://desk.example/desk/in/twilio?bodySHA256=${hash}`;

	for (const signedUrl of [url, url.replace(':8443', '')])
		variants('twilio', 'twilio', token, token.replace('1', '2'), { ...form, 'X-Twilio-Signature': twilio.getExpectedTwilioSignature(token, signedUrl, parameters) }, body, { url });
	variants('twilio', 'twilio', token, token.replace('1', '2'), { ...json, 'X-Twilio-Signature': twilio.getExpectedTwilioSignature(token, withHash, {}) }, '{"a":1}', { url: withHash });
}
{
	const { EventWebhook } = require('@sendgrid/eventwebhook');
	const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
	const other = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
	const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
	const body = '[{"email":"a@example.com","event":"bounce","sg_event_id":"e1"},{"email":"b@example.com","event":"open","sg_event_id":"e2"}]\r\n';
	const signature = crypto.sign('sha256', Buffer.from(at + body), privateKey).toString('base64');
	const webhook = new EventWebhook();

	accepted(webhook.verifySignature(webhook.convertPublicKeyToECDSA(spki), body, signature, `${at}`), 'SendGrid');
	variants('@sendgrid/eventwebhook', 'sendgrid', spki, other, { ...json, 'X-Twilio-Email-Event-Webhook-Signature': signature, 'X-Twilio-Email-Event-Webhook-Timestamp': `${at}` }, body, { time: 5 });
}
{
	const { verifyKey } = require('discord-interactions');
	const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
	const raw = key => key.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
	const body = '{"id":"8","type":2,"channel_id":"77"}';
	const signature = crypto.sign(null, Buffer.from(at + body), privateKey).toString('hex');

	accepted(await verifyKey(body, signature, `${at}`, raw(publicKey)), 'Discord');
	variants('discord-interactions', 'discord', raw(publicKey), raw(crypto.generateKeyPairSync('ed25519').publicKey), { ...json, 'X-Signature-Ed25519': signature, 'X-Signature-Timestamp': `${at}` }, body, { late: 300 });
}
{
	const { LinearWebhookClient } = require('@linear/sdk/webhooks');
	const bodyAt = time => JSON.stringify({ action: 'create', type: 'Issue', data: { id: 'i-1' }, webhookTimestamp: time, webhookId: 'w' });
	const now = bodyAt(Date.now());
	const body = bodyAt(at * 1000);
	const signature = hex('linear-secret', body);

	accepted(new LinearWebhookClient('linear-secret').verify(Buffer.from(now), hex('linear-secret', now)), 'Linear');
	variants('@linear/sdk', 'linear', 'linear-secret', 'other-secret', { ...json, 'Linear-Signature': signature, 'Linear-Delivery': 'l-1' }, body, { late: 60 });
}
{
	const { Paddle } = require('@paddle/paddle-node-sdk');
	const secret = 'pdl_ntfset_01gkdqzvbtsnvvt7t4e2fnx2j6_secret';
	const now = Math.floor(Date.now() / 1000);
	const body = '{"event_id":"evt_2","event_type":"transaction.paid","occurred_at":"2025-10-09T08:53:20Z","notification_id":"ntf_1","data":{"id":"txn_1"}}';

	accepted(await new Paddle('key').webhooks.isSignatureValid(body, secret, `ts=${now};h1=${hex(secret, `${now}:${body}`)}`), 'Paddle');
	variants('@paddle/paddle-node-sdk', 'paddle', secret, secret.replace('2', '3'), { ...json, 'Paddle-Signature': `ts=${at};h1=${hex(secret, `${at}:${body}`)}` }, body, { late: 60 });
	line('@paddle/paddle-node-sdk', 'paddle', secret, { ...json, 'Paddle-Signature': `ts=${at};h1=${hex('old', `${at}:${body}`)};h1=${hex(secret, `${at}:${body}`)}` }, body);
}
{
	require('@shopify/shopify-api/adapters/node');
	const { shopifyApi, ApiVersion } = require('@shopify/shopify-api');
	const shopify = shopifyApi({ apiKey: 'k', apiSecretKey: 'shop-secret', hostName: 'x.example', isEmbeddedApp: false, apiVersion: Object.values(ApiVersion)[0], logger: { level: 0 } });
	const body = '{"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/820982911946154508"}';
	const headers = { ...json, 'X-Shopify-Hmac-Sha256': base64('shop-secret', body), 'X-Shopify-Topic': 'orders/create', 'X-Shopify-Webhook-Id': 's-1' };
	const request = { method: 'POST', url: 'https://x.example/', headers: { ...headers, 'X-Shopify-API-Version': '2025-01', 'X-Shopify-Shop-Domain': 'a.myshopify.com' } };

	accepted((await shopify.webhooks.validate({ rawBody: body, rawRequest: request, rawResponse: {} })).valid, 'Shopify');
	variants('@shopify/shopify-api', 'shopify', 'shop-secret', 'other-secret', headers, body, { time: 7 });
}
{
	const { HTTP, CloudEvent } = require('cloudevents');
	const bearer = { Authorization: 'Bearer token-of-the-sender' };
	const one = new CloudEvent({ id: 'c-1', source: '/shop', type: 'order.created', subject: 'Größe', time: '2025-10-09T08:53:20.000Z', data: { a: 1 }, traceparent: '00-0af7' });

	for (const message of [HTTP.binary(one), HTTP.structured(one)]) {
		line('cloudevents', 'cloudevents', 'token-of-the-sender', { ...message.headers, ...bearer }, message.body);
		line('cloudevents', 'cloudevents', 'another-token', { ...message.headers, ...bearer }, message.body, { verdict: 'signature' });
	}
	line('cloudevents', 'cloudevents', 'token-of-the-sender', { 'Content-Type': 'application/cloudevents-batch+json', ...bearer }, JSON.stringify([one.toJSON(), one.cloneWith({ id: 'c-2' }).toJSON()]));
}
process.stdout.write(lines.join('\n') + '\n');
