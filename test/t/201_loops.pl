# Loops: items of arrays and rows of queries, serial and parallel, with and without waits, failures, limits, crashes.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'loops';
my $node = Respond::node('loops', 'pg_respond.dispatchers' => 2, restart_after_crash => 'on', 'pg_respond.rule_timeout' => '2min', fsync => 'on');
Respond::create_extension($node, $db);
my $json = JSON::PP->new->canonical->allow_nonref;

sub sql { return $node->safe_psql($db, @_); }

sub ended
{
	my ($event, $rule) = @_;

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND rule = '$rule' AND parent_id IS NULL AND finished_at IS NOT NULL)");
	return split /\|/, sql("SELECT id, status, state, error FROM respond.run WHERE event_id = $event AND rule = '$rule' AND parent_id IS NULL"), 4;
}

# loop(name, data, step): a rule with this loop as its first step, named l, run once: status, what the loop gave, error.
sub loop
{
	my ($name, $data, $loop, @more) = @_;

	Respond::add_rule($node, $db, $name, "loop.$name", [ { action => 'foreach', name => 'l', %$loop }, @more ]);
	return again($name, $data);
}

sub again
{
	my ($name, $data) = @_;
	my ($id, $status, $state, $error) = ended(Respond::emit($node, $db, "loop.$name", $data, $name), $name);

	return ($status, $json->decode($state)->{l}, $error, $id);
}

# What the items of a loop see, and what it gives.
my ($status, $out, $error, $id) = loop('plain', { lines => [ { n => 1 }, { n => 2 }, { n => 3 } ] }, { items => 'data.lines', steps => [
	{ action => 'set', name => 'a', values => { v => '{{item.n}}', i => '{{item_index}}', whole => '{{item}}' } },
	{ action => 'set', name => 'b', sql => q{({{item.n}}::integer * 10 + {{item_index}}::integer + (steps->'a'->>'v')::integer) || ({{item}}::jsonb)::text} } ] },
	{ action => 'set', name => 'after', values => { a => '{{steps.a.v}}x', count => '{{steps.l.count}}', second => '{{steps.l.items.1}}' } });
is($status, 'succeeded', 'a loop over an array of the event');
is_deeply($out, { count => 3, succeeded => 3, failed => 0, items => [ '11{"n": 1}', '23{"n": 2}', '35{"n": 3}' ] }, 'its steps see the item and its number, in templates and SQL, and it gives what the last of them gave');
is(sql("SELECT state->'after' FROM respond.run WHERE id = $id"), '{"a": "x", "count": 3, "second": "23{\"n\": 2}"}', 'what an inner step gave is gone behind the loop');
is(sql("SELECT array_agg(k ORDER BY k) FROM respond.run, jsonb_object_keys(state::jsonb) AS k WHERE id = $id"), '{after,l}', 'and is not in the state');

