# A rule limits how many of its runs are under way at once: the queue, drop, cancel_oldest.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'places';
my $node = Respond::node('places', restart_after_crash => 'on');
Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data // {}, $subject) }
sub until_run { my ($event, $condition, $what) = @_; Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run AS r WHERE event_id = $event AND $condition)", $what); return one("SELECT id FROM respond.run WHERE event_id = $event") }
sub waits { my ($event, $for) = @_; return until_run($event, "status = 'waiting' AND waits_for = '$for'", "the run of event $event waits for: $for") }
sub ended { my ($event, $status) = @_; return until_run($event, "status = '$status'", "the run of event $event ended: $status") }
sub error_of { my ($code, $out, $error) = $node->psql($db, $_[0]); return $error }
sub rule { my ($name, $concurrency, @steps) = @_; Respond::add_rule($node, $db, $name, "$name.begin", @steps ? \@steps : [ { action => 'wait', name => 'go', event_type => "$name.go" }, { action => 'log', message => 'went' } ]); limit($name, $concurrency) }
sub limit { my ($name, $concurrency) = @_; one("UPDATE respond.rule SET concurrency = " . (defined $concurrency ? "'$concurrency'" : 'NULL') . " WHERE name = '$name'") }
sub nothing_left { Respond::wait_until($node, $db, "SELECT NOT EXISTS (SELECT FROM respond_internal.run_place) AND NOT EXISTS (SELECT FROM respond_internal.run_inbox) AND NOT EXISTS (SELECT FROM respond_internal.wait)", $_[0]) }

# --- what cannot work is refused
Respond::add_rule($node, $db, 'bad', 'bad.begin', [ { action => 'log', message => 'x' } ]);
for my $case ([ '[]', 'concurrency: must be an object' ], [ '{}', 'concurrency\.limit: is missing' ], [ '{"limit": 0}', 'concurrency\.limit: must be a whole number' ],
	[ '{"limit": 1.5}', 'concurrency\.limit: must be' ], [ '{"limit": "1"}', 'concurrency\.limit: must be' ], [ '{"limit": 10001}', 'from 1 to 10000' ], [ '{"limit": 1, "when_full": "wait"}', 'concurrency\.when_full: must be' ],
	[ '{"limit": 1, "key": ""}', 'concurrency\.key: is empty' ], [ '{"limit": 1, "key": 1}', 'concurrency\.key' ], [ '{"limit": 1, "key": "{{data.x"}', 'concurrency\.key' ], [ '{"limit": 1, "keys": "x"}', 'concurrency\.keys: there is no such field' ])
{
	like(error_of("UPDATE respond.rule SET concurrency = '$case->[0]' WHERE name = 'bad'"), qr/$case->[1]/, "refused: $case->[0]");
}

# --- a run may wait for its place in front of any step
rule('any', '{"limit": 1}', { action => 'log', message => 'first' }, { action => 'wait', name => 'go', event_type => 'any.go' });
my @any = map { emit('any.begin', {}, "any/$_") } 1, 2;
waits($any[0], 'event');
waits($any[1], 'place');
for my $n (0, 1)
{
	emit('any.go', {}, 'any/' . ($n + 1));
	ended($any[$n], 'succeeded');
	waits($any[1], 'event') unless $n;
}

# --- the queue: in order, by key; a run that waits holds its place
rule('queue', '{"limit": 2, "key": "{{data.k}}"}');
my @a = map { emit('queue.begin', { k => 'a' }, "a/$_") } 1 .. 5;
my $b = emit('queue.begin', { k => 'b' }, 'b/1');
waits($_, 'event') for $a[0], $a[1], $b;
waits($_, 'place') for @a[ 2 .. 4 ];
is(one("SELECT count(*) FILTER (WHERE held), count(*) FILTER (WHERE NOT held) FROM respond_internal.run_place"), '3|3', 'three have a place, three are in the queue');
is(one("SELECT waits_for FROM respond.waiting WHERE run_id = (SELECT id FROM respond.run WHERE event_id = $a[2])"), 'place', 'the view says so');
like(error_of("SELECT respond.signal(id, 'go', '{}') FROM respond.run WHERE event_id = $a[2]"), qr/ERROR/, 'a step that the run has not reached cannot be signalled');
emit('queue.go', {}, 'a/3');
is(one('SELECT respond.settle()'), 't', 'the event is handled');
waits($a[2], 'place');
emit('queue.go', {}, 'a/1');
ended($a[0], 'succeeded');
ended($a[2], 'succeeded');
waits($a[3], 'event');
waits($a[4], 'place');
pass('the next ones began in order, and one had heard its event while it stood in the queue');
one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $a[4]");
my $late = emit('queue.begin', { k => 'a' }, 'a/6');
waits($late, 'place');
emit('queue.go', {}, $_) for qw(a/2 a/4 a/6 b/1);
ended($_, 'succeeded') for $a[1], $a[3], $late, $b;
nothing_left('no place is held any more');

