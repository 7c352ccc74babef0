# Runs by hand: paused and resumed, signalled, retried; and the server killed in between.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'hand';
my $node = Respond::node('hand', restart_after_crash => 'on');
Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data // {}, $subject) }
sub run_of { my ($event, $condition, $what) = @_; Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run AS r WHERE event_id = $event AND $condition)", $what) }
sub waiting { my ($event, $step) = @_; run_of($event, "status = 'waiting' AND step = '$step'", "the run of event $event waits at $step"); return one("SELECT id FROM respond.run WHERE event_id = $event") }
sub lines { my ($event) = @_; return one("SELECT string_agg(l, '; ' ORDER BY n) FROM respond.run, jsonb_array_elements_text(state -> '_log') WITH ORDINALITY AS l (l, n) WHERE event_id = $event") }
sub ended { my ($event, $status) = @_; run_of($event, "status = '$status'", "the run of event $event ended: $status") }
sub nothing_waits { is(one('SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL) + (SELECT count(*) FROM respond.waiting)'), '0', $_[0]) }
sub error_of { my ($code, $out, $error) = $node->psql($db, $_[0]); return $error }
sub settled { is(one('SELECT respond.settle()'), 't', $_[0]) }

one(q{CREATE ROLE hand_agent LOGIN; GRANT respond_agent TO hand_agent; CREATE ROLE hand_admin LOGIN; GRANT respond_admin TO hand_admin});
Respond::add_rule($node, $db, 'ask', 'ask.begin', [
	{ action => 'wait', name => 'answer', event_type => 'ask.answer', for => '1 hour', on_timeout => 'late' },
	{ action => 'log', message => 'heard {{steps.answer.data.n}}{{steps.answer.n}}' },
	{ action => 'wait', name => 'more', event_type => 'ask.more', since => 'run', for => '1 hour', on_timeout => 'late' },
	{ action => 'log', message => 'more {{steps.more.data.n}}', on_success => 'stop' },
	{ action => 'log', name => 'late', message => 'late' } ]);

# --- paused: what comes is kept, and the first of it counts
my $asked = emit('ask.begin', {}, 'a/1');
my $run = waiting($asked, 'answer');
is(one("SET ROLE hand_agent; SELECT respond.pause_run($run), respond.resume_run($run)"), 'f|f', 'for an agent without a ticket of the run there is none');
one("INSERT INTO respond.ticket (subject, run_id) VALUES ('opened by the run', $run)");
like(error_of("SET ROLE hand_agent; SELECT respond.pause_run($run)"), qr/permission denied to pause run $run/, 'an agent without leave may not pause');
is(one("SET ROLE hand_admin; SELECT respond.pause_run($run)"), 't', 'an admin may');
is(one("SELECT paused_at IS NOT NULL, waits_for FROM respond.waiting WHERE run_id = $run"), 't|event ask.answer', 'the view says that it is paused');
emit('ask.answer', { n => 1 }, 'a/1');
emit('ask.answer', { n => 2 }, 'a/1');
emit('ask.more', { n => 3 }, 'a/1');
settled('the events are handled');
is(one("SELECT status, step, paused_at IS NOT NULL FROM respond.run WHERE id = $run"), 'waiting|answer|t', 'the run did not go on');
is(one("SET ROLE hand_admin; SELECT respond.resume_run($run)"), 't', 'resumed');
ended($asked, 'succeeded');
is(lines($asked), 'heard 1; more 3', 'with the first answer, and what it had heard for the next step');
is(one("SELECT respond.resume_run($run), respond.pause_run($run), respond.resume_run(0), respond.pause_run(0)"), 'f|f|f|f', 'a run that ended is neither paused nor resumed');
nothing_waits('nothing waits any more');

# --- resumed before anything came
$asked = emit('ask.begin', {}, 'a/2');
$run = waiting($asked, 'answer');
is(one("SELECT respond.pause_run($run), respond.resume_run($run), respond.resume_run($run)"), 't|t|f', 'paused, resumed, and not paused any more');
emit('ask.answer', { n => 1 }, 'a/2');
waiting($asked, 'more');
one("SELECT respond.cancel_run($run)");

