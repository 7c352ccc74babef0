# Runs by hand: cancelled, whatever they wait for, by whom it may, and once.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'control';
my $node = Respond::node('control');
Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data // {}, $subject) }
sub run_of { my ($event, $condition, $what) = @_; Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run AS r WHERE event_id = $event AND $condition)", $what) }
sub waiting { my ($event, $step) = @_; run_of($event, "status = 'waiting' AND step = '$step'", "the run of event $event waits at $step"); return one("SELECT id FROM respond.run WHERE event_id = $event") }
sub lines { my ($event) = @_; return one("SELECT string_agg(l, '; ' ORDER BY n) FROM respond.run, jsonb_array_elements_text(state -> '_log') WITH ORDINALITY AS l (l, n) WHERE event_id = $event") }
sub ended { my ($event, $status) = @_; run_of($event, "status = '$status'", "the run of event $event ended: $status") }
sub nothing_waits { is(one('SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL) + (SELECT count(*) FROM respond.waiting)'), '0', $_[0]) }

# --- what hangs, and why
one(q{INSERT INTO respond.rule (name, event_type, steps, on_cancel) VALUES
	('paid', 'order.placed', '[{"action": "wait", "name": "paid", "for": "2 days", "on_timeout": "late", "events": [
		{"event_type": "order.paid", "key": "{{data.id}}", "event_key": "data.id"}, {"event_type": "order.dropped"}]},
		{"action": "log", "message": "paid", "on_success": "stop"}, {"action": "log", "name": "late", "message": "late"}]', NULL),
	('pause', 'pause.begin', '[{"action": "wait", "name": "rest", "for": "1 hour"}]', NULL),
	('tidy', 'tidy.begin', '[{"action": "wait", "name": "first", "event_type": "tidy.go"}, {"action": "log", "message": "went on"}]',
		'[{"action": "log", "message": "{{error.step}}: {{error.message}} ({{error.code}})"}, {"action": "wait", "name": "after", "event_type": "tidy.over"}, {"action": "log", "message": "tidied"}]'),
	('clumsy', 'clumsy.begin', '[{"action": "wait", "event_type": "tidy.go"}]', '[{"action": "fail", "message": "no broom"}]')});
my $placed = emit('order.placed', { id => 7 }, 'order/7');
my $rest = emit("pause.begin", {}, "rest");
my $run = waiting($placed, 'paid');
my $resting = waiting($rest, 'rest');
is(one("SELECT w.rule, w.rule_version, w.step, w.waits_for, w.key, w.since IS NOT NULL, date_trunc('second', w.due_at - w.since + interval '1 ms'), w.paused_at IS NULL, w.event_id = $placed FROM respond.waiting AS w WHERE run_id = $run"),
	'paid|1|paid|event order.paid or order.dropped|7, order/7|t|1 day 24:00:00|t|t', 'the view says in one row why a run hangs');
is(one("SELECT step, waits_for, key, date_trunc('second', due_at - since + interval '1 ms') FROM respond.waiting WHERE run_id = $resting"), 'rest|time||01:00:00', 'one that waits for a time');
one(q{CREATE ROLE control_admin LOGIN; GRANT respond_admin TO control_admin; CREATE ROLE control_agent LOGIN; GRANT respond_agent TO control_agent; CREATE ROLE control_auditor LOGIN; GRANT respond_auditor TO control_auditor});
is(one("SET ROLE control_agent; SELECT count(*), respond.cancel_run($run) FROM respond.waiting"), '0|f', 'for an agent without a ticket of the run there is none');
one("INSERT INTO respond.ticket (subject, run_id) VALUES ('opened by the run', $run)");
is(one("SET ROLE control_$_; SELECT waits_for, key FROM respond.waiting WHERE run_id = $run"), 'event order.paid or order.dropped|', "$_: sees what for, not the key") for qw(admin agent auditor);

