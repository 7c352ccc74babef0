# The life of couriers: what people do to databases and servers while requests hang; hold(), dumps, standbys, and what
# an asynchronous commit may lose.  Nothing leaves that is not durable, and nothing is forgotten.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;
use Digest::SHA qw(hmac_sha256_base64);
use MIME::Base64 qw(decode_base64);

my %conf = (fsync => 'off', max_connections => 40, log_statement => 'none', 'pg_respond.allowed_networks' => '127.0.0.0/8',
	'pg_respond.max_requests' => 600);
my $receiver = Peers::receiver();
my $url = "http://127.0.0.1:$receiver->{port}";
my $longest = 5;

# lines(pattern): the requests whose line in the log matches, without the cost of reading all of it as JSON.
sub lines
{
	my ($pattern) = @_;

	return grep { /\}\s*$/ && /$pattern/ } split(/\n/, Peers::slurp($receiver->{log}));
}

sub arrived
{
	my ($pattern) = @_;

	return scalar(my @found = lines($pattern));
}

# arrives(pattern, count, message): waits until so many such requests arrived.
sub arrives
{
	my ($pattern, $count, $message) = @_;
	my $end = time() + 120;

	Time::HiRes::usleep(5_000) until arrived($pattern) >= $count || time() > $end;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return cmp_ok(arrived($pattern), '>=', $count, $message);
}

# is_quick(message, code): runs it and asks that it was quick.
sub is_quick
{
	my ($message, $code) = @_;
	my $start = Time::HiRes::time();

	$code->();
	my $seconds = Time::HiRes::time() - $start;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	note(sprintf('%s: %.2f s', $message, $seconds));
	return cmp_ok($seconds, '<', $longest, $message);
}

# keys_of(pattern): webhook-id of those that arrived.
sub keys_of
{
	my ($pattern) = @_;

	return map { /"webhook-id": "([^"]+)"/ ? $1 : () } lines($pattern);
}

# channels(node, db, tag): channels whose requests carry the tag in their path, and rules for them.
sub channels
{
	my ($node, $db, $tag) = @_;

	$node->safe_psql($db, qq{INSERT INTO respond.channel (name, kind, url, concurrency, timeout) VALUES
		('hang', 'webhook', '$url/hang?$tag', 200, '600 s'), ('ok', 'webhook', '$url/ok?$tag', 16, '60 s'), ('slow', 'webhook', '$url/slow/700?$tag', 16, '60 s')});
	Respond::add_rule($node, $db, $_, "send.$_", [ { action => 'notify', channel => $_, body => { id => '{{id}}' } } ]) for qw(hang ok slow);
	return;
}

sub emit_many
{
	my ($node, $db, $type, $count) = @_;

	return $node->safe_psql($db, "SET synchronous_commit = local; INSERT INTO respond.event (type, subject) SELECT '$type', 's' || i FROM generate_series(1, $count) AS i");
}

# beats(node, db, tag): some deliveries of another database come and go: time enough for what should not happen.
sub beats
{
	my ($node, $db, $tag) = @_;

	for (1 .. 15)
	{
		my $before = arrived("/ok\\?$tag\"");

		emit_many($node, $db, 'send.ok', 1);
		my $end = time() + 60;
		Time::HiRes::usleep(2_000) until arrived("/ok\\?$tag\"") > $before || time() > $end;
		BAIL_OUT('a beat is missing') if time() > $end;
	}
	return;
}

sub no_pending
{
	my ($node, $db, $message) = @_;

	return Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')}, $message);
}

# --- 200 requests hang
my $node = Respond::node('life', %conf);
for my $db ('one', 'two')
{
	Respond::create_extension($node, $db);
	channels($node, $db, $db);
	emit_many($node, $db, 'send.hang', 200);
	arrives("/hang\\?$db\"", 200, "$db: 200 requests hang");
	emit_many($node, $db, 'send.ok', 20);
	arrives("/ok\\?$db\"", 20, "$db: others are sent beside them");
}
is($node->safe_psql('one', q{SELECT count(DISTINCT datname) FROM pg_stat_activity WHERE backend_type = 'pg_respond courier'}), '2', 'two databases, two couriers');

