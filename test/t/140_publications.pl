# Publications of all kinds do not keep the workers from working; and health() notices a worker that only fails.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('publisher', wal_level => 'logical', 'pg_respond.partition_interval' => '1min');
my $node = $courier->node;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";

sub one { return $courier->one(@_); }

# health(check): its message and remedy when it is not ok.
sub health
{
	my ($check) = @_;

	return one(qq{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = '$check' AND NOT ok});
}

$courier->channel('hook', 'webhook', "$base/ok/hook");
$courier->channel('down', 'webhook', "$base/status/500", max_attempts => 2, retry_delays => '{50ms}');

for my $publication ('FOR ALL TABLES', 'FOR TABLES IN SCHEMA respond, respond_internal', 'FOR ALL TABLES WITH (publish_via_partition_root = true)')
{
	one("CREATE PUBLICATION p $publication");
	$courier->arrives('hook', "$publication: deliveries arrive");
	my $event = $courier->fire('down');
	$courier->until($event, q{status = 'dead'}, "$publication: they die");
	my $id = one("SELECT id FROM respond.delivery WHERE event_id = $event");
	one("SELECT respond.retry($id)");
	$courier->until($event, q{status = 'dead' AND attempts_before > 0}, "$publication: retry()");
	$node->safe_psql('desk', q{UPDATE respond.channel SET enabled = false WHERE name = 'down'});
	my $held = $courier->fire('down');
	$courier->until($held, q{status = 'pending'}, "$publication: one that waits");
	one("SELECT respond.discard((SELECT id FROM respond.delivery WHERE event_id = $held))");
	$courier->until($held, q{status = 'cancelled'}, "$publication: discard()");
	one(q{UPDATE respond.channel SET enabled = true WHERE name = 'down'});
	one(q{SELECT respond.replay(min(id)) FROM respond.event; SELECT respond.hold(); SELECT respond.release()});
	Respond::wait_idle($node, 'desk', "$publication: replay() and hold()");
	is(one('SELECT count(*) FROM pg_class WHERE relkind = \'r\' AND relnamespace IN (\'respond\'::regnamespace, \'respond_internal\'::regnamespace)
		AND relreplident = \'d\' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)'), '0', "$publication: every table has a replica identity");
	is(health('replica identity'), '', 'health() is content');
	one('DROP PUBLICATION p');
}

# --- a table without one, by hand: health() tells of it
one(q{SELECT format('ALTER TABLE %s REPLICA IDENTITY NOTHING', inhrelid::regclass) FROM pg_inherits WHERE inhparent = 'respond.delivery'::regclass
	\gexec
	CREATE PUBLICATION p FOR ALL TABLES});
like(health('replica identity'), qr/respond_internal\.delivery_.*ALTER TABLE/, 'health() tells of tables without one');
one(one(q{SELECT remedy FROM respond.health() WHERE "check" = 'replica identity'}));
is(health('replica identity'), '', 'its remedy makes it content');

# --- a worker that runs and only fails, whatever the reason
one('ALTER TABLE respond.attempt RENAME TO away');
one(q{SELECT respond.send_test('hook')});
Respond::wait_until($node, 'desk', q{SELECT NOT ok AND message ~ 'courier: \d+ errors in a row since .*SQLSTATE RS009' FROM respond.health() WHERE "check" = 'errors'}, 'health() notices a courier that only fails');
one('ALTER TABLE respond.away RENAME TO attempt');
one('ALTER TABLE respond_internal.progress_0 RENAME TO away; ALTER TABLE respond_internal.progress_1 RENAME TO away_1');
$courier->fire('hook');
Respond::wait_until($node, 'desk', q{SELECT NOT ok AND message ~ 'dispatcher 1: \d+ errors in a row since .*SQLSTATE RS009' FROM respond.health() WHERE "check" = 'errors'}, 'and a dispatcher');
one('ALTER TABLE respond_internal.away RENAME TO progress_0; ALTER TABLE respond_internal.away_1 RENAME TO progress_1');
Respond::wait_until($node, 'desk', q{SELECT bool_and(ok) FROM respond.health() WHERE "check" IN ('errors', 'replica identity')}, 'once that is undone it is content');
$courier->until_all('hook', q{status = 'delivered'}, 'and all is delivered');

# --- due and never tried
Respond::configure($node, 'pg_respond.courier' => 'off');
$node->reload;
Respond::wait_until($node, 'postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond courier')});
my $event = $courier->fire('hook');
$courier->until($event, q{status = 'pending'}, 'one that waits');
one("UPDATE respond.delivery SET next_attempt_at = now() - interval '2 minutes' WHERE event_id = $event");
like(health('untried'), qr/^channels with deliveries .*: 1: hook \(since /, 'health() tells what is due and was never tried');
$node->stop;
done_testing();
