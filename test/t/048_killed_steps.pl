# SIGKILL at each point of each action: in front of it and behind it in the same transaction, in the next transaction, while the
# run waits, while its answer is not committed, and when it is committed and nobody has handled it. Every effect is there once.
#
# KILLS_SEED=n kills other processes, KILLS_ROUNDS=n, from 1 to 4, stops at n quarters of all gates.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();
use FlowModel;
use FlowOutcome;
use Peers;
use RandomFlows;

my $seed = $ENV{KILLS_SEED} || 20261130;
my $rounds = $ENV{KILLS_ROUNDS} || 2;
my $db = 'kills';
my $json = JSON::PP->new->canonical->allow_nonref;
my $node = Respond::node('kills', restart_after_crash => 'on', fsync => 'off', log_statement => 'none', max_prepared_transactions => 40,
	'pg_respond.timer_grace' => '20ms', 'pg_respond.allowed_networks' => '127.0.0.0/8');
my $receiver = Peers::receiver();
my $mail = Peers::mail_server();
my $base = "http://127.0.0.1:$receiver->{port}";
my @kinds = qw(dispatcher courier clock server);

note("KILLS_SEED=$seed");
srand($seed);

sub one { return $node->safe_psql($db, $_[0]); }

# fell(kind): ends the process, or the whole server.
sub fell
{
	my ($kind) = @_;

	if ($kind eq 'server')
	{
		$node->stop('immediate');
		$node->start;
	}
	else
	{
		Respond::crash_worker($node, $db, $kind);
	}
	return Respond::wait_workers($node, $db);
}

sub add_rules
{
	my (%rules) = @_;

	foreach my $name (sort { ($b =~ /-/) <=> ($a =~ /-/) } keys %rules)
	{
		my $rule = $rules{$name};

		Respond::add_rule($node, $db, $name, $name =~ /-/ ? 'never' : "begin.$name", RandomFlows::plain($rule->{steps}), $rule->{on_failure} ? (on_failure => RandomFlows::plain($rule->{on_failure})) : ());
	}
	return;
}

my %data = (n => 1, past => '2020-01-01 00:00+00');

sub begin
{
	my ($rule, $tag) = @_;

	return Respond::emit($node, $db, "begin.$rule", { tag => $tag, %data }, $tag);
}

sub nothing_waits
{
	return Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.run WHERE status IN ('waiting', 'running')) AND NOT EXISTS (SELECT FROM respond_internal.run_inbox)
		AND NOT EXISTS (SELECT FROM respond_internal.requeue) AND NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending') AND (SELECT sum(events) = 0 FROM respond.lag)}, $_[0]);
}

# did(rules, rule, tag, message): what the model says, and nothing else.
sub did
{
	my ($rules, $rule, $tag, $message) = @_;
	my @difference = FlowOutcome::difference(FlowOutcome::all($node, $db)->{$tag}, [ FlowModel->new(rules => $rules)->run($rule, { tag => $tag, %data }) ]);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is(join("\n", @difference), '', $message);
}

Respond::create_extension($node, $db);
one(qq{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE TABLE public.seen (tag text, note text);
	CREATE TABLE public.gate (n integer PRIMARY KEY);
	INSERT INTO public.gate SELECT generate_series(1, 100);
	INSERT INTO respond.team (name) VALUES ('ops'), ('billing');
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann');
	INSERT INTO respond.channel (name, kind, url, options, retry_delays) VALUES ('hook', 'webhook', '$base/ok', '{}', '{20 ms, 20 ms, 20 ms, 20 ms}'),
		('mail', 'email', 'smtp://127.0.0.1:$mail->{port}', '{"from": "desk\@sender.test", "tls": "none"}', '{20 ms, 20 ms, 20 ms, 20 ms}')});

# --- gates: steps at which the dispatcher can be made to stop, in the middle of its transaction

my $gates = 0;
sub gate { my $n = ++$gates; return { action => 'sql', name => "gate$n", sql => "SELECT n AS v FROM public.gate WHERE n = $n FOR SHARE", _value => sub { return $n; } }; }

sub wrote { my ($name, $what) = @_; return { action => 'sql', name => $name, _writes => 1, sql => "INSERT INTO public.seen VALUES ({{data.tag}}, '$what') RETURNING note AS v", _value => sub { return $what; } }; }

