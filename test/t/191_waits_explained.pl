# What explain() says of an event that runs wait for, and simulate() of a rule that waits.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();

my $json = JSON::PP->new->canonical;
my $node = Respond::node('explained', fsync => 'off');

sub one { return $node->safe_psql('postgres', $_[0]); }

# Records an event; its number, when it was handled.
sub happens
{
	my $id = Respond::emit($node, 'postgres', @_);

	Respond::wait_idle($node, 'postgres');
	return $id;
}

# What explain() says beside rules that did not match, without times.
sub explained
{
	my ($event, $role) = @_;
	my $said = one(($role ? "SET ROLE $role; " : '') . qq{SELECT string_agg(concat_ws(' ', CASE WHEN fired THEN 'yes' ELSE 'no' END, reason, run_id), E'\\n' ORDER BY rule, run_id, reason)
		FROM respond.explain($event) WHERE reason !~ '^(type|pattern|data)'});

	$said =~ s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*( [A-Z]+)?/TIME/g;
	return $said;
}

sub status { return one("SELECT concat_ws(' ', status, step) FROM respond.run WHERE id = $_[0]"); }

sub waits
{
	my ($run, $step) = @_;

	return Respond::wait_until($node, 'postgres', "SELECT status = 'waiting' AND step = '$step' FROM respond.run WHERE id = $run", "run $run waits at $step");
}

sub reload
{
	my (%conf) = @_;

	Respond::configure($node, %conf);
	$node->reload;
	return;
}

Respond::create_extension($node, 'postgres');
one('CREATE ROLE reader IN ROLE respond_auditor; CREATE ROLE nobody');
Respond::add_rule($node, 'postgres', 'order', 'order.created', [
	{ action => 'wait', name => 'paid', for => '2 days', on_timeout => 'remind', events => [
		{ event_type => 'payment.*', pattern => { data => { ok => [ JSON::PP::true ] } }, key => '{{data.id}}', event_key => 'data.order', go_to => 'thank' },
		{ event_type => 'order.cancelled', go_to => 'stop' } ] },
	{ action => 'log', name => 'remind', message => 'please pay' },
	{ action => 'wait', name => 'again', event_type => 'payment.*', key => '{{data.id}}', event_key => 'data.order' },
	{ action => 'log', name => 'thank', message => 'thank you' } ]);

# --- simulate()
my ($simulated) = @{ $json->decode(one(q{SELECT steps FROM respond.simulate('order.created', '{"id": 7}', 'o/7') WHERE rule = 'order'})) };
is($simulated->{parameters}{on_timeout}, 'remind', 'simulate(): where the run goes when the time is over');
like($simulated->{parameters}{until}, qr/^\d{4}-\d\d-\d\dT/, 'when that is');
is($json->encode($simulated->{parameters}{events}), $json->encode([
	{ event_type => 'payment.*', pattern => { data => { ok => [ JSON::PP::true ] } }, key => '7', event_key => 'data.order', go_to => 'thank' },
	{ event_type => 'order.cancelled', key => 'o/7', event_key => 'subject', go_to => 'stop' } ]), 'for what, with which keys, and which way each goes');
is(one(q{SELECT string_agg(s ->> 'step', ' ') FROM respond.simulate('order.created', '{"id": 7}', 'o/7') AS x, jsonb_array_elements(x.steps) AS s WHERE rule = 'order'}),
	'paid thank', 'it goes on as with the first event');
is(one('SELECT count(*) FROM respond.run'), '0', 'and does nothing');
Respond::add_rule($node, 'postgres', 'unknown', 'unknown', [
	{ action => 'sql', name => 's', sql => 'SELECT 5 AS k' },
	{ action => 'wait', name => 'w', event_type => 'x', key => '{{steps.s.rows.0.k}}' },
	{ action => 'log', message => 'end' } ]);
