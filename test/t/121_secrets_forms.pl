# Secrets as receivers read them: what a signing secret may look like, and what is taken out of answers, whatever the encoding.
use FindBin;
use lib "$FindBin::RealBin/lib";
use utf8;
use Courier;
use Digest::SHA ();
use Encode ();
use JSON::PP ();
use MIME::Base64 ();
use Peers;
use Respond;

my $courier = Courier::start('forms');
my $node = $courier->node;
my $db = $courier->db;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";

sub one { return $courier->one(@_); }

# ---- What the public libraries read as base64 is read so; everything else is refused. ----

one("INSERT INTO respond.channel (name, kind, url) VALUES ('signed', 'webhook', '$base/ok')");
my $key = join('', map { chr($_) } 200 .. 231);
my $base64 = MIME::Base64::encode_base64($key, '');
my $bare = $base64 =~ s/=+$//r;
my $other = MIME::Base64::encode_base64('o' x 24, '');

for my $case ([ "whsec_$base64", $key ], [ "whsec_$bare", $key ], [ $base64, $key ], [ $bare, $key ], [ " whsec_$base64 ", $key ], [ "whsec_$other whsec_$base64", 'o' x 24, $key ], [ "$other $base64", 'o' x 24, $key ],
	[ "whsec_$base64 $other whsec_$other", $key, 'o' x 24, 'o' x 24 ], [ 'secret12', MIME::Base64::decode_base64('secret12') ])
{
	my ($secret, @keys) = @$case;

	one("SELECT respond.set_secret('signed', '$secret')");
	my $id = one(q{SELECT respond.send_test('signed')});
	Respond::wait_until($node, $db, "SELECT status = 'delivered' FROM respond.delivery WHERE id = $id", "with \"$secret\" it is sent");
	my $request = ($receiver->requests('/ok'))[-1];
	my $content = join('.', @{ $request->{headers} }{qw(webhook-id webhook-timestamp)}, $request->{body});
	is($request->{headers}{'webhook-signature'}, join(' ', map { 'v1,' . MIME::Base64::encode_base64(Digest::SHA::hmac_sha256(Encode::encode('UTF-8', $content), $_), '') } @keys), 'signed as a receiver with the same secret expects');
}
for my $secret ("v1,whsec_$base64", "\"whsec_$base64\"", "whsec_\"$base64\"", "WHSEC_$base64", "Whsec_$base64", 'x', "whsec_$base64,whsec_$other", "whsec_whsec_$base64", "whsec-$base64", "whsec_", 'whsec_=', "secret_$base64", 'not base64!', 'plain-secret', "whsec_$base64 plain-secret",
	"whsk_$base64", "whpk_$base64", "v1a,whsk_$base64", '<secret>', "{$base64}", 'YQ=A', 'ä' x 8)
{
	my $quoted = Respond::quote_literal($secret);

	for my $statement ("SELECT respond.set_secret('signed', $quoted)", "UPDATE respond.channel SET secret = $quoted WHERE name = 'signed'")
	{
		my $error = $courier->error($statement);

		like($error, qr/ERROR:  secret: it (?:is|has) .*HINT:  .*"whsec_" and 24 to 64 random bytes in base64/s, "refused: $secret");
		ok(index($error, substr($base64, 0, 12)) < 0, 'without showing it');
	}
}
# tokens of others are what they are
one("INSERT INTO respond.channel (name, kind, url, secret) VALUES ('token', 'pagerduty', '$base/ok/token', 'any-text, \"quoted\"; whsec_x!')");
one(q{SELECT respond.send_test('token')});
Respond::wait_until($node, $db, q{SELECT bool_and(status = 'delivered') FROM respond.delivery WHERE channel = 'token'}, 'a kind that does not sign takes any text');
is(JSON::PP->new->decode(($receiver->requests('/ok/token'))[0]{body})->{routing_key}, 'any-text, "quoted"; whsec_x!', 'and sends it as it is');

# ---- What a receiver says back. ----

my $echo = Peers::start('echo', '/usr/bin/python3', "$FindBin::RealBin/../stub/echo.py");
my $there = "http://127.0.0.1:$echo->{port}";
my $secret = 'käse/brot & ü-kanarie ß 7';
my @stems = ('kanarie', 'brot', map { my $shift = $_; map { substr($_, 0, 6) } substr(MIME::Base64::encode_base64(('x' x $shift) . Encode::encode('UTF-8', $secret), ''), 8, 8) } 0 .. 2);
my @ways = qw(raw json upper slash url plus latinurl base0 base1 base2 html latin body header);

