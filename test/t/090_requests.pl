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

# hears(message, path, expected answer, fields of the step...): "headers" only where they are expected.
sub hears
{
	my ($message, $path, $expected, %step) = @_;
	my $event = $requests->ask($path =~ /^http/ ? $path : $base . $path, %step);
	my $answer = $requests->answer($event);

	delete $answer->{headers} unless exists $expected->{headers};
	$answer->{error} =~ s/^steps\[0\]: // if exists $answer->{error};
	$expected->{body} = undef unless exists $expected->{body} || !exists $expected->{status};
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply($answer, $expected, $message) or diag(JSON::PP->new->canonical->encode($answer));
	return $event;
}

sub says
{
	return Requests::raw(@_);
}

my $ok = 'HTTP/1.1 200 OK';

# An empty array in so many arrays.
sub nested
{
	my ($depth) = @_;
	my $value = [];

	$value = [ $value ] for 1 .. $depth;
	return $value;
}

hears('JSON', '/ok', { status => 200, body => { ok => JSON::PP::true } });
hears('JSON of a kind', says("$ok\nContent-Type: application/problem+json; charset=utf-8", '[1,"\u00e4"]'), { status => 200, body => [ 1, "\x{e4}" ] });
hears('a scalar', says("$ok\nContent-Type: application/json", '12.50'), { status => 200, body => 12.5 });
hears('JSON with a mark in front', says("$ok\nContent-Type: application/json", "\xEF\xBB\xBF{}"), { status => 200, body => {} });
hears('what calls itself JSON and is none', says("$ok\nContent-Type: application/json", '{"a":'), { status => 200, body => '{"a":' });
hears('JSON with a zero character', says("$ok\nContent-Type: application/json", '{"a": "\u0000"}'), { status => 200, body => '{"a": "\u0000"}' });
hears('JSON that is nested as deep as it may be', says("$ok\nContent-Type: application/json", '[' x 999 . '[]' . ']' x 999), { status => 200, body => nested(999) });
hears('deeper it is text', says("$ok\nContent-Type: application/json", '[' x 1000 . '[]' . ']' x 1000), { status => 200, body => '[' x 1000 . '[]' . ']' x 1000 });
hears('brackets in texts count for nothing', says("$ok\nContent-Type: application/json", '["' . '[' x 2000 . '\"{"]'), { status => 200, body => [ '[' x 2000 . '"{' ] });
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

# One that goes on in the next line.
my $folded = $requests->answer($requests->ask($base . says("$ok\nX-Long: a;\n  b=c,\n\td\nX-Short: e", 'x')));
is($folded->{headers}{'x-long'} =~ s/\s+/ /gr, 'a; b=c, d', 'a header of several lines has all of them');
is($folded->{headers}{'x-short'}, 'e', 'and ends there');

# --- Failures keep what came.

