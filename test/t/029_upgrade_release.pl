# pg_upgrade to another release of PostgreSQL: work that waited in the old one is done in the new one, once.  So are runs that
# wait, whatever they wait for, and schedules.
#
# The older server is brought by test/harness/root (make test-versions); its folder is named in build/older.path.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();
use Peers;

my $named = "$FindBin::RealBin/../../older.path";
plan(skip_all => 'no server of an older release is here, see test/README.md') unless -f $named;
chomp(my $older = PostgreSQL::Test::Utils::slurp_file($named));

# Release 18 has checksums unless told otherwise; both clusters must agree.
my $db = 'desk';
my $receiver = Peers::receiver();
my %settings = ('pg_respond.allowed_networks' => '127.0.0.0/8');
my $old = PostgreSQL::Test::Cluster->new('old', install_path => $older);
$old->init(extra => ['--data-checksums']);
# Its compiler needs a library that may not be here.
Respond::configure($old, shared_preload_libraries => 'pg_respond', max_worker_processes => 32, jit => 'off', %settings);
$old->start;
my ($from) = $old->safe_psql('postgres', 'SHOW server_version') =~ /^(\d+)/;

Respond::create_extension($old, $db);
$old->safe_psql($db, sprintf(q{INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('hook', 'webhook', 'http://127.0.0.1:%d/ok', 50)}, $receiver->{port}));
Respond::add_rule($old, $db, 'open', 'order.*', [ { action => 'ticket', subject => 'Order {{data.n}}', key => 'o{{data.n}}' },
	{ action => 'notify', channel => 'hook', text => 'Order {{data.n}}' } ]);
$old->safe_psql($db, q{CREATE TABLE stock (id int PRIMARY KEY, n int); SELECT respond.watch('stock', 'order.stock')});
$old->safe_psql($db, q{INSERT INTO respond.event (type, data) SELECT 'order.created', jsonb_build_object('n', i) FROM generate_series(1, 20) AS i});
Respond::wait_until($old, $db, q{SELECT count(*) = 20 FROM respond.delivery WHERE channel = 'hook' AND status = 'delivered'}, "release $from works");

# Runs that wait for an event, a time, a decision, an answer, a place, their items and the rule that they called; and a schedule.
# The first request is under way when the old server ends, the second one is answered.
my @done = ({ action => 'emit', type => 'done', data => { rule => '{{rule}}', n => '{{data.n}}' } });
my @waits = ({ action => 'wait', event_type => 'go', key => '{{rule}}/{{data.n}}', for => '3 days', on_timeout => 'stop' }, @done);
$old->safe_psql($db, q{INSERT INTO respond.agent (name, db_role) VALUES ('Me', session_user)});
Respond::add_rule($old, $db, 'event', 'begin', \@waits);
Respond::add_rule($old, $db, 'deadline', 'begin', [ { action => 'wait', for => '90 min' }, @done ]);
Respond::add_rule($old, $db, 'decision', 'begin', [ { action => 'approve', name => 'ask', question => 'Upgrade?', approvers => ['Me'], self_approval => JSON::PP::true(),
	for => '3 days', on_approve => 'yes', on_timeout => 'stop' }, { %{ $done[0] }, name => 'yes' } ]);
Respond::add_rule($old, $db, 'answer', 'begin', [ { action => 'request', url => "http://127.0.0.1:$receiver->{port}/seq/upgrade/hang,200", method => 'POST', body => {}, timeout => '5 hours', attempt_timeout => '10 min' }, @done ]);
Respond::add_rule($old, $db, 'place', 'place', \@waits, concurrency => { limit => 1 });
Respond::add_rule($old, $db, 'items', 'begin', [ { action => 'foreach', items => [ 1, 2, 3 ], mode => 'parallel', concurrency => 2, steps => [
	{ action => 'wait', event_type => 'go', key => 'items/{{item}}' }, { action => 'emit', type => 'done', data => { rule => 'item', n => '{{item}}' } } ] }, @done ]);
