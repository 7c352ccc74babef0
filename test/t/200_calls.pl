# Rules that call rules: in one transaction, over waits, from every lane, with whose rights, and how it ends.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'calls';
my $node = Respond::node('calls', 'pg_respond.dispatchers' => 3, restart_after_crash => 'on', fsync => 'on');
Respond::create_extension($node, $db);

sub sql { return $node->safe_psql($db, @_); }

sub run_of
{
	my ($event, $rule) = @_;

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND rule = '$rule' AND finished_at IS NOT NULL)");
	return split /\|/, sql("SELECT id, status, state, error FROM respond.run WHERE event_id = $event AND rule = '$rule'"), 4;
}

# What the other rule gave.
Respond::add_rule($node, $db, 'double', 'never.double', [
	{ action => 'set', name => 'twice', expression => q{(data->>'n')::integer * 2} },
	{ action => 'emit', type => 'doubled', data => { n => '{{steps.twice}}' } } ]);
Respond::add_rule($node, $db, 'caller', 'call.plain', [
	{ action => 'call', name => 'c', rule => 'double', data => { n => '{{data.n}}' }, subject => 's/{{data.n}}' },
	{ action => 'set', name => 'sum', expression => q{(steps->'c'->'steps'->>'twice')::integer + 1} } ]);
my @events = map { Respond::emit($node, $db, 'call.plain', { n => $_ }, "x/$_") } 1 .. 12;
my ($id, $status, $state) = run_of($events[6], 'caller');
is($status, 'succeeded', 'a rule calls another');
is(sql("SELECT state->'sum' FROM respond.run WHERE id = $id"), '15', 'and goes on with what it gave');
run_of($_, 'caller') foreach @events;
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT p.xmin::text = c.xmin::text) FROM respond.run AS c JOIN respond.run AS p ON p.id = c.parent_id WHERE c.rule = 'double' AND c.status = 'succeeded' AND p.rule = 'caller'}),
	'12 1', 'each call is a run that names its parent');
is(sql(q{SELECT count(*) FROM respond.run AS c JOIN respond.run AS p ON p.id = c.parent_id WHERE c.xmin <> p.xmin}), '0', 'both are written in one transaction');
is(sql(q{SELECT count(*) FROM respond.event AS e JOIN respond.run AS c ON c.event_id = e.id JOIN respond.run AS p ON p.id = c.parent_id
	WHERE e.type = 'rule.start' AND e.cause = p.event_id AND e.depth = 1 AND e.actor = 'rule:caller' AND e.subject = 's/' || (e.data->>'n')}), '12', 'and has an event of its own');
is(sql(q{SELECT count(*) FROM respond.event WHERE type = 'doubled' AND depth = 2 AND actor = 'rule:double'}), '12', 'what it does is put down to it');
is(sql(q{SELECT count(*) FROM respond.audit_log WHERE action = 'rule.called' AND rule = 'caller'}), '12', 'the audit log has the calls');

# A failure is that of the step.
Respond::add_rule($node, $db, 'breaks', 'never.breaks', [ { action => 'sql', name => 's', sql => 'SELECT 1/0' } ]);
Respond::add_rule($node, $db, 'failed caller', 'call.fail', [ { action => 'call', name => 'c', rule => 'breaks' } ]);
Respond::add_rule($node, $db, 'careful caller', 'call.fail', [ { action => 'call', name => 'c', rule => 'breaks', on_failure => 'l' }, { action => 'stop' }, { action => 'log', name => 'l', message => '{{error.message}}' } ]);
my $event = Respond::emit($node, $db, 'call.fail');
($id, $status, $state, my $error) = run_of($event, 'failed caller');
my $child = sql("SELECT id FROM respond.run WHERE parent_id = $id");
is($status, 'failed', 'the failure of the other rule is that of the step');
like($error, qr/^run $child of rule "breaks" failed: division by zero/, 'with the number of its run and its error');
($id, $status) = run_of($event, 'careful caller');
is($status, 'succeeded', 'which the step can handle');
is(sql(qq{SELECT count(*) FROM respond.dead_letter WHERE kind = 'run' AND (id = $child OR error LIKE '%')}), '3', 'each failed run is a dead letter');

