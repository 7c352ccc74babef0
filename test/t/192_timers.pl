# Timers: each fires once, in the order in which they are due, whoever armed it and whenever that was committed.
#
# Sessions stand for the workers that read timers (stub/timers.c); those of the database are paused.  What happens is
# random: TIMERS_SEED=n repeats it, TIMERS_STEPS=n asks for more.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Timers;

my $seed = $ENV{TIMERS_SEED} || time();
my $steps = $ENV{TIMERS_STEPS} || 1500;
note("TIMERS_SEED=$seed");
srand($seed);

my $db = 'desk';
my $node = Timers::node('timers', $db, '2030-01-01 00:00:00+00', fsync => 'off', autovacuum => 'off', max_prepared_transactions => 200,
	restart_after_crash => 'on');

sub one { return $node->safe_psql($db, $_[0]); }
sub session { return Timers::session($node, $db, @_); }
sub ask { return Timers::ask(@_); }

# --- a model
my %timer;		# those that are committed: id => due, in seconds
my $gid = 0;
my $now = 0;

# What the reader has to see, those being deleted left out: "due:id", in order.
sub expected
{
	my ($seen, $limit, @left_out) = @_;
	my %out = map { $_ => 1 } @left_out;
	my @due = sort { $seen->{$a} <=> $seen->{$b} || $a <=> $b } grep { $seen->{$_} <= $now && !$out{$_} } keys %$seen;

	splice(@due, $limit) if @due > $limit;
	return join(' ', map { "$seen->{$_}:$_" } @due);
}

