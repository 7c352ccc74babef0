# Events restored into a cluster whose transaction numbers are lower: they are not taken for new ones, neither when the
# numbers get there nor when the copy is dumped and restored again.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'desk';
my $origin = Respond::node('origin');
Respond::create_extension($origin, $db);
Respond::add_rule($origin, $db, 'open', 'order.*', [ { action => 'ticket', subject => 'Order {{data.id}}' } ]);

# The transaction numbers of the origin run ahead of those of the new cluster.
Respond::emit($origin, $db, 'order.created', { id => $_ }) for 1 .. 20;
$origin->safe_psql($db, 'CREATE TABLE counted (n integer)');
$origin->safe_psql($db, q{DO $$ BEGIN FOR i IN 1 .. 500 LOOP INSERT INTO counted VALUES (i); COMMIT; END LOOP; END $$});
Respond::emit($origin, $db, 'order.created', { id => $_ }) for 21 .. 40;
Respond::wait_idle($origin, $db);
is($origin->safe_psql($db, 'SELECT count(*) FROM respond.ticket'), '40', 'the original has handled 40 events');
$origin->safe_psql($db, q{SELECT respond.hold('backup')});
Respond::wait_until($origin, $db, q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'dispatcher'});
Respond::emit($origin, $db, 'order.created', { id => $_ }) for 41 .. 45;

my $dump = "$origin->{_basedir}/dump";
$origin->command_ok([ 'pg_dump', '--format=custom', "--file=$dump", $origin->connstr($db) ], 'pg_dump');
$origin->stop;

my $copy = Respond::node('copy');
$copy->safe_psql('postgres', "CREATE DATABASE $db");
$copy->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $copy->connstr($db), $dump ], 'pg_restore');
Respond::wait_workers($copy, $db, 'the workers are there');
is($copy->safe_psql($db, q{SELECT string_agg(DISTINCT state, ' ') FROM respond.worker WHERE kind <> 'launcher'}), 'holding', 'and hold');
like($copy->safe_psql($db, q{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = 'hold' AND NOT ok}),
	qr/restored.*respond\.release\(\)/, 'health() says why, and what to do');
is($copy->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'order.created'}), '45', 'all events were restored');
cmp_ok($copy->safe_psql($db, 'SELECT max(xid) FROM respond.event'), '>', $copy->safe_psql($db, 'SELECT pg_current_xact_id()'), 'with numbers that lie ahead');
is($copy->safe_psql($db, 'SELECT count(*), sum(id) FROM respond.ticket'), '40|820', 'and all tickets, as they were');
is($copy->safe_psql($db, 'SELECT count(*) FROM respond.run'), '40', 'and all runs');
Respond::emit($copy, $db, 'order.created', { id => 46 });
$copy->safe_psql($db, q{SELECT respond.hold('not yet')});
like($copy->safe_psql($db, q{SELECT message FROM respond.health() WHERE "check" = 'hold'}), qr/restored/, 'hold() does not hide that it was restored');

$copy->safe_psql($db, 'SELECT respond.release()');
Respond::wait_idle($copy, $db, 'after release() all events are handled');
is($copy->safe_psql($db, q{SELECT count(*), count(DISTINCT subject) FROM respond.ticket}), '46|46', 'each once');
Respond::emit($copy, $db, 'order.created', { id => 47 });
Respond::wait_idle($copy, $db);
is($copy->safe_psql($db, q{SELECT count(*), count(DISTINCT subject) FROM respond.ticket}), '47|47', 'new ones too');
$copy->safe_psql($db, q{DO $$ BEGIN FOR i IN 1 .. 1500 LOOP INSERT INTO counted VALUES (i); COMMIT; END LOOP; END $$});
$copy->restart;
Respond::emit($copy, $db, 'order.created', { id => 48 });
Respond::wait_idle($copy, $db);
is($copy->safe_psql($db, q{SELECT count(*), count(DISTINCT subject) FROM respond.ticket}), '48|48', 'nothing is done again when the numbers get there');

# The copy in plain SQL, the database made by the dump itself.
my $plain = "$copy->{_basedir}/plain.sql";
$copy->command_ok([ 'pg_dump', '--create', "--file=$plain", $copy->connstr($db) ], 'pg_dump of the copy');
$copy->safe_psql('postgres', "DROP DATABASE $db");
$copy->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--dbname', $copy->connstr('postgres'), "--file=$plain" ], 'psql');
Respond::wait_workers($copy, $db);
is($copy->safe_psql($db, q{SELECT state FROM respond.worker WHERE kind = 'dispatcher'}), 'holding', 'a restore into the same cluster holds too');
$copy->safe_psql($db, 'SELECT respond.release()');
Respond::emit($copy, $db, 'order.created', { id => 49 });
Respond::wait_idle($copy, $db);
is($copy->safe_psql($db, q{SELECT count(*), count(DISTINCT subject) FROM respond.ticket}), '49|49', 'and goes on after release()');
$copy->stop;

done_testing();
