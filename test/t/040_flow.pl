# Flows on a running server: every action, conditions, jumps, failures, attempts, keyed tickets, shadow.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();

my $db = 'flow';
my $node = Respond::node('flow');
Respond::create_extension($node, $db);

sub rule
{
	my ($name, $type, $steps, %columns) = @_;

	return Respond::add_rule($node, $db, $name, $type, $steps, %columns);
}

# fire(type, data): emits an event, waits for its one run and returns the run as a hash.
sub fire
{
	my ($type, $data) = @_;
	my $id = Respond::emit($node, $db, $type, $data);

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id)");
	return JSON::PP->new->decode($node->safe_psql($db, "SELECT to_jsonb(r) FROM respond.run AS r WHERE event_id = $id"));
}

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(q{INSERT INTO respond.team (name) VALUES ('billing'), ('ops')});
one(q{CREATE TABLE public.seen (event_id bigint, note text)});
one(q{GRANT INSERT, SELECT ON public.seen TO PUBLIC});
one(q{CREATE SEQUENCE public.tries});

# ticket, comment, update_ticket, assign
rule('desk', 'desk.all', [
	{ action => 'ticket', name => 't', subject => 'Payment {{data.id}} of {{type}}', description => '{{data.text}}', team => 'billing',
		priority => '{{data.priority}}', requester => '{{data.nobody}}', tags => ['a', '{{data.id}}'], fields => { n => '{{data.id}}', s => 'x{{data.id}}' } },
	{ action => 'comment', name => 'c', body => 'Ticket {{steps.t.id}} of run {{run_id}} of {{rule}}', kind => 'internal' },
	{ action => 'update_ticket', status => 'open', fields => { more => '{{data.list}}' } },
	{ action => 'assign', team => 'ops', assignee => 'ann' } ]);
my $run = fire('desk.all', { id => 7, text => 'a <b> & "c"', priority => 'high', list => [ 1, 'x' ] });
is($run->{status}, 'succeeded', 'a run with all actions of the desk succeeds') or diag(explain($run));
is($run->{rule_version}, 1, 'the run names the version of the rule');
ok(defined $run->{finished_at}, 'a finished run says when');
my $ticket = $run->{state}{t}{id};
is($run->{state}{t}{opened}, JSON::PP::true, 'the step tells that it opened the ticket');
is(one("SELECT concat_ws('|', subject, description, status, priority, team, assignee, requester IS NULL, tags, fields, created_by, run_id = $run->{id}, event_id = $run->{event_id}) FROM respond.ticket WHERE id = $ticket"),
	'Payment 7 of desk.all|a <b> & "c"|open|high|ops|ann|t|{a,7}|{"n": 7, "s": "x7", "more": [1, "x"]}|rule:desk|t|t',
	'the ticket has what the steps gave it; single tags keep their type');
is(one("SELECT concat_ws('|', body, kind, author) FROM respond.comment WHERE id = $run->{state}{c}{id}"),
	"Ticket $ticket of run $run->{id} of desk|internal|rule:desk", 'the comment knows the ticket of the step before');
is(one("SELECT string_agg(DISTINCT actor || ' ' || rule || ' ' || (run_id = $run->{id}), ',') FROM respond.ticket_history WHERE ticket_id = $ticket"),
	'rule:desk desk true', 'the history puts every change down to the rule and the run');
is(one("SELECT string_agg(type || ' ' || cause || ' ' || depth, ',' ORDER BY id) FROM respond.event WHERE subject = 'ticket/$ticket'"),
	join(',', map { "$_ $run->{event_id} 1" } qw(ticket.created ticket.commented ticket.updated ticket.updated)), 'changes are events with their cause');

