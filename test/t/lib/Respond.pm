# Helpers for tests that start servers of their own.
#
#   use Respond;                        also turns on strict, warnings and Test::More
#   my $node = Respond::node('main', 'max_worker_processes' => 40);
#   Respond::create_extension($node, 'postgres');
#   Respond::emit($node, 'postgres', 'order.created', { id => 1 }, 'order/1');
#   Respond::wait_idle($node, 'postgres');
#
# All waiting is for a condition, with a limit of 180 seconds that only a failure reaches: wait_until() for one of the
# database, wait_for() for one in Perl, and beat() before a test says that something did not happen.
package Respond;

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Psql;
use Shared;
use Test::More;
use Time::HiRes qw(time usleep);

my $LIMIT = $PostgreSQL::Test::Utils::timeout_default;

sub import
{
	my $caller = caller;

	strict->import;
	warnings->import;
	Test::More->export_to_level(1, $caller);
	eval "package $caller; PostgreSQL::Test::Utils->import; 1" or die $@;
}

# node(name, setting => value...): a running server that preloads the library.
# The pseudo setting init => [...] goes to init() (allows_streaming => 1 and the like); start => 0 leaves it stopped.
sub node
{
	my ($name, %conf) = @_;
	my $init = delete $conf{init} || [];
	my $start = exists $conf{start} ? delete $conf{start} : 1;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(@$init);
	configure($node, shared_preload_libraries => 'pg_respond', max_worker_processes => 32,
		max_prepared_transactions => 10, jit => 'off', autovacuum => 'on', log_min_messages => 'info', %conf);
	$node->start if $start;
	return $node;
}

# configure(node, setting => value...): appends settings; takes effect at reload or restart.
sub configure
{
	my ($node, %conf) = @_;

	$node->append_conf('postgresql.conf', join("\n", map { "$_ = " . quote_literal($conf{$_}) } sort keys %conf) . "\n");
	return;
}

sub quote_literal
{
	my ($text) = @_;

	return 'NULL' unless defined $text;
	$text =~ s/'/''/g;
	return "'$text'";
}

# create_extension(node, db): creates the database when it is not there, the extension, and waits for the workers.
sub create_extension
{
	my ($node, $db) = @_;

	$node->safe_psql('postgres', qq{CREATE DATABASE "$db"})
	  unless $node->safe_psql('postgres', 'SELECT 1 FROM pg_database WHERE datname = ' . quote_literal($db)) eq '1';
	$node->safe_psql($db, 'CREATE EXTENSION pg_respond');
	wait_workers($node, $db);
	return;
}

# wait_until(node, db, query, message): polls until the query returns t, and reports it as one assertion.  It looks in one session,
# which ends with the wait.  A connection that fails counts as "not yet": the server may be restarting.
sub wait_until
{
	my ($node, $db, $query, $message) = @_;
	my $end = time() + $LIMIT;
	my ($out, $err);

	for (my $pause = 2_000; time() < $end; $pause = $pause < 100_000 ? $pause * 2 : $pause)
	{
		($out, $err) = Psql::look($node, $db, $query, $LIMIT);
		last if $out eq 't';
		usleep($pause);
	}
	Psql::leave();
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	if (defined $message)
	{
		ok($out eq 't', $message) or diag("still not true: $query\nlast answer: $out\n$err");
	}
	elsif ($out ne 't')
	{
		BAIL_OUT("still not true: $query\nlast answer: $out\n$err");
	}
	return $out eq 't';
}

