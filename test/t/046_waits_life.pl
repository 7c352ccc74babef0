# What happens around runs that wait: time is moved, the rule changes, the owner goes, the database is dumped and restored, workers are killed.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'life';
my $node = Respond::node('life', fsync => 'off', restart_after_crash => 'on', 'pg_respond.max_workers' => 40, max_worker_processes => 50);
Respond::create_extension($node, $db);

sub on { my ($name, $sql) = @_; return $node->safe_psql($name, $sql) }
sub one { return on($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data // {}, $subject) }
sub status { my ($event) = @_; return one("SELECT string_agg(status, ' ') FROM respond.run WHERE event_id = $event") }
sub becomes { my ($event, $status, $what) = @_; Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = '$status')", $what // "the run of event $event: $status") }
sub lines { my ($event, $name) = @_; return on($name // $db, "SELECT string_agg(l, '; ' ORDER BY n) FROM respond.run, jsonb_array_elements_text(state -> '_log') WITH ORDINALITY AS l (l, n) WHERE event_id = $event") }
sub move
{
	my ($by) = @_;
	my $seconds = one("SELECT round(extract(epoch FROM interval '$by'))");

	one("ALTER SYSTEM SET pg_respond.clock_offset = '${seconds}s'");
	$node->reload;
	Respond::wait_until($node, $db, "SELECT (SELECT setting::numeric FROM pg_settings WHERE name = 'pg_respond.clock_offset') BETWEEN $seconds * 999.9 AND $seconds * 1000.1", "time is moved by $by");
	return;
}

my $steps = [
	{ action => 'wait', name => 'w', event_type => 'answer', for => '{{data.for}}', on_timeout => 'over' },
	{ action => 'log', message => 'answer {{steps.w.data.text}}', on_success => 'stop' },
	{ action => 'log', name => 'over', message => 'over' } ];
Respond::add_rule($node, $db, 'ask', 'ask', $steps);

# Days pass at once: what is due fires, in the order in which it is due, and what is not due does not.
my @due = map { emit('ask', { for => $_ }, "due/$_") } '23 hours', '5 hours', '10 hours';
my $far = emit('ask', { for => '25 hours' }, 'far');
becomes($_, 'waiting') for @due, $far;
move('1 day');
becomes($_, 'succeeded') for @due;
is(one("SELECT string_agg(r.event_id::text, ' ' ORDER BY d.decided_at, d.due_at) FROM respond.wait_decision AS d JOIN respond.run AS r ON r.id = d.run_id WHERE r.event_id IN (" . join(',', @due) . ')'), "$due[1] $due[2] $due[0]",
	'in the order in which they were due');
is(status($far), 'waiting', 'one more hour is left to another');

# Time goes back: nothing fires until it has caught up, and health() says so; answers are heard as ever.
my $answered = emit('ask', { for => '1 hour' }, 'answered');
becomes($answered, 'waiting');
move('23 hours');
emit('answer', { text => 'yes' }, 'answered');
becomes($answered, 'succeeded');
my $frozen = emit('ask', { for => '300 ms' }, 'frozen');
becomes($frozen, 'waiting');
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.health() WHERE NOT ok AND message ~ 'time')}, 'health() says that time went back');
Respond::wait_until($node, $db, "SELECT clock_timestamp() + interval '23 hours' > resume_at + interval '300 ms' FROM respond.run WHERE event_id = $frozen", 'the deadline is over');
is(status($frozen), 'waiting', 'but does not pass while time is behind');
move('1 day');
becomes($frozen, 'succeeded', 'it passes when time has caught up');

# The pause before another attempt doubles until it is an hour.
one('CREATE SEQUENCE public.tries');
Respond::add_rule($node, $db, 'tries', 'tries', [ { action => 'sql', sql => q{SELECT 1 / (nextval('public.tries') * 0)::int}, max_attempts => 6, retry_after => '15 min' } ]);
my ($tries, $passed) = (emit('tries'), 24 * 3600);
for my $pause ([ 1, '15 min' ], [ 2, '30 min' ], [ 3, '1 hour' ], [ 4, '1 hour' ], [ 5, '1 hour' ])
{
	Respond::wait_until($node, $db, "SELECT last_value = $pause->[0] AND EXISTS (SELECT FROM respond.waiting AS w WHERE w.event_id = $tries AND abs(extract(epoch FROM w.due_at - w.since - '$pause->[1]'::interval)) < 1)
		FROM public.tries", "$pause->[1] after attempt $pause->[0]");
	$passed += one("SELECT extract(epoch FROM interval '$pause->[1]')::int") + 1;
	move("$passed s");
}
becomes($tries, 'failed', 'the last attempt fails the run');
is(one('SELECT last_value FROM public.tries'), '6', 'after as many attempts as it may have');

# A day is a day of the calendar in the zone of the rule, 24 hours are 24 hours.
one(q{UPDATE respond.rule SET timezone = 'Europe/Berlin'});
my $to_dst = one(q{SELECT timestamptz '2027-03-27 12:00 Europe/Berlin' - now()});
move($to_dst);
my ($day, $hours) = (emit('ask', { for => '1 day' }, 'day'), emit('ask', { for => '24 hours' }, 'hours'));
becomes($_, 'waiting') for $day, $hours;
is(one("SELECT date_trunc('minute', resume_at - started_at + interval '30 s') FROM respond.run WHERE event_id = $day"), '23:00:00', 'a day in which the clocks go forward has 23 hours');
is(one("SELECT date_trunc('minute', resume_at - started_at + interval '30 s') FROM respond.run WHERE event_id = $hours"), '1 day', '24 hours are 24 hours');
move(one(q{SELECT timestamptz '2027-10-30 12:00 Europe/Berlin' - now()}));
my $long = emit('ask', { for => '1 day' }, 'long');
becomes($long, 'waiting');
is(one("SELECT date_trunc('minute', resume_at - started_at + interval '30 s') FROM respond.run WHERE event_id = $long"), '1 day 01:00:00', 'one in which they go back has 25');
$node->stop;
PostgreSQL::Test::Utils::append_to_file($node->data_dir . '/postgresql.auto.conf', "pg_respond.clock_offset = 0\n");
$node->start;

# In a new database: the rule changes, is disabled, and goes, while its runs wait: they finish as they began.
$db = 'rules';
Respond::create_extension($node, $db);
one(q{CREATE ROLE ann; CREATE ROLE bob; GRANT respond_admin TO ann, bob});
Respond::add_rule($node, $db, 'ask', 'ask', $steps);
my @old = map { emit('ask', { for => '1 hour' }, "old/$_") } 1 .. 3;
becomes($_, 'waiting') for @old;
one(q{UPDATE respond.rule SET steps = '[{"action": "log", "message": "new"}]' WHERE name = 'ask'});
emit('answer', { text => 'one' }, 'old/1');
becomes($old[0], 'succeeded');
is(lines($old[0]), 'answer one', 'a changed rule: the run finishes on its version');
one(q{UPDATE respond.rule SET enabled = false WHERE name = 'ask'});
emit('answer', { text => 'two' }, 'old/2');
becomes($old[1], 'succeeded');
is(lines($old[1]), 'answer two', 'a disabled rule: the same');
one(q{DELETE FROM respond.rule WHERE name = 'ask'});
emit('answer', { text => 'three' }, 'old/3');
becomes($old[2], 'succeeded');
is(lines($old[2]), 'answer three', 'a deleted rule: the same');

# The owner is renamed, then gone: nobody else gets the run.
one(q{INSERT INTO respond.rule (name, event_type, owner, steps) SELECT 'of ' || o, 'ask.' || o, o::name,
	'[{"action": "wait", "event_type": "answer", "for": "1 hour"}, {"action": "sql", "name": "q", "sql": "SELECT current_user AS who"}]' FROM unnest(ARRAY['ann', 'bob']) AS o});
my %of = map { $_ => emit("ask.$_", {}, "of/$_") } 'ann', 'bob';
becomes($_, 'waiting') for values %of;
one(q{ALTER ROLE ann RENAME TO anna; DROP OWNED BY bob; DROP ROLE bob; CREATE ROLE bob; GRANT respond_admin TO bob});
emit('answer', {}, "of/$_") for 'ann', 'bob';
becomes($of{ann}, 'succeeded');
becomes($of{bob}, 'failed');
is(one("SELECT state #>> '{q,rows,0,who}' FROM respond.run WHERE event_id = $of{ann}"), 'anna', 'a renamed owner: the run goes on with its rights');
like(one("SELECT error FROM respond.run WHERE event_id = $of{bob}"), qr/owner|role/, 'a dropped one: it fails and says so, though there is another of that name');

# A dump with runs that wait: they wait in the copy too, and each goes its own way.
$node->safe_psql($db, q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('ask', 'ask', '} . do { require JSON::PP; JSON::PP->new->encode($steps) } . q{')});
my ($here, $there, $timed) = (emit('ask', { for => '1 hour' }, 'here'), emit('ask', { for => '1 hour' }, 'there'), emit('ask', { for => '4 s' }, 'timed'));
my $told = emit('ask', { for => '1 hour' }, 'told');
becomes($_, 'waiting') for $here, $there, $timed, $told;
# a signal that no dispatcher has read is in the dump
one(q{SELECT respond.hold('test')});
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
one("SELECT respond.signal(id, 'w', '{\"data\": {\"text\": \"signalled\"}}') FROM respond.run WHERE event_id = $told");
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr($db) ], 'a dump');
one('SELECT respond.release()');
becomes($told, 'succeeded');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('copy'), $dump ], 'and a restore');
Respond::wait_until($node, 'copy', q{SELECT hold = 'restore' FROM respond_internal.state}, 'the copy holds');
is(on('copy', "SELECT string_agg(status, ' ' ORDER BY event_id) FROM respond.run WHERE event_id IN ($here, $there, $timed)"), 'waiting waiting waiting', 'the runs wait in the copy');
on('copy', 'SELECT respond.release()');
Respond::emit($node, 'copy', 'answer', { text => 'there' }, 'there');
Respond::wait_until($node, 'copy', "SELECT count(*) = 2 FROM respond.run WHERE event_id IN ($there, $timed) AND status = 'succeeded'", 'an answer and a deadline end two of them in the copy');
is(lines($there, 'copy') . ', ' . lines($timed, 'copy'), 'answer there, over', 'each as it should');
Respond::wait_until($node, 'copy', "SELECT status = 'succeeded' FROM respond.run WHERE event_id = $told", 'and a signal that the original had not read ends one');
is(lines($told, 'copy') . ', ' . on('copy', 'SELECT count(*) FROM respond_internal.run_inbox'), 'answer signalled, 0', 'once');
emit('answer', { text => 'here' }, 'here');
becomes($_, 'succeeded') for $here, $timed;
is(status($there), 'waiting', 'the original heard nothing of the copy');
is(on('copy', "SELECT status FROM respond.run WHERE event_id = $here"), 'waiting', 'nor the copy of the original');

