# Library and extension of different versions: the workers wait and say so, and the scripts refuse a library of another version.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'desk';
my $node = Respond::node('main');
Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'open', 'order.*', [ { action => 'ticket', subject => 'Order {{data.id}}' } ]);
$node->safe_psql($db, q{CREATE TABLE watched (id int PRIMARY KEY); SELECT respond.watch('watched', 'order.row')});
Respond::emit($node, $db, 'order.created', { id => 1 });
Respond::wait_idle($node, $db);
my $version = $node->safe_psql($db, 'SELECT respond_internal.library_version()');
is($node->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'pg_respond'}), $version, 'both are of one version');

# As after a new package: the server starts with a library that is not that of the database's extension.
$node->safe_psql($db, q{UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'pg_respond'});
$node->restart;
ok($node->wait_for_log(qr/no workers run in database "desk", because library and extension differ/), 'the log says that none run');
ok(Respond::log_has($node, qr/library \Q$version\E in memory, the database has extension 0\.0\.9/), 'and why');
Respond::emit($node, $db, 'order.created', { id => 2 });
$node->safe_psql($db, 'INSERT INTO watched VALUES (3)');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type ~ '^order'}), '3', 'events are recorded, by watches too');
my $health = q{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = '%s' AND NOT ok};
like($node->safe_psql($db, sprintf($health, 'shapes')), qr/library \Q$version\E in memory, this database has extension 0\.0\.9.*ALTER EXTENSION pg_respond UPDATE/,
	'health() says it, with the remedy');
like($node->safe_psql($db, sprintf($health, 'workers')), qr/not running: .*, because library and extension differ: see check shapes/, 'and why no workers run');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.worker WHERE kind IN ('dispatcher', 'courier') AND state <> 'ended'}), '0', 'nobody acts');
is($node->safe_psql($db, 'SELECT count(*) FROM respond.ticket'), '1', 'no ticket was made');

# A package that is there for one database and not yet for another: the first is served.
Respond::create_extension($node, 'other');
Respond::wait_workers($node, 'other', 'another database is served');

# The remedy, as far as it can be had without a second package: the extension gets the version of the library.
$node->safe_psql($db, qq{UPDATE pg_extension SET extversion = '$version' WHERE extname = 'pg_respond'});
$node->restart;
Respond::wait_workers($node, $db, 'the workers come when both agree');
Respond::wait_idle($node, $db, 'and handle what was recorded meanwhile');
is($node->safe_psql($db, 'SELECT count(*), count(DISTINCT subject) FROM respond.ticket'), '3|3', 'each once');

done_testing();