sub said { my ($key) = @_; return { action => 'emit', type => 'note', data => { tag => '{{data.tag}}', k => "{{data.tag}}/$key", v => $key } }; }

sub heard { my ($key, %more) = @_; return { action => 'wait', name => $key, event_type => 'note', key => "{{data.tag}}/$key", event_key => 'data.k', _answer => { types => ['note'], key => "{{data.tag}}/$key", value => $key }, %more }; }

my %all = (
	all => { steps => [
		gate(), { action => 'ticket', name => 't', subject => '{{data.tag}} opened', key => '{{data.tag}}/k' },
		gate(), { action => 'ticket', name => 'again', subject => '{{data.tag}} again', key => '{{data.tag}}/k' },
		gate(), { action => 'comment', name => 'c', body => 'said' },
		gate(), { action => 'update_ticket', name => 'u', priority => 'high', fields => { a => '{{data.n}}' } },
		gate(), { action => 'assign', name => 'a', team => 'ops' },
		gate(), { action => 'escalate', name => 'e', team => 'billing', priority => 'urgent', comment => 'escalated' },
		gate(), { action => 'notify', name => 'n', channel => 'hook', body => { tag => '{{data.tag}}', v => 'notify' } },
		gate(), { action => 'email', name => 'm', channel => 'mail', to => 'a@receiver.test', subject => 'mail', text => '{{data.tag}} mail' },
		gate(), { action => 'emit', name => 'o', type => 'out', data => { tag => '{{data.tag}}', n => '{{data.n}}' }, key => '{{data.tag}}/once' },
		gate(), wrote('q', 'in the first transaction'),
		gate(), { action => 'set', name => 's', values => { v => '{{steps.q.rows.0.v}}' } },
		gate(), { action => 'log', name => 'l', message => '{{steps.s.v}}' },
		gate(), { action => 'wait', for => '5 ms' },
		gate(), { action => 'wait', until => '{{data.past}}' },
		gate(), said('w1'), gate(), heard('w1', since => 'run'),
		gate(), { %{ said('w2') }, if => 'true' }, said('w2'), heard('w2', since => 'run', collect => 2, _answer => { types => [ 'note', 'note' ], key => '{{data.tag}}/w2', value => 'w2' }),
		gate(), { action => 'request', name => 'h', url => "$base/ok?{{data.tag}}-h", timeout => '5 min', max_attempts => 20, _answer => { status => 200, body => { ok => JSON::PP::true } } },
		gate(), { action => 'call', name => 'child', rule => 'all-child', data => { tag => '{{data.tag}}' } },
		gate(), { action => 'call', name => 'gone', rule => 'all-gone', data => { tag => '{{data.tag}}' }, wait => JSON::PP::false },
		gate(), { action => 'foreach', name => 'plain', items => [ 1, 2, 3 ], _items => sub { return [ 1, 2, 3 ]; }, as => 'i', steps => [ wrote('p', 'item'), gate(), { action => 'emit', type => 'out', data => { tag => '{{data.tag}}', i => '{{i}}' } } ] },
		gate(), { action => 'foreach', name => 'serial', items => [ 1, 2 ], _items => sub { return [ 1, 2 ]; }, as => 'j', steps => [ gate(), wrote('r', 'serial item'), { action => 'wait', for => '2 ms' }, gate(), { action => 'emit', type => 'out', data => { tag => '{{data.tag}}', j => '{{j}}' } } ] },
		gate(), { action => 'foreach', name => 'parallel', mode => 'parallel', items => [ 1, 2 ], _items => sub { return [ 1, 2 ]; }, as => 'k', steps => [ gate(), wrote('v', 'parallel item'), { action => 'wait', for => '2 ms' }, gate(), { action => 'emit', type => 'out', data => { tag => '{{data.tag}}', k => '{{k}}' } } ] },
		gate(), { action => 'sql', name => 'z', sql => 'SELECT 1 / 0 AS v', _fails => 1, max_attempts => 3, retry_after => '2 ms', on_failure => 'handled' },
		{ action => 'stop', message => 'never' },
		wrote('handled', 'after the retries'),
		gate(), { action => 'approve', name => 'ask', question => '{{data.tag}} nobody', approvers => ['Ann'], for => '5 ms', _answer => 'nobody' } ],
		on_failure => [ gate(), wrote('y', 'on_failure'), { action => 'wait', for => '2 ms' }, gate(), { action => 'fail', name => 'end', message => 'failed' } ] },
	'all-child' => { steps => [ gate(), wrote('x', 'in the child'), { action => 'wait', for => '2 ms' }, gate(), { action => 'notify', name => 'n2', channel => 'hook', body => { tag => '{{data.tag}}', v => 'child' } } ] },
	'all-gone' => { steps => [ gate(), wrote('g', 'in the other run'), { action => 'wait', for => '2 ms' }, gate(), { action => 'stop', message => 'gone' } ] });

