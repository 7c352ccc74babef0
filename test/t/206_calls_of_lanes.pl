# Rules that call rules, while several dispatchers share the events and are behind each other: what a called rule hears.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'calls_of_lanes';
# What a commit does not write out at once, a crash takes with it.
my $node = Respond::node('calls_of_lanes', 'pg_respond.dispatchers' => 3, restart_after_crash => 'on', fsync => 'on', wal_writer_delay => '10s');
Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]) }

Respond::add_rule($node, $db, 'asks', 'never', [
	{ action => 'wait', name => 'w', event_type => 'go', key => '{{data.k}}', event_key => 'data.k' } ]);
Respond::add_rule($node, $db, 'middle', 'never', [ { action => 'call', name => 'c', rule => 'asks', data => { k => '{{data.k}}' } } ]);
Respond::add_rule($node, $db, 'calls', 'begin', [
	{ action => 'call', name => 'c', rule => 'middle', data => { k => '{{data.k}}' } },
	{ action => 'emit', type => 'done', data => { k => '{{data.k}}', n => '{{steps.c.steps.c.steps.w.data.n}}' } } ]);
Respond::add_rule($node, $db, 'loops', 'begin.loop', [
	{ action => 'foreach', name => 'f', items => [ 1, 2, 3 ], mode => 'parallel', steps => [
		{ action => 'wait', name => 'w', event_type => 'go', key => '{{data.k}}/{{item}}', event_key => 'data.k' } ] },
	{ action => 'emit', type => 'done', data => { k => '{{data.k}}', n => '{{steps.f.count}}' } } ]);

sub lane_pids { return map { [ split /\|/ ] } split /\n/, one(q{SELECT lane, pid FROM respond.worker WHERE kind = 'dispatcher' AND database = current_database() ORDER BY lane}) }

# The first lane, where runs wait, has handled all answers when the others begin the runs that ask.
my %pids = map { $_->[0] => $_->[1] } lane_pids();
my ($first, @others) = map { $pids{$_} } sort { $a <=> $b } keys %pids;
is(scalar(@others), 2, 'three lanes');
kill('STOP', @others);
END { kill('CONT', $first, @others) if @others }
one(q{INSERT INTO respond.event (type, subject, data) SELECT 'go', 'early/' || i, jsonb_build_object('k', i, 'n', 0) FROM generate_series(1, 40) AS i});
# before each question comes an answer to it, behind the questions of others
one(q{INSERT INTO respond.event (type, subject, data) SELECT t, t || '/' || i, jsonb_build_object('k', i, 'n', 0) FROM generate_series(1, 40) AS i, unnest(ARRAY['go', 'begin']) WITH ORDINALITY AS o (t, n) ORDER BY i, o.n});
one(q{INSERT INTO respond.event (type, subject, data) SELECT 'begin.loop', 'l/' || i, jsonb_build_object('k', 'l' || i) FROM generate_series(1, 40) AS i});
one(q{INSERT INTO respond.event (type, subject, data) SELECT 'go', 'g/' || i, jsonb_build_object('k', i, 'n', i * 10) FROM generate_series(1, 40) AS i});
one(q{INSERT INTO respond.event (type, subject, data) SELECT 'go', 'g/' || i, jsonb_build_object('k', 'l' || i || '/' || j) FROM generate_series(1, 40) AS i, generate_series(1, 3) AS j});
# some of these are its own, so that it writes down how far it is
my $marker = one(q{WITH m AS (INSERT INTO respond.event (type, subject, data) SELECT 'marker', 'm/' || i, '{}' FROM generate_series(1, 30) AS i RETURNING xid) SELECT min(xid::text::bigint) FROM m});
Respond::wait_until($node, $db, "SELECT bool_or(pg_snapshot_xmax(p.cursor)::text::bigint >= $marker) FROM (SELECT cursor FROM respond_internal.progress_0 WHERE lane = 0 UNION ALL SELECT cursor FROM respond_internal.progress_1 WHERE lane = 0) AS p", 'the first lane has passed all answers');
kill('CONT', @others);
Respond::wait_until($node, $db, q{SELECT count(*) = 80 FROM respond.event WHERE type = 'done'}, 'every called rule and every item got the answer that came after the question');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'done' AND data->>'n' = CASE WHEN data->>'k' LIKE 'l%' THEN '3' ELSE data->>'k' || '0' END}), '80', 'that one, and not one that came before');
is(one(q{SELECT count(*) FROM respond_internal.wait}), '0', 'nothing waits any more');

