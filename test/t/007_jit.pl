# Nothing of ours is compiled just in time, in no session: here an attempt is an error, as where the compiler cannot be loaded.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

# A library that is no compiler.  The statements of users below cost less than 1, which those of ours do not.
my $db = 'desk';
my $node = Respond::node('jit', jit_provider => 'plpgsql', jit_above_cost => 1);
my (undef, undef, $err) = $node->psql('postgres', q{SET jit = on; SELECT count(*) FROM generate_series(1, 1000)});
like($err, qr/_PG_jit_provider_init/, 'the server wants to compile');
Respond::create_extension($node, $db);
$node->safe_psql($db, q{CREATE TABLE watched (id int PRIMARY KEY); INSERT INTO respond.agent (name, db_role) VALUES ('Me', session_user)});

sub works
{
	my ($sql) = @_;
	my $error;

	$node->psql($db, "SET jit = on; $sql", stderr => \$error);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is($error, '', $sql =~ s/\s+/ /gr);
}

works(q{INSERT INTO respond.channel (name, kind) VALUES ('c', 'notify')});
works(q{INSERT INTO respond.team (name) VALUES ('t')});
works(q{INSERT INTO respond.team_member (team, agent) VALUES ('t', 'Me')});
works(q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('child', 'child.*', '[{"action": "log", "message": "x"}]')});
works(q{INSERT INTO respond.rule (name, event_type, concurrency, steps) VALUES ('r', 'e', '{"limit": 1}',
	'[{"action": "approve", "question": "?", "approvers": ["team:t"], "self_approval": true}, {"action": "call", "rule": "child"}, {"action": "wait", "for": "1 hour"}]')});
works(q{INSERT INTO respond.schedule (name, cron, event_type) VALUES ('s', '0 0 1 1 *', 'tick')});
works(q{INSERT INTO respond.mute (event_type) VALUES ('m')});
works(q{INSERT INTO respond.ticket (subject, team, assignee) VALUES ('x', 't', 'Me')});
works(q{INSERT INTO respond.comment (ticket_id, body) VALUES (1, 'x')});
works(q{SELECT respond.watch('watched')});
works(q{INSERT INTO watched VALUES (1), (2)});
works(q{SELECT respond.unwatch('watched')});
works(q{SELECT respond.emit('a', key => 'k')});
works(q{SELECT respond.send_test('c')});
works(q{SELECT respond.emit('e')});
if (Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.approval WHERE status = 'open'}, 'a question is open'))
{
	my ($approval, $run) = split(/\|/, $node->safe_psql($db, q{SELECT id, run_id FROM respond.approval}));

	works(qq{SELECT respond.pause_run($run)});
	works(qq{SELECT respond.resume_run($run)});
	works(qq{SELECT respond.decide('$approval', 'approve')});
	Respond::wait_until($node, $db, qq{SELECT waits_for = 'time' FROM respond.waiting WHERE run_id = $run}, 'the run waits');
	works(qq{SELECT respond.cancel_run($run)});
	works(qq{SELECT respond.retry_run($run)});
}
works(q{SELECT respond.start('child')});
$node->stop;
done_testing();
