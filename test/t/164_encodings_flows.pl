# Runs that wait, their keys, questions, schedules and errors mean the same in databases of every encoding.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use utf8;
use Encode ();

my $node = Respond::node('encoded_flows', fsync => 'off', max_connections => 40);

# Upper and lower letters of the encoding's script, and what psql speaks: SQL_ASCII takes bytes as they are, even such that are no UTF-8.
my %cases = (
	latin1 => [ 'LATIN1', 'ÄRGER', 'ärger', 'UTF-8' ], eucjp => [ 'EUC_JP', 'ＡＢЖ漢', 'ａｂж漢', 'UTF-8' ],
	bytes => [ 'SQL_ASCII', 'ÄRGER', 'ärger', 'UTF-8' ], odd_bytes => [ 'SQL_ASCII', 'ÄRGER', 'ärger', 'ISO-8859-1' ]);

for my $db (sort keys %cases)
{
	my ($encoding, $upper, $lower, $spoken) = @{ $cases{$db} };

	local $ENV{PGCLIENTENCODING} = $encoding eq 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
	my $psql = sub {
		my ($out, $err);

		$node->psql($db, Encode::encode($spoken, $_[0]), stdout => \$out, stderr => \$err);
		return map { Encode::decode($spoken, $_) } $out, $err;
	};
	my $one = sub {
		my ($out, $err) = $psql->(@_);

		local $Test::Builder::Level = $Test::Builder::Level + 1;
		is($err, '', "$db: no error from $_[0]") if $err ne '';
		return $out;
	};
	my $error = sub { return ($psql->(@_))[1] };
	my $becomes = sub {
		my ($query, $message) = @_;

		local $Test::Builder::Level = $Test::Builder::Level + 1;
		return Respond::wait_until($node, $db, Encode::encode($spoken, $query), "$db: $message");
	};

	$node->safe_psql('postgres', qq{CREATE DATABASE $db ENCODING '$encoding' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'});
	Respond::create_extension($node, $db);
	$one->(qq{INSERT INTO respond.agent (name, db_role) VALUES ('$upper', session_user);
		INSERT INTO respond.rule (name, event_type, steps) VALUES
		('wait $lower', 'begin.$lower', '[{"action": "wait", "name": "$lower", "event_type": "go.$lower", "pattern": {"data": {"$lower": [{"equals-ignore-case": "$upper"}]}}, "key": "{{data.$lower}}", "event_key": "data[''$upper x'']"},
			{"action": "log", "message": "{{steps.$lower.data.$lower}}"}]'),
		('ask $lower', 'ask.$lower', '[{"action": "approve", "name": "$lower", "question": "$upper {{data.a}}?", "options": ["$upper", "$lower"], "approvers": ["$upper"], "self_approval": true, "on": {"$lower": "$upper"}},
			{"action": "fail"}, {"action": "log", "name": "$upper", "message": "{{steps.$lower.decision}}"}]'),
		('each $lower', 'each.$lower', '[{"action": "foreach", "name": "$lower", "items": "data.$upper", "as": "x", "steps": [{"action": "wait", "event_type": "item", "key": "{{x.$lower}}"}, {"action": "emit", "type": "did.$lower", "subject": "{{x.$lower}}"}]}]')});

	# Keys are texts of the database, in which case counts.
	$one->(qq{SELECT respond.emit('begin.$lower', '{"$lower": "$lower"}')});
	$becomes->(q{SELECT count(*) = 1 FROM respond.waiting}, 'a run waits');
	is($one->(q{SELECT key FROM respond.waiting}), $lower, "$db: its key is shown");
	like($one->(q{SELECT waits_for FROM respond.waiting}), qr/\Qgo.$lower\E/, "$db: and its event");
	$one->(qq{SELECT respond.emit('go.$lower', jsonb_build_object('$lower', '$lower', '$upper x', '$upper'))});
	$one->(qq{SELECT respond.emit('go.$lower', jsonb_build_object('$lower', 'other', '$upper x', '$lower'))});
	Respond::wait_idle($node, $db);
	is($one->(q{SELECT count(*) FROM respond.waiting}), '1', "$db: another key and another pattern are not heard");
	my $folded = $encoding eq 'SQL_ASCII' ? substr($upper, 0, 1) . lc(substr($upper, 1)) : $lower;
	$one->(qq{SELECT respond.emit('go.$lower', jsonb_build_object('$lower', '$folded', '$upper x', '$lower'))});
	$becomes->(q{SELECT count(*) = 1 FROM respond.run WHERE status = 'succeeded'}, 'the event with the key is');
	is($one->(q{SELECT state -> '_log' ->> 0 FROM respond.run}), $folded, "$db: the run has its text") or diag($one->('SELECT state FROM respond.run'));

	# Long texts are cut, or refused, between characters.
	$one->(qq{SELECT respond.emit('begin.$lower', jsonb_build_object('$lower', repeat('$lower', 20000)))});
	$becomes->(q{SELECT count(*) = 2 FROM respond.run WHERE status IN ('failed', 'waiting', 'succeeded')}, 'a long key is accepted or refused');
	$one->(qq{SELECT respond.cancel_run(id, '$upper') FROM respond.run WHERE status = 'waiting'});
	$one->(qq{SELECT respond.emit('ask.$lower', jsonb_build_object('a', repeat('$lower', 20000)))});
	$becomes->(q{SELECT count(*) = 1 FROM respond.run WHERE rule LIKE 'ask%' AND status = 'failed'}, 'a long question is refused');
	is($one->(q{SELECT count(*) FROM respond.run WHERE length(error::text) > 4000}), '0', "$db: in short");

	# Decisions and runs that have a name.
	$one->(qq{SELECT respond.emit('ask.$lower', '{"a": "$lower"}')});
	$becomes->(qq{SELECT EXISTS (SELECT FROM respond.approval WHERE question = '$upper $lower?')}, 'a question is asked');
	like($error->(qq{SELECT respond.decide(id, '${lower}x') FROM respond.approval WHERE status = 'open'}), qr/\Q${lower}x\E/, "$db: an option that is none is named");
	is($one->(qq{SELECT respond.decide(id, '$lower', '$upper') FROM respond.approval WHERE status = 'open'}), $lower, "$db: it is decided");
	$becomes->(qq{SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'ask $lower' AND status = 'succeeded')}, 'and its way is gone');
	my $run = $one->(qq{SELECT respond.start('wait $lower', '{"$lower": "x"}', key => '$lower')});
	is($one->(qq{SELECT respond.start('wait $lower', '{"$lower": "x"}', key => '$lower', on_conflict => 'return')}), $run, "$db: a run has its name");
	isnt($one->(qq{SELECT respond.start('wait $lower', '{"$lower": "x"}', key => '$upper', on_conflict => 'return')}), $run, "$db: and no other");
	like($error->(qq{SELECT respond.start('wait $lower', key => '$lower', on_conflict => 'error')}), qr/\Q$lower\E/, "$db: an error tells it");
	$becomes->(qq{SELECT count(*) = 2 FROM respond.run WHERE rule = 'wait $lower' AND status = 'waiting' AND waits_for = 'event'}, 'both wait');
	like($error->(qq{SELECT respond.signal($run, '$upper')}), qr/\Q$upper\E/, "$db: a step that is none is named");
	$one->(qq{SELECT respond.signal($run, '$lower', '{"data": {"$lower": "$upper"}}')});
	$becomes->(qq{SELECT status = 'succeeded' FROM respond.run WHERE id = $run}, 'a signal is heard');

	# Items.
	$one->(qq{SELECT respond.emit('each.$lower', '{"$upper": [{"$lower": "$lower"}, {"$lower": "$upper"}]}')});
	$one->(qq{SELECT respond.emit('item', subject => '$lower')});
	$becomes->(qq{SELECT EXISTS (SELECT FROM respond.event WHERE type = 'did.$lower' AND subject = '$lower')}, 'one item is done');
	$one->(qq{SELECT respond.emit('item', subject => '$upper')});
	$becomes->(qq{SELECT EXISTS (SELECT FROM respond.event WHERE type = 'did.$lower' AND subject = '$upper')}, 'and the other');

	# Schedules, and the words in which rules are told.
	like($error->(qq{INSERT INTO respond.schedule (name, cron, event_type) VALUES ('$lower', '* * $lower * *', 'x')}), qr/cron: day of month: /, "$db: what is no cron expression is refused");
	like($error->(qq{INSERT INTO respond.schedule (name, cron, timezone, event_type) VALUES ('$lower', '* * * * *', '$upper', 'x')}), qr/\Q$upper\E/, "$db: so is what is no time zone");
	$one->(qq{INSERT INTO respond.schedule (name, cron, event_type, subject, data) VALUES ('$lower', '* * * * * *', 'tick.$lower', '$upper', '{"$lower": "$upper"}')});
	$becomes->(qq{SELECT EXISTS (SELECT FROM respond.event WHERE type = 'tick.$lower' AND actor = 'schedule:$lower' AND subject = '$upper' AND data ->> '$lower' = '$upper')}, 'a schedule fires');
	$one->(qq{DELETE FROM respond.schedule});
	like($one->(qq{SELECT respond.rule_doc('ask $lower')}), qr/\Q$upper\E/, "$db: a rule in words");
	like($one->(q{SELECT respond.rule_map()}), qr/\Q$lower\E/, "$db: a map");
	like($one->(q{SELECT respond.export_rules()}), qr/\Q$upper\E/, "$db: an export");
	is($one->(q{SELECT count(*) FROM respond.health() WHERE NOT ok AND message ~ 'ended unexpectedly'}), '0', "$db: no worker ended");
}
ok(!Respond::log_has($node, qr/terminated by signal|invalid byte sequence/), 'nothing crashed');
$node->stop;
done_testing();