# What cannot be called.
foreach my $case ([ 'nobody', 'does not exist' ], [ 'off', 'is disabled' ], [ 'shade', 'is a shadow rule' ])
{
	my ($name, $fault) = @$case;

	Respond::add_rule($node, $db, $name, 'never', [ { action => 'log', message => 'x' } ], enabled => $name eq 'off' ? 'f' : 't', shadow => $name eq 'shade' ? 't' : 'f') if $name ne 'nobody';
	Respond::add_rule($node, $db, "calls $name", "call.$name", [ { action => 'call', rule => $name } ]);
	my (undef, $how, undef, $why) = run_of(Respond::emit($node, $db, "call.$name"), "calls $name");
	is($how, 'failed', "$name cannot be called");
	like($why, qr/^steps\[0\]\.rule: rule "$name" $fault/, 'with the reason');
}

# Rings: those that can be seen are refused, others end.
Respond::add_rule($node, $db, 'a', 'call.a', [ { action => 'call', rule => 'b' } ]);
Respond::add_rule($node, $db, 'b', 'never', [ { action => 'call', rule => 'c' } ]);
my ($result, $out, $err) = $node->psql($db, q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('c', 'never', '[{"action": "log", "message": "x"}, {"action": "call", "rule": "a"}]')});
like($err, qr/steps: the rule would call itself: "c" calls "a" calls "b" calls "c"/, 'a ring is refused');
($result, $out, $err) = $node->psql($db, q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('own', 'never', '[{"action": "call", "rule": "own"}]')});
like($err, qr/"own" calls "own"/, 'the smallest, too');
($result, $out, $err) = $node->psql($db, q{BEGIN; INSERT INTO respond.rule (name, event_type, steps) VALUES ('to later', 'x', '[{"action": "call", "rule": "later"}]'), ('sooner', 'x', '[{"action": "call", "rule": "to later"}]');
	UPDATE respond.rule SET name = 'later' WHERE name = 'sooner'; COMMIT}, on_error_stop => 1);
like($err, qr/steps: the rule would call itself: "later" calls "to later" calls "later"/, 'a ring that another name makes is refused');
# Each of these calls all before it: there are 2 ^ 38 ways from the last to the first.
sql(q{INSERT INTO respond.rule (name, event_type, steps) SELECT 'mesh ' || n, 'x', coalesce((SELECT jsonb_agg(jsonb_build_object('action', 'call', 'rule', 'mesh ' || m)) FROM generate_series(1, n - 1) AS m), '[{"action": "stop"}]')
	FROM generate_series(1, 40) AS n});
Respond::is_quick('many ways among rules cost nothing', sub {
	(undef, undef, $err) = $node->psql($db, q{UPDATE respond.rule SET steps = '[{"action": "call", "rule": "mesh 40"}]' WHERE name = 'mesh 1'}) });
like($err, qr/steps: the rule would call itself: "mesh 1" calls "mesh 40" calls "mesh 1"/, 'and the shortest ring is told');
sql(q{DELETE FROM respond.rule WHERE name LIKE 'mesh %'});
Respond::add_rule($node, $db, 'ring', 'call.ring', [ { action => 'call', rule => '{{data.rule}}', data => { rule => 'ring' } } ]);
$event = Respond::emit($node, $db, 'call.ring', { rule => 'ring' });
($id, $status, $state, $error) = run_of($event, 'ring');
is($status, 'failed', 'a ring that nobody could see ends');
like($error, qr/depth 17, greater than pg_respond\.max_depth \(16\)/, 'at the greatest depth');
is(sql(q{SELECT count(*) FROM respond.run WHERE rule = 'ring'}), '17', 'after as many runs');

# The other rule waits; from every lane.
Respond::add_rule($node, $db, 'waits', 'never.waits', [
	{ action => 'wait', name => 'w', event_type => 'go', key => '{{data.k}}', event_key => 'data.k' },
	{ action => 'set', name => 'got', values => { n => '{{steps.w.data.n}}' } } ]);
Respond::add_rule($node, $db, 'middle', 'never.middle', [ { action => 'call', name => 'm', rule => 'waits', data => { k => '{{data.k}}' } } ]);
Respond::add_rule($node, $db, 'outer', 'call.waits', [
	{ action => 'call', name => 'c', rule => 'middle', data => { k => '{{data.k}}' } },
	{ action => 'emit', type => 'outer.done', key => 'done/{{data.k}}', data => { n => '{{steps.c.steps.m.steps.got.n}}' } } ]);