my $id = hears('status 404', '/status/404', { status => 404, body => { status => 404 }, error => 'the receiver answered 404' });
is($requests->one("SELECT status, attempts, last_status FROM respond.delivery WHERE event_id = $id"), 'dead|1|404', 'it is dead after one try');
hears('a status that is expected', '/status/404', { status => 404, body => { status => 404 } }, expect => [ 200,404 ]);
$id = hears('503 that is expected', '/status/503', { status => 503, body => { status => 503 } }, expect => [ 503 ], max_attempts => 3);
is($requests->one("SELECT status, attempts FROM respond.delivery WHERE event_id = $id"), 'delivered|1', 'is not tried again');
hears('a redirect', "/redirect?to=$base/ok", { status => 302, body => { status => 302 }, error => 'the receiver answered 302; redirects are not followed' });
hears('tries that fail', '/seq/three/503,503,200', { status => 200, body => { ok => JSON::PP::true } }, max_attempts => 3);
my @tried = $receiver->requests('/seq/three/503,503,200');
is(scalar @tried, 3, 'the third one succeeds');
hears('too few tries', "http://127.0.0.1:$ports[1]/status/500", { status => 500, body => { status => 500 }, error => 'given up after 2 tries: the receiver answered 500' }, max_attempts => 2);
hears('status 410', '/status/410', { status => 410, body => { status => 410 }, error => 'the receiver answered 410' });
hears('the channel of a host goes on after 410', '/ok', { status => 200, body => { ok => JSON::PP::true } });
foreach my $length ("5\r\nContent-Length: 3", "3\r\nContent-Length: 5", '5, 3', '5x')
{
	hears("a body of the length $length" =~ s/\s+/ /gr, '/raw/' . unpack('H*', "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: $length\r\n\r\nabcde"),
		{ status => 200, error => 'given up after 1 try: the answer does not say clearly how long it is' });
}
hears('a length that is said twice', '/raw/' . unpack('H*', "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"), { status => 200, body => 'abcde' });
hears('an answer that is too large', '/body/200/1001', { status => 200, error => 'response too large: it has more than 1000 bytes' }, max_body => 1000);
hears('one that is just not', '/body/200/1000', { status => 200, body => 'a' x 1000 }, max_body => 1000);
hears('more than is kept of other answers', '/body/200/1000000', { status => 200, body => 'a' x 1000000 });
hears('an answer without end', "http://127.0.0.1:$ports[2]/endless", { status => 200, error => 'response too large: it has more than 1048576 bytes' });
my $half = $requests->answer($requests->ask("http://127.0.0.1:$ports[3]/partial/200"));
is($half->{status}, 200, 'half an answer');
is($half->{body}, undef, 'is none');
like($half->{error}, qr/^steps\[0\]: given up after 1 try: the receiver answered 200, and then: /, 'and a failure');
like($requests->answer($requests->ask("http://127.0.0.1:$ports[4]/rst"))->{error}, qr/^steps\[0\]: given up after 1 try: /, 'a reset');
my $slow = $requests->answer($requests->ask("http://127.0.0.1:$ports[5]/hang", attempt_timeout => '200 ms', max_attempts => 10, timeout => '1 s'));
like($slow->{error}, qr/^steps\[0\]: timed out after [12] tr\w+: timeout after \d+ ms/, 'the whole of it has a limit');
$id = $requests->ask("http://127.0.0.1:$ports[5]/hang", timeout => '300 ms');
like($requests->answer($id)->{error}, qr/^steps\[0\]: given up after 1 try: timeout after [23]\d\d ms/, 'a try is not longer than what is left');
like($requests->answer($requests->ask('http://10.0.0.1/'))->{error}, qr/^steps\[0\]: connection to 10\.0\.0\.1:80 refused/, 'the guard holds');
hears('compressed without being asked', says("$ok\nContent-Encoding: gzip", 'xxx'), { status => 200, error => 'the answer has a Content-Encoding, which was not asked for' });
hears('headers that are too large', "http://127.0.0.1:$ports[6]/big-header", { error => 'given up after 1 try: the headers of the answer are longer than 64 kB' });
hears('a header without end', "http://127.0.0.1:$ports[6]/long-line", { error => 'given up after 1 try: the headers of the answer are longer than 64 kB' });

hears('a receiver that wants more time than there is', "http://127.0.0.1:$ports[1]/status/429/retry-after/30",
	{ status => 429, body => { status => 429 }, error => 'timed out after 1 try: the receiver answered 429 and asked for a pause of 30 s' }, max_attempts => 5, timeout => '5 s');
like($requests->answer($requests->ask("http://127.0.0.1:$ports[1]/ok", timeout => '300 ms'))->{error}, qr/^steps\[0\]: timed out before a try of it ended; .* its host .* has asked for a pause$/,
	'and others that come meanwhile');
my $retried = $requests->ask("http://127.0.0.1:$ports[4]/seq/again/503,200", max_attempts => 2, retry_after => '1 ms');
is($requests->answer($retried)->{status}, 200, 'a pause of the step\'s own');
is($requests->one("SELECT retry_after FROM respond.delivery WHERE event_id = $retried"), '00:00:00.001', 'which the delivery has');