add_rules(%all);

sub is_at_a_gate
{
	return q{SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) JOIN pg_prepared_xacts AS p ON p.transaction = l.transactionid
		WHERE NOT l.granted AND a.backend_type = 'pg_respond dispatcher' AND p.gid = '} . $_[0] . q{')};
}

# Each round closes each fourth gate. Gates are prepared transactions, which a crash does not open.
my @offsets = sort { $a->[1] <=> $b->[1] } map { [ $_, rand() ] } 0 .. 3;

foreach my $offset (map { $_->[0] } @offsets[ 0 .. $rounds - 1 ])
{
	my @closed = grep { $_ % 4 == $offset } 1 .. $gates;
	my $tag = "round$offset";
	my $turn = int(rand(4));

	one("BEGIN; SELECT FROM public.gate WHERE n = $_ FOR UPDATE; PREPARE TRANSACTION 'gate$_'") foreach @closed;
	begin('all', $tag);
	foreach my $n (1 .. @closed)
	{
		my $gate;

		Respond::wait_for(sub { ($gate) = grep { one(is_at_a_gate("gate$_")) eq 't' } @closed; return $gate; });
		my $kind = $kinds[ $turn++ % 4 ];

		note("$tag: $kind at gate $gate");
		fell($kind);
		Respond::wait_until($node, $db, is_at_a_gate("gate$gate"));
		one("ROLLBACK PREPARED 'gate$gate'");
		@closed = grep { $_ != $gate } @closed;
	}
	nothing_waits("$tag: nothing waits");
	did(\%all, 'all', $tag, "$tag: every effect is there once");
}

# --- runs at rest: while they wait, while what they wait for is not committed, and when it is and nobody has handled it

sub ends { my ($name) = @_; return (wrote("end-$name", "$name went on"), { action => 'notify', channel => 'hook', body => { tag => '{{data.tag}}', v => "$name went on" } }); }

# The same for what the test says and not the run.
sub told { my ($key, %more) = @_; return heard($key, event_type => 'told', _answer => { types => ['told'], key => "{{data.tag}}/$key", value => $key }, %more); }

sub item_loop { my ($mode) = @_; return { action => 'foreach', name => 'l', mode => $mode, items => [ 1, 2 ], _items => sub { return [ 1, 2 ]; }, as => 'i', steps => [ wrote('b', 'item before'), told("$mode/{{i}}", name => 'w'), wrote('e', 'item after') ] }; }

sub request { return { action => 'request', name => 'h', url => "$base/ok?{{data.tag}}-h", timeout => '5 min', max_attempts => 20, attempt_timeout => '2 min', _answer => { status => 200, body => { ok => JSON::PP::true } } }; }

my @timed_out = (_answer => undef);
my %rest = (
	event => { steps => [ wrote('b', 'before'), told('event', for => '1 hour'), ends('event') ] },
	collect => { steps => [ told('collect', for => '1 hour', collect => 2, _answer => { types => [ 'told', 'told' ], key => '{{data.tag}}/collect', value => 'collect' }), ends('collect') ] },
	ahead => { steps => [ told('first', for => '1 hour'), told('second', since => 'run'), ends('ahead') ] },
	approve => { steps => [ { action => 'approve', name => 'p', question => '{{data.tag}} approve', approvers => ['Ann'], _answer => 'approve' }, ends('approve') ] },
	request => { steps => [ request(), ends('request') ] },
	call => { steps => [ { action => 'call', name => 'c', rule => 'call-child', data => { tag => '{{data.tag}}' } }, ends('call') ] },
	'call-child' => { steps => [ wrote('b', 'child before'), told('child', for => '1 hour'), ends('child') ] },
	serial => { steps => [ item_loop('serial'), ends('serial') ] },
	parallel => { steps => [ item_loop('parallel'), ends('parallel') ] },
	retry => { steps => [ { action => 'sql', name => 'z', sql => 'SELECT 1 / 0 AS v', _fails => 1, max_attempts => 2, retry_after => '1 hour', on_failure => 'end-retry' }, ends('retry') ] },
	time => { steps => [ { action => 'wait', name => 'w', for => '1 hour', @timed_out }, ends('time') ] },
	# what signal() says looks as if the time was over
	signal => { steps => [ { action => 'wait', name => 'w', for => '2 hours', @timed_out }, ends('signal') ] },
	paused => { steps => [ told('paused', for => '1 hour'), ends('paused') ] },
	queued => { steps => [ told('queued', for => '1 hour'), ends('queued') ] });
