# Runs that begin or go on late, because somebody held a lock or the rule had no time: they hear what came meanwhile, and
# nothing of before.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();

my $db = 'late';
my $node = Respond::node('late_runs', restart_after_crash => 'on', fsync => 'off', max_connections => 40, 'pg_respond.timer_grace' => '100ms');
Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data, $subject) }
sub answer { my ($k, $says) = @_; return emit('answer', { k => $k, says => $says }, "other/$k") }

my $lock = { action => 'sql', name => 'l', sql => q{SELECT data->>'k' AS k FROM public.account WHERE id = 1 FOR UPDATE NOWAIT} };
my %wait = (action => 'wait', event_type => 'answer', event_key => 'data.k');
my $wait = { %wait, name => 'w', key => '{{data.k}}' };
my $log = { action => 'log', message => '{{steps.w.data.says}}' };
one('CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account VALUES (1)');
Respond::add_rule($node, $db, 'first', 'ask', [ $lock, $wait, $log ]);
Respond::add_rule($node, $db, 'keyed', 'ask.keyed', [ $lock, { action => 'wait', for => '10 ms' }, { %wait, name => 'w', key => '{{steps.l.rows.0.k}}', since => 'run' }, $log ]);
Respond::add_rule($node, $db, 'called', 'never', [ $wait ]);
Respond::add_rule($node, $db, 'calls', 'ask.call', [ $lock, { action => 'call', name => 'c', rule => 'called', data => { k => '{{data.k}}' } },
	{ action => 'log', message => '{{steps.c.steps.w.data.says}}' } ]);
Respond::add_rule($node, $db, 'loops', 'ask.loop', [ $lock, { action => 'foreach', name => 'f', items => [ 1 ], mode => 'parallel', steps => [ $wait ] },
	{ action => 'log', message => '{{steps.f.items.0.data.says}}' } ]);
Respond::add_rule($node, $db, 'one by one', 'ask.place', [ $lock, $wait, $log ], concurrency => { limit => 1, key => '{{data.place}}' });
Respond::add_rule($node, $db, 'goes on', 'ask.go', [ { action => 'wait', name => 'go', event_type => 'go', key => '{{data.k}}', event_key => 'data.k' },
	$lock, { %wait, name => 'answer', key => '{{steps.l.rows.0.k}}' }, { %wait, name => 'w', event_type => 'second', key => '{{data.k}}' }, $log ]);
Respond::add_rule($node, $db, 'learns', 'ask.learns', [ $lock, { %wait, name => 'key', event_type => 'learns', event_key => 'subject', key => '{{data.k}}' },
	{ %wait, name => 'w', key => '{{steps.key.data.says}}', since => 'now' }, $log ]);
Respond::add_rule($node, $db, 'slow', 'ask.slow', [ { action => 'sql', sql => 'SELECT pg_sleep(0.6)' }, $wait, $log ]);
Respond::add_rule($node, $db, 'by hand', 'never', [ $wait, $log ]);
Respond::add_rule($node, $db, 'macro', 'never', [ { action => 'log', message => 'x' } ]);
Respond::add_rule($node, $db, 'macro with a loop', 'never', [ { action => 'foreach', items => [ 1, 2 ], steps => [ { action => 'log', message => 'x' } ] } ]);
Respond::add_rule($node, $db, 'mark', 'mark', [ { action => 'log', message => 'x' } ]);

# The lock outlasts a crash.
sub lock_it { return one(q{BEGIN; SELECT FROM account WHERE id = 1 FOR UPDATE; PREPARE TRANSACTION 'holder'}) }
sub unlock_it { return one(q{ROLLBACK PREPARED 'holder'}) . one('SELECT respond.retry_set_aside()') }

# Everything that is committed now was handled in every lane, but for what was set aside.
sub passed
{
	my ($message) = @_;
	my $before = one(q{SELECT count(*) FROM respond.run WHERE rule = 'mark'});

	one(q{INSERT INTO respond.event (type, subject) SELECT 'mark', 'm/' || i FROM generate_series(1, 20) AS i});
	return Respond::wait_until($node, $db, qq{SELECT count(*) = $before + 20 FROM respond.run WHERE rule = 'mark'}, $message);
}

