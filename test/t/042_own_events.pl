# A wait does not hear what its own run recorded before the step that it hears from on: as if the run had paused in between.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'own';
my $node = Respond::node('own', 'pg_respond.dispatchers' => 2);

sub one { return $node->safe_psql($db, $_[0]) }

Respond::create_extension($node, $db);

sub says { my ($v, %more) = @_; return { action => 'emit', type => 'note', subject => '{{subject}}', data => { v => $v }, %more } }
sub hear { return { action => 'wait', name => 'w', event_type => 'note', for => '50 ms', on_timeout => 'silent', @_ } }
sub said { return ({ action => 'log', name => 'heard', message => 'heard {{steps.w.data.v}}', on_success => 'stop' }, { action => 'log', name => 'silent', message => 'silent' }) }
sub between { my ($n, %more) = @_; return { action => 'log', message => 'between', %more } }
my $pause = { action => 'wait', for => '1 ms' };

# name, what the run logs, and its steps. PAUSE is left out in the plain run, and is a pause in the other one.
my @cases = (
	[ 'now', 'silent', says('a'), 'PAUSE', hear(since => 'now'), said() ],
	[ 'before', 'between; silent', says('a'), 'PAUSE', between(), hear(), said() ],
	[ 'itself', 'heard a', 'PAUSE', says('a'), hear(), said() ],
	[ 'second', 'heard b', says('a'), 'PAUSE', says('b'), hear(), said() ],
	[ 'run', 'between; heard a', says('a'), 'PAUSE', between(), hear(since => 'run'), said() ],
	[ 'skipped', 'heard a', says('a'), between(1, if => 'false'), hear(), said() ],
	[ 'not skipped', 'between; silent', says('a'), 'PAUSE', between(1, if => 'true'), hear(), said() ],
	[ 'template', 'between; silent', { action => 'set', name => 't', values => 'note' }, says('a', type => '{{steps.t}}'), 'PAUSE', between(), hear(), said() ],
	[ 'sql', 'between; silent', { action => 'sql', sql => q{SELECT respond.emit('note', '{"v": "a"}', subject => {{subject}})} }, 'PAUSE', between(), hear(), said() ],
	[ 'set', 'between; silent', { action => 'set', sql => q{to_jsonb(respond.emit('note', '{"v": "a"}', subject => {{subject}}))} }, 'PAUSE', between(), hear(), said() ],
	[ 'star', 'between; silent', says('a'), 'PAUSE', between(), hear(event_type => 'no*'), said() ],
	[ 'several', 'between; silent', says('a'), 'PAUSE', between(), { action => 'wait', name => 'w', for => '50 ms', on_timeout => 'silent', events => [ { event_type => 'never' }, { event_type => 'note' } ] }, said() ],
	[ 'call', 'between; silent', { action => 'call', rule => 'child', subject => '{{subject}}' }, 'PAUSE', between(), hear(), said() ],
	[ 'ticket', 'between; silent', { action => 'ticket', name => 't', subject => 'x' }, $pause, { action => 'update_ticket', priority => 'high' }, 'PAUSE', between(),
		hear(event_type => 'ticket.updated', key => 'ticket/{{steps.t.id}}'), said() ],
	[ 'collect', '1', says('a'), 'PAUSE', says('b'), hear(collect => 2, on_timeout => 'count'), { action => 'log', name => 'count', message => '{{#steps.w}}1{{/steps.w}}' } ],
	[ 'two', 'heard a; silent', says('a'), hear(on_timeout => 'silent'), { action => 'log', message => 'heard {{steps.w.data.v}}' }, hear(name => 'w2', since => 'now'), said() ],
	[ 'one and the next', 'first a; silent', says('a'), 'PAUSE', { action => 'wait', name => 'f', event_type => 'note', for => '50 ms', since => 'run', on_event => 'l' },
		{ action => 'log', name => 'l', message => 'first {{steps.f.data.v}}' }, hear(), said() ],
	[ 'loop', 'between; silent', says('a'), 'PAUSE', { action => 'foreach', items => [1], steps => [ between() ] }, hear(), said() ],
	[ 'first of an item', 'silent', says('a'), 'PAUSE', { action => 'foreach', items => [1], steps => [ { action => 'wait', name => 'w', event_type => 'note', for => '50 ms' }, { action => 'log', if => q{{{steps.w.timed_out}} IS NOT NULL}, message => 'silent' } ] } ],
	[ 'in items', 'silent; silent', { action => 'foreach', items => [ 1, 2 ], steps => [ says('a'), 'PAUSE', { action => 'wait', name => 'w', event_type => 'note', for => '50 ms', since => 'now' },
		{ action => 'log', if => q{{{steps.w.timed_out}} IS NOT NULL}, message => 'silent' } ] } ],
	[ 'after a failure', 'fail failed: x; silent', says('a'), 'PAUSE', { action => 'fail', name => 'fail', message => 'x', on_failure => 'w' }, hear(), said() ],
	# the second time it hears from what it took on
	[ 'again', 'heard a; heard b; silent', says('a'), { action => 'wait', name => 'w', event_type => 'note', for => '50 ms', on_event => 'h', on_timeout => 'silent' },
		{ action => 'log', name => 'h', message => 'heard {{steps.w.data.v}}' }, says('b', if => q{{{steps.w.data.v}} = 'a'}), 'PAUSE', between(1, message => '-', if => 'false'), { action => 'set', values => 1, on_success => 'w' }, { action => 'log', name => 'silent', message => 'silent' } ]);