# A dispatcher that is killed again and again while hundreds of runs are asked and answered: each answer is taken once.
Respond::add_rule($node, $db, 'count', 'count.begin', [
	{ action => 'wait', name => 'a', event_type => 'count.a', for => '1 hour' },
	{ action => 'emit', type => 'count.between', subject => '{{subject}}' },
	{ action => 'wait', name => 't', for => '{{data.rest}}' },
	{ action => 'wait', name => 'b', event_type => 'count.b', for => '1 hour' },
	{ action => 'emit', type => 'count.done', subject => '{{subject}}' } ]);
one(q{CREATE PROCEDURE public.talk(low integer, high integer) LANGUAGE plpgsql AS $$ BEGIN FOR i IN low .. high LOOP
	INSERT INTO respond.event (type, subject, data) VALUES ('count.begin', 'n' || i, jsonb_build_object('rest', i % 7 * 20 + 1 || ' ms')); COMMIT;
	INSERT INTO respond.event (type, subject) VALUES ('count.a', 'n' || i); COMMIT;
	IF i % 2 = 0 THEN PERFORM pg_sleep(0.01); END IF;
	INSERT INTO respond.event (type, subject) VALUES ('count.b', 'n' || i), ('count.b', 'n' || i); COMMIT; END LOOP; END $$});
