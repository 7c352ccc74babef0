# Approvals: who may decide, what decides, and what becomes of the run.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();

my $db = 'approve';
my $node = Respond::node('approve', 'pg_respond.dispatchers' => 3, 'pg_respond.timer_grace' => '200ms');
Respond::create_extension($node, $db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent; CREATE ROLE bob LOGIN IN ROLE respond_agent; CREATE ROLE cem LOGIN IN ROLE respond_agent;
	CREATE ROLE dee LOGIN IN ROLE respond_agent; CREATE ROLE eve LOGIN IN ROLE respond_agent; CREATE ROLE shop LOGIN IN ROLE respond_producer;
	CREATE ROLE audit LOGIN IN ROLE respond_auditor;
	CREATE ROLE managers; GRANT managers TO cem, dee;
	INSERT INTO respond.team (name) VALUES ('support'), ('empty');
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann'), ('Bob', 'bob'), ('Nobody', NULL);
	INSERT INTO respond.team_member (team, agent) VALUES ('support', 'Ann'), ('support', 'Bob')});

# as(role, statement): what the statement says when this role is logged in, or its error.
sub as
{
	my ($role, $sql) = @_;
	my ($out, $err);

	$node->psql($db, $sql, extra_params => [ '-U', $role ], stdout => \$out, stderr => \$err);
	return $err ne '' ? $err : $out;
}

# ask(rule, type): an event of the type, and the id of the approval that the run of this rule asks for.
my $asked = 0;
sub ask
{
	my ($type, $data) = @_;
	my $event = Respond::emit($node, $db, $type, $data || {}, 'x' . $asked++);

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.approval WHERE event_id = $event)", "$type is asked");
	return $node->safe_psql($db, "SELECT id FROM respond.approval WHERE event_id = $event");
}

sub ends
{
	my ($id, $expected, $message) = @_;

	return Respond::wait_until($node, $db, qq{SELECT EXISTS (SELECT FROM respond.run AS r JOIN respond.approval AS a ON a.run_id = r.id
		WHERE a.id = '$id' AND r.status || ' ' || (r.state->>'_log') LIKE '%$expected%')}, $message);
}

my @ends = ({ action => 'stop' }, { action => 'log', name => 'yes', message => 'said yes', on_success => 'stop' },
	{ action => 'log', name => 'no', message => 'said no', on_success => 'stop' }, { action => 'log', name => 'late', message => 'said nothing' });

sub rule
{
	my ($name, %step) = @_;

	Respond::add_rule($node, $db, $name, $name, [ { action => 'approve', name => 'ask', question => 'May {{data.who}} have it?',
		context => { amount => '{{data.amount}}' }, approvers => ['team:support'], on_approve => 'yes', on_reject => 'no', %step }, @ends ]);
	return;
}

# One of a team decides.
rule('one');
my $id = ask('one', { who => 'Kim', amount => 7 });
is($node->safe_psql($db, "SELECT question, context, options, approvers, quorum, asked_of, status, step FROM respond.approval WHERE id = '$id'"),
	'May Kim have it?|{"amount": 7}|{approve,reject}|{team:support}|1|{Ann,Bob}|open|ask', 'the row says what is asked of whom');
is($node->safe_psql($db, "SELECT status, waits_for, step FROM respond.run WHERE id = (SELECT run_id FROM respond.approval WHERE id = '$id')"), 'waiting|approval|ask', 'the run waits');
is($node->safe_psql($db, "SELECT data->>'question' || ' ' || (data->>'options') FROM respond.event WHERE type = 'approval.requested' AND subject = 'approval/$id'"),
	'May Kim have it? ["approve", "reject"]', 'the event says what is asked');