# --- A host that hangs holds up nobody else, nor does one that wants to be left alone.

my $hanging = $requests->rule({ action => 'request', name => 'r', url => "http://127.0.0.1:$ports[5]/hang", timeout => '1 min', attempt_timeout => '1 min' });
$requests->one("INSERT INTO respond.event (type) SELECT '$hanging' FROM generate_series(1, 60)");
Respond::wait_for(sub { scalar @{ [ $receiver->requests('/hang') ] } >= 16 }, 'sixteen hang');
hears('another host answers', '/ok?beside', { status => 200, body => { ok => JSON::PP::true } });
is($requests->one("SELECT count(*) FROM respond.delivery WHERE channel = 'http://127.0.0.1:$ports[5]' AND status = 'pending'"), '60', 'while all of those hang or wait');
$requests->one("SELECT respond.discard(id) FROM respond.delivery WHERE channel = 'http://127.0.0.1:$ports[5]' AND status = 'pending'");

# --- What is asked

for my $method (qw(GET DELETE POST PUT PATCH))
{
	hears($method, "/ok?$method", { status => 200, body => { ok => JSON::PP::true } }, method => $method,
		$method =~ /P/ ? (body => { a => 1 }, headers => { 'X-A' => 'b' }) : ());
	my ($request) = $receiver->requests("/ok?$method");
	is($request->{method}, $method, "it arrives as $method");
	is($request->{body}, $method =~ /P/ ? '{"a": 1}' : '', 'with its body');
	is($request->{headers}{'content-type'}, $method =~ /P/ ? 'application/json' : undef, 'and its type');
}
hears('POST without a body', '/ok?empty', { status => 200, body => { ok => JSON::PP::true } }, method => 'POST');
my ($empty) = $receiver->requests('/ok?empty');
is($empty->{headers}{'content-type'}, undef, 'has no type');
hears('HEAD', '/raw/' . unpack('H*', "$ok\r\nContent-Length: 10\r\nX-A: b\r\n\r\n"), { status => 200, headers => { 'x-a' => 'b', 'content-length' => 10 } }, method => 'HEAD');
hears('the connection is good afterwards', '/ok', { status => 200, body => { ok => JSON::PP::true } });

# --- What later steps see

sub state_of
{
	my ($steps, $data) = @_;
	my $run = $requests->run(Respond::emit($requests->node, $requests->db, $requests->rule(@$steps), $data || {}));

	return ($run->{status}, $run->{state}, $run);
}

my ($ended, $state) = state_of([ { action => 'request', name => 'user', url => "$base/status/404?{{data.user}}", expect => [ 200, 404 ] },
	{ action => 'stop', message => 'no such user', if => '{{steps.user.status}} = 404' }, { action => 'fail', message => 'not here' } ], { user => 'a/b' });
is($ended, 'succeeded', 'a status that is expected leads on');
is(scalar @{ [ $receiver->requests('/status/404?a%2Fb') ] }, 1, 'with a value of the event in its url');
my $json = says("$ok\nContent-Type: application/json\nX-Left: 7", '{"label": "angry", "list": [{"n": 1.50}]}');
($ended, $state) = state_of([ { action => 'request', name => 'mood', url => $base . $json, expect => { body => { label => [ 'angry' ] } } },
	{ action => 'set', name => 's', values => { label => '{{steps.mood.body.label}}', n => '{{steps.mood.body.list.0.n}}', left => '{{steps.mood.headers.x-left}}' } },
	{ action => 'set', name => 'q', sql => "steps->'mood'->'body'->>'label'", if => "{{steps.mood.body.label}} = 'angry'" } ]);
