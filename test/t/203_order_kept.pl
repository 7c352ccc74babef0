# What a run could not be told yet, because a session held its row, it is told in order, also when the server crashes meanwhile.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'kept';
my $node = Respond::node('order_kept', 'pg_respond.timer_grace' => '100ms');
Respond::create_extension($node, $db);
sub one { return $node->safe_psql($db, $_[0]) }
my $put_off = q{FROM respond_internal.timer WHERE kind = 'again'};

Respond::add_rule($node, $db, 'asks', 'ask', [ { action => 'wait', name => 'w', event_type => 'answer' }, { action => 'log', name => 'l', message => '{{steps.w.data.says}}' } ]);
Respond::add_rule($node, $db, 'collects', 'ask', [ { action => 'wait', name => 'w', event_type => 'answer', collect => 3 },
	{ action => 'log', name => 'l', message => '{{steps.w.0.data.says}} {{steps.w.1.data.says}} {{steps.w.2.data.says}}' } ]);
Respond::add_rule($node, $db, 'marks', 'mark', [ { action => 'log', message => 'x' } ]);

# emits, and is read by the dispatcher while it runs.
sub answer { return Respond::emit($node, $db, 'answer', { says => $_[0] }, 's') }
sub passed
{
	my $event = Respond::emit($node, $db, 'mark', {}, 's');

	return Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event)", $_[0]);
}

# crash(code): kill -9 of the server; the code runs before a worker does.
sub crash
{
	my ($code) = @_;

	$node->stop('immediate');
	$node->append_conf('postgresql.conf', 'pg_respond.enabled = off');
	$node->start;
	$code->();
	$node->append_conf('postgresql.conf', 'pg_respond.enabled = on');
	$node->reload;
	return;
}

my $ask = Respond::emit($node, $db, 'ask', {}, 's');
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE event_id = $ask AND status = 'waiting'", 'two runs of a subject wait');
one(qq{BEGIN; SELECT FROM respond.run WHERE event_id = $ask FOR UPDATE; PREPARE TRANSACTION 'holder'});
answer('first');
passed('an event of the subject is passed');
Respond::wait_until($node, $db, "SELECT count(*) = 2 $put_off", 'what the runs cannot be told is put off');
answer('second');
passed('and so is another');
Respond::wait_until($node, $db, "SELECT count(*) = 4 $put_off", 'it waits behind the first');
# the first is tried again last, as happens when it was tried often
crash(sub {
	one(qq{UPDATE respond_internal.timer AS t SET due_at = clock_timestamp() + CASE WHEN EXISTS (SELECT $put_off AND run_id = t.run_id AND (data->>'number')::bigint < (t.data->>'number')::bigint)
		THEN interval '0' ELSE interval '2 s' END WHERE kind = 'again'});
	answer('third');
	one(q{ROLLBACK PREPARED 'holder'});
});
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE event_id = $ask AND status = 'succeeded'", 'after a crash the runs go on');
is(one("SELECT state->'_log'->>-1 FROM respond.run WHERE event_id = $ask AND rule = 'asks'"), 'first', 'with what came first');
is(one("SELECT state->'_log'->>-1 FROM respond.run WHERE event_id = $ask AND rule = 'collects'"), 'first second third', 'and hear everything in its order');
is(one("SELECT count(*) $put_off"), '0', 'nothing is put off any more');
$node->stop;
done_testing();