like(as('cem', "SELECT respond.decide('$id', 'approve')"), qr/"cem" may not decide approval $id\nHINT:  (?!.*(?:support|Ann|Bob))/s, 'who is no approver is refused, and does not learn who is one');
like(as('ann', "SELECT respond.decide('$id', 'maybe')"), qr/"maybe" is not an option.*\n.*Its options are: approve, reject/, 'what is no option is refused');
like(as('shop', "SELECT respond.decide('$id', 'approve')"), qr/permission denied/, 'a producer cannot decide');
is(as('ann', 'SELECT count(*) FROM respond.approval'), '1', 'an approver sees the question');
is(as('cem', 'SELECT count(*) FROM respond.approval'), '0', 'others do not');
is(as('audit', 'SELECT count(*) FROM respond.approval'), '1', 'an auditor does');
is(as('ann', "SELECT respond.decide('$id', 'approve', 'fine')"), 'approve', 'an approver decides');
ends($id, 'succeeded ["said yes"]', 'and the run goes on by the option');
like($node->safe_psql($db, "SELECT state->'ask' FROM respond.run WHERE id = (SELECT run_id FROM respond.approval WHERE id = '$id')"),
	qr/"votes": \[\{"voter": "Ann", "option": "approve", "comment": "fine"\}\].*"voters": \["Ann"\]/, 'the output of the step says who decided what');
like(as('bob', "SELECT respond.decide('$id', 'reject')"), qr/approval $id is decided: approve/, 'what is decided is decided');
like(as('cem', "SELECT respond.decide('$id', 'reject')"), qr/"cem" may not decide approval $id\n(?!.*(?:decided:|approve$))/s, 'others do not learn how');
is($node->safe_psql($db, "SELECT string_agg(action || ' ' || actor, ', ' ORDER BY id) FROM respond.audit_log WHERE object_id = '$id'"),
	'approval.requested rule:one, approval.voted ann, approval.decided ann', 'all of it is on record');
is($node->safe_psql($db, "SELECT outcome FROM respond.wait_decision WHERE run_id = (SELECT run_id FROM respond.approval WHERE id = '$id')"), 'decision', 'so is how the wait ended');
is($node->safe_psql($db, "SELECT e.actor || ' ' || (e.cause = a.event_id) || ' ' || (e.data->>'decision') || ' ' || (e.data->>'voters') FROM respond.event AS e, respond.approval AS a
	WHERE a.id = '$id' AND e.type = 'approval.decided' AND e.subject = 'approval/$id'"), 'ann true approve ["Ann"]', 'the event says who decided');
is(as('ann', 'SELECT count(*) FROM respond.approval_vote'), '1', 'an approver sees the votes');
is(as('cem', 'SELECT count(*) FROM respond.approval_vote'), '0', 'others do not');

# What is denied is not approved.
$id = ask('one');
is(as('bob', "SELECT respond.decide('$id', 'reject')"), 'reject', 'one reject is enough');
ends($id, 'succeeded ["said no"]', 'and leads elsewhere');
Respond::add_rule($node, $db, 'bare', 'bare', [ { action => 'approve', question => '?', approvers => 'Ann', for => '1 day' }, { action => 'log', message => 'paid' } ]);
$id = ask('bare');
as('ann', "SELECT respond.decide('$id', 'reject')");
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'bare' AND status = 'failed' AND error LIKE 'steps[0]: rejected by ["Ann"]%')},
	'without on_reject the run fails, and does not pay');

# Several decide; votes change while it is open.
rule('two', quorum => 2, deny_wins => JSON::PP::false, approvers => [ 'team:support', 'managers' ]);
$id = ask('two');
is(as('ann', "SELECT respond.decide('$id', 'approve')"), '', 'one of two does not decide');
is(as('ann', "SELECT respond.decide('$id', 'approve')"), '', 'nor does the same again');
is(as('bob', "SELECT respond.decide('$id', 'reject')"), '', 'one against one neither');
is(as('bob', "SELECT respond.decide('$id', 'approve', 'after all')"), 'approve', 'a changed vote does');
is($node->safe_psql($db, "SELECT string_agg(voter || ' ' || option || ' ' || (changed_at IS NOT NULL), ', ' ORDER BY voter) FROM respond.approval_vote WHERE approval_id = '$id'"),
	'Ann approve true, Bob approve true', 'each has one vote');
ends($id, 'succeeded ["said yes"]', 'the run goes on');
$id = ask('two');
as($_, "SELECT respond.decide('$id', 'approve')") for 'ann';
as($_, "SELECT respond.decide('$id', 'reject')") for 'bob';
is(as('cem', "SELECT respond.decide('$id', 'reject')"), 'reject', 'members of a role vote, and reject wins at its quorum');