# --- without steps that wait: each of many once, and never two at once
rule('brief', '{"limit": 1}', { action => 'log', message => 'done' });
one("SELECT respond.emit('brief.begin', '{}') FROM generate_series(1, 50)");
Respond::wait_until($node, $db, "SELECT count(*) = 50 FROM respond.run WHERE rule = 'brief' AND status = 'succeeded'", 'fifty runs ended');
nothing_left('and left nothing');

# --- in front of steps that do not wait, and of a loop
for my $case ([ 'set', action => 'set', name => 'first', values => 1 ], [ 'loop', action => 'foreach', items => 'data.list', steps => [ { action => 'log', message => 'item' } ] ],
	[ 'skip', action => 'wait', event_type => 'never', if => 'false' ])
{
	my ($name, @step) = @$case;

	rule("before_$name", '{"limit": 1}', {@step}, { action => 'wait', name => 'go', event_type => "before_$name.go" });
	my @queue = map { emit("before_$name.begin", { list => [1] }, "q/$_") } 1 .. 2;
	waits($queue[0], 'event');
	waits($queue[1], 'place');
	emit("before_$name.go", {}, 'q/1');
	ended($queue[0], 'succeeded');
	# its wait begins when it has its place, and hears what comes then
	waits($queue[1], 'event');
	emit("before_$name.go", {}, 'q/2');
	ended($queue[1], 'succeeded');
}
nothing_left('and left nothing');