# aside(count, message): so many events are set aside, or their runs put off.
sub aside
{
	my ($count, $message) = @_;

	return Respond::wait_until($node, $db, "SELECT (SELECT count(*) FROM respond.set_aside) + (SELECT count(DISTINCT run_id) FROM respond_internal.timer WHERE kind = 'again') = $count", $message);
}

# succeeded(events, message): each of them has led to a run that ended with the answer "after".
sub succeeded
{
	my ($events, $message) = @_;
	my $list = join(', ', @$events);
	my $count = @$events;

	Respond::wait_until($node, $db, qq{SELECT count(*) = $count FROM respond.run WHERE event_id IN ($list) AND parent_id IS NULL AND status = 'succeeded'}, "$message: all were answered")
	  or diag(one(qq{SELECT event_id, rule, status, step, waits_for, key, state FROM respond.run WHERE event_id IN ($list)}));
	return is(one(qq{SELECT string_agg(DISTINCT state->'_log'->>-1, ', ') FROM respond.run WHERE event_id IN ($list) AND parent_id IS NULL}), 'after', "$message: with what came after the question");
}

# ask(name, types, same => 1, crash => 1): questions of these types, all about one subject, are set aside and answered,
# and their runs begin when that was passed, and the server has crashed before and after.
sub ask
{
	my ($name, $types, %how) = @_;
	my ($same, $crash) = @how{ 'same', 'crash' };
	my @events;
	my $n = 0;

	lock_it();
	answer("$name/" . $n++, 'before') for @$types;
	$n = 0;
	for my $type (@$types)
	{
		push @events, emit($type, { k => "$name/$n", place => $n }, $same ? 'same' : "s/$n");
		$n++;
	}
	aside(scalar(@events), "$name: set aside");
	Respond::crash_worker($node, $db, 'dispatcher') if $crash;
	answer("$name/$_", 'after') for 0 .. $#events;
	passed("$name: the answers were handled");
	Respond::crash_worker($node, $db, 'dispatcher') if $crash;
	unlock_it();
	succeeded(\@events, $name);
	return;
}

ask('one', ['ask']);
ask('the same subject', [ 'ask', 'ask', 'ask' ], same => 1);
ask('key of a step', ['ask.keyed']);
ask('called', ['ask.call']);
ask('items of a loop', ['ask.loop']);
ask('with a limit', [ 'ask.place', 'ask.place' ]);
ask('over crashes', [ 'ask', 'ask', 'ask.call', 'ask.place' ], crash => 1);

# --- a key that the run learns from what it hears late
{
	lock_it();
	my $learns = emit('ask.learns', { k => 'learns' }, 'learns');

	aside(1, 'a key that is learned: set aside');
	answer('learned', 'before');
	emit('learns', { says => 'learned' }, 'learns');
	answer('learned', 'after');
	passed('a key that is learned: the answers were handled');
	unlock_it();
	succeeded([$learns], 'a key that is learned');
}

# --- runs that go on late: what they come to then hears what came meanwhile
for my $crash (0, 1)
{
	my $name = $crash ? 'going on over crashes' : 'going on';
	my @late = map { emit('ask.go', { k => "$name/$_" }, "go/$_") } 1 .. 3;
	my $list = join(', ', @late);

	Respond::wait_until($node, $db, "SELECT count(*) = 3 FROM respond.run WHERE event_id IN ($list) AND step = 'go'", "$name: three wait");
	lock_it();
	answer("$name/$_", 'before') for 1 .. 3;
	emit('second', { k => "$name/$_", says => 'before' }) for 1 .. 3;
	emit('go', { k => "$name/$_" }) for 1 .. 3;
	aside(3, "$name: put off");
	Respond::crash_worker($node, $db, 'dispatcher') if $crash;
	answer("$name/$_", 'after') for 1 .. 3;
	emit('second', { k => "$name/$_", says => 'after' }) for 1 .. 3;
	passed("$name: the answers were handled");
	Respond::crash_worker($node, $db, 'dispatcher') if $crash;
	unlock_it();
	succeeded(\@late, $name);
	is(one("SELECT string_agg(DISTINCT state->'answer'->'data'->>'says', ', ') FROM respond.run WHERE event_id IN ($list)"), 'after', "$name: and with the one of before it");
}

