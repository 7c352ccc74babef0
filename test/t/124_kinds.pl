# Kinds as rows say: methods, lists and objects as options, other providers' HMAC headers.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Digest::SHA ();
use JSON::PP ();
use MIME::Base64 ();
use Peers;
use Respond;

my $courier = Courier::start('kinds');
my $node = $courier->node;
my $db = $courier->db;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $json = JSON::PP->new->canonical;

sub one { return $courier->one(@_); }

# request(path): the one request for it
sub request
{
	my ($path) = @_;
	my @found = $receiver->requests($path);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar(@found), 1, "one request for $path");
	return $found[0] || { headers => {} };
}

# ---- Methods ----

for my $method (qw(GET DELETE POST PUT PATCH))
{
	one("INSERT INTO respond.channel_kind (name, transport, method) VALUES ('$method bare', 'http', '$method')");
	one("INSERT INTO respond.channel_kind (name, transport, method, body) VALUES ('$method body', 'http', '$method', '{\"text\": \"{{{text}}}\"}')");
	for my $with (qw(bare body))
	{
		$courier->channel("$method $with", "$method $with", "$base/ok/$method/$with?t={{text}}");
	}
}
# twice each, on handles and connections that are used again
for my $round (1, 2)
{
	for my $method (qw(GET POST DELETE PUT PATCH))
	{
		for my $with (qw(bare body))
		{
			$courier->arrives("$method $with", "$method, $with, $round", { text => "r$round" });
			my $request = request("/ok/$method/$with?t=r$round");

			is($request->{method}, $method, "$method, $with: the method");
			is($request->{body} || '', $with eq 'body' ? "{\"text\": \"r$round\"}" : '', "$method, $with: the body");
			is($request->{headers}{'content-length'}, $method =~ /GET|DELETE/ ? undef : '0', "$method, $with: the length") if $with eq 'bare';
		}
	}
}

# ---- Lists and objects as options ----

one(q{INSERT INTO respond.channel_kind (name, transport, body, options) VALUES ('lists', 'http', '{"tags": "{{options.tags}}", "meta": "{{options.meta}}", "first": "{{options.tags.0}}", "deep": "{{options.meta.a.b}}", "n": "{{options.n}}", "text": "{{{text}}}"}',
	'{"tags": ["default"], "meta": null, "n": null}')});
$courier->channel('lists', 'lists', "$base/ok/lists", options => { tags => [ 'a', 'b "c"' ], meta => { a => { b => [ 1, 2 ] } }, n => 5 });
$courier->arrives('lists', 'options that are lists and objects', { text => 'x' });
is_deeply($json->decode(request('/ok/lists')->{body}), { tags => [ 'a', 'b "c"' ], meta => { a => { b => [ 1, 2 ] } }, first => 'a', deep => [ 1, 2 ], n => 5, text => 'x' }, 'keep their form');
$courier->channel('default lists', 'lists', "$base/ok/default");
$courier->arrives('default lists', 'a default that is a list', { text => 'x' });
is_deeply($json->decode(request('/ok/default')->{body}), { tags => ['default'], first => 'default', text => 'x' }, 'counts');
like($courier->error(q{INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'webhook', 'http://127.0.0.1/', '{"content_type": ["x"]}')}), qr/options\.content_type: must be a text/, 'a header is no list');
like($courier->error(q{INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'email', 'smtp://127.0.0.1/', '{"from": {"a": 1}}')}), qr/options\.from: must be a text/, 'nor is the sender of a mail');

# ---- HMAC ----

