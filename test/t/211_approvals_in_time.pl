# Approvals and time: deadlines, reminders, escalation; and what crashes, cancels, dumps leave of them.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();

my $db = 'approve';
my $node = Respond::node('approve_time', restart_after_crash => 'on', 'pg_respond.timer_grace' => '200ms');
Respond::create_extension($node, $db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent; CREATE ROLE bob LOGIN IN ROLE respond_agent; CREATE ROLE cem LOGIN IN ROLE respond_agent;
	INSERT INTO respond.team (name) VALUES ('empty');
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann'), ('Bob', 'bob')});

sub as
{
	my ($role, $sql) = @_;
	my ($out, $err);

	$node->psql($db, $sql, extra_params => [ '-U', $role ], stdout => \$out, stderr => \$err);
	return $err ne '' ? $err : $out;
}

sub ask
{
	my ($type) = @_;
	my $event = Respond::emit($node, $db, $type, {}, 'x');

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.approval WHERE event_id = $event)", "$type is asked");
	return $node->safe_psql($db, "SELECT id FROM respond.approval WHERE event_id = $event");
}

sub ends
{
	my ($id, $expected, $message) = @_;

	return Respond::wait_until($node, $db, qq{SELECT EXISTS (SELECT FROM respond.run AS r JOIN respond.approval AS a ON a.run_id = r.id
		WHERE a.id = '$id' AND r.status = 'succeeded' AND r.state->>'_log' LIKE '%$expected%')}, $message);
}

# The time of pg_respond is moved on by so much, for workers and sessions.
my $moved = 0;
sub move
{
	my ($seconds) = @_;

	$moved += $seconds;
	$node->safe_psql('postgres', "ALTER SYSTEM SET pg_respond.clock_offset = '${moved}s'");
	$node->reload;
	Respond::wait_until($node, $db, "SELECT current_setting('pg_respond.clock_offset')::interval = interval '$moved s'");
	return;
}

sub events
{
	my ($id) = @_;

	return $node->safe_psql($db, "SELECT string_agg(replace(type, 'approval.', ''), ' ' ORDER BY id) FROM respond.event WHERE subject = 'approval/$id'");
}

my @ends = ({ action => 'stop' }, { action => 'log', name => 'yes', message => 'said yes', on_success => 'stop' },
	{ action => 'log', name => 'no', message => 'said no', on_success => 'stop' }, { action => 'log', name => 'late', message => 'said nothing' });

sub rule
{
	my ($name, %step) = @_;

	Respond::add_rule($node, $db, $name, $name, [ { action => 'approve', name => 'ask', question => '?', approvers => [ 'Ann', 'Bob' ], on_approve => 'yes', on_reject => 'no', %step }, @ends ]);
	return;
}

# Nobody decides in time.
rule('late', for => '1 hour', on_timeout => 'late');
my $id = ask('late');
is($node->safe_psql($db, "SELECT due_at - asked_at FROM respond.approval WHERE id = '$id'"), '01:00:00', 'the row says until when');
move(3601);
ends($id, 'said nothing', 'the run goes on when the time is over');
is($node->safe_psql($db, "SELECT status FROM respond.approval WHERE id = '$id'"), 'expired', 'the approval says so');
is(events($id), 'requested expired', 'and an event');
like(as('ann', "SELECT respond.decide('$id', 'approve')"), qr/approval $id has expired/, 'it cannot be decided any more');
rule('fails', for => '1 hour');
$id = ask('fails');
move(3601);
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'fails' AND status = 'failed' AND error LIKE '%nobody has decided in time%')}, 'without on_timeout the step fails');
is(events($id), 'requested expired', 'and the event is there all the same');

rule('attempts', for => '1 day', on_timeout => 'late', timeout => '1 hour', max_attempts => 2, on_failure => 'no');
$id = ask('attempts');
move(3601);
Respond::wait_until($node, $db, q{SELECT count(*) = 2 FROM respond.approval WHERE rule = 'attempts'}, 'an attempt that has timed out asks again');
is(events($id), 'requested expired', 'the first question has expired');
like(as('ann', "SELECT respond.decide('$id', 'approve')"), qr/has expired/, 'and can be decided no more');
move(3601);
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'attempts' AND status = 'succeeded' AND state->>'_log' LIKE '%ask failed: steps[0].timeout: nobody has decided in time%said no%')},
	'after the last attempt the step fails');