@events = map { Respond::emit($node, $db, 'call.waits', { k => $_ }, "w/$_") } 1 .. 30;
Respond::wait_until($node, $db, q{SELECT count(*) = 90 FROM respond.run WHERE rule IN ('outer', 'middle', 'waits') AND status = 'waiting'}, 'all wait, the callers for the called');
is(sql(q{SELECT string_agg(DISTINCT rule || ' ' || waits_for, ', ') FROM respond.run WHERE status = 'waiting'}), 'middle run, outer run, waits event', 'and say for what');
Respond::crash_worker($node, $db, 'dispatcher');
Respond::wait_workers($node, $db);
sql(q{INSERT INTO respond.event (type, subject, data) SELECT 'go', 'g/' || i, jsonb_build_object('k', i, 'n', i * 10) FROM generate_series(1, 30) AS i});
Respond::wait_until($node, $db, q{SELECT count(*) = 90 FROM respond.run WHERE rule IN ('outer', 'middle', 'waits') AND status = 'succeeded'}, 'all go on when the innermost does');
is(sql(q{SELECT count(*) FROM respond.event WHERE type = 'outer.done' AND (data->>'n')::integer = 10 * split_part(key, '/', 2)::integer}), '30', 'with what it gave, each once');
is(sql(q{SELECT count(*) FROM respond_internal.run_inbox}), '0', 'nothing is left over');
is(sql(q{SELECT count(*) FROM respond.wait_decision WHERE outcome = 'run' AND rule IN ('outer', 'middle')}), '60', 'how each of the callers went on is on record');

# Cancelled: with its caller, or alone.
sub waiting_run
{
	my ($k) = @_;

	Respond::emit($node, $db, 'call.waits', { k => $k }, "w/$k");
	Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE status = 'waiting'});
	return map { sql("SELECT id FROM respond.run WHERE rule = '$_' AND status = 'waiting'") } 'outer', 'middle', 'waits';
}
my ($outer, $middle, $inner) = waiting_run(500);
sql("SELECT respond.cancel_run($outer, 'no more')");
is(sql("SELECT string_agg(status, ' ') FROM respond.run WHERE id IN ($outer, $middle, $inner)"), 'cancelled cancelled cancelled', 'who is cancelled takes along what was called');
is(sql('SELECT count(*) FROM respond_internal.wait'), '0', 'nothing waits any more');
($outer, $middle, $inner) = waiting_run(501);
sql("SELECT respond.cancel_run($inner, 'not this one')");
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE id IN ($outer, $middle) AND status = 'failed'", 'a called run that is cancelled alone fails its caller');
like(sql("SELECT error FROM respond.run WHERE id = $middle"), qr/^run $inner of rule "waits" was cancelled: cancelled by [a-z]+: not this one/, 'which says so');

# One that fails after it has waited.
Respond::add_rule($node, $db, 'waits and fails', 'never.waf', [ { action => 'wait', for => '10 ms' }, { action => 'fail', message => 'too late' } ]);
Respond::add_rule($node, $db, 'hopes', 'call.hopes', [ { action => 'call', name => 'c', rule => 'waits and fails', max_attempts => 2 } ]);
($id, $status, $state, $error) = run_of(Respond::emit($node, $db, 'call.hopes'), 'hopes');
is($status, 'failed', 'the failure of a run that waited arrives');
like($error, qr/of rule "waits and fails" failed: too late/, 'with its error');
is(sql(qq{SELECT count(*) FROM respond.run WHERE parent_id = $id}), '2', 'each attempt of the step is a run');

# Let go: it runs by itself.
Respond::add_rule($node, $db, 'lets go', 'call.let', [ { action => 'call', name => 'c', rule => 'double', data => { n => 4 }, wait => JSON::PP::false }, { action => 'fail', message => 'later' } ], on_failure => [ { action => 'log', message => 'x' } ]);
($id, $status, $state) = run_of(Respond::emit($node, $db, 'call.let'), 'lets go');
is($status, 'succeeded', 'a rule lets another go');
my $free = sql("SELECT state->'c'->>'run_id' FROM respond.run WHERE id = $id");
Respond::wait_until($node, $db, qq{SELECT EXISTS (SELECT FROM respond.run WHERE id = $free AND rule = 'double' AND status = 'succeeded' AND parent_id IS NULL AND state->'twice' = '8')}, 'which runs by itself');