# Where a reject wins at once, nobody else has to decide.
rule('deny', quorum => 2, approvers => [ 'team:support', 'managers' ]);
$id = ask('deny');
is(as('ann', "SELECT respond.decide('$id', 'approve')"), '', 'one of two does not approve');
is(as('bob', "SELECT respond.decide('$id', 'reject')"), 'reject', 'but one rejects');
ends($id, 'succeeded ["said no"]', 'and the run goes on with that');

# All who were asked.
rule('all', quorum => 'all', approvers => [ 'team:support', 'cem' ]);
$id = ask('all');
is($node->safe_psql($db, "SELECT quorum IS NULL, asked_of FROM respond.approval WHERE id = '$id'"), 't|{Ann,Bob,cem}', 'all means those of the moment');
$node->safe_psql($db, q{INSERT INTO respond.agent (name, db_role) VALUES ('Dee', 'dee'); INSERT INTO respond.team_member (team, agent) VALUES ('support', 'Dee')});
like(as('dee', "SELECT respond.decide('$id', 'approve')"), qr/"Dee" was not asked/, 'who came later was not asked');
is(as($_, "SELECT respond.decide('$id', 'approve')"), $_ eq 'cem' ? 'approve' : '', "$_ agrees") for 'ann', 'bob', 'cem';

# No option can reach what is needed: a tie where nothing denies.
Respond::add_rule($node, $db, 'tie', 'tie', [ { action => 'approve', question => '?', options => [ 'red', 'blue' ], quorum => 2, approvers => [ 'Ann', 'Bob' ],
	on => { red => 'yes', blue => 'no' }, on_failure => 'late' }, @ends ]);
$id = ask('tie');
as('ann', "SELECT respond.decide('$id', 'red')");
is(as('bob', "SELECT respond.decide('$id', 'blue')"), '', 'a tie has no winner');
is($node->safe_psql($db, "SELECT status FROM respond.approval WHERE id = '$id'"), 'tied', 'and is over');
ends($id, 'said nothing', 'the step failed');
$id = ask('tie');
as('ann', "SELECT respond.decide('$id', 'blue')");
is(as('bob', "SELECT respond.decide('$id', 'blue')"), 'blue', 'options of its own');
ends($id, 'succeeded ["said no"]', 'lead to steps of their own');

# Who caused it may not decide.
rule('own', approvers => [ 'Ann', 'Bob' ]);
$node->safe_psql($db, 'GRANT respond_producer TO ann');
as('ann', q{SELECT respond.emit('own', subject => 'x')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.approval WHERE rule = 'own')}, 'Ann asks');
$id = $node->safe_psql($db, q{SELECT id FROM respond.approval WHERE rule = 'own'});
is($node->safe_psql($db, "SELECT asked_of, caused_by FROM respond.approval WHERE id = '$id'"), '{Bob}|{ann}', 'Ann is not asked');
like(as('ann', "SELECT respond.decide('$id', 'approve')"), qr/"Ann" may not decide.*\nDETAIL:  What is to be approved was caused by ann/, 'who caused it is refused');
is(as('bob', "SELECT respond.decide('$id', 'approve')"), 'approve', 'somebody else is not');
Respond::add_rule($node, $db, 'chain', 'chain', [ { action => 'emit', type => 'own' } ]);
as('ann', q{SELECT respond.emit('chain', subject => 'y')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.approval WHERE rule = 'own' AND status = 'open')}, 'Ann asks by a rule');
is($node->safe_psql($db, q{SELECT caused_by FROM respond.approval WHERE rule = 'own' AND status = 'open'}), '{ann}', 'the whole chain of causes counts');
rule('self', approvers => ['Ann'], self_approval => JSON::PP::true);
as('ann', q{SELECT respond.emit('self', subject => 'x')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.approval WHERE rule = 'self')}, 'Ann asks herself');
is(as('ann', q{SELECT respond.decide(id, 'approve') FROM respond.approval WHERE rule = 'self'}), 'approve', 'with self_approval she decides');
rule('alone', approvers => ['Ann'], on_failure => 'late');
as('ann', q{SELECT respond.emit('alone', subject => 'x')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'alone' AND status = 'succeeded' AND state->>'_log' LIKE '%nobody may decide this%')},
	'a question for nobody fails the step');
