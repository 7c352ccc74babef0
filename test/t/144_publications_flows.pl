# Publications do not keep runs from waiting, asking, looping and going on; a subscriber gets their rows, and its workers hold.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'flows';
my $node = Respond::node('publishes_flows', init => [ allows_streaming => 'logical' ], fsync => 'off');
my $other = Respond::node('subscribes', fsync => 'off');
my $source = 'host=' . $node->host . ' port=' . $node->port . " dbname=$db";
Respond::create_extension($node, $db);
sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $k) = @_; return Respond::emit($node, $db, $type, { k => $k }, $k) }
sub is_now { my ($event, $status) = @_; return Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND parent_id IS NULL AND status = '$status')", "run of event $event: $status") }
sub run_of { my ($event) = @_; return one("SELECT id FROM respond.run WHERE event_id = $event AND parent_id IS NULL") }

my $wait = { action => 'wait', name => 'w', event_type => 'go' };
my $last = { action => 'log', name => 'l', message => '{{steps.w.data.k}}' };
my %rules = (
	waits => [ $wait, { action => 'wait', name => 'early', event_type => 'go.early', since => 'run' }, $last ],
	collects => [ { %$wait, collect => 2, for => '1 hour' }, { action => 'log', message => 'x' } ],
	sleeps => [ { action => 'wait', for => '100 ms' }, { action => 'log', message => 'x' } ],
	asks => [ { action => 'approve', name => 'a', question => 'Well?', approvers => ['respond_admin'], on_approve => 'l' }, { action => 'stop' }, { action => 'log', name => 'l', message => 'x' } ],
	loops => [ { action => 'foreach', query => 'SELECT g AS n FROM generate_series(1, 3) AS g', mode => 'parallel', concurrency => 2, steps => [ $wait ] }, { action => 'foreach', query => 'SELECT g AS n FROM generate_series(1, 2500) AS g', steps => [ { action => 'set', name => 's', values => { n => '{{item.n}}' } } ] } ],
	calls => [ { action => 'call', rule => 'called', subject => '{{subject}}' } ],
	queues => [ $wait, $last ]);
Respond::add_rule($node, $db, $_, $_, $rules{$_}, $_ eq 'queues' ? (concurrency => { limit => 1 }) : ()) for sort keys %rules;
Respond::add_rule($node, $db, 'called', 'never', [ $wait ]);
one(q{CREATE ROLE boss LOGIN; GRANT respond_admin TO boss});

# exercise(name): each kind of run, from its beginning to its end, and all that people can do to one.
my $round = 0;
sub exercise
{
	my ($name) = @_;
	my $k = 'k' . ++$round;
	my %event = map { $_ => emit($_, $k) } sort keys %rules;
	my $second = emit('queues', "$k/2");

	is_now($event{$_}, 'waiting') for grep { $_ ne 'sleeps' } sort keys %event;
	is_now($second, 'waiting');
	Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE parent_id = " . run_of($event{loops}), "$name: items of a loop wait");
	one("SET ROLE boss; SELECT respond.decide(id, 'approve') FROM respond.approval WHERE status = 'open'");
	my $hand = emit('waits', "$k/hand");
	is_now($hand, 'waiting');
	my $run = run_of($hand);
	is(one("SELECT concat_ws(' ', respond.pause_run($run), respond.resume_run($run), respond.cancel_run($run), respond.retry_run($run))"), 't t t t', "$name: a run is paused, resumed, cancelled, retried");
	is_now($hand, 'waiting');
	one("UPDATE respond.rule SET steps = steps || '[{\"action\": \"log\", \"message\": \"$round\"}]' WHERE name = 'waits'");
	cmp_ok(one(q{SELECT respond.move_runs('waits')}), '>=', 2, "$name: moved");
	one("SELECT respond.start('called', '{}', key => '$k')");
	emit('go.early', $_) for $k, "$k/hand";
	my $all = join ', ', map({ $event{$_} } sort keys %event), $hand, $second;
	for (1 .. 20)
	{
		emit('go', $_) for $k, "$k/hand", "$k/2";
		one('SELECT respond.settle()');
		last if one("SELECT bool_and(finished_at IS NOT NULL) FROM respond.run WHERE event_id IN ($all)") eq 't';
	}
	is_now($_, 'succeeded') for map({ $event{$_} } sort keys %event), $hand, $second;
	is(one(q{SELECT string_agg(message, '; ') FROM respond.health() WHERE NOT ok}), '', "$name: health() is content");
	return;
}

for my $publication ('FOR ALL TABLES', 'FOR TABLES IN SCHEMA respond, respond_internal', 'FOR ALL TABLES WITH (publish_via_partition_root = true)')
{
	one("CREATE PUBLICATION p $publication");
	exercise($publication);
	one('DROP PUBLICATION p');
}

# --- a subscriber gets what is work, and changes of it
my @waiting = map { emit($_, 'over') } qw(waits collects asks calls);
is_now($_, 'waiting') for @waiting;
emit('go.early', 'over');
emit('go', 'once');
Respond::wait_until($node, $db, q{SELECT count(*) > 0 FROM respond_internal.heard}, 'a wait has heard something');
is(one('SELECT respond.settle()'), 't', 'all is handled');
one(q{SELECT 'CREATE PUBLICATION p FOR TABLE ' || string_agg(c.oid::regclass::text, ', ') FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname IN ('respond', 'respond_internal') AND c.relkind = 'r'
	AND (c.relispartition OR c.relname IN ('rule', 'rule_version', 'timer', 'wait', 'wait_pattern', 'heard', 'run_inbox', 'run_name', 'run_place', 'loop_items', 'approval', 'approval_vote', 'requeue', 'set_aside_event', 'event_key', 'ticket', 'progress_0', 'progress_1'))
	\gexec});
$other->safe_psql('postgres', "CREATE ROLE boss LOGIN; CREATE DATABASE $db");
Respond::create_extension($other, $db);
$other->safe_psql('postgres', 'GRANT respond_admin TO boss');
$other->safe_psql($db, "CREATE SUBSCRIPTION s CONNECTION '$source' PUBLICATION p");
$other->wait_for_subscription_sync($node, 's', $db);
Respond::wait_until($other, $db, q{SELECT (SELECT hold FROM respond_internal.state) IS NOT NULL AND (SELECT bool_and(state = 'holding') FROM respond.worker WHERE database = current_database() AND kind = 'dispatcher')}, 'the workers of the subscriber hold');
my $after = emit('waits', 'after');
is_now($after, 'waiting');
emit('go', 'once');
is(one('SELECT respond.settle()'), 't', 'more is handled');
$node->wait_for_catchup('s');
is($other->safe_psql($db, "SELECT count(*) FROM respond.run WHERE status = 'waiting'"), one("SELECT count(*) FROM respond.run WHERE status = 'waiting'"), 'the subscriber has the runs that wait');
is($other->safe_psql($db, "SELECT count(*) FROM respond_internal.$_"), one("SELECT count(*) FROM respond_internal.$_"), "and the rows of $_") for qw(wait wait_pattern heard timer run_place loop_items run_inbox);
$node->stop;
ok(!Respond::log_has($_, qr/terminated by signal|PANIC/), 'nothing crashed') for $node, $other;
$other->stop;
done_testing();