# --- cancelled
my ($code, $out, $err);
($code, $out, $err) = $node->psql($db, "SET ROLE control_agent; SELECT respond.cancel_run($run)");
like($err, qr/permission denied to cancel run $run of rule "paid"/, 'an agent without leave may not cancel');
one(q{UPDATE respond.rule SET start_roles = ARRAY['control_agent'] WHERE name = 'paid'});
is(one("SET ROLE control_agent; SELECT respond.cancel_run($run, 'the order was a joke')"), 't', 'with leave it may, although the run is of an older version');
is(one("SELECT status, step, error, finished_at IS NOT NULL, waits_for IS NULL, resume_at IS NULL, waiting IS NULL FROM respond.run WHERE id = $run"), 'cancelled|paid|cancelled by control_agent: the order was a joke|t|t|t|t', 'it ended at once, with the reason');
is(one("SELECT outcome || ' ' || step FROM respond.wait_decision WHERE run_id = $run"), "cancelled paid\ncancelled paid", 'its wait is decided, under each key');
is(one("SELECT respond.cancel_run($run)"), 'f', 'a second time there is nothing to cancel');
is(one('SELECT respond.cancel_run(0), respond.cancel_run(NULL) IS NULL'), 'f|t', 'nor is there for no run');
is(one("SELECT type, subject, data ->> 'reason', actor FROM respond.event WHERE type = 'run.cancelled'"), "run.cancelled|run/$run|cancelled by control_agent: the order was a joke|control_agent", 'an event says so');
is(one("SELECT actor, object_id FROM respond.audit_log WHERE action = 'run.cancelled'"), "control_agent|$run", 'and the audit log');
is(one("SET ROLE control_admin; SELECT respond.cancel_run($resting)"), 't', 'an admin may cancel runs of any rule');
nothing_waits('nothing is left of what they waited for');
is(one("SELECT count(*) FROM respond.dead_letter"), '0', 'a run that was cancelled is no dead letter');

# --- steps for that
my $tidy = emit("tidy.begin", {}, "tidy/1");
my $tidied = waiting($tidy, 'first');
is(one("SELECT respond.cancel_run($tidied, 'enough')"), 't', 'a run with steps for that is cancelled');
my $superuser = one('SELECT current_user');
waiting($tidy, 'after');
is(lines($tidy), "first: cancelled by $superuser: enough (57014)", 'its steps see where it was and why');
emit("tidy.over", {}, "tidy/1");
ended($tidy, 'cancelled');
is(lines($tidy), "first: cancelled by $superuser: enough (57014); tidied", 'they may wait, and go on');
is(one("SELECT error FROM respond.run WHERE id = $tidied"), "cancelled by $superuser: enough", 'the reason stays');
$tidy = emit('tidy.begin', {}, 'tidy/2');
$tidied = waiting($tidy, 'first');
one("SELECT respond.cancel_run($tidied)");
waiting($tidy, 'after');
is(one("SELECT respond.cancel_run($tidied, 'at once')"), 't', 'a run that is at these steps can be cancelled');
is(one("SELECT status, error FROM respond.run WHERE id = $tidied"), "cancelled|cancelled by $superuser: at once", 'and ends there');
my $clumsy = emit('clumsy.begin', {}, 'clumsy');
run_of($clumsy, "status = 'waiting'", 'another waits');
one("SELECT respond.cancel_run(id, 'enough') FROM respond.run WHERE event_id = $clumsy");
ended($clumsy, 'cancelled');
is(one("SELECT error FROM respond.run WHERE event_id = $clumsy"), "cancelled by $superuser: enough\nThen on_cancel[0] failed: no broom", 'steps that fail do not make it a failed run');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'run.failed'}), '0', 'nobody is told of a failure');
nothing_waits('nothing waits any more');

# --- beside what it waits for: a session holds the run, and others go on
my %held = map { $_ => emit('tidy.begin', {}, "held/$_") } qw(kept gone);
my %held_run = map { $_ => waiting($held{$_}, 'first') } sort keys %held;
my %holder = map { $_ => Respond::session($node, $db) } sort keys %held;
$holder{$_}->query_safe("BEGIN; SELECT respond.cancel_run($held_run{$_}, 'held')") for sort keys %held;
my $free = emit('tidy.begin', {}, 'held/free');
emit('tidy.go', {}, "held/$_") for sort keys %held;
waiting($free, 'first');
emit('tidy.go', {}, 'held/free');
ended($free, 'succeeded');
is(one("SELECT count(*) FROM respond.run WHERE id IN ($held_run{kept}, $held_run{gone}) AND status = 'waiting'"), '2', 'runs that a session holds wait, the others go on');
$holder{kept}->query_safe('ROLLBACK');
ended($held{kept}, 'succeeded');
is(lines($held{kept}), 'went on', 'a cancel that was rolled back loses nothing');
$holder{gone}->query_safe('COMMIT');
waiting($held{gone}, 'after');
is(lines($held{gone}), "first: cancelled by $superuser: held (57014)", 'one that was committed came first');
$_->quit for values %holder;
my $beside = Respond::session($node, $db);
$beside->query_safe("BEGIN; SELECT respond.cancel_run($held_run{gone})");
my ($blocked_code, $blocked_out, $blocked) = $node->psql($db, "SET lock_timeout = '100ms'; SELECT respond.cancel_run($held_run{gone})");
like($blocked, qr/lock timeout/, 'two sessions at one run: the second waits, as long as it wants to');
($blocked_code, $blocked_out, $blocked) = $node->psql($db, "SET lock_timeout = '100ms'; SELECT respond.signal($held_run{gone}, 'after')");
like($blocked, qr/lock timeout/, 'also one that only asks where the run is');
$beside->query_safe('COMMIT');
$beside->quit;
is(one("SELECT respond.cancel_run($held_run{gone})"), 'f', 'and finds that it was cancelled');
nothing_waits('nothing waits any more');

