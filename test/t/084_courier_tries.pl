# Tries: when a delivery is tried again, what is final, how it ends, what is done by hand, and channels that are disabled or deleted.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('tries');
my $receiver = Peers::receiver();
my $failing = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $bad = "http://127.0.0.1:$failing->{port}";
my $pid = $courier->pid;

sub one { return $courier->one(@_); }

$courier->channel('hook', 'webhook', "$base/ok/hook");

# --- When it is tried again

# waits(event): seconds from the end of the last try to the next.
sub waits
{
	my ($event) = @_;

	return one("SELECT extract(epoch FROM d.next_attempt_at - (a.at + a.duration)) FROM respond.delivery AS d JOIN respond.attempt AS a ON a.delivery_id = d.id
		WHERE d.event_id = $event ORDER BY a.number DESC LIMIT 1");
}

sub between
{
	my ($value, $low, $high, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($value ne '' && $value >= $low - 0.001 && $value <= $high + 1, "$name: between $low and $high") or diag("it is $value");
	return;
}

$courier->channel('standard', 'webhook', "$bad/status/429/standard");
$courier->channel('own', 'webhook', "$bad/status/429/own", retry_delays => '{2 hours, 10 hours}');
for my $case ([ 'standard', 5, 300, 1800, 7200 ], [ 'own', 7200, 36000, 36000, 36000 ])
{
	my ($name, @delays) = @$case;
	my $event = $courier->fire($name);
	my $number = 0;

	for my $delay (@delays)
	{
		$number++;
		$courier->until($event, "attempts = $number AND status = 'pending'", "$name schedule: try $number");
		between(waits($event), $delay / 2, $delay * 1.5, "$name schedule: the wait after it");
		one("SELECT respond.retry(id) FROM respond.delivery WHERE event_id = $event") if $number < @delays;
	}
	one("SELECT respond.discard(id) FROM respond.delivery WHERE event_id = $event");
}

{
	my $date = one(q{SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 hours', 'Dy, DD Mon YYYY HH24:MI:SS "GMT"')});
	my $escaped = $date =~ s/ /%20/gr;
	my $n = 0;

	for my $case ([ '503', '3600', 3600, 3960 ], [ '429', $escaped, 7200 - 60, 7920 ], [ '503', '0', 0, 0 ], [ '503', '-5', 600, 1800 ],
		[ '429', 'soon', 600, 1800 ], [ '503', 'Fri,%2031%20Dec%201999%2023:59:59%20GMT', 0, 0 ], [ '429', '99999999', 86400, 86400 * 1.1 ])
	{
		my ($status, $value, $low, $high) = @$case;
		my $name = 'after' . ++$n;

		$courier->channel($name, 'webhook', "$bad/status/$status/retry-after/$value", retry_delays => '{20 minutes}', max_attempts => $high == 0 ? 3 : 10);
		my $event = $courier->fire($name);
		if ($high == 0)
		{
			$courier->until($event, q{status = 'dead' AND attempts = 3}, "Retry-After $value: at once, until there were enough");
		}
		else
		{
			$courier->until($event, q{attempts = 1 AND status = 'pending'}, "Retry-After $value: waits");
			between(waits($event), $low, $high, "Retry-After $value");
		}
		$courier->channel("well$n", 'webhook', "$bad/ok");
		$courier->arrives("well$n", 'the host is well again');
	}
}

# --- What is tried again, and what is not

$courier->channel('status', 'webhook', "$bad/status/{{data.status}}", retry_delays => '{1 hour}');
for my $status (qw(500 408 502 425 503 429 504 599))
{
	my $event = $courier->fire('status', { status => $status, text => 'x' });

	$courier->until($event, "attempts = 1 AND status = 'pending' AND last_status = $status AND last_error = 'the receiver answered $status' AND next_attempt_at > now()",
		"status $status: is tried again");
	$courier->arrives('status', 'the host is well between', { status => 204, text => 'x' });
}
for my $status (qw(300 301 302 303 304 307 308 400 401 402 403 404 405 409 413 415 422 451))
{
	my $event = $courier->fire('status', { status => $status, text => 'x' });
	my $remark = $status < 400 ? '; redirects are not followed' : '';

	$courier->until($event, "attempts = 1 AND status = 'dead' AND last_status = $status AND last_error = 'the receiver answered $status$remark' AND finished_at IS NOT NULL",
		"status $status: dead at once");
}
for my $status (qw(200 201 202 203 204 299))
{
	my $event = $courier->fire('status', { status => $status, text => 'x' });

	$courier->until($event, "attempts = 1 AND status = 'delivered' AND last_status = $status AND last_error IS NULL", "status $status: delivered");
}

# --- 410

{
	$courier->channel('gone', 'webhook', "$bad/status/410", description => 'mine');
	my $event = $courier->fire('gone');
	$courier->until($event, q{status = 'dead' AND last_status = 410}, 'gone: dead');
	is(one(q{SELECT enabled FROM respond.channel WHERE name = 'gone'}), 'f', 'gone: the channel is disabled');
	like(one(q{SELECT disabled_reason FROM respond.channel WHERE name = 'gone'}), qr/410/, 'gone: with the reason');
	my @later = map { $courier->fire('gone') } 1 .. 3;
	Respond::wait_idle($courier->node, $courier->db, 'gone: others are recorded');
	$courier->arrives('hook', 'gone: another channel is served');
	is(one("SELECT count(*) FROM respond.delivery WHERE channel = 'gone' AND status = 'pending' AND attempts = 0"), '3', 'gone: the others wait');
	is(scalar(() = $failing->requests('/status/410')), 1, 'gone: nothing more was sent');
	is(one(q{SELECT count(*) FROM respond.audit_log WHERE object_type = 'channel' AND object_id = 'gone' AND action = 'channel.updated' AND new->>'enabled' = 'false'}),
		'1', 'gone: it is on record');
	$courier->set('gone', "url = '$base/ok/gone', enabled = true");
	$courier->until($_, q{status = 'delivered' AND attempts = 1}, 'gone: enabled again they go') for @later;
	is(one(q{SELECT disabled_reason IS NULL AND description = 'mine' FROM respond.channel WHERE name = 'gone'}), 't', 'gone: the reason is gone');
}

{
	$courier->channel('moved', 'webhook', "$bad/slow/1500/410");
	my $event = $courier->fire('moved');
	Respond::wait_for(sub { $failing->requests('/slow/1500/410') });
	$courier->set('moved', "url = '$base/ok/moved'");
	$courier->until($event, q{status = 'dead' AND last_status = 410}, 'moved: the place that it led to says 410');
	is(one(q{SELECT enabled FROM respond.channel WHERE name = 'moved'}), 't', 'moved: the channel, which leads elsewhere by now, stays enabled');
}

# --- The end

{
	one('CREATE TABLE grave (delivery bigint, cause bigint, error text, depth int)');
	Respond::add_rule($courier->node, $courier->db, 'mourn', 'delivery.dead', [
		{ action => 'sql', sql => q{INSERT INTO public.grave SELECT ({{data.delivery_id}})::bigint, e.cause, {{data.error}}, e.depth FROM respond.event AS e WHERE e.id = event.id} },
		{ action => 'notify', channel => 'mourner', text => '{{data.channel}}: {{data.error}}' } ],
		pattern => { data => { channel => [ 'doomed' ] } });
	$courier->channel('mourner', 'slack', "$base/ok/mourner");
	$courier->channel('doomed', 'webhook', "$bad/status/503/doomed", max_attempts => 3, retry_delays => '{10 ms}', step => { text => 'x' });
	my $event = $courier->fire('doomed');
	$courier->until($event, q{status = 'dead'}, 'dead: after its tries');
	my $row = $courier->delivery($event);
	is_deeply([ @$row{qw(attempts last_status last_error next_attempt_at)} ], [ 3, 503, 'given up after 3 tries: the receiver answered 503', undef ], 'dead: the row');
	is(scalar(() = $failing->requests('/status/503/doomed')), 3, 'dead: three requests');
	my $letter = $courier->row("SELECT * FROM respond.dead_letter WHERE delivery_id = $row->{id}");
	is_deeply([ @$letter{qw(kind event_id rule run_id reason error at)} ],
		[ 'delivery', $event, 'to doomed', $row->{run_id}, 'channel doomed', $row->{last_error}, $row->{finished_at} ], 'dead: the dead letter');
	my $audit = $courier->row("SELECT * FROM respond.audit_log WHERE action = 'delivery.dead' AND object_id = '$row->{id}'");
	is_deeply([ @$audit{qw(actor object_type event_id run_id rule)} ], [ 'courier', 'delivery', $event, $row->{run_id}, 'to doomed' ], 'dead: the audit row');
	my $told = $courier->row("SELECT * FROM respond.event WHERE type = 'delivery.dead' AND cause = $event");
	is_deeply([ @$told{qw(subject depth actor)} ], [ "delivery/$row->{id}", 1, 'courier' ], 'dead: the event');
	is_deeply($told->{data}, { delivery_id => $row->{id}, key => $row->{key}, channel => 'doomed', rule => 'to doomed', run_id => $row->{run_id}, event_id => $event,
		ticket_id => undef, attempts => 3, status => 503, error => $row->{last_error} }, 'dead: what the event says');
	Respond::wait_until($courier->node, $courier->db, "SELECT count(*) = 1 FROM grave WHERE delivery = $row->{id} AND cause = $event AND error LIKE 'given up%' AND depth = 1", 'dead: a rule acts on it');
	$courier->until($told->{id}, q{channel = 'mourner' AND status = 'delivered'}, 'dead: and tells somebody');
	is_deeply([ map { $_->{body} } $receiver->requests('/ok/mourner') ], [ qq({"text": "doomed: $row->{last_error}"}) ], 'dead: in words');

	# begun anew
	$courier->set('doomed', "url = '$base/ok/doomed'");
	one("SELECT respond.retry($row->{id})");
	$courier->until($event, q{status = 'delivered'}, 'retry(): a dead one arrives');
	my $now = $courier->delivery($event);
	is_deeply([ @$now{qw(key attempts attempts_before last_error)} ], [ $row->{key}, 4, 3, undef ], 'retry(): the same key, tries begun anew');
	is(join(' ', map { $_->{headers}{'webhook-id'} } $receiver->requests('/ok/doomed')), $row->{key}, 'retry(): the receiver can tell');
	is(one("SELECT string_agg(number::text, ',' ORDER BY number) FROM respond.attempt WHERE delivery_id = $row->{id}"), '1,2,3,4', 'retry(): tries are counted on');
	like($courier->error("SELECT respond.retry($row->{id})"), qr/delivery $row->{id} was delivered/, 'retry(): not of a delivered one');
	like($courier->error('SELECT respond.retry(123456789)'), qr/delivery 123456789 does not exist/, 'retry(): not of nothing');
	like($courier->error("SELECT respond.discard($row->{id})"), qr/is delivered and cannot be discarded/, 'discard(): not of a delivered one');
	is(one("SELECT count(*) FROM respond.audit_log WHERE action = 'delivery.retried' AND object_id = '$row->{id}' AND old->>'status' = 'dead'"), '1', 'retry(): on record');
	is(one('SELECT count(*) FROM grave'), '1', 'dead: told once');
}

{
	# a death that makes another, for ever: the limit of depth ends it
	Respond::add_rule($courier->node, $courier->db, 'echo', 'delivery.dead', [ { action => 'notify', channel => 'echo', text => 'x' } ], pattern => { data => { channel => [ 'echo' ] } });
	$courier->channel('echo', 'webhook', "$bad/status/404");
	$courier->fire('echo');
	Respond::wait_until($courier->node, $courier->db, q{SELECT EXISTS (SELECT FROM respond.dead_letter WHERE reason = 'depth')}, 'dead: what tells of itself comes to an end');
	Respond::wait_idle($courier->node, $courier->db);
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'echo' AND status = 'dead'}), '17', 'dead: after max_depth');
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'echo' AND status <> 'dead'}), '0', 'dead: nothing is left');
}