# wait_for(condition, message, longest): polls a function until it returns something true, which is returned; one assertion
# if there is a message.  longest: the longest pause between two looks, in microseconds, where time is measured.
sub wait_for
{
	my ($condition, $message, $longest) = @_;
	my $end = time() + $LIMIT;
	my $value;

	for (my $pause = 500; !($value = $condition->()) && time() < $end; $pause = $pause * 2 < ($longest || 50_000) ? $pause * 2 : $pause)
	{
		usleep($pause);
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	if (defined $message)
	{
		ok($value, $message);
	}
	elsif (!$value)
	{
		BAIL_OUT(sprintf('still not true: the condition at %s line %d', (caller)[1, 2]));
	}
	return $value;
}

# is_quick(message, code, longest): runs it and asks that it took less than so many seconds, by default five.
sub is_quick
{
	my ($message, $code, $longest) = @_;
	my $start = time();

	$code->();
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return cmp_ok(time() - $start, '<', $longest || 5, $message);
}

# beat(node, url): fifteen events of another database become deliveries and are sent, one after the other: time enough for
# what should not happen, however busy the machine is.  They go to the url, without one to NOTIFY.
my %beats;
sub beat
{
	my ($node, $url) = @_;
	my $kind = defined $url ? 'webhook' : 'notify';

	if (!$beats{ $node->data_dir }++)
	{
		create_extension($node, 'beat');
	}
	if (!$beats{ $node->data_dir . $kind }++)
	{
		$node->safe_psql('beat', "INSERT INTO respond.channel (name, kind, url) VALUES ('$kind', '$kind', " . quote_literal($url) . ')');
		add_rule($node, 'beat', $kind, $kind, [ { action => 'notify', channel => $kind, text => 'x' } ]);
	}
	for (1 .. 15)
	{
		my $event = emit($node, 'beat', $kind);

		wait_until($node, 'beat', "SELECT EXISTS (SELECT FROM respond.delivery WHERE event_id = $event AND status = 'delivered')");
	}
	return;
}

# wait_workers(node, db, message): the database's dispatcher and clock are connected.
sub wait_workers
{
	my ($node, $db, $message) = @_;
	my $name = quote_literal($db);

	return wait_until($node, $db, qq{
		SELECT count(DISTINCT backend_type) = 3 FROM pg_catalog.pg_stat_activity
		WHERE datname = $name AND backend_type IN ('pg_respond dispatcher', 'pg_respond clock', 'pg_respond courier')}, $message);
}

# wait_no_workers(node, db, message): no worker of ours is connected to the database (asked from another one).
sub wait_no_workers
{
	my ($node, $db, $message) = @_;
	my $name = quote_literal($db);

	return wait_until($node, $db eq 'postgres' ? 'template1' : 'postgres', qq{
		SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity
		WHERE datname = $name AND backend_type LIKE 'pg\\_respond %')}, $message);
}

# wait_idle(node, db, message): every event that is committed now has been processed.
sub wait_idle
{
	my ($node, $db, $message) = @_;

	return wait_until($node, $db, 'SELECT coalesce(bool_and(events = 0), false) FROM respond.lag', $message);
}

# old_partition(node, db, table, name, day): gives the table a partition for that day of January 2020.
sub old_partition
{
	my ($node, $db, $table, $name, $day) = @_;
	my ($from, $to) = map { sprintf('2020-01-%02d+0', $_) } $day, $day + 1;

	$node->safe_psql($db, qq{
		CREATE TABLE respond_internal.$name (LIKE respond.${table}_default INCLUDING ALL EXCLUDING IDENTITY);
		ALTER TABLE respond_internal.$name OWNER TO respond_worker;
		ALTER TABLE respond.$table ATTACH PARTITION respond_internal.$name FOR VALUES FROM ('$from') TO ('$to')});
	return;
}

