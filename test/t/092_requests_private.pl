# Requests and what must not get about: secrets, masked fields, answers; databases in other encodings; receivers that close.
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP ();
use MIME::Base64;
use Peers;
use Requests;
use Respond;

my $receiver = Peers::receiver(listen => join(',', ('127.0.0.1:0') x 3));
my @ports = Peers::slurp($receiver->{port_file}) =~ /(\d+)/g;
my $requests = Requests::start('private', 'pg_respond.max_rendered_size' => '1MB');
my $base = "http://127.0.0.1:$ports[0]";
my $true = JSON::PP::true;

sub one { return $requests->one(@_); }

sub raw_json { return Requests::raw("HTTP/1.1 200 OK\nContent-Type: application/json", $_[0]); }

# --- A secret goes to its host, in its place, and comes back nowhere.

my $secret = 'tok_Zq8/+=x9"k';
one(q{INSERT INTO respond.channel_kind (name, transport, auth, headers) VALUES ('api', 'http', 'bearer', '{"X-Kind": "a", "X-Key": "{{{secret}}}"}')});
one("INSERT INTO respond.channel (name, kind, url) VALUES ('api', 'api', '$base/ok')");
one("SELECT respond.set_secret('api', '$secret')");
my $event = $requests->ask('/ok?one', channel => 'api', headers => { 'x-kind' => 'b', 'X-Own' => '{{data.a}}' }, data => { a => 'c' });
is_deeply($requests->answer($event)->{body}, { ok => $true }, 'through a channel with a secret');
my ($request) = $receiver->requests('/ok?one');
is($request->{headers}{authorization}, "Bearer $secret", 'the secret is where the kind says');
is($request->{headers}{'x-key'}, $secret, 'in a header of the kind, too');
is($request->{headers}{'x-kind'}, 'b', 'the step has its way with other headers');
is($request->{headers}{'x-own'}, 'c', 'and has its own');
is($request->{headers}{'idempotency-key'}, $requests->delivery($event)->{key}, 'the key is that of the delivery');
ok(!exists $request->{headers}{'webhook-id'}, 'nothing is signed that the kind does not sign');
(my $quoted = $secret) =~ s/"/\\"/;
my $echo = Requests::raw("HTTP/1.1 200 OK\nContent-Type: application/json\nX-Echo: $secret", qq({"a": "<$quoted>", "b": ") . encode_base64($secret, '') . '"}');
$event = $requests->ask($echo, channel => 'api');
my $answer = $requests->answer($event);
is($answer->{body}{a}, '<***>', 'an echo of it is taken out of the body');
like($answer->{body}{b}, qr/^\*\*\*.{0,4}$/, 'in base64, too');
is($answer->{headers}{'x-echo'}, '***', 'and out of the headers');
is(one(qq{SELECT count(*) FROM respond.delivery AS d JOIN respond.run AS r ON r.id = d.run_id LEFT JOIN respond.attempt AS a ON a.delivery_id = d.id
	WHERE strpos(concat(d.headers, d.body, r.state::jsonb, a.response), '$secret') > 0}), '0', 'it is in no table');
$event = $requests->ask('/ok', channel => 'api', headers => { authorization => 'Bearer mine' });
like($requests->answer($event)->{error}, qr/headers\.Authorization: the secret of channel "api" goes there$/, 'a header of the step does not stand beside it');
one(q{INSERT INTO respond.channel (name, kind, url) VALUES ('mail', 'email', 'smtp://127.0.0.1:1'), ('hook', 'webhook', 'http://127.0.0.1:1/')});
like($requests->answer($requests->ask(undef, channel => 'mail'))->{error}, qr/channel "mail" is of kind "email", which does not send over HTTP$/, 'not by mail');
like($requests->answer($requests->ask(undef, channel => 'none'))->{error}, qr/channel "none" does not exist/, 'no such channel');
one("SELECT respond.set_secret('hook', 'whsec_" . encode_base64('x' x 32, '') . "')");
one("UPDATE respond.channel SET url = '$base/ok?hook', secret = 'whsec_" . encode_base64('x' x 32, '') . "' WHERE name = 'hook'");
$requests->answer($requests->ask(undef, channel => 'hook', body => { a => 1 }));
($request) = $receiver->requests('/ok?hook');
like($request->{headers}{'webhook-signature'}, qr/^v1,/, 'a channel that signs signs requests');
is($request->{body}, '{"a": 1}', 'whose body is that of the step');

# --- Masks

one(q{INSERT INTO respond.mask (event_type, path) VALUES ('*', 'card')});
$event = $requests->ask("$base/ok?{{data.card}}", headers => { 'X-Card' => '{{data.card}}' }, body => { card => '{{data.card}}', data => '{{data}}' }, data => { card => '4111222233334444', n => 1 });
is($requests->run($event)->{status}, 'succeeded', 'a request of masked fields');
my $sent = join("\n", grep { /4111222233334444/ } $receiver->lines(qr/./));
is($sent, '', 'has none of them');
is(one("SELECT count(*) FROM respond.delivery WHERE concat(url, headers, body) LIKE '%4111222233334444%'"), '0', 'nor has its delivery');
my $set = $requests->rule({ action => 'set', name => 's', values => { x => '{{data.card}}' } },
	{ action => 'request', name => 'r', url => "$base/ok?by-way", body => { x => '{{steps.s.x}}' } });
is($requests->run(Respond::emit($requests->node, $requests->db, $set, { card => '4111222233334444' }))->{status}, 'succeeded', 'by way of a step');
($request) = $receiver->requests('/ok?by-way');
is($request->{body}, '{"x": "***"}', 'neither');

# --- Who reads it

one('CREATE ROLE ann IN ROLE respond_admin; CREATE ROLE bob IN ROLE respond_admin; CREATE ROLE aud IN ROLE respond_auditor');
my $private = raw_json('{"salary": 5000}');
Respond::add_rule($requests->node, $requests->db, 'of ann', 'of.ann', [ { action => 'request', name => 'r', url => $base . $private },
	{ action => 'request', name => 'f', url => "$base/status/403", on_failure => 'stop' } ], owner => 'ann');
my $run = $requests->run(Respond::emit($requests->node, $requests->db, 'of.ann'));
for my $role ('ann', 'bob', 'aud')
{
	my $seen = one("SET ROLE $role; SELECT state::jsonb FROM respond.run WHERE id = $run->{id}") =~ s/.*\n//sr;

	is($seen =~ /5000/ ? 'all' : 'little', $role eq 'ann' ? 'all' : 'little', "$role sees");
	like($seen, qr/"status": 200.*/, "and $role sees the status");
	is($requests->error("SET ROLE $role; SELECT * FROM respond_internal.run_inbox") =~ /permission denied/ ? 'no' : 'yes', 'no', "$role does not read what runs are told");
}

# --- What is too large, too deep, or too long as text

for my $case ([ 'deep', '[' x 200000 ], [ 'numbers', '[' . join(',', ('1e131071') x 2000) . ']' ])
{
	my $peer = Peers::say('application/json', $case->[1]);

	is($requests->answer($requests->ask("http://127.0.0.1:$peer->{port}/"))->{body}, $case->[1], "hostile JSON is text: $case->[0]");
}

# --- Receivers that close a connection that rests

for my $n (1 .. 3)
{
	is($requests->answer($requests->ask("http://127.0.0.1:$ports[2]/silent-close?$n"))->{status}, 200, "a connection that is closed while it rests, $n");
}

# --- A database in another encoding

$requests->node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
Respond::create_extension($requests->node, 'latin');
$requests->{db} = 'latin';
$ENV{PGCLIENTENCODING} = 'UTF8';
my $utf8 = raw_json(qq({"a": "\xC3\xA4", "b": "\xE2\x82\xAC", "c": "\\u00e4", "\xC3\xA4": 1}));
is_deeply($requests->answer($requests->ask($base . $utf8))->{body}, { a => "\x{e4}", b => '?', c => "\x{e4}", "\x{e4}" => 1 }, 'JSON in LATIN1');
is($requests->answer($requests->ask($base . Requests::raw("HTTP/1.1 200 OK\nContent-Type: text/plain; charset=iso-8859-1", "\xE4")))->{body}, "\x{e4}", 'text in LATIN1');
$requests->answer($requests->ask("$base/ok?{{data.a}}", body => { a => '{{data.a}}' }, headers => { 'X-A' => '{{data.a}}' }, data => { a => "\x{e4}" }));
($request) = $receiver->requests('/ok?%C3%A4');
is($request->{body}, qq({"a": "\x{e4}"}), 'what is sent is UTF-8');

done_testing();