is_quick('CREATE DATABASE ... TEMPLATE', sub { $node->safe_psql('postgres', 'CREATE DATABASE three TEMPLATE one') });
# the copy has 200 pending, too, and holds
arrives('/hang\?one"', 400, 'the requests that were cut off are sent again');
is(scalar(keys %{ { map { $_ => 1 } keys_of('/hang\?one"') } }), 200, 'with the same keys');
Respond::wait_until($node, 'three', q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'courier'}, 'the copy does not send what the original sends');
$node->safe_psql('three', q{UPDATE respond.channel SET url = replace(url, '?one', '?three')});
$node->safe_psql('three', q{SELECT respond.release()});
emit_many($node, 'three', 'send.ok', 1);
arrives('/ok\?three"', 1, 'the copy has a courier of its own');
is_quick('ALTER DATABASE ... RENAME', sub { $node->safe_psql('postgres', 'ALTER DATABASE three RENAME TO third') });
arrives('/hang\?three"', 200, 'they are sent again');
is_quick('DROP DATABASE', sub { $node->safe_psql('postgres', 'DROP DATABASE third') });
is_quick('a DROP DATABASE that fails because of a session', sub {
	my $session = Respond::session($node, 'two');
	my $err;

	$session->query_safe('SELECT 1');
	# the server itself waits 5 s for a session to leave
	$longest = 12;
	isnt($node->psql('postgres', 'DROP DATABASE two', stderr => \$err), 0, 'DROP DATABASE with a session fails');
	$session->quit;
});
$longest = 5;
arrives('/hang\?two"', 400, 'the courier is back and sends what was cut off');

# requests whose outcome comes just then, too
emit_many($node, 'one', 'send.slow', 60);
arrives('/slow/700\?one"', 4, 'some requests are about to end');
is_quick('DROP EXTENSION', sub { $node->safe_psql('one', 'DROP EXTENSION pg_respond CASCADE') });
Respond::wait_no_workers($node, 'one', 'the courier is gone with it');
is_quick('CREATE EXTENSION', sub { Respond::create_extension($node, 'one') });
channels($node, 'one', 'again');
emit_many($node, 'one', 'send.ok', 5);
no_pending($node, 'one', 'the new extension delivers');
is(arrived('/ok\?again"'), 5, 'once each');
emit_many($node, 'one', 'send.hang', 200);
arrives('/hang\?again"', 200, '200 requests hang again');
is_quick('pg_ctl stop -m fast', sub { $node->stop('fast') });
$node->start;
arrives('/hang\?again"', 400, 'after the start they are sent again');
is(scalar(keys %{ { map { $_ => 1 } keys_of('/hang\?again"') } }), 200, 'with their keys');
is($node->safe_psql('one', q{SELECT count(*) FROM respond.delivery WHERE status = 'pending' AND attempts <> 0}), '0', 'what was cut off does not count as a try');

# --- a transaction that drops the extension and waits, and is rolled back
{
	my $session = Respond::session($node, 'one');
	my $log = -s $node->logfile;

	emit_many($node, 'one', 'send.slow', 10);
	arrives('/slow/700\?again"', 1, 'requests are under way');
	$session->query_safe('BEGIN; DROP EXTENSION pg_respond CASCADE;');
	beats($node, 'two', 'two');
	is_quick('CREATE DATABASE while a DROP EXTENSION is open', sub { $node->safe_psql('postgres', 'CREATE DATABASE fourth') });
	$session->query_safe('ROLLBACK');
	$session->quit;
	Respond::wait_until($node, 'one', q{SELECT count(*) = 10 FROM respond.delivery WHERE channel = 'slow' AND status = 'delivered'}, 'what ended meanwhile is recorded after it');
	is(arrived('/slow/700\?again"'), 10, 'and was sent once');
}

# --- hold() and release()
{
	emit_many($node, 'one', 'send.slow', 5);
	arrives('/slow/700\?again"', 15, 'five more are under way');
	$node->safe_psql('one', q{SELECT respond.hold('test')});
	Respond::wait_until($node, 'one', q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'courier'}, 'the courier holds');
	Respond::wait_until($node, 'one', q{SELECT count(*) = 15 FROM respond.delivery WHERE channel = 'slow' AND status = 'delivered'}, 'what was under way is recorded all the same');
	my $before = arrived('\?again"');

	$node->safe_psql('one', q{INSERT INTO respond.delivery (channel, next_attempt_at, body) SELECT 'ok', clock_timestamp() + make_interval(secs => i / 100.0), '{}' FROM generate_series(1, 40) AS i});
	emit_many($node, 'one', 'send.ok', 10);
	beats($node, 'two', 'two');
	is(arrived('\?again"'), $before, 'nothing is sent while it holds');
	$node->restart;
	Respond::wait_until($node, 'one', q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'courier'}, 'the hold outlasts a restart');
	beats($node, 'two', 'two');
	is(arrived('\?again"'), $before, 'nothing is sent then either');
	$node->safe_psql('one', q{SELECT respond.release()});
	Respond::wait_until($node, 'one', q{SELECT count(*) = 55 FROM respond.delivery WHERE channel = 'ok' AND status = 'delivered'}, 'after release() all of it is delivered');
	is(arrived('/ok\?again"'), 55, 'once each');
}
is($node->safe_psql('one', q{SELECT count(*) FROM respond.delivery WHERE status NOT IN ('pending', 'delivered')}), '0', 'no delivery ended otherwise');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP|cache lookup failed|does not exist/, 'the log is clean');
$node->stop('fast');