# --- runs that a session has in hand: what comes meanwhile is heard afterwards, whatever the session did
sub in_hand
{
	my ($name, $call, $end) = @_;
	my $steps = sub { my ($answer, $later, $log) = @_; return [ { %wait, name => 'first', event_type => 'hand.first', key => '{{data.k}}' },
		{ %wait, name => $answer, event_type => 'hand.answer', key => '{{data.k}}', for => '1 hour', on_timeout => 'stop' }, { %wait, name => $later, event_type => 'hand.later', key => '{{data.k}}', since => 'run' },
		{ action => 'log', message => "$log {{steps.$answer.data.says}} {{steps.$later.data.says}}" } ] };

	Respond::add_rule($node, $db, $name, $name, $steps->('answer', 'later', 'first'));
	my $event = emit($name, { k => $name }, $name);
	emit('hand.first', { k => $name });
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND step = 'answer')", "$name: it waits");
	my $run = one("SELECT id FROM respond.run WHERE event_id = $event");
	one("UPDATE respond.rule SET steps = " . Respond::quote_literal(JSON::PP->new->encode($steps->('reply', 'then', 'second'))) . " WHERE name = '$name'");
	my $session = Respond::session($node, $db);
	$session->query_safe('BEGIN; SELECT ' . sprintf($call, $run));
	emit('hand.later', { k => $name, says => 'y' });
	emit('hand.answer', { k => $name, says => 'x' });
	passed("$name: the answers were handled");
	$session->query_safe($end);
	$session->quit;
	return ($event, $run);
}
sub in_hand_ended
{
	my ($event, $like, $name) = @_;

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND finished_at IS NOT NULL)", "$name: it ended");
	return like(one("SELECT rule_version, status, state->'_log'->>-1 FROM respond.run WHERE event_id = $event"), $like, "$name: as it should");
}
my $map = q{'{"answer": "reply", "later": "then"}'};
for my $end (qw(COMMIT ROLLBACK))
{
	my ($event, $run) = in_hand("moved, $end", "respond.move_runs('moved, $end', 1, $map) FROM (SELECT %d) AS run", $end);
	in_hand_ended($event, $end eq 'COMMIT' ? qr/^2\|succeeded\|second x y$/ : qr/^1\|succeeded\|first x y$/, "moved, $end");
	($event, $run) = in_hand("paused, $end", 'respond.pause_run(%d)', $end);
	if ($end eq 'COMMIT')
	{
		one("SELECT respond.resume_run($run)");
	}
	in_hand_ended($event, qr/^1\|succeeded\|first x y$/, "paused, $end");
	($event, $run) = in_hand("cancelled, $end", 'respond.cancel_run(%d)', $end);
	in_hand_ended($event, $end eq 'COMMIT' ? qr/^1\|cancelled\|$/ : qr/^1\|succeeded\|first x y$/, "cancelled, $end");
	($event, $run) = in_hand("signalled, $end", q{respond.signal(%d, 'answer', '{"data": {"says": "s"}}')}, $end);
	in_hand_ended($event, qr/^1\|succeeded\|first [xs] y$/, "signalled, $end");
}
# A transaction that recorded the answer is open while a session moves the run: of the new version's step no dispatcher knew before.
{
	my $steps = sub { return JSON::PP->new->encode([ { %wait, name => 'w', event_type => $_[0], key => '{{data.k}}', pattern => { data => { v => [ $_[1] ] } } }, $log ]) };
	one("INSERT INTO respond.rule (name, event_type, steps) VALUES ('moved beside', 'beside', '" . $steps->('beside.answer', 1) . "')");
	my $event = emit('beside', { k => 'b' }, 'b');
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'waiting')", 'moved beside an open transaction: it waits');
	one("UPDATE respond.rule SET steps = '" . $steps->('beside.other', 2) . "' WHERE name = 'moved beside'");
	one("ALTER SYSTEM SET pg_respond.timer_grace = '1 min'");
	$node->reload;
	passed('moved beside an open transaction: the grace is known');
	my $session = Respond::session($node, $db);
	$session->query_safe(q{BEGIN; INSERT INTO respond.event (type, subject, data) VALUES ('beside.other', 'x', '{"k": "b", "v": 2, "says": "after"}')});
	is(one("SELECT respond.move_runs('moved beside')"), '1', 'moved beside an open transaction: it goes over');
	$session->query_safe('COMMIT');
	$session->quit;
	in_hand_ended($event, qr/^2\|succeeded\|after$/, 'moved beside an open transaction');
	one('ALTER SYSTEM RESET pg_respond.timer_grace');
	$node->reload;
}
Respond::wait_until($node, $db, 'SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL) = 0', 'nothing is left of what they waited for');