# random(reader, steps): transactions of writers and of the reader, in any order.
sub random
{
	my ($reader, $count) = @_;
	my @writers = map { { session => session(), open => 0 } } 1 .. 3;
	my $process = session($reader);
	my ($looks, $wrong, $fired, $late) = (0, 0, 0, 0);
	my @prepared;

	my $finish_prepared = sub
	{
		my $one = splice(@prepared, int(rand(@prepared)), 1);

		if (rand() < 0.7)
		{
			one("COMMIT PREPARED '$one->{gid}'");
			apply($one->{change});
		}
		else
		{
			one("ROLLBACK PREPARED '$one->{gid}'");
		}
	};
	my $write = sub
	{
		my ($writer) = @_;
		my $dice = rand();

		if (!$writer->{open})
		{
			ask($writer->{session}, 'BEGIN');
			$writer->{open} = 1;
			$writer->{change} = { armed => {}, gone => {} };
			return;
		}
		if ($dice < 0.45)
		{
			# often in the past: it was armed for a time that has come before the commit
			my $due = sprintf('%.3f', $now - 20 + rand(60));
			my $rolled_back = rand() < 0.15;

			ask($writer->{session}, 'SAVEPOINT s') if $rolled_back;
			my $id = ask($writer->{session}, "SELECT arm($reader, at($due), 't', true)");
			ask($writer->{session}, 'ROLLBACK TO s') if $rolled_back;
			$writer->{change}{armed}{$id} = $due unless $rolled_back;
		}
		elsif ($dice < 0.65)
		{
			my %taken = map { %{ $_->{change}{gone} || {} } } grep { $_ != $writer && $_->{change} } @writers, @prepared;
			my %mine = (%timer, %{ $writer->{change}{armed} });
			my @ids = grep { !$taken{$_} && !$writer->{change}{gone}{$_} } keys %mine;

			return unless @ids;
			my $id = $ids[ rand @ids ];
			ask($writer->{session}, "SELECT disarm($reader, at($mine{$id}), $id)");
			delete $writer->{change}{armed}{$id} or $writer->{change}{gone}{$id} = 1;
		}
		else
		{
			$writer->{open} = 0;
			if ($dice < 0.85)
			{
				ask($writer->{session}, 'COMMIT');
				apply($writer->{change});
			}
			elsif ($dice < 0.92)
			{
				ask($writer->{session}, 'ROLLBACK');
			}
			else
			{
				my $gid_now = 'g' . ++$gid;

				ask($writer->{session}, "PREPARE TRANSACTION '$gid_now'");
				push @prepared, { gid => $gid_now, change => $writer->{change} };
			}
			$writer->{change} = undef;
		}
	};
	my $being_deleted = sub { return map { keys %{ $_->{change}{gone} } } grep { $_->{change} } @writers, @prepared; };
	my $look = sub
	{
		my ($limit) = @_;
		my ($isolated, $again) = (rand() < 0.5, 0);

		# another transaction may commit between the snapshot of the reader and its look
		ask($process, 'BEGIN ISOLATION LEVEL ' . ($isolated ? 'REPEATABLE READ' : 'READ COMMITTED'));
		my %seen = %timer;
		if ($isolated)
		{
			ask($process, 'SELECT 1');
			$write->($writers[ rand @writers ]) for 1 .. 2;
		}
		my $got;
		# those that were left out are looked at again when some time has passed
		for (1 .. 200)
		{
			$got = ask($process, "SELECT coalesce(string_agg(to_char(extract(epoch FROM d.due_at - at(0)), 'FM9999990.000') || ':' || d.id, ' '), '') FROM due($reader, at($now), $limit) AS d");
			last if $got ne '' || ask($process, "SELECT next_due($reader) = '-infinity'") ne 't' || ++$again > 3;
		}
		my @got = map { [ split /:/ ] } split / /, $got;
		my (%own, $rolled_back);
		foreach my $timer (@got)
		{
			next if rand() < 0.2;
			$rolled_back = rand() < 0.15;

			ask($process, 'SAVEPOINT f') if $rolled_back;
			my $was = ask($process, "SELECT finish($reader, at($timer->[0]), $timer->[1])") eq 't';
			# the mark moves on over what this transaction has finished
			ask($process, "SELECT count(*) FROM due($reader, at($now), $limit)") if rand() < 0.3;
			ask($process, 'ROLLBACK TO f') if $rolled_back;
			$own{ $timer->[1] } = 1 if $was && !$rolled_back;
		}
		if (rand() < 0.3)
		{
			my $due = sprintf('%.3f', $now - 3 + rand(20));
			my $id = ask($process, "SELECT arm($reader, at($due), 'r', true)");

			$seen{$id} = $own{$id} = $due;
		}
		if (rand() < 0.8)
		{
			ask($process, 'COMMIT');
			foreach my $id (keys %own)
			{
				exists $timer{$id} ? delete $timer{$id} : ($timer{$id} = $own{$id});
				$fired++;
			}
		}
		else
		{
			ask($process, 'ROLLBACK');
		}
		$looks++;
	};
	my $check = sub
	{
		my ($why) = @_;
		my @out = $being_deleted->();
		my ($wanted, $got) = (expected(\%timer, 1_000_000, @out), '');

		# nothing is to be done as soon as the reader says so; what was left out is asked for after a time
		$now += 30;
		$wanted = expected(\%timer, 1_000_000, @out);
		for (1 .. 50)
		{
			my $next = ask($process, "SELECT next_due($reader) <= at($now)");

			last if $next ne 't' && $_ > 1;
			$got = ask($process, "SELECT coalesce(string_agg(to_char(extract(epoch FROM d.due_at - at(0)), 'FM9999990.000') || ':' || d.id, ' '), '') FROM due($reader, at($now), 1000000) AS d");
			last if $got eq $wanted;
		}
		return if $got eq $wanted;
		$wrong++;
		diag("$why:\nwanted $wanted\ngot    $got");
	};

	for my $step (1 .. $count)
	{
		my $dice = rand();

		$now += rand(2);
		# in every third part the reader is alone: nobody's notes make it look again
		if (int($step / 30) % 3 == 0)
		{
			$dice = 0.63 + rand(0.34);
			$check->("step $step") if $step % 30 == 29;
		}
		if ($dice < 0.6) { $write->($writers[ rand @writers ]); }
		elsif ($dice < 0.63 && @prepared) { $finish_prepared->(); }
		elsif ($dice < 0.9) { $look->(1 + int(rand(5))); }
		elsif ($dice < 0.96) { $check->("step $step"); }
		elsif ($dice < 0.97)
		{
			$process->quit;
			$process = session($reader);
		}
		last if $wrong > 2;
	}
	foreach my $writer (grep { $_->{open} } @writers)
	{
		ask($writer->{session}, 'COMMIT');
		apply($writer->{change});
		$writer->{change} = undef;
	}
	$finish_prepared->() while @prepared;
	$check->('at the end');
	is($wrong, 0, "reader $reader: what is due is what the model says, in order");
	cmp_ok($fired, '>', $count / 20, "reader $reader: timers fired ($looks looks)");
	$_->{session}->quit for @writers;
	$process->quit;
	return;
}

sub apply
{
	my ($change) = @_;

	$timer{$_} = $change->{armed}{$_} foreach keys %{ $change->{armed} };
	delete @timer{ keys %{ $change->{gone} } };
	return;
}

random(0, $steps);
one('DELETE FROM respond_internal.timer');
%timer = ();
random(1, $steps / 3);

# What is armed and disarmed and not written yet goes with its subtransaction.
one('DELETE FROM respond_internal.timer');
my $writer = session();
my $kept = ask($writer, "SELECT arm(0, at(1), 'kept', true)");
ask($writer, 'BEGIN');
my $held = ask($writer, "SELECT arm(0, at(2), 'held', false)");
ask($writer, 'SAVEPOINT s');
ask($writer, "SELECT disarm(0, at(1), $kept, false), disarm(0, at(2), $held, false), arm(0, at(3), 'gone', false)");
ask($writer, $_) for 'ROLLBACK TO s', 'SAVEPOINT t', 'SAVEPOINT u';
ask($writer, "SELECT arm(0, at(4), 'gone with the outer one', false), disarm(0, at(1), $kept, false)");
ask($writer, $_) for 'RELEASE u', 'ROLLBACK TO t', 'SAVEPOINT v';
ask($writer, "SELECT arm(0, at(5), 'stays', false)");
ask($writer, $_) for 'RELEASE v', 'SELECT flush()', 'COMMIT';
is(one("SELECT string_agg(name, ' ' ORDER BY due_at) FROM respond_internal.timer"), 'kept held stays', 'subtransactions that are rolled back arm and disarm nothing');
$writer->quit;