($status, $out) = loop('constant', { x => 'X' }, { items => [ 1, 'two {{data.x}}', undef, { k => [ 5 ] } ], as => 'it', steps => [ { action => 'log', message => '{{it_index}}:{{it}}{{it.k.0}}' } ] });
is_deeply([ map { $_->{message} } @{ $out->{items} } ], [ '0:1', '1:two X', '2:', '3:{"k": [5]}5' ], 'a constant array, another name');
($status, $out) = loop('empty', { lines => [] }, { items => '{{data.lines}}', steps => [ { action => 'fail' } ] });
is_deeply([ $status, $out ], [ 'succeeded', { count => 0, succeeded => 0, failed => 0, items => [] } ], 'an empty array is no failure');
foreach my $case ([ 'object', { lines => { a => 1 } } ], [ 'missing', {} ], [ 'text', { lines => 'abc' } ], [ 'null', { lines => undef } ])
{
	($status, $out, $error) = loop("no array $case->[0]", $case->[1], { items => 'data.lines', steps => [ { action => 'log', message => 'x' } ] });
	is($status, 'failed', "$case->[0] is no array");
	like($error, qr/^steps\[0\]\.items: is not an array/, 'which the error says, with its place');
}
($status, $out) = loop('query', { most => 5 }, { query => q{SELECT g AS n, 'row ' || g AS t FROM generate_series(1, {{data.most}}) AS g ORDER BY g}, as => 'row', steps => [ { action => 'log', message => '{{row.n}} {{row.t}}' } ] });
is_deeply([ map { $_->{message} } @{ $out->{items} } ], [ map { "$_ row $_" } 1 .. 5 ], 'rows of a query are items');
($status, $out) = loop('batch', { lines => [ 1 .. 7 ] }, { items => 'data.lines', batch => 3, steps => [ { action => 'log', message => '{{item_index}}:{{item}}' } ] });
is_deeply($out, { count => 7, succeeded => 7, failed => 0, items => [ map { { message => $_ } } '0:[1, 2, 3]', '1:[4, 5, 6]', '2:[7]' ] }, 'batches');
($status, $out) = loop('nested', { rows => [ [ 1, 2 ], [ 3 ], [] ] }, { items => 'data.rows', as => 'r', steps => [
	{ action => 'foreach', name => 'inner', items => '{{r}}', as => 'c', steps => [ { action => 'set', sql => '{{r_index}}::integer * 100 + {{c}}::integer' } ] },
	{ action => 'set', name => 'sum', sql => q{steps->'inner'->'items'} } ] });
is_deeply($out->{items}, [ [ 1, 2 ], [ 103 ], [] ], 'loops in loops');

# Jumps, conditions, failures.
($status, $out) = loop('jumps', { lines => [ 1 .. 6 ] }, { items => 'data.lines', steps => [
	{ action => 'stop', if => '{{item}}::integer = 2' },
	{ action => 'log', message => 'odd', if => '{{item}}::integer % 2 = 1', on_success => 'last' },
	{ action => 'sql', name => 'even', sql => 'SELECT 1 / ({{item}}::integer - 4)', on_failure => 'handler' },
	{ action => 'log', name => 'last', message => 'last {{item}}', on_success => 'stop' },
	{ action => 'log', name => 'handler', message => 'handled {{item}} {{error.step}}' } ] });
is_deeply([ map { $_->{message} } @{ $out->{items} } ], [ 'last 1', undef, 'last 3', 'handled 4 even', 'last 5', 'last 6' ], 'jumps, conditions and handlers stay within the item; stop ends it');
my $odd = [ { action => 'sql', name => 'q', sql => 'SELECT 1 / ({{item}}::integer % 3)' } ];
($status, $out, $error) = loop('stops', { lines => [ 1 .. 9 ] }, { items => 'data.lines', steps => $odd });
is($status, 'failed', 'an item that fails ends the loop');
like($error, qr/^item 2: q failed: division by zero\nDETAIL:  Of 9 items 2 succeeded and 1 failed\./, 'the error says which, and how many were done');
($status, $out) = loop('continues', { lines => [ 1 .. 9 ] }, { items => 'data.lines', on_item_failure => 'continue', steps => $odd });
is($status, 'succeeded', 'or does not');
is_deeply([ @$out{qw(count succeeded failed)}, $out->{items}[2] ], [ 9, 6, 3, { error => 'q failed: division by zero' } ], 'it counts failures and says them');
($status, $out, $error) = loop('attempts', { lines => [ 1, 2 ] }, { items => 'data.lines', max_attempts => 3, steps => [ { action => 'emit', type => 'attempt.made' }, { action => 'fail', message => 'no' } ] });
is(sql(q{SELECT count(*) FROM respond.event WHERE type = 'attempt.made'}), '3', 'each attempt of the step begins with the first item');
($status, $out) = loop('inner attempts', { lines => [ 1, 2 ] }, { items => 'data.lines', on_item_failure => 'continue', steps => [ { action => 'emit', type => 'inner.made' }, { action => 'fail', message => 'no', max_attempts => 2, retry_after => '10 ms' } ] });
is_deeply([ @$out{qw(succeeded failed)} ], [ 0, 2 ], 'attempts of an inner step, with pauses');
is(sql(q{SELECT count(*) FROM respond.event WHERE type = 'inner.made'}), '2', 'do not repeat the others');
($status, $out, $error) = loop('endless', { lines => [ 1 ] }, { items => 'data.lines', steps => [ { action => 'log', name => 'x', message => 'm', on_success => 'y' }, { action => 'log', name => 'y', message => 'm', on_success => 'x' } ] });
like($error, qr/executed 1000 steps/, 'an endless item ends');
($status, $out) = loop('many steps', { lines => [ 1 .. 600 ] }, { items => 'data.lines', steps => [ { action => 'log', message => 'a' }, { action => 'log', message => 'b' }, { action => 'log', message => 'c' } ] });
is_deeply([ $status, $out->{count} ], [ 'succeeded', 600 ], 'many items are no loop without end');