# keyed tickets
rule('keyed', 'desk.keyed', [ { action => 'ticket', name => 't', subject => 'Host {{data.host}}', description => '{{data.text}}', key => 'host/{{data.host}}' } ]);
my $first = fire('desk.keyed', { host => 'a', text => 'one' });
my $second = fire('desk.keyed', { host => 'a', text => 'two' });
is($second->{state}{t}{id}, $first->{state}{t}{id}, 'an open ticket with the key is used again');
is($second->{state}{t}{opened}, JSON::PP::false, 'and the step says so');
is(one("SELECT string_agg(body || ' ' || kind, ',') FROM respond.comment WHERE ticket_id = $first->{state}{t}{id}"), 'two automatic', 'what came again is a comment');
one("UPDATE respond.ticket SET status = 'solved' WHERE id = $first->{state}{t}{id}");
isnt(fire('desk.keyed', { host => 'a', text => 'three' })->{state}{t}{id}, $first->{state}{t}{id}, 'a solved ticket is left alone');
one(q{INSERT INTO respond.event (type, data) SELECT 'desk.keyed', jsonb_build_object('host', 'b' || i % 3, 'text', i) FROM generate_series(1, 60) AS i});
Respond::wait_until($node, $db, q{SELECT count(*) = 57 FROM respond.comment JOIN respond.ticket AS t ON t.id = ticket_id WHERE t.key LIKE 'host/b%'},
	'sixty events in one transaction open three tickets and add to them');
is(one(q{SELECT count(*) FROM respond.ticket WHERE key LIKE 'host/b%'}), '3', 'no more than three');

# the ticket of the event, and one that is not there
rule('solve', 'desk.solve', [ { action => 'update_ticket', status => 'solved' } ]);
is(fire('desk.solve', { ticket => { id => $ticket } })->{status}, 'succeeded', 'the ticket of the event is found');
is(one("SELECT status FROM respond.ticket WHERE id = $ticket"), 'solved', 'and changed');
like(fire('desk.solve', { ticket_id => 999999 })->{error}, qr/ticket 999999 does not exist/, 'a ticket that is not there');
like(fire('desk.solve')->{error}, qr/there is no ticket/, 'no ticket at all');
rule('reopen', 'desk.reopen', [ { action => 'ticket', name => 'before', subject => 'before' }, { action => 'update_ticket', name => 'u', ticket => '{{data.id}}', status => 'new', assignee => 'eve' } ]);
$run = fire('desk.reopen', { id => $ticket });
is("$run->{status} $run->{step}", 'failed u', 'an illegal transition is a failure of the step');
like($run->{error}, qr/cannot go from status "solved" to "new"/, 'and told');
is(one("SELECT status || ' ' || assignee FROM respond.ticket WHERE id = $ticket"), 'solved ann', 'the step left nothing half');
is(one("SELECT count(*) FROM respond.ticket WHERE id = $run->{state}{before}{id}"), '1', 'what the step before did stays');

# what templates give is checked when they give it
rule('teams', 'desk.team', [ { action => 'ticket', name => 't', subject => 's', team => '{{data.team}}', priority => '{{data.priority}}' } ]);
like(fire('desk.team', { team => 'nobody' })->{error}, qr/team "nobody" does not exist.*INSERT INTO respond\.team/s, 'a team that is not there, and the remedy');
like(fire('desk.team', { priority => 'hgh' })->{error}, qr/steps\[0\]\.priority: "hgh" is not one of low, normal, high, urgent/, 'a priority that is none');
is(fire('desk.team')->{status}, 'succeeded', 'fields the event lacks count as not given');
is(one(q{SELECT count(*) FROM respond.ticket WHERE subject = 's'}), '1', 'failed steps opened nothing');

# sql, set, if, log, stop
rule('compute', 'flow.compute', [
	{ action => 'set', name => 'v', values => { n => '{{data.n}}', list => [ '{{data.n}}', 'n={{data.n}}' ] } },
	{ action => 'set', name => 'e', sql => q{(steps->'v'->>'n')::int + 1} },
	{ action => 'sql', name => 'q', sql => q{INSERT INTO public.seen VALUES (event.id, {{data.note}}) RETURNING note} },
	{ action => 'log', message => 'large {{steps.e}}', if => q{(steps->>'e')::int > 10} },
	{ action => 'log', message => 'small {{steps.e}}', if => q{(steps->>'e')::int <= 10} },
	{ action => 'stop', message => 'enough' },
	{ action => 'fail' } ]);
