# What docs/inbound.md shows is accepted and does what it says; PagerDuty's Events API through the gateway, from alert to ticket; a database in
# LATIN1; many events in one request; a provider of one's own.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use Digest::SHA qw(hmac_sha256_hex);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use utf8;
use Encode ();

my $json = JSON::PP->new->canonical->utf8;
my $dir = File::Temp->newdir;
my $page = slurp_file("$FindBin::RealBin/../pages/inbound.md");

open(my $file, '>', "$dir/respond.key") or die;
print $file '0123456789abcdef' x 4, "\n";
close($file);
chmod(0600, "$dir/respond.key");
my $node = Respond::node('inboundpage', 'pg_respond.secret_key_file' => "$dir/respond.key");
Respond::create_extension($node, 'desk');
my $at = Gateway::open($node);

sub one { return $node->safe_psql($_[1] || 'desk', $_[0]); }

# --- the page
my @blocks = $page =~ /^```sql\n(.*?)^```/msg;
cmp_ok(scalar @blocks, '>=', 7, 'the page has statements');
my ($out, $err);
is($node->psql('desk', join(";\n", @blocks), stdout => \$out, stderr => \$err, on_error_stop => 1), 0, 'all of them are accepted') or diag($err);
my ($shown) = $page =~ /^ t  \|\s+\| (\[.*?\])$/m;
like($out, qr/^t\|\|\Q$shown\E$/m, 'the example has the result that is shown');
my @schemes = split /\n/, one('SELECT name FROM respond.inbound_scheme WHERE built_in ORDER BY name');
is(join(' ', grep { $page !~ /`\Q$_\E`/ } @schemes), '', 'the page names every scheme');
is(join(' ', grep { $page !~ /^\|[^|]*`\Q$_\E`/m } qw(no_source method size rate network missing_signature missing_timestamp missing_id malformed stale signature challenge split invalid_event)), '', 'and every reason');

