# Tables of ours that do not look as the library expects them: columns that were added, dropped, moved, renamed or given another type.
# Nothing crashes, added columns get their defaults, and what does not fit is an error in words that goes away with its cause.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('shapes', autovacuum => 'off');
my $node = $courier->node;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my @tables = qw(respond.event respond.run respond.delivery respond.attempt respond.audit_log respond.ticket respond.ticket_history respond.comment respond.team
	respond.rule respond.rule_version respond.mute respond.route respond.channel respond.channel_kind respond.mask respond.inbound_scheme respond.inbound_source respond.inbound_reject
	respond_internal.progress_0 respond_internal.progress_1 respond_internal.requeue respond_internal.dead_event respond_internal.suspect
	respond_internal.event_key respond_internal.channel_secret respond_internal.inbound_secret);
my $round = 0;

sub one { return $courier->one(@_); }

# works(message): rules, tickets, deliveries and every trigger do.
sub works
{
	my ($message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$round++;
	my $sent = $courier->fire('hook', { text => "round $round" }, "round/$round");
	$courier->until($sent, q{status = 'delivered'}, "$message: delivered");
	my $event = Respond::emit($node, 'desk', 'open', { n => $round }, "round/$round");
	Respond::wait_until($node, 'desk', "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'succeeded')", "$message: a run");
	my $ok = one(qq{
		INSERT INTO respond.event (type, key, source) VALUES ('plain', 'k$round', '/x') RETURNING id > 0;
		UPDATE respond.ticket SET status = 'solved' WHERE key = 'n$round';
		INSERT INTO respond.comment (ticket_id, body) SELECT id, 'x' FROM respond.ticket WHERE key = 'n$round';
		UPDATE respond.rule SET description = 'round $round' WHERE name = 'open';
		INSERT INTO respond.mute (event_type, until_time) VALUES ('quiet', '2100-01-01');
		UPDATE respond.mute SET reason = 'x' WHERE event_type = 'quiet';
		INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('r$round', 'plain', 'heard');
		UPDATE respond.channel SET description = 'round $round' WHERE name = 'hook';
		INSERT INTO respond.channel_kind (name, transport, url, body) VALUES ('kind$round', 'http', '$base/ok/kind', '{}');
		DELETE FROM respond.channel_kind WHERE name = 'kind$round';
		INSERT INTO respond.inbound_scheme (name, algorithm, header, signed) VALUES ('scheme$round', 'hmac-sha256', 'x-signature', '{{body}}');
		INSERT INTO respond.inbound_source (name, scheme) VALUES ('source$round', 'scheme$round');
		UPDATE respond.inbound_source SET description = 'x' WHERE name = 'source$round';
		SELECT respond.inbound_test('source$round');
		DELETE FROM respond.inbound_source WHERE name = 'source$round';
		DELETE FROM respond.inbound_scheme WHERE name = 'scheme$round';
		INSERT INTO respond.mask (event_type, path) VALUES ('masked', 'card');
		INSERT INTO respond.team (name) VALUES ('team $round');
		SELECT respond.replay($event)});
	Respond::wait_until($node, 'desk', "SELECT count(*) = 2 FROM respond.run WHERE event_id = $event AND status = 'succeeded'", "$message: a replay");
	is(one(q{SELECT coalesce(string_agg(message, ' ') FILTER (WHERE NOT ok), '') FROM respond.health() WHERE "check" IN ('shapes', 'errors')}), '', "$message: health()");
	return;
}

# everywhere(sql): runs a statement for each table; TABLE stands for its name.
sub everywhere
{
	my ($sql) = @_;

	one(join(";\n", map { $sql =~ s/TABLE_NAME/$_/gr } @tables));
	return;
}

$courier->channel('hook', 'webhook', "$base/ok/hook");
Respond::add_rule($node, 'desk', 'open', 'open', [ { action => 'ticket', subject => 'n', key => 'n{{data.n}}' }, { action => 'emit', type => 'more' } ]);
works('as installed');
my $restarts = one(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'checkpointer' AND backend_start < now()});
my $started = $node->safe_psql('postgres', q{SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'});

# --- columns of every kind behind ours
everywhere('ALTER TABLE TABLE_NAME ADD COLUMN mine text');
works('a further column');
everywhere(q{ALTER TABLE TABLE_NAME ADD COLUMN mine_too text NOT NULL DEFAULT 'given', ADD COLUMN now_then timestamptz DEFAULT clock_timestamp(),
	ADD COLUMN twice int GENERATED ALWAYS AS (2 * 21) STORED});
everywhere(q{ALTER TABLE TABLE_NAME ADD COLUMN low int DEFAULT 7, ADD COLUMN numbered bigserial});
works('columns with defaults');
for my $table (qw(event run delivery attempt audit_log ticket_history rule_version))
{
	my $key = $table eq 'attempt' ? 'at' : $table eq 'rule_version' ? 'changed_at' : $table eq 'run' ? 'started_at' : $table eq 'event' ? 'recorded_at' : $table eq 'delivery' ? 'created_at' : 'at';

	is(one("SELECT concat_ws('|', mine_too, twice, low, now_then IS NOT NULL, numbered > 0) FROM respond.$table ORDER BY $key DESC LIMIT 1"), 'given|42|7|t|t', "respond.$table: defaults");
}
is(one(q{SELECT count(*) FROM respond_internal.progress_0 WHERE mine_too IS NULL}), '0', 'progress: defaults');
one('ALTER TABLE respond.run ADD COLUMN of_ours text GENERATED ALWAYS AS (status || rule) STORED');
works('a generated column of ours');
is(one(q{SELECT DISTINCT of_ours FROM respond.run WHERE rule = 'open'}), 'succeededopen', 'has its value');
one(q{ALTER TABLE respond.delivery ADD COLUMN sent boolean GENERATED ALWAYS AS (status = 'delivered') STORED});
works('a generated column of a row that changes');
is(one(q{SELECT bool_and(sent) FROM respond.delivery WHERE status = 'delivered'}), 't', 'follows the change');

# --- columns gone again
everywhere('ALTER TABLE TABLE_NAME DROP COLUMN mine, DROP COLUMN now_then, DROP COLUMN numbered');
works('dropped columns');

# --- ours at other places
one(q{
	ALTER TABLE respond.ticket_history ADD COLUMN moved text; ALTER TABLE respond.ticket_history DROP COLUMN rule; ALTER TABLE respond.ticket_history RENAME COLUMN moved TO rule;
	ALTER TABLE respond.attempt ADD COLUMN moved text; ALTER TABLE respond.attempt DROP COLUMN error; ALTER TABLE respond.attempt RENAME COLUMN moved TO error;
	ALTER TABLE respond_internal.requeue ADD COLUMN moved text; ALTER TABLE respond_internal.requeue DROP COLUMN rule; ALTER TABLE respond_internal.requeue RENAME COLUMN moved TO rule;
	ALTER TABLE respond_internal.progress_0 ADD COLUMN moved xid8; ALTER TABLE respond_internal.progress_0 DROP COLUMN split_xid; ALTER TABLE respond_internal.progress_0 RENAME COLUMN moved TO split_xid;
});
works('moved columns');

# --- what does not fit is an error in words, and over when it is undone
for my $fault (
	[ 'respond.run', 'RENAME COLUMN step TO stride', 'RENAME COLUMN stride TO step', 'column "step" is missing' ],
	[ 'respond.run', 'ALTER COLUMN parent_id TYPE text', 'ALTER COLUMN parent_id TYPE bigint USING parent_id::bigint', 'column "parent_id" has type text' ],
	[ 'respond.delivery', 'ALTER COLUMN attempts TYPE text', 'ALTER COLUMN attempts TYPE integer USING attempts::integer', 'column "attempts" has type text' ],
	[ 'respond.delivery', 'RENAME COLUMN body TO corpus', 'RENAME COLUMN corpus TO body', 'column "body" is missing' ],
	[ 'respond.attempt', 'RENAME COLUMN response TO answer', 'RENAME COLUMN answer TO response', 'column "response" is missing' ],
	[ 'respond.channel', 'ALTER COLUMN concurrency TYPE text', 'ALTER COLUMN concurrency TYPE integer USING concurrency::integer', 'column "concurrency" has type text' ],
	[ 'respond.ticket_history', 'ALTER COLUMN field TYPE integer USING 1', q{ALTER COLUMN field TYPE text}, 'column "field" has type integer' ],
	[ 'respond.event', 'RENAME COLUMN incarnation TO mark', 'RENAME COLUMN mark TO incarnation', 'column "incarnation" is missing' ],
	[ 'respond_internal.requeue', 'RENAME COLUMN forced TO made', 'RENAME COLUMN made TO forced', 'column "forced" is missing' ])
{
	my ($table, $break, $mend, $words) = @$fault;
	my $message = "$table: $break";

	one("ALTER TABLE $table DROP COLUMN IF EXISTS of_ours, DROP COLUMN IF EXISTS sent; ALTER TABLE $table $break");
	like(one(q{SELECT message FROM respond.health() WHERE "check" = 'shapes' AND NOT ok}), qr/library and extension differ: .*\Q$words\E/, "$message: health() says so");
	my ($code, $out, $err) = $node->psql('desk', q{INSERT INTO respond.event (type, data) VALUES ('go.hook', '{"text": "meanwhile"}'), ('open', '{"n": "m"}')});
	my $recorded = $code == 0;
	like($err, qr/is not as this library expects it|has no column/, "$message: an error in words") unless $recorded;
	Respond::wait_until($node, 'desk', q{SELECT NOT ok AND message ~ 'SQLSTATE RS009' FROM respond.health() WHERE "check" = 'errors'}, "$message: workers wait") if $recorded;
	one("ALTER TABLE $table $mend");
	works("$message, undone");
	is(one('SELECT count(*) FROM respond_internal.dead_event'), '0', "$message: no event was given up");
}
is(one(q{SELECT count(*) FROM respond.event AS e WHERE e.type = 'open' AND NOT EXISTS (SELECT FROM respond.run AS r WHERE r.event_id = e.id AND r.status = 'succeeded')}), '0', 'what was recorded meanwhile was handled');

# --- tables with another name or in another schema: the remedy of health() brings them back, and what was recorded meanwhile is handled
for my $away (
	[ 'respond.rule', 'ALTER TABLE respond.rule RENAME TO away' ],
	[ 'respond.team', 'ALTER TABLE respond.team RENAME TO "a way"' ],
	[ 'respond.run', 'ALTER TABLE respond.run SET SCHEMA public' ],
	[ 'respond.ticket', 'ALTER TABLE respond.ticket SET SCHEMA public; ALTER TABLE public.ticket RENAME TO away' ],
	[ 'respond_internal.set_aside_event', 'ALTER TABLE respond_internal.set_aside_event RENAME TO away' ],
	[ 'respond_internal.suspect', 'ALTER TABLE respond_internal.suspect SET SCHEMA public' ])
{
	my ($table, $break) = @$away;

	one($break);
	one(q{INSERT INTO respond.event (type, data) VALUES ('open', '{"n": "away"}')});
	Respond::wait_until($node, 'desk', q{SELECT NOT ok AND message ~ 'SQLSTATE RS009' FROM respond.health() WHERE "check" = 'errors'}, "$break: workers wait");
	my ($message, $remedy) = split(/\|/, one(q{SELECT message, remedy FROM respond.health() WHERE "check" = 'manifest'}), 2);
	like($message, qr/^table \Q$table\E is missing, but there is /, "$break: health() says so, and nothing else");
	one($remedy =~ s/^as a superuser: //r);
	works("$break, and the remedy");
	is(one('SELECT count(*) FROM respond_internal.dead_event'), '0', "$break: no event was given up");
}

# --- partitions that are no tables, and other things with the names of our tables
one(q{CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw});
for my $table (qw(event run delivery attempt audit_log))
{
	$node->psql('desk', "CREATE FOREIGN TABLE public.far_$table PARTITION OF respond.$table FOR VALUES FROM ('2000-01-01') TO ('2000-01-02')
		SERVER files OPTIONS (filename '/dev/null', format 'csv')");
}
is(one(q{SELECT count(*) FROM pg_inherits WHERE inhrelid = 'public.far_event'::regclass}), '1', 'a foreign table is a partition of the log');
works('foreign partitions');
like($node->psql('desk', 'SELECT respond.replay(9000000000000)') ? 'refused' : 'replayed', qr/refused/, 'an event that is nowhere is looked for in all of them');

# What changes deliveries leaves them out: whoever writes and deletes, and the courier that looks at all of them.
is(one(q{SELECT count(*) FROM pg_inherits WHERE inhrelid = 'public.far_delivery'::regclass}), '1', 'a foreign table is a partition of deliveries');
for my $case ([ 'NULL', q{status = 'delivered'}, 'a delivery that names its channel is adopted and sent' ],
	[ 'gen_random_uuid()', q{status = 'cancelled' AND last_error = 'the channel was deleted'}, 'the courier cancels what has no channel' ])
{
	my ($channel, $wanted, $message) = @$case;
	my $delivery = one("INSERT INTO respond.delivery (key, channel, channel_id, status, next_attempt_at, body)
		VALUES (gen_random_uuid(), 'hook', $channel, 'pending', now(), '{}') RETURNING id");

	Respond::wait_until($node, 'desk', "SELECT $wanted FROM respond.delivery WHERE id = $delivery", "foreign partitions: $message");
}
$courier->channel('far', 'webhook', "$base/ok/far", enabled => 'false');
my $far = $courier->fire('far');
$courier->until($far, q{status = 'pending'}, 'foreign partitions: a delivery waits');
one(q{DELETE FROM respond.channel WHERE name = 'far'});
$courier->until($far, q{status = 'cancelled' AND last_error ~ '^the channel was deleted by '}, 'foreign partitions: it ends with its channel');
works('foreign partitions, deliveries changed');
one('DROP EXTENSION file_fdw CASCADE');
for my $kind ('VIEW respond.THE_TABLE AS SELECT * FROM public.THE_TABLE', 'TABLE respond.THE_TABLE (LIKE public.THE_TABLE) PARTITION BY LIST (THE_KEY)')
{
	for my $table ('ticket_history field', 'rule name', 'mask path', 'producer source', 'rule_version name')
	{
		my ($name, $key) = split(/ /, $table);
		my $sql = $kind =~ s/THE_TABLE/$name/gr =~ s/THE_KEY/$key/r;

		$node->safe_psql('desk', "BEGIN; ALTER TABLE respond.$name SET SCHEMA public; CREATE $sql; COMMIT");
		$node->psql('desk', q{INSERT INTO respond.ticket (subject) VALUES ('x'); UPDATE respond.ticket SET status = 'solved' WHERE id = (SELECT max(id) FROM respond.ticket);
			UPDATE respond.rule SET description = 'x'; INSERT INTO respond.event (type, data) VALUES ('open', '{"n": "kind"}'); SELECT * FROM respond.health()});
		my $type = $kind =~ /^(\w+)/ ? $1 : '';
		one("DROP $type respond.$name; ALTER TABLE public.$name SET SCHEMA respond");
		works("$type respond.$name, undone");
	}
}
is(one('SELECT count(*) FROM respond_internal.dead_event'), '0', 'no event was given up');

# --- a manifest that cannot be read is not taken for a table full of foreign things
one('ALTER TABLE respond_internal.manifest ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
{
	my ($message, $remedy) = split(/\|/, one(q{SELECT message, remedy FROM respond_internal.health_manifest()}), 2);
	if ($node->safe_psql('desk', 'SET ROLE respond_worker; SELECT count(*) FROM respond_internal.manifest') eq '0')
	{
		($message, $remedy) = split(/\|/, one(q{SELECT message, remedy FROM respond.health() WHERE "check" = 'manifest'}), 2);
		like($message, qr/table respond_internal\.manifest has no rows/, 'a manifest under row security: health() says so');
		unlike($remedy, qr/DROP/, 'and wants nothing dropped');
		one($remedy =~ s/^as a superuser: //r);
	}
}
works('a manifest under row security, and the remedy');

# --- another version in the database than in memory
one(q{UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'pg_respond'});
like(one(q{SELECT message || ' ' || remedy FROM respond.health() WHERE "check" = 'shapes' AND NOT ok}), qr/library and extension differ: the server has library \S+ in memory, this database has extension 0\.0\.9.*ALTER EXTENSION pg_respond UPDATE/, 'health() compares versions');

is($node->safe_psql('postgres', q{SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'}), $started, 'the server never crashed');
$node->stop;
done_testing();
