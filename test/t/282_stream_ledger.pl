# Streams under load: transactions of all kinds, readers that leave in the middle and come back, a program, a server that is
# killed.  Each event comes once to each reader.  The model: a counter for each subject, moved in the transaction that
# records the event, so that the counters of a subject are the order of their commits.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

use POSIX ();
use Time::HiRes qw(time usleep);

my $db = 'desk';
my $node = Respond::node('ledger', restart_after_crash => 'on', max_prepared_transactions => 50, fsync => 'off');
Respond::create_extension($node, $db);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
my $token = $node->safe_psql($db, q{SELECT respond.create_token('all', 'respond_auditor')});
$node->safe_psql($db, q{
	CREATE TABLE public.counter (subject text PRIMARY KEY, n int NOT NULL DEFAULT 0);
	INSERT INTO public.counter SELECT 's' || s FROM generate_series(1, 6) AS s;
	CREATE FUNCTION public.note(subject text, phase int) RETURNS void LANGUAGE sql AS $$
		WITH moved AS (UPDATE public.counter AS c SET n = c.n + 1 WHERE c.subject = $1 RETURNING c.n)
		SELECT respond.emit('noted.' || $2, jsonb_build_object('n', m.n, 'pad', repeat('x', (random() * 300)::int)), $1) FROM moved AS m $$});

# A writer's transactions; the seed makes them.
sub script
{
	my ($seed, $phase, $number) = @_;
	my $sql = '';

	srand(substr($seed, 0, 9));
	for my $i (1 .. $number)
	{
		my @subjects = sort map { 's' . (1 + int rand 6) } 1 .. 1 + int rand 3;
		my $notes = join(' ', map { "SELECT note('$_', $phase);" } @subjects);
		my $kind = rand;

		$sql .= $kind < 0.4 ? "$notes\n"
		  : $kind < 0.5 ? "BEGIN; $notes COMMIT;\n"
		  : $kind < 0.6 ? "BEGIN; $notes SELECT pg_sleep(random() * 0.05); COMMIT;\n"
		  : $kind < 0.7 ? "BEGIN; $notes ROLLBACK;\n"
		  : $kind < 0.8 ? "BEGIN; SELECT pg_current_xact_id(); SAVEPOINT s; $notes ROLLBACK TO s; SELECT note('$subjects[0]', $phase); COMMIT;\n"
		  : $kind < 0.9 ? "BEGIN; $notes PREPARE TRANSACTION 'w$seed-$i'; SELECT pg_sleep(random() * 0.02); COMMIT PREPARED 'w$seed-$i';\n"
		  : "BEGIN; SET LOCAL synchronous_commit = off; $notes COMMIT;\n";
	}
	return $sql;
}

# In pieces: a session that is lost with the server costs a part of one.
sub start_writer
{
	my ($seed, $phase, $number) = @_;
	my $rest = "$PostgreSQL::Test::Utils::tmp_check/rest$seed.sql";
	my @files;

	PostgreSQL::Test::Utils::append_to_file($rest, "SELECT format('COMMIT PREPARED %L', gid) FROM pg_prepared_xacts WHERE gid LIKE 'w$seed%' \\gexec\n");
	for my $piece (1 .. $number / 10)
	{
		push @files, "$PostgreSQL::Test::Utils::tmp_check/writer$seed-$piece.sql";
		PostgreSQL::Test::Utils::append_to_file($files[-1], script("$seed$piece", $phase, 10));
	}
	my $pid = fork();
	return $pid if $pid;
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>', '/dev/null');
	for my $file (@files)
	{
		# what the server's death left prepared holds locks
		usleep(100_000) while system('psql', '-XAtq', '-d', $node->connstr($db), '-f', $rest) != 0;
		system('psql', '-XAtq', '-d', $node->connstr($db), '-f', $file);
	}
	POSIX::_exit(0);
}

# A reader: what it has got, and where it goes on.
sub reader
{
	my ($number) = @_;

	return { number => $number, got => [], place => undef, stream => undef, left => 3 + int rand 40, ended => 0, comes_back => 0 };
}

sub come_back
{
	my ($reader, $phase) = @_;

	$reader->{stream} = Stream::follow($at, "/$db/v1/stream?type=noted.$phase", $token, $reader->{place});
	if ($reader->{stream}{status} != 200)
	{
		$reader->{stream} = undef;
		usleep(20_000);
		return;
	}
	$reader->{comes_back}++;
	$reader->{left} = 3 + int rand 60;
	return;
}

