# Requests whose answer a run waits for: what comes back, in which form, and when there is none.
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP ();
use Peers;
use Requests;
use Respond;

my $receiver = Peers::receiver(listen => join(',', ('127.0.0.1:0') x 8));
my @ports = Peers::slurp($receiver->{port_file}) =~ /(\d+)/g;
my $requests = Requests::start('requests');
my $base = "http://127.0.0.1:$ports[0]";
my $text = 'Content-Type: text/plain';

# hears(message, path, expected answer, columns...): "headers" only where they are expected.
sub hears
{
	my ($message, $path, $expected, %row) = @_;
	my $id = $requests->ask($path =~ /^http/ ? $path : $base . $path, %row);
	my $answer = $requests->answer($id);

	delete $answer->{delivery_id};
	delete $answer->{headers} unless exists $expected->{headers};
	$expected = { status => undef, body => undef, error => undef, %$expected };
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply($answer, $expected, $message) or diag(JSON::PP->new->canonical->encode($answer));
	return $id;
}

sub says
{
	return Requests::raw(@_);
}

my $ok = 'HTTP/1.1 200 OK';

hears('JSON', '/ok', { status => 200, body => { ok => JSON::PP::true } });
hears('JSON of a kind', says("$ok\nContent-Type: application/problem+json; charset=utf-8", '[1,"\u00e4"]'), { status => 200, body => [ 1, "\x{e4}" ] });
hears('a scalar', says("$ok\nContent-Type: application/json", '12.50'), { status => 200, body => 12.5 });
hears('JSON with a mark in front', says("$ok\nContent-Type: application/json", "\xEF\xBB\xBF{}"), { status => 200, body => {} });
hears('what calls itself JSON and is none', says("$ok\nContent-Type: application/json", '{"a":'), { status => 200, body => '{"a":' });
hears('JSON with a zero character', says("$ok\nContent-Type: application/json", '{"a": "\u0000"}'), { status => 200, body => '{"a": "\u0000"}' });
hears('JSON that is text', says("$ok\n$text", '{"a": 1}'), { status => 200, body => '{"a": 1}' });
hears('text in UTF-8', says("$ok\n$text", "\xC3\xA4\n\xE2\x82\xAC"), { status => 200, body => "\x{e4}\n\x{20ac}" });
hears('text in ISO 8859-1', says("$ok\n$text; charset=\"iso-8859-1\"", "\xE4"), { status => 200, body => "\x{e4}" });
hears('text in another character set', says("$ok\n$text;charset=windows-1252", "\x80"), { status => 200, body => "\x{20ac}" });
hears('text that says it is ASCII', says("$ok\n$text;charset=us-ascii", 'abc'), { status => 200, body => 'abc' });
hears('text in an unknown character set', says("$ok\n$text;charset=none", "\xC3\xA4"), { status => 200, body => "\x{e4}" });
hears('what is no text', says("$ok\n$text", "\xE4\xFF"), { status => 200, body => '5P8=' });
hears('what holds a zero byte', says("$ok\n$text", "a\0b"), { status => 200, body => 'YQBi' });
hears('nothing', says("$ok\nContent-Type: application/json", ''), { status => 200 });
hears('status 204', "/raw/" . unpack('H*', "HTTP/1.1 204 No Content\r\n\r\n"), { status => 204, headers => {} });
hears('interim answers', '/continue', { status => 200, body => { ok => JSON::PP::true } });

hears('headers', says("$ok\nX-One: a \nx-TWO: b\nx-two:c,d\nSet-Cookie: a=1, b\nSet-Cookie: c=2\nX-Odd: \xE4\nX-Empty:", 'x'), {
	status => 200, body => 'x', headers => { 'x-one' => 'a', 'x-two' => 'b, c,d', 'set-cookie' => [ 'a=1, b', 'c=2' ],
		'x-odd' => "\x{e4}", 'x-empty' => '', 'content-length' => 1 } });