is_deeply($state->{s}, { label => 'angry', n => 1.5, left => '7' }, 'templates read the answer');
is($state->{q}, 'angry', 'and so does SQL');
($ended, $state) = state_of([ { action => 'request', name => 'r', url => $base . $json, expect => { body => { label => [ 'calm' ] } }, on_failure => 'after' },
	{ action => 'stop' }, { action => 'set', name => 'after', values => { m => '{{error.message}}', s => '{{error.status}}', b => '{{error.body}}', h => '{{error.headers.x-left}}' } } ]);
is_deeply($state->{after}, { m => 'steps[0]: the receiver answered 200, and the answer does not match "expect"', s => 200, b => $state->{r}{body}, h => '7' },
	'a failure keeps what was answered');
is($state->{r}{body}{label}, 'angry', 'in the output of the step, too');
my $run;
($ended, $state, $run) = state_of([ { action => 'request', name => 'r', url => "$base/status/404", expect => { status => [ { numeric => [ '<', 500 ] } ] } } ]);
is($ended, 'succeeded', 'a pattern may say which statuses are good');
($ended, $state, $run) = state_of([ { action => 'request', name => 'r', url => "$base/status/418", max_attempts => 5 } ]);
is($run->{error}, 'steps[0]: the receiver answered 418', 'why the run failed');
is($requests->one("SELECT status FROM respond.delivery WHERE run_id = $run->{id}"), 'dead', 'its delivery is dead');
is($requests->one("SELECT string_agg(kind, ' ') FROM respond.dead_letter WHERE run_id = $run->{id}"), 'run', 'the run is the dead letter');
is($requests->one("SELECT count(*) FROM respond.event WHERE type = 'delivery.dead'"), '0', 'and the only event that says so');
is($requests->one(q{SELECT ok FROM respond.health() WHERE "check" = 'deliveries'}), 't', 'health() names no delivery');
$requests->one('CREATE ROLE agent IN ROLE respond_agent');
$requests->one("UPDATE respond.rule SET start_roles = '{agent}' WHERE name = (SELECT rule FROM respond.run WHERE id = $run->{id})");
is($requests->one("SET ROLE agent; SELECT state->'r' ?& '{error,status}' AND NOT state->'r' ?| '{body,headers}', state->'r'->>'status', error ~ '418' FROM respond.run WHERE id = $run->{id}") =~ s/.*\n//sr,
	't|418|f', 'agents see the status alone');

# --- What ends otherwise