# What is due at an earlier time than now, because it is not known yet what happened until now.
one('DELETE FROM respond_internal.timer');
my $process = session(0);
$now += 1000;
# what others have noted before is looked at first
Respond::wait_for(sub { ask($process, "SELECT count(*) FROM due(0, at($now), 10)") eq '0' && ask($process, "SELECT next_due(0) > '-infinity'") eq 't' }, 'nothing is known to wait');
ask($process, "SELECT arm(0, at($now - 20), 'first', true), arm(0, at($now - 10), 'second', true)");
is(ask($process, "SELECT string_agg(name, ' ') FROM due(0, at($now), 10, at($now - 15))"), 'first', 'those that were due at a time');
is(ask($process, "SELECT next_due(0) = at($now - 20)"), 't', 'and wait to be finished');
is(ask($process, "SELECT string_agg(name, ' ') FROM due(0, at($now), 10)"), 'first second', 'those that are due now');

# Time that goes back.
my $seen = $now;
$now -= 4;
is(ask($process, "SELECT string_agg(name, ' ') FROM due(0, at($now), 10)"), 'first second', 'a few seconds do not count');
$now -= 3600;
is(ask($process, "SELECT arm(0, at($now - 20), 'behind', true) > 0 AND NOT EXISTS (SELECT FROM due(0, at($now), 10))"), 't', 'an hour does: nothing is due');
is(ask($process, "SELECT next_due(0) BETWEEN at($seen - 5) AND at($seen - 4.5)"), 't', 'until time has caught up');
$now = $seen - 4;
is(ask($process, "SELECT string_agg(name, ' ') FROM due(0, at($now), 10)"), 'behind first second', 'and then all in their order');
# Time that jumps ahead.
$now += 86400;
ask($process, "SELECT arm(0, at($now - g), 'd' || g, g = 1) FROM generate_series(5, 1, -1) AS g");
is(ask($process, "SELECT string_agg(name, ' ') FROM due(0, at($now), 6)"), 'behind first second d5 d4 d3', 'what a jump makes due comes in order, and not all at once');
$process->quit;

# Killed at any moment: what was committed is there, once.
one('DELETE FROM respond_internal.timer');
%timer = ();
my $lost = 0;
for my $round (1 .. 4)
{
	my $writer = session();
	my ($open, @ids);

	$process = session(0);
	for (1 .. 8)
	{
		my $due = sprintf('%.3f', $now - 10 + rand(15));

		$timer{ ask($writer, "SELECT arm(0, at($due), 'k', true)") } = $due;
	}
	my @due = split / /, ask($process, "SELECT string_agg(id::text, ' ') FROM due(0, at($now), 3)");
	ask($process, "SELECT finish(0, d.due_at, d.id) FROM due(0, at($now), 2) AS d");
	delete @timer{ @due[ 0, 1 ] };
	ask($process, 'BEGIN');
	ask($process, "SELECT finish(0, d.due_at, d.id) FROM due(0, at($now), 2) AS d");
	ask($writer, "BEGIN; SELECT arm(0, at($now - 1), 'never', true)");
	my $pid = ask($round % 2 ? $process : $writer, 'SELECT pg_backend_pid()');

	kill 'KILL', $pid;
	Respond::wait_until($node, $db, "SELECT pg_postmaster_start_time() IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)");
	eval { $_->quit } foreach $process, $writer;
	$process = session(0);
	$now += 1;
	my ($wanted, $got) = (expected(\%timer, 1_000_000), '');
	for (1 .. 50)
	{
		$got = ask($process, "SELECT coalesce(string_agg(to_char(extract(epoch FROM d.due_at - at(0)), 'FM9999990.000') || ':' || d.id, ' '), '') FROM due(0, at($now), 1000000) AS d");
		last if $got eq $wanted;
	}
	$lost++ if $got ne $wanted;
	$process->quit;
}
is($lost, 0, 'killed with open transactions: what was committed is due, once');

# A dump: timers wait for release() in the database that it is restored into.
my $dump = "$node->{_basedir}/timers.dump";
my $count = one("SELECT count(*) FROM respond_internal.timer WHERE due_at <= at($now)");
$node->command_ok([ 'pg_dump', '--format=custom', "--file=$dump", $node->connstr($db) ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr('copy'), $dump ], 'pg_restore');
cmp_ok($count, '>', 0, 'timers are due');
$process = Timers::session($node, 'copy', 0);
is(ask($process, "SELECT count(*) FROM due(0, at($now), 1000)"), '0', 'in the copy none of them is');
is(ask($process, 'SELECT respond_internal.has_foreign_rows()'), 't', 'the copy knows that they wait');
ask(Timers::session($node, 'copy'), 'SELECT respond_internal.adopt()');
Respond::wait_for(sub { ask($process, "SELECT count(*) FROM due(0, at($now), 1000)") eq $count }, 'after release() all are');
$process->quit;

done_testing();