rule('nobody', approvers => ['team:empty'], on_failure => 'late');
my $nobody = Respond::emit($node, $db, 'nobody');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $nobody AND state->>'_log' LIKE '%nobody may decide this%')", 'so does one for a team without members');

# One person has one vote, whoever they become.
$node->safe_psql($db, q{GRANT bob TO ann; CREATE ROLE pool LOGIN NOINHERIT; GRANT ann, bob, cem TO pool; GRANT USAGE ON SCHEMA respond TO pool});
$id = ask('two');
is(as('ann', "SELECT respond.decide('$id', 'approve'); SET ROLE bob; SELECT respond.decide('$id', 'approve')"), "\n", 'who may become somebody else votes as themselves');
is($node->safe_psql($db, "SELECT string_agg(voter, ' ') FROM respond.approval_vote WHERE approval_id = '$id'"), 'Ann', 'and once');
is(as('pool', "SET ROLE cem; SELECT respond.decide('$id', 'approve')"), 'approve', 'a connection pool tells its users apart by SET ROLE');
is($node->safe_psql($db, "SELECT string_agg(voter || ' ' || coalesce(session_actor, '-'), ', ' ORDER BY voter) FROM respond.approval_vote WHERE approval_id = '$id'"), 'Ann -, cem pool', 'and who was logged in is on record');
$node->safe_psql($db, 'REVOKE bob FROM ann');
like(as('ann', "BEGIN; SET TRANSACTION READ ONLY; SELECT respond.decide('$id', 'approve')"), qr/read-only transaction/, 'not in a read-only transaction');
$id = ask('one');
$node->safe_psql($db, qq{CREATE FUNCTION public.steal(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN PERFORM respond.decide('$id', 'approve'); RETURN 1; END \$\$;
	GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC});
like(as('ann', 'CREATE TABLE public.trap (a integer); INSERT INTO public.trap VALUES (1); CREATE INDEX ON public.trap (public.steal(a))'), qr/decide\(\) cannot be called by the SQL of a rule, nor in a security-restricted operation/,
	'an index expression decides nothing');
Respond::add_rule($node, $db, 'sql', 'sql', [ { action => 'sql', sql => "SELECT respond.decide('$id', 'approve')" } ]);
my $sql = Respond::emit($node, $db, 'sql');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $sql AND status = 'failed' AND error LIKE '%decide() cannot be called by the SQL of a rule%')", 'nor does a rule');

# What a rule asks as its owner, who is nobody special; rules hear of approvals.
$node->safe_psql($db, q{CREATE ROLE maker LOGIN; GRANT respond_admin TO maker});
like(as('maker', q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('made', 'made', '[{"action": "approve", "name": "ask", "question": "{{data.q}}", "context": {"secret": 1}, "approvers": "bob",
	"on_reject": "stop"}, {"action": "log", "message": "{{steps.ask.decision}} by {{steps.ask.voters.0}}: {{steps.ask.votes.0.comment}}"}]'),
	('hears', 'approval.*', '[{"action": "log", "message": "{{type}} {{data.question}} {{data.decision}}"}]')}), qr/^$/, 'rules of a role that is no superuser');
$id = ask('made', { q => 'well' });
is(as('bob', "SELECT respond.decide('$id', 'approve', 'sure')"), 'approve', 'a role decides');
ends($id, 'approve by Bob: sure', 'later steps see who decided, and why');
Respond::wait_until($node, $db, q{SELECT array_agg(state->'_log'->>0 ORDER BY id) @> '{"approval.requested well ","approval.decided well approve"}' FROM respond.run WHERE rule = 'hears' AND state->'_log'->>0 LIKE '%well%'},
	'rules hear of it');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type LIKE 'approval.%' AND data::text LIKE '%secret%'}), '0', 'but not of the context');
