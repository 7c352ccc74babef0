# A delivery that kills the courier.  After two deaths over it alone it is a dead letter, and all others have arrived; deaths
# that somebody else caused count for nobody.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;
use Courier;

use IO::Socket::INET ();

my $courier = Courier::start('quarantine', restart_after_crash => 'on');
my $node = $courier->node;
my $receiver = Peers::receiver();

# A receiver that kills whoever sends it something: it finds the courier by what the server says of it.
sub killer
{
	my ($signal) = @_;
	my $listener = IO::Socket::INET->new(Listen => 100, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!";
	my $pid = fork();

	die "fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		while (my $connection = $listener->accept)
		{
			my $request = '';

			$connection->sysread($request, 4096);
			eval { kill($signal, $courier->one(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_respond courier'})) };
			close($connection);
		}
		require POSIX;
		POSIX::_exit(0);
	}
	return { port => $listener->sockport, pid => $pid };
}

sub crashes
{
	my ($offset) = @_;
	my $count = () = PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset) =~ /all server processes terminated; reinitializing/g;

	return $count;
}

my %killers = (SEGV => killer('SEGV'), KILL => killer('KILL'));
my $own_pid = $$;

# However the file ends, they end with it; nobody else would end them.
END
{
	my $status = $?;

	kill('KILL', map { $_->{pid} } values %killers) if defined $own_pid && $$ == $own_pid;
	$? = $status;
}

for my $name ('ok', 'slow/1500', 'hang')
{
	$courier->channel($name, 'webhook', "http://127.0.0.1:$receiver->{port}/$name", concurrency => 20, max_attempts => 3, retry_delays => '{100ms}', $name eq 'hang' ? (timeout => '2s') : ());
}
for my $signal (sort keys %killers)
{
	my $offset = -s $node->logfile;

	$courier->channel($signal, 'webhook', "http://127.0.0.1:$killers{$signal}{port}/", retry_delays => '{100ms}');
	# many around it, some under way for a while
	$courier->one(qq{BEGIN;
		INSERT INTO respond.event (type, data) SELECT 'go.' || n, '{"text": "x"}' FROM generate_series(1, 40), unnest(ARRAY['ok', 'slow/1500']) AS n;
		INSERT INTO respond.event (type, data) VALUES ('go.hang', '{}'), ('go.hang', '{}'), ('go.$signal', '{}');
		INSERT INTO respond.event (type, data) SELECT 'go.ok', '{"text": "y"}' FROM generate_series(1, 40);
		COMMIT});
	Respond::wait_until($node, $courier->db, qq{SELECT EXISTS (SELECT FROM respond.delivery WHERE channel = '$signal' AND status = 'dead')}, "$signal: the one that kills is dead");
	like($courier->one("SELECT last_error FROM respond.delivery WHERE channel = '$signal'"), qr/^the courier died 2 times while it sent this delivery alone$/, "$signal: and says why");
	is($courier->one("SELECT count(*) FROM respond.event WHERE type = 'delivery.dead' AND data->>'channel' = '$signal'"), '1', "$signal: an event tells of it");
	is($courier->one("SELECT error FROM respond.dead_letter WHERE delivery_id = (SELECT id FROM respond.delivery WHERE channel = '$signal')"),
		'the courier died 2 times while it sent this delivery alone', "$signal: it is a dead letter");
	# three, and one more whenever the receiver takes more than a second to kill
	cmp_ok(crashes($offset), '<=', 6, "$signal: after few deaths");
	$courier->until_all($_, q{status = 'delivered'}, "$signal: all others of $_ arrive") for 'ok', 'slow/1500';
	$courier->until_all('hang', q{status = 'dead' AND attempts = 3}, "$signal: what hangs comes to its own end");
	is($courier->one("SELECT count(*) FROM respond_internal.suspect_delivery WHERE delivery_id > 0"), '0', "$signal: no marker is left");
	$courier->one("UPDATE respond.channel SET enabled = false WHERE name = '$signal'");
}

# ---- Deaths that somebody else caused. ----

sub crash_other
{
	my $session = Respond::session($node, $courier->db);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	kill('KILL', $pid);
	eval { $session->quit };
	Respond::wait_workers($node, $courier->db);
	return;
}

# a death of its own, while nothing is in hand: care is taken
Respond::crash_worker($node, $courier->db, 'courier');
Respond::wait_workers($node, $courier->db);
my $url = "http://127.0.0.1:$receiver->{port}";
$courier->channel('innocent', 'webhook', "$url/hang?innocent", timeout => '10 min');
my $innocent = $courier->fire('innocent');

for my $round (1 .. 5)
{
	Respond::wait_for(sub { scalar($receiver->requests('/hang?innocent')) >= $round });
	is($courier->one('SELECT string_agg(tries::text, $$,$$) FROM respond_internal.suspect_delivery WHERE delivery_id > 0'), '1', "round $round: it is in hand, marked")
	  || BAIL_OUT('it is in hand no longer, so there is nothing to wait for');
	# after the last one it is answered
	$courier->set('innocent', "url = '$url/ok?innocent'") if $round == 5;
	$round == 3 ? do { $node->stop('immediate'); $node->start; } : $round == 4 ? Respond::signal_worker($node, $courier->db, 'courier', 'TERM') : crash_other();
}
$courier->until($innocent, q{status = 'delivered' AND attempts = 1}, 'a delivery that was in hand when others ended the courier arrives');
is($courier->one(q{SELECT count(*) FROM respond.delivery WHERE last_error ~ 'courier died'}), '2', 'and nobody else is accused');
$courier->stop;
done_testing();
