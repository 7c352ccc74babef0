# Workers that begin while somebody keeps a table locked: none ends, none backs off, and all go on when the lock is gone.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Time::HiRes qw(time);

my $node = Respond::node('locks_start', fsync => 'off', max_connections => 40, 'pg_respond.dispatchers' => 2);
my $db = 'desk';
my %kinds = (clock => 1, dispatcher => 2, courier => 1);

Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'all', 'o.*', [ { action => 'ticket', subject => '{{type}}' } ]);
for my $table (qw(respond_internal.state respond_internal.progress_0 respond_internal.suspect_delivery respond_internal.suspect respond.delivery respond.event))
{
	my $offset = -s $node->logfile;
	my $other = Respond::session($node, $db);

	Respond::wait_until($node, 'postgres', q{SELECT count(*) = 4 FROM pg_stat_activity WHERE datname = 'desk' AND backend_type LIKE 'pg_respond %'});
	my @pids = split(/\n/, $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE datname = 'desk' AND backend_type LIKE 'pg_respond %'}));
	$other->query_safe("BEGIN; LOCK TABLE $table");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($_, 60000)") for @pids;
	my $session = Respond::session($node, $db);
	$session->query_until(qr/started/, "\\echo started\nINSERT INTO respond.event (type) SELECT 'o.x' FROM generate_series(1, 5);\n");
	Respond::wait_until($node, 'postgres', q{SELECT count(*) = 4 FROM pg_stat_activity WHERE datname = 'desk' AND backend_type LIKE 'pg_respond %' AND backend_start < clock_timestamp() - interval '1 second'}, "$table: all workers come up and stay");
	ok(!Respond::log_has($node, qr/ended unexpectedly/, $offset), "$table: none ended");
	my $lines = () = substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $offset) =~ /cannot .* yet: canceling statement due to lock timeout/g;
	cmp_ok($lines, '<=', 4, "$table: each tells once at most that it waits");
	$other->query_safe('ROLLBACK');
	my $start = time();
	$other->quit;
	$session->query_safe('SELECT 1');
	$session->quit;
	Respond::wait_idle($node, $db, "$table: then all is done");
	cmp_ok(time() - $start, '<', 20, "$table: soon");
}
is($node->safe_psql($db, q{SELECT count(*) FILTER (WHERE n = 1) || ' of ' || count(*) FROM (SELECT (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id AND status = 'succeeded') AS n FROM respond.event AS e WHERE type = 'o.x') AS each}), '30 of 30', 'each event once');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.dead_letter}), '0', 'none is given up');
Respond::wait_until($node, $db, q{SELECT bool_and(ok) FROM respond.health()}, 'health() is green');
$node->stop;
done_testing();