sub partition_gone
{
	my ($node, $db, $name, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return wait_until($node, $db, "SELECT to_regclass('respond_internal.$name') IS NULL", $message);
}

# clock_looks(node, db, setting, value): the setting is changed, and the clock has looked since.
sub clock_looks
{
	my ($node, $db, $setting, $value) = @_;
	my $before = $node->safe_psql($db, q{SELECT active_at FROM respond.worker WHERE kind = 'clock'});

	$node->safe_psql('postgres', "ALTER SYSTEM SET $setting = " . quote_literal($value));
	$node->reload;
	return wait_until($node, $db, "SELECT active_at > '$before' AND state = 'idle' FROM respond.worker WHERE kind = 'clock'");
}

# settle(node, db, channel...): every event has been processed, each of the channels has deliveries, and all of them have ended.
sub settle
{
	my ($node, $db, @names) = @_;
	my $list = join(', ', map { quote_literal($_) } @names);

	wait_idle($node, $db);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return wait_until($node, $db, 'SELECT count(DISTINCT channel) = ' . scalar(@names)
		. " AND bool_and(status <> 'pending') FROM respond.delivery WHERE channel IN ($list)", 'all deliveries have ended')
	  || diag($node->safe_psql($db, q{SELECT channel, attempts, next_attempt_at, last_error FROM respond.delivery WHERE status = 'pending'}) . "\nfailed steps:\n"
		. $node->safe_psql($db, q{SELECT rule, error FROM respond.run WHERE status = 'failed'}));
}

# worker_pid(node, db, kind): process id of a worker, waiting for it to be there.
sub worker_pid
{
	my ($node, $db, $kind) = @_;
	my $where = 'WHERE datname = ' . quote_literal($db) . ' AND backend_type = ' . quote_literal("pg_respond $kind");

	wait_until($node, 'postgres', "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity $where)");
	return $node->safe_psql('postgres', "SELECT pid FROM pg_catalog.pg_stat_activity $where ORDER BY pid LIMIT 1");
}

# signal_worker(node, db, kind, signal): sends a signal (KILL takes the whole server through crash recovery).
sub signal_worker
{
	my ($node, $db, $kind, $signal) = @_;
	my $pid = worker_pid($node, $db, $kind);

	kill($signal || 'KILL', $pid) or BAIL_OUT("could not signal $kind $pid: $!");
	return $pid;
}

# crash_worker(node, db, kind): kills a worker as a fault would and waits until the server is back with a new one.
# The node needs restart_after_crash = on, which the test framework turns off (node(..., restart_after_crash => 'on')).
sub crash_worker
{
	my ($node, $db, $kind) = @_;
	my $pid = signal_worker($node, $db, $kind, 'KILL');

	# other lanes are of the same kind: until the server has noticed, the one that was killed is listed as well
	wait_until($node, $db, "SELECT coalesce(bool_and(pid <> $pid), false) FROM pg_catalog.pg_stat_activity WHERE datname = "
		  . quote_literal($db) . ' AND backend_type = ' . quote_literal("pg_respond $kind"));
	return $pid;
}

# emit(node, db, type, data, subject): one event, its id is returned.
sub emit
{
	my ($node, $db, $type, $data, $subject) = @_;
	my $json = JSON::PP->new->ascii->canonical->encode($data || {});

	return $node->safe_psql($db, sprintf('SELECT respond.emit(%s, data => %s::jsonb, subject => %s)',
		quote_literal($type), quote_literal($json), quote_literal($subject)));
}

# add_rule(node, db, name, event_type, steps, column => value...): steps is a Perl array; pattern may be a Perl hash.
sub add_rule
{
	my ($node, $db, $name, $event_type, $steps, %more) = @_;
	my $json = JSON::PP->new->ascii->canonical;
	my %row = (name => $name, event_type => $event_type, steps => $steps, %more);
	my @columns = sort keys %row;

	$node->safe_psql($db, sprintf('INSERT INTO respond.rule (%s) VALUES (%s)', join(', ', @columns),
		join(', ', map { quote_literal(ref $row{$_} ? $json->encode($row{$_}) : $row{$_}) } @columns)));
	return;
}

# session(node, db): an open psql session for transactions that stay open; see PostgreSQL::Test::BackgroundPsql.
sub session
{
	my ($node, $db) = @_;

	return $node->background_psql($db, on_error_stop => 0);
}

# log_has(node, regexp, offset): whether the server's log holds a line, from a byte offset on.
sub log_has
{
	my ($node, $regexp, $offset) = @_;

	return $node->log_contains($regexp, $offset);
}

1;