my $key = join('', map { chr($_) } 1 .. 32);
my %scheme = (
	github => [ { headers => { 'X-Hub-Signature-256' => 'sha256={{signature}}' } }, "It's a Secret to Everybody",
		sub { my ($r, $s) = @_; return ('x-hub-signature-256' => 'sha256=' . Digest::SHA::hmac_sha256_hex($r->{body}, $s)) } ],
	slack => [ { content => 'v0:{{timestamp}}:{{body}}', headers => { 'X-Slack-Request-Timestamp' => '{{timestamp}}', 'X-Slack-Signature' => 'v0={{signature}}' } }, '8f742231b10e8888abcd99yyyzzz85a5',
		sub { my ($r, $s) = @_; my $t = $r->{headers}{'x-slack-request-timestamp'}; return ('x-slack-signature' => 'v0=' . Digest::SHA::hmac_sha256_hex("v0:$t:$r->{body}", $s)) } ],
	stripe => [ { content => '{{timestamp}}.{{body}}', headers => { 'Stripe-Signature' => 't={{timestamp}},v1={{signature}}' } }, 'whsec_test_secret',
		sub { my ($r, $s) = @_; my ($t) = ($r->{headers}{'stripe-signature'} || '') =~ /^t=(\d+),/; return ('stripe-signature' => "t=$t,v1=" . Digest::SHA::hmac_sha256_hex("$t.$r->{body}", $s)) } ],
	shop => [ { encoding => 'base64', headers => { 'X-Shop-Hmac-SHA256' => '{{signature}}' } }, 'hush',
		sub { my ($r, $s) = @_; return ('x-shop-hmac-sha256' => MIME::Base64::encode_base64(Digest::SHA::hmac_sha256($r->{body}, $s), '')) } ],
	old => [ { algorithm => 'sha1', headers => { 'X-Hub-Signature' => 'sha1={{signature}}' } }, 'hush', sub { my ($r, $s) = @_; return ('x-hub-signature' => 'sha1=' . Digest::SHA::hmac_sha1_hex($r->{body}, $s)) } ],
	big => [ { algorithm => 'sha512', secret => 'hex', content => '{{key}}{{body}}', headers => { 'X-Sig' => '{{signature}}', 'X-Id' => '{{key}}' } }, unpack('H*', $key),
		sub { my ($r) = @_; return ('x-sig' => Digest::SHA::hmac_sha512_hex($r->{headers}{'x-id'} . $r->{body}, $key)) } ],
	mid => [ { algorithm => 'sha384', encoding => 'base64url', secret => 'base64', headers => { 'X-Sig' => '{{signature}}' } }, MIME::Base64::encode_base64($key, ''),
		sub { my ($r) = @_; return ('x-sig' => MIME::Base64::encode_base64url(Digest::SHA::hmac_sha384($r->{body}, $key))) } ]);
for my $name (sort keys %scheme)
{
	my ($scheme, $secret, $expect) = @{ $scheme{$name} };

	one("INSERT INTO respond.channel_kind (name, transport, body, hmac) VALUES ('$name signs', 'http', '{\"text\": \"{{{text}}}\"}', " . Respond::quote_literal($json->encode($scheme)) . ')');
	$courier->channel("$name signed", "$name signs", "$base/ok/$name", secret => $secret);
	$courier->arrives("$name signed", "$name: a signed request", { text => 'with {{signature}} and {{body}}' });
	my $request = request("/ok/$name");
	my ($header, $value) = $expect->($request, $secret);
	is($request->{headers}{$header}, $value, "$name: is signed as the provider wants it");
	is(index(Peers::slurp($receiver->{log}), $secret), -1, "$name: the secret itself is not sent");
	one("SELECT respond.set_secret('$name signed', NULL)");
	$courier->arrives("$name signed", "$name: without a secret", { text => 'x' });
	ok(!exists(($receiver->requests("/ok/$name"))[1]{headers}{$header}), "$name: there is no signature");
}
like($courier->error(q{SELECT respond.set_secret('big signed', 'xyz')}), qr/secret: it is not an even number of hex digits/, 'a secret that is no key of its scheme is refused');
like($courier->error(q{SELECT respond.set_secret('mid signed', '!!')}), qr/secret: it is not base64/, 'nor one that is no base64');
# a line break would begin a header of its own, in each delivery
like($courier->error(q{INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('x', 'http', '{"X-A": "a\r\nHost: b"}')}), qr/headers\.X-A: has a control character in its value/, 'a header with a line break is refused');
like($courier->error(q{INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('x', 'http', '{"headers": {"X-A": "{{signature}}\nHost: b"}}')}), qr/hmac\.headers\.X-A: has a control character in its value/, 'and one of a signature');
# what is signed with is part of the place of a secret
one(q{SELECT respond.set_secret('github signed', 'another'); UPDATE respond.channel_kind SET hmac = '{"algorithm": "sha1", "headers": {"X-A": "{{signature}}"}}' WHERE name = 'github signs'; SELECT respond.send_test('github signed')});
Respond::wait_until($node, $db, q{SELECT NOT ok AND message ~ 'github signed' FROM respond.health() WHERE "check" = 'secrets'}, 'a scheme that changes needs the secret again');
is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'without an error of the courier');

$courier->stop;
done_testing();
