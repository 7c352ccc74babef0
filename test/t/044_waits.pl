# Runs that wait for events and times: what counts as the answer, whatever the order in which things happen.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'waits';
# A machine that is busy must not be what lets a deadline pass while a transaction is open.
my $node = Respond::node('waits', 'pg_respond.timer_grace' => '1min');
Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data // {}, $subject) }
sub run_of { my ($event, $condition, $what) = @_; Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run AS r WHERE event_id = $event AND $condition)", $what) }
sub waiting { my ($event, $step) = @_; run_of($event, "status = 'waiting' AND step = '$step'", "the run of event $event waits at $step") }
sub lines { my ($event) = @_; return one("SELECT string_agg(l, '; ' ORDER BY n) FROM respond.run, jsonb_array_elements_text(state -> '_log') WITH ORDINALITY AS l (l, n) WHERE event_id = $event") }
sub ended { my ($event, $status) = @_; run_of($event, "status = '$status'", "the run of event $event ended: $status") }
sub nothing_waits { Respond::wait_until($node, $db, 'SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL) = 0', $_[0]) }

# The first of several events wins, and nothing is left of the others.
Respond::add_rule($node, $db, 'first', 'first.begin', [
	{ action => 'wait', name => 'w', for => '1 hour', on_timeout => 'late', events => [
		{ event_type => 'first.paid', key => '{{data.id}}', event_key => 'data.id', pattern => { data => { amount => [ { numeric => [ '>', 10 ] } ] } }, go_to => 'paid' },
		{ event_type => 'first.cancelled', go_to => 'stop' } ] },
	{ action => 'log', name => 'paid', message => 'paid {{steps.w.data.amount}} by {{steps.w.type}}', on_success => 'stop' },
	{ action => 'log', name => 'late', message => 'late' } ]);
my ($paid, $cancelled) = (emit('first.begin', { id => 1 }, 'a'), emit('first.begin', { id => 2 }, 'b'));
waiting($_, 'w') for $paid, $cancelled;
emit('first.paid', { id => 3, amount => 99 });
emit('first.paid', { id => 1, amount => 9 });
my $answer = emit('first.paid', { id => 1, amount => 11 });
my $late = emit('first.paid', { id => 1, amount => 12 });
emit('first.cancelled', {}, 'b');
ended($paid, 'succeeded');
ended($cancelled, 'succeeded');
is(lines($paid), 'paid 11 by first.paid', 'the event with the key that meets the pattern');
is(lines($cancelled), '', 'the other way leads elsewhere');
is(one("SELECT DISTINCT d.outcome || ' ' || d.event_id FROM respond.wait_decision AS d JOIN respond.run AS r ON r.id = d.run_id WHERE r.event_id = $paid AND d.event_id = $answer"), "event $answer", 'it is on record what ended the wait');
nothing_waits('nothing waits any more');

# Two runs that wait for one event go on with it both; a second event of the kind gets nobody.
my @both = map { emit('first.begin', { id => 5 }, "both/$_") } 1, 2;
waiting($_, 'w') for @both;
my $shared = emit('first.paid', { id => 5, amount => 20 });
ended($_, 'succeeded') for @both;
emit('first.paid', { id => 5, amount => 20 });
is(one('SELECT respond.settle()'), 't', 'a second one is handled');
is(one("SELECT string_agg(DISTINCT run_id || ' ' || event_id, ', ') = string_agg(DISTINCT run_id || ' $shared', ', ') AND count(DISTINCT run_id) = 2 FROM respond.wait_decision WHERE outcome = 'event' AND run_id IN (SELECT id FROM respond.run WHERE event_id IN ("
	. join(',', @both) . '))'), 't', 'each run is decided once, by the first one');

# Of two answers the one that was committed first counts, although the other one was written before it.
my $ordered = emit('first.begin', { id => 6 }, 'ordered');
waiting($ordered, 'w');
my $writer = Respond::session($node, $db);
$writer->query_safe(q{BEGIN; INSERT INTO respond.event (type, data) VALUES ('first.paid', '{"id": 6, "amount": 22}')});
one('SELECT respond.hold()');
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
emit('first.paid', { id => 6, amount => 21 });
$writer->query_safe('COMMIT');
$writer->quit;
one('SELECT respond.release()');
ended($ordered, 'succeeded');
is(lines($ordered), 'paid 21 by first.paid', 'the answer that was committed first');

