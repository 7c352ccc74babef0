# Deaths that somebody else caused: the event in hand is innocent, however often it happens.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('innocent', restart_after_crash => 'on', fsync => 'off', 'pg_respond.rule_timeout' => '170s');
my $db = 'desk';

Respond::create_extension($node, $db);
$node->safe_psql($db, q{
	CREATE TABLE took (event_id bigint);
	CREATE TABLE gate (open boolean);
	CREATE FUNCTION pass() RETURNS int LANGUAGE plpgsql AS $$
		BEGIN WHILE NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN 1; END $$;
});
Respond::add_rule($node, $db, 'slow', 'slow', [ { action => 'sql', sql => 'SELECT public.pass()' },
	{ action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' } ]);

# in_hand(message): a dispatcher has the slow event in its hands, announced.
sub in_hand
{
	my ($message) = @_;

	return Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond_internal.suspect AS s JOIN respond.event AS e ON e.id = s.event_id)
		AND EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' AND wait_event = 'PgSleep')}, $message);
}

sub crash_other
{
	my $session = Respond::session($node, $db);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	kill('KILL', $pid);
	eval { $session->quit };
	Respond::wait_workers($node, $db);
	return;
}

my $id = Respond::emit($node, $db, 'slow');
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' AND wait_event = 'PgSleep')}, 'the event is in hand');
for my $round (1 .. 5)
{
	crash_other();
	in_hand("crash $round of another process");
}
for my $round (1 .. 4)
{
	$node->stop('immediate');
	$node->start;
	in_hand("immediate stop $round");
}
for my $round (1 .. 4)
{
	$node->safe_psql($db, q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher'});
	in_hand("termination $round by a person");
}
# all three, one after the other, while nothing of it was ever finished
crash_other();
$node->stop('immediate');
$node->start;
$node->stop('fast');
$node->start;
in_hand('a mixture');
# the whole server vanishes, as in a power failure
for my $round (1 .. 2)
{
	$node->kill9;
	# until the children have gone, too, their shared memory is in use
	Respond::wait_for(sub { $node->{_pid} = undef; $node->start(fail_ok => 1) });
	in_hand("the server vanishes, $round");
}
# one death of its own, as far as anybody knows
Respond::crash_worker($node, $db, 'dispatcher');
in_hand('a SIGKILL');
crash_other();
in_hand('and one more crash of another process');
is($node->safe_psql($db, 'SELECT count(*) FROM respond.dead_letter'), '0', 'no dead letter');
$node->safe_psql($db, 'INSERT INTO gate VALUES (true)');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM took WHERE event_id = $id)", 'the event takes effect at last');
is($node->safe_psql($db, 'SELECT count(*) FROM took'), '1', 'once');
is($node->safe_psql($db, q{SELECT string_agg(status, ',') FROM respond.run}), 'succeeded', 'with one run');
is($node->safe_psql($db, q{SELECT count(*) FROM respond_internal.suspect AS s JOIN respond.event AS e ON e.id = s.event_id}), '0', 'and no marker is left');
$node->stop;
done_testing();