# What the first lane has not come to yet it does not hear twice: when it takes over the run, and in its turn.
Respond::add_rule($node, $db, 'again', 'again.begin', [
	{ action => 'wait', name => 'next', event_type => 'again.item', key => '{{data.k}}', event_key => 'data.k', on_event => 'show' },
	{ action => 'log', name => 'show', message => '{{steps.next.data.n}}' },
	{ action => 'stop', if => "(steps -> 'next' -> 'data' ->> 'n')::integer = 3" },
	{ action => 'set', values => 1, on_success => 'next' } ]);
my ($elsewhere) = split /\n/, one(q{SELECT 's/' || i FROM generate_series(1, 99) AS i WHERE (hashtext('s/' || i)::bigint & 4294967295) % 3 <> 0 LIMIT 1});
Respond::wait_idle($node, $db);
kill('STOP', $first);
my $again = Respond::emit($node, $db, 'again.begin', { k => 'again' }, $elsewhere);
Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.run WHERE event_id = $again", 'another lane begins a run');
Respond::emit($node, $db, 'again.item', { k => 'again', n => $_ }, $elsewhere) for 1, 2;
kill('CONT', $first);
Respond::wait_idle($node, $db);
Respond::emit($node, $db, 'again.item', { k => 'again', n => 3 }, $elsewhere);
Respond::wait_until($node, $db, "SELECT status = 'succeeded' FROM respond.run WHERE event_id = $again", 'a run that goes round ends');
is(one("SELECT state ->> '_log' FROM respond.run WHERE event_id = $again"), '["1", "2", "3"]', 'and took each event once');

# Who was seen to wait gets the answer, although the server crashed in between: what led to the wait was no event.
Respond::add_rule($node, $db, 'later', 'later.begin', [
	{ action => 'wait', for => '20 ms' },
	{ action => 'wait', name => 'w', event_type => 'later.go', key => '{{data.k}}', event_key => 'data.k', since => 'now' } ]);
my $rounds = $ENV{RESPOND_TRIES} || 1;
for my $round (1 .. $rounds)
{
	one(qq{INSERT INTO respond.event (type, subject, data) SELECT 'later.begin', 'r/' || i, jsonb_build_object('k', '$round/' || i) FROM generate_series(1, 20) AS i});
	Respond::wait_until($node, $db, q{SELECT count(*) = 20 FROM respond.run WHERE rule = 'later' AND status = 'waiting' AND step = 'w'}, 'all wait');
	Respond::crash_worker($node, $db, 'dispatcher');
	one(qq{INSERT INTO respond.event (type, subject, data) SELECT 'later.go', 'g/' || i, jsonb_build_object('k', '$round/' || i) FROM generate_series(1, 20) AS i});
	Respond::wait_until($node, $db, qq{SELECT count(*) = 20 * $round FROM respond.run WHERE rule = 'later' AND status = 'succeeded'}, 'all are answered after the crash');
}

# An event that nobody waited for is none of what comes later, although a crash takes the first lane back to where it last wrote down its place.
Respond::wait_workers($node, $db);
one(qq{INSERT INTO respond.event (type, subject, data) VALUES ('later.go', '$elsewhere', '{"k": "old"}')});
one(qq{INSERT INTO respond.event (type, subject, data) VALUES ('later.begin', '$elsewhere', '{"k": "old"}')});
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run WHERE rule = 'later' AND status = 'waiting' AND step = 'w'}, 'one more waits');
Respond::crash_worker($node, $db, 'dispatcher');
Respond::wait_workers($node, $db);
one(q{INSERT INTO respond.event (type, subject, data) SELECT 'later.begin', 'r/' || i, jsonb_build_object('k', 'new') FROM generate_series(1, 20) AS i});
Respond::wait_until($node, $db, q{SELECT count(*) = 20 FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.rule = 'later' AND r.status = 'waiting' AND r.step = 'w' AND e.data ->> 'k' = 'new'}, 'those that come after it wait');
is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'later' AND status = 'waiting'}), '21', 'and it waits still');

$node->stop;
done_testing();