# Many items: a thousand in a transaction, each once, what they gave up to a limit.
sql(q{CREATE TABLE public.done (n integer, x xid8 DEFAULT pg_current_xact_id()); GRANT ALL ON public.done TO PUBLIC});
($status, $out) = loop('many', { most => 10000 }, { query => 'SELECT g AS n FROM generate_series(1, {{data.most}}) AS g', steps => [ { action => 'emit', type => 'many.item', data => { n => '{{item.n}}' } } ] });
is_deeply([ $status, @$out{qw(count succeeded failed truncated)}, scalar @{ $out->{items} } ], [ 'succeeded', 10000, 10000, 0, JSON::PP::true, 1000 ], 'ten thousand rows');
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT (data->>'n')::integer) || ' ' || count(DISTINCT xid) FROM respond.event WHERE type = 'many.item'}), '10000 10000 10', 'each once, in ten transactions');
is(sql('SELECT count(*) FROM respond_internal.loop_items'), '0', 'nothing is left of them');
is(sql('SELECT count(*) FROM respond_internal.run_inbox'), '0', 'and no note');
($status, $out) = loop('array', { lines => [ 1 .. 5000 ] }, { items => 'data.lines', batch => 2, steps => [ { action => 'sql', sql => 'INSERT INTO public.done (n) SELECT e::integer FROM jsonb_array_elements_text({{item}}::jsonb) AS e' } ] });
is_deeply([ $status, @$out{qw(count succeeded)} ], [ 'succeeded', 5000, 5000 ], 'five thousand in batches');
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT n) || ' ' || (count(DISTINCT x) BETWEEN 5 AND 20) FROM public.done}), '5000 5000 true', 'each once');
($status, $out, $error) = loop('too many', {}, { query => 'SELECT g AS n FROM generate_series(1, 1000001) AS g', steps => [ { action => 'log', message => 'x' } ] });
like($error, qr/^steps\[0\]: there are more than 1000000 items/, 'too many are a failure');
is(sql('SELECT count(*) FROM respond_internal.loop_items'), '0', 'of which nothing stays');

# Killed in the middle.
Respond::add_rule($node, $db, 'killed', 'loop.killed', [ { action => 'foreach', name => 'l', query => 'SELECT g AS n FROM generate_series(1, 100000) AS g', steps => [ { action => 'emit', type => 'killed.item', data => { n => '{{item.n}}' } } ] }, { action => 'emit', type => 'killed.end' } ]);
my $event = Respond::emit($node, $db, 'loop.killed', {});
foreach my $time (1 .. 3)
{
	Respond::wait_until($node, $db, "SELECT count(*) >= $time * 15000 FROM respond.event WHERE type = 'killed.item'");
	Respond::crash_worker($node, $db, 'dispatcher');
}
($id, $status, my $state) = ended($event, 'killed');
is($status, 'succeeded', 'a loop that is killed three times ends');
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT (data->>'n')::integer) FROM respond.event WHERE type = 'killed.item'}), '100000 100000', 'each item once');
is(sql(q{SELECT count(*) FROM respond.event WHERE type = 'killed.end'}), '1', 'and its end once');
is(sql('SELECT count(*) FROM respond_internal.loop_items'), '0', 'nothing is left');