# Expiry beside decision: a vote given in time counts, although its transaction ends after it.
$id = ask('late');
my $session = $node->background_psql($db, on_error_stop => 0, extra_params => [ '-U', 'ann' ]);
$session->query_safe("BEGIN; SELECT respond.decide('$id', 'approve')");
move(3601);
Respond::beat($node);
is($node->safe_psql($db, "SELECT status FROM respond.approval WHERE id = '$id'"), 'open', 'the vote that is not committed holds it back');
$session->query_safe('COMMIT');
$session->quit;
ends($id, 'said yes', 'and counts');
is(events($id), 'requested decided', 'it did not expire');
$id = ask('late');
$session = $node->background_psql($db, on_error_stop => 0, extra_params => [ '-U', 'ann' ]);
$session->query_safe("BEGIN; SELECT respond.decide('$id', 'approve')");
move(3601);
$session->query_safe('ROLLBACK');
$session->quit;
ends($id, 'said nothing', 'a vote that is taken back does not');

# A decision in time wins although no worker was there when the time was over.
$id = ask('late');
$node->safe_psql($db, "SELECT respond.hold('test')");
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
is(as('bob', "SELECT respond.decide('$id', 'reject')"), 'reject', 'Bob decides while nobody works');
move(3601);
$node->safe_psql($db, 'SELECT respond.release()');
ends($id, 'said no', 'and that counts');
$id = ask('late');
$node->safe_psql($db, "SELECT respond.hold('test')");
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
move(3601);
like(as('bob', "SELECT respond.decide('$id', 'reject')"), qr/has expired\nDETAIL:  It could be decided until/, 'too late is too late, although nobody has noticed yet');
$node->safe_psql($db, 'SELECT respond.release()');
ends($id, 'said nothing', 'it expires when the workers are back');

# Reminders and escalation.
rule('remind', remind_every => '1 day', escalate_after => '36 hours', escalate_to => [ 'cem', 'Ann' ]);
$id = ask('remind');
like(as('cem', "SELECT respond.decide('$id', 'approve')"), qr/"cem" may not decide/, 'who is escalated to may not decide before');
move(86401);
Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.event WHERE type = 'approval.reminded' AND subject = 'approval/$id'", 'reminded after a day');
move(43200);
Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.event WHERE type = 'approval.escalated' AND subject = 'approval/$id'", 'escalated after one and a half');
is($node->safe_psql($db, "SELECT approvers, asked_of, escalated_at IS NOT NULL FROM respond.approval WHERE id = '$id'"), '{Ann,Bob,cem}|{Ann,Bob,cem}|t', 'there are more approvers');
move(3 * 86400);
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.event WHERE type = 'approval.reminded' AND subject = 'approval/$id'", 'reminded once after three days of silence');
is(as('cem', "SELECT respond.decide('$id', 'approve')"), 'approve', 'who it was escalated to decides');
ends($id, 'said yes', 'and the run goes on');
move(86401);
Respond::beat($node);
is(events($id), 'requested reminded escalated reminded decided', 'nobody is reminded of what is decided');
is($node->safe_psql($db, "SELECT count(*) FROM respond.event WHERE subject = 'approval/$id' AND (cause IS DISTINCT FROM (SELECT event_id FROM respond.approval WHERE id = '$id') OR depth <> 1)"), '0',
	'all of it was caused by the event of the run');
rule('nobody', approvers => ['team:empty'], escalate_after => '1 day', escalate_to => 'cem');
$id = ask('nobody');
is(events($id), 'requested escalated', 'a question for nobody is escalated at once');
is(as('cem', "SELECT respond.decide('$id', 'reject')"), 'reject', 'and decided there');

# Crashes: between the decision and the run that goes on, and everywhere else.
for my $round (1 .. 5)
{
	my @ids = map { ask('late') } 1 .. 3;

	$node->safe_psql($db, "SELECT respond.hold('test')");
	Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
	as('ann', "SELECT respond.decide('$_', 'approve')") for @ids[ 0, 1 ];
	if ($round % 2)
	{
		$node->stop('immediate');
		$node->start;
	}
	$node->safe_psql($db, 'SELECT respond.release()');
	Respond::crash_worker($node, $db, 'dispatcher') if $round % 2 == 0;
	Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.worker WHERE kind = 'dispatcher' AND state IN ('starting', 'failed', 'holding'))});
	is(as('bob', "SELECT respond.decide('$ids[2]', 'reject')"), 'reject', "round $round: one more decides");
	ends($ids[0], 'said yes', 'the first goes on');
	ends($ids[1], 'said yes', 'the second goes on');
	ends($ids[2], 'said no', 'the third goes on');
	is($node->safe_psql($db, "SELECT count(*) FROM respond.event WHERE type = 'approval.decided' AND subject IN (" . join(', ', map { "'approval/$_'" } @ids) . ')'), '3', 'each was decided once');
}