Respond::add_rule($old, $db, 'callee', 'never', \@waits);
Respond::add_rule($old, $db, 'call', 'begin', [ { action => 'call', rule => 'callee', data => { n => 7 } }, @done ]);
$old->safe_psql($db, q{INSERT INTO respond.schedule (name, cron, event_type, catch_up) VALUES ('each hour', '0 * * * *', 'tick', 'all')});
Respond::emit($old, $db, 'begin', { n => 0 });
Respond::emit($old, $db, 'place', { n => $_ }) for 1, 2;
my $waiting = q{SELECT string_agg(rule || ': ' || waits_for, ', ' ORDER BY rule, waits_for) FROM respond.run WHERE status = 'waiting'};
my $all_wait = 'answer: answer, call: run, callee: event, deadline: time, decision: approval, event: event, items: event, items: event, items: run, place: event, place: place';
Respond::wait_until($old, $db, "SELECT ($waiting) = '$all_wait'", 'runs wait for all that there is') or diag($old->safe_psql($db, $waiting));
Respond::wait_for(sub { scalar($receiver->requests('/seq/upgrade/hang,200')) == 1 }, 'one waits for an answer');

# Left for the new one: messages that wait, events that wait, a key that is taken, an open ticket with a key.
$old->safe_psql($db, q{UPDATE respond.channel SET enabled = false});
$old->safe_psql($db, q{SELECT respond.emit('order.created', '{"n": 21}', source => '/shop', key => 'K21')});
Respond::wait_until($old, $db, q{SELECT count(*) = 1 FROM respond.delivery WHERE channel = 'hook' AND status = 'pending'}, 'a message waits');
$old->safe_psql($db, q{SELECT respond.hold('upgrade')});
$old->safe_psql($db, q{INSERT INTO respond.event (type, data) SELECT 'order.created', jsonb_build_object('n', i) FROM generate_series(22, 30) AS i});
my $before = $old->safe_psql($db, q{SELECT count(*), max(id), sum(hashtext(e::text)) FROM respond.event AS e});
my $audit = $old->safe_psql($db, q{SELECT count(*), max(id) FROM respond.audit_log});

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(extra => ['--data-checksums']);
Respond::configure($new, shared_preload_libraries => 'pg_respond', max_worker_processes => 32, %settings);
$new->start;

# A minor release may give the columns of every table an option that a new server of an earlier minor release does not know, and
# which pg_upgrade hands on.  No table at all could be upgraded; without the option the rest of the way can be tried.
my $option = $old->safe_psql($db, q{SELECT attoptions[1] FROM pg_attribute WHERE attrelid = 'stock'::regclass AND attname = 'n'});
if ($option && $new->psql('postgres', "CREATE TEMPORARY TABLE t (n int); ALTER TABLE t ALTER n SET ($option)") != 0)
{
	my ($name) = split /=/, $option;

	diag("the new server does not know \"$name\", which the old one gives to columns; it is taken away");
	$old->safe_psql($_, "UPDATE pg_attribute SET attoptions = NULL WHERE attoptions::text LIKE '{$name=%}'") for ($db, 'postgres', 'template1');
}
$new->stop;
$old->stop;
{
	local $ENV{LD_LIBRARY_PATH} = "$older/lib";
	command_ok([ 'pg_upgrade', '--no-sync', '-b', "$older/bin", '-B', $new->config_data('--bindir'), '-d', $old->data_dir,
			'-D', $new->data_dir, '-p', $old->port, '-P', $new->port, '-s', $new->host ], "pg_upgrade from release $from");
	unless (Test::More->builder->is_passing) { done_testing(); exit }
}
$new->start;
my ($to) = $new->safe_psql('postgres', 'SHOW server_version') =~ /^(\d+)/;
cmp_ok($to, '>', $from, "to release $to");

Respond::wait_workers($new, $db, 'the workers start');
Respond::wait_until($new, $db, q{SELECT NOT ok AND message LIKE '%restored or copied%' FROM respond.health() WHERE "check" = 'hold'}, 'and hold');
is($new->safe_psql($db, q{SELECT count(*), max(id), sum(hashtext(e::text)) FROM respond.event AS e}), $before, 'all events are there as they were');
is($new->safe_psql($db, q{SELECT count(*), max(id) FROM respond.audit_log}), $audit, 'so is the audit log');
is($new->safe_psql($db, q{SELECT string_agg("check" || ': ' || message, '; ') FROM respond.health() WHERE NOT ok AND "check" NOT IN ('hold', 'lag', 'channels', 'untried', 'deliveries')}),
	'', 'health() has nothing else to say');

