# A webhook is answered with 2xx only when its event is safe, whatever is killed, full or away; who is not answered sends again, and
# no event is lost or recorded twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use Digest::SHA qw(hmac_sha256_hex);
use POSIX ();
use Time::HiRes qw(time usleep);

my $dir = PostgreSQL::Test::Utils::tempdir();
my $db = 'desk';
my $secret = 'zauberwort-und-mehr';
my $at;

PostgreSQL::Test::Utils::append_to_file("$dir/keys", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/keys");

# server(name, more...): one with the extension and a source of webhooks, which listens at $at.
sub server
{
	my ($name, %conf) = @_;
	my $node = Respond::node($name, 'pg_respond.secret_key_file' => "$dir/keys", log_min_messages => 'warning', log_statement => 'none', %conf);

	Respond::create_extension($node, $db);
	$node->safe_psql($db, "INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('git', 'github', '$secret')");
	$at = Gateway::open($node);
	Gateway::wait_ready($at, $db);
	return $node;
}

# headers(id, body): as GitHub signs.
sub headers
{
	my ($id, $body) = @_;

	return { 'Content-Type' => 'application/json', 'X-GitHub-Event' => 'push', 'X-GitHub-Delivery' => $id,
		'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex($body, $secret) };
}

sub post
{
	my ($id) = @_;
	my $body = qq({"id": "$id"});

	return Gateway::request($at, 'POST', "/$db/in/git", headers($id, $body), $body);
}

# What is in the log but for checks of this test.
sub keys_of { return split /\n/, $_[0]->safe_psql($db, q{SELECT key FROM respond.event WHERE source ~ '/in/git$' ORDER BY key}) }

# --- Senders that try again, while everything is killed in turn.
my $node = server('killed', restart_after_crash => 'on', wal_writer_delay => '10s');
my $accepted = "$dir/accepted";
my @senders;
for my $sender (1 .. 3)
{
	my $pid = fork();

	if ($pid == 0)
	{
		my $number = 0;

		CORE::open(my $log, '>>', "$accepted.$sender") or POSIX::_exit(1);
		$log->autoflush;
		until (-e "$dir/enough")
		{
			my $id = sprintf('%d-%05d', $sender, ++$number);
			my $tries = 0;

			usleep(20_000) until post($id)->{status} == 200 || ++$tries > 3000;
			POSIX::_exit(2) if $tries > 3000;
			print $log "$id\n";
		}
		POSIX::_exit(0);
	}
	push @senders, $pid;
}

sub sent { return map { my $file = "$accepted.$_"; -e $file ? split /\n/, slurp_file($file) : () } 1 .. 3 }

# more(): the senders got some more answers.
sub more
{
	my $before = () = sent();

	Respond::wait_for(sub { my $now = () = sent(); $now >= $before + 15 });
	return;
}

more();
for my $victim ('program', 'gateway', 'listener', 'dispatcher', 'session')
{
	if ($victim eq 'session')
	{
		$node->stop('immediate');
		$node->start;
	}
	elsif ($victim eq 'program')
	{
		kill('KILL', Gateway::program_pid($node, $db));
	}
	else
	{
		my $pids = "FROM respond.worker WHERE kind = '$victim' AND coalesce(lane, 1) = 1 AND pid IS NOT NULL";

		Respond::wait_until($node, $db, "SELECT EXISTS (SELECT $pids)");
		kill('KILL', $node->safe_psql($db, "SELECT pid $pids"));
	}
	more();
}
PostgreSQL::Test::Utils::append_to_file("$dir/enough", 'x');
waitpid($_, 0), is($?, 0, 'a sender got an answer to all of its requests') for @senders;
my @ids = sort(sent());
cmp_ok(scalar(@ids), '>', 80, 'many were sent');
is_deeply([ keys_of($node) ], \@ids, 'each of them is recorded, and each once');

# --- An answer is as good as the disk: the server is stopped hard right behind it.
for my $round (1 .. 3)
{
	my @now = map { "hard-$round-$_" } 1 .. 5;

	is(join(' ', map { post($_)->{status} } @now), '200 200 200 200 200', 'accepted');
	$node->stop('immediate');
	$node->start;
	push @ids, @now;
	is_deeply([ keys_of($node) ], [ sort @ids ], 'and not lost when the server ends hard');
	Gateway::wait_ready($at, $db);
}
$node->stop;

# --- A full disk.
SKIP:
{
	skip 'no compiler', 5 if system("cc -shared -fPIC -O2 -o '$dir/disk_full.so' '$FindBin::RealBin/../stub/disk_full.c' -ldl > '$dir/cc.log' 2>&1") != 0;
	local $ENV{FULL_FILES} = "$dir/full";
	local $ENV{LD_PRELOAD} = "$dir/disk_full.so";
	my $full = server('full');

	delete $ENV{LD_PRELOAD};
	is(post("before")->{status}, 200, 'with room, a webhook is taken');
	PostgreSQL::Test::Utils::append_to_file("$dir/full.new", $full->safe_psql($db, q{
		SELECT string_agg(pg_relation_filenode(c.oid)::text, ' ') FROM pg_class AS c
		WHERE c.relkind IN ('r', 'i') AND (c.relname ~ '^event' OR c.relname ~ '^event_key')}) . "\n");
	rename("$dir/full.new", "$dir/full");
	my ($refused, $number) = (undef, 0);
	Respond::wait_for(sub { my $answer = post('fill-' . ++$number); $refused = $answer if $answer->{status} != 200; return defined $refused || $number > 5000 });
	is($refused->{status}, 503, 'on a full disk it is refused with 503');
	like($refused->{headers}{'retry-after'}, qr/^\d+$/, 'with a time to try again');
	is($full->safe_psql($db, "SELECT count(*) FROM respond.event WHERE key = 'fill-$number'"), '0', 'and it is not recorded');
	unlink("$dir/full");
	Respond::wait_for(sub { post("fill-$number")->{status} == 200 }, 'with room again it is taken');
	is(scalar(keys_of($full)), $number + 1, 'all that were accepted are recorded once');
	$full->stop;
}

# --- A synchronous standby that is away.
my $primary = server('primary', init => [ allows_streaming => 1 ]);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "pg_respond.gateway_listen = ''");
$standby->start;
my $token = $primary->safe_psql($db, q{CREATE ROLE writer; GRANT respond_producer TO writer; SELECT respond.create_token('t', 'writer', '{events:write}')});
Gateway::set($primary, synchronous_standby_names => 'standby');
Respond::wait_until($primary, $db, q{SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'});
is(post('both')->{status}, 200, 'with the standby there, a webhook is taken');
is($standby->safe_psql($db, q{SELECT count(*) > 0 FROM pg_stat_wal_receiver}), 't');
$standby->stop('immediate');
my $offset = -s $primary->logfile;
my $waiting = fork();
if ($waiting == 0)
{
	post('alone');
	POSIX::_exit(0);
}
Respond::wait_until($primary, $db, q{SELECT pg_cancel_backend(pid) FROM respond.worker WHERE kind = 'gateway' AND lane = 1 AND state = 'busy'});
waitpid($waiting, 0);
ok(!Respond::log_has($primary, qr/canceling statement/, $offset), 'what is committed cannot be cancelled any more, and so is not done again');
my $answer = post('alone');
is($answer->{status}, 503, 'without it, it is refused with 503');
like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'with a time to try again');
my $event = '{"specversion": "1.0", "id": "e-1", "source": "/x", "type": "a.b"}';
my %rest = (Authorization => "Bearer $token", 'Content-Type' => 'application/cloudevents+json');
$answer = Gateway::request($at, 'POST', "/$db/v1/events", \%rest, $event);
is($answer->{status}, 503, 'so is an event of REST');
is(Gateway::status($at, 'GET', "/$db/in/nowhere") != 0, 1, 'other requests are answered meanwhile');
$standby->start;
Respond::wait_for(sub { post('alone')->{status} == 200 }, 'with the standby back, the same request is taken');
is($primary->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE key = 'alone'}), '1', 'and recorded once');
Respond::wait_for(sub { int(Gateway::request($at, 'POST', "/$db/v1/events", \%rest, $event)->{status} / 100) == 2 }, 'the event of REST too');
is($primary->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE key = 'e-1'}), '1', 'once');