my $state = "SELECT state->'ask' FROM respond.run WHERE id = (SELECT run_id FROM respond.approval WHERE id = '$id')";
like(as('maker', $state), qr/sure/, 'the owner of the rule sees comments in the run');
$node->safe_psql($db, 'ALTER ROLE cem BYPASSRLS');
is(as('cem', $state), '{"decision": "approve"}', 'others see the decision');
$node->safe_psql($db, 'ALTER ROLE cem NOBYPASSRLS');
like($node->safe_psql($db, q{SELECT string_agg(waits_for, '; ') FROM respond.waiting WHERE rule = 'own'}), qr/decision of Ann, Bob/, 'the view of what waits says whose decision it waits for');

# Asked by a rule that another one called, and for each of several things.
Respond::add_rule($node, $db, 'caller', 'caller', [ { action => 'call', rule => 'one', data => { who => 'Lee' }, on_success => 'yes' }, @ends ]);
my $caller = Respond::emit($node, $db, 'caller');
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.approval WHERE question = 'May Lee have it?')}, 'a rule that is called asks');
$id = $node->safe_psql($db, q{SELECT id FROM respond.approval WHERE question = 'May Lee have it?'});
is(as('ann', "SELECT respond.decide('$id', 'approve')"), 'approve', 'Ann decides');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $caller AND status = 'succeeded')", 'the caller goes on');
$caller = Respond::emit($node, $db, 'caller');
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.approval WHERE question = 'May Lee have it?' AND status = 'open')}, 'asked again');
is($node->safe_psql($db, "SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $caller"), 't', 'the caller is cancelled');
is($node->safe_psql($db, q{SELECT string_agg(status, ' ' ORDER BY asked_at) FROM respond.approval WHERE question = 'May Lee have it?'}), 'decided cancelled', 'and the question of the called one with it');
Respond::add_rule($node, $db, 'each', 'each', [ { action => 'foreach', items => [ 'a', 'b', 'c' ], steps => [
	{ action => 'approve', name => 'it', question => 'Item {{item}}?', approvers => 'Ann', on_reject => 'none' }, { action => 'emit', type => 'each.done', data => { item => '{{item}}' }, on_success => 'none' },
	{ action => 'log', name => 'none', message => 'x' } ] } ]);
my $each = Respond::emit($node, $db, 'each');
for my $item ('a', 'b', 'c')
{
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.approval WHERE question = 'Item $item?')", "$item is asked");
	is(as('ann', "SELECT respond.decide(id, '" . ($item eq 'b' ? 'reject' : 'approve') . "') FROM respond.approval WHERE question = 'Item $item?'"), $item eq 'b' ? 'reject' : 'approve', "$item is decided");
}
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $each AND status = 'succeeded')", 'each was decided');
is($node->safe_psql($db, q{SELECT string_agg(data->>'item', ' ' ORDER BY id) FROM respond.event WHERE type = 'each.done'}), 'a c', 'and done if approved');

# An agent who has the name of somebody else's role.
$node->safe_psql($db, q{CREATE ROLE fay LOGIN IN ROLE respond_agent; CREATE ROLE gus LOGIN IN ROLE respond_agent; INSERT INTO respond.agent (name, db_role) VALUES ('gus', 'fay'); GRANT managers TO gus});
rule('names', approvers => [ 'gus', 'managers' ], quorum => 2);
$id = ask('names');
is(as('fay', "SELECT respond.decide('$id', 'approve')"), '', 'the agent votes');
is(as('gus', "SELECT respond.decide('$id', 'approve')"), 'approve', 'the role votes');
is($node->safe_psql($db, "SELECT string_agg(voter, ' ' ORDER BY voter) FROM respond.approval_vote WHERE approval_id = '$id'"), 'gus role:gus', 'they are two');

# Roles that are dropped, made anew and renamed while a question is open.
like((as('maker', q{INSERT INTO respond.agent (name, db_role) VALUES ('Hal', 'hal')}))[0], qr/db_role: role "hal" does not exist/, 'an agent works as a role that there is');
$node->safe_psql($db, q{CREATE ROLE hal LOGIN IN ROLE respond_agent; CREATE ROLE ivy LOGIN IN ROLE respond_agent; CREATE ROLE crew; GRANT crew TO ivy;
	INSERT INTO respond.agent (name, db_role) VALUES ('Hal', 'hal')});