# A loop: it takes each event once, and what comes between two passes is not lost.
Respond::add_rule($node, $db, 'loop', 'loop.begin', [
	{ action => 'wait', name => 'next', event_type => 'loop.item', on_event => 'show' },
	{ action => 'log', name => 'show', message => '{{steps.next.data.n}}' },
	{ action => 'log', if => "(steps -> 'next' -> 'data' ->> 'n')::int >= 6", message => 'end', on_success => 'stop' },
	{ action => 'wait', if => "(steps -> 'next' -> 'data' ->> 'n')::int % 2 = 0", name => 'rest', for => '300 ms', on_timeout => 'next' },
	{ action => 'set', values => 1, on_success => 'next' } ]);
my $loop = emit('loop.begin', {}, 'L');
waiting($loop, 'next');
one("SELECT respond.emit('loop.item', jsonb_build_object('n', n), subject => 'L') FROM generate_series(1, 6) AS n");
ended($loop, 'succeeded');
is(lines($loop), '1; 2; 3; 4; 5; 6; end', 'each event once, in order, those too that came while the loop rested');

# The same where the run rests at a step behind which another one comes first.
Respond::add_rule($node, $db, 'long loop', 'long_loop.begin', [
	{ action => 'wait', name => 'next', event_type => 'long_loop.item' },
	{ action => 'log', message => '{{steps.next.data.n}}' },
	{ action => 'log', if => "(steps -> 'next' -> 'data' ->> 'n')::int = 3", message => 'end', on_success => 'stop' },
	{ action => 'wait', name => 'rest', event_type => 'long_loop.rested' },
	{ action => 'set', values => 1, on_success => 'next' } ]);
my $long_loop = emit('long_loop.begin', {}, 'LL');
waiting($long_loop, 'next');
emit('long_loop.item', { n => 1 }, 'LL');
waiting($long_loop, 'rest');
emit('long_loop.item', { n => $_ }, 'LL') for 2, 3;
emit('long_loop.rested', {}, 'LL');
run_of($long_loop, "state ->> '_log' LIKE '%2%' AND step = 'rest' AND status = 'waiting'", 'the run has come to its rest again');
emit('long_loop.rested', {}, 'LL');
ended($long_loop, 'succeeded');
is(lines($long_loop), '1; 2; 3; end', 'what came while the loop rested is heard when the run comes to the wait again');

# The answer comes before the run reaches the wait: the step before it was waiting for something else.
Respond::add_rule($node, $db, 'early', 'early.begin', [
	{ action => 'wait', name => 'ask', event_type => 'early.asked' },
	{ action => 'wait', name => 'answer', event_type => 'early.answer', for => '1 hour' },
	{ action => 'log', message => 'answer {{steps.answer.data.text}}' } ]);
my $early = emit('early.begin', {}, 'E');
waiting($early, 'ask');
emit('early.answer', { text => 'soon' }, 'E');
emit('early.asked', {}, 'E');
ended($early, 'succeeded');
is(lines($early), 'answer soon', 'an answer that came while the step before waited');

# What was said before the question was asked does not count; since "run" it does, since "now" only what comes after.
for my $case ([ 'previous', 'c' ], [ 'run', 'a' ], [ 'now', 'c' ])
{
	my ($since, $expected) = @$case;

	Respond::add_rule($node, $db, "since $since", "since.$since", [
		{ action => 'wait', name => 'one', event_type => 'since.one' },
		{ action => 'wait', name => 'two', event_type => 'since.two' },
		{ action => 'wait', name => 'answer', event_type => 'since.answer', since => $since },
		{ action => 'log', message => '{{steps.answer.data.text}}' } ]);
	my $event = emit("since.$since", {}, "S/$since");
	my $subject = "S/$since";

	waiting($event, 'one');
	emit('since.answer', { text => 'a' }, $subject);
	emit('since.one', {}, $subject);
	waiting($event, 'two');
	emit('since.answer', { text => 'b' }, $subject) if $since eq 'now';
	emit('since.answer', { text => 'c' }, $subject) if $since ne 'now';
	emit('since.two', {}, $subject);
	if ($since eq 'now') { waiting($event, 'answer'); emit('since.answer', { text => 'c' }, $subject) }
	ended($event, 'succeeded');
	is(lines($event), $expected, "since $since: from when on it hears");
}

# The key comes out of the step before the wait, which waited itself: the log is looked through.
Respond::add_rule($node, $db, 'learned', 'learned.begin', [
	{ action => 'wait', name => 'number', event_type => 'learned.number' },
	{ action => 'wait', name => 'answer', event_type => 'learned.answer', key => '{{steps.number.data.number}}', event_key => 'data.number', for => '1 hour' },
	{ action => 'log', message => '{{steps.answer.data.text}}' } ]);
