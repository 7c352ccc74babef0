# Backlogs: what is pending at the start, what is more than a queue holds, what waits for tomorrow, what an old snapshot
# keeps; all of it is delivered once, costs nothing while it waits, and leaves the courier as small as before.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;

my $node = Respond::node('backlog', fsync => 'off', max_connections => 30, autovacuum => 'off', log_statement => 'none',
	'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.batch_size' => 100000, 'pg_respond.event_retention' => -1);
my $db = 'desk';
my $receiver = Peers::receiver();
my $url = "http://127.0.0.1:$receiver->{port}";

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(qq{INSERT INTO respond.channel (name, kind, url, concurrency, ordered) VALUES
	('a', 'webhook', '$url/ok?a', 64, false), ('b', 'webhook', '$url/ok?b', 64, false), ('o', 'webhook', '$url/ok?o', 64, true)});
Respond::add_rule($node, $db, $_, "send.$_", [ { action => 'notify', channel => $_, body => { id => '{{id}}' } } ]) for qw(a b o);

# Quick to insert, and unknown to the courier until it looks into the table.
sub insert_silently
{
	my ($query) = @_;

	return one("BEGIN; SET LOCAL session_replication_role = replica; $query; COMMIT");
}

# counts(): how often each key arrived, and what came out of order in the ordered channel.
sub counts
{
	my (%count, %last, $disorder);

	$disorder = 0;
	open(my $in, '<', $receiver->{log}) or die "no log: $!";
	while (my $line = <$in>)
	{
		my ($key) = $line =~ /"webhook-id": "([^"]+)"/;

		$count{$key}++;
		next unless $line =~ /"body": "\{\\"s\\": (\d+), \\"n\\": (\d+)\}"/;
		$disorder++ if defined $last{$1} && $2 < $last{$1};
		$last{$1} = $2;
	}
	close($in);
	return (\%count, $disorder);
}

sub check_once
{
	my ($message) = @_;

	Respond::wait_idle($node, $db, "$message: no event waits");
	Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending' AND next_attempt_at < now() + interval '1 hour')}, "$message: all is delivered");
	my ($count, $disorder) = counts();
	my @keys = split(/\n/, one(q{SELECT key FROM respond.delivery WHERE status = 'delivered' AND attempts = 1}));

	is(scalar(grep { ($count->{$_} || 0) != 1 } @keys), 0, "$message: each arrived once");
	is(scalar(keys %$count), scalar(@keys), "$message: and nothing else");
	is($disorder, 0, "$message: in order");
	is(one(q{SELECT count(*) FROM respond.delivery WHERE status NOT IN ('pending', 'delivered')}), '0', "$message: none ended otherwise");
	return scalar(@keys);
}