# --- what was put off meanwhile is for the step that it met, also when another dispatcher finds it: nobody knows its place then
my $late = emit('tidy.begin', {}, 'held/late');
my $late_run = waiting($late, 'first');
my $again = "SELECT FROM respond_internal.timer WHERE run_id = $late_run AND kind = 'again'";
$beside = Respond::session($node, $db);
$beside->query_safe("BEGIN; SELECT respond.cancel_run($late_run, 'late')");
emit('tidy.go', {}, 'held/late');
Respond::wait_until($node, $db, "SELECT EXISTS ($again AND due_at > clock_timestamp() + interval '2 s')", 'an event is put off');
my $dispatcher = one(q{SELECT pid FROM respond.worker WHERE kind = 'dispatcher'});
one("SELECT pg_terminate_backend($dispatcher)");
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.worker WHERE kind = 'dispatcher' AND pid <> $dispatcher)", 'another dispatcher');
$beside->query_safe('COMMIT');
$beside->quit;
waiting($late, 'after');
Respond::wait_until($node, $db, "SELECT NOT EXISTS ($again)", 'the event is tried again');
is(one("SELECT status, step FROM respond.run WHERE id = $late_run"), 'waiting|after', 'and ends no other wait');
one("SELECT respond.cancel_run($late_run)");

# --- an event that was put off while a session cancelled the run does not bring it back
my $over = emit('order.placed', { id => 8 }, 'order/8');
my $over_run = waiting($over, 'paid');
$beside = Respond::session($node, $db);
$beside->query_safe("BEGIN; SELECT respond.cancel_run($over_run, 'over')");
emit('order.paid', { id => 8 });
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond_internal.timer WHERE run_id = $over_run AND kind = 'again')", 'an event is put off');
$beside->query_safe('COMMIT');
$beside->quit;
Respond::wait_until($node, $db, "SELECT NOT EXISTS (SELECT FROM respond_internal.timer WHERE run_id = $over_run)", 'it is tried again');
is(one("SELECT status, step FROM respond.run WHERE id = $over_run"), 'cancelled|paid', 'and finds a run that has ended');

# --- the server dies after the cancel: its steps are run once
my $dying = emit('tidy.begin', {}, 'dying');
my $dying_run = waiting($dying, 'first');
one("SELECT respond.hold(); SELECT respond.cancel_run($dying_run, 'enough')");
$node->stop('immediate');
$node->start;
is(one("SELECT r.status || ': ' || w.waits_for FROM respond.run AS r JOIN respond.waiting AS w ON w.run_id = r.id WHERE r.id = $dying_run"), 'running: the dispatcher, to run what follows a cancellation', 'the view says what it waits for');
one('SELECT respond.release()');
waiting($dying, 'after');
emit('tidy.over', {}, 'dying');
ended($dying, 'cancelled');
is(lines($dying), "first: cancelled by $superuser: enough (57014); tidied", 'after a crash they are run once');
nothing_waits('nothing waits any more');

# --- many at once, beside the events that they wait for
one(q{INSERT INTO respond.event (type, subject) SELECT 'tidy.begin', 't/' || i FROM generate_series(1, 2000) AS i});
Respond::wait_until($node, $db, q{SELECT count(*) = 2000 FROM respond.run WHERE rule = 'tidy' AND status = 'waiting'}, 'two thousand wait');
one(q{INSERT INTO respond.event (type, subject) SELECT 'tidy.go', 't/' || i FROM generate_series(1, 2000) AS i});
my $answer = one(q{SELECT count(*) FILTER (WHERE respond.cancel_run(id)) FROM respond.run WHERE rule = 'tidy' AND status IN ('waiting', 'running')});
one(q{INSERT INTO respond.event (type, subject) SELECT 'tidy.over', 't/' || i FROM generate_series(1, 2000) AS i});
Respond::wait_until($node, $db, q{SELECT count(*) = 0 FROM respond.waiting}, 'all ended');
is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'tidy' AND status NOT IN ('succeeded', 'cancelled')}), '0', 'each in one way or the other');
is(one(q{SELECT count(*) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.rule = 'tidy' AND e.subject LIKE 't/%' AND status = 'cancelled'}), $answer, "as many were cancelled as cancel_run() said");
is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'tidy' AND (status = 'cancelled') = (COALESCE(state::jsonb -> '_log', '[]') ? 'went on')}), '0', 'what was cancelled did not go on, what went on was not cancelled');
nothing_waits('nothing waits any more');

$node->stop;
done_testing();