emit('learned.answer', { number => 7, text => 'too early' });
my $learned = emit('learned.begin', {}, 'N');
waiting($learned, 'number');
emit('learned.answer', { number => 8, text => 'another' });
emit('learned.answer', { number => 7, text => 'heard' });
emit('learned.number', { number => 7 }, 'N');
ended($learned, 'succeeded');
is(lines($learned), 'heard', 'an answer that came before its key was known');

# Events with other keys are told from its own in memory. A look into the index for each would be counted by the server. What a
# transaction did is counted at once, so the count has the whole look back, or nothing of it.
sub probes { return "(SELECT idx_scan FROM pg_stat_all_indexes WHERE indexrelname = 'wait_pattern_id_key_hash_run_id_idx')" }
Respond::add_rule($node, $db, 'many', 'many.begin', [
	{ action => 'wait', name => 'number', event_type => 'many.number' },
	{ action => 'wait', name => 'answer', event_type => 'many.answer', key => '{{steps.number.data.number}}', event_key => 'data.number', for => '1 hour' },
	{ action => 'log', message => '{{steps.answer.data.text}}' } ]);
my $many = emit('many.begin', {}, 'M');
waiting($many, 'number');
one(q{INSERT INTO respond.event (type, data) SELECT 'many.answer', jsonb_build_object('number', g, 'text', 'answer ' || g) FROM generate_series(1, 5000) AS g});
Respond::wait_idle($node, $db);
my $probes = one('SELECT ' . probes());
emit('many.number', { number => 4000 }, 'M');
ended($many, 'succeeded');
is(lines($many), 'answer 4000', 'one answer of many that came before its key was known');
Respond::wait_until($node, $db, 'SELECT ' . probes() . " > $probes", 'the server has counted');
cmp_ok(one('SELECT ' . probes()) - $probes, '<', 1000, 'and none of the others was looked up');

# What a step has heard before the run came to it is not heard again when the log is looked through for another of its keys.
Respond::add_rule($node, $db, 'heard', 'heard.begin', [
	{ action => 'wait', name => 'one', event_type => 'heard.one' },
	{ action => 'wait', name => 'votes', collect => 2, events => [ { event_type => 'heard.vote' }, { event_type => 'heard.other', key => '{{steps.one.data.k}}', event_key => 'data.k' } ] },
	{ action => 'log', message => '{{#steps.votes}}{{data.v}}{{/steps.votes}}' } ]);
my $heard = emit('heard.begin', {}, 'H');
waiting($heard, 'one');
emit('heard.vote', { v => 'a' }, 'H');
emit('heard.one', { k => 1 }, 'H');
waiting($heard, 'votes');
emit('heard.vote', { v => 'b' }, 'H');
ended($heard, 'succeeded');
is(lines($heard), 'ab', 'each vote once');

# Several events at once: so many of them, or what there is when the time is over.
Respond::add_rule($node, $db, 'collect', 'collect.begin', [
	{ action => 'wait', name => 'votes', event_type => 'collect.vote', collect => 3, for => '{{data.for}}' },
	{ action => 'log', message => '{{#steps.votes}}{{data.v}}{{/steps.votes}}' } ]);
my ($full, $part) = (emit('collect.begin', { for => '1 hour' }, 'C1'), emit('collect.begin', { for => '4 s' }, 'C2'));
emit('collect.vote', { v => $_ }, 'C2') for qw(x y);
emit('collect.vote', { v => $_ }, 'C1') for qw(a b c d);
ended($full, 'succeeded');
ended($part, 'succeeded');
is(lines($full), 'abc', 'three of them');
is(lines($part), 'xy', 'what came in time');

# The server stops without a word at each point, and the workers are down while the answer comes.
my $crash = emit('first.begin', { id => 70 }, 'crash');
my $silent = emit('first.begin', { id => 71 }, 'silent');
waiting($_, 'w') for $crash, $silent;
$node->safe_psql($db, 'SELECT respond.hold()');
emit('first.paid', { id => 70, amount => 50 });
$node->stop('immediate');
$node->start;
$node->safe_psql($db, 'SELECT respond.release()');
ended($crash, 'succeeded');
is(lines($crash), 'paid 50 by first.paid', 'the answer was heard after the crash');
is(one("SELECT status FROM respond.run WHERE event_id = $silent"), 'waiting', 'and the other run waits on');
emit('first.cancelled', {}, 'silent');
ended($silent, 'succeeded');