$new->safe_psql($db, q{SELECT respond.release()});
$new->safe_psql($db, q{UPDATE respond.channel SET enabled = true});
Respond::wait_idle($new, $db, 'after release() nothing waits');
Respond::wait_until($new, $db, q{SELECT count(*) = 30 FROM respond.delivery WHERE channel = 'hook' AND status = 'delivered'}, 'messages that waited are sent');
is($new->safe_psql($db, q{SELECT count(*), count(DISTINCT event_id), count(*) FILTER (WHERE status <> 'succeeded') FROM respond.run WHERE rule = 'open'}), '30|30|0', 'each event has one run');
is($new->safe_psql($db, q{SELECT count(*), count(DISTINCT subject) FROM respond.ticket}), '30|30', 'and one ticket');
my %keys = map { $_->{headers}{'webhook-id'} => 1 } $receiver->requests('/ok');
is(scalar(keys %keys), 30, 'each message has one key');

# Runs that waited go on, each where it was.
Respond::wait_until($new, $db, q{SELECT count(*) = 1 FROM respond.event WHERE type = 'done'}, 'the run that waited for an answer goes on by itself');
my @asked = map { $_->{headers}{'idempotency-key'} } $receiver->requests('/seq/upgrade/hang,200');
is(scalar(@asked), 2, 'it was asked once more');
is($asked[1], $asked[0], 'with the same key');
is($new->safe_psql($db, $waiting), $all_wait =~ s/answer: answer, //r, 'all others wait as before');
Respond::emit($new, $db, 'go', {}, $_) for 'event/0', 'callee/7', 'place/1', 'items/1', 'items/2';
is($new->safe_psql($db, q{SELECT respond.decide(id, 'approve') FROM respond.approval WHERE status = 'open'}), 'approve', 'a question can be decided');
Respond::wait_until($new, $db, "SELECT ($waiting) = 'deadline: time, items: event, items: run, place: event'", 'events and a decision let them go on, and others have their turn') or diag($new->safe_psql($db, $waiting));
Respond::emit($new, $db, 'go', {}, $_) for 'event/0', 'items/1', 'items/3', 'place/2';
Respond::wait_until($new, $db, "SELECT ($waiting) = 'deadline: time'", 'all but the deadline');
my $ticks = $new->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'tick'});
$new->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.clock_offset = '2h'});
$new->reload;
Respond::wait_until($new, $db, q{SELECT NOT EXISTS (SELECT FROM respond.run WHERE status = 'waiting')}, 'the deadline comes');
Respond::wait_until($new, $db, q{SELECT count(*) - } . $ticks . q{ >= 2 FROM respond.event WHERE type = 'tick'}, 'and two full hours');
is($new->safe_psql($db, q{SELECT count(*) = count(DISTINCT "time") AND extract(epoch FROM max("time") - min("time")) = 3600 * (count(*) - 1) FROM respond.event WHERE type = 'tick'}), 't', 'each hour once');
Respond::wait_idle($new, $db, 'all is done');
is($new->safe_psql($db, q{SELECT string_agg(data ->> 'rule' || '/' || coalesce(data ->> 'n', ''), ' ' ORDER BY data ->> 'rule', data ->> 'n') FROM respond.event WHERE type = 'done'}),
	'answer/0 call/0 callee/7 deadline/0 decision/0 event/0 item/1 item/2 item/3 items/0 place/1 place/2', 'each run has gone on once');
is($new->safe_psql($db, q{SELECT count(*) FROM respond.run WHERE status <> 'succeeded'}), '0', 'and none failed');

is($new->safe_psql($db, q{SELECT respond.emit('order.created', '{"n": 21}', source => '/shop', key => 'K21') = (SELECT event_id FROM respond.ticket WHERE subject = 'Order 21')}),
	't', 'a key that was taken is taken');
$new->safe_psql($db, 'INSERT INTO stock VALUES (1, 100)');
Respond::wait_until($new, $db, q{SELECT count(*) = 1 FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type = 'order.stock'}, 'a watched table is watched');

# The partitions of the old release have no identity, those of the new one have: new ones fit beside them.
my $last = $new->safe_psql($db, q{SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'respond.event'::regclass AND inhrelid <> 'respond.event_default'::regclass});
$new->safe_psql($db, "ALTER TABLE respond.event DETACH PARTITION $last; DROP TABLE $last");
$new->restart;
Respond::wait_until($new, $db, "SELECT to_regclass('$last') IS NOT NULL", 'the clock makes partitions');
is($new->safe_psql($db, qq{SELECT i.inhparent::regclass FROM pg_inherits AS i WHERE i.inhrelid = '$last'::regclass}), 'respond.event', 'which are attached');
$new->stop;

done_testing();
