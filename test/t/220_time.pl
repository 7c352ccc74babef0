# The time of pg_respond: moved by a setting, for one session or for all; it goes back, jumps ahead, and goes on after a restart.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('time', restart_after_crash => 'on');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]); }

# move(offset): the time of the whole cluster.
sub move
{
	my ($offset) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET pg_respond.clock_offset = '$offset'");
	return $node->reload;
}

sub health { return one(q{SELECT ok || ': ' || message || coalesce(' / ' || remedy, '') FROM respond.health() WHERE "check" = 'time'}); }
sub ended { return "SELECT count(*) = 1 FROM respond.run WHERE rule = '$_[0]' AND status = 'succeeded'"; }

one(q{CREATE ROLE shop; GRANT respond_producer TO shop; GRANT USAGE ON SCHEMA public TO shop});
is(health(), 'true: time goes forward', 'health() is content');

# One session.
for my $way (
	[ 'INSERT', q{INSERT INTO respond.event (type) VALUES ('t.%1$s')} ],
	[ 'COPY', q{COPY respond.event (type) FROM PROGRAM 'echo t.%1$s'} ],
	[ 'emit()', q{SELECT respond.emit('t.%1$s')} ])
{
	my ($name, $statement) = @$way;
	my $type = lc($name =~ s/\W//gr);

	one("BEGIN; SET LOCAL pg_respond.clock_offset = '36h'; " . sprintf($statement, $type) . "; CREATE TABLE public.$type AS SELECT now() AS at; COMMIT");
	is(one(qq{SELECT e.recorded_at - t.at, e."time" - t.at FROM respond.event AS e, public.$type AS t WHERE e.type = 't.$type'}), '1 day 12:00:00|1 day 12:00:00', "$name: a session moves its time");
}
one(q{INSERT INTO respond.event (type) VALUES ('t.here')});
is(one(q{SELECT recorded_at BETWEEN now() - interval '1 minute' AND now() FROM respond.event WHERE type = 't.here'}), 't', 'and nobody else\'s');
my ($code, $out, $error) = $node->psql($db, q{SET ROLE shop; SET pg_respond.clock_offset = '1d'});
like($error, qr/permission denied/, 'only superusers move time');
is(health(), 'true: time goes forward', 'the workers do not follow');

# All of them: hours pass at once.
Respond::add_rule($node, $db, 'hour', 'wait.hour', [ { action => 'wait', for => '1 hour' }, { action => 'ticket', subject => 'an hour' } ]);
Respond::add_rule($node, $db, 'hours', 'wait.hours', [ { action => 'wait', for => '3 hours' }, { action => 'ticket', subject => 'three hours' } ]);
Respond::add_rule($node, $db, 'days', 'wait.days', [ { action => 'wait', for => '3 days' }, { action => 'ticket', subject => 'three days' } ]);
Respond::emit($node, $db, $_) for qw(wait.hour wait.hours wait.days);
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE status = 'waiting'}, 'three runs wait');
move('1h');
Respond::wait_until($node, $db, ended('hour'), 'after an hour one of them goes on');
is(one(q{SELECT finished_at - started_at BETWEEN interval '1 hour' AND interval '1 hour 1 minute' FROM respond.run WHERE rule = 'hour'}), 't', 'and its times say so');
like(health(), qr/^false: time is moved: pg_respond.clock_offset is 3600000 ms/, 'health() tells of it');
is(one(q{SELECT count(*) FROM respond.run WHERE status = 'waiting'}), '2', 'the others wait');

# Time goes back.
move('0h');
Respond::wait_until($node, $db, q{SELECT NOT ok AND message ~ 'already' AND remedy ~ 'accept_clock' FROM respond.health() WHERE "check" = 'time'}, 'time that goes back is noticed');
Respond::emit($node, $db, 'wait.hour');
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE status = 'waiting'}, 'events are handled');
one(q{UPDATE respond_internal.timer SET due_at = now() WHERE name IS NOT DISTINCT FROM name AND run_id = (SELECT max(id) FROM respond.run)});
Respond::beat($node);
is(one(q{SELECT count(*) FROM respond.run WHERE status = 'waiting'}), '3', 'no timer fires, not even one that is due');

# A restart does not forget it.
Respond::clock_looks($node, $db, 'pg_respond.partition_interval', 2000);
Respond::wait_until($node, $db, q{SELECT seen_at > now() + interval '50 minutes' AND flow_passed > '-infinity' FROM respond_internal.time_seen}, 'it is written down');
$node->restart;
Respond::wait_workers($node, $db, 'after a restart');
like(health(), qr/^false: .* already/, 'it is known');
is(one(q{SELECT count(*) FROM respond.run WHERE status = 'waiting'}), '3', 'and timers wait');
one('SELECT respond.accept_clock()');
Respond::wait_until($node, $db, q{SELECT count(*) = 2 FROM respond.run WHERE rule = 'hour' AND status = 'succeeded'}, 'accept_clock(): what is due fires');
is(health(), 'true: time goes forward', 'and health() is content');
is(one(q{SELECT action, old ->> 'time' > new ->> 'time' FROM respond.audit_log WHERE action = 'clock.accepted'}), 'clock.accepted|t', 'the audit log has it');
($code, $out, $error) = $node->psql($db, q{SET ROLE shop; SELECT respond.accept_clock()});
like($error, qr/permission denied/, 'producers may not');

# A few seconds are no reason.
Respond::add_rule($node, $db, 'second', 'wait.second', [ { action => 'wait', for => '1 second' } ]);
move('6s');
Respond::wait_until($node, $db, q{SELECT message ~ 'offset is 6000 ms' FROM respond.health() WHERE "check" = 'time'});
Respond::emit($node, $db, 'wait.second');
move('3s');
Respond::wait_until($node, $db, ended('second'), 'three seconds back: timers fire');
like(health(), qr/^false: time is moved/, 'and health() says no more than that');

# Time jumps ahead, while the server is down.
$node->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.clock_offset = '100d'});
$node->stop('immediate');
$node->start;
Respond::wait_until($node, $db, q{SELECT count(*) = 0 FROM respond.run WHERE status = 'waiting'}, 'a jump ahead: all that is due fires');
is(one(q{SELECT string_agg(subject, ', ' ORDER BY id) FROM respond.ticket WHERE subject <> 'an hour'}), 'three hours, three days', 'in the order in which it is due');
is(one(q{SELECT count(*) FROM respond_internal.timer}), '0', 'no timer is left');

# What is due at once is handled in several transactions.
Respond::configure($node, 'pg_respond.batch_size' => 10);
$node->reload;
one(q{INSERT INTO respond.event (type) SELECT 'wait.days' FROM generate_series(1, 45)});
Respond::wait_until($node, $db, q{SELECT count(*) = 45 FROM respond.run WHERE status = 'waiting'}, 'many runs wait');
move('110d');
Respond::wait_until($node, $db, q{SELECT count(*) = 46 FROM respond.run WHERE rule = 'days' AND status = 'succeeded'}, 'their time comes at once');
is(one(q{SELECT max(c) FROM (SELECT count(*) AS c FROM respond.run WHERE rule = 'days' GROUP BY xmin::text) AS t}), '10', 'no transaction handles more timers than a batch has events');

done_testing();
