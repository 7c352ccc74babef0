# Requests of runs that are cancelled, paused, tried again, dumped and restored: each answer is for whoever still waits for it.
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP ();
use Peers;
use Requests;
use Respond;

my $receiver = Peers::receiver(listen => join(',', ('127.0.0.1:0') x 3));
my @ports = Peers::slurp($receiver->{port_file}) =~ /(\d+)/g;
my $requests = Requests::start('cancelled');
my ($node, $db) = ($requests->node, $requests->db);
my $base = "http://127.0.0.1:$ports[0]";
my $gate = PostgreSQL::Test::Utils::tempdir() . '/gate';

sub one { return $requests->one(@_); }

sub run_of
{
	my ($event) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event)");
	return one("SELECT id FROM respond.run WHERE event_id = $event");
}

# hears(path): waits until the receiver has heard of it.
sub hears
{
	my ($path, $times) = @_;

	Respond::wait_for(sub { scalar(@{ [ $receiver->requests($path) ] }) >= ($times || 1) });
	return;
}

# quiet(): nobody has anything to tell to a run, and no timer is left.
sub quiet
{
	my ($message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond_internal.run_inbox) AND NOT EXISTS (SELECT FROM respond_internal.timer)}, $message);
}

# --- cancel_run

one("INSERT INTO respond.channel (name, kind, url, enabled) VALUES ('off', 'webhook', '$base', false)");
my $event = $requests->ask('/ok?never', channel => 'off', timeout => '1 hour');
$requests->until($event, q{status = 'pending'});
is(one('SELECT respond.cancel_run(' . run_of($event) . q{, 'test')}), 't', 'a run is cancelled whose request has not been sent');
is($requests->delivery($event)->{status}, 'cancelled', 'so is the request');
one(q{UPDATE respond.channel SET enabled = true WHERE name = 'off'});
is($requests->run($event)->{status}, 'cancelled', 'the run has ended');

$event = $requests->ask("$base/slow/5000?late", timeout => '1 hour');
hears('/slow/5000?late');
one('SELECT respond.cancel_run(' . run_of($event) . ')');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE d.event_id = $event AND a.status = 200)",
	'the answer of a request that was under way is on record');
is($requests->delivery($event)->{status}, 'cancelled', 'its request stays cancelled');
is_deeply($requests->run($event)->{state}, {}, 'and nobody uses it');
quiet('nothing is left of them');
is(scalar @{ [ $receiver->requests('/ok?never') ] }, 0, 'what was cancelled was never sent');

# --- pause_run: the answer waits

$event = $requests->ask("$base/slow/3000?paused", timeout => '1 hour');
my $run = run_of($event);
is(one("SELECT respond.pause_run($run)"), 't', 'a run is paused that waits for an answer');
$requests->until($event, q{status = 'delivered'}, 'which comes');
Respond::beat($node);
is(one("SELECT status FROM respond.run WHERE id = $run"), 'waiting', 'the run waits on');
one("SELECT respond.resume_run($run)");
is($requests->answer($event)->{status}, 200, 'and continues with it');

# --- retry_run: another request with a key of its own

PostgreSQL::Test::Utils::append_to_file($gate, '');
$event = $requests->ask("http://127.0.0.1:$ports[1]/fail-while$gate", timeout => '1 hour');
is($requests->run($event)->{status}, 'failed', 'a run fails with its request');
unlink($gate);
is(one('SELECT respond.retry_run(' . run_of($event) . ')'), 't', 'it is tried again');
Respond::wait_until($node, $db, "SELECT status = 'succeeded' FROM respond.run WHERE event_id = $event", 'and succeeds');
my %keys = map { $_->{headers}{'idempotency-key'} => 1 } $receiver->requests("/fail-while$gate");
is(scalar keys %keys, 2, 'the second request is another one');
is(one("SELECT string_agg(status, ' ' ORDER BY id) FROM respond.delivery WHERE event_id = $event"), 'dead delivered', 'and another delivery');

# --- An answer of before that comes late

$event = Respond::emit($node, $db, $requests->rule({ action => 'request', name => 'one', url => "$base/slow/900?first", timeout => '1 hour', on_success => 'two' },
	{ action => 'request', name => 'two', url => "http://127.0.0.1:$ports[2]/slow/1500?second", timeout => '1 hour' }));
hears('/slow/900?first');
$run = run_of($event);
one("SELECT respond.cancel_run($run)");
one("SELECT respond.retry_run($run, 'two')");
hears('/slow/1500?second');
$requests->until($event, q{last_status = 200 AND status = 'delivered'}, 'of two requests of one run the second ends');
my $state = $requests->run($event)->{state};
is($state->{two}{status}, 200, 'its answer is that of the step');
ok(!exists $state->{one}{body}, 'the answer to the first is for nobody');
quiet('nothing is left of that either');

# --- Dumped while it waits, and restored

$event = $requests->ask("$base/hang", attempt_timeout => '10 min', timeout => '20 hours', max_attempts => 5);
hears('/hang');
my $channel = $requests->ask('/ok?through', channel => 'off', timeout => '20 hours', max_attempts => 3);
$requests->answer($channel);
one(q{UPDATE respond.channel SET enabled = false WHERE name = 'off'});
my $held = $requests->ask('/ok?restored', channel => 'off', timeout => '20 hours');
$requests->until($held, q{status = 'pending'});
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, $db ], 'a dump of runs that wait');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-d', 'copy', '--exit-on-error', $file ], 'is restored');
$node->safe_psql($db, q{SELECT respond.hold('the copy goes on')});
Respond::wait_workers($node, 'copy');
$node->safe_psql('copy', q{UPDATE respond.channel SET enabled = true WHERE name = 'off'; SELECT respond.release()});
Respond::wait_until($node, 'copy', "SELECT status = 'succeeded' AND state->'r'->>'status' = '200' FROM respond.run WHERE event_id = $held", 'a run of the copy continues');
is(scalar @{ [ $receiver->requests('/ok?restored') ] }, 1, 'its request was sent by the copy');
hears('/hang', 2);
pass('and so is one that hung in the original');

done_testing();
