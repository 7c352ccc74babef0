# Many timers: those that are far off, those that have fired and those that were disarmed cost nothing, under a forgotten
# old snapshot too.  TIMERS_MANY=1000000 for as many as a busy database has.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Timers;

my $many = $ENV{TIMERS_MANY} || 100_000;
my $db = 'desk';
my $node = Timers::node('many', $db, '2030-01-01 00:00:00+00', fsync => 'off', autovacuum => 'off', shared_buffers => '256MB',
	max_wal_size => '4GB');
my ($pass, $now) = (0, 1000);
my %took;

sub one { return $node->safe_psql($db, $_[0]); }

# A timer is armed, due and finished, each in a transaction.
one(q{
	CREATE PROCEDURE cycle(now numeric, n integer, OUT seen integer, OUT took interval) LANGUAGE plpgsql AS $$
	DECLARE
		began timestamptz := clock_timestamp();
		t record;
	BEGIN
		seen := 0;
		FOR i IN 1 .. n LOOP
			PERFORM arm(0, at(now + i), 'c', true);
			COMMIT;
			FOR t IN SELECT * FROM due(0, at(now + i + 0.5), 10) LOOP
				seen := seen + finish(0, t.due_at, t.id)::integer;
			END LOOP;
			COMMIT;
		END LOOP;
		took := clock_timestamp() - began;
	END $$;
	CREATE PROCEDURE fire_all(now numeric, OUT fired bigint, OUT calls integer, OUT longest interval) LANGUAGE plpgsql AS $$
	DECLARE
		began timestamptz;
		n bigint;
	BEGIN
		fired := 0; calls := 0; longest := '0';
		LOOP
			began := clock_timestamp();
			SELECT count(*) FILTER (WHERE finish(0, d.due_at, d.id)) INTO n FROM due(0, at(now), 1000) AS d;
			COMMIT;
			longest := greatest(longest, clock_timestamp() - began);
			fired := fired + n;
			calls := calls + 1;
			EXIT WHEN next_due(0) > at(now);
		END LOOP;
	END $$;
});

# arm_many(from, to): so many timers, due between two times.
sub arm_many
{
	my ($from, $to) = @_;

	one("SELECT count(*) FROM (SELECT arm(0, at($from + ($to - $from) * g::numeric / $many), 'm', g = $many) FROM generate_series(1, $many) AS g OFFSET 0) AS x");
	return;
}

# measure(what): so long a cycle takes, in ms.
sub measure
{
	my ($reader, $what) = @_;
	my @best = sort { $a <=> $b } map
	{
		my ($seen, $took) = split /\|/, Timers::ask($reader, "CALL cycle($now, 200, NULL, NULL)");

		$now += 201;
		is($seen, 200, "$what: all were seen") if $_ == 1;
		1000 * one("SELECT extract(epoch FROM interval '$took') / 200");
	} 1 .. 5;

	$took{$what} = $best[0];
	note(sprintf('%s: %.3f ms for arm, due and finish', $what, $best[0]));
	return;
}

my $reader = Timers::session($node, $db, 0);
measure($reader, 'none');
arm_many(1e8, 2e8);
measure($reader, 'far off');

my $old = Respond::session($node, $db);
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond_internal.timer');
arm_many($now, $now + 100);
$now += 200;
my $fired = Timers::ask($reader, "CALL fire_all($now, NULL, NULL, NULL)");
like($fired, qr/^$many\|/, 'many fire');
note("fired, looks, longest look: $fired");
measure($reader, 'fired, under an old snapshot');

# Disarmed ones lie before what comes next.
arm_many($now + 2000, $now + 2500);
is(one("SELECT count(*) FROM (SELECT disarm(0, t.due_at, t.id) FROM respond_internal.timer AS t WHERE t.due_at < at($now + 3000) OFFSET 0) AS x"), $many, 'many are disarmed');
measure($reader, 'disarmed, in front');
$now += 2600;
note('reading over them: ' . Timers::ask($reader, "CALL fire_all($now, NULL, NULL, NULL)"));
measure($reader, 'disarmed, behind');

# A new process reads them once, between its work.
$reader->quit;
$reader = Timers::session($node, $db, 0);
note('a new reader: ' . Timers::ask($reader, "CALL fire_all($now, NULL, NULL, NULL)"));
measure($reader, 'a new reader');

foreach my $what (sort grep { $_ ne 'none' } keys %took)
{
	cmp_ok($took{$what}, '<', 2 * $took{none} + 0.1, "$what: no slower than with none");
}
$old->quit;
$reader->quit;

done_testing();