is(one(q{SELECT x.steps #> '{1,parameters,events,0}' FROM respond.simulate('unknown', '{}', 'u') AS x WHERE rule = 'unknown'}),
	'{"key": null, "event_key": "subject", "event_type": "x"}', 'a key that SQL gives is not known');
is(one(q{SELECT jsonb_array_length(x.steps) FROM respond.simulate('unknown', '{}', 'u') AS x WHERE rule = 'unknown'}), '3', 'and no failure');

# --- explain(): heard, and late
my $first = happens('order.created', { id => 1 }, 'o/1');
waits(1, 'paid');
my $other_key = happens('payment.settled', { order => 2, ok => JSON::PP::true }, 'o/1');
my $other_pattern = happens('payment.settled', { order => 1, ok => JSON::PP::false }, 'o/1');
my $taken = happens('payment.settled', { order => 1, ok => JSON::PP::true }, 'elsewhere');
is(status(1), 'succeeded', 'the run went on');
my $late = happens('payment.failed', { order => '1', ok => JSON::PP::true });
my $cancelled = happens('order.cancelled', {}, 'o/1');
is(explained($taken), 'yes heard: run 1 went on with it at step "paid" 1', 'explain(): the event that it went on with');
is(explained($late), qq{no late: run 1 went on with event $taken (step "paid") 1}, 'one that came late');
is(explained($cancelled), qq{no late: run 1 went on with event $taken (step "paid") 1}, 'one that came late for another way');
is(explained($other_key), '', 'one with another key');
is(explained($other_pattern), '', 'one that the pattern refuses');

# --- too early for a run, heard before the step is reached, and not handled yet
my $before = happens('order.cancelled', {}, 'o/20');
my $second = happens('order.created', { id => 20 }, 'o/20');
waits(2, 'paid');
is(explained($before), 'no not heard: run 2 waits for such an event at step "paid", but only since TIME 2', 'one that came before the run waited');
my $kept = happens('payment.refused', { order => 20, ok => JSON::PP::false });
is(explained($kept), '', 'a later wait is not yet armed') if one(q{SELECT count(*) FROM respond_internal.wait WHERE run_id = 2 AND early}) == 0;

Respond::add_rule($node, 'postgres', 'two', 'two', [
	{ action => 'wait', name => 'one', event_type => 'first', key => 'k' },
	{ action => 'wait', name => 'other', event_type => 'second', key => 'k', collect => 3 } ]);
happens('two', {});
waits(3, 'one');
my $early = happens('second', {}, 'k');
is(explained($early), 'yes heard: run 3 keeps it for step "other" 3', 'one that came before the run reached the step');
happens('first', {}, 'k');
waits(3, 'other');
is(explained($early), 'yes heard: run 3 collects it at step "other" 3', 'it counts when the run gets there');
my @more = map { happens('second', {}, 'k') } 1 .. 3;
is(status(3), 'succeeded', 'three were collected');
is(explained($early), 'yes heard: run 3 collected it at step "other" 3', 'the first of them');
is(explained($more[0]), 'yes heard: run 3 collected it at step "other" 3', 'the second');
is(explained($more[1]), 'yes heard: run 3 went on with it at step "other" 3', 'the last');
is(explained($more[2]), qq{no late: run 3 went on with event $more[1] (step "other") 3}, 'one too many');

# both are over when the run gets there
Respond::add_rule($node, 'postgres', 'at once', 'three', [
	{ action => 'wait', name => 'one', event_type => 'first', key => 'q' },
	{ action => 'wait', name => 'other', event_type => 'second', key => 'q', collect => 2 } ]);
happens('three', {});
waits(4, 'one');
my @heard = map { happens('second', {}, 'q') } 1 .. 2;
happens('first', {}, 'q');
is(status(4), 'succeeded', 'a wait that is over when the run comes to it');
is(explained($heard[0]), 'yes heard: run 4 collected it at step "other" 4', 'what it had heard is told');
is(explained($heard[1]), 'yes heard: run 4 went on with it at step "other" 4', 'all of it');
is(explained(happens('second', {}, 'q')), qq{no late: run 4 went on with event $heard[1] (step "other") 4}, 'and what came late');

# --- one event ends a wait and is heard by the next
Respond::add_rule($node, 'postgres', 'both', 'four', [
	{ action => 'wait', name => 'one', event_type => 'both.*', key => 'b' },
	{ action => 'wait', name => 'other', event_type => 'both.*', key => 'b' } ]);
happens('four', {});
waits(5, 'one');
my $both = happens('both.x', {}, 'b');
is(status(5), 'succeeded', 'an event that two steps wait for is heard by both');
is(explained($both), qq{yes heard: run 5 went on with it at step "one" 5\nyes heard: run 5 went on with it at step "other" 5}, 'which explain() says');

# an event that meets two ways of one step counts once
Respond::add_rule($node, 'postgres', 'ways', 'five', [
	{ action => 'wait', name => 'one', collect => 2, events => [ { event_type => 'way.*', key => 'w' }, { event_type => '*.a', key => 'w' } ] },
	{ action => 'wait', name => 'other', events => [ { event_type => 'other', key => 'w' }, { event_type => 'way.a', key => 'w' } ], since => 'now' } ]);
happens('five', {});
waits(6, 'one');
happens('way.a', {}, 'w');
is(status(6), 'waiting one', 'an event that meets two ways counts once');
happens('way.a', {}, 'w');
is(status(6), 'waiting other', 'the one that ends the wait does not end the next one that hears from now on');

# --- timed out, and an event that is not handled yet
Respond::add_rule($node, 'postgres', 'short', 'short', [ { action => 'wait', name => 'w', for => '10 ms', event_type => 'answer', key => 's' } ]);
happens('short', {});
Respond::wait_until($node, 'postgres', q{SELECT status = 'succeeded' FROM respond.run WHERE id = 7}, 'a wait times out');
is(explained(happens('answer', {}, 's')), 'no late: run 7 timed out at TIME (step "w") 7', 'an event after that');
reload('pg_respond.enabled' => 'off');
Respond::wait_until($node, 'postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher')}, 'no dispatcher is there');
my $pending = Respond::emit($node, 'postgres', 'order.cancelled', {}, 'o/20');
is(explained($pending), 'no waits: run 2 waits for it at step "paid" 2', 'an event that nobody has handled');
reload('pg_respond.enabled' => 'on');
Respond::wait_idle($node, 'postgres');
is(explained($pending), 'yes heard: run 2 went on with it at step "paid" 2', 'and when it was');