# A million, with the memory of a thousand.
sub memory
{
	my $kb = 0;

	foreach my $pid (split /\n/, sql(q{SELECT pid FROM respond.worker WHERE kind = 'dispatcher' AND database = current_database()}))
	{
		my ($anon) = slurp_file("/proc/$pid/status") =~ /RssAnon:\s+(\d+) kB/;
		$kb = $anon if $anon > $kb;
	}
	return $kb;
}
($status, $out) = again('many', { most => 2000 });
my $before = memory();
Respond::add_rule($node, $db, 'million', 'loop.million', [ { action => 'foreach', name => 'l', query => q{SELECT g AS n, repeat('x', 100) AS t FROM generate_series(1, 1000000) AS g}, steps => [ { action => 'stop', if => 'false' } ] } ], condition => 'true');
($status, $out) = again('million', {});
is_deeply([ $status, $out->{count}, $out->{succeeded} ], [ 'succeeded', 1000000, 1000000 ], 'a million items');
cmp_ok(memory() - $before, '<', 20_000, 'take no more memory than a few');
is(sql('SELECT count(*) FROM respond_internal.loop_items'), '0', 'and leave nothing');

# Steps that wait, one item after the other.
Respond::add_rule($node, $db, 'serial waits', 'loop.serial', [ { action => 'foreach', name => 'l', items => 'data.keys', steps => [
	{ action => 'emit', type => 'asked', data => { k => '{{item}}' } },
	{ action => 'wait', name => 'w', event_type => 'answered', key => '{{item}}', event_key => 'data.k' },
	{ action => 'set', values => { k => '{{item}}', n => '{{steps.w.data.n}}' } } ] } ]);
$event = Respond::emit($node, $db, 'loop.serial', { keys => [ 'a', 'b', 'c' ] });
foreach my $k ('a', 'b', 'c')
{
	Respond::wait_until($node, $db, qq{SELECT count(*) = 1 FROM respond.event WHERE type = 'asked' AND data->>'k' = '$k'});
	is(sql(q{SELECT count(*) FROM respond.run WHERE status = 'waiting'}), '1', "one item is under way: $k");
	Respond::crash_worker($node, $db, 'dispatcher') if $k eq 'b';
	Respond::emit($node, $db, 'answered', { k => $k, n => ord $k });
}
($id, $status, $state) = ended($event, 'serial waits');
is_deeply($json->decode($state)->{l}, { count => 3, succeeded => 3, failed => 0, items => [ map { { k => $_, n => ord $_ } } 'a', 'b', 'c' ] }, 'items that wait one after the other');

# At once.
Respond::add_rule($node, $db, 'parallel', 'loop.parallel', [ { action => 'set', name => 'before', values => { p => 'P' } }, { action => 'foreach', name => 'l', items => 'data.keys', mode => 'parallel', concurrency => 4, on_item_failure => 'continue', steps => [
	{ action => 'emit', type => 'p.asked', data => { k => '{{item}}' } },
	{ action => 'wait', name => 'w', event_type => 'p.answered', key => '{{item}}', event_key => 'data.k', if => '{{item}}::integer % 5 <> 0' },
	{ action => 'fail', message => 'seven {{item}}', if => '{{item}}::integer = 7' },
	{ action => 'set', name => 's', values => { k => '{{item}}', n => '{{steps.w.data.n}}', p => '{{steps.before.p}}' } } ] } ]);