# --- the deadline passes while it is paused: an answer that was recorded in time wins, one after it does not
Respond::add_rule($node, $db, 'short', 'short.begin', [
	{ action => 'wait', name => 'answer', event_type => 'short.answer', for => '5 s', on_timeout => 'late' },
	{ action => 'log', message => 'heard {{steps.answer.data.n}}', on_success => 'stop' },
	{ action => 'log', name => 'late', message => 'late' } ]);
my %short = map { $_ => emit('short.begin', {}, $_) } qw(timely late none);
my %run = map { $_ => waiting($short{$_}, 'answer') } keys %short;
is(one('SELECT count(*) FILTER (WHERE respond.pause_run(id)) FROM respond.run WHERE rule = \'short\''), '3', 'three are paused');
emit('short.answer', { n => 1 }, 'timely');
Respond::wait_until($node, $db, 'SELECT bool_and(resume_at < clock_timestamp()) FROM respond.run WHERE rule = \'short\'', 'their deadline passes');
emit('short.answer', { n => 2 }, $_) for qw(timely late);
one("SELECT respond.signal($run{none}, 'answer', '{\"data\": {\"n\": 3}}')");
settled('answers come');
is(one("SELECT count(*) FROM respond.run WHERE rule = 'short' AND status = 'waiting'"), '3', 'they are paused all the same');
one("SELECT respond.resume_run(id) FROM respond.run WHERE rule = 'short'");
ended($short{$_}, 'succeeded') for sort keys %short;
is(lines($short{timely}), 'heard 1', 'what was recorded in time won');
is(lines($short{$_}), 'late', "$_: the deadline was decided at the resume") for qw(late none);
nothing_waits('nothing waits any more');

# --- paused, the server dies, and it is resumed
$asked = emit('ask.begin', {}, 'a/3');
$run = waiting($asked, 'answer');
one("SELECT respond.pause_run($run)");
emit('ask.answer', { n => 7 }, 'a/3');
settled('the answer is kept');
$node->stop('immediate');
$node->start;
is(one("SELECT respond.resume_run($run)"), 't', 'resumed after the server died');
waiting($asked, 'more');
is(lines($asked), 'heard 7', 'what was kept is there');

# --- signals
like(error_of("SELECT respond.signal($run, 'answer', '{}')"), qr/run $run does not wait in a step "answer".*It waits in step "more" for: event/s, 'a step that the run is not at cannot be signalled, and it is said where it is');
like(error_of("SET ROLE hand_admin; SELECT respond.signal($run, 'more')"), qr/permission denied to signal run $run/, 'an admin acts for no owner');
is(one("SELECT respond.signal($run, 'more', '{\"data\": {\"n\": 9}}') IS NULL, respond.signal($run, 'more', '{\"data\": {\"n\": 10}}') IS NULL"), 'f|f', 'two signals');
ended($asked, 'succeeded');
is(lines($asked), 'heard 7; more 9', 'the first one counts');
is(one("SELECT outcome FROM respond.wait_decision WHERE run_id = $run AND step = 'more'"), 'signal', 'it is on record how the wait ended');
like(error_of("SELECT respond.signal($run, 'more')"), qr/The run has ended: succeeded/, 'a run that ended cannot be signalled');
like(error_of("SELECT respond.signal(0, 'more')"), qr/run 0 does not exist/, 'nor one that does not exist');
like(error_of("SELECT respond.signal($run, NULL)"), qr/needs a run and one of its steps/, 'nor none');
nothing_waits('nothing waits any more');

$asked = emit('ask.begin', {}, 'a/4');
$run = waiting($asked, 'answer');
one("SELECT respond.signal($run, 'answer', '{\"n\": 1}'), respond.signal($run, 'answer', '{\"n\": 2}')");
waiting($asked, 'more');
settled('both signals are handled');
is(one("SELECT status, step, state ->> '_log' FROM respond.run WHERE id = $run"), 'waiting|more|["heard 1"]', 'of two signals to one step the second ends no other step');
one("SELECT respond.cancel_run($run)");

# --- retried
one('CREATE TABLE public.gate (open boolean); INSERT INTO public.gate VALUES (false); GRANT SELECT ON public.gate TO PUBLIC');
Respond::add_rule($node, $db, 'steps', 'steps.begin', [
	{ action => 'set', name => 'first', values => { n => '{{data.n}}' } },
	{ action => 'wait', name => 'rest', event_type => 'steps.go' },
	{ action => 'sql', name => 'gate', sql => q{SELECT 1 / count(*) AS x FROM public.gate WHERE open} },
	{ action => 'log', message => 'through with {{steps.first.n}}' } ]);