for my $encoding (qw(UTF8 LATIN1 LATIN9 WIN1252))
{
	my $name = lc($encoding);

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
	Respond::create_extension($node, $name);
	my $sql = "SET client_encoding = 'UTF8';
		INSERT INTO respond.channel_kind (name, transport, auth, needs_text, body, encoding) VALUES ('body', 'http', NULL, true, '{\"k\": \"{{{secret}}}\"}', 'json'), ('form', 'http', NULL, true, '{\"k\": \"{{{secret}}}\"}', 'form');\n";
	for my $way (@ways)
	{
		for my $kind (qw(body form sms slack))
		{
			my $options = $kind eq 'sms' ? '{"username": "desk", "from": "+1", "to": "+2"}' : '{}';
			my $path = $kind eq 'slack' ? '{{secret}}' : '';

			$sql .= "INSERT INTO respond.channel (name, kind, url, options, secret, max_attempts) VALUES ('$kind $way', '$kind', '$there/found/$way/$path', '$options', '$secret', 1); SELECT respond.send_test('$kind $way');\n";
		}
	}
	# as bytes: psql is given UTF-8
	$node->safe_psql($name, Encode::encode('UTF-8', $sql));
	Respond::wait_until($node, $name, q{SELECT count(*) > 0 AND bool_and(status = 'dead') FROM respond.delivery}, "$encoding: all answers came");
	is($node->safe_psql($name, q{SELECT string_agg(DISTINCT coalesce(status::text, error), ', ') || ' of ' || count(*) FROM respond.attempt}), '401 of ' . 4 * @ways, "$encoding: and are kept");
	for my $stem (@stems)
	{
		is($node->safe_psql($name, "SELECT string_agg(d.channel || ': ' || a.response, ' / ') FROM respond.delivery AS d JOIN respond.attempt AS a ON a.delivery_id = d.id WHERE strpos(lower(concat(d::text, a::text)), lower('$stem')) > 0"), '', "$encoding: the secret is taken out: $stem");
	}
}

# whatever a kind does with a secret, no table shows it when the receiver says all back
my $stem = 'kanariegeheim';
my $needle = join('|', map { '[' . substr($_, 0, 1) . ']' . substr($_, 1) } $stem, map { MIME::Base64::encode_base64(substr($stem, $_->[0], $_->[1]), '') } [ 0, 12 ], [ 2, 9 ], [ 1, 9 ]);
my @kinds = qw(slack pagerduty sms bearing heading forming speaking);

one(q{INSERT INTO respond.channel_kind (name, transport, auth, needs_text, body, headers, encoding) VALUES ('bearing', 'http', 'bearer', false, '{"a": "{{data.x}}"}', '{}', 'json'),
	('heading', 'http', NULL, false, '{"a": "{{data.x}}"}', '{"X-Token": "t={{{secret}}}", "X-Data": "{{data.x}}"}', 'json'),
	('forming', 'http', NULL, false, '{"token": "{{secret}}", "text": "{{data.x}}"}', '{}', 'form'), ('speaking', 'http', NULL, false, '"token {{secret}} {{data.x}}"', '{}', 'text')});
$courier->channel("$_ echo", $_, "$there/all" . ($_ eq 'slack' ? '?{{secret}}' : ''), secret => "$stem-$_-echo", max_attempts => 1, step => { text => 'x' },
	options => $_ eq 'sms' ? { username => 'desk', from => '+1', to => '+2' } : {}) for @kinds;
$courier->fire("$_ echo", { x => 'y' }) for @kinds;
Respond::settle($node, $db, map { "$_ echo" } @kinds);
for my $kind (@kinds)
{
	is(one("SELECT count(*) FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE channel = '$kind echo' AND a.status = 401"), '1', "$kind: the answer is kept");
	is(one("SELECT count(*) FROM respond.delivery AS d JOIN respond.attempt AS a ON a.delivery_id = d.id WHERE d.channel = '$kind echo' AND concat(d::text, a::text) ~ '$needle'"), '0', "$kind: without the secret");
}

# a receiver's library quotes as it likes: nothing but the mask may be kept
my @quotings = qw(plain json html twice nested bytes list hex folded gzip);

one(q{INSERT INTO respond.channel_kind (name, transport, auth, body) VALUES ('quoting', 'http', 'bearer', '"x"')});
$courier->channel("quoted $_", 'quoting', "$there/token/$_", secret => q{gehe+im/"<ka&n'a>r\ie==}, max_attempts => 1) for @quotings;
one(q{SELECT respond.send_test(name) FROM respond.channel WHERE kind = 'quoting'});
Respond::settle($node, $db, map { "quoted $_" } @quotings);
for my $way (@quotings)
{
	like(one("SELECT a.response FROM respond.delivery AS d JOIN respond.attempt AS a ON a.delivery_id = d.id WHERE d.channel = 'quoted $way'"), $way eq 'gzip' ? qr/^\(not kept: it has a Content-Encoding\)$/ : qr/^[\["\\]*\*\*\*[\]"\\]*$/,
		"a secret that is said back is masked however it is quoted: $way");
}

$courier->stop;
done_testing();