# --- a rule that is no more; a rule of that name with other steps
one(q{DELETE FROM respond.rule WHERE name = 'order'});
is(explained($late), qq{no late: run 1 went on with event $taken (step "paid") 1}, 'a run is explained by the steps that it had');

# --- many
one(q{INSERT INTO respond.event (type, subject) SELECT 'two', 'm' FROM generate_series(1, 30)});
Respond::wait_idle($node, 'postgres');
my $first_of_many = happens('first', {}, 'k');
is(one("SELECT count(*), count(run_id) FROM respond.explain($first_of_many) WHERE fired"), '30|30', 'thirty runs that went on with an event are all named');
my $late_for_many = happens('first', {}, 'k');
is(one("SELECT count(*), count(*) FILTER (WHERE rule IS NULL) FROM respond.explain($late_for_many) WHERE reason ~ '^late'"), '21|1', 'of those it was late for twenty, and that there are more');
my $for_many = happens('second', {}, 'k');
is(one("SELECT count(*) FROM respond.explain($for_many) WHERE reason ~ '^heard'"), '20', 'of those that collect it twenty');
is(one("SELECT count(*) FROM respond.explain($for_many) WHERE rule IS NULL"), '1', 'and that there are more');

# --- a step looks back, and the step behind it looks back further: each hears an event once
Respond::add_rule($node, 'postgres', 'back', 'back', [
	{ action => 'wait', name => 'one', event_type => 'go', key => 'g' },
	{ action => 'wait', name => 'two', event_type => 'a', key => '{{steps.one.data.k}}' },
	{ action => 'wait', name => 'three', event_type => 'b', key => '{{steps.two.data.k}}', since => 'run', collect => 2 },
	{ action => 'wait', name => 'four', event_type => 'c', key => 'z' } ]);
happens('back', {});
my $back = one('SELECT max(id) FROM respond.run');
waits($back, 'one');
happens('a', { k => 'y' }, 'x');
happens('b', {}, 'y');
happens('c', {}, 'z');
happens('go', { k => 'x' }, 'g');
is(status($back), 'waiting three', 'an event that was found by looking back counts once');
happens('b', {}, 'y');
is(status($back), 'waiting four', 'the second one ends the wait; what came before a step began does not count');

# --- one event for many, who all wait again
Respond::add_rule($node, 'postgres', 'crowd', 'crowd', [
	{ action => 'wait', name => 'w', event_type => 'gong', key => 'c' },
	{ action => 'log', message => '{{steps.w.id}}', on_success => 'w' } ]);
one(q{INSERT INTO respond.event (type) SELECT 'crowd' FROM generate_series(1, 2500)});
Respond::wait_idle($node, 'postgres');
my @gongs;
for my $round (1 .. 2)
{
	push @gongs, happens('gong', {}, 'c');
	is(one(q{SELECT count(*) FILTER (WHERE status = 'waiting'), string_agg(DISTINCT state ->> '_log', ' ') FROM respond.run WHERE rule = 'crowd'}),
		'2500|' . $json->encode([ map { "$_" } @gongs ]) =~ s/,/, /gr, "2,500 runs hear an event, each once, and wait again: $round");
}

# --- who may ask
is(explained($taken, 'reader'), 'yes heard: run 1 went on with it at step "paid" 1', 'an auditor reads it');
is(explained($late, 'reader'), qq{no late: run 1 went on with event $taken (step "paid") 1}, 'this as well');
is(one("SET ROLE reader; SELECT count(*) FROM respond.explain($for_many) WHERE reason ~ '^heard'"), '20', 'and what runs wait for that he may not read the keys of');
my ($code, $out, $error) = $node->psql('postgres', "SET ROLE nobody; SELECT respond_internal.explain_waits($taken)");
like($error, qr/permission denied/, 'others may not');
one('REVOKE SELECT ON respond_internal.wait FROM respond_auditor');
is(explained($for_many, 'reader'), qq{no late: run 3 went on with event $more[1] (step "other") 3}, 'who may not read what runs wait for is told only of those that are over');
one('REVOKE SELECT ON respond.wait_decision FROM respond_auditor');
($code, $out, $error) = $node->psql('postgres', "SET ROLE reader; SELECT respond_internal.explain_waits($taken)");
like($error, qr/permission denied for view wait_decision/, 'nor how waits ended');

done_testing();