sub take_one
{
	my ($reader) = @_;
	my $message = Stream::message($reader->{stream});

	return if defined $message && !exists $message->{data};
	$reader->{place} = Stream::place($reader->{stream}) if defined $message;
	if (!defined $message || (defined $message->{event} && $message->{event} eq 'reset'))
	{
		push @{ $reader->{got} }, 'reset' if defined $message;
		Stream::leave($reader->{stream});
		$reader->{stream} = undef;
		return;
	}
	push @{ $reader->{got} }, "$message->{data}{subject} $message->{data}{data}{n}";
	$reader->{ended} = 1 if $message->{data}{subject} eq 'end';
	if (--$reader->{left} <= 0 || $reader->{ended})
	{
		Stream::leave($reader->{stream});
		$reader->{stream} = undef;
	}
	return;
}

# run(phase, disturb): writers and readers until all have seen the end; disturb is called now and then.
sub run
{
	my ($phase, $writers, $number, $disturb) = @_;
	my @readers = map { reader($_) } 1 .. 5;
	my %pids;
	my $end = 0;
	my $limit = time() + 170;
	my $turns = 0;

	for my $reader (@readers)
	{
		come_back($reader, $phase) until $reader->{stream};
		Stream::block($reader->{stream});
		$reader->{place} = Stream::place($reader->{stream});
	}
	$pids{ start_writer($phase * 100 + $_, $phase, $number) } = 1 for 1 .. $writers;
	while (grep { !$_->{ended} } @readers)
	{
		die 'the readers do not come to the end' if time() > $limit;
		for my $reader (grep { !$_->{ended} } @readers)
		{
			come_back($reader, $phase) if !$reader->{stream};
			take_one($reader) if $reader->{stream} && Stream::ready($reader->{stream}, 0.002);
		}
		$disturb->(++$turns) if $disturb;
		delete $pids{$_} for grep { waitpid($_, POSIX::WNOHANG()) > 0 } keys %pids;
		if (!%pids && !$end)
		{
			$node->safe_psql($db, "SELECT format('COMMIT PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database() \\gexec");
			$node->safe_psql($db, "SELECT respond.emit('noted.$phase', '{\"n\": 1}', 'end')");
			$end = 1;
		}
	}
	return @readers;
}

# check(phase, ordered, readers): what the database has is what each of them got.
sub check
{
	my ($phase, $ordered, @readers) = @_;
	my @truth = split /\n/, $node->safe_psql($db, qq{SELECT subject || ' ' || (data->>'n') FROM respond.event WHERE type = 'noted.$phase'});
	my $sum = $node->safe_psql($db, 'SELECT sum(n) FROM public.counter');

	cmp_ok(scalar(@truth), '>', 100, "phase $phase: " . scalar(@truth) . ' events were recorded');
	for my $reader (@readers)
	{
		my %last;
		my @wrong;

		is_deeply([ sort @{ $reader->{got} } ], [ sort @truth ], "phase $phase: reader $reader->{number}, who came back $reader->{comes_back} times, got each event once");
		for my $got (@{ $reader->{got} })
		{
			my ($subject, $n) = split / /, $got;

			push @wrong, "$subject: $n after $last{$subject}" if defined $last{$subject} && $last{$subject} >= $n;
			$last{$subject} = $n;
		}
		is("@wrong", '', "phase $phase: in the order of commits within each subject") if $ordered;
	}
	return;
}

# Readers that leave and come back; the program is killed twice.
srand(1);
my @readers = run(1, 4, 120, sub {
	my ($turn) = @_;
	kill('KILL', Gateway::program_pid($node, $db)) if $turn == 60 || $turn == 200;
});
check(1, 1, @readers);

# The server is killed.
my $crashes = 0;
srand(2);
@readers = run(2, 4, 120, sub {
	my ($turn) = @_;
	return unless $turn =~ /^(?:40|140)$/;
	my $pid = eval { $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = " . ($turn == 40 ? "'pg_respond gateway'" : "'checkpointer'") . ' LIMIT 1') };
	$crashes += kill('KILL', $pid) if $pid;
});
cmp_ok($crashes, '>', 0, 'the server was killed');
Respond::wait_until($node, $db, 'SELECT true');
check(2, 0, @readers);
is($node->safe_psql($db, q{SELECT count(*) FROM pg_prepared_xacts}), '0', 'nothing is left prepared');

done_testing();