$run = fire('flow.compute', { n => 41, note => q{it's} });
is($run->{status}, 'succeeded', 'stop ends a run well') or diag(explain($run));
is_deeply($run->{state}, { v => { n => 41, list => [ 41, 'n=41' ] }, e => 42, q => { rows => [ { note => q{it's} } ], count => 1 }, _log => [ 'large 42', 'enough' ] },
	'the data chain has the outputs by name, and the log');
is(one("SELECT note FROM public.seen WHERE event_id = $run->{event_id}"), q{it's}, 'sql took effect');
is(one("SELECT actor || ' ' || rule FROM respond.audit_log WHERE action = 'rule.sql' AND run_id = $run->{id}"), 'rule:compute compute', 'sql is on record');

# sql sees what the run did before
rule('look', 'flow.look', [ { action => 'ticket', name => 't', subject => 'look' }, { action => 'sql', name => 'q', sql => q{SELECT count(*) AS n FROM respond.ticket WHERE id = (steps->'t'->>'id')::bigint} } ]);
is(fire('flow.look')->{state}{q}{rows}[0]{n}, 1, 'sql sees the ticket that the step before opened');

# emit
rule('chain', 'flow.emit', [ { action => 'emit', name => 'e', type => 'flow.{{data.next}}', subject => 's/{{data.n}}', data => { n => '{{data.n}}' }, key => 'k{{data.n}}' }, { action => 'emit', type => 'flow.unnamed', data => '{{data}}' } ]);
$run = fire('flow.emit', { next => 'next', n => 5 });
is(one("SELECT concat_ws('|', type, subject, data, cause = $run->{event_id}, depth, actor) FROM respond.event WHERE id = $run->{state}{e}{id}"), 'flow.next|s/5|{"n": 5}|t|1|rule:chain', 'emit records an event with its cause');
is(fire('flow.emit', { next => 'next', n => 5 })->{state}{e}{duplicate}, JSON::PP::true, 'a known key is not recorded again');
is(one("SELECT count(*) FROM respond.audit_log AS a JOIN respond.event AS e ON e.id = a.object_id::bigint WHERE a.action = 'rule.emit' AND a.run_id = $run->{id}"), '2', 'the audit log names both events');
# Steps without a name buffer their events; one with a name writes its own at once, and needs not stand before them.
rule('twice', 'flow.twice', [ { action => 'emit', type => 'flow.first', key => 'twice/{{data.n}}' },
	{ action => 'emit', name => 'e', type => 'flow.second', key => 'twice/{{data.n}}' } ]);
$run = fire('flow.twice', { n => 1 });
is(one("SELECT string_agg(type, ',') FROM respond.event WHERE key = 'twice/1'"), 'flow.first', 'of two events with one key the first is recorded, whether its step has a name or not');
is($run->{state}{e}{duplicate}, JSON::PP::true, 'and the second step is told');
rule('in turn', 'flow.turn', [ { action => 'emit', type => 'turn.a' }, { action => 'emit', name => 'e', type => 'turn.b' }, { action => 'emit', type => 'turn.c' } ]);
$run = fire('flow.turn', {});
is(one("SELECT string_agg(type, ',' ORDER BY id) FROM respond.event WHERE cause = $run->{event_id}"), 'turn.a,turn.b,turn.c', 'events stand in the log in the order of their steps');
like(fire('flow.emit', { next => 'x' x 300, n => 6 })->{error}, qr/type of an event is too long/, 'an event that cannot be is a failure of the step');

# jumps
rule('jump', 'flow.jump', [
	{ action => 'sql', name => 'try', sql => q{SELECT 1 / (data->>'n')::int}, on_success => 'good', on_failure => 'bad' },
	{ action => 'fail', message => 'never' },
	{ action => 'log', name => 'bad', message => 'bad: {{error.message}} ({{error.code}})', on_success => 'stop' },
	{ action => 'log', name => 'good', message => 'good' } ]);
$run = fire('flow.jump', { n => 1 });
is_deeply([ $run->{status}, $run->{state}{_log} ], [ 'succeeded', ['good'] ], 'on_success jumps ahead');
$run = fire('flow.jump', { n => 0 });
is_deeply([ $run->{status}, $run->{state}{_log} ], [ 'succeeded', [ 'try failed: division by zero', 'bad: division by zero (22012)' ] ], 'on_failure jumps and tells why');
is($run->{state}{try}{error}, 'division by zero', 'the data chain has the error of a step that failed');
rule('loop', 'flow.loop', [ { action => 'log', name => 'a', message => 'x', on_success => 'a' } ]);
like(fire('flow.loop')->{error}, qr/executed 1000 steps and did not end/, 'a loop of jumps ends');

# attempts
rule('attempts', 'flow.attempts', [ { action => 'sql', name => 'q', sql => q{SELECT 1 / (CASE WHEN nextval('public.tries') < 3 THEN 0 ELSE 1 END) AS n}, max_attempts => 3 } ]);
one('GRANT USAGE ON SEQUENCE public.tries TO PUBLIC');
is(fire('flow.attempts')->{status}, 'succeeded', 'a step is tried again');
is(one('SELECT last_value FROM public.tries'), '3', 'as often as it takes, and no more');

# on_failure of the rule
rule('rescue', 'flow.rescue', [ { action => 'ticket', name => 't', subject => 'rescue' }, { action => 'fail', name => 'f', message => 'broken {{data.n}}' }, { action => 'log', message => 'never' } ],
	on_failure => [ { action => 'comment', name => 'c', body => '{{error.step}}: {{error.message}}' } ]);
$run = fire('flow.rescue', { n => 3 });
is($run->{status}, 'succeeded', 'on_failure of the rule deals with the failure');
is("$run->{step} $run->{error}", 'f broken 3', 'which stays visible');
is(one("SELECT body FROM respond.comment WHERE id = $run->{state}{c}{id} AND ticket_id = $run->{state}{t}{id}"), 'f: broken 3', 'its steps know what failed, and the ticket of the run');
rule('rescue twice', 'flow.rescue2', [ { action => 'fail', message => 'first' } ], on_failure => [ { action => 'fail', message => 'second' } ]);
like(fire('flow.rescue2')->{error}, qr/first.*second/s, 'when on_failure fails too, both are told');

# a run that fails
rule('fail', 'flow.fail', [ { action => 'fail', name => 'f', message => 'no {{data.n}}' } ]);
rule('watch', 'run.failed', [ { action => 'fail', message => 'and again' } ], pattern => '{"data": {"rule": ["fail"]}}');
$run = fire('flow.fail', { n => 9 });
is("$run->{status} $run->{step} $run->{error}", 'failed f no 9', 'fail fails the run');
is(one("SELECT data - 'run_id' FROM respond.event WHERE type = 'run.failed' AND cause = $run->{event_id} AND depth = 1 AND (data->>'run_id')::bigint = $run->{id}"),
	qq({"rule": "fail", "step": "f", "error": "no 9", "event_id": $run->{event_id}}), 'the event run.failed says it');
is(one("SELECT count(*) FROM respond.audit_log WHERE action = 'run.failed' AND object_id = '$run->{id}'"), '1', 'the audit log, too');
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run WHERE rule = 'watch' AND status = 'failed'}, 'a rule may act on it');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'run.failed' AND data->>'rule' = 'watch'}), '0', 'its own failure does not start another round');

# a statement that takes too long, and a row that somebody keeps locked
rule('slow', 'flow.slow', [ { action => 'sql', name => 'q', sql => 'SELECT pg_sleep(60)', timeout => '50 ms' } ]);
is(fire('flow.slow')->{status}, 'failed', 'the timeout of a step ends its sql');

# shadow
rule('shadow', 'flow.shadow', [
	{ action => 'set', name => 's', value => '{{data.n}}' },
	{ action => 'ticket', name => 't', subject => 'shadow {{steps.s}}', team => 'ops' },
	{ action => 'sql', sql => q{INSERT INTO public.seen VALUES (0, 'shadow')} },
	{ action => 'log', message => 'x', if => 'false' } ], shadow => 'true');
$run = fire('flow.shadow', { n => 12 });
is($run->{status}, 'shadow', 'a rule in the shadow leaves a run that says so');
is_deeply($run->{state}{shadow}, [
		{ step => 's', action => 'set', parameters => { values => 12 } },
		{ step => 't', action => 'ticket', parameters => { subject => 'shadow 12', team => 'ops' } },
		{ step => 'steps[2]', action => 'sql', parameters => { sql => q{INSERT INTO public.seen VALUES (0, 'shadow')} } },
		{ step => 'steps[3]', action => 'log', if => JSON::PP::false } ], 'with what would have been done');
is(one(q{SELECT (SELECT count(*) FROM respond.ticket WHERE subject LIKE 'shadow%') + (SELECT count(*) FROM public.seen WHERE note = 'shadow')}), '0', 'and nothing was done');

is(one(q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'no event was given up');
$node->stop;
done_testing();
