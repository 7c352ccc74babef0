# The switches for an emergency: pg_respond.enabled and pg_respond.courier, which need a reload and no session.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('switches', restart_after_crash => 'on');
my $node = $courier->node;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";

sub one { return $courier->one(@_); }

sub reload
{
	my (%conf) = @_;

	Respond::configure($node, %conf);
	$node->reload;
	return;
}

# health(check): its message and remedy when it is not ok.
sub health
{
	my ($check) = @_;

	return one(qq{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = '$check' AND NOT ok});
}

Respond::create_extension($node, 'second');
$courier->channel('hook', 'webhook', "$base/ok/hook");
$courier->arrives('hook', 'it works');
Respond::add_rule($node, 'desk', 'long', 'long', [ { action => 'sql', sql => 'SELECT pg_sleep(3600)' } ]);

# --- enabled = off, while one worker is busy with SQL that does not end
reload('pg_respond.rule_timeout' => '1h');
Respond::emit($node, 'desk', 'long');
Respond::wait_until($node, 'desk', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'pg_respond dispatcher')}, 'a worker is busy');
reload('pg_respond.enabled' => 'off');
Respond::wait_no_workers($node, 'desk', 'enabled = off: the workers of the database end, a busy one too') for 1;
Respond::wait_until($node, 'postgres', q{SELECT array_agg(DISTINCT backend_type) = '{"pg_respond launcher"}' FROM pg_stat_activity WHERE backend_type LIKE 'pg\_respond%'}, 'those of other databases too; the launcher stays');
one(q{DELETE FROM respond.rule WHERE name = 'long'});
my $waits = $courier->fire('hook');
is(one('SELECT sum(events) FROM respond.lag'), '2', 'events are recorded and wait');
like(health('switches'), qr/pg_respond\.enabled is off.*pg_respond\.enabled = on.*pg_reload_conf/, 'health() says so, and how to turn it on');
is(health('workers'), '', 'and does not miss the workers');
is($node->safe_psql('second', q{SELECT count(*) FROM respond.health() WHERE "check" = 'switches' AND NOT ok}), '1', 'in the other database too');
$node->restart;
is(one(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('pg_respond dispatcher', 'pg_respond clock', 'pg_respond courier')}), '0', 'nothing starts with the server');
ok(!Respond::log_has($node, qr/has no slot for/), 'no worker is missed');

# --- enabled = on
reload('pg_respond.enabled' => 'on');
$courier->until($waits, q{status = 'delivered'}, 'enabled = on: what waited is handled and sent');
is(health('switches'), '', 'health() is content');

# --- courier = off
reload('pg_respond.courier' => 'off');
Respond::wait_until($node, 'postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond courier')}, 'courier = off: couriers end');
my $before = () = $receiver->requests('/ok/hook');
my $kept = $courier->fire('hook');
$courier->until($kept, q{status = 'pending' AND attempts = 0}, 'rules go on, deliveries are recorded');
is(scalar(() = $receiver->requests('/ok/hook')), $before, 'nothing is sent');
like(health('switches'), qr/pg_respond\.courier is off.*pg_respond\.courier = on/, 'health() says so');
is(health('workers'), '', 'and does not miss the courier');
reload('pg_respond.courier' => 'on');
$courier->until($kept, q{status = 'delivered'}, 'courier = on: it is sent');

# --- a crash loop: the switch works although workers die again and again
Respond::add_rule($node, 'desk', 'deadly', 'deadly', [ { action => 'sql', sql => q{SELECT pg_sleep(3600) FROM pg_sleep(0)} } ]);
Respond::emit($node, 'desk', 'deadly');
Respond::wait_until($node, 'desk', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'pg_respond dispatcher')}, 'a worker is busy');
Respond::signal_worker($node, 'desk', 'dispatcher', 'KILL');
reload('pg_respond.enabled' => 'off');
Respond::wait_until($node, 'postgres', q{SELECT count(*) = 1 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type IN ('pg_respond dispatcher', 'pg_respond clock', 'pg_respond courier'))
	FROM pg_stat_activity WHERE backend_type = 'pg_respond launcher'}, 'during a crash: no worker comes back');

# --- who may set them, and where
isnt($node->psql('desk', 'SET pg_respond.enabled = off'), 0, 'a session cannot switch');
isnt($node->psql('desk', 'ALTER DATABASE desk SET pg_respond.courier = off'), 0, 'nor a database: there respond.hold() is for that');
$node->stop;
done_testing();