# Cancel beside decision: one of them.
for my $round (1 .. 4)
{
	$id = ask('late');
	my $run = $node->safe_psql($db, "SELECT run_id FROM respond.approval WHERE id = '$id'");
	my $first = $round % 2 ? "SELECT respond.cancel_run($run)" : "SELECT respond.decide('$id', 'approve')";
	my $one = $node->background_psql($db, on_error_stop => 0, extra_params => $round % 2 ? [] : [ '-U', 'ann' ]);

	$one->query_safe("BEGIN; $first");
	my $two = $node->background_psql($db, on_error_stop => 0, extra_params => $round % 2 ? [ '-U', 'ann' ] : []);
	$two->query_until(qr/begun/, "\\echo begun\n" . ($round % 2 ? "SELECT respond.decide('$id', 'approve');\n" : "SELECT respond.cancel_run($run);\n"));
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND backend_type = 'client backend')});
	$one->query_safe('COMMIT');
	$one->quit;
	$two->quit;
	Respond::wait_until($node, $db, "SELECT status IN ('cancelled', 'succeeded') FROM respond.run WHERE id = $run", 'the run ends');
	is($node->safe_psql($db, "SELECT a.status || ' ' || r.status FROM respond.approval AS a JOIN respond.run AS r ON r.id = a.run_id WHERE a.id = '$id'"),
		$round % 2 ? 'cancelled cancelled' : 'decided cancelled', "round $round: whoever comes first");
}
$id = ask('late');
$node->safe_psql($db, "SELECT respond.cancel_run(run_id) FROM respond.approval WHERE id = '$id'");
like(as('ann', "SELECT respond.decide('$id', 'approve')"), qr/approval $id was cancelled with its run/, 'a cancelled run asks nobody any more');

# A run that is paused by hand: time goes on, and what came first counts when it is resumed.
for my $first ('decision', 'time')
{
	$id = ask('late');
	my $run = $node->safe_psql($db, "SELECT run_id FROM respond.approval WHERE id = '$id'");

	$node->safe_psql($db, "SELECT respond.pause_run($run)");
	is(as('ann', "SELECT respond.decide('$id', 'reject')"), 'reject', 'decided while it is paused') if $first eq 'decision';
	move(3601);
	Respond::beat($node);
	is($node->safe_psql($db, "SELECT a.status || ' ' || r.status FROM respond.approval AS a JOIN respond.run AS r ON r.id = a.run_id WHERE a.id = '$id'"),
		$first eq 'decision' ? 'decided waiting' : 'expired waiting', 'a paused run waits');
	$node->safe_psql($db, "SELECT respond.resume_run($run)");
	ends($id, $first eq 'decision' ? 'said no' : 'said nothing', "resumed: the $first came first");
	is(events($id), $first eq 'decision' ? 'requested decided' : 'requested expired', 'and it ended once');
}

# Retention: what has ended goes, with its answers.
is(as('ann', "SELECT count(*) > 0 FROM respond.approval_vote"), 't', 'there are answers');
$id = ask('late');
$node->safe_psql($db, q{UPDATE respond.approval SET asked_at = '2020-01-01', ended_at = CASE WHEN status <> 'open' THEN '2020-01-02'::timestamptz END;
	UPDATE respond.approval_vote SET voted_at = '2020-01-01'});
$node->safe_psql($db, qq{INSERT INTO respond.approval_vote (approval_id, voter, option, voted_at) VALUES ('$id', 'x', 'approve', '2020-01-01')});
Respond::clock_looks($node, $db, 'pg_respond.event_retention', '2d');
Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.approval_vote", 'answers go with their questions');
is($node->safe_psql($db, q{SELECT string_agg(DISTINCT status, ' ') FROM respond.approval}), 'open', 'what is open stays, however old');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET pg_respond.event_retention');
$node->reload;
is(as('ann', "SELECT respond.decide('$id', 'approve')"), 'approve', 'and can be decided');
ends($id, 'said yes', 'as ever');

# A dump with open questions.
$id = ask('late');
my $other = ask('late');
$node->safe_psql($db, "SELECT respond.hold('test')");
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind = 'dispatcher'});
as('ann', "SELECT respond.decide('$other', 'approve')");
my $dump = $node->basedir . '/approve.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $db ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-d', 'copy', $dump ], 'restore');
$node->safe_psql($db, 'SELECT respond.release()');
ends($other, 'said yes', 'the original goes on');
as('ann', "SELECT respond.decide('$id', 'approve')");
ends($id, 'said yes', 'with both');
$db = 'copy';
$node->safe_psql('copy', 'SELECT respond.release()');
Respond::wait_workers($node, 'copy');
ends($other, 'said yes', 'the copy goes on with what was decided');
is(as('bob', "SELECT respond.decide('$id', 'reject')"), 'reject', 'and decides for itself what was open');
ends($id, 'said no', 'there, too, the run goes on');

$node->stop;
done_testing();
