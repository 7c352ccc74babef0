# Runs that wait, whose document somebody damaged: what comes for one ends it as failed and says why; cancel_run() ends it at
# once; other runs of the same rule go on.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'desk';
my $node = Respond::node('damaged_runs');
Respond::create_extension($node, $db);
sub one { return $node->safe_psql($db, $_[0]) }

# begin(type): a run that waits; its id and the subject that it waits for.
my $begun = 0;
sub begin
{
	my ($type) = @_;
	my $subject = 's' . ++$begun;
	my $event = Respond::emit($node, $db, $type, {}, $subject);

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND rule = '$type' AND parent_id IS NULL AND waits_for IS NOT NULL)");
	return (one("SELECT id FROM respond.run WHERE event_id = $event AND rule = '$type' AND parent_id IS NULL"), $subject);
}

my $wait = { action => 'wait', name => 'here', event_type => 'go' };
Respond::add_rule($node, $db, 'event', 'event', [$wait, { action => 'log', message => 'there' }]);
Respond::add_rule($node, $db, 'more', 'more', [ { %$wait, collect => 2, for => '3 days' }, { action => 'log', message => 'there' } ]);
Respond::add_rule($node, $db, 'time', 'time', [ { action => 'wait', name => 'here', for => '3 days' } ]);
Respond::add_rule($node, $db, 'asks', 'asks', [ { action => 'approve', name => 'here', question => 'Well?', approvers => ['respond_admin'] } ]);
Respond::add_rule($node, $db, 'child', 'none', [ { %$wait, key => 'never' } ]);
Respond::add_rule($node, $db, 'calls', 'calls', [ { action => 'call', name => 'here', rule => 'child' } ]);

my @damages = (
	[ 'removed', 'NULL', 'format: is missing' ],
	[ 'empty', q('{}'), 'format: is missing' ],
	[ 'no object', q('[1, {"format": 99}]'), 'it is not an object' ],
	[ 'of another format', q(jsonb_set(saved::jsonb, '{format}', '99')), 'format: it is 99' ],
	[ 'with a number that is too large', q(jsonb_set(saved::jsonb, '{pauses}', '1e400')), 'pauses: ' ],
	[ 'without a pause', q(saved::jsonb - 'pause'), 'pause: does not say' ],
	[ 'with a pause that is none', q(jsonb_set(saved::jsonb, '{pause}', '[]')), 'pause: ' ],
	[ 'at a step that is not there', q(jsonb_set(saved::jsonb, '{at}', '[{"part": "steps", "step": 99}]')), 'at[0]' ],
	[ 'nowhere', q(jsonb_set(saved::jsonb, '{at}', '[{"part": "nowhere", "step": -1}]')), 'at[0]' ]);

sub damage { my ($run, $saved) = @_; one("UPDATE respond.run SET saved = $saved WHERE id = $run"); return }

# fails(type, what comes): a run of the type that waits, once for each damage, which ends when this comes; and one that is whole.
sub fails
{
	my ($type, $comes) = @_;

	for my $damage (@damages)
	{
		my ($name, $saved, $fault) = @$damage;
		my ($run, $subject) = begin($type);

		damage($run, $saved);
		$comes->($run, $subject);
		Respond::wait_until($node, $db, "SELECT status NOT IN ('running', 'waiting') FROM respond.run WHERE id = $run", "$type: the run whose document is $name ends");
		like(one("SELECT status || ': ' || error FROM respond.run WHERE id = $run"), qr/^failed: the saved run cannot be resumed: \Q$fault\E/, "$type: and says why");
	}
	return;
}

# --- whatever comes ends it
my ($whole, $its) = begin('event');
fails('more', sub { Respond::emit($node, $db, 'go', {}, $_[1]) for 1, 2 });
Respond::emit($node, $db, 'go', {}, $its);
Respond::wait_until($node, $db, "SELECT status = 'succeeded' FROM respond.run WHERE id = $whole", 'a run whose document is whole goes on');
fails('event', sub { Respond::emit($node, $db, 'go', {}, $_[1]) });
fails('time', sub { one("UPDATE respond_internal.timer SET due_at = clock_timestamp() WHERE run_id = $_[0]") });