# --- a key that is empty or too long
rule('keyed', '{"limit": 1, "key": "{{data.k}}"}');
my $empty = emit('keyed.begin', {});
ended($empty, 'failed');
like(one("SELECT error FROM respond.run WHERE event_id = $empty"), qr/concurrency\.key: the key of this run is empty/, 'an empty key fails the run');
my $long = emit('keyed.begin', { k => 'x' x 1025 });
ended($long, 'failed');
like(one("SELECT error FROM respond.run WHERE event_id = $long"), qr/is too long/, 'so does a long one');
my $odd = emit('keyed.begin', { k => q{o'dd "key" \\ $1 é} }, 'odd');
waits($odd, 'event');
emit('keyed.go', {}, 'odd');
ended($odd, 'succeeded');

# --- drop
rule('drop', '{"limit": 1, "when_full": "drop"}');
my $kept = emit('drop.begin', {}, 'd/1');
waits($kept, 'event');
my $dropped = emit('drop.begin', {}, 'd/2');
ended($dropped, 'suppressed');
is(one("SELECT state ->> 'suppressed' FROM respond.run WHERE event_id = $dropped"), 'concurrency: 1 run is under way', 'with the reason');
emit('drop.go', {}, 'd/1');
ended($kept, 'succeeded');
$kept = emit('drop.begin', {}, 'd/3');
waits($kept, 'event');
emit('drop.go', {}, 'd/3');
ended($kept, 'succeeded');

# --- cancel_oldest
rule('newest', '{"limit": 2, "when_full": "cancel_oldest"}');
my @n = map { my $event = emit('newest.begin', {}, "n/$_"); waits($event, 'event'); $event } 1 .. 3;
ended($n[0], 'cancelled');
like(one("SELECT error FROM respond.run WHERE event_id = $n[0]"), qr/^run \d+ took its place$/, 'the oldest was cancelled');
is(one("SELECT string_agg(status, ',' ORDER BY id) FROM respond.run WHERE rule = 'newest'"), 'cancelled,waiting,waiting', 'two are under way');
# a limit that became lower
limit('newest', '{"limit": 1, "when_full": "cancel_oldest"}');
my $last = emit('newest.begin', {}, 'n/4');
waits($last, 'event');
ended($_, 'cancelled') for @n[ 1, 2 ];
emit('newest.go', {}, 'n/4');
ended($last, 'succeeded');
nothing_left('nothing is left');

# --- the rule changes while runs are in the queue: today's limit counts
rule('change', '{"limit": 1}');
my @c = map { emit('change.begin', {}, "c/$_") } 1 .. 6;
waits($c[0], 'event');
waits($_, 'place') for @c[ 1 .. 5 ];
limit('change', '{"limit": 3}');
waits($_, 'event') for @c[ 1, 2 ];
waits($c[3], 'place');
limit('change', undef);
waits($_, 'event') for @c[ 3 .. 5 ];
limit('change', '{"limit": 1}');
my $new = emit('change.begin', {}, 'c/7');
waits($new, 'place');
one("DELETE FROM respond.rule WHERE name = 'change'");
waits($new, 'event');
emit('change.go', {}, "c/$_") for 1 .. 7;
ended($_, 'succeeded') for @c, $new;
nothing_left('a rule that is gone limits nothing');

# --- a run in the queue that goes over to another version begins at its first step, and has heard what that waits for
rule('moves', '{"limit": 1}');
my @m = map { emit('moves.begin', {}, "m/$_") } 1 .. 4;
waits($m[0], 'event');
waits($_, 'place') for @m[ 1 .. 3 ];
emit('moves.sign', {}, "m/$_") for 2 .. 4;
is(one('SELECT respond.settle()'), 't', 'what only the new version waits for is handled');
one(q{UPDATE respond.rule SET steps = '[{"action": "log", "message": "first"}, {"action": "wait", "name": "sign", "event_type": "moves.sign", "since": "run"},
	{"action": "wait", "name": "other", "event_type": "moves.other"}, {"action": "log", "message": "last"}]', cancel_on = '{"event_type": "moves.drop"}' WHERE name = 'moves'});
like(error_of("SELECT respond.move_runs('moves')"), qr/1 run of rule "moves" cannot be moved.*at step "go"/s, 'the run that has begun is at a step that is gone, those in the queue are not');
like(error_of("BEGIN; UPDATE respond.rule SET steps = '[]' WHERE name = 'moves'; SELECT respond.move_runs('moves')"), qr/Run \d+: version 4 has no steps/, 'nobody begins where there are no steps');
is(one(q{SELECT respond.move_runs('moves', NULL, '{"go": "other"}')}), '4', 'all go over');
waits($_, 'place') for @m[ 1 .. 3 ];
is(one("SELECT string_agg(step, ',' ORDER BY id) FROM respond.run WHERE rule = 'moves'"), 'other,steps[0],steps[0],steps[0]', 'those in the queue are in front of the first step');
is(one("SELECT count(*) FROM respond_internal.run_place WHERE rule = 'moves' AND NOT held"), 3, 'and still in the queue');
emit('moves.drop', {}, 'm/3');
ended($m[2], 'cancelled');
emit('moves.other', {}, 'm/1');
ended($m[0], 'succeeded');
until_run($m[1], "status = 'waiting' AND step = 'other'", 'the next one began at the first step, and had its event');
waits($m[3], 'place');
emit('moves.other', {}, "m/$_") for 2, 4;
ended($_, 'succeeded') for @m[ 1, 3 ];
is(one("SELECT string_agg(state ->> '_log', '; ' ORDER BY id) FROM respond.run WHERE rule = 'moves' AND status = 'succeeded'"), '["last"]; ["first", "last"]; ["first", "last"]', 'with all of its steps');
nothing_left('and nothing is left');

# --- retried, paused, called
rule('fails', '{"limit": 1}', { action => 'wait', name => 'go', event_type => 'fails.go' }, { action => 'sql', statement => 'SELECT 1 / 0' });
my $failed = emit('fails.begin', {}, 'f/1');
waits($failed, 'event');
emit('fails.go', {}, 'f/1');
my $run = ended($failed, 'failed');
my $holder = emit('fails.begin', {}, 'f/2');
waits($holder, 'event');
one("SELECT respond.retry_run($run, 'go')");
waits($failed, 'place');
my $paused = emit('fails.begin', {}, 'f/3');
my $paused_run = waits($paused, 'place');
one("SELECT respond.pause_run($paused_run)");
one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $holder");
waits($failed, 'event');
one("SELECT respond.cancel_run($run)");
Respond::wait_until($node, $db, "SELECT held FROM respond_internal.run_place WHERE run_id = $paused_run", 'a run that is paused gets its place');
is(one("SELECT waits_for FROM respond.run WHERE id = $paused_run"), 'place', 'and does not go on');
one("SELECT respond.resume_run($paused_run)");
waits($paused, 'event');
one("SELECT respond.cancel_run($paused_run)");
nothing_left('nothing is left of these');

rule('child', '{"limit": 1}');
Respond::add_rule($node, $db, 'parent', 'parent.begin', [ { action => 'call', name => 'c', rule => 'child', subject => '{{subject}}' }, { action => 'log', message => 'child {{steps.c.status}}' } ]);
my @p = map { emit('parent.begin', {}, "p/$_") } 1 .. 2;
waits($_, 'run') for @p;
Respond::wait_until($node, $db, "SELECT string_agg(waits_for, ',' ORDER BY waits_for) = 'event,place' FROM respond.run WHERE rule = 'child'", 'of two children that are called one waits');
emit('child.go', {}, "p/$_") for 1 .. 2;
ended($_, 'succeeded') for @p;
nothing_left('both ended');

# --- shadow takes no place
rule('shadow', '{"limit": 1}');
one("UPDATE respond.rule SET shadow = true WHERE name = 'shadow'");
ended(emit('shadow.begin', {}), 'shadow') for 1 .. 2;

# --- steps for the end: the place is given on before they are done
rule('onend', '{"limit": 1}');
one(q{UPDATE respond.rule SET on_cancel = '[{"action": "log", "message": "cleaned"}]' WHERE name = 'onend'});
my @o = map { emit('onend.begin', {}, "o/$_") } 1 .. 2;
waits($o[0], 'event');
waits($o[1], 'place');
one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $o[0]");
ended($o[0], 'cancelled');
waits($o[1], 'event');
one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $o[1]");
ended($o[1], 'cancelled');
nothing_left('and so on');

# --- a session that is ending a run holds up nobody else
rule('lock', '{"limit": 1}');
my @l = map { emit('lock.begin', {}, "l/$_") } 1 .. 3;
waits($l[0], 'event');
waits($_, 'place') for @l[ 1, 2 ];
my $session = Respond::session($node, $db);
$session->query_safe("BEGIN; SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $l[1]");
emit('lock.go', {}, 'l/1');
ended($l[0], 'succeeded');
ended(emit('brief.begin', {}), 'succeeded');
$session->query_safe('ROLLBACK');
waits($l[1], 'event');
$session->query_safe("BEGIN; SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $l[2]");
emit('lock.go', {}, 'l/2');
ended($l[1], 'succeeded');
my $l4 = emit('lock.begin', {}, 'l/4');
waits($l4, 'place');
$session->query_safe('COMMIT');
waits($l4, 'event');
limit('lock', '{"limit": 1, "when_full": "cancel_oldest"}');
$session->query_safe("BEGIN; SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $l4");
my $l5 = emit('lock.begin', {}, 'l/5');
until_run($l5, "status = 'running'", 'a run that needs the place of another one comes back');
ended(emit('brief.begin', {}), 'succeeded');
$session->query_safe('ROLLBACK');
waits($l5, 'event');
ended($l4, 'cancelled');
one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $l5");
$session->quit;

# --- a run that somebody deleted out of the queue
limit('lock', '{"limit": 1}');
@l = map { emit('lock.begin', {}, "x/$_") } 1 .. 3;
waits($l[0], 'event');
waits($_, 'place') for @l[ 1, 2 ];
one("DELETE FROM respond.run WHERE event_id = $l[1]");
emit('lock.go', {}, "x/$_") for 1 .. 3;
ended($_, 'succeeded') for @l[ 0, 2 ];
Respond::wait_until($node, $db, 'SELECT NOT EXISTS (SELECT FROM respond_internal.run_place)', 'does not stand in the way');
Respond::wait_until($node, $db, 'SELECT NOT EXISTS (SELECT FROM respond_internal.wait)', 'and leaves no waits behind');

# --- the server dies, several dispatchers, many sessions that cancel: nobody is left in the queue
$node->append_conf('postgresql.conf', 'pg_respond.dispatchers = 2');
$node->restart;
rule('many', '{"limit": 2, "key": "{{data.k}}"}', { action => 'wait', name => 'go', for => '5 ms' }, { action => 'log', message => 'went' });
my $tries = $ENV{RESPOND_TRIES} // 4;
for my $try (1 .. $tries)
{
	one("SELECT respond.emit('many.begin', jsonb_build_object('k', i % 4), 'm/' || i) FROM generate_series(1, 40) AS i");
	one("SELECT respond.cancel_run(id) FROM respond.run WHERE rule = 'many' AND status = 'waiting' AND id % 5 = 0");
	Respond::crash_worker($node, $db, 'dispatcher') if $try % 2 == 0;
	is(one("SELECT count(*) FROM (SELECT key FROM respond_internal.run_place WHERE held GROUP BY key HAVING count(*) > 2) AS k"), '0', "no more than two at once ($try)");
}
Respond::wait_until($node, $db, "SELECT count(*) = 40 * $tries FROM respond.run WHERE rule = 'many' AND status IN ('succeeded', 'cancelled')", 'all runs have ended');
nothing_left('and nothing is left');

done_testing();