my $begun = emit('steps.begin', { n => 5 }, 's/1');
$run = waiting($begun, 'rest');
emit('steps.go', {}, 's/1');
ended($begun, 'failed');
is(one('SELECT count(*) FROM respond.dead_letter'), '1', 'a run that failed is a dead letter');
is(one("SELECT respond.retry_run($run)"), 't', 'it is retried');
ended($begun, 'failed');
like(error_of("SELECT respond.retry_run($run, 'nowhere')"), qr/version 1 of rule "steps" has no step "nowhere" in its steps/, 'a step that does not exist is refused');
like(error_of("SELECT respond.retry_run($run, version => 'next')"), qr/there is no version "next"/, 'and a version of another kind');
like(error_of("SET ROLE hand_agent; SELECT respond.retry_run($run)"), qr/run $run does not exist/, 'for an agent without a ticket of the run there is none');
one("INSERT INTO respond.ticket (subject, run_id) VALUES ('opened by the run', $run)");
like(error_of("SET ROLE hand_agent; SELECT respond.retry_run($run)"), qr/permission denied to retry run $run/, 'it needs leave');
one(q{UPDATE public.gate SET open = true});
is(one("SELECT respond.retry_run($run), respond.retry_run($run)"), 't|f', 'retried once');
ended($begun, 'succeeded');
is(lines($begun), 'through with 5', 'with what its steps had given');
is(one('SELECT count(*) FROM respond.dead_letter'), '0', 'and is no dead letter any more');
is(one("SELECT error IS NULL, finished_at IS NOT NULL, saved IS NULL FROM respond.run WHERE id = $run"), 't|t|t', 'nothing is left of the failure');
is(one("SELECT respond.retry_run($run)"), 'f', 'a run that succeeded is not retried');

# from another step: the wait begins anew
one(q{UPDATE public.gate SET open = false});
$begun = emit('steps.begin', { n => 6 }, 's/2');
$run = waiting($begun, 'rest');
emit('steps.go', {}, 's/2');
ended($begun, 'failed');
one("SELECT respond.retry_run($run, 'rest')");
waiting($begun, 'rest');
one(q{UPDATE public.gate SET open = true});
emit('steps.go', {}, 's/2');
ended($begun, 'succeeded');
is(lines($begun), 'through with 6', 'the wait was waited for once more');

# on today's version, and one that was cancelled
one(q{UPDATE public.gate SET open = false});
$begun = emit('steps.begin', { n => 7 }, 's/3');
$run = waiting($begun, 'rest');
one("SELECT respond.cancel_run($run)");
one(q{UPDATE respond.rule SET steps = '[{"action": "set", "name": "first", "values": 1}, {"action": "log", "name": "rest", "message": "today with {{steps.first.n}}"}]' WHERE name = 'steps'});
is(one("SELECT respond.retry_run($run, version => 'latest')"), 't', 'a run that was cancelled is retried on the version of today');
ended($begun, 'succeeded');
is(lines($begun), 'today with 7', 'from the step of that name');
is(one("SELECT rule_version FROM respond.run WHERE id = $run"), '2', 'and is of that version then');
one(q{INSERT INTO respond.rule (name, event_type, condition, steps) VALUES ('unasked', 'unasked.begin', '1 / 0 = 1', '[]')});
my $unasked = emit('unasked.begin');
ended($unasked, 'failed');
like(error_of("SELECT respond.retry_run(id) FROM respond.run WHERE event_id = $unasked"), qr/cannot be continued: none of its steps was executed.*respond\.replay\($unasked\)/s, 'a run that did nothing cannot be continued, and it is said what can');
nothing_waits('nothing waits any more');

