# Connections that are over when a request is put on them.  What lies on an idle one is no answer; a request that was sent
# too late goes out again at once, and that is not counted as a try.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $certificates = Peers::certificates();
my $courier = Courier::start('idle', 'pg_respond.ca_file' => "$certificates/ca.pem");
my $stub = $FindBin::RealBin . '/../stub/idle.py';
my %server;

# ---- HTTP/1.1 ----

# requests(name): those of the channel's server, as "connection.number"
sub requests
{
	my ($name) = @_;

	return map { "$_->{conn}.$_->{n}" } grep { exists $_->{n} } $server{$name}->entries;
}

for my $name (qw(times-out says-408 hangs-up late-408 late-reset half never))
{
	$server{$name} = Peers::start('idle', '/usr/bin/python3', $stub);
	$courier->channel($name, 'webhook', "http://127.0.0.1:$server{$name}{port}/$name", max_attempts => 2, retry_delays => '{10ms}');
}
my %first = map { $_ => $courier->fire($_) } sort keys %server;

for my $name (sort grep { $_ ne 'never' } keys %server)
{
	$courier->until($first{$name}, q{status = 'delivered' AND attempts = 1}, "$name: the first arrives");
}
for my $name (qw(times-out says-408 hangs-up))
{
	Respond::wait_for(sub { grep { ($_->{event} || '') eq 'idle' } $server{$name}->entries });
	Respond::wait_for(sub { !Peers::connections($server{$name}{port}, 'quiet') });
}
my %second = map { $_ => $courier->fire($_) } sort grep { $_ ne 'never' } keys %server;

for my $name (qw(times-out says-408 hangs-up))
{
	$courier->until($second{$name}, q{status = 'delivered' AND attempts = 1 AND last_status = 200}, "$name: the second arrives at the first try");
	is(join(' ', requests($name)), '1.1 2.1', "$name: on a connection of its own, and on that only");
}
for my $name (qw(late-408 late-reset))
{
	$courier->until($second{$name}, q{status = 'delivered' AND attempts = 1 AND last_status = 200 AND last_error IS NULL}, "$name: the second arrives at the first try");
	is(join(' ', requests($name)), '1.1 1.2 2.1', "$name: it was sent again, on a connection of its own");
	is($courier->one("SELECT count(*) FROM respond.attempt WHERE delivery_id = (SELECT id FROM respond.delivery WHERE event_id = $second{$name})"), '1', "$name: one try is on record");
	my %keys = map { $_->{id} => 1 } grep { ($_->{n} || 0) >= 1 && "$_->{conn}.$_->{n}" ne '1.1' } $server{$name}->entries;
	is(scalar(keys %keys), 1, "$name: with the same key");
}
$courier->until($second{half}, q{status = 'delivered' AND attempts = 2}, 'half: what had begun to be answered is a try that failed');
is($courier->one("SELECT string_agg(coalesce(status::text, '-'), ' ' ORDER BY number) FROM respond.attempt WHERE delivery_id = (SELECT id FROM respond.delivery WHERE event_id = $second{half})"), '- 200', 'half: both are on record');
$courier->until($first{never}, q{status = 'dead' AND attempts = 2}, 'never: on connections of their own each is a try');
is(join(' ', requests('never')), '1.1 2.1', 'never: and nothing is sent more often than it is counted');

# ---- HTTP/2: a web server that closes idle connections soon, and one that closes after each request. ----

my ($port, $short) = (Peers::free_port(), Peers::free_port());
my $nginx = Peers::nginx(ports => [ $port, $short ], http => <<"END");
	keepalive_timeout 1s;
	server { listen 127.0.0.1:$port ssl http2; location / { return 200 "ok\\n"; } }
	server { listen 127.0.0.1:$short ssl http2; keepalive_requests 2; location / { return 200 "ok\\n"; } }
END

$courier->channel('h2', 'webhook', "https://127.0.0.1:$port/", max_attempts => 1);
$courier->channel('h2_short', 'webhook', "https://127.0.0.1:$short/", max_attempts => 1);
$courier->fire_many('h2_short', 60);
for my $round (1 .. 3)
{
	$courier->until($courier->fire('h2'), q{status = 'delivered' AND attempts = 1}, "HTTP/2: round $round");
	# the server closes what was idle for a second
	Respond::wait_for(sub { !Peers::connections($port) });
}
cmp_ok(scalar(grep { $_->[0] eq '200' && $_->[1] eq 'HTTP/2.0' } $nginx->tries('/')), '>=', 3, 'over HTTP/2');
$courier->until_all('h2_short', q{status = 'delivered' AND attempts = 1}, 'HTTP/2: a server that goes away after every second request costs no try');
$nginx->stop;
$courier->stop;
done_testing();