# A deadline that passes while the workers are down: what was recorded in time wins, what came later loses.
Respond::add_rule($node, $db, 'limit', 'limit.begin', [
	{ action => 'wait', name => 'w', event_type => 'limit.answer', for => '{{data.for}}', on_timeout => 'late' },
	{ action => 'log', message => 'in time', on_success => 'stop' },
	{ action => 'log', name => 'late', message => 'late' } ]);
my ($in_time, $too_late) = (emit('limit.begin', { for => '8 s' }, 'T1'), emit('limit.begin', { for => '8 s' }, 'T2'));
waiting($_, 'w') for $in_time, $too_late;
$node->safe_psql($db, 'SELECT respond.hold()');
emit('limit.answer', {}, 'T1');
Respond::wait_until($node, $db, "SELECT bool_and(clock_timestamp() > resume_at) FROM respond.run WHERE event_id IN ($in_time, $too_late)", 'both deadlines have passed');
my $after = emit('limit.answer', {}, 'T2');
$node->safe_psql($db, 'SELECT respond.release()');
ended($_, 'succeeded') for $in_time, $too_late;
is(lines($in_time), 'in time', 'an answer in time wins, even if nobody looked');
is(lines($too_late), 'late', 'an answer after the deadline loses, even if it is seen first');

# A transaction that is open over the deadline holds it back for a while.
my $session = Respond::session($node, $db);
$session->query_safe(q{BEGIN; SELECT FROM pg_current_xact_id()});
my $open = emit('limit.begin', { for => '2 s' }, 'T3');
waiting($open, 'w');
$session->query_safe(q{INSERT INTO respond.event (type, subject) VALUES ('limit.answer', 'T3')});
Respond::wait_until($node, $db, "SELECT clock_timestamp() > resume_at + interval '500 ms' FROM respond.run WHERE event_id = $open", 'the deadline has passed');
is(one("SELECT status FROM respond.run WHERE event_id = $open"), 'waiting', 'it is not decided yet');
$session->query_safe('COMMIT');
ended($open, 'succeeded');
is(lines($open), 'in time', 'what the open transaction had recorded counts');
$session->quit;