sub with
{
	my ($pauses, @steps) = @_;

	return map { ref $_ ? { %$_, $_->{steps} ? (steps => [ with($pauses, @{ $_->{steps} }) ]) : () } : $_ eq 'PAUSE' && $pauses ? $pause : () } @steps;
}

Respond::add_rule($node, $db, 'child', 'never', [ says('a') ]);
foreach my $case (@cases)
{
	my ($name, $expected, @steps) = @$case;

	Respond::add_rule($node, $db, "$name $_", "begin $name $_", [ with($_, @steps) ]) for 0, 1;
}
# in both lanes
one("SELECT respond.emit('begin ' || r.name, subject => r.name || '/' || n) FROM respond.rule AS r, generate_series(1, 4) AS n WHERE r.event_type LIKE 'begin %'");
Respond::wait_until($node, $db, 'SELECT count(*) = ' . 8 * @cases . q{ FROM respond.run WHERE rule <> 'child' AND finished_at IS NOT NULL}, 'all runs ended')
	or diag(one('SELECT run_id, rule, step, waits_for, key FROM respond.waiting'));
foreach my $case (@cases)
{
	my ($name, $expected) = @$case;

	for my $pauses (0, 1)
	{
		is(one(qq{SELECT DISTINCT status || ': ' || coalesce(error, '') || coalesce((SELECT string_agg(l, '; ' ORDER BY n) FROM jsonb_array_elements_text(state -> '_log') WITH ORDINALITY AS l (l, n)), '')
			FROM respond.run WHERE rule = '$name $pauses'}), "succeeded: $expected", "$name, " . ($pauses ? 'with a pause' : 'without a pause'));
	}
}
# Runs that only show what they would do are not laid down.
Respond::add_rule($node, $db, 'shadow', 'shadow.begin', [ says('a'), between(), hear(), said() ], shadow => 'true');
my $shadow = Respond::emit($node, $db, 'shadow.begin', {}, 's');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $shadow AND status = 'shadow')", 'a shadow run ends at once');

# Jumps that lead back are found out about, although the run is laid down with each turn.
Respond::add_rule($node, $db, 'endless', 'endless.begin', [ says('a', name => 'a'), between(1, on_success => 'a'), hear(), said() ]);
my $endless = Respond::emit($node, $db, 'endless.begin', {}, 'e');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $endless AND status = 'failed' AND error LIKE '%did not end%')", 'endless jumps end');
is(one('SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL)'), '0', 'nothing is left of what they waited for');
$node->stop;
done_testing();
