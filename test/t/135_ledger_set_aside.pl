# The ledger with people in the way: locks that come and go, crashes, lanes that change.  Each event takes effect once
# for each rule, and in its order for each rule and subject.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Writers;

my $node = Respond::node('asides', restart_after_crash => 'on', max_connections => 60, fsync => 'off', track_commit_timestamp => 'on');
my $db = 'desk';

Respond::create_extension($node, $db);
$node->safe_psql($db, q{
	CREATE TABLE counter (subject text PRIMARY KEY, n bigint NOT NULL);
	INSERT INTO counter SELECT 'subject ' || i, 0 FROM generate_series(1, 6) AS i;
	CREATE TABLE account (id int PRIMARY KEY, n int);
	INSERT INTO account SELECT i, 0 FROM generate_series(1, 5) AS i;
	CREATE TABLE took (event_id bigint, rule text, at bigint GENERATED ALWAYS AS IDENTITY);
	INSERT INTO respond.ticket (subject) SELECT 'shared ' || i FROM generate_series(1, 3) AS i;
});
Respond::add_rule($node, $db, 'plain', 'ledger', [ { action => 'sql', sql => q{INSERT INTO public.took (event_id, rule) VALUES (event.id, 'plain')} } ]);
Respond::add_rule($node, $db, 'nowait', 'ledger', [ { action => 'sql', sql => 'SELECT n FROM public.account WHERE id = 1 + (data->>$$n$$)::int % 5 FOR UPDATE NOWAIT' },
	{ action => 'sql', sql => q{INSERT INTO public.took (event_id, rule) VALUES (event.id, 'nowait')} } ]);
Respond::add_rule($node, $db, 'tickets', 'ledger', [ { action => 'comment', ticket => '1', body => '{{data.n}}' }, { action => 'update_ticket', ticket => '2', fields => { n => '{{data.n}}' } },
	{ action => 'emit', type => 'echo', key => 'echo {{subject}} {{data.n}}', source => '/t', name => 'e' } ]);

my $ordered = Writers::script($node, 'ordered', q{
\set s random(1, 6)
BEGIN;
UPDATE counter SET n = n + 1 WHERE subject = 'subject ' || :s RETURNING n \gset
INSERT INTO respond.event (type, subject, data) VALUES ('ledger', 'subject ' || :s, jsonb_build_object('n', :n));
COMMIT;
\sleep 3 ms
});
my $in_the_way = Writers::script($node, 'in_the_way', q{
\set a random(1, 5)
\set s random(1, 6)
\set k random(1, 300)
BEGIN;
SELECT FROM account WHERE id = :a FOR UPDATE;
SELECT FROM respond.ticket WHERE id = 2 FOR UPDATE;
INSERT INTO respond.event (type, source, key) VALUES ('other', '/t', 'echo subject ' || :s || ' ' || :k);
\sleep 250 ms
ROLLBACK;
\sleep 200 ms
});

for my $round (1 .. 3)
{
	my @runs = map { Writers::start($node, $db, $_, clients => 2, seconds => 4) } $ordered, $in_the_way;

	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.set_aside)}, "round $round: events are set aside");
	if ($round == 2)
	{
		$node->safe_psql($db, 'ALTER SYSTEM SET pg_respond.dispatchers = 2');
		$node->reload;
	}
	else
	{
		Respond::crash_worker($node, $db, 'dispatcher');
	}
	$_->finish for @runs;
	Respond::wait_workers($node, $db);
}
$node->stop('immediate');
$node->start;
$node->safe_psql($db, 'SELECT respond.retry_set_aside()');
Respond::wait_idle($node, $db, 'all is handled');
is($node->safe_psql($db, q{
	SELECT count(*) FROM respond.event AS e, unnest(ARRAY['plain', 'nowait', 'tickets']) AS rule
	 WHERE e.type = 'ledger' AND (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id AND r.rule = rule.rule AND r.status = 'succeeded') <> 1}), '0', 'each event has one run for each rule');
is($node->safe_psql($db, q{
	SELECT count(*) FROM respond.event AS e, unnest(ARRAY['plain', 'nowait']) AS rule
	 WHERE e.type = 'ledger' AND (SELECT count(*) FROM took AS t WHERE t.event_id = e.id AND t.rule = rule.rule) <> 1}), '0', 'and took effect once for each');
is($node->safe_psql($db, q{SELECT (SELECT count(*) FROM respond.comment WHERE ticket_id = 1) - (SELECT count(*) FROM respond.event WHERE type = 'ledger')}), '0', 'one comment for each');
is($node->safe_psql($db, q{SELECT (SELECT count(*) FROM respond.event WHERE type = 'echo') - (SELECT count(*) FROM respond.event WHERE type = 'ledger')}), '0', 'one echo for each');
is($node->safe_psql($db, q{
	SELECT count(*) FROM (
		SELECT (e.data->>'n')::bigint AS n, lag((e.data->>'n')::bigint) OVER (PARTITION BY r.rule, e.subject ORDER BY r.id) AS before
		  FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type = 'ledger') AS s
	 WHERE n < before}), '0', 'in order for each rule and subject');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.dead_letter}), '0', 'no dead letter');
is($node->safe_psql($db, q{SELECT count(*) FROM respond_internal.set_aside_event}), '0', 'nothing is left aside');
note($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'ledger'}));
$node->stop;
done_testing();