# --- By hand

{
	$courier->channel('hand', 'webhook', "$bad/status/503/hand", max_attempts => 5, retry_delays => '{1 hour}');
	my @events = map { $courier->fire('hand', { text => $_ }) } 1 .. 3;
	$courier->until($_, q{status = 'pending' AND attempts = 1}, 'by hand: it waits for an hour') for @events;
	$courier->arrives('status', 'the host is well between', { status => 204, text => 'x' });
	my @ids = map { $courier->delivery($_)->{id} } @events;
	$courier->set('hand', "url = '$base/ok/hand'");
	one("SELECT respond.retry($ids[0])");
	$courier->until($events[0], q{status = 'delivered' AND attempts = 2 AND attempts_before = 0}, 'retry(): one that waits is tried at once');
	one("SELECT respond.discard($ids[1])");
	my $row = $courier->delivery($events[1]);
	is_deeply([ @$row{qw(status next_attempt_at)} ], [ 'cancelled', undef ], 'discard(): cancelled');
	like($row->{last_error}, qr/^discarded by \S+\nthe receiver answered 503$/, 'discard(): says by whom, and what was before');
	is(one("SELECT count(*) FROM respond.audit_log WHERE action = 'delivery.discarded' AND object_id = '$ids[1]'"), '1', 'discard(): on record');
	like($courier->error("SELECT respond.discard($ids[1])"), qr/is cancelled and cannot be discarded/, 'discard(): not twice');
	one("SELECT respond.retry($ids[1])");
	$courier->until($events[1], q{status = 'delivered'}, 'retry(): a cancelled one');
	one("BEGIN; SELECT respond.retry($ids[2]); ROLLBACK");
	is($courier->delivery($events[2])->{attempts}, 1, 'retry(): rolled back');
	is(one(q{SELECT respond.retry_channel('hand')}), '1', 'retry_channel(): one that waits counts');
	$courier->until($events[2], q{status = 'delivered' AND attempts = 2}, 'retry_channel(): what waits is tried at once');
	like($courier->error(q{SELECT respond.retry_channel('no such')}), qr/channel "no such" does not exist/, 'retry_channel(): not of nothing');

	$courier->set('hand', "url = '$bad/status/404/hand'");
	@events = map { $courier->fire('hand', { text => $_ }) } 1 .. 5;
	$courier->until($_, q{status = 'dead'}, 'retry_channel(): dead') for @events;
	one("SELECT respond.discard(id) FROM respond.delivery WHERE event_id = $events[4]");
	is(one("SELECT count(*) FROM respond.dead_letter WHERE reason = 'channel hand'"), '4', 'discard(): a dead one is no dead letter any more');
	$courier->set('hand', "url = '$base/ok/hand'");
	is(one(q{SELECT respond.retry_channel('hand')}), '4', 'retry_channel(): says how many were dead');
	$courier->until($_, q{status = 'delivered'}, 'retry_channel(): they arrive') for @events[0 .. 3];
	is($courier->delivery($events[4])->{status}, 'cancelled', 'retry_channel(): leaves what was discarded');
}