# A promoted standby opens its own addresses.
my $other = '127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port();
Gateway::set($primary, synchronous_standby_names => undef);
$standby->append_conf('postgresql.conf', "pg_respond.gateway_listen = '$other'");
$standby->append_conf('postgresql.auto.conf', "pg_respond.gateway_listen = '$other'");
$standby->reload;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$standby->restart;
Respond::wait_for(sub { Gateway::status($other, 'GET', "/$db/x") == 503 }, 'a standby answers that it cannot');
$at = $other;
$answer = post('too-early');
is($answer->{status}, 503, 'webhooks too');
like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'with a time to try again');
is($standby->safe_psql($db, q{SELECT string_agg(kind || ' ' || state, ', ') FROM respond.worker}), 'listener idle', 'its listener is shown');
my $kept = Gateway::program_pid($standby, $db);
$primary->stop('immediate');
$standby->promote;
Respond::wait_for(sub { post('promoted')->{status} == 200 }, 'after a promotion it takes webhooks');
is($standby->safe_psql($db, q{SELECT string_agg(key, ' ' ORDER BY key) FROM respond.event WHERE source ~ '/in/git$'}), 'alone both promoted', 'and has what was accepted before');
is(Gateway::program_pid($standby, $db), $kept, 'the program is still the same');
my $taken = $standby->safe_psql($db, q{SELECT pid FROM respond.worker WHERE kind = 'listener'});
$standby->safe_psql($db, "SELECT pg_terminate_backend($taken)");
Respond::wait_until($standby, $db, "SELECT count(*) = 1 AND bool_and(pid <> $taken AND state = 'idle') FROM respond.worker WHERE kind = 'listener'", 'the launcher takes over its listener');
Respond::wait_for(sub { post('promoted')->{status} == 200 }, 'which goes on');
$standby->stop;
done_testing();
