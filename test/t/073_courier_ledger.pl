# The ledger of what leaves the database: producers that write, roll back and commit asynchronously, and in the middle
# of it everything that can end a process or the server.  Then a count: each event has one delivery, each delivery
# arrived, under one key and with one body, and nothing arrived of which the database does not know.  Of what waits when the
# server ends, the order of commits is known by their times only.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Writers;
use Peers;

my $node = Respond::node('courier', restart_after_crash => 'on', max_connections => 60, fsync => 'off', log_statement => 'none',
	track_commit_timestamp => 'on', 'pg_respond.allowed_networks' => '127.0.0.0/8');
my $db = 'desk';
my $receiver = Peers::receiver();
my $url = "http://127.0.0.1:$receiver->{port}";
my @kinds = qw(fast slow ordered retried);

Respond::create_extension($node, $db);
$node->safe_psql($db, qq{
	INSERT INTO respond.channel (name, kind, url, concurrency, ordered, timeout, retry_delays) VALUES
		('fast', 'webhook', '$url/ok', 30, false, '60 s', NULL),
		('slow', 'webhook', '$url/slow/40', 60, false, '60 s', NULL),
		('ordered', 'webhook', '$url/slow/3', 16, true, '60 s', NULL),
		('retried', 'webhook', '$url/{{#data.bad}}close{{/data.bad}}{{^data.bad}}ok{{/data.bad}}', 16, false, '60 s', '{20 ms}');
});
for my $kind (@kinds)
{
	Respond::add_rule($node, $db, $kind, "ledger.$kind",
		[ { action => 'notify', channel => $kind, body => { event => '{{id}}', n => '{{data.n}}', subject => '{{subject}}' } } ]);
}
Respond::add_rule($node, $db, 'never', 'ledger.never', [ { action => 'notify', channel => 'fast', body => { never => '{{id}}' } } ]);

my $ordered = Writers::ordered($node, $db, 12);
my $untidy = Writers::script($node, 'untidy', q{
\set r random(1, 12)
BEGIN;
SET LOCAL synchronous_commit = off;
INSERT INTO respond.event (type, subject) SELECT 'ledger.fast', 'u' || :r FROM generate_series(1, :r);
SAVEPOINT a;
INSERT INTO respond.event (type) VALUES ('ledger.never');
ROLLBACK TO a;
INSERT INTO respond.event (type, subject) VALUES ('ledger.slow', 'u' || :r);
COMMIT;
BEGIN;
INSERT INTO respond.event (type) VALUES ('ledger.never');
ROLLBACK;
INSERT INTO respond.event (type, subject) VALUES ('ledger.slow', 'one'), ('ledger.retried', 'one');
});

sub writers
{
	my ($script, $clients, $seconds, $rate) = @_;

	return Writers::start($node, $db, $script, clients => $clients, seconds => $seconds, rate => $rate);
}

# arrivals(): what the receiver got, in order: [ key, body, kind ].  Not through JSON::PP, which would take minutes.
sub arrivals
{
	my @list;

	open(my $in, '<', $receiver->{log}) or die "no log: $!";
	while (my $line = <$in>)
	{
		my ($key) = $line =~ /"webhook-id": "([^"]+)"/;
		my ($body) = $line =~ /"body": "((?:[^"\\]|\\.)*)"/;

		die "a request without key or body: $line" unless defined $key && defined $body;
		$body =~ s/\\"/"/g;
		push @list, [ $key, $body ];
	}
	close($in);
	return @list;
}

# grows(bytes): waits until the receiver has got that much more.
sub grows
{
	my ($more) = @_;
	my $wanted = (-s $receiver->{log}) + $more;

	Respond::wait_for(sub { -s $receiver->{log} >= $wanted });
	return;
}

sub courier
{
	return Respond::worker_pid($node, $db, 'courier');
}

sub another
{
	my ($kind, $pid) = @_;

	return Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'pg_respond $kind' AND pid <> $pid)");
}