# --- a name: one run of it at a time
Respond::add_rule($node, $db, 'named', 'named.begin', [ { action => 'wait', name => 'w', event_type => 'named.go' } ], start_roles => '{hand_agent}');
my @named = map { one("SELECT respond.start('named', subject => 's$_', key => 'n')") } 1, 2;
is($named[0], $named[1], 'a second start with the same key gives the run that there is');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE id = $named[0] AND status = 'waiting' AND key = 'n')", 'one run waits under the key');
is(one("SELECT respond.start('named', subject => 's', key => 'n')"), $named[0], 'now that it waits as well');
is(one("SET ROLE hand_agent; SELECT respond.start('named', subject => 's', key => 'n')"), $named[0], 'whoever has leave');
like(error_of("SELECT respond.start('named', key => 'n', on_conflict => 'error')"), qr/run $named[0] of rule "named" has the key "n" and is under way/, 'or it is an error');
like(error_of("SELECT respond.start('named', key => 'n', on_conflict => 'maybe')"), qr/on_conflict: there is no "maybe"/, 'nothing else is understood');
like(error_of("SELECT respond.start('named', key => '')"), qr/key: is empty/, 'a key is not empty');
my $other = one("SELECT respond.start('named', subject => 's3', key => 'n', on_conflict => 'replace')");
isnt($other, $named[0], 'or the run is replaced');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE id = $other AND status = 'waiting')", 'the new one waits');
is(one("SELECT status FROM respond.run WHERE id = $named[0]"), 'cancelled', 'the old one was cancelled');
like(error_of("SELECT respond.retry_run($named[0])"), qr/run $other of rule "named" has the key "n" and is under way/, 'and is not retried while another has its key');
emit('named.go', {}, 's3');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE id = $other AND status = 'succeeded')", 'it ends');
my $third = one("SELECT respond.start('named', subject => 's4', key => 'n', on_conflict => 'error')");
isnt($third, $other, 'a key whose run has ended begins a new one');
my @sessions = map { Respond::session($node, $db) } 1 .. 2;
$sessions[0]->query_safe("BEGIN; SELECT respond.start('named', subject => 'r', key => 'race') AS one");
$sessions[1]->query_until(qr/started/, "\\echo started\nSELECT respond.start('named', subject => 'r', key => 'race') AS two;\n");
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%race%')}, 'a second session waits for the first');
$sessions[0]->query_safe('COMMIT');
$_->quit for @sessions;
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'named' AND key = 'race')}, 'two sessions at once');
settled('both are done');
is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'named' AND key = 'race'}), '1', 'give one run');

# a transaction whose snapshot is older than a run knows of it all the same
one(q{CREATE TABLE public.stumble (x integer);
	CREATE FUNCTION public.walks() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
		IF EXISTS (SELECT FROM public.stumble) THEN RAISE EXCEPTION 'stumbled' USING ERRCODE = 'serialization_failure'; END IF;
		RETURN true;
	END $$});
Respond::add_rule($node, $db, 'stumbles', 'never.stumbles', [ { action => 'sql', sql => 'SELECT public.walks()' }, { action => 'wait', name => 'w', event_type => 'named.go' } ]);
Respond::add_rule($node, $db, 'calls named', 'calls.named', [ { action => 'call', name => 'c', rule => 'named', subject => '{{subject}}' } ]);
my $old_snapshot = Respond::session($node, $db);
$old_snapshot->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$old_snapshot->query_safe('SELECT 1');
my $younger = one("SELECT respond.start('named', subject => 'r', key => 'younger')");
my $calls = emit('calls.named', {}, 'calls');
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE rule = 'named' AND status = 'waiting' AND (id = $younger OR parent_id = (SELECT id FROM respond.run WHERE event_id = $calls AND rule = 'calls named'))");
my $caller = one("SELECT id FROM respond.run WHERE event_id = $calls AND rule = 'calls named'");
is($old_snapshot->query_safe("SELECT respond.start('named', subject => 'r', key => 'younger')"), $younger, 'start() finds the run that has the key');
is($old_snapshot->query_safe("SELECT respond.cancel_run($caller)"), 't', 'cancel_run() cancels one');
# and of one that has yet to begin
one('INSERT INTO public.stumble VALUES (1)');
my $stumbled = one("SELECT respond.start('stumbles', subject => 'r', key => 'aside')");
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond_internal.set_aside_event WHERE run_id = $stumbled)", 'a run that was started is set aside');
is($old_snapshot->query_safe("SELECT respond.start('stumbles', subject => 'r', key => 'aside')"), $stumbled, 'start() finds it there');
one(q{SELECT respond.hold('test')});
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
my $queued = one("SELECT respond.start('named', subject => 'r', key => 'queued')");
is($old_snapshot->query_safe("SELECT respond.start('named', subject => 'r', key => 'queued')"), $queued, 'and one whose turn has not come');
one('SELECT respond.release(); TRUNCATE public.stumble; SELECT respond.retry_set_aside()');
$old_snapshot->query_safe('COMMIT');
$old_snapshot->quit;
is(one("SELECT status FROM respond.run WHERE parent_id = $caller"), 'cancelled', 'and what it called');
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE id IN ($stumbled, $queued) AND status = 'waiting'", 'both begin');
one(q{SELECT respond.cancel_run(id) FROM respond.run WHERE rule = 'stumbles'});
one(q{SELECT respond.cancel_run(id) FROM respond.run WHERE rule = 'named'});
is(one('SELECT count(*) FROM respond_internal.run_name'), '0', 'the names are free');