# --- Failures keep what came.

my $id = hears('status 404', '/status/404', { status => 404, body => { status => 404 }, error => 'the receiver answered 404' });
is($requests->one("SELECT status, attempts, last_status FROM respond.delivery WHERE id = $id"), 'dead|1|404', 'it is dead after one try');
hears('a status that is expected', '/status/404', { status => 404, body => { status => 404 } }, expect => '{200,404}');
$id = hears('503 that is expected', '/status/503', { status => 503, body => { status => 503 } }, expect => '{503}', max_attempts => 3);
is($requests->one("SELECT status, attempts FROM respond.delivery WHERE id = $id"), 'delivered|1', 'is not tried again');
hears('a redirect', "/redirect?to=$base/ok", { status => 302, body => { status => 302 }, error => 'the receiver answered 302; redirects are not followed' });
hears('tries that fail', '/seq/three/503,503,200', { status => 200, body => { ok => JSON::PP::true } }, max_attempts => 3);
my @tried = $receiver->requests('/seq/three/503,503,200');
is(scalar @tried, 3, 'the third one succeeds');
hears('too few tries', "http://127.0.0.1:$ports[1]/status/500", { status => 500, body => { status => 500 }, error => 'given up after 2 tries: the receiver answered 500' }, max_attempts => 2);
hears('status 410', '/status/410', { status => 410, body => { status => 410 }, error => 'the receiver answered 410' });
hears('the channel of a host goes on after 410', '/ok', { status => 200, body => { ok => JSON::PP::true } });
hears('an answer that is too large', '/body/200/1001', { status => 200, error => 'response too large: it has more than 1000 bytes' }, max_body => 1000);
hears('one that is just not', '/body/200/1000', { status => 200, body => 'a' x 1000 }, max_body => 1000);
hears('more than is kept of other answers', '/body/200/1000000', { status => 200, body => 'a' x 1000000 });
hears('an answer without end', "http://127.0.0.1:$ports[2]/endless", { status => 200, error => 'response too large: it has more than 1048576 bytes' });
my $half = $requests->answer($requests->ask("http://127.0.0.1:$ports[3]/partial/200"));
is($half->{status}, 200, 'half an answer');
is($half->{body}, undef, 'is none');
like($half->{error}, qr/^given up after 1 try: the receiver answered 200, and then: /, 'and a failure');
like($requests->answer($requests->ask("http://127.0.0.1:$ports[4]/rst"))->{error}, qr/^given up after 1 try: /, 'a reset');
my $slow = $requests->answer($requests->ask("http://127.0.0.1:$ports[5]/hang", attempt_timeout => '200 ms', max_attempts => 10, timeout => '1 s'));
like($slow->{error}, qr/^timed out after [12] tr\w+: timeout after \d+ ms/, 'the whole of it has a limit');
$id = $requests->ask("http://127.0.0.1:$ports[5]/hang", timeout => '300 ms');
like($requests->answer($id)->{error}, qr/^given up after 1 try: timeout after [23]\d\d ms/, 'a try is not longer than what is left');
like($requests->answer($requests->ask('http://10.0.0.1/'))->{error}, qr/^connection to 10\.0\.0\.1:80 refused/, 'the guard holds');
hears('compressed without being asked', says("$ok\nContent-Encoding: gzip", 'xxx'), { status => 200, error => 'the answer has a Content-Encoding, which was not asked for' });
hears('headers that are too large', "http://127.0.0.1:$ports[6]/big-header", { error => 'given up after 1 try: the headers of the answer are longer than 64 kB' });

# --- What is asked