# Whose rights: the owner of the calling rule needs the leave of the called one's owner, and sees what everybody sees.
sql(q{CREATE ROLE boss; CREATE ROLE clerk; GRANT respond_admin TO boss, clerk; CREATE TABLE public.secret (v text); INSERT INTO public.secret VALUES ('hush'); ALTER TABLE public.secret OWNER TO boss;
	SET ROLE boss;
	INSERT INTO respond.rule (name, event_type, steps) VALUES ('of boss', 'never', '[{"action": "sql", "name": "s", "sql": "SELECT v, session_user::text AS x, current_user::text AS me FROM public.secret"}, {"action": "log", "name": "l", "message": "for all"}]');
	INSERT INTO respond.rule (name, event_type, steps, start_roles) VALUES ('of boss, open', 'never', '[{"action": "sql", "name": "s", "sql": "SELECT v FROM public.secret"}, {"action": "log", "name": "l", "message": "for all"}]', '{clerk}'),
		('of boss, broken', 'never', '[{"action": "sql", "sql": "SELECT v::integer FROM public.secret"}]', '{clerk}');
	RESET ROLE; SET ROLE clerk;
	INSERT INTO respond.rule (name, event_type, steps) VALUES ('no leave', 'call.rights', '[{"action": "call", "name": "c", "rule": "of boss"}]'),
		('with leave', 'call.rights', '[{"action": "call", "name": "c", "rule": "of boss, open"}]'),
		('with leave, fails', 'call.rights', '[{"action": "call", "name": "c", "rule": "of boss, broken"}]');});
$event = Respond::emit($node, $db, 'call.rights');
($id, $status, $state, $error) = run_of($event, 'no leave');
is($status, 'failed', 'without leave a rule cannot call');
like($error, qr/rule "of boss" may not be called by rules of this owner/, 'and says so');
($id, $status, $state) = run_of($event, 'with leave');
is($status, 'succeeded', 'with leave it can');
like($state, qr/for all/, 'it gets what everybody may see');
unlike($state, qr/hush/, 'and not the rows of the other owner');
is(sql("SELECT state->'s'->'rows'->0->>'v' FROM respond.run WHERE parent_id = $id"), 'hush', 'which the called run has');
($id, $status, $state, $error) = run_of($event, 'with leave, fails');
unlike($error, qr/hush/, 'nor does an error tell them');
like($error, qr/invalid_text_representation/, 'it tells the class');
unlike(sql(qq{SET ROLE clerk; SELECT string_agg(concat(error, state, saved), ' ') FROM respond.run}), qr/hush/, 'the clerk finds them nowhere');

# Other rights on values: bad input is refused when the rule is saved, or fails the step.
foreach my $case (
	[ '{"action": "call"}', 'steps[0].rule: is missing' ],
	[ '{"action": "call", "rule": "x", "wait": "no"}', 'steps[0].wait: must be true or false' ],
	[ '{"action": "call", "rule": "x", "data": 1}', 'steps[0].data: must be an object' ],
	[ '{"action": "call", "rule": 7}', 'steps[0].rule: must be a text' ])
{
	($result, $out, $err) = $node->psql($db, qq{INSERT INTO respond.rule (name, event_type, steps) VALUES ('bad', 'never', '[$case->[0]]')});
	like($err, qr/\Q$case->[1]\E/, "refused: $case->[1]");
}
Respond::add_rule($node, $db, 'bad values', 'call.bad', [ { action => 'call', name => 'n', rule => '{{data.none}}', on_failure => 'd' }, { action => 'call', name => 'd', rule => 'double', data => '{{data.list}}' } ]);
($id, $status, $state, $error) = run_of(Respond::emit($node, $db, 'call.bad', { list => [ 1, 2 ] }), 'bad values');
like($state, qr/steps\[0\]\.rule: is empty/, 'no name is a failure');
like($error, qr/steps\[1\]\.data: is not an object/, 'so is data that is no object');

# A version of today, whatever becomes of the rule while it runs; and a dry run.
my $before = sql(q{SELECT version FROM respond.rule WHERE name = 'waits'});
$event = Respond::emit($node, $db, 'call.waits', { k => 77 }, 'w/77');
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE status = 'waiting'});
sql(q{UPDATE respond.rule SET steps = '[{"action": "log", "message": "other"}]' WHERE name = 'waits'; DELETE FROM respond.rule WHERE name = 'middle'});
Respond::emit($node, $db, 'go', { k => 77, n => 5 });
($id, $status) = run_of($event, 'outer');
is($status, 'succeeded', 'runs that wait go on with the version that they began with');
is(sql(q{SELECT rule_version FROM respond.run WHERE rule = 'waits' ORDER BY id DESC LIMIT 1}), $before, 'which the row says');
is(sql(q{SELECT steps FROM respond.simulate('call.plain', '{"n": 3}') WHERE rule = 'caller'}),
	'[{"step": "c", "action": "call", "parameters": {"data": {"n": 3}, "rule": "double", "subject": "s/3"}}, {"step": "sum", "action": "set", "parameters": {"sql": "(steps->\'c\'->\'steps\'->>\'twice\')::integer + 1"}}]', 'simulate() shows the call');
is(sql(q{SELECT count(*) FROM respond_internal.dead_event WHERE reason <> 'depth'}), '0', 'no event was given up');

$node->stop;
done_testing();