# --- events that cancel
one(q{INSERT INTO respond.rule (name, event_type, steps, cancel_on, on_cancel) VALUES
	('order', 'order.placed', '[{"action": "wait", "name": "Paid", "event_type": "order.paid", "key": "{{data.id}}", "event_key": "data.id"}, {"action": "log", "message": "paid"}, {"action": "wait", "name": "sent", "for": "1 hour"}]',
		'[{"event_type": "order.dropped", "key": "{{data.id}}", "event_key": "data.id"}, {"event_type": "customer.left", "pattern": {"data": {"for": ["good"]}}}, {"event_type": "order.paid", "key": "{{data.id}}!", "event_key": "data.id"}]',
		'[{"action": "log", "message": "{{error.message}} at {{error.step}}"}]')});
my %order = map { $_ => emit('order.placed', { id => $_ }, "customer/$_") } 1 .. 5;
waiting($order{$_}, 'Paid') for sort keys %order;
my $dropped = emit('order.dropped', { id => 1 }, 'else');
emit('customer.left', { for => 'now' }, 'customer/2');
my $left = emit('customer.left', { for => 'good' }, 'customer/2');
emit('order.paid', { id => 3 });
waiting($order{3}, 'sent');
emit('customer.left', { for => 'good' }, 'customer/3');
one("SELECT respond.pause_run(id) FROM respond.run WHERE event_id = $order{4}");
emit('order.dropped', { id => 4 });
ended($order{$_}, 'cancelled') for 1 .. 4;
is(lines($order{1}), "cancelled by event $dropped of type order.dropped at Paid", 'an event with the key cancels the run');
is(lines($order{2}), "cancelled by event $left of type customer.left at Paid", 'and one with its subject that meets the pattern');
like(lines($order{3}), qr/^paid; cancelled by event \d+ of type customer.left at sent$/, 'wherever the run waits');
is(one("SELECT cause, actor, depth FROM respond.event WHERE type = 'run.cancelled' AND data ->> 'event_id' = '$order{1}'"), "$dropped|rule:order|1", 'what is recorded has the event as its cause');
one("BEGIN; SELECT respond.emit('order.dropped', '{\"id\": 5}'), respond.emit('order.paid', '{\"id\": 5}'); COMMIT");
ended($order{5}, 'cancelled');
is(lines($order{5}) =~ /^paid/ ? 1 : 0, 0, 'in one transaction the first one counts');
# a condition that fails takes nothing with it that rules did before
one(q{INSERT INTO respond.rule (name, event_type, condition, steps) VALUES
	('resting', 'resting.begin', NULL, '[{"action": "wait", "name": "rest", "for": "1 hour"}]'),
	('fails a', 'fails.begin', NULL, '[{"action": "log", "message": "a"}]'),
	('fails b', 'fails.begin', 'respond.cancel_run((SELECT max(id) FROM respond.run WHERE rule = ''resting'')) AND 1 / (SELECT 0) = 1', '[{"action": "log", "message": "b"}]'),
	('fails c', 'fails.begin', NULL, '[{"action": "log", "message": "c"}]')});
my $quiet = emit('resting.begin');
$run = waiting($quiet, 'rest');
emit('fails.begin');
settled('the event is handled');
is(one(q{SELECT string_agg(rule || ' ' || status || coalesce(' ' || substring(error::text, 'cannot be called in the condition of a rule'), ''), ', ' ORDER BY rule) FROM respond.run WHERE rule LIKE 'fails%'}),
	'fails a succeeded, fails b failed cannot be called in the condition of a rule, fails c succeeded', 'what other rules did stays');