$event = Respond::emit($node, $db, 'loop.parallel', { keys => [ 1 .. 20 ] });
Respond::wait_until($node, $db, q{SELECT count(*) = 4 FROM respond.run WHERE rule = 'parallel' AND waits_for = 'event'}, 'four items wait at once');
is(sql(q{SELECT waits_for || ' ' || step FROM respond.run WHERE rule = 'parallel' AND parent_id IS NULL}), 'run l', 'and the run for them');
my %answered;
while (1)
{
	my @waiting = split /\n/, sql(q{SELECT w.key FROM respond_internal.wait AS w JOIN respond.run AS r ON r.id = w.run_id WHERE r.rule = 'parallel' AND NOT w.early});
	@waiting = grep { !$answered{$_} } @waiting;
	last if !@waiting && sql(q{SELECT count(*) FROM respond.run WHERE rule = 'parallel' AND finished_at IS NULL}) eq '0';
	fail('at most four are under way') if sql(q{SELECT count(*) FROM respond.run WHERE rule = 'parallel' AND finished_at IS NULL AND parent_id IS NOT NULL}) > 4;
	foreach my $k (reverse @waiting)
	{
		$answered{$k} = 1;
		Respond::emit($node, $db, 'p.answered', { k => $k, n => $k * 10 }, "s/$k");
	}
	Respond::crash_worker($node, $db, 'dispatcher') if keys %answered == 8;
}
($id, $status, $state) = ended($event, 'parallel');
$out = $json->decode($state)->{l};
is_deeply([ @$out{qw(count succeeded failed)} ], [ 20, 19, 1 ], 'all are done, one failed');
is_deeply([ map { $_->{n} } @{ $out->{items} } ], [ map { $_ % 5 ? $_ == 7 ? undef : $_ * 10 : undef } 1 .. 20 ], 'in the order of the items');
like($out->{items}[6]{error}, qr/^run \d+ failed: seven 7/, 'the failure names its run');
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT data->>'k') FROM respond.event WHERE type = 'p.asked'}), '20 20', 'each item began once');
is(sql(qq{SELECT count(*) || ' ' || count(*) FILTER (WHERE state->'s'->>'p' = 'P' AND event_id = $event) FROM respond.run WHERE parent_id = $id}), '20 19', 'each is a run that names its parent');

# One that fails among others under way: they finish and count.
Respond::add_rule($node, $db, 'parallel stop', 'loop.pstop', [ { action => 'foreach', name => 'l', items => 'data.keys', mode => 'parallel', concurrency => 3, steps => [
	{ action => 'wait', name => 'w', event_type => 'ps.answered', key => '{{item}}', event_key => 'data.k' },
	{ action => 'fail', message => 'bad', if => q{steps->'w'->'data'->>'bad' = 'true'} } ] } ]);
$event = Respond::emit($node, $db, 'loop.pstop', { keys => [ 1 .. 9 ] });
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE rule = 'parallel stop' AND waits_for = 'event'});
Respond::emit($node, $db, 'ps.answered', { k => 2, bad => JSON::PP::true });
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run WHERE rule = 'parallel stop' AND status = 'failed'});
Respond::emit($node, $db, 'ps.answered', { k => $_ }) foreach 1, 3;
($id, $status, $state, $error) = ended($event, 'parallel stop');
like($error, qr/^item 1: run \d+ failed: bad\nDETAIL:  Of 9 items 2 succeeded and 1 failed\./, 'after a failure no other item begins, and those under way finish');
is(sql(qq{SELECT count(*) FROM respond.run WHERE parent_id = $id}), '3', 'three had begun');

# Its items ran once, and none of them runs again by itself: it does not know its place in the loop any more.
foreach my $how ('', ", 'l'", ", version => 'latest'")
{
	my ($result, $stdout, $stderr) = $node->psql($db, qq{SELECT respond.retry_run(id$how) FROM respond.run WHERE parent_id = $id AND status = 'failed'});
	like($stderr, qr/run \d+ cannot be continued: it is that of an item of a loop\nHINT:  The loop belongs to run $id,/, "the run of an item is not retried$how");
}
is(sql(qq{SELECT count(*) FROM respond.run WHERE event_id = $event}), '4', 'nothing began');