my @at_rest = sort grep { !/-/ } keys %rest;

add_rules(%rest, victim => { steps => [ told('victim'), ends('victim') ] });
one(q{UPDATE respond.rule SET concurrency = '{"limit": 1}' WHERE name = 'queued'});
one('UPDATE respond.rule SET on_cancel = ' . Respond::quote_literal($json->encode(RandomFlows::plain([ wrote('d', 'cancelled'), { action => 'wait', for => '2 ms' }, wrote('f', 'end of cancel') ]))) . q{ WHERE name = 'victim'});

sub run_of { my ($rule) = @_; return "(SELECT id FROM respond.run WHERE rule = '$rule' AND status = 'waiting' ORDER BY id LIMIT 1)"; }

sub word { my ($key) = @_; my ($tag, $value) = split(m{/}, $key, 2); return 'SELECT respond.emit(\'told\', data => ' . Respond::quote_literal($json->encode({ tag => $tag, k => $key, v => $value })) . '::jsonb)'; }

# Each wait for an event once.
my %answered;
sub answers
{
	my @keys = map { my ($place, $key) = split(/\|/, $_); $answered{$place}++ ? () : $key } split(/\n/, one(q{SELECT run_id || ' ' || step || ' ' || since, key FROM respond.waiting WHERE waits_for LIKE 'event%' AND rule <> 'victim' AND key <> '' ORDER BY 1}));

	return map { word($_) } @keys;
}

sub under_way { return Respond::wait_for(sub { return Peers::connections($receiver->{port}); }); }

# Everything that is to be known of runs that wait, but for numbers that a crash may change.
sub picture
{
	return one(q{SELECT string_agg(concat_ws(' ', w.rule, w.run_id, w.step, w.waits_for, w.key, w.since, w.due_at), E'\n' ORDER BY w.rule, w.run_id, w.key) FROM respond.waiting AS w})
	  . one(q{SELECT E'\n' || (SELECT count(*) FROM respond_internal.heard) || ' ' || (SELECT count(*) FROM respond_internal.wait) || ' ' || (SELECT count(*) FROM respond.run WHERE paused_at IS NOT NULL)
		|| ' ' || (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL) || ' ' || (SELECT count(*) FROM respond.event WHERE type = 'told') || ' ' || (SELECT count(*) FROM public.seen)});
}

$receiver->{handle}->signal('STOP');
begin($_, "rest.$_") foreach @at_rest;
begin('queued', 'rest.queued2');
begin('victim', 'victim') foreach 1, 2;
Respond::wait_until($node, $db, q{SELECT (SELECT count(*) FROM respond.run WHERE status = 'waiting' AND parent_id IS NULL) = } . (@at_rest + 3), 'all wait');
one(join(';', "SELECT respond.pause_run(" . run_of('paused') . ')', map { word($_) } 'rest.ahead/second', 'rest.collect/collect'));
Respond::wait_until($node, $db, 'SELECT count(*) = 2 FROM respond_internal.heard', 'two have heard something');
under_way();
my $picture = picture();

foreach my $kind (@kinds)
{
	fell($kind);
	under_way();
	is(picture(), $picture, "$kind: they wait as before");
}

my @by_hand = ("SELECT respond.signal(" . run_of('signal') . q{, 'w', '{"timed_out": true}')}, 'SELECT respond.resume_run(' . run_of('paused') . ')', 'SELECT respond.cancel_run(' . run_of('victim') . ')');
my $decide = q{SELECT respond.decide(id, 'approve') FROM respond.approval WHERE status = 'open'};
my @events = answers();
my $other = Respond::session($node, $db);
my $ann = $node->background_psql($db, on_error_stop => 0, extra_params => [ '-U', 'ann' ]);