is(one("SELECT respond.cancel_run($run)"), 't', 'the run that it was about waits');

# what a run began in the same batch ends with it
one(q{INSERT INTO respond.channel (name, kind, url, enabled) VALUES ('ask', 'webhook', 'http://127.0.0.1:1/', false);
	INSERT INTO respond.rule (name, event_type, steps, cancel_on) VALUES ('called', 'nothing.calls', '[{"action": "wait", "for": "1 hour"}]', NULL),
	('asking', 'asking.begin', '[{"action": "wait", "name": "go", "event_type": "asking.go"}, {"action": "request", "channel": "ask"}]', '{"event_type": "asking.stop"}'),
	('calling', 'calling.begin', '[{"action": "wait", "name": "go", "event_type": "asking.go"}, {"action": "call", "rule": "called"}]', '{"event_type": "asking.stop"}')});
my %begun = map { $_ => emit("$_.begin", {}, 'both') } 'asking', 'calling';
waiting($begun{$_}, 'go') for sort keys %begun;
one("BEGIN; SELECT respond.emit('asking.go', '{}', 'both'), respond.emit('asking.stop', '{}', 'both'); COMMIT");
ended($begun{$_}, 'cancelled') for sort keys %begun;
settled('both have ended');
is(one('SELECT string_agg(status, $$ $$) FROM respond.delivery'), 'cancelled', 'a request that was begun in the batch is not sent');
is(one(q{SELECT string_agg(status, ' ') FROM respond.run WHERE rule = 'called'}), 'cancelled', 'a run that was called in the batch does not go on');
like(error_of("UPDATE respond.rule SET cancel_on = '{\"key\": \"x\"}' WHERE name = 'order'"), qr/cancel_on\.event_type: is missing/, 'what cannot work is refused');
like(error_of("UPDATE respond.rule SET cancel_on = '[{\"event_type\": \"x\", \"go_to\": \"x\"}]' WHERE name = 'order'"), qr/cancel_on\[0\]\.go_to: there is no such field/, 'and what it has not');
like(error_of("UPDATE respond.rule SET cancel_on = '[]' WHERE name = 'order'"), qr/cancel_on: must name from 1 to/, 'nor may it be empty');
like(error_of("UPDATE respond.rule SET cancel_on = '[7]' WHERE name = 'order'"), qr/cancel_on\[0\]: must be an object/, 'nor anything else');
like(error_of("UPDATE respond.rule SET cancel_on = '{\"event_type\": \"x\", \"pattern\": {\"data\": 1}}' WHERE name = 'order'"), qr/cancel_on\.pattern/, 'its pattern is checked');
nothing_waits('nothing waits any more');

# --- health() names what waits for too long
my $old = emit('ask.begin', {}, 'old');
$run = waiting($old, 'answer');
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'waiting runs'}), 't', 'nothing has waited for too long');
one(q{SET session_replication_role = 'replica'; UPDATE respond.run SET waiting_since = now() - interval '31 days' WHERE id = } . $run);
like(one(q{SELECT ok || ' ' || message || ' ' || remedy FROM respond.health() WHERE "check" = 'waiting runs'}), qr/^false .*: 1, of ask; run $run since .*respond\.signal/, 'a run that has is named, with what to do');
$node->append_conf('postgresql.conf', 'pg_respond.stale_wait = 0');
$node->reload;
Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'waiting runs'}, 'unless nobody wants to know');
one("SELECT respond.cancel_run($run)");