# Paused by hand: what ends meanwhile counts afterwards.
$event = Respond::emit($node, $db, 'loop.pstop', { keys => [ 11 .. 13 ] });
Respond::wait_until($node, $db, qq{SELECT count(*) = 3 FROM respond.run WHERE event_id = $event AND waits_for = 'event'});
sql(qq{SELECT respond.pause_run(id) FROM respond.run WHERE event_id = $event AND parent_id IS NULL});
Respond::emit($node, $db, 'ps.answered', { k => $_ }) foreach 11 .. 13;
Respond::wait_until($node, $db, qq{SELECT count(*) = 3 FROM respond.run WHERE event_id = $event AND status = 'succeeded'}, 'items go on while the run of their loop is paused');
Respond::wait_until($node, $db, q{SELECT count(*) = 0 FROM respond_internal.run_inbox});
is(sql(qq{SELECT status FROM respond.run WHERE event_id = $event AND parent_id IS NULL}), 'waiting', 'which stays where it is');
sql(qq{SELECT respond.resume_run(id) FROM respond.run WHERE event_id = $event AND parent_id IS NULL});
($id, $status, $state) = ended($event, 'parallel stop');
is_deeply([ $status, $json->decode($state)->{l}{succeeded} ], [ 'succeeded', 3 ], 'and counts them all when it is resumed');

# A limit of time for the whole loop.
foreach my $mode ('serial', 'parallel')
{
	($status, $out, $error, $id) = loop("timeout $mode", { keys => [ 1 .. 5 ] }, { items => 'data.keys', mode => $mode, timeout => '300 ms', $mode eq 'parallel' ? (concurrency => 2) : (), on_item_failure => 'continue',
		steps => [ { action => 'wait', event_type => 'no.answer', key => '{{item}}' } ] });
	is($status, 'failed', "a $mode loop has a limit of time");
	like($error, qr/^steps\[0\]: timed out after 300 ms\nDETAIL:  Of 5 items 0 succeeded and [12] failed\./, 'after which nothing begins');
	is(sql(qq{SELECT count(*) FROM respond.run WHERE parent_id = $id AND finished_at IS NULL}), '0', 'and nothing is under way');
}

# Cancelled.
$event = Respond::emit($node, $db, 'loop.pstop', { keys => [ 21 .. 29 ] });
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE rule = 'parallel stop' AND waits_for = 'event'});
sql(qq{SELECT respond.cancel_run(id, 'enough') FROM respond.run WHERE event_id = $event AND parent_id IS NULL});
is(sql(qq{SELECT string_agg(DISTINCT status, ' ') || count(*) FROM respond.run WHERE event_id = $event}), 'cancelled4', 'a cancelled loop takes its items along');
Respond::add_rule($node, $db, 'large wait', 'loop.large', [ { action => 'foreach', name => 'l', query => 'SELECT g AS n FROM generate_series(1, 3000) AS g', steps => [ { action => 'wait', event_type => 'never.comes', key => 'x' } ] } ]);
$event = Respond::emit($node, $db, 'loop.large');
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run WHERE rule = 'large wait' AND status = 'waiting'});
is(sql('SELECT count(*) FROM respond_internal.loop_items'), '3', 'items of a loop that waits lie beside the run');
sql(qq{SELECT respond.cancel_run(id, 'enough') FROM respond.run WHERE event_id = $event});
is(sql('SELECT count(*) FROM respond_internal.loop_items'), '0', 'and go with it');

