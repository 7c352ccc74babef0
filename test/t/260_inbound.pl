# Webhooks through the gateway: what is taken, what is refused and how, and that nothing is taken twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use File::Temp ();
use JSON::PP ();

my $json = JSON::PP->new->canonical;
my $dir = File::Temp->newdir;
my $keys = "$dir/respond.key";
my $secret = 'zauberwort-und-mehr';

open(my $file, '>', $keys) or die;
print $file '0123456789abcdef' x 4, "\n";
close($file);
chmod(0600, $keys);
my $node = Respond::node('inbound', 'pg_respond.secret_key_file' => $keys, log_min_messages => 'debug1', log_statement => 'all', max_prepared_transactions => 2, 'pg_respond.max_event_size' => '4MB');
Respond::create_extension($node, 'desk');
my $at = Gateway::open($node);
Gateway::wait_ready($at, 'desk', 'the gateway answers');

sub one { return $node->safe_psql('desk', $_[0]); }

# github(path, id, body, more...): a request as GitHub sends it.
sub github
{
	my ($path, $id, $body, %more) = @_;

	return Gateway::request($at, 'POST', "/desk/in/$path", { 'Content-Type' => 'application/json', 'X-GitHub-Event' => 'push', 'X-GitHub-Delivery' => $id,
		'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex($body, $secret), %more }, $body);
}

# refused(answer, status, reason, message): with the words that all get, and for that reason.
sub refused
{
	my ($answer, $status, $reason, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($answer->{status}, $status, "$message: status");
	is($json->decode($answer->{body})->{detail}, 'The request was refused.', "$message: the words that all get");
	is(one('SELECT reason FROM respond.inbound_reject ORDER BY id DESC LIMIT 1'), $reason, "$message: why");
	return;
}

one("INSERT INTO respond.inbound_source (name, path, scheme, secret) VALUES ('github', 'github', 'github', '$secret')");

# --- taken
my $body = '{"repository": {"full_name": "octocat/hello"}, "zen": "Küche"}';
my $answer = github('github', 'd-1', $body);
is($answer->{status}, 200, 'a signed request');
is_deeply($json->decode($answer->{body}), { events => 1, duplicate => JSON::PP::false }, 'its answer');
is(one("SELECT concat_ws('|', type, subject, key, source, actor, data = " . Respond::quote_literal($body) . '::jsonb) FROM respond.event'),
	'push|octocat/hello|d-1|/desk/in/github|inbound:github|t', 'its event');
$answer = github('github', 'd-1', $body);
is($answer->{status}, 200, 'the same again');
like($answer->{body}, qr/"duplicate": true/, 'is a duplicate');
is(one('SELECT count(*) FROM respond.event'), 1, 'and no event');
is(github('github/', 'd-2', $body)->{status}, 200, 'a slash behind the path');
is(one("SELECT concat_ws('|', taken, events, duplicates, refused, secrets) FROM respond.inbound_stats WHERE source = 'github'"), '3|2|1|0|1', 'all of it is counted');

# --- refused
refused(github('github', 'd-3', $body, 'X-Hub-Signature-256' => 'sha256=' . '0' x 64), 401, 'signature', 'a wrong signature');
refused(Gateway::request($at, 'POST', '/desk/in/github', {}, '{}'), 401, 'missing_signature', 'no signature');
refused(github('github', 'd-3', $body, 'X-Hub-Signature-256' => 'x'), 401, 'malformed', 'a signature that is none');
refused(github('nowhere', 'd-3', $body), 404, 'no_source', 'no source');
refused(Gateway::request($at, 'POST', '/desk/v2/enqueue', {}, '{"routing_key": "x"}'), 404, 'no_source', 'nobody takes events of PagerDuty');
$answer = Gateway::request($at, 'PUT', '/desk/in/github', {}, '{}');
refused($answer, 405, 'method', 'PUT');
is($answer->{headers}{allow}, 'POST', 'what is allowed is said');
one("INSERT INTO respond.inbound_source (name, scheme, secret, max_body) VALUES ('small', 'github', '$secret', 100)");
refused(github('small', 'd-3', 'x' x 101), 413, 'size', 'a body that is too large');
is(github('small', 'd-3', 'x' x 100, 'Content-Type' => 'text/plain')->{status}, 200, 'one that is not');
# one request each, as the worker hears of a request that the program refuses; before it, time enough for the program to hear of the limit
my $larger = 1_500_000;
for my $commit ('COMMIT', "PREPARE TRANSACTION 'limit'; COMMIT PREPARED 'limit'")
{
	$larger += 400_000;
	one("BEGIN; UPDATE respond.inbound_source SET max_body = $larger WHERE name = 'small'; $commit");
	Respond::beat($node);
	is(github('small', "d-$larger", 'x' x $larger, 'Content-Type' => 'text/plain')->{status}, 200, 'a larger limit is known before the request comes');
}
one("INSERT INTO respond.inbound_source (name, scheme, secret, allow_networks) VALUES ('far', 'github', '$secret', '{192.0.2.0/24}'), ('near', 'github', '$secret', '{127.0.0.0/8, ::1}')");
refused(github('far', 'd-3', $body), 403, 'network', 'from elsewhere');
is(github('near', 'd-3', $body)->{status}, 200, 'from an allowed network');
one("INSERT INTO respond.inbound_source (name, scheme, secret, rate_limit) VALUES ('slow', 'github', '$secret', 0.001)");
is(github('slow', 'd-1', $body)->{status}, 200, 'the first request of a source with a rate');
$answer = github('slow', 'd-2', $body);
refused($answer, 429, 'rate', 'the second');
like($answer->{headers}{'retry-after'}, qr/^(999|1000)$/, 'is told when to come again');
one("UPDATE respond.inbound_source SET enabled = false WHERE name = 'near'");
refused(github('near', 'd-9', $body), 404, 'no_source', 'a disabled source');
like(one(q{SELECT ok::text || ' ' || message FROM respond.health() WHERE "check" = 'inbound rejects'}), qr/^true .*disabled inbound sources that get requests: near/,
	'health() names a disabled source that gets requests, and is well, as anybody can send some');
one("UPDATE respond.inbound_source SET enabled = true WHERE name = 'near'");
is(github('near', 'd-9', $body)->{status}, 200, 'enabled again');
one("INSERT INTO respond.inbound_source (name, scheme) VALUES ('bare', 'github')");
refused(github('bare', 'd-1', $body), 401, 'signature', 'a source without a secret');
is(one(q{SELECT message FROM respond.health() WHERE "check" = 'inbound secrets'}), 'inbound sources that take no request: bare (it has no secret)', 'and health() says so');
like(one(q{SELECT remedy FROM respond.health() WHERE "check" = 'inbound secrets'}), qr/^SELECT respond\.set_inbound_secret\('bare', '\.\.\.'\), .*; or disable the source: UPDATE respond\.inbound_source SET enabled = false WHERE name = 'bare'$/,
	'with the remedy');
one("SELECT respond.set_inbound_secret('bare', '$secret')");
is(github('bare', 'd-1', $body)->{status}, 200, 'with one it takes requests at once');
is(one(q{SELECT string_agg("check" || ': ' || message, '; ') FROM respond.health() WHERE NOT ok AND "check" LIKE 'inbound%'}), '', 'and health() is content');

# --- who is known is told
$answer = github('github', 'd-5', '{"a": ');
is($answer->{status}, 400, 'a signed body that is not JSON');
like($json->decode($answer->{body})->{detail}, qr/^the body is not JSON: /, 'its sender is told');
is(one('SELECT reason FROM respond.inbound_reject ORDER BY id DESC LIMIT 1'), 'malformed', 'why');
$answer = Gateway::request($at, 'POST', '/desk/in/github', { 'Content-Type' => 'application/cloudevents-batch+json',
	'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex('[{"specversion": "1.0", "id": "1", "type": "a", "source": "/s"}, {"specversion": "1.0", "id": "2"}]', $secret) },
	'[{"specversion": "1.0", "id": "1", "type": "a", "source": "/s"}, {"specversion": "1.0", "id": "2"}]');
is($answer->{status}, 400, 'a batch with a bad member');
is($json->decode($answer->{body})->{detail}, 'event 1: source is missing', 'the answer names it');
is(one("SELECT count(*) FROM respond.event WHERE source = '/s'"), 0, 'and nothing of it is recorded');

# --- secrets change while requests come
one("SELECT respond.add_inbound_secret('github', 'ein anderes Wort')");
is(github('github', 'r-1', $body)->{status}, 200, 'the old secret is right beside a new one');
is(github('github', 'r-2', $body, 'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex($body, 'ein anderes Wort'))->{status}, 200, 'and so is the new one');
is(one("SELECT respond.drop_inbound_secrets('github')"), 1, 'the old one is dropped');
is(github('github', 'r-3', $body)->{status}, 401, 'and wrong now');
one("SELECT respond.set_inbound_secret('github', '$secret')");

# --- hold, and what cannot be decrypted
one('SELECT respond.hold()');
$answer = github('github', 'h-1', $body);
is($answer->{status}, 503, 'on hold nothing is taken');
ok($answer->{headers}{'retry-after'} > 0, 'but may come again');
one('SELECT respond.release()');
Respond::wait_for(sub { return github('github', 'h-1', $body)->{status} == 200 }, 'after release() it is taken');
rename($keys, "$keys.away");
one("UPDATE respond.inbound_source SET description = 'read again' WHERE name = 'github'");
is(github('github', 'k-1', $body)->{status}, 503, 'without the key file a request may come again');
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'inbound secrets'}), 'f', 'and health() says so');
rename("$keys.away", $keys);
Respond::wait_for(sub { return github('github', 'k-1', $body)->{status} == 200 }, 'with it, it is taken, without a word from anybody');

# --- CloudEvents in their three modes, and the handshake
one("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('ce', 'cloudevents', '$secret')");
my %bearer = (Authorization => "Bearer $secret");
is(Gateway::request($at, 'POST', '/desk/in/ce', { %bearer, 'ce-specversion' => '1.0', 'ce-id' => 'b1', 'ce-source' => '/b', 'ce-type' => 'binary', 'ce-subject' => 'K%C3%BCche',
	'Content-Type' => 'application/json' }, '{"a": 1}')->{status}, 200, 'a binary one');
is(Gateway::request($at, 'POST', '/desk/in/ce', { %bearer, 'Content-Type' => 'application/cloudevents+json' },
	'{"specversion": "1.0", "id": "s1", "source": "/s", "type": "structured", "time": "2026-05-03T10:00:00Z", "data": [1, 2]}')->{status}, 200, 'a structured one');
is(Gateway::request($at, 'POST', '/desk/in/ce', { %bearer, 'Content-Type' => 'application/cloudevents-batch+json' },
	$json->encode([ map { { specversion => '1.0', id => "m$_", source => '/m', type => 'many' } } 1 .. 3 ]))->{body}, '{"events": 3, "duplicate": false}', 'a batch');
is(one(q{SELECT string_agg(concat_ws('|', type, source, subject, key, data, CASE WHEN time <> recorded_at THEN time AT TIME ZONE 'UTC' END), ' ' ORDER BY id) FROM respond.event WHERE actor = 'inbound:ce'}),
	'binary|/b|Küche|b1|{"a": 1} structured|/s|s1|{"value": [1, 2]}|2026-05-03 10:00:00 many|/m|m1|{} many|/m|m2|{} many|/m|m3|{}', 'their events');
$answer = Gateway::request($at, 'OPTIONS', '/desk/in/ce', { 'WebHook-Request-Origin' => 'events.example' });
is($answer->{status}, 200, 'the handshake');
is($answer->{headers}{'webhook-allowed-origin'}, 'events.example', 'its answer');
is(Gateway::request($at, 'POST', '/desk/in/ce', { %bearer }, '{}')->{status}, 400, 'what is no CloudEvent');
one("INSERT INTO respond.producer (role, source) VALUES ('respond_producer', '/mine')");
is(Gateway::request($at, 'POST', '/desk/in/ce', { %bearer, 'ce-specversion' => '1.0', 'ce-id' => 'p1', 'ce-source' => '/mine', 'ce-type' => 't' }, '')->{status}, 400, 'a source that belongs to another producer');
one('DELETE FROM respond.producer');
is(Gateway::status($at, 'POST', '/desk/in/ce', { %bearer, 'ce-specversion' => '1.0', 'ce-id' => 'd-2', 'ce-source' => '/desk/in/github', 'ce-type' => 'push' }, ''), 400, 'the source of another sender');
is(Gateway::status($at, 'POST', '/desk/in/ce', { %bearer, 'ce-specversion' => '1.0', 'ce-id' => 'o1', 'ce-source' => '/desk/in/ce', 'ce-type' => 'own' }, ''), 200, 'its own');

# --- the sample tells nothing that lets somebody in
$answer = Gateway::request($at, 'POST', '/desk/in/nowhere?token=hidden-query', { Authorization => 'Bearer hidden-1', Cookie => 'hidden-2', 'X-My-Token' => 'hidden-3', 'X-Hub-Signature-256' => 'hidden-4',
	'X-Seen' => 'seen' }, 'hidden-5');
is(one(q{SELECT concat_ws('|', reason, source, method, path, peer, body_size, headers ->> 'x-seen', headers ->> 'authorization') FROM respond.inbound_reject ORDER BY id DESC LIMIT 1}),
	'no_source|POST|/in/nowhere|127.0.0.1|8|seen|***', 'a refused request');
is(one('SELECT count(*) FROM respond.inbound_reject AS r WHERE r::text LIKE ' . "'%hidden%'"), 0, 'what it could not show');
for (1 .. 40)
{
	Gateway::request($at, 'POST', '/desk/in/nowhere', {}, '');
}
cmp_ok(one(q{SELECT count(*) FROM respond.inbound_reject WHERE reason = 'no_source' AND path = '/in/nowhere'}), '<', 40, 'not all of many become rows');
cmp_ok(one("SELECT refused FROM respond.inbound_stats WHERE source IS NULL"), '>=', 40, 'but all are counted');

one(q{INSERT INTO respond.inbound_reject (at, reason) SELECT now(), 'no_source' FROM generate_series(1, 2000)});
Respond::wait_for(sub { Gateway::request($at, 'POST', '/desk/in/github', {}, '{}'); return one('SELECT count(*) FROM respond.inbound_reject') <= 1000 }, 'the newest thousand are kept');

# --- nothing of the secret is anywhere
one(q{SELECT count(*) FROM pg_stat_activity});
$node->command_ok([ 'pg_dump', '-f', "$dir/dump.sql", $node->connstr('desk') ], 'a dump');
for my $place ("$dir/dump.sql", $node->logfile)
{
	unlike(PostgreSQL::Test::Utils::slurp_file($place), qr/zauberwort|ein anderes Wort/, "no secret in $place");
}
is(one(q{SELECT count(*) FROM respond.audit_log AS a WHERE a::text LIKE '%zauber%'}), 0, 'nor in the audit log');

# --- a quiet source, and somebody who has no secret
one("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('calm', 'github', '$secret')");
is(join(' ', map { github('calm', "calm-$_", $body)->{status} } 1 .. 10), join(' ', (200) x 10), 'a source that takes requests');
is(join(' ', map { Gateway::status($at, 'POST', '/desk/in/calm', { 'X-Hub-Signature-256' => 'sha256=' . '0' x 64 }, '{}') } 1 .. 12), join(' ', (401) x 12), 'and refuses others');
like(one(q{SELECT concat_ws(' ', ok::text, message, remedy) FROM respond.health() WHERE "check" = 'inbound rejects'}), qr/^true inbound sources take what their senders send; refused lately: (.*, )?calm \(12 in a row, signature\)/,
	'requests without the secret do not make health() warn');
is(one(q{SELECT longest_pause > interval '0' AND longest_pause < last_taken_at - since FROM respond.inbound_stats WHERE source = 'calm'}), 't', 'the longest pause is known');

sub lost
{
	my ($values) = @_;

	return one("SELECT string_agg(respond_internal.inbound_is_lost(v.taken, v.refused, v.pause::interval, now() - v.last::interval, now() - v.since::interval, now())::text, ' ' ORDER BY v.number)
		FROM (VALUES $values) AS v (number, taken, refused, pause, last, since)");
}
is(lost("(1, 10, 10, '1 hour', '2 hours', '30 days'), (2, 10, 10, '1 hour', '4 days', '10 days')"), 'true true', 'a sender that was never silent for so long is lost');
is(lost("(1, 9, 10, '1 hour', '2 hours', '30 days'), (2, 10, 9, '1 hour', '2 hours', '30 days')"), 'false false', 'but not after few requests of either kind');
is(lost("(1, 10, 10, '3 hours', '2 hours', '30 days'), (2, 10, 10, '1 minute', '9 minutes', '30 days'), (3, 10, 10, '1 hour', '2 days', '8 days')"), 'false false false', 'nor one that may be silent for as long');
is(lost("(1, 0, 99, NULL, NULL, '30 days')"), 'false', 'nor one that never came');
# the check itself
one(q{CREATE FUNCTION public.counters(source text, OUT taken bigint, OUT events bigint, OUT duplicates bigint, OUT refused bigint, OUT reasons jsonb, OUT last_taken_at timestamptz, OUT last_refused_at timestamptz,
		OUT last_reason text, OUT refused_in_row bigint, OUT longest_pause interval, OUT since timestamptz) LANGUAGE sql AS
		$$ SELECT 20, 20, 0, 15, '{}'::jsonb, now() - interval '3 hours', clock_timestamp(), 'signature', 15, interval '1 hour', now() - interval '30 days' WHERE source = 'calm' $$;
	BEGIN; ALTER FUNCTION respond_internal.inbound_counters(text) SET SCHEMA public; ALTER FUNCTION public.counters(text) SET SCHEMA respond_internal; ALTER FUNCTION respond_internal.counters(text) RENAME TO inbound_counters; COMMIT});
like(one(q{SELECT concat_ws(' ', ok::text, message, remedy) FROM respond.health() WHERE "check" = 'inbound rejects'}),
	qr/^false inbound sources that take nothing any more: calm \(nothing for 180 minutes, 15 refused in a row, signature\) SELECT \* FROM respond.inbound_reject .* respond.set_inbound_secret\(\)/, 'one that is lost is named, with what to do');
one(q{BEGIN; DROP FUNCTION respond_internal.inbound_counters(text); ALTER FUNCTION public.inbound_counters(text) SET SCHEMA respond_internal; COMMIT;
	DELETE FROM respond.inbound_source WHERE name = 'calm'});

# --- a restore into another cluster: the secrets are dead there, and health() says so
my $other = Respond::node('other', 'pg_respond.secret_key_file' => "$dir/none");
$other->safe_psql('postgres', 'CREATE DATABASE copy');
$other->psql('copy', PostgreSQL::Test::Utils::slurp_file("$dir/dump.sql"), on_error_stop => 0);
is($other->safe_psql('copy', q{SELECT count(*) FROM respond.inbound_source}), one('SELECT count(*) FROM respond.inbound_source'), 'restored: the sources');
is($other->safe_psql('copy', q{SELECT ok FROM respond.health() WHERE "check" = 'inbound secrets'}), 'f', 'whose secrets cannot be decrypted');
$other->stop;

done_testing();