# memory(pid): private memory of a process in kB.
sub memory
{
	my ($pid) = @_;

	return (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/smaps_rollup") =~ /^Anonymous:\s+(\d+) kB/m)[0];
}

sub courier
{
	return Respond::worker_pid($node, $db, 'courier');
}

# latency(channel): median seconds from an INSERT to the request, of some.
sub latency
{
	my ($channel) = @_;
	my $session = Respond::session($node, $db);
	my @seconds;

	for (1 .. 15)
	{
		my $size = -s $receiver->{log};
		my $start = Time::HiRes::time();

		$session->query_safe("INSERT INTO respond.event (type, subject) VALUES ('send.$channel', 'latency')");
		Respond::wait_for(sub { -s $receiver->{log} > $size }, undef, 500);
		push @seconds, Time::HiRes::time() - $start;
	}
	$session->quit;
	return (sort { $a <=> $b } @seconds)[7];
}

# start_seconds(): from the start of the server to the first new delivery.
sub start_seconds
{
	$node->stop;
	my $size = -s $receiver->{log};
	my $start = Time::HiRes::time();

	$node->start;
	Respond::emit($node, $db, 'send.a', {}, 'start');
	Respond::wait_for(sub { -s $receiver->{log} > $size }, undef, 1_000);
	return Time::HiRes::time() - $start;
}

# wakes(pid): how often a process has gone to sleep.
sub wakes
{
	my ($pid) = @_;

	return (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m)[0];
}

sub courier_rests
{
	my ($message) = @_;
	my $pid = courier();
	my $commits = "SELECT pg_stat_get_db_xact_commit((SELECT oid FROM pg_database WHERE datname = '$db'))";

	Respond::wait_until($node, 'postgres', q{SELECT backend_xid IS NULL AND backend_xmin IS NULL AND xact_start IS NULL AND wait_event_type = 'Extension'
		FROM pg_stat_activity WHERE backend_type = 'pg_respond courier' AND datname <> 'beat'}, "$message: the courier rests, without a snapshot");
	Respond::beat($node);
	my ($before, $start) = (wakes($pid), Time::HiRes::time());

	Respond::beat($node) for 1 .. 3;
	my ($wakes, $seconds) = (wakes($pid) - $before, Time::HiRes::time() - $start);

	cmp_ok($wakes, '<=', 1 + $seconds / 2, sprintf('%s: and is not awake for nothing: %d times in %.1f s', $message, $wakes, $seconds));
	return Respond::wait_for(sub {
		my ($count, $begin) = ($node->safe_psql('postgres', $commits), Time::HiRes::time());

		Respond::beat($node);
		return $node->safe_psql('postgres', $commits) - $count <= (Time::HiRes::time() - $begin) / 5;
	}, "$message: nobody runs transactions");
}

# --- nothing to do
Respond::emit($node, $db, 'send.a', {}, 'first');
check_once('the first');
my $fresh_start = start_seconds();
my $fresh_latency = latency('a');
my $fresh_memory = memory(courier());
note(sprintf('start %.2f s, latency %.4f s, %d kB', $fresh_start, $fresh_latency, $fresh_memory));
courier_rests('idle');

# --- pending at the start
insert_silently(q{INSERT INTO respond.delivery (channel, next_attempt_at, body) SELECT (ARRAY['a', 'b'])[1 + i % 2], now() - interval '1 minute' + make_interval(secs => i % 977 * 0.01), '{}' FROM generate_series(1, 20000) AS i});
insert_silently(q{INSERT INTO respond.delivery (channel, subject, next_attempt_at, body) SELECT 'o', 's' || i % 1000, now(), format('{"s": %s, "n": %s}', i % 1000, i) FROM generate_series(1, 10000) AS i});
cmp_ok(one(q{SELECT count(*) FROM respond.delivery WHERE status = 'pending'}), '>', 29000, '30,000 deliveries are pending');
$node->restart;
check_once('30,000 at the start');

# --- more than the queue of notices holds: in one transaction, and in many while the courier does not listen
one(q{INSERT INTO respond.event (type, subject) SELECT 'send.' || CASE i % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE 'o' END, 's' || i % 100 FROM generate_series(1, 20000) AS i});
check_once('20,000 in one transaction');
{
	my $pid = courier();

	kill('STOP', $pid);
	for my $round (1 .. 12)
	{
		one(q{INSERT INTO respond.event (type, subject) SELECT 'send.' || CASE i % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE 'o' END, 's' || i % 100 FROM generate_series(1, 1000) AS i});
		Respond::wait_until($node, $db, q{SELECT bool_and(events = 0) FROM respond.lag});
	}
	kill('CONT', $pid);
	check_once('12,000 while the courier was stopped');
	is(courier(), $pid, 'by the same courier');
}
is(one(q{SELECT (SELECT count(*) FROM respond.delivery_default) + (SELECT count(*) FROM respond.attempt_default)}), '0', 'deliveries and attempts are in partitions');

# --- an old snapshot, and memory over many deliveries
{
	my $pid = courier();
	my $old = Respond::session($node, $db);
	my (@seconds, @memory);

	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond.delivery');
	for my $round (1 .. 5)
	{
		my $start = Time::HiRes::time();

		one(q{INSERT INTO respond.event (type, subject) SELECT 'send.' || CASE i % 5 WHEN 0 THEN 'o' ELSE 'a' END, 's' || i % 50 FROM generate_series(1, 10000) AS i});
		Respond::wait_until($node, $db, q{SELECT bool_and(events = 0) FROM respond.lag});
		Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')});
		push @seconds, Time::HiRes::time() - $start;
		push @memory, memory($pid);
	}
	note("seconds with an old snapshot: @seconds; kB: @memory");
	cmp_ok($seconds[4], '<', 3 * $seconds[0] + 1, 'an old snapshot does not slow the courier down');
	cmp_ok($memory[4], '<', $memory[1] + 4 * 1024, 'its memory is flat over 50,000 deliveries');
	cmp_ok($memory[4], '<', 50 * 1024, 'and below 50 MB');
	my $latency = latency('a');
	note("latency with an old snapshot: $latency");
	cmp_ok($latency, '<', 3 * $fresh_latency + 0.05, 'a new one is not delayed');

	# one after the other of the same subject, each behind all that have ended
	@seconds = ();
	for my $round (1 .. 6)
	{
		my $start = Time::HiRes::time();

		one(q{INSERT INTO respond.event (type, subject) SELECT 'send.o', 'hot' FROM generate_series(1, 1000) AS i});
		Respond::wait_until($node, $db, q{SELECT bool_and(events = 0) FROM respond.lag});
		Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')});
		push @seconds, Time::HiRes::time() - $start;
	}
	note("seconds for 1,000 of one subject: @seconds");
	cmp_ok(($seconds[4], $seconds[5])[ $seconds[4] > $seconds[5] ], '<', 1.5 * ($seconds[0], $seconds[1])[ $seconds[0] < $seconds[1] ] + 0.1, 'nor do the deliveries of a subject become slower with their number');
	$old->query_safe('ROLLBACK');
	$old->quit;
	is(courier(), $pid, 'all that in one process');
	check_once('with an old snapshot');
}
courier_rests('after 100,000 deliveries');

# --- what waits for tomorrow
one(q{INSERT INTO respond.delivery (channel, next_attempt_at, body) SELECT (ARRAY['a', 'b'])[1 + i % 2], now() + interval '1 day' + make_interval(secs => i * 0.01), '{}' FROM generate_series(1, 100000) AS i});
one('VACUUM ANALYZE respond.delivery');
{
	my $start = start_seconds();
	my $latency = latency('a');
	my $memory = memory(courier());

	note(sprintf('with 100,000 in the future: start %.2f s, latency %.4f s, %d kB', $start, $latency, $memory));
	cmp_ok($start, '<', 2 * $fresh_start + 1, '100,000 for tomorrow do not delay the start');
	cmp_ok($latency, '<', 3 * $fresh_latency + 0.05, 'nor a new delivery');
	cmp_ok($memory, '<', $fresh_memory + 4 * 1024, 'nor need memory');
	courier_rests('with 100,000 in the future');
}

# The same where order is kept: the first of each of 12,000 subjects waits, and one that sorts last is due.
insert_silently(q{INSERT INTO respond.delivery (channel, subject, next_attempt_at, body) SELECT 'o', 'future ' || i, now() + interval '1 day', '{}' FROM generate_series(1, 12000) AS i});
insert_silently(q{INSERT INTO respond.delivery (channel, subject, next_attempt_at, body) VALUES ('o', 'zzz', now(), '{}')});
one('VACUUM ANALYZE respond.delivery');
{
	my $start = start_seconds();
	my $begin = Time::HiRes::time();

	Respond::wait_until($node, $db, q{SELECT status = 'delivered' FROM respond.delivery WHERE subject = 'zzz'}, 'what is due behind 12,000 subjects that wait is delivered');
	my $seconds = Time::HiRes::time() - $begin;
	my $latency = latency('o');

	note(sprintf('ordered, 12,000 subjects wait: start %.2f s, the one that is due after %.2f s, latency %.4f s', $start, $seconds, $latency));
	cmp_ok($seconds, '<', 10, 'soon');
	cmp_ok($latency, '<', 3 * $fresh_latency + 0.05, 'a new one is not delayed');
	courier_rests('with 12,000 subjects that wait');
}
check_once('beside what waits');

# --- retention: not while something in a partition is pending
sub old_partition { return Respond::old_partition($node, $db, @_); }
sub gone { return Respond::partition_gone($node, $db, @_); }
sub clock_looked { return Respond::clock_looks($node, $db, @_); }

old_partition('delivery', 'delivery_done', 1);
old_partition('attempt', 'attempt_done', 1);
one(q{INSERT INTO respond.delivery (channel, status, finished_at, created_at, body) SELECT 'a', (ARRAY['delivered', 'dead', 'cancelled'])[1 + i % 3], '2020-01-01 12:00+0', '2020-01-01 11:00+0', '{}' FROM generate_series(1, 90) AS i});
one(q{INSERT INTO respond.attempt (delivery_id, number, at, duration) SELECT id, 1, '2020-01-01 12:00+0', '1 s' FROM respond.delivery WHERE created_at < '2021-01-01'});
clock_looked('pg_respond.event_retention', '2d');
gone('delivery_done', 'a partition of deliveries that all ended is dropped');
gone('attempt_done', 'one of old attempts, too');
old_partition('delivery', 'delivery_busy', 2);
one(q{INSERT INTO respond.delivery (channel, status, finished_at, created_at, body) SELECT 'a', 'delivered', '2020-01-02 12:00+0', '2020-01-02 11:00+0', '{}' FROM generate_series(1, 50) AS i});
one(q{INSERT INTO respond.delivery (channel, next_attempt_at, created_at, body) VALUES ('a', now() + interval '1 day', '2020-01-02 11:00+0', '{}')});
clock_looked('pg_respond.event_retention', '3d');
is(one(q{SELECT to_regclass('respond_internal.delivery_busy') IS NOT NULL}), 't', 'one in which something is pending stays');
one(q{UPDATE respond.delivery SET next_attempt_at = now() WHERE status = 'pending' AND created_at < '2021-01-01'});
Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending' AND created_at < '2021-01-01')}, 'from there it is delivered');
clock_looked('pg_respond.event_retention', '2d');
gone('delivery_busy', 'then it is dropped');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/ERROR:|PANIC|terminated by signal|TRAP/, 'the log is clean');

$node->stop;
done_testing();