for my $round (0 .. 7)
{
	my ($low, $high) = ($round * 40 + 1, $round * 40 + 40);
	my $talk = IPC::Run::start([ 'psql', '-Xqc', "CALL public.talk($low, $high)", $node->connstr($db) ], '<', '/dev/null', '>', \my $out, '2>', \my $err);

	Respond::wait_until($node, $db, "SELECT count(*) >= $low + 10 FROM respond.event WHERE type = 'count.begin'", "round $round: it goes on");
	Respond::crash_worker($node, $db, 'dispatcher');
	$talk->finish;
	# the crash took the session that talked: the rest is said now
	for my $type ('begin', 'a', 'b')
	{
		one("INSERT INTO respond.event (type, subject, data) SELECT 'count.$type', 'n' || i, '{\"rest\": \"5 ms\"}' FROM generate_series($low, $high) AS i
			WHERE NOT EXISTS (SELECT FROM respond.event AS e WHERE e.type = 'count.$type' AND e.subject = 'n' || i)");
	}
	# an event at which it ends again and again would be given up
	Respond::wait_idle($node, $db);
}
Respond::wait_until($node, $db, q{SELECT count(*) > 0 AND NOT EXISTS (SELECT FROM respond.event AS b WHERE b.type = 'count.b' AND NOT EXISTS (SELECT FROM respond.event AS d WHERE d.type = 'count.done' AND d.subject = b.subject)) FROM respond.event},
	'each run that has got its answers came to its end');
is(one(q{SELECT count(*) - count(DISTINCT subject) FROM respond.event WHERE type = 'count.done'}), '0', 'none twice');
is(one(q{SELECT count(*) - count(DISTINCT subject) FROM respond.event WHERE type = 'count.between'}), '0', 'no step in between twice');
is(one(q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'no event was given up');

$node->stop;
done_testing();