sub ends
{
	my ($event, $error, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is_deeply($requests->answer($event), { error => "steps[0]: $error" }, $message);
}

my $hangs = "http://127.0.0.1:$ports[7]/hang";
my $me = $requests->one('SELECT current_user');
$id = $requests->ask($hangs);
$requests->until($id, q{status = 'pending'});
my $delivery = $requests->delivery($id)->{id};
$requests->one("SELECT respond.discard($delivery)");
ends($id, "discarded by $me", 'discarded');
like($requests->error("SELECT respond.retry($delivery)"), qr/the run that waited for its answer has gone on/, 'nobody waits for another answer');

$requests->one("INSERT INTO respond.channel (name, kind, url) VALUES ('api', 'webhook', '$base/ok?own')");
hears('through a channel', '/ok?channel', { status => 200, body => { ok => JSON::PP::true } }, channel => 'api');
is(scalar @{ [ $receiver->requests('/ok?channel') ] }, 1, 'at its host');
$requests->answer($requests->ask(undef, channel => 'api'));
$requests->answer($requests->ask('/ok?slash={{data.x}}', channel => 'api', data => { x => 'a b&c' }));
is(scalar @{ [ $receiver->requests('/ok?own') ] }, 1, 'its url');
is(scalar @{ [ $receiver->requests('/ok?slash=a%20b%26c') ] }, 1, 'another path, with data quoted');
like($requests->answer($requests->ask("http://127.0.0.1:$ports[1]/ok", channel => 'api'))->{error},
	qr/^steps\[0\]\.url: it leads to http:\/\/127\.0\.0\.1:$ports[1], but channel "api" is for http:\/\/127\.0\.0\.1:$ports[0]$/, 'not to another host');

$requests->one("UPDATE respond.channel SET enabled = false WHERE name = 'api'");
my $waits = $requests->ask(undef, channel => 'api', timeout => '300 ms');
ends($waits, 'timed out before a try of it ended; a request waits while its channel is off, and while its host is busy, fails or has asked for a pause', 'nobody sends it in time');
like($requests->delivery($waits)->{last_error}, qr/timed out/, 'and nobody will');
is($requests->delivery($waits)->{status}, 'cancelled', 'it is no dead letter');
$requests->one("UPDATE respond.channel SET enabled = true WHERE name = 'api'");
$waits = $requests->ask('/status/503', channel => 'api', timeout => '1 h', max_attempts => 5, retry_after => '10 min');
$requests->until($waits, 'attempts = 1');
$requests->one("UPDATE respond.channel SET enabled = false WHERE name = 'api'");
# the hour passes
$requests->one("UPDATE respond_internal.timer SET due_at = clock_timestamp() WHERE run_id = (SELECT id FROM respond.run WHERE event_id = $waits)");
like($requests->answer($waits)->{error}, qr/^steps\[0\]: timed out after 1 try: the receiver answered 503$/, 'what the last try gave is said');
$waits = $requests->ask('/ok?never', channel => 'api');
$requests->until($waits, q{status = 'pending'});
$requests->one("DELETE FROM respond.channel WHERE name = 'api'");
ends($waits, "the channel was deleted by $me", 'the channel was deleted');
is(scalar @{ [ $receiver->requests('/ok?never') ] }, 0, 'and nothing was sent');
is($requests->one(q{SELECT count(*) FROM respond.delivery WHERE status = 'pending'}), '0', 'nothing is left');
is($requests->one('SELECT count(*) FROM respond_internal.run_inbox'), '0', 'nor of what runs were told');

# --- Channels are not read anew because requests to several hosts take turns.

my @hosts = map { $requests->rule({ action => 'request', name => 'r', url => "http://127.0.0.1:$_/ok" }) } @ports[ 0, 1, 3 ];
my $reads = q{SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_all_tables WHERE relid = 'respond.channel'::regclass};
# what it has read is counted when it ends
my $count_reads = sub {
	my $pid = Respond::signal_worker($requests->node, $requests->db, 'courier', 'TERM');
	Respond::wait_until($requests->node, $requests->db, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'pg_respond courier' AND pid <> $pid)");
	return $requests->one($reads);
};
$requests->answer(Respond::emit($requests->node, $requests->db, $_)) for @hosts;
my $before = $count_reads->();
$requests->answer(Respond::emit($requests->node, $requests->db, $_)) for (@hosts) x 15;
my $some = $count_reads->() - $before;
$before = $count_reads->();
$requests->answer(Respond::emit($requests->node, $requests->db, $_)) for (@hosts) x 5;
cmp_ok($some, '<=', $count_reads->() - $before + 2, 'as often for 45 requests as for 15');

# --- Many answers at once: 128 MB from eight hosts.

# one that comes when the memory is in use waits for it, and loses no try
my @types = map { $requests->rule({ action => 'request', name => 'r', url => "http://127.0.0.1:$_/body/200/400000", max_attempts => 1, timeout => '1 h' }) } @ports;
$requests->one("INSERT INTO respond.event (type) SELECT t FROM unnest(ARRAY['" . join("', '", @types) . "']) AS t, generate_series(1, 40)");
Respond::wait_until($requests->node, $requests->db, q{SELECT count(*) = 320 FROM respond.run
	WHERE status = 'succeeded' AND state->'r'->>'body' = repeat('a', 400000)}, 'large answers come');
my $status = Peers::slurp('/proc/' . $requests->pid . '/status');
cmp_ok(($status =~ /VmHWM:\s*(\d+)/)[0], '<', 150_000, 'the memory of the courier is bounded') or diag($status);

done_testing();
