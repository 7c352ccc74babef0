# Nothing stays where it is: a backlog behind a host that comes back, outcomes that cannot be recorded, memory, an idle courier.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('stuck', 'pg_respond.max_requests' => 64);
my $receiver = Peers::receiver();
my $pid = $courier->pid;

sub one { return $courier->one(@_); }

# --- A host that is away while far more waits than the courier keeps in mind; each delivery has an url of its own, or not.

for my $path ('ok', 'ok?n={{data.i}}')
{
	my $away = Peers::receiver();
	my $port = $away->{port};
	my $name = $path =~ /data/ ? 'away each' : 'away';

	$away->stop;
	$courier->channel($name, 'webhook', "http://127.0.0.1:$port/$path", enabled => 'false');
	$courier->fire_many($name, 3_000);
	Respond::wait_idle($courier->node, $courier->db);
	$courier->set($name, 'enabled = true');
	Respond::wait_until($courier->node, $courier->db, "SELECT count(*) >= 5 FROM respond.delivery WHERE channel = '$name' AND attempts > 0", "$name: it is tried");
	# another look at all of them while the host is left alone
	$courier->set($name, q{description = 'x'});
	one("UPDATE respond.channel SET description = 'y' WHERE name = '$name'") for 1 .. 3;
	my $back = Peers::receiver(listen => "127.0.0.1:$port");
	$courier->until_all($name, q{status = 'delivered'}, "$name: all of it is delivered when the host is back");
}

# --- Outcomes that somebody's constraint refuses (a trigger would make the workers wait)

$courier->channel('fine', 'webhook', "http://127.0.0.1:$receiver->{port}/ok");
$courier->channel('gone', 'webhook', "http://127.0.0.1:$receiver->{port}/status/410");
one(q{ALTER TABLE respond.channel ADD CONSTRAINT refuse_it CHECK (enabled OR name <> 'gone')});
my $gone = $courier->fire('gone');
Respond::wait_until($courier->node, $courier->db, q{SELECT errors > 0 FROM respond.worker WHERE kind = 'courier'}, 'refused: it cannot be recorded');
$courier->fire_many('fine', 100);
$courier->until_all('fine', q{status = 'delivered'}, 'refused: others are');
$courier->until($gone, q{status = 'dead'}, 'refused: in the end it is recorded without what was refused');
is(one(q{SELECT enabled FROM respond.channel WHERE name = 'gone'}), 't', 'refused: which is the disabling');
is(scalar(() = $receiver->requests('/status/410')), 1, 'refused: it was sent once');
my $errors = one(q{SELECT errors FROM respond.worker WHERE kind = 'courier'});
cmp_ok($errors, '<', 10, "refused: $errors errors");
one(q{ALTER TABLE respond.channel DROP CONSTRAINT refuse_it});
one(q{INSERT INTO respond.channel_kind (name, transport, body, options) VALUES ('changing', 'http', '{}', '{"a": null}')});
$courier->channel('invalid', 'changing', "http://127.0.0.1:$receiver->{port}/status/410?invalid");
one(q{UPDATE respond.channel_kind SET required_options = '{a}' WHERE name = 'changing'});
$courier->until($courier->fire('invalid'), q{status = 'dead'}, 'invalid: what has become so can send');
is(one(q{SELECT enabled, disabled_reason IS NOT NULL FROM respond.channel WHERE name = 'invalid'}), 'f|t', 'invalid: and be disabled');

# --- Locks of tables, a rate that is changed, a pause that outlasts a look, an option of a step, notifications that fail

{
	$courier->channel('sure', 'webhook', "http://127.0.0.1:$receiver->{port}/slow/300?sure", timeout => '2 s');
	my $event = $courier->fire('sure');
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM respond.delivery WHERE event_id = $event)");
	my $session = Respond::session($courier->node, $courier->db);
	$session->query_safe('BEGIN; LOCK TABLE respond.delivery IN SHARE MODE; SELECT pg_sleep(3.5); COMMIT');
	$courier->until($event, q{status = 'delivered' AND attempts = 1}, 'a locked table: an answer that came in time counts');
	$session->quit;
}

$courier->channel('rate', 'webhook', "http://127.0.0.1:$receiver->{port}/ok?rate", rate_limit => 0.01);
$courier->fire_many('rate', 3);
Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) = 1 FROM respond.delivery WHERE channel = 'rate' AND status = 'delivered'}, 'rate: one in a hundred seconds');
$courier->set('rate', 'rate_limit = 100');
$courier->until_all('rate', q{status = 'delivered'}, 'rate: a new rate counts at once');

