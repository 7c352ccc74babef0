# pg_upgrade: everything is there afterwards, the workers hold, and release() handles what was left, once.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'desk';
my $old = Respond::node('old');
Respond::create_extension($old, $db);
Respond::add_rule($old, $db, 'open', 'order.*', [ { action => 'ticket', subject => 'Order {{data.n}}' } ]);
$old->safe_psql($db, q{INSERT INTO respond.event (type, data) SELECT 'order.created', jsonb_build_object('n', i) FROM generate_series(1, 50) AS i});
Respond::wait_until($old, $db, 'SELECT count(*) = 50 FROM respond.ticket', 'the old cluster works');
$old->safe_psql($db, q{SELECT respond.hold('upgrade')});
$old->safe_psql($db, q{INSERT INTO respond.event (type, data) SELECT 'order.created', jsonb_build_object('n', i) FROM generate_series(51, 57) AS i});
$old->stop;

my $new = Respond::node('new', start => 0);
my $bin = $old->config_data('--bindir');
command_ok([ 'pg_upgrade', '--no-sync', '-b', $bin, '-B', $bin, '-d', $old->data_dir, '-D', $new->data_dir,
		'-p', $old->port, '-P', $new->port, '-s', $new->host ], 'pg_upgrade');

$new->start;
Respond::wait_workers($new, $db, 'the workers start');
Respond::wait_until($new, $db, q{SELECT NOT ok AND message LIKE '%restored or copied%' FROM respond.health() WHERE "check" = 'hold'},
	'they hold, and health() says why');
is($new->safe_psql($db, 'SELECT object, fault FROM respond_internal.manifest_fault()'), '', 'nothing counts as changed: the catalogs that pg_dump writes out are the same');
is($new->safe_psql($db, 'SELECT count(*) FROM respond.ticket'), '50', 'all tickets are there, and no more');
is($new->safe_psql($db, 'SELECT count(*) FROM respond.event'), '107', 'all events are there: 57 orders, 50 tickets');
$new->safe_psql($db, 'SELECT respond.release()');
Respond::wait_idle($new, $db, 'after release() nothing waits');
is($new->safe_psql($db, q{SELECT count(*), count(DISTINCT event_id), count(*) FILTER (WHERE status <> 'succeeded') FROM respond.run}),
	'57|57|0', 'each event has one run');
$new->safe_psql($db, q{INSERT INTO respond.event (type, data) VALUES ('order.created', '{"n": 58}')});
Respond::wait_until($new, $db, q{SELECT count(*) = 1 FROM respond.ticket WHERE subject = 'Order 58'}, 'the new cluster works');
$new->stop;
done_testing();
