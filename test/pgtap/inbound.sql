-- How providers sign: what a scheme may say.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

-- A scheme like that of Slack, with some columns changed.
CREATE FUNCTION pg_temp.scheme(changes jsonb) RETURNS text LANGUAGE sql AS $$
SELECT pg_temp.outcome(format('INSERT INTO respond.inbound_scheme (%s) VALUES (%s)', string_agg(quote_ident(key), ', '), string_agg(quote_nullable(value), ', ')))
  FROM jsonb_each_text('{"name": "mine", "algorithm": "hmac-sha256", "header": "X-Signature", "prefix": "v0=", "signed": "v0:{{timestamp}}:{{body}}",
	"timestamp_header": "X-Time", "tolerance": "5 minutes", "id_path": "data.id", "type_path": "headers.x-type"}'::jsonb || changes)
$$;

SELECT is(pg_temp.scheme(changes), 'done', 'legal: ' || changes::text)
  FROM jsonb_array_elements('[{"name": "a"}, {"name": "b", "tolerance": "1 day"}, {"name": "c", "tolerance": "00:00:01", "milliseconds": "true"},
	{"name": "d", "header": null, "signature_path": "data.a[\"b c\"].d"}, {"name": "e", "prefix": null, "separator": ";", "public_prefix": "v1a,"},
	{"name": "f", "timestamp_header": null, "pairs": "t={{timestamp}} v1={{signature}}"}, {"name": "g", "challenge": "meta"},
	{"name": "h", "algorithm": "none", "header": null, "signed": null}, {"name": "i", "algorithm": "ecdsa", "encoding": "base64"},
	{"name": "j", "algorithm": "bearer", "signed": null, "prefix": "Bearer "}, {"name": "k", "id_path": null, "type_path": null}]'::jsonb) AS changes;

SELECT is(pg_temp.scheme(changes), 'RS010: ' || message, 'not legal: ' || changes::text)
  FROM (VALUES
	('{"algorithm": "md5"}'::jsonb, 'algorithm: "md5" is not one of none, hmac-sha1, hmac-sha256, hmac-sha512, ed25519, ecdsa, basic, bearer'),
	('{"encoding": "base32"}', 'encoding: "base32" is not one of hex, base64'),
	('{"secret_form": "pem"}', 'secret_form: "pem" is not one of text, hex, base64'),
	('{"challenge": "x"}', 'challenge: "x" is not one of slack, discord, zoom, meta, cloudevents'),
	('{"header": null}', 'header: does not say where the signature stands'),
	('{"algorithm": "none"}', 'header: a scheme without an algorithm has no signature'),
	('{"signature_path": "data.x"}', 'signature_path: cannot stand beside header'),
	('{"timestamp_path": "data.x"}', 'timestamp_path: cannot stand beside timestamp_header'),
	('{"header": null, "signature_path": "headers.x"}', 'signature_path: is for what stands in the body, and begins with "data."'),
	('{"id_path": "id"}', 'id_path: begins neither with "headers." nor with "data."'),
	('{"id_path": "data."}', 'id_path: is not a path'),
	('{"id_path": "data.a..b"}', 'id_path: is not a path'),
	('{"id_path": "headers.X-Id"}', 'id_path: is not "headers." and the name of a header in lower case'),
	('{"type_path": "headers."}', 'type_path: is not "headers." and the name of a header in lower case'),
	('{"type_path": "headers.a b"}', 'type_path: is not "headers." and the name of a header in lower case'),
	('{"prefix": "é"}', 'prefix: holds a character that is not ASCII'),
	('{"signed": "{{body}}\n"}', 'signed: holds a character that is not ASCII'),
	('{"separator": "|"}', 'separator: must be a comma, a semicolon or a blank'),
	('{"separator": ", "}', 'separator: must be a comma, a semicolon or a blank'),
	('{"tolerance": "0"}', 'tolerance: must be from a second to a day'),
	('{"tolerance": "-5 minutes"}', 'tolerance: must be from a second to a day'),
	('{"tolerance": "25 hours"}', 'tolerance: must be from a second to a day'),
	('{"tolerance": "1 month"}', 'tolerance: must be from a second to a day'),
	('{"tolerance": "2 days -24 hours"}', 'tolerance: must be from a second to a day'),
	('{"signed": null}', 'signed: does not say what is signed'),
	('{"signed": "{{x}}{{body}}"}', 'signed: holds a tag that is not one of {{id}}, {{timestamp}}, {{body}}, {{url}}, {{form}}, {{data.PATH}}'),
	('{"signed": "{{timestamp}}"}', 'signed: holds nothing of the body'),
	('{"signed": "{{id}}{{body}}", "id_path": null}', 'signed: holds {{id}}, but the scheme does not say where the id stands'),
	('{"timestamp_header": null}', 'signed: holds {{timestamp}}, but the scheme does not say where the timestamp stands'),
	('{"timestamp_header": null, "signed": "{{body}}"}', 'tolerance: wants a timestamp, but the scheme does not say where it stands'),
	('{"algorithm": "basic"}', 'signed: nothing is signed with basic or bearer'),
	('{"algorithm": "bearer", "signed": null, "public_prefix": "v1a,"}', 'public_prefix: is for signatures, which this algorithm does not make'),
	('{"pairs": "t={{timestamp}}"}', 'pairs: is not like "t={{timestamp}},v1={{signature}}"'),
	('{"pairs": "t={{timestamp}},v1={{signature}}"}', 'pairs: holds a timestamp, but the scheme says that it stands elsewhere'),
	('{"built_in": "true"}', 'built_in: is for the schemes of pg_respond itself')) AS c (changes, message)
;
SELECT matches(pg_temp.scheme('{"header": "X Signature"}'), '^RS010: header: ', 'a header that is none');
SELECT matches(pg_temp.scheme('{"name": ""}'), '^RS001: ', 'an empty name');

-- What comes with the extension.
SELECT cmp_ok((SELECT count(*) FROM respond.inbound_scheme WHERE built_in), '>=', 27::bigint, 'providers are there');
SELECT is(pg_temp.outcome(format('UPDATE respond.inbound_scheme SET description = ''x'' WHERE name = %L', name)),
	format('RS010: built_in: scheme "%s" is part of pg_respond and cannot be changed', name), format('%s cannot be changed', name))
  FROM respond.inbound_scheme WHERE built_in;
SELECT matches(pg_temp.outcome($$DELETE FROM respond.inbound_scheme WHERE name = 'github'$$), '^RS010: built_in: ', 'nor removed');
-- They are legal: the trigger was not there when they were inserted.
SELECT is(pg_temp.outcome(format('INSERT INTO respond.inbound_scheme SELECT s.* FROM respond.inbound_scheme AS o,
	jsonb_populate_record(o, ''{"name": "copy of %1$s", "built_in": false}'') AS s WHERE o.name = %1$L', name)), 'done', format('a copy of %s', name))
  FROM respond.inbound_scheme WHERE built_in;
SELECT is(pg_temp.outcome($$UPDATE respond.inbound_scheme SET header = 'x-other' WHERE name = 'copy of github'$$), 'done', 'a copy can be changed');
SELECT is((SELECT new ->> 'header' FROM respond.audit_log WHERE object_type = 'inbound_scheme' AND object_id = 'copy of github' ORDER BY id DESC LIMIT 1), 'x-other', 'and that is on record');
SELECT is(pg_temp.outcome($$DELETE FROM respond.inbound_scheme WHERE name = 'copy of github'$$), 'done', 'and removed');
SELECT finish();
ROLLBACK;
