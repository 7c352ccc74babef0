# Random flows that have every action, against a model of what they must do: as they are, with a pause in front of each step, so
# that the run is laid down and taken up between any two of them, and both while workers and the server are killed.
#
# FLOWS_SEED=n makes other flows, FLOWS_COUNT=n more of them, FLOWS_KILLS=n more faults.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();
use FlowModel;
use FlowOutcome;
use Peers;
use RandomFlows;

my $seed = $ENV{FLOWS_SEED} || 20261130;
my $count = $ENV{FLOWS_COUNT} || 25;
my $kills = $ENV{FLOWS_KILLS} || 6;
my $db = 'flows';
my $json = JSON::PP->new->canonical->allow_nonref;
my $node = Respond::node('flows', restart_after_crash => 'on', fsync => 'off', log_statement => 'none', max_connections => 60, 'pg_respond.dispatchers' => 2, 'pg_respond.max_depth' => 100, 'pg_respond.allowed_networks' => '127.0.0.0/8');
my $receiver = Peers::receiver();
my $mail = Peers::mail_server();

note("FLOWS_SEED=$seed");
srand($seed);

sub one { return $node->safe_psql($db, $_[0]); }

Respond::create_extension($node, $db);
one(qq{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE TABLE public.seen (tag text, note text);
	INSERT INTO respond.team (name) VALUES ('ops'), ('billing');
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann');
	INSERT INTO respond.channel (name, kind, url, options, retry_delays) VALUES ('hook', 'webhook', 'http://127.0.0.1:$receiver->{port}/ok', '{}', '{20 ms, 20 ms, 20 ms, 20 ms}'),
		('mail', 'email', 'smtp://127.0.0.1:$mail->{port}', '{"from": "desk\@sender.test", "tls": "none"}', '{20 ms, 20 ms, 20 ms, 20 ms}')});
Respond::add_rule($node, $db, 'partner', 'ask', [
	{ action => 'foreach', items => 'data.t', steps => [ { action => 'emit', type => '{{item}}', data => { tag => '{{data.tag}}', k => '{{data.k}}', v => '{{data.v}}-{{item_index}}' } } ] } ]);

my %flows;

foreach my $n (1 .. $count)
{
	my $flow = RandomFlows::flow("f$n", "http://127.0.0.1:$receiver->{port}");

	$flows{"f$n"} = $flow;
	$flows{"p$n"} = RandomFlows::with_pauses($flow, "p$n");
}
one(join(";\n", map { my $name = $_; my $rules = $flows{$name}; map {
	'INSERT INTO respond.rule (name, event_type, steps, on_failure) VALUES (' . join(', ', map { Respond::quote_literal($_) } $_, $_ eq $name ? "begin.$_" : 'never', map { $_ && $json->encode(RandomFlows::plain($_)) } @{ $rules->{$_} }{qw(steps on_failure)}) . ')'
	} sort { length $b <=> length $a } keys %$rules } sort keys %flows));

# answer(): decides what somebody is to decide.
sub answer
{
	$node->psql($db, q{SELECT respond.decide(id, substring(question FROM '\w+$')) FROM respond.approval WHERE status = 'open' AND question !~ 'nobody$'},
		extra_params => [ '-U', 'ann' ], stderr => \my $error, timeout => 60);
	return;
}

# number(query): what it gives, or nothing while the server is away.
sub number
{
	my ($out, $error);

	eval { $node->psql($db, "SELECT $_[0]", stdout => \$out, stderr => \$error, timeout => 60); };
	return $out // '';
}

my $left = q{(SELECT count(*) FROM respond.event AS e WHERE type LIKE 'begin.%' AND NOT EXISTS (SELECT FROM respond.run AS r WHERE r.event_id = e.id))
	+ (SELECT count(*) FROM respond.run WHERE status IN ('waiting', 'running')) + (SELECT count(*) FROM respond_internal.run_inbox) + (SELECT count(*) FROM respond_internal.requeue)
	+ (SELECT sum(events) FROM respond.lag) + (SELECT count(*) FROM respond.delivery WHERE status = 'pending')};