$courier->channel('pause', 'webhook', "http://127.0.0.1:$receiver->{port}/status/429/retry-after/600");
my $paused = $courier->fire('pause');
$courier->until($paused, q{attempts = 1}, 'pause: the receiver wants to be left alone');
$courier->set('fine', q{description = 'a look at all'});
my $next = $courier->fire('pause');
$courier->arrives('fine', 'pause: others go on');
is($courier->delivery($next)->{attempts}, 0, 'pause: it holds over a look at all');
one(q{DELETE FROM respond.channel WHERE name = 'pause'});

one(q{INSERT INTO respond.channel_kind (name, transport, body, options) VALUES ('room', 'http', '{"room": "{{options.room}}"}', '{"room": "lobby"}')});
$courier->channel('rooms', 'room', "http://127.0.0.1:$receiver->{port}/ok/{{options.room}}", step => { options => { room => '{{data.text}}' } });
$courier->arrives('rooms', 'option: of a step', { text => 'attic' });
is(scalar(() = $receiver->requests('/ok/attic')), 1, 'option: reaches the url');

one(q{INSERT INTO respond.channel (name, kind) VALUES ('heard', 'notify')});
one(q{BEGIN; INSERT INTO respond.delivery (channel, body, next_attempt_at) VALUES ('heard', 'good', now()), ('heard', repeat('x', 9000), now()), ('heard', 'good', now()); COMMIT});
Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) = 2 FROM respond.delivery WHERE channel = 'heard' AND status = 'delivered'}, 'notify: one that is too long is its own matter');
is(one(q{SELECT status, attempts, last_error FROM respond.delivery WHERE channel = 'heard' AND status <> 'delivered'}), 'pending|1|payload string too long', 'notify: and waits for its next try');

# --- Memory of the process as a whole does not grow with deliveries

sub top_memory
{
	my $offset = -s $courier->node->logfile;

	one("SELECT pg_log_backend_memory_contexts($pid)");
	return Respond::wait_for(sub { (substr(Peers::slurp($courier->node->logfile), $offset) =~ /level: [01]; TopMemoryContext: .*; (\d+) used/)[0] });
}

$courier->channel('turns', 'webhook', "http://127.0.0.1:$receiver->{port}/ok?turns", ordered => 'true');
for my $channel ('fine', 'turns')
{
	$courier->fire_many($channel, 500, q{'s/' || i % 50});
	$courier->until_all($channel, q{status = 'delivered'});
	my $before = top_memory();
	$courier->fire_many($channel, 3_000, q{'s/' || i % 50});
	$courier->until_all($channel, q{status = 'delivered'});
	my $after = top_memory();
	cmp_ok($after - $before, '<', 16 * 1024, "memory: $channel: $before bytes, $after bytes");
}

# --- While it waits it does not run

sub busy_milliseconds
{
	my @fields = split(/ /, Peers::slurp("/proc/$pid/stat"));

	return ($fields[13] + $fields[14]) * 10;
}

{
	my $slow = Peers::receiver();
	my $port = $slow->{port};

	# whatever waits is overdue at once
	$courier->channel('slow', 'webhook', "http://127.0.0.1:$port/slow/3000", max_attempts => 1, timeout => '30 s');
	$slow->stop;
	for (1 .. 6)
	{
		my $id = one(q{SELECT respond.send_test('slow')});
		Respond::wait_until($courier->node, $courier->db, "SELECT status = 'dead' FROM respond.delivery WHERE id = $id");
	}
	$slow = Peers::receiver(listen => "127.0.0.1:$port");
	one(q{SELECT respond.send_test('slow') FROM generate_series(1, 20)});
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) >= 1 FROM respond.delivery WHERE channel = 'slow' AND status = 'delivered'}, 'slow: the host is back');
	my $before = busy_milliseconds();
	my $start = Time::HiRes::time();
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) >= 10 FROM respond.delivery WHERE channel = 'slow' AND status = 'delivered'}, 'slow: it waits for others');
	my ($used, $waited) = (busy_milliseconds() - $before, (Time::HiRes::time() - $start) * 1000);
	cmp_ok($used, '<', $waited / 4, sprintf('slow: %d ms of processor time in %d ms of waiting', $used, $waited));
	one(q{DELETE FROM respond.channel WHERE name = 'slow'});
}

# --- A masked value that is far larger than what may be rendered

one(q{INSERT INTO respond.mask (event_type, path) VALUES ('go.fine', 'large')});
one(q{INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('large', 'go.fine', 'large')});
one(q{ALTER SYSTEM SET pg_respond.max_rendered_size = '64kB'});
$courier->node->reload;
$courier->arrives('fine', 'mask: an event with a large masked value is handled', { text => 'x', large => '"' x 100_000 });
is(one(q{SELECT count(*) FROM respond.dead_letter WHERE kind = 'event'}), '0', 'mask: and not given up');

is($courier->pid, $pid, 'the courier is the same process');
$courier->stop;
done_testing();