# --- a rule that takes too long
my @slow = split /\n/, one(q{INSERT INTO respond.event (type, subject, data) SELECT 'ask.slow', 'slow/' || i, jsonb_build_object('k', 'slow/' || i) FROM generate_series(1, 4) AS i RETURNING id});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.set_aside WHERE reason = 'the rule takes too long')}, 'a slow rule: set aside');
answer("slow/$_", 'after') for 1 .. 4;
succeeded(\@slow, 'a slow rule');

# --- rules started by hand: their runs hear what comes behind the event that says so, in the order of the log
sub start { my ($k) = @_; return qq{SELECT respond.start('by hand', '{"k": "$k"}')} }
sub answered
{
	my ($run, $message) = @_;

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE id = $run AND status = 'succeeded')", "$message: answered");
	return is(one("SELECT state->'_log'->>-1 FROM respond.run WHERE id = $run"), 'after', "$message: by what came after it");
}
one('SELECT respond.hold()');
Respond::wait_until($node, $db, q{SELECT count(*) >= 3 FROM respond.worker WHERE database = current_database() AND state = 'holding'}, 'by hand: the workers hold');
my $backlog = one(q{WITH m AS (INSERT INTO respond.event (type, subject) SELECT 'mark', 'b/' || i FROM generate_series(1, 20) AS i RETURNING id) SELECT string_agg(id::text, ', ') FROM m});
answer('hand', 'before');
my $by_hand = one(start('hand'));
my %macro = map { $_ => one("SELECT respond.start('$_')") } 'macro', 'macro with a loop';
answer('hand', 'after');
one('SELECT respond.release()');
answered($by_hand, 'by hand, in a backlog');
Respond::wait_until($node, $db, "SELECT count(*) = 20 FROM respond.run WHERE event_id IN ($backlog)", 'by hand: the backlog was handled');
is(one("SELECT r.started_at < (SELECT min(b.started_at) FROM respond.run AS b WHERE b.event_id IN ($backlog)) FROM respond.run AS r WHERE r.id = $macro{$_}"), 't', "by hand: $_, which cannot wait, began before the backlog, and before a start that waits for it") for sort keys %macro;
for my $try (1 .. 3)
{
	my $session = Respond::session($node, $db);
	my $slow = $session->query_safe('BEGIN; ' . start("slow/$try"));
	my $quick = one(start("quick/$try"));

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE id = $quick AND status = 'waiting')", "by hand, $try: the second one waits");
	$session->query_safe(qq{COMMIT; INSERT INTO respond.event (type, data) VALUES ('answer', '{"k": "slow/$try", "says": "after"}')});
	$session->quit;
	answer("quick/$try", 'after');
	answered($slow, "by hand, $try: committed late");
	answered($quick, "by hand, $try: the other");
}

# --- a dump of what is set aside and was answered
lock_it();
answer('dump', 'before');
my $dumped = emit('ask', { k => 'dump' });
aside(1, 'dump: set aside');
answer('dump', 'after');
passed('dump: the answer was handled');
my $file = $node->basedir . '/late.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, $db ], 'dump: made');
unlock_it();
succeeded([$dumped], 'dump: the original');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-d', 'copy', $file ], 'dump: restored');
$db = 'copy';
one('SELECT respond.release()');
succeeded([$dumped], 'dump: the copy');
ask('in the copy', [ 'ask', 'ask.keyed' ]);

# --- several lanes, which are not those in which it was set aside
lock_it();
my @lanes = map { emit('ask', { k => "lanes/$_" }, "lanes/$_") } 1 .. 12;
aside(12, 'lanes: set aside');
answer("lanes/$_", 'after') for 1 .. 12;
passed('lanes: the answers were handled');
one('ALTER SYSTEM SET pg_respond.dispatchers = 3');
$node->reload;
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.worker WHERE kind = 'dispatcher' AND database = current_database() AND pid IS NOT NULL}, 'lanes: there are three');
unlock_it();
succeeded(\@lanes, 'lanes');
ask('set aside by three', [ ('ask') x 6, 'ask.call', 'ask.keyed', 'ask.loop', 'ask.place' ]);
is(one('SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.set_aside_event)'), '0', 'nothing is left');

$node->stop;
done_testing();