rule('changing', approvers => [ 'Hal', 'crew' ]);
$id = ask('changing');
$node->safe_psql($db, q{DROP ROLE hal; DROP ROLE crew; CREATE ROLE hal LOGIN IN ROLE respond_agent; CREATE ROLE crew; GRANT crew TO ivy});
like(as($_, "SELECT respond.decide('$id', 'approve')"), qr/"$_" may not decide/, "$_: a new role of the name is not who was asked") for 'hal', 'ivy';
is(as($_, 'SELECT count(*) FROM respond.approval'), '0', "$_ does not see the question") for 'hal', 'ivy';
$node->safe_psql($db, q{UPDATE respond.agent SET available = true WHERE name = 'Hal'});
like(as('hal', "SELECT respond.decide('$id', 'approve')"), qr/"hal" may not decide/, 'nor when another column of the agent is set');
$node->safe_psql($db, q{UPDATE respond.agent SET db_role = 'hal' WHERE name = 'Hal'});
is(as('hal', "SELECT respond.decide('$id', 'approve')"), 'approve', 'the agent works as the new role once somebody says so');
$id = ask('changing');
$node->safe_psql($db, q{ALTER ROLE hal RENAME TO hal_2; ALTER ROLE crew RENAME TO crew_2; CREATE ROLE hal LOGIN IN ROLE respond_agent; CREATE ROLE crew; GRANT crew TO cem});
is($node->safe_psql($db, q{SELECT db_role FROM respond.agent WHERE name = 'Hal'}), 'hal_2', 'an agent shows the new name of the role');
like(as($_, "SELECT respond.decide('$id', 'approve')"), qr/"$_" may not decide/, "$_ has the name of a role that was asked") for 'hal', 'cem';
is(as('ivy', 'SELECT count(*) FROM respond.approval'), '1', 'the members of the renamed role see the question');
is(as('ivy', "SELECT respond.decide('$id', 'approve')"), 'approve', 'and answer it');
rule('together', quorum => 'all', approvers => [ 'Hal', 'ivy', 'cem' ]);
$id = ask('together');
is(as('ivy', "SELECT respond.decide('$id', 'approve')"), '', 'one of three');
$node->safe_psql($db, q{ALTER ROLE ivy RENAME TO ivy_2; ALTER ROLE cem RENAME TO cem_2});
is(as('ivy_2', "SELECT respond.decide('$id', 'approve')"), '', 'a new name is no second vote');
is(as('cem_2', "SELECT respond.decide('$id', 'approve')"), '', 'who was asked under another name answers');
is(as('hal_2', "SELECT respond.decide('$id', 'approve')"), 'approve', 'and all have');
is($node->safe_psql($db, "SELECT string_agg(voter, ' ' ORDER BY voter) FROM respond.approval_vote WHERE approval_id = '$id'"), 'Hal cem ivy', 'by the names under which they were asked');
rule('others', approvers => [ 'Hal', 'crew_2' ]);
$node->safe_psql($db, 'GRANT respond_producer TO ivy_2');
as('ivy_2', q{SELECT respond.emit('others', subject => 'x')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.approval WHERE rule = 'others')}, 'a member of the role asks');
$id = $node->safe_psql($db, q{SELECT id FROM respond.approval WHERE rule = 'others'});
$node->safe_psql($db, 'ALTER ROLE ivy_2 RENAME TO ivy_3');
like(as('ivy_3', "SELECT respond.decide('$id', 'approve')"), qr/"ivy_3" may not decide.*\nDETAIL:  What is to be approved was caused by ivy_2/, 'who caused it stays who caused it');
$node->safe_psql($db, q{ALTER ROLE hal_2 RENAME TO hal_3; ALTER ROLE ann RENAME TO hal_2; ALTER ROLE hal_3 RENAME TO ann});
is($node->safe_psql($db, q{SELECT string_agg(name || ' ' || db_role, ', ' ORDER BY name) FROM respond.agent WHERE name IN ('Ann', 'Hal')}), 'Ann hal_2, Hal ann', 'roles change their names with each other');
$node->safe_psql($db, q{ALTER ROLE hal_2 RENAME TO tmp; ALTER ROLE ann RENAME TO hal_2; ALTER ROLE tmp RENAME TO ann});
is(as('hal_2', "SELECT respond.decide('$id', 'approve')"), 'approve', 'and the agents stay who they are');