# --- and what would wait for ever, because its timer is gone
Respond::add_rule($node, $db, 'untimed', 'untimed.begin', [ { action => 'wait', name => 'w', event_type => 'x', for => '1 hour' }, { action => 'log', message => '{{steps.w.timed_out}}' } ]);
$old = emit('untimed.begin', {}, 'stuck');
$run = waiting($old, 'w');
one("DELETE FROM respond_internal.timer WHERE run_id = $run");
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'waiting runs'}), 't', 'before its time a run is not late');
one(q{ALTER SYSTEM SET pg_respond.clock_offset = '2h'});
$node->reload;
Respond::wait_until($node, $db, q{SELECT NOT ok FROM respond.health() WHERE "check" = 'waiting runs'}, 'a run that should have continued is noticed');
like(one(q{SELECT message || ' ' || remedy FROM respond.health() WHERE "check" = 'waiting runs'}), qr/time is over.*: 1, of untimed; run $run since .*respond\.resume_run/, 'and named, with what to do');
one("SELECT respond.pause_run($run)");
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'waiting runs'}), 't', 'but not while somebody has paused it');
one("SELECT respond.resume_run($run)");
ended($old, 'succeeded', 'the remedy helps');
is(lines($old), 'true', 'its time is over');
one(q{ALTER SYSTEM RESET pg_respond.clock_offset});
$node->reload;
one('SELECT respond.accept_clock()');
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'waiting runs'}), 't', 'and health() says so');

# --- moved to another version
Respond::add_rule($node, $db, 'moved', 'moved.begin', [
	{ action => 'set', name => 'first', values => { n => '{{data.n}}' } },
	{ action => 'wait', name => 'answer', event_type => 'moved.answer', for => '1 hour', on_timeout => 'late' },
	{ action => 'wait', name => 'second', event_type => 'moved.second', since => 'run' },
	{ action => 'log', name => 'late', message => 'version 1' } ]);