# begin(round): an event for each flow; what must come of it.
sub begin
{
	my ($round) = @_;
	my (@events, %expected);

	foreach my $flow (sort keys %flows)
	{
		my $data = { list => [ 'a', 'b' ], text => 'text', sub => '', past => '2020-01-01 00:00+00', tag => "$flow.$round", n => int(rand(6)) };

		push @events, "SELECT respond.emit('begin.$flow', data => " . Respond::quote_literal($json->encode($data)) . "::jsonb, subject => '$flow')";
		$expected{$flow} = [ FlowModel->new(rules => $flows{$flow})->run($flow, $data) ];
	}
	one(join(";\n", @events));
	return \%expected;
}

# until_true(condition, message): people answer all the while.
sub until_true
{
	my ($condition, @message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_for(sub { answer(); return number("($condition)::text") eq 'true'; }, @message);
}

# compare(round, expected)
sub compare
{
	my ($round, $expected) = @_;
	my $all = FlowOutcome::all($node, $db);
	my $wrong = 0;

	foreach my $flow (sort keys %flows)
	{
		my @difference = FlowOutcome::difference($all->{"$flow.$round"}, $expected->{$flow});

		next if !@difference || ++$wrong > 3;
		diag("$flow.$round, FLOWS_SEED=$seed: " . $json->encode(RandomFlows::plain($flows{$flow})));
		diag("$_\n") foreach @difference;
	}
	is($wrong, 0, "$round: all flows did what they must");
	is(one('SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL)
		+ (SELECT count(*) FROM respond_internal.loop_items)'), '0', "$round: nothing is left of what they waited for");
	return;
}

# Each with another process, or all at once.
my %faults = (
	(map { my $kind = $_; ($kind => sub { Respond::crash_worker($node, $db, $kind); }) } qw(dispatcher courier clock)),
	stop => sub { $node->stop('immediate'); $node->start; });

# round(name, fault...): each flow once. The faults are spread over it.
sub round
{
	my ($round, @which) = @_;
	my $expected = begin($round);
	my $runs = grep { /^run/ } map { @$_ } values %$expected;

	foreach my $i (0 .. $#which)
	{
		my $so_far = int($runs * $i / @which);

		until_true("(SELECT count(*) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.rule <> 'partner' AND r.finished_at IS NOT NULL AND e.data->>'tag' LIKE '%.$round') >= $so_far");
		note("$round: $which[$i] after $so_far of $runs runs");
		$faults{ $which[$i] }->();
	}
	Respond::wait_workers($node, $db) if @which;
	until_true("$left = 0", "$round: nothing waits") or diag(one('SELECT run_id, rule, step, waits_for, key FROM respond.waiting LIMIT 20'));
	compare($round, $expected);
	return;
}

round('plain');
my @missed = grep { !$FlowModel::executed{$_} } qw(approve assign call comment email emit escalate fail foreach log notify request set sql stop ticket update_ticket wait);
is("@missed", '', 'each action was executed') unless $ENV{FLOWS_SEED} || $ENV{FLOWS_COUNT};
my @kinds = sort keys %faults;
round('killed', map { $kinds[ rand @kinds ] } 1 .. $kills);

# What left the database arrived, under one key.
my %arrived = map { $_ => 1 } Peers::keys_in($receiver->lines(qr/webhook-id/)), map { /"idempotency-key": "([^"]+)"/ ? $1 : () } $receiver->lines(qr/idempotency-key/);
my %known = map { $_ => 1 } split(/\n/, one("SELECT key FROM respond.delivery WHERE channel <> 'mail'"));

is(scalar(grep { !$arrived{$_} } keys %known), 0, 'each message and each request arrived');
is(scalar(grep { !$known{$_} } keys %arrived), 0, 'nothing arrived that the database does not know');
is(one(q{SELECT reason || ': ' || error FROM respond.dead_letter WHERE kind <> 'run' LIMIT 3}), '', 'nothing was given up');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal (?:6|11)|TRAP|cache lookup failed/, 'the log is clean');
$node->stop;
done_testing();