# Numbers of roles of another cluster mean nothing here: names count, and the clock enters the numbers.
$node->safe_psql($db, q{SET search_path = ''; SET check_function_bodies = off; INSERT INTO respond.agent (name, db_role, role_id, role_system) VALUES ('Jo', 'hal', 'ann'::regrole, 1)});
rule('restored', approvers => [ 'Jo', 'crew' ], quorum => 2);
$id = ask('restored');
$node->safe_psql($db, "UPDATE respond.approval SET role_ids = '{10}', roles = '{crew}', role_system = 1 WHERE id = '$id'");
is(as('hal', "SELECT respond.decide('$id', 'approve')"), '', 'an agent that came with a dump answers');
is(as('cem_2', "SELECT respond.decide('$id', 'approve')"), 'approve', 'and so does a member of a role that its question names');
Respond::wait_until($node, $db, q{SELECT role_id = 'hal'::regrole AND role_system <> 1 FROM respond.agent WHERE name = 'Jo'}, 'the number of the role is entered');

# escalate: a ticket goes to somebody else.
$node->safe_psql($db, q{INSERT INTO respond.team (name) VALUES ('second line')});
Respond::add_rule($node, $db, 'up', 'up', [ { action => 'ticket', subject => 'help', team => 'support', assignee => 'Ann', key => 'up' },
	{ action => 'escalate', team => 'second line', priority => 'urgent', comment => 'no answer' }, { action => 'escalate', key => 'up', assignee => 'Bob' },
	{ action => 'escalate', team => 'no line', on_failure => 'end' }, { action => 'stop' }, { action => 'log', name => 'end', message => '{{error.message}}' } ]);
my $up = Respond::emit($node, $db, 'up');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $up AND status = 'succeeded')", 'a ticket is escalated');
is($node->safe_psql($db, q{SELECT team, assignee, priority FROM respond.ticket WHERE key = 'up'}), 'second line|Bob|urgent', 'it is with somebody else');
is($node->safe_psql($db, q{SELECT string_agg(data - 'ticket_id' #>> '{}', E'\n' ORDER BY id) FROM respond.event WHERE type = 'ticket.escalated'}),
	'{"team": "second line", "comment": "no answer", "assignee": null, "priority": "urgent"}' . "\n" . '{"team": null, "comment": null, "assignee": "Bob", "priority": null}', 'events say so');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.audit_log WHERE action = 'ticket.escalated' AND actor = 'rule:up'}), '2', 'and the audit log');
is($node->safe_psql($db, q{SELECT string_agg(h.new #>> '{}', ' ' ORDER BY h.id) FROM respond.ticket_history AS h JOIN respond.ticket AS t ON t.id = h.ticket_id AND t.key = 'up' WHERE h.field = 'team'}), 'second line', 'the history has the teams');
is($node->safe_psql($db, q{SELECT body FROM respond.comment}), 'no answer', 'and the ticket the comment');
like($node->safe_psql($db, "SELECT state->>'_log' FROM respond.run WHERE event_id = $up"), qr/team \\"no line\\" does not exist/, 'a team that does not exist is a failure of the step');

# Two decide at once: one decision.
for my $round (1 .. 10)
{
	my ($one, $two) = map { $node->background_psql($db, on_error_stop => 0, extra_params => [ '-U', $_ ]) } 'ann', 'bob';

	$id = ask('one');
	$one->query_safe("BEGIN; SELECT respond.decide('$id', 'approve')");
	$two->query_until(qr/begun/, "\\echo begun\nSELECT respond.decide('$id', 'reject');\n");
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'bob' AND wait_event_type = 'Lock')});
	$one->query_safe($round % 2 ? 'COMMIT' : 'ROLLBACK');
	$one->quit;
	$two->quit;
	is($node->safe_psql($db, "SELECT count(*) || ' ' || min(data->>'decision') FROM respond.event WHERE type = 'approval.decided' AND subject = 'approval/$id'"),
		$round % 2 ? '1 approve' : '1 reject', "round $round: one decision") ;
	ends($id, $round % 2 ? 'said yes' : 'said no', 'and the run goes on by it');
}

$node->stop;
done_testing();
