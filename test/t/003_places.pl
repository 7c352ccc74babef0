# No places for workers, and workers that fail.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

# places(node): how many background workers the server has room for, besides core's own launcher and ours.
my $node = Respond::node('places', max_worker_processes => 8);
my @databases = map { "db$_" } 1 .. 3;

# One place for the launcher of logical replication, one for ours: two databases fit, the third does not.
for my $db (@databases)
{
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION pg_respond');
}
Respond::wait_workers($node, $_, "$_ has its workers") for @databases[0, 1];
Respond::wait_until($node, 'db3', q{SELECT NOT ok FROM respond.health() WHERE "check" = 'places'}, 'health() sees that places are missing');
like($node->safe_psql('db3', q{SELECT message || remedy FROM respond.health() WHERE "check" = 'places'}),
	qr/1 worker of the cluster cannot start.*raise max_worker_processes \(now 8\) to 12 or more and restart the server: all databases together need 10 workers/, 'and says which setting to raise');

sub warnings
{
	my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);

	return scalar(() = $log =~ /WARNING:  pg_respond has no slot/g);
}

# repeated(): warnings that follow another one before all workers had their places.
sub repeated
{
	my @lines = PostgreSQL::Test::Utils::slurp_file($node->logfile) =~ /pg_respond has (no place|started all)/g;

	return scalar(grep { $lines[$_] eq 'no place' && $lines[ $_ - 1 ] eq 'no place' } 1 .. $#lines);
}

# More reasons to try again do not make more warnings.
$node->reload for 1 .. 3;
$node->safe_psql('postgres', 'CREATE DATABASE db4');
$node->safe_psql('db4', 'CREATE EXTENSION pg_respond');
Respond::wait_until($node, 'db4', q{SELECT message LIKE '2 workers%' FROM respond.health() WHERE "check" = 'places'}, 'a second database waits');
is(warnings(), 1, 'one warning');
like(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/HINT:  Raise "max_worker_processes"/, 'it names the setting');
my $id = Respond::emit($node, 'db3', 'a.b');

$node->safe_psql('postgres', 'DROP DATABASE db1');
$node->safe_psql('postgres', 'DROP DATABASE db2');
Respond::wait_workers($node, $_, "$_ has its workers when places are free") for 'db3', 'db4';
Respond::wait_idle($node, 'db3', 'what waited is handled');
Respond::wait_until($node, 'db3', q{SELECT ok FROM respond.health() WHERE "check" = 'places'}, 'health() sees it');
is(repeated(), 0, 'still one warning, as long as places are missing');
my $before = warnings();
$node->safe_psql('postgres', 'CREATE DATABASE db5');
$node->safe_psql('db5', 'CREATE EXTENSION pg_respond');
Respond::wait_until($node, 'db5', q{SELECT NOT ok FROM respond.health() WHERE "check" = 'places'}, 'places are missing again');
cmp_ok(warnings(), '>', $before, 'that is worth another warning');
is(repeated(), 0, 'and one only');
$node->safe_psql('postgres', "DROP DATABASE $_") for 'db4', 'db5';

# Our own limit.
Respond::configure($node, 'pg_respond.max_workers' => 3, max_worker_processes => 16);
$node->restart;
$node->safe_psql('postgres', 'CREATE DATABASE db6');
$node->safe_psql('db6', 'CREATE EXTENSION pg_respond');
Respond::wait_until($node, 'db6', q{SELECT remedy LIKE 'raise pg_respond.max_workers (now 3)%' FROM respond.health() WHERE "check" = 'places'}, 'our own limit is named');
$node->safe_psql('postgres', 'DROP DATABASE db3');
Respond::wait_workers($node, 'db6', 'and places in it come free');

# A worker that cannot start is tried again, ever more seldom, and says so.
my $offset = -s $node->logfile;
$node->safe_psql('db6', 'ALTER ROLE respond_worker NOLOGIN');
Respond::signal_worker($node, 'db6', 'dispatcher', 'TERM');
Respond::wait_until($node, 'db6', q{SELECT failures >= 3 FROM respond.worker WHERE kind = 'dispatcher' AND state = 'failed'}, 'a worker that cannot start is tried again');
like($node->safe_psql('db6', q{SELECT message FROM respond.health() WHERE "check" = 'workers'}), qr/not running: dispatcher 1; the dispatcher failed \d+ times/, 'health() says so');
Respond::wait_until($node, 'db6', q{SELECT restart_at - now() > interval '1 second' FROM respond.worker WHERE kind = 'dispatcher' AND state = 'failed'}, 'after longer and longer pauses');
$node->safe_psql('db6', 'ALTER ROLE respond_worker LOGIN');
Respond::wait_workers($node, 'db6', 'and comes back');

# The role under another name.
$node->safe_psql('db6', 'ALTER ROLE respond_worker RENAME TO other');
Respond::signal_worker($node, 'db6', 'clock', 'TERM');
Respond::wait_until($node, 'db6', q{SELECT NOT ok FROM respond.health() WHERE "check" = 'role'}, 'health() misses the role');
$node->safe_psql('db6', 'ALTER ROLE other RENAME TO respond_worker');
Respond::wait_workers($node, 'db6', 'with the role the workers come back');
$node->stop;

done_testing();