$other->query_safe(join('; ', 'BEGIN', @events, @by_hand));
$ann->query_safe("BEGIN; $decide");
fell('dispatcher');
eval { $_->quit } foreach $other, $ann;
under_way();
is(picture(), $picture, 'what was not committed ended nothing');

# stopped(code): nobody handles what the code commits before the dispatcher is killed.
sub stopped
{
	my ($code) = @_;

	kill('STOP', Respond::worker_pid($node, $db, 'dispatcher'));
	$code->();
	return fell('dispatcher');
}

stopped(sub {
	one(join('; ', @events, @by_hand));
	is($node->psql($db, $decide, extra_params => [ '-U', 'ann' ]), 0, 'it is decided');
	$receiver->{handle}->signal('CONT');
	Respond::wait_until($node, $db, q{SELECT status = 'delivered' FROM respond.delivery WHERE run_id = } . run_of('request'), 'and answered');
});
Respond::wait_for(sub { one(join(';', answers(), q{SELECT string_agg(rule, ' ' ORDER BY rule) FROM respond.run WHERE status IN ('waiting', 'running') AND rule <> 'victim'})) =~ /^retry time$/m; }, 'all went on that wait for no time');
stopped(sub {
	one(q{ALTER SYSTEM SET pg_respond.clock_offset = '3601s'});
	$node->reload;
});
one('SELECT respond.cancel_run(' . run_of('victim') . ')');
nothing_waits('nothing waits');
did(\%rest, s/\d//r, "rest.$_", "$_: went on once") foreach @at_rest, 'queued2';
is(one(q{SELECT (SELECT string_agg(status, ' ') FROM respond.run WHERE rule = 'victim') || ' ' || (SELECT count(*) FROM respond.event WHERE type = 'run.cancelled') || ' ' || (SELECT string_agg(note, ', ' ORDER BY note) FROM public.seen WHERE tag = 'victim')}),
	'cancelled cancelled 2 cancelled, cancelled, end of cancel, end of cancel', 'runs that were cancelled did what they do then, once, and nothing else');

# --- the answer has come, and the courier cannot commit it
$receiver->{handle}->signal('STOP');
my $event = begin('request', 'again');
under_way();
one("BEGIN; SELECT FROM respond.delivery WHERE event_id = $event FOR UPDATE; PREPARE TRANSACTION 'delivery'");
$receiver->{handle}->signal('CONT');
Respond::wait_for(sub { $receiver->lines(qr/again-h/) }, 'it is answered');
is(one("SELECT status FROM respond.delivery WHERE event_id = $event"), 'pending', 'the answer is not committed');
fell('courier');
one(q{ROLLBACK PREPARED 'delivery'});
nothing_waits('the run goes on all the same');
did(\%rest, 'request', 'again', 'once');

my @lines = $receiver->lines(qr/idempotency-key|webhook-id/);
my %key_of;

foreach my $line (@lines)
{
	my ($key) = $line =~ /"(?:idempotency-key|webhook-id)": "([^"]+)"/;

	$key_of{$key}{ $line =~ /"path": "([^"]+)"/ && $1 }++;
}
my %known = map { $_ => 1 } split(/\n/, one(q{SELECT key FROM respond.delivery WHERE channel <> 'mail'}));

cmp_ok(scalar($receiver->lines(qr/again-h/)), '>', 1, 'that request was sent twice');
is(scalar(grep { !$known{$_} } keys %key_of), 0, 'nothing was sent that the database does not know');
is(scalar(grep { !$key_of{$_} } keys %known), 0, 'everything arrived');
is(scalar(grep { keys %$_ > 1 } values %key_of), 0, 'each key is that of one request');
is(one(q{SELECT string_agg(reason || ': ' || error, '; ') FROM respond.dead_letter WHERE kind <> 'run'}), '', 'nothing was given up');
is(one('SELECT count(*) FROM respond_internal.wait') . one('SELECT count(*) FROM respond_internal.heard') . one('SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL')
	. one('SELECT count(*) FROM respond_internal.loop_items') . one('SELECT count(*) FROM respond_internal.run_place'), '00000', 'nothing is left of what they waited for');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal (?:6|11)|TRAP|cache lookup failed/, 'the log is clean');
$node->stop;
done_testing();
