# Tables of ours that are written anew while their rows are in work (VACUUM FULL, CLUSTER, DETACH): no event and no
# outcome depends on the place that a row had in the file.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;
use Courier;


my $courier = Courier::start('rewritten', 'pg_respond.batch_size' => 10);
my $node = $courier->node;
my $receiver = Peers::receiver();

sub one { return $courier->one(@_); }

# ---- Deliveries whose requests are under way. ----

# Dead rows at the front of the file: rewriting it moves all others.
one(q{BEGIN; INSERT INTO respond.delivery (channel, next_attempt_at) SELECT 'x', now() FROM generate_series(1, 2000); ROLLBACK});
$courier->channel('other', 'webhook', "http://127.0.0.1:$receiver->{port}/ok");
$courier->channel('slow', 'webhook', "http://127.0.0.1:$receiver->{port}/slow/3000", concurrency => 100, timeout => '60s');

# rewrite(name, sql...): the statements run while forty requests wait for their answers
sub rewrite
{
	my ($name, @sql) = @_;
	my $before = scalar($receiver->requests);

	$courier->fire_many('slow', 40);
	Respond::wait_for(sub { scalar($receiver->requests) >= $before + 40 });
	one($_) for @sql;
	# new rows may take the places of old ones
	$courier->fire_many('other', 20);
	$courier->until_all('other', q{status = 'delivered'}, "$name: others go on");
	$courier->until_all('slow', q{status = 'delivered' AND attempts = 1}, "$name: each outcome is recorded");
	return;
}

rewrite('VACUUM FULL', 'VACUUM FULL respond.delivery');
rewrite('more than once', 'CLUSTER respond.delivery_default USING delivery_default_id_idx', 'VACUUM FULL respond.delivery_default, respond.attempt',
	split(/\n/, one(q{SELECT format('CLUSTER %s USING %I', i.indrelid::regclass, c.relname) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
		WHERE c.relname ~ '^delivery_\d+_\d+_id_idx$'})));
is(one(q{SELECT count(*) FROM respond.attempt}), one(q{SELECT count(*) FROM respond.delivery}), 'each try is on record once');

# Rows that are gone have no outcome any more; nobody minds.
for my $gone ('TRUNCATE respond.delivery', do {
	my $partition = one(q{SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid WHERE inhparent = 'respond.delivery'::regclass
		AND pg_get_expr(relpartbound, c.oid) LIKE 'FOR VALUES%' ORDER BY relname LIMIT 1});
	"ALTER TABLE respond.delivery DETACH PARTITION $partition" })
{
	my $before = scalar($receiver->requests);

	$courier->fire_many('slow', 20);
	Respond::wait_for(sub { scalar($receiver->requests) >= $before + 20 });
	one($gone);
	Respond::wait_until($node, $courier->db, q{SELECT requests_in_flight = 0 FROM (SELECT count(*) AS requests_in_flight FROM respond.delivery WHERE channel = 'slow' AND status = 'pending') AS q}, "$gone: nothing is pending");
	$courier->arrives('other', "$gone: the courier goes on");
	Respond::wait_until($node, $courier->db, sprintf('SELECT count(*) = %d FROM respond.attempt', scalar($receiver->requests)), "$gone: each try is on record");
}
is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'the courier met no error') or diag(`tail -n 20 ${\$node->logfile}`);

# ---- Events that a dispatcher knows the places of. ----

one(q{CREATE TABLE took (event_id bigint)});
Respond::add_rule($node, $courier->db, 'slowly', 'many', [ { action => 'sql', sql => 'INSERT INTO public.took SELECT event.id FROM pg_sleep(0.002)' } ]);
one(q{BEGIN; INSERT INTO respond.event (type) SELECT 'gone' FROM generate_series(1, 3000); ROLLBACK;
	INSERT INTO respond.event (type) SELECT 'many' FROM generate_series(1, 1500) ORDER BY 1});
for my $round (1 .. 3)
{
	Respond::wait_until($node, $courier->db, "SELECT count(*) >= $round * 300 FROM took", "round $round: a part is handled");
	one('VACUUM FULL respond.event');
}
Respond::wait_idle($node, $courier->db, 'all events are handled');
is(one(q{SELECT count(*) || ' ' || count(DISTINCT event_id) FROM took}), '1500 1500', 'each took effect once');

# ---- ALTER TABLE writes rows anew as its own: a snapshot of before, which waited for its lock, sees none of them. ----

$node->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.lock_timeout = '60s'});
$node->reload;
Respond::wait_until($node, $courier->db, q{SELECT setting = '60000' FROM pg_settings WHERE name = 'pg_respond.lock_timeout'});
my $pid = Respond::worker_pid($node, $courier->db, 'dispatcher');
my $session = Respond::session($node, $courier->db);

kill('STOP', $pid);
Respond::emit($node, $courier->db, 'many');
$session->query_safe('BEGIN; ALTER TABLE respond.event ADD COLUMN mine integer GENERATED ALWAYS AS (1 + 1) STORED');
kill('CONT', $pid);
Respond::wait_until($node, $courier->db, "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $pid AND NOT granted)", 'ALTER TABLE: the dispatcher waits for the log');
$session->query_safe('COMMIT');
$session->quit;
Respond::emit($node, $courier->db, 'many');
Respond::wait_until($node, $courier->db, q{SELECT count(*) >= 1501 FROM took}, 'ALTER TABLE: what comes behind it is handled');
Respond::wait_idle($node, $courier->db, 'ALTER TABLE: nothing waits');
is(one(q{SELECT count(*) || ' ' || count(DISTINCT event_id) FROM took}), '1502 1502', 'ALTER TABLE: and what was there before it, too');
$courier->stop;
done_testing();