for my $method (qw(GET DELETE POST PUT PATCH))
{
	hears($method, "/ok?$method", { status => 200, body => { ok => JSON::PP::true } }, method => $method,
		$method =~ /P/ ? (body => '{"a":1}', headers => '{"Content-Type": "application/json", "X-A": "b"}') : ());
	my ($request) = $receiver->requests("/ok?$method");
	is($request->{method}, $method, "it arrives as $method");
	is($request->{body}, $method =~ /P/ ? '{"a":1}' : '', 'with its body');
	is($request->{headers}{'content-type'}, $method =~ /P/ ? 'application/json' : undef, 'and its type');
}
hears('POST without a body', '/ok?empty', { status => 200, body => { ok => JSON::PP::true } }, method => 'POST');
my ($empty) = $receiver->requests('/ok?empty');
is($empty->{headers}{'content-type'}, undef, 'has no type');
hears('HEAD', '/raw/' . unpack('H*', "$ok\r\nContent-Length: 10\r\nX-A: b\r\n\r\n"), { status => 200, headers => { 'x-a' => 'b', 'content-length' => 10 } }, method => 'HEAD');
hears('the connection is good afterwards', '/ok', { status => 200, body => { ok => JSON::PP::true } });

# --- What ends otherwise

my $hangs = "http://127.0.0.1:$ports[7]/hang";
$id = $requests->ask($hangs);
$requests->one("SELECT respond.discard($id)");
is_deeply($requests->answer($id), { delivery_id => $id, status => undef, headers => undef, body => undef, error => 'discarded by ' . $requests->one('SELECT current_user') }, 'discarded');
like($requests->error("SELECT respond.retry($id)"), qr/the run that waited for its answer has gone on/, 'nobody waits for another answer');
$requests->one("INSERT INTO respond.channel (name, kind, url) VALUES ('api', 'webhook', '$base/ok')");
my $channel = $requests->one("SELECT id FROM respond.channel WHERE name = 'api'");
hears('through a channel', '/ok?channel', { status => 200, body => { ok => JSON::PP::true } }, channel => 'api', channel_id => $channel);
$requests->one("UPDATE respond.channel SET enabled = false WHERE name = 'api'");
my $waits = $requests->ask($base . '/ok?never', channel => 'api', channel_id => $channel);
$requests->one("DELETE FROM respond.channel WHERE name = 'api'");
like($requests->answer($waits)->{error}, qr/^the channel was deleted by /, 'the channel was deleted');
is($receiver->requests('/ok?never'), 0, 'and nothing was sent');
$waits = $requests->ask($base . '/ok?orphan', channel => 'api', channel_id => $channel);
is($requests->answer($waits)->{error}, 'the channel was deleted', 'before the request was recorded');
$id = $requests->ask("$base/ok?late", timeout => '-1 s');
is($requests->answer($id)->{error}, 'timed out', 'too late before it is sent');

# --- Many hosts, many answers, at once

is($requests->one(q{SELECT count(*) FROM respond.delivery WHERE status = 'pending'}), '0', 'nothing is left');
my $many = $requests->one("INSERT INTO respond.delivery (channel, channel_id, url, method, headers, run_id, run_started_at, deadline, max_attempts, max_body, next_attempt_at)
	SELECT 'host ' || i % 100, format('ffffffff-ffff-8000-8000-%s', lpad(to_hex(i % 100), 12, '1'))::uuid, '$base/body/200/400000', 'GET', '{}', 1, '2026-11-01', clock_timestamp() + interval '2 min', 5, 1048576, clock_timestamp()
	  FROM generate_series(1, 300) AS i");
Respond::wait_until($requests->node, $requests->db, q{SELECT count(*) = 300 FROM respond_internal.run_inbox WHERE data->>'body' = repeat('a', 400000)}, 'answers of 120 MB come, from a hundred hosts');
my $status = Peers::slurp('/proc/' . $requests->pid . '/status');
cmp_ok(($status =~ /VmHWM:\s*(\d+)/)[0], '<', 150_000, 'the memory of the courier is bounded');
diag($status =~ /(VmHWM.*)/, $status =~ /(RssAnon.*)/);

done_testing();