# --- dump and restore
my $key_file = $node->basedir . '/secret.key';
my $secret = 'whsec_' . 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=';
PostgreSQL::Test::Utils::append_to_file($key_file, ('0123456789abcdef' x 4) . "\n");
chmod(0600, $key_file);

my $origin = Respond::node('origin', %conf, 'pg_respond.secret_key_file' => $key_file);
my $other = Respond::node('elsewhere', %conf, 'pg_respond.secret_key_file' => $key_file);
my $dump = $origin->basedir;

# contents(node, db): each table with the number of its rows and a digest of them.
sub contents
{
	my ($at, $name) = @_;

	return $at->safe_psql($name, join(' UNION ALL ', map { "SELECT '$_ ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '-') FROM $_ AS t" }
		qw(respond.channel respond.channel_kind respond.delivery respond.attempt respond.mask respond_internal.channel_secret)));
}

sub is_signed
{
	my ($line) = @_;
	my $entry = JSON::PP->new->utf8->decode($line);
	my $headers = $entry->{headers};
	my $wanted = hmac_sha256_base64("$headers->{'webhook-id'}.$headers->{'webhook-timestamp'}.$entry->{body}", decode_base64(substr($secret, 6)));

	$wanted .= '=' while length($wanted) % 4;
	return ($headers->{'webhook-signature'} || '') eq "v1,$wanted";
}

Respond::create_extension($origin, 'desk');
channels($origin, 'desk', 'origin');
$origin->safe_psql('desk', qq{
	INSERT INTO respond.channel_kind (name, transport, description, body, headers) VALUES ('chat', 'http', 'ours', '{"say": "{{{text}}}"}', '{"x-ours": "yes"}');
	INSERT INTO respond.channel (name, kind, url) VALUES ('talk', 'chat', '$url/ok?talk'), ('gone', 'webhook', '$url/status/400?gone');
	INSERT INTO respond.channel (name, kind, url, secret) VALUES ('signed', 'webhook', '$url/ok?signed', '$secret');
	INSERT INTO respond.channel (name, kind, url, retry_delays, max_attempts) VALUES ('later', 'webhook', '$url/status/503?later', '{1 day}', 5);
	INSERT INTO respond.mask (event_type, path, reason) VALUES ('send.*', 'card.number', 'private');
});
Respond::add_rule($origin, 'desk', $_, "send.$_", [ { action => 'notify', channel => $_, text => 'Event {{id}} {{data.card.number}}' } ]) for qw(talk gone signed later);
emit_many($origin, 'desk', "send.$_", 3) for qw(ok talk gone signed);
emit_many($origin, 'desk', 'send.later', 2);
Respond::wait_until($origin, 'desk', q{SELECT count(*) = 14 AND bool_and(status <> 'pending' OR attempts = 1) FROM respond.delivery}, 'the original has sent something');
is(scalar(grep { is_signed($_) } lines('/ok\?signed"')), 3, 'signed ones are signed');
is(arrived('/ok\?talk".*"x-ours": "yes"'), 3, 'a kind of our own');
$origin->safe_psql('desk', q{SELECT respond.hold('dump')});
Respond::wait_until($origin, 'desk', q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'courier'});
# what is pending and due: the same rows as rules make
$origin->safe_psql('desk', q{INSERT INTO respond.delivery (channel, rule, subject, next_attempt_at, body) SELECT c, 'x', 's', now(), '{"pending": true}' FROM unnest('{ok,talk,signed}'::text[]) AS c, generate_series(1, 4)});
my %pending = map { $_ => 1 } split(/\n/, $origin->safe_psql('desk', q{SELECT key FROM respond.delivery WHERE status = 'pending' AND channel <> 'later'}));
my $before = contents($origin, 'desk');
command_ok([ 'pg_dump', '-d', $origin->connstr('desk'), '-f', "$dump/plain.sql" ], 'pg_dump as a script');
command_ok([ 'pg_dump', '-d', $origin->connstr('desk'), '-Fc', '-f', "$dump/custom.dump" ], 'pg_dump in custom format');
my $text = PostgreSQL::Test::Utils::slurp_file("$dump/plain.sql");
unlike($text, qr/\Q$secret\E|QUJDREVGR0hJSktMTU5P/, 'the dump does not hold the secret');
unlike($text, qr/ABCDEFGHIJKLMNOPQRSTUVWXYZ012345|4142434445464748494a4b4c4d4e4f50/i, 'nor what it stands for');