# --- who waits for the end of such a run hears of it
Respond::add_rule($node, $db, 'called', 'none', [$wait]);
Respond::add_rule($node, $db, 'caller', 'caller', [ { action => 'call', rule => 'called', subject => '{{subject}}' } ]);
Respond::add_rule($node, $db, 'loop', 'loop', [ { action => 'foreach', query => 'SELECT 1 AS n', mode => 'parallel', steps => [$wait] } ]);
for my $type (qw(caller loop))
{
	my $whose = $type eq 'caller' ? qr/run \d+ of rule "called" (failed: the saved run|was cancelled: cancelled)/ : qr/run \d+ (failed: the saved run|cancelled: cancelled)/;

	for my $damage (@damages[0, 2], [ 'without a parent', q(saved::jsonb - 'parent') ], [ "another's child", q(jsonb_set(saved::jsonb, '{parent,run}', '1')) ])
	{
		my ($name, $saved) = @$damage;
		my ($parent, $subject) = begin($type);
		my ($cancelled) = begin($type);
		my @children = map { one("SELECT id FROM respond.run WHERE parent_id = $_") } $parent, $cancelled;

		damage($_, $saved) for @children;
		Respond::emit($node, $db, 'go', {}, $subject);
		one("SELECT respond.cancel_run($children[1], 'damaged')");
		for my $run ($parent, $cancelled)
		{
			Respond::wait_until($node, $db, "SELECT status = 'failed' FROM respond.run WHERE id = $run", "$type: it ends when that which it began ends, whose document is $name");
			like(one("SELECT error FROM respond.run WHERE id = $run"), $whose, "$type: and says so");
		}
	}
}

# --- cancel_run() needs no document
for my $type (qw(event time asks calls))
{
	for my $damage (@damages)
	{
		my ($name, $saved) = @$damage;
		my ($run) = begin($type);

		damage($run, $saved);
		is(one("SELECT respond.cancel_run($run, 'damaged')"), 't', "$type: cancel_run() takes a run whose document is $name");
		like(one("SELECT status || ': ' || error FROM respond.run WHERE id = $run"), qr/^cancelled: cancelled by .*: damaged$/, "$type: and ends it");
		is(one("SELECT count(*) FROM respond_internal.wait WHERE run_id = $run"), '0', "$type: nothing waits for it");
		is(one("SELECT string_agg(status, ' ') FROM respond.approval WHERE run_id = $run"), 'cancelled', "$type: nobody is asked any more") if $type eq 'asks';
		is(one("SELECT string_agg(status, ' ') FROM respond.run WHERE parent_id = $run"), 'cancelled', "$type: what it called ends with it") if $type eq 'calls';
	}
}
like(one(q{SELECT string_agg(message, ' ') FROM respond.health() WHERE NOT ok}), qr/^$/, 'health() has nothing to say then');

# --- a run whose document is gone and for which nothing comes any more
my ($run) = begin('time');
one("DELETE FROM respond_internal.timer WHERE run_id = $run");
one("UPDATE respond.run SET saved = NULL, resume_at = clock_timestamp() - interval '1 hour' WHERE id = $run");
like(one("SELECT message FROM respond.health() WHERE \"check\" = 'waiting runs'"), qr/run $run since/, 'health() names a run whose time is over');
is(one("SELECT respond.pause_run($run)") . one("SELECT respond.resume_run($run)"), 'tt', 'it can be paused, and resumed');
is(one("SELECT respond.cancel_run($run)"), 't', 'and cancelled');
ok(!Respond::log_has($node, qr/terminated by signal/), 'no worker crashed');
$node->stop;
done_testing();
