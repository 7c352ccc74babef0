# A standby, its promotion, and a server that was stopped hard.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $primary = Respond::node('primary', init => [ allows_streaming => 1 ]);
Respond::create_extension($primary, 'desk');
Respond::emit($primary, 'desk', 'before.backup');
Respond::wait_idle($primary, 'desk');
$primary->safe_psql('desk', 'CREATE TABLE payment (id integer)');
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
my $hold = $primary->safe_psql('desk', q{SELECT respond.hold('maintenance')});
Respond::emit($primary, 'desk', 'not.handled');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

is($standby->safe_psql('desk', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg\_respond%'}), '0', 'nothing runs on a standby');
is($standby->safe_psql('desk', 'SELECT count(*) FROM respond.worker'), '0', 'respond.worker can be read there');
is($standby->safe_psql('desk', q{SELECT ok FROM respond.health() WHERE "check" = 'server'}), 'f', 'health() can be called there');
like($standby->safe_psql('desk', q{SELECT message FROM respond.health() WHERE NOT ok}), qr/standby/, 'and says that it is one');
is($standby->safe_psql('desk', 'SELECT sum(events) FROM respond.lag'), '1', 'respond.lag can be read there');
for my $call (q{hold('x')}, 'release()', q{emit('x.y')}, q{watch('payment')}, q{unwatch('payment')}, 'replay(1)', q{start('x')}, q{import_rules('[]')})
{
	my ($name) = $call =~ /^(\w+)/;
	my ($out, $err);

	isnt($standby->psql('desk', "SELECT respond.$call", stdout => \$out, stderr => \$err, on_error_stop => 1), 0, "$call fails on a standby");
	like($err, qr/\Q$name() is not possible on a standby\E.*primary/s, 'and says why');
}
is($standby->safe_psql('desk', q{SELECT count(*) FROM respond.simulate('a.b')}), '0', 'simulate() works there');

$primary->stop('immediate');
$standby->promote;
my $err;
Respond::wait_workers($standby, 'desk', 'after promotion the workers run');
is($standby->safe_psql('desk', q{SELECT state FROM respond.worker WHERE kind = 'dispatcher'}), 'holding', 'a hold outlasts promotion');
$standby->safe_psql('desk', 'SELECT respond.release()');
Respond::wait_idle($standby, 'desk', 'after release() what waited is handled');
Respond::emit($standby, 'desk', 'after.promotion');
Respond::wait_idle($standby, 'desk', 'and new events too');

$standby->stop('immediate');
$standby->start;
Respond::emit($standby, 'desk', 'after.crash');
Respond::wait_idle($standby, 'desk', 'after a crash the workers are back');

# The library was not loaded at server start.
$standby->stop;
Respond::configure($standby, shared_preload_libraries => '');
$standby->start;
isnt($standby->psql('postgres', 'CREATE EXTENSION pg_respond', stderr => \$err, on_error_stop => 1), 0, 'without the library CREATE EXTENSION fails');
like($err, qr/must be loaded when the server starts.*shared_preload_libraries = 'pg_respond'/s, 'and names the line to add');
is($standby->safe_psql('desk', q{SELECT "check", ok FROM respond.health()}), 'library|f', 'health() says that the library is not loaded');
like($standby->safe_psql('desk', 'SELECT remedy FROM respond.health()'), qr/shared_preload_libraries/, 'and what to do');
$standby->stop;

done_testing();