sub check_ledger
{
	my ($when) = @_;

	Respond::wait_idle($node, $db, "$when: no event waits");
	Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')}, "$when: no delivery waits");
	is($node->safe_psql($db, q{SELECT status || ' ' || count(*) FROM respond.delivery WHERE status <> 'delivered' GROUP BY status}), '', "$when: all were delivered");
	is($node->safe_psql($db, q{
		SELECT count(*) FROM respond.event AS e LEFT JOIN (SELECT event_id, count(*) AS n, min(channel) AS channel FROM respond.delivery GROUP BY 1) AS d ON d.event_id = e.id
		 WHERE type LIKE 'ledger.%' AND (d.n IS DISTINCT FROM 1 OR 'ledger.' || d.channel <> e.type)}), '0', "$when: each event has one delivery, in its channel");
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.delivery AS d WHERE NOT EXISTS (SELECT FROM respond.event AS e WHERE e.id = d.event_id)}),
		'0', "$when: each delivery has its event");
	is($node->safe_psql($db, q{SELECT count(*) - count(DISTINCT key) FROM respond.delivery}), '0', "$when: keys are unique");
	is($node->safe_psql($db, q{
		SELECT count(*) FROM respond.delivery AS d
		  LEFT JOIN (SELECT delivery_id, count(*) AS n, count(DISTINCT number) AS numbers, max(number) AS last, count(*) FILTER (WHERE status = 200) AS good,
				max(number) FILTER (WHERE status = 200) AS good_number FROM respond.attempt GROUP BY 1) AS a ON a.delivery_id = d.id
		 WHERE (d.attempts, d.attempts, d.attempts, 1, d.attempts) IS DISTINCT FROM (a.n, a.numbers, a.last, a.good, a.good_number)
			OR d.last_status IS DISTINCT FROM 200 OR d.finished_at IS NULL OR d.next_attempt_at IS NOT NULL}), '0', "$when: the tries of each agree with its row, the last one succeeded");
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.attempt AS a WHERE NOT EXISTS (SELECT FROM respond.delivery AS d WHERE d.id = a.delivery_id)}),
		'0', "$when: each try has its delivery");

	my %known = map { my ($key, @rest) = split(/\|/, $_); ($key => \@rest) } split(/\n/, $node->safe_psql($db,
		q{SELECT d.key, d.channel, d.event_id, coalesce(e.data->>'n', ''), e.subject, d.body, d.attempts FROM respond.delivery AS d JOIN respond.event AS e ON e.id = d.event_id}));
	my (%count, %body, %last, %first);
	my ($phantoms, $bodies, $others, $disorder) = (0, 0, 0, 0);

	for my $arrival (arrivals())
	{
		my ($key, $body) = @$arrival;

		$phantoms++, diag("phantom: $key $body") unless $known{$key};
		$others++ if defined $body{$key} && $body{$key} ne $body;
		$body{$key} = $body;
		next if $count{$key}++ || !$known{$key};

		my ($channel, $event, $n, $subject, $sent) = @{ $known{$key} };

		$bodies++ if $sent ne $body || $body !~ /"event": ?"?$event\b/;
		next if $channel ne 'ordered';
		$disorder++, diag("$subject: $n after $last{$subject}") if defined $last{$subject} && $n <= $last{$subject};
		$last{$subject} = $n;
	}

	my $missing = grep { !$count{$_} } keys %known;
	my $twice = grep { $count{$_} > 1 } keys %count;
	my $few = grep { ($count{$_} || 0) < $known{$_}[5] } keys %known;

	is($missing, 0, "$when: each delivery arrived");
	is($phantoms, 0, "$when: nothing arrived that the database does not know");
	is($bodies, 0, "$when: each with its own body");
	is($others, 0, "$when: repeats have the body of the first");
	is($few, 0, "$when: no try is on record that was not made");
	is($disorder, 0, "$when: the ordered channel keeps the order of commits");
	note("$when: " . keys(%known) . " deliveries, $twice of them arrived more than once");
	return $twice;
}

# --- without faults nothing arrives twice
{
	my @runs = (writers($ordered, 4, 3, 300), writers($untidy, 4, 3, 60));

	$_->finish for @runs;
	is(check_ledger('without faults'), 0, 'without faults nothing arrives twice');
}

my $twice;