# Calls in loops; what is private stays so.
Respond::add_rule($node, $db, 'callee', 'never', [ { action => 'wait', for => '1 ms', if => q{(data->>'n')::integer % 2 = 0} }, { action => 'set', name => 'r', sql => q{(data->>'n')::integer * 3} } ]);
($status, $out) = loop('calls', { lines => [ 1 .. 5 ] }, { items => 'data.lines', steps => [ { action => 'call', name => 'c', rule => 'callee', data => { n => '{{item}}' } }, { action => 'set', values => '{{steps.c.steps.r}}' } ] });
is_deeply($out->{items}, [ 3, 6, 9, 12, 15 ], 'a loop calls a rule that waits now and then');
($status, $out) = loop('parallel calls', { lines => [ 1 .. 25 ] }, { items => 'data.lines', mode => 'parallel', steps => [ { action => 'call', name => 'c', rule => 'callee', data => { n => '{{item}}' } }, { action => 'set', values => '{{steps.c.steps.r}}' } ] });
is_deeply($out->{items}, [ map { $_ * 3 } 1 .. 25 ], 'the same at once');
sql(q{CREATE ROLE viewer; GRANT respond_auditor TO viewer});
unlike(sql(q{SET ROLE viewer; SELECT string_agg(concat(state, error, saved), ' ') FROM respond.run WHERE rule IN ('plain', 'stops')}), qr/"n": 2|division by/, 'others see neither items nor errors');
is(sql(q{SET ROLE viewer; SELECT state->'l' FROM respond.run WHERE rule = 'plain'}), '{"count": 3, "failed": 0, "succeeded": 3}', 'but how many there were');

# A dry run shows the steps for the first item.
is(sql(q{SELECT jsonb_path_query_array(steps, '$[*].parameters') FROM respond.simulate('loop.constant', '{"x": "Y"}') WHERE rule = 'constant'}), '[{"count": 4}, {"message": "0:1"}]', 'simulate() shows the first item, and how many there are');
is(sql(q{SELECT steps->0->'parameters' ? 'query' AND steps->1->>'action' = 'emit' FROM respond.simulate('loop.many', '{"most": 3}') WHERE rule = 'many'}), 't', 'and does not run a query');