sub check_copy
{
	my ($at, $name, $message) = @_;
	my $sent = arrived('.');

	is(contents($at, $name), $before, "$message: every row is there, and no other");
	Respond::wait_until($at, $name, q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, "$message: the workers hold");
	$at->safe_psql($name, q{INSERT INTO respond.delivery (channel, next_attempt_at, body) VALUES ('ok', now(), '{"new": true}')});
	$at->restart if $at != $origin;
	Respond::wait_until($at, $name, q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'courier'});
	$at->safe_psql($name, 'SELECT pg_sleep(1)');
	is(arrived('.'), $sent, "$message: nothing is sent before release()");
	$at->safe_psql($name, 'SELECT respond.release()');
	return;
}

# check_sent(node, db, message, from): what was pending was sent once by the copy.  from: lines of the log before.
sub check_sent
{
	my ($at, $name, $message, $from) = @_;

	Respond::wait_until($at, $name, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending' AND channel <> 'later')}, "$message: after release() what was pending is sent");
	my @lines = lines('.');
	my %count;
	my @new = @lines[ $from .. $#lines ];

	$count{$_}++ for map { /"webhook-id": "([^"]+)"/ ? $1 : () } @new;
	is(scalar(@new), 13, "$message: that, and nothing else");
	is(scalar(grep { $pending{$_} } keys %count), 8, "$message: with the keys that it had") or diag(join("\n", @new));
	is(scalar(grep { /\?signed"/ && is_signed($_) } @new), 4, "$message: signed with the secret of the original");
	is($at->safe_psql($name, q{SELECT string_agg(status || ' ' || n, ', ' ORDER BY status) FROM (SELECT status, count(*) AS n FROM respond.delivery GROUP BY 1) AS s}),
		'dead 3, delivered 22, pending 2', "$message: and recorded");
	return;
}

$origin->safe_psql('postgres', 'CREATE DATABASE copy');
my $from = arrived('.');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $origin->connstr('copy'), '-f', "$dump/plain.sql" ], 'the script restores into another database');
check_copy($origin, 'copy', 'same cluster');
check_sent($origin, 'copy', 'same cluster', $from);

$other->safe_psql('postgres', 'CREATE DATABASE desk');
$from = arrived('.');
command_ok([ 'pg_restore', '-j', '3', '--exit-on-error', '-d', $other->connstr('desk'), "$dump/custom.dump" ], 'pg_restore with three jobs into another cluster');
check_copy($other, 'desk', 'other cluster');
check_sent($other, 'desk', 'other cluster', $from);

# without the key
$other->safe_psql('postgres', 'ALTER SYSTEM SET pg_respond.secret_key_file = \'\'');
$other->reload;
$other->safe_psql('postgres', 'DROP DATABASE desk');
$other->safe_psql('postgres', 'CREATE DATABASE desk');
$from = arrived('.');
my $offset = -s $other->logfile;
command_ok([ 'pg_restore', '--exit-on-error', '-d', $other->connstr('desk'), "$dump/custom.dump" ], 'pg_restore where the key is missing');
check_copy($other, 'desk', 'without the key');
Respond::wait_until($other, 'desk', q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending' AND channel IN ('ok', 'talk'))}, 'without the key: channels without secret go on');
is($other->safe_psql('desk', q{SELECT count(*) FROM respond.delivery WHERE status = 'pending' AND channel = 'signed'}), '4', 'without the key: the one with a secret waits');
like(PostgreSQL::Test::Utils::slurp_file($other->logfile, $offset), qr/WARNING:  pg_respond cannot send through channel "signed": no key for secrets is configured/, 'without the key: the log says why');
is($other->safe_psql('desk', q{SELECT ok FROM respond.health() WHERE "check" = 'secrets'}), 'f', 'without the key: health() says so');
$other->safe_psql('postgres', 'ALTER SYSTEM RESET pg_respond.secret_key_file');
$other->reload;
check_sent($other, 'desk', 'with the key', $from);
is(contents($origin, 'desk'), $before, 'the original did not change');
$origin->stop;
$other->stop;

# --- synchronous standbys, and standbys
my $primary = Respond::node('primary', %conf, restart_after_crash => 'on', init => [ allows_streaming => 1 ]);
Respond::create_extension($primary, 'desk');
channels($primary, 'desk', 'sync');
emit_many($primary, 'desk', 'send.ok', 1);
no_pending($primary, 'desk', 'the first one is delivered');

sub wait_for_names
{
	my ($names) = @_;

	$primary->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = '$names'");
	$primary->reload;
	return;
}

{
	my $pid = Respond::worker_pid($primary, 'desk', 'courier');

	emit_many($primary, 'desk', 'send.slow', 3);
	arrives('/slow/700\?sync"', 3, 'some requests are under way');
	wait_for_names('nobody');
	Respond::wait_until($primary, 'desk', q{SELECT setting = 'nobody' FROM pg_settings WHERE name = 'synchronous_standby_names'});
	Respond::wait_until($primary, 'desk', q{SELECT count(*) = 3 FROM respond.delivery WHERE channel = 'slow' AND status = 'delivered'}, 'their outcomes are recorded without waiting for a standby');
	emit_many($primary, 'desk', 'send.ok', 20);
	Respond::wait_until($primary, 'desk', q{SELECT count(*) = 20 FROM respond.delivery WHERE status = 'pending'}, 'deliveries are recorded');
	$primary->safe_psql('desk', 'SELECT pg_sleep(1)');
	is(arrived('/ok\?sync"'), 1, 'nothing is sent before a standby has confirmed');
	is(Respond::worker_pid($primary, 'desk', 'courier'), $pid, 'the courier is the same');
	is_quick('the courier answers SIGTERM', sub {
		kill('TERM', $pid);
		Respond::wait_until($primary, 'desk', "SELECT EXISTS (SELECT FROM respond.worker WHERE kind = 'courier' AND pid <> $pid AND state <> 'starting')");
	});
	is_quick('a database beside it is made and dropped', sub {
		$primary->safe_psql('postgres', q{SET synchronous_commit = local; CREATE DATABASE x TEMPLATE desk});
		$primary->safe_psql('postgres', q{SET synchronous_commit = local; DROP DATABASE x});
	});
	$primary->safe_psql('desk', 'SELECT pg_sleep(0.5)');
	is(arrived('/ok\?sync"'), 1, 'nothing is sent still');
	is_quick('a restart', sub { $primary->restart });
	Respond::worker_pid($primary, 'desk', 'courier');
	$primary->safe_psql('desk', 'SELECT pg_sleep(1)');
	is(arrived('/ok\?sync"'), 1, 'nothing is sent after a restart');
	wait_for_names('');
	no_pending($primary, 'desk', 'without the setting all of it is delivered');
	is(arrived('/ok\?sync"'), 21, 'once each');
}

# what waited for long is sent as it is then: not what was discarded meanwhile, not with the time of an hour ago, and to
# where the channel leads then
for my $change ('', q{UPDATE respond.channel SET url = url || '&new' WHERE name = 'slow'})
{
	my $before = arrived('/slow/700\?sync');
	my $pid = Respond::worker_pid($primary, 'desk', 'courier');

	wait_for_names('nobody');
	emit_many($primary, 'desk', 'send.slow', 4);
	Respond::wait_until($primary, 'desk', q{SELECT count(*) = 4 FROM respond.delivery WHERE status = 'pending'});
	$primary->safe_psql('desk', 'SELECT pg_sleep(3)');
	my ($key, $id) = split(/\|/, $primary->safe_psql('desk', q{SELECT key, id FROM respond.delivery WHERE status = 'pending' ORDER BY id LIMIT 1}));

	$primary->safe_psql('desk', "SET synchronous_commit = local; SELECT respond.discard($id); $change");
	wait_for_names('');
	no_pending($primary, 'desk', 'what waited for a standby is delivered');
	my @lines = lines('/slow/700\?sync');

	@lines = @lines[ $before .. $#lines ];
	is(scalar(grep { /$key/ } @lines), 0, 'what was discarded before it was sent is not sent');
	is(scalar(grep { my ($t) = /"t": (\d+)/; my ($said) = /"webhook-timestamp": "(\d+)"/; $t - $said > 2 } @lines), 0, 'webhook-timestamp is the time of the sending');
	is(scalar(grep { /sync&new"/ } @lines), $change ? 3 : 0, 'it goes to where the channel leads then');
	is(Respond::worker_pid($primary, 'desk', 'courier'), $pid, 'by the same courier');
}
$primary->safe_psql('desk', q{UPDATE respond.channel SET url = replace(url, '&new', '') WHERE name = 'slow'});

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
wait_for_names('standby');
emit_many($primary, 'desk', 'send.ok', 20);
Respond::wait_until($primary, 'desk', q{SELECT count(*) = 20 FROM respond.delivery WHERE status = 'pending'}, 'what waits for a standby is recorded');
$primary->safe_psql('desk', 'SELECT pg_sleep(0.5)');
is(arrived('/ok\?sync"'), 21, 'and waits');
$standby->start;
no_pending($primary, 'desk', 'with the standby it is delivered');
is(arrived('/ok\?sync"'), 41, 'once each');
emit_many($primary, 'desk', 'send.ok', 20);
no_pending($primary, 'desk', 'and what comes then, too');
wait_for_names('');

# what is pending when the primary is lost is sent by who takes over, and by nobody before
emit_many($primary, 'desk', 'send.hang', 30);
arrives('/hang\?sync"', 30, 'requests of the primary hang');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$standby->restart;
$primary->safe_psql('desk', 'SELECT pg_sleep(1)');
is(arrived('/hang\?sync"'), 30, 'nothing is sent by a standby');
is($standby->safe_psql('desk', q{SELECT count(*) FROM respond.delivery WHERE status = 'pending'}), '30', 'which knows them');
unlike(PostgreSQL::Test::Utils::slurp_file($primary->logfile), qr/PANIC|terminated by signal|TRAP/, 'the log of the primary is clean');
$primary->stop('immediate');
$standby->promote;
arrives('/hang\?sync"', 60, 'after promotion they are sent');
is(scalar(keys %{ { map { $_ => 1 } keys_of('/hang\?sync"') } }), 30, 'with the same keys');
emit_many($standby, 'desk', 'send.ok', 5);
Respond::wait_until($standby, 'desk', q{SELECT count(*) = 66 FROM respond.delivery WHERE channel = 'ok' AND status = 'delivered'}, 'and new ones');
$standby->stop('fast');

# --- an asynchronous commit that is lost
{
	my $loss = Respond::node('loss', %conf, wal_writer_delay => '10s', wal_writer_flush_after => '64MB', autovacuum => 'off');
	my $script = $loss->basedir . '/emit.sql';
	my $committed = 0;

	PostgreSQL::Test::Utils::append_to_file($script, q{SET synchronous_commit = off; INSERT INTO respond.event (type) VALUES ('send.ok');});
	Respond::create_extension($loss, 'desk');
	channels($loss, 'desk', 'loss');
	for my $round (1 .. 8)
	{
		my $count = arrived('/ok\?loss"');
		my $out = '';
		my $run = IPC::Run::start([ 'pgbench', '-n', '-f', $script, '-c', 3, '-T', 20, '-h', $loss->host, '-p', $loss->port, 'desk' ], '>', \$out, '2>', '/dev/null');
		my $end = time() + 60;

		Time::HiRes::usleep(500) until arrived('/ok\?loss"') >= $count + 5 * $round || time() > $end;
		$loss->stop('immediate');
		eval { $run->finish };
		$loss->start;
		$committed += ($out =~ /transactions actually processed: (\d+)/)[0] || 0;
		no_pending($loss, 'desk', "round $round: all is delivered");
	}
	Respond::wait_idle($loss, 'desk');
	no_pending($loss, 'desk', 'all is delivered');
	my %known = map { $_ => 1 } split(/\n/, $loss->safe_psql('desk', 'SELECT key FROM respond.delivery'));
	my %got = map { $_ => 1 } keys_of('/ok\?loss"');

	is(scalar(grep { !$known{$_} } keys %got), 0, 'no request stands for a row that was lost');
	is(scalar(grep { !$got{$_} } keys %known), 0, 'and each row arrived');
	note("$committed transactions, " . keys(%known) . ' of which were not lost');
	$loss->stop;
}

done_testing();