# So does a session that is idle in its transaction and has written nothing; a query that goes on does not.
$session = Respond::session($node, $db);
$session->query_safe('BEGIN');
$session->query_safe('SELECT 1');
my ($idle, $query) = (emit('limit.begin', { for => '2 s' }, 'T4'), emit('limit.begin', { for => '2 s' }, 'T5'));
waiting($_, 'w') for $idle, $query;
Respond::wait_until($node, $db, "SELECT clock_timestamp() > resume_at + interval '300 ms' FROM respond.run WHERE event_id = $idle", 'the deadline has passed');
is(one("SELECT status FROM respond.run WHERE event_id = $idle"), 'waiting', 'it is not decided yet');
# what it does next begins without a number of its transaction
$session->query_safe(q{WITH later AS MATERIALIZED (SELECT pg_sleep(0.2)) INSERT INTO respond.event (type, subject) SELECT 'limit.answer', 'T4' FROM later});
$session->query_safe('COMMIT');
ended($_, 'succeeded') for $idle, $query;
is(lines($idle), 'in time', 'what it recorded counts, since it carries the time at which the transaction began');
is(lines($query), 'late', 'the other run heard nothing');
$session->query_until(qr//, "SELECT pg_sleep(600);\n");
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active')});
my $slow = emit('limit.begin', { for => '300 ms' }, 'T6');
ended($slow, 'succeeded');
is(one(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'}), '1', 'a query that takes long holds no deadline back');
one(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'});

# Somebody holds the row of the run meanwhile: what happens to it is put off, and keeps its order.
# Its transaction does not hold back the deadline for longer than the grace.
one(q{ALTER SYSTEM SET pg_respond.timer_grace = '1s'});
$node->reload;
Respond::wait_until($node, $db, q{SELECT current_setting('pg_respond.timer_grace') = '1s'});
$session->quit;
$session = Respond::session($node, $db);
my $held = emit('limit.begin', { for => '8 s' }, 'T7');
my $first = emit('first.begin', { id => 90 }, 'T8');
waiting($held, 'w');
waiting($first, 'w');
$session->query_safe("BEGIN; SELECT FROM respond.run WHERE event_id IN ($held, $first) FOR UPDATE");
emit('limit.answer', {}, 'T7');
emit('first.paid', { id => 90, amount => 91 });
my $longer = q{(SELECT bool_and(due_at > clock_timestamp() + interval '2 s') FROM (SELECT DISTINCT ON (run_id) due_at FROM respond_internal.timer WHERE kind = 'again' ORDER BY run_id, (data ->> 'number')::bigint) AS first)};
Respond::wait_until($node, $db, "SELECT $longer", 'it is put off for longer and longer');
emit('first.paid', { id => 90, amount => $_ }) for 92 .. 99;
Respond::wait_until($node, $db, "SELECT $longer AND count(*) >= 11 FROM respond_internal.timer WHERE kind = 'again'", 'what comes later is put off behind it, and so is the deadline');
$session->query_safe('COMMIT');
ended($_, 'succeeded') for $held, $first;
is(lines($held), 'in time', 'the answer comes before the deadline');
is(lines($first), 'paid 91 by first.paid', 'the first answer before the others');
nothing_waits('nothing is left of them');

# Jumps that lead back to a wait without time end as other endless ones do.
for my $wait ({ for => '{{data.span}}' }, { until => '{{data.time}}' }, { event_type => 'never', for => '{{data.span}}' })
{
	my $name = join('-', 'spin', sort keys %$wait);

	Respond::add_rule($node, $db, $name, $name, [ { action => 'wait', name => 'w', on_timeout => 'l', %$wait }, { action => 'log', name => 'l', message => 'again', on_success => 'w' } ]);
	my $spin = emit($name, { span => '0', time => '2020-01-01' }, 'S');
	ended($spin, 'failed');
	like(one("SELECT error FROM respond.run WHERE event_id = $spin"), qr/^the run executed 1000 steps and did not end/, 'a loop that takes no time is found');
}

# A time without a zone is a local time of the rule: in a gap the first instant after it, of a repeated one the first.
Respond::add_rule($node, $db, 'local', 'local', [ { action => 'wait', name => 'w', until => '{{data.time}}' } ], timezone => 'Europe/Berlin');
for my $time ([ '2031-03-30 02:30', '2031-03-30 01:00:00' ], [ '2031-10-26 02:30', '2031-10-26 00:30:00' ], [ '2031-07-01', '2031-06-30 22:00:00' ],
	[ '2031-10-26 02:30 CET', '2031-10-26 01:30:00' ], [ '2031-03-30T02:30:00.5Z', '2031-03-30 02:30:00.5' ])
{
	my $local = emit('local', { time => $time->[0] }, 'L');
	waiting($local, 'w');
	is(one("SELECT resume_at AT TIME ZONE 'UTC' FROM respond.run WHERE event_id = $local"), $time->[1], "$time->[0] in the zone of the rule");
}
one(q{SELECT count(respond.cancel_run(id)) FROM respond.run WHERE status = 'waiting' AND rule = 'local'});

# Without a key there is nothing to wait for.
for my $data ({}, { id => '' }, { id => [ 1 ] }, { id => { a => 1 } })
{
	my $fault = ref($data->{id}) ? 'is an object or an array' : 'is empty';

	my $keyless = emit('first.begin', $data, 'K');
	ended($keyless, 'failed');
	like(one("SELECT error FROM respond.run WHERE event_id = $keyless"), qr/^steps\[0\]\.events\[0\]\.key: $fault/, 'a key that comes out empty, or is no text, fails the step');
}

# A mute keeps rules and routes from answering an event; runs under way hear it.
Respond::add_rule($node, $db, 'answers', 'first.paid', [ { action => 'log', message => 'fired' } ]);
Respond::add_rule($node, $db, 'ends', 'ends.begin', [ { action => 'wait', for => '1 hour' } ], cancel_on => { event_type => 'first.paid', key => '{{data.id}}', event_key => 'data.id' });
my ($hears, $ends) = (emit('first.begin', { id => 'm' }, 'mute'), emit('ends.begin', { id => 'm' }, 'mute'));
waiting($hears, 'w');
run_of($ends, "status = 'waiting'", 'another run waits');
one(q{INSERT INTO respond.mute (event_type, reason) VALUES ('first.paid', 'maintenance')});
my $muted = emit('first.paid', { id => 'm', amount => 30 });
run_of($muted, "rule = 'answers' AND status = 'suppressed'", 'a muted event fires no rule');
ended($hears, 'succeeded');
is(lines($hears), 'paid 30 by first.paid', 'but it ends a wait');
ended($ends, 'cancelled');
one('DELETE FROM respond.mute');

$node->stop;
done_testing();