# --- as monitoring tools speak to PagerDuty
Gateway::wait_ready($at, 'desk', 'the gateway answers');
my $key = 'R0123456789ABCDEF0123456789ABCDEF';
sub enqueue
{
	my ($event, $routing_key) = @_;

	return Gateway::request($at, 'POST', '/desk/v2/enqueue', { 'Content-Type' => 'application/json' }, $json->encode({ routing_key => $routing_key // $key, %$event }));
}
my %alert = (event_action => 'trigger', dedup_key => 'disk/db1', payload => { summary => 'Disk full on db1', source => 'db1', severity => 'critical', custom_details => { free => '1 %' } });
my $answer = enqueue(\%alert);
is($answer->{status}, 202, 'a trigger');
is_deeply($json->decode($answer->{body}), { status => 'success', message => 'Event processed', dedup_key => 'disk/db1' }, 'is answered as PagerDuty does');
Respond::wait_until($node, 'desk', q{SELECT EXISTS (SELECT FROM respond.ticket WHERE key = 'disk/db1' AND subject = 'Disk full on db1' AND status = 'new' AND priority = 'urgent')}, 'it opens a ticket');
is(one(q{SELECT concat_ws('|', type, subject, key, data ? 'routing_key', data #>> '{payload,custom_details,free}') FROM respond.event WHERE actor = 'inbound:monitoring'}), 'pagerduty.trigger|disk/db1|f|1 %', 'the routing key is not in the event');
is(enqueue(\%alert)->{status}, 202, 'the same alert again');
Respond::wait_idle($node, 'desk');
is(one(q{SELECT count(*) FROM respond.ticket WHERE key = 'disk/db1'}), 1, 'goes into the same ticket');
is(enqueue({ event_action => 'resolve', dedup_key => 'disk/db1' })->{status}, 202, 'a resolve');
Respond::wait_until($node, 'desk', q{SELECT status = 'solved' FROM respond.ticket WHERE key = 'disk/db1'}, 'solves it');
is(enqueue(\%alert)->{status}, 202, 'the alert comes back');
Respond::wait_until($node, 'desk', q{SELECT count(*) FILTER (WHERE status IN ('new', 'open')) = 1 FROM respond.ticket WHERE key = 'disk/db1'}, 'and is a ticket again');
$answer = enqueue({ %alert, dedup_key => undef });
my $made = $json->decode($answer->{body})->{dedup_key};
like($made, qr/^[0-9a-f-]{36}$/, 'a trigger without a dedup_key gets one');
is(one(qq{SELECT count(*) FROM respond.event WHERE subject = '$made' AND data ->> 'dedup_key' = '$made'}), 1, 'which is that of the event');
$answer = enqueue(\%alert, 'R1');
is($answer->{status}, 401, 'another routing key');
is(one('SELECT reason FROM respond.inbound_reject ORDER BY id DESC LIMIT 1'), 'signature', 'is refused');
for my $wrong ([ { event_action => 'open' }, qr/event_action/ ], [ { event_action => 'resolve' }, qr/dedup_key/ ], [ { %alert, payload => { summary => '', source => 's', severity => 'info' } }, qr/summary/ ],
	[ { %alert, payload => { summary => 's', source => 's', severity => 'bad' } }, qr/severity/ ], [ { event_action => 'trigger' }, qr/payload/ ], [ { %alert, dedup_key => 'k' x 256 }, qr/dedup_key/ ], [ { %alert, dedup_key => [1] }, qr/dedup_key/ ])
{
	$answer = enqueue($wrong->[0]);
	is($answer->{status}, 400, "not an event: $wrong->[1]");
	like(join(' ', @{ $json->decode($answer->{body})->{errors} }), $wrong->[1], 'the place is named');
}
one(q{INSERT INTO respond.inbound_source (name, path, scheme, secret, event_type) VALUES ('second team', 'second', 'pagerduty_events', 'R2-key', 'second.{{type}}')});
is(enqueue(\%alert, 'R2-key')->{status}, 202, 'a second source has a routing key of its own');
is(one(q{SELECT type FROM respond.event WHERE actor = 'inbound:second team'}), 'second.trigger', 'which leads to it');
is(Gateway::request($at, 'POST', '/desk/in/second', {}, $json->encode({ routing_key => 'R2-key', %alert }))->{status}, 202, 'its own path leads there too');
is(Gateway::request($at, 'POST', '/desk/in/second', {}, $json->encode({ routing_key => $key, %alert }))->{status}, 401, 'with its own key alone');

# --- the provider of one's own
my $body = '{"kind": "shipped"}';
my $time = time();
is(Gateway::request($at, 'POST', '/desk/in/acme', { 'X-Acme-Id' => 'a1', 'X-Acme-Signature' => "t=$time,v1=" . hmac_sha256_hex("$time.$body", 'what acme calls the signing secret') }, $body)->{status}, 200, 'a request of it');
is(one(q{SELECT concat_ws('|', type, key) FROM respond.event WHERE source = '/desk/in/acme'}), 'shipped|a1', 'its event');
is(Gateway::request($at, 'POST', '/desk/in/acme', { 'X-Acme-Id' => 'a1', 'X-Acme-Signature' => 't=' . ($time - 400) . ',v1=' . hmac_sha256_hex(($time - 400) . ".$body", 'what acme calls the signing secret') }, $body)->{status},
	401, 'an old one');

# --- a list of thousands
my $readings = $json->encode({ site => 'roof', readings => [ map { { id => $_ % 7, kind => 'wind', at => $_, value => $_ } } 1 .. 5000 ] });
$answer = Gateway::request($at, 'POST', '/desk/in/sensors', { Authorization => 'Bearer a-long-token' }, $readings);
is($answer->{body}, '{"events": 5000, "duplicate": false}', 'thousands of items');
is(one(q{SELECT concat_ws('|', count(*), count(DISTINCT key), count(*) FILTER (WHERE data = jsonb_build_object('site', 'roof', 'value', split_part(key, '/', 2)::int))) FROM respond.event WHERE type = 'sensor.wind'}),
	'5000|5000|5000', 'are events, each with its data');
$answer = Gateway::request($at, 'POST', '/desk/in/sensors', { Authorization => 'Bearer a-long-token' }, $readings);
is($answer->{body}, '{"events": 0, "duplicate": true}', 'the same again are none');

# --- forms get no body that somebody would be shown
one(q{INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('chat', 'slack', 'slack-secret')});
my $command = 'command=%2Fdesk&text=hi&channel_id=C1&trigger_id=t1';
$answer = Gateway::request($at, 'POST', '/desk/in/chat', { 'Content-Type' => 'application/x-www-form-urlencoded', 'X-Slack-Request-Timestamp' => $time,
	'X-Slack-Signature' => 'v0=' . hmac_sha256_hex("v0:$time:$command", 'slack-secret') }, $command);
is("$answer->{status} $answer->{body}", '200 ', 'a command of Slack');
my $question = '{"type": "url_verification", "challenge": "3eZbrw1a"}';
$answer = Gateway::request($at, 'POST', '/desk/in/chat', { 'Content-Type' => 'application/json', 'X-Slack-Request-Timestamp' => $time, 'X-Slack-Signature' => 'v0=' . hmac_sha256_hex("v0:$time:$question", 'slack-secret') }, $question);
is("$answer->{status} $answer->{body} $answer->{headers}{'content-type'}", '200 3eZbrw1a text/plain', 'its question is answered');
one(q{INSERT INTO respond.inbound_source (name, scheme, secrets) VALUES ('meta', 'meta', '{app-secret,verify-me}')});
is(Gateway::request($at, 'GET', '/desk/in/meta?hub.mode=subscribe&hub.challenge=115&hub.verify_token=verify-me')->{body}, '115', 'and that of Meta');
is(Gateway::request($at, 'GET', '/desk/in/meta?hub.mode=subscribe&hub.challenge=115&hub.verify_token=no')->{status}, 401, 'who knows the token');

# --- behind a proxy Twilio signs the url that it called
one(q{INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('sms', 'twilio', 'twilio-token')});
Gateway::set($node, 'pg_respond.gateway_public_url' => 'https://hooks.example.com');
my $sms = 'MessageSid=SM1&From=%2B1';
my $signed = encode_base64(Digest::SHA::hmac_sha1('https://hooks.example.com/desk/in/smsFrom+1MessageSidSM1', 'twilio-token'), '');
Respond::wait_for(sub { return Gateway::request($at, 'POST', '/desk/in/sms', { 'Content-Type' => 'application/x-www-form-urlencoded', 'X-Twilio-Signature' => $signed }, $sms)->{status} == 200 }, 'the public url is that which was signed');

# --- a database in LATIN1
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
Respond::create_extension($node, 'latin');
Gateway::wait_ready($at, 'latin', 'its gateway answers');
one(q{SET client_encoding = 'UTF8'; INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('l', 'hmac', 'geheim-ä')}, 'latin');
my $text = Encode::encode('UTF-8', '{"type": "größe", "subject": "ü\u00fc", "id": "€", "x": "\u20ac\u0000"}');
is(Gateway::request($at, 'POST', '/latin/in/l', { 'X-Signature' => hmac_sha256_hex($text, Encode::encode('UTF-8', 'geheim-ä')) }, $text)->{status}, 200, 'LATIN1: a secret and a body beyond ASCII');
is(Encode::decode('UTF-8', one(q{SET client_encoding = 'UTF8'; SELECT concat_ws('|', type, subject, key, data ->> 'x') FROM respond.event}, 'latin')), 'größe|üü|?|??', 'what it has no character for is a question mark');
$text = '{"a": ';
$answer = Gateway::request($at, 'POST', '/latin/in/l', { 'X-Signature' => hmac_sha256_hex($text, Encode::encode('UTF-8', 'geheim-ä')) }, $text);
is($answer->{status}, 400, 'and what is no JSON is told');

done_testing();