# Refused when saved.
foreach my $case (
	[ '{"action": "foreach", "steps": [{"action": "stop"}]}', 'steps[0]: action "foreach" needs at least one of items, query' ],
	[ '{"action": "foreach", "items": "data.x"}', 'steps[0].steps: is missing' ],
	[ '{"action": "foreach", "items": "data.x", "steps": []}', 'steps[0].steps: there is no step' ],
	[ '{"action": "foreach", "items": "data.x", "steps": {}}', 'steps[0].steps: must be an array' ],
	[ '{"action": "foreach", "items": 5, "steps": [{"action": "stop"}]}', 'steps[0].items: must be an array, or the path of one' ],
	[ '{"action": "foreach", "items": "data.x", "query": "SELECT 1", "steps": [{"action": "stop"}]}', 'takes only one of items, query' ],
	[ '{"action": "foreach", "items": "data.x", "steps": [{"action": "stop", "if": "{{thing.a}}"}]}', 'steps[0].steps[0].if:' ],
	[ '{"action": "foreach", "items": "data.x", "as": "data", "steps": [{"action": "stop"}]}', 'steps[0].as: "data" has a meaning already' ],
	[ '{"action": "foreach", "items": "data.x", "as": "a b", "steps": [{"action": "stop"}]}', 'steps[0].as: must be a name' ],
	[ '{"action": "foreach", "items": "data.x", "steps": [{"action": "foreach", "items": "{{item}}", "steps": [{"action": "stop"}]}]}', 'steps[0].steps[0].as: "item" has a meaning already, in the loop around it' ],
	[ '{"action": "foreach", "items": "data.x", "mode": "fast", "steps": [{"action": "stop"}]}', 'steps[0].mode: must be "serial" or "parallel"' ],
	[ '{"action": "foreach", "items": "data.x", "concurrency": 3, "steps": [{"action": "stop"}]}', 'steps[0].concurrency: goes with "mode": "parallel"' ],
	[ '{"action": "foreach", "items": "data.x", "batch": 0, "steps": [{"action": "stop"}]}', 'steps[0].batch: must be a whole number from 1 to 1000' ],
	[ '{"action": "foreach", "items": "data.x", "on_item_failure": "x", "steps": [{"action": "stop"}]}', 'steps[0].on_item_failure: must be "stop" or "continue"' ],
	[ '{"action": "foreach", "items": "data.x", "steps": [{"action": "log", "message": "m", "on_success": "outside"}]}, {"action": "stop", "name": "outside"}', 'steps[0].steps[0].on_success: step "outside" is in another array' ],
	[ '{"action": "stop", "name": "n"}, {"action": "foreach", "items": "data.x", "steps": [{"action": "stop", "name": "n"}]}', '"n" is already the name of' ])
{
	my ($result, $stdout, $stderr) = $node->psql($db, "INSERT INTO respond.rule (name, event_type, steps) VALUES ('bad', 'never', '[" . ($case->[0] =~ s/'/''/gr) . "]')");
	like($stderr, qr/\Q$case->[1]\E/, "refused: $case->[1]");
}

# A document that somebody has changed is refused, and harms nobody.
sql(q{CREATE TABLE public.saved AS SELECT respond_internal.begin_run('plain', (SELECT version FROM respond.rule WHERE name = 'plain'), (SELECT min(id) FROM respond.event WHERE type = 'loop.plain'), 3) AS run});
foreach my $case (
	[ '{at,0,loop}', '5', 'at[0].loop: is not an object' ],
	[ '{at,0,loop,next}', '-1', 'at[0].loop.next: is not a whole number' ],
	[ '{at,0,loop,next}', '"x"', 'at[0].loop.next: is not a number' ],
	[ '{at,0,loop,next}', '4', 'at[0].loop.next: is not a whole number from 0 to 3' ],
	[ '{at,0,loop,next}', '1e300', 'out of range' ],
	[ '{at,0,loop,count}', '2000000', 'at[0].loop.count: is not a whole number from 0 to 3' ],
	[ '{at,0,loop,rest}', '{}', 'at[0].loop.rest: is not an array' ],
	[ '{at,0,loop,rest}', '[]', 'the run has no item 0' ],
	[ '{at,0,loop,stored}', '1', 'at[0].loop.stored: is not true or false' ],
	[ '{at,0,loop,runs}', '[7]', 'at[0].loop.runs[0]: is not an object' ],
	[ '{at,0,loop,fault}', '[]', 'at[0].loop.fault: is not a text' ],
	[ '{at,0,loop,else}', 'true', 'at[0].loop: has a member that there is not in this format' ],
	[ '{at,0,step}', '"after"', 'at[0].step: it has no steps of its own' ],
	[ '{at,1,step}', '"after"', 'at[1].step: version' ],
	[ '{at,0,step}', '"stop"', 'at[0].step: it has no steps of its own' ])
{
	my ($result, $stdout, $stderr) = $node->psql($db, "SELECT respond_internal.continue_run(jsonb_set(run, '$case->[0]', '$case->[1]')) FROM public.saved");
	like($stderr, qr/\Q$case->[2]\E/, "refused: $case->[0] $case->[1]");
}
my ($result, $stdout, $stderr) = $node->psql($db, q{SELECT respond_internal.continue_run(jsonb_set(run #- '{at,0,loop,rest}', '{at,0,loop,stored}', 'true')) FROM public.saved});
like($stderr, qr/the items of run \d+ from number 0 on are gone/, 'so are items that are gone');
is(sql(q{SELECT respond_internal.continue_run(run) IS NULL FROM public.saved}), 't', 'as it was it ends');
is(sql(q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'no event was given up');

$node->stop;
done_testing();