# --- a courier that is terminated and cancelled, again and again
{
	my @runs = (writers($ordered, 4, 5, 300), writers($untidy, 4, 5, 60));

	for (1 .. 4)
	{
		grows(20_000);
		my $pid = courier();
		kill('TERM', $pid);
		another('courier', $pid);
	}
	$_->finish for @runs;
	$twice = check_ledger('after SIGTERM of the courier');
}
{
	my @runs = (writers($ordered, 6, 6, 600), writers($untidy, 4, 6, 60));
	my $pid = courier();

	# a cancel every half millisecond
	Respond::wait_for(sub { kill('INT', $pid); eval { $runs[0]->pump_nb }; !$runs[0]->pumpable }, undef, 500);
	$_->finish for @runs;
	Respond::wait_idle($node, $db);
	is(courier(), $pid, 'a courier that is cancelled all the time is still the same');
	is(check_ledger('after cancelling'), $twice, 'and sends nothing twice');
}

# --- the server loses a process, or is stopped hard and fast
my $killed = 0;
for my $fault ('courier', 'immediate', 'dispatcher', 'fast', 'backend', 'courier', 'immediate', 'fast')
{
	my @runs = (writers($ordered, 4, 10, 300), writers($untidy, 4, 10, 60));

	grows(60_000);
	if ($fault eq 'courier' || $fault eq 'dispatcher')
	{
		my $pid = Respond::signal_worker($node, $db, $fault, 'KILL');

		another($fault, $pid);
	}
	elsif ($fault eq 'backend')
	{
		my $courier = courier();

		my $producers = q{FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()};

		Respond::wait_until($node, $db, "SELECT count(*) > 0 $producers");
		kill('KILL', $node->safe_psql($db, "SELECT min(pid) $producers"));
		another('courier', $courier);
	}
	else
	{
		$node->stop($fault);
		$node->start;
	}
	$_->finish for @runs;
	Respond::wait_workers($node, $db, "$fault: the workers are back");
	courier();
}
check_ledger('after everything');

# --- a channel that is to keep order from now on, while requests are under way
{
	my $delivered = sub { my ($n) = @_; Respond::wait_until($node, $db, "SELECT count(*) = $n FROM respond.delivery WHERE channel = 'turns' AND status = 'delivered'", "$n delivered") };

	$node->safe_psql($db, qq{INSERT INTO respond.channel (name, kind, url) VALUES ('turns', 'webhook', '$url/slow/300')});
	Respond::add_rule($node, $db, 'turns', 'turns', [ { action => 'notify', channel => 'turns', body => { event => '{{id}}' } } ]);
	my $size = -s $receiver->{log};
	$node->safe_psql($db, q{INSERT INTO respond.event (type, subject) SELECT 'turns', 'turn' FROM generate_series(1, 3)});
	grows(100) if -s $receiver->{log} == $size;
	$node->safe_psql($db, q{UPDATE respond.channel SET ordered = true WHERE name = 'turns'});
	$delivered->(3);
	$node->safe_psql($db, q{INSERT INTO respond.event (type, subject) SELECT 'turns', 'turn' FROM generate_series(1, 4)});
	$delivered->(7);
	is($node->safe_psql($db, q{
		SELECT count(*) FROM (
			SELECT a.at, lag(a.at + a.duration) OVER (ORDER BY d.id) AS before, row_number() OVER (ORDER BY d.id) AS n
			  FROM respond.delivery AS d JOIN respond.attempt AS a ON a.delivery_id = d.id WHERE d.channel = 'turns') AS s
		 WHERE n > 4 AND at < before}), '0', 'a channel that was made ordered while requests were under way sends one at a time');
	$node->safe_psql($db, q{UPDATE respond.channel SET ordered = false WHERE name = 'turns'});
	$node->safe_psql($db, q{INSERT INTO respond.event (type, subject) SELECT 'turns', 'turn' FROM generate_series(1, 4)});
	$delivered->(11);
}
is($node->safe_psql($db, q{SELECT count(*) FROM respond.dead_letter}), '0', 'no dead letter');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'ledger.never'}), '0', 'what was rolled back left nothing');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal (?:6|11)|TRAP|cache lookup failed/, 'the log is clean');

$node->stop;
done_testing();