# --- Channels that are disabled, deleted, missing

{
	$courier->channel('off', 'webhook', "$base/ok/off", enabled => 'f');
	my $event = $courier->fire('off');
	Respond::wait_idle($courier->node, $courier->db, 'disabled: the step is done');
	$courier->arrives('hook', 'disabled: another channel is served');
	is_deeply([ @{ $courier->delivery($event) }{qw(status attempts)} ], [ 'pending', 0 ], 'disabled: it waits');
	$courier->set('off', 'enabled = true');
	$courier->until($event, q{status = 'delivered'}, 'disabled: enabled, it goes');

	$courier->channel('leaving', 'webhook', "$bad/status/429", retry_delays => '{1 hour}');
	$event = $courier->fire('leaving');
	$courier->until($event, q{attempts = 1}, 'deleted: it waits for its next try');
	one(q{DELETE FROM respond.channel WHERE name = 'leaving'});
	$courier->until($event, q{status = 'cancelled' AND finished_at IS NOT NULL}, 'deleted: it is cancelled');
	like($courier->delivery($event)->{last_error}, qr/the channel was deleted/, 'deleted: with the reason');
	like($courier->error("SELECT respond.retry(id) FROM respond.delivery WHERE event_id = $event"), qr/cannot be retried: channel "leaving" no longer exists/, 'deleted: it cannot be tried again');

	# while requests are under way
	$courier->channel('leaving now', 'webhook', "$base/slow/300", concurrency => 4);
	$courier->fire_many('leaving now', 20);
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) > 0 FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE channel = 'leaving now'}, 'deleted under way: some are sent');
	one(q{DELETE FROM respond.channel WHERE name = 'leaving now'});
	$courier->until_all('leaving now', q{status IN ('delivered', 'cancelled')}, 'deleted under way: all end');
	$courier->channel('leaving now 2', 'webhook', "$base/ok/now2");
	$courier->arrives('leaving now 2', 'deleted under way: the courier goes on');

	# one of the same name is another channel
	one(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('leaving', 'webhook', '$base/ok/back')});
	$courier->arrives('leaving', 'deleted: a new one of the same name works');
}

is($courier->pid, $pid, 'all that in one process');
ok(!$courier->node->log_contains(qr/ (ERROR|PANIC|TRAP):.*\n.*pg_respond courier/), 'and without an error of it');
is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'as it says itself');
$courier->stop;
done_testing();