my %moved = map { $_ => emit('moved.begin', { n => $_ }, "moved/$_") } 1 .. 3;
my %before = map { $_ => waiting($moved{$_}, 'answer') } sort keys %moved;
my $first_moved = $before{1};
my $due = one("SELECT resume_at FROM respond.run WHERE id = $before{1}");
emit('moved.second', { m => 1 }, "moved/$_") for 1 .. 3;
settled('a later step has heard something');
one(q{UPDATE respond.rule SET steps = '[{"action": "set", "name": "start", "values": 0}, {"action": "wait", "name": "reply", "event_type": "moved.reply", "for": "5 hours"}, {"action": "wait", "name": "second", "event_type": "moved.second"},
	{"action": "log", "message": "version 2 with {{steps.start.n}}, {{steps.reply.data.n}}, {{steps.second.data.m}}"}]' WHERE name = 'moved'});
like(error_of("SELECT respond.move_runs('moved', 1)"), qr/3 runs of rule "moved" cannot be moved to version 2.*Run $first_moved: it is at step "answer", and version 2 has no step "answer"\..*step_map/s, 'a step that is gone is an error that lists the runs');
like(error_of("SELECT respond.move_runs('moved', 1, '{\"answer\": \"nowhere\"}')"), qr/it is at step "answer", and version 2 has no step "nowhere"\./, 'a step that the map names and that is not there, too');
like(error_of("SELECT respond.move_runs('moved', 1, '{\"answer\": \"start\"}')"), qr/of action wait, which is of action set in version 2/, 'so is one of another action');
like(error_of("SET ROLE hand_agent; SELECT respond.move_runs('moved', 1)"), qr/permission denied/, 'agents may not move runs');
is(one("SELECT count(*) FROM respond.run WHERE rule = 'moved' AND rule_version = 1"), '3', 'nothing was moved');
is(one("SELECT respond.move_runs('moved', 7, '{}')"), '0', 'there are none of another version');
is(one("SELECT respond.move_runs('moved', 1, '{\"answer\": \"reply\", \"first\": \"start\"}')"), '3', 'with a map they go over');
Respond::wait_until($node, $db, "SELECT bool_and(waits_for = 'event') FROM respond.run WHERE rule = 'moved'", 'they wait again');
is(one("SELECT DISTINCT rule_version, step, waiting::jsonb ->> 'for' FROM respond.run WHERE rule = 'moved'"), '2|reply|event moved.reply', 'for what the new version waits for');
is(one("SELECT resume_at = '$due' FROM respond.run WHERE id = $before{1}"), 't', 'until when they had to wait before');
is(one("SELECT count(*) FROM respond.wait_decision WHERE rule = 'moved'"), '0', 'and no wait has ended');
emit('moved.answer', { n => 9 }, 'moved/1');
emit('moved.reply', { n => 10 * $_ }, "moved/$_") for 1 .. 3;
ended($moved{$_}, 'succeeded') for 1 .. 3;
is(lines($moved{$_}), "version 2 with $_, " . 10 * $_ . ', 1', "run $_ kept what it had and had heard") for 1 .. 3;
nothing_waits('nothing waits any more');

# --- moved and cancelled at once
emit('moved.begin', { n => 4 }, 'moved/4');
my $twice = waiting(one("SELECT max(id) FROM respond.event WHERE type = 'moved.begin'"), 'reply');
my $since = one("SELECT since FROM respond.waiting WHERE run_id = $twice");
one(q{UPDATE respond.rule SET description = 'version 3', steps = steps || '[{"action": "log", "message": "more"}]' WHERE name = 'moved'});
is(one("BEGIN; SELECT respond.move_runs('moved'); SELECT respond.cancel_run($twice); SELECT count(*) FROM respond_internal.timer; COMMIT"), "1\nt\n0",
	'a run that is cancelled when it is moved leaves no timer');
is(one("SELECT outcome, since = '$since' FROM respond.wait_decision WHERE run_id = $twice"), 'cancelled|t', 'and waited since it came to the step');

# --- a step that waits too long has failed, and takes with it what it called
one(q{INSERT INTO respond.rule (name, event_type, steps) VALUES
	('callee', 'callee.begin', '[{"action": "wait", "name": "long", "event_type": "callee.go", "key": "k"}]'),
	('caller', 'caller.begin', '[{"action": "call", "name": "c", "rule": "callee", "timeout": "300 ms"}]'),
	('patient', 'patient.begin', '[{"action": "wait", "name": "w", "event_type": "patient.go", "timeout": "300 ms", "on_failure": "failed"}, {"action": "log", "message": "went on", "on_success": "stop"},
		{"action": "log", "name": "failed", "message": "{{error.message}}"}]'),
	('both', 'both.begin', '[{"action": "wait", "name": "w", "for": "200 ms", "timeout": "1 hour", "on_timeout": "late"}, {"action": "log", "name": "late", "message": "late"}]')});
my %slow = map { $_ => emit("$_.begin", {}, "slow/$_") } qw(caller patient both);
ended($slow{caller}, 'failed');
is(one("SELECT error FROM respond.run WHERE event_id = $slow{caller}"), 'steps[0]: timed out after 300 ms', 'a call that takes too long fails');
like(one(q{SELECT status || ': ' || error FROM respond.run WHERE rule = 'callee'}), qr/^cancelled: run \d+, which called it, waited too long$/, 'and the run that it called is cancelled');
ended($slow{patient}, 'succeeded');
like(lines($slow{patient}), qr/steps\[0\]: timed out after 300 ms$/, 'on_failure deals with it');
ended($slow{both}, 'succeeded');
is(lines($slow{both}), 'late', 'a limit of the action that is earlier is its own');
nothing_waits('nothing waits any more');

# --- runs that a superuser deleted, or ended by hand: what they waited for sweeps up what they left
Respond::add_rule($node, $db, 'gone', 'gone.begin', [
	{ action => 'wait', name => 'answer', event_type => 'gone.answer', collect => 2 }, { action => 'wait', name => 'more', event_type => 'gone.more', since => 'run' } ]);
my %gone = map { $_ => emit('gone.begin', {}, $_) } qw(deleted ended early whole);
waiting($gone{$_}, 'answer') for sort keys %gone;
emit('gone.answer', {}, $_) for sort keys %gone;
my $timed = emit('short.begin', {}, 'timed');
waiting($timed, 'answer');
settled('each has heard one answer');
one("DELETE FROM respond.run WHERE event_id IN ($gone{deleted}, $gone{early}, $timed)");
one("UPDATE respond.run SET status = 'succeeded' WHERE event_id = $gone{ended}");
is(one(q{SELECT count(DISTINCT run_id) FROM respond_internal.wait}), '5', 'their waits are left');
emit('gone.answer', {}, $_) for qw(deleted ended whole);
emit('gone.more', {}, $_) for qw(early whole);
ended($gone{whole}, 'succeeded');
Respond::wait_until($node, $db, 'SELECT NOT EXISTS (SELECT FROM respond_internal.timer WHERE run_id IS NOT NULL)', 'the deadline of one passes');
settled('all is handled');
nothing_waits('nothing waits any more');
is(one("SELECT status FROM respond.run WHERE event_id = $gone{ended}"), 'succeeded', 'and the run stays as it was left');

$node->stop;
done_testing();
