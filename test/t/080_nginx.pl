# A real web server: HTTP/2 over TLS and HTTP/1.1, connections that are used again, and a server that is reloaded and restarted.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $certificates = Peers::certificates();
my $courier = Courier::start('nginx', 'pg_respond.ca_file' => "$certificates/ca.pem");
my ($tls, $plain) = (Peers::free_port(), Peers::free_port());
my $nginx = Peers::nginx(ports => [ $tls, $plain ], http => <<"END");
	server {
		listen 127.0.0.1:$tls ssl http2;
		listen 127.0.0.1:$plain;
		location /busy { add_header Retry-After 600 always; return 503; }
		location /gone { return 410; }
		location / { return 200 "ok\\n"; }
	}
END

sub one { return $courier->one(@_); }

sub distinct
{
	my %seen = map { $_ => 1 } @_;

	return scalar(keys %seen);
}

for my $case ([ 'two', "https://localhost:$tls", 'HTTP/2.0', 16 ], [ 'one', "http://localhost:$plain", 'HTTP/1.1', 16 ])
{
	my ($name, $url, $protocol, $most) = @$case;

	$courier->channel($name, 'webhook', "$url/$name");
	$courier->fire_many($name, 400);
	$courier->until_all($name, q{status = 'delivered' AND attempts = 1 AND last_status = 200}, "$protocol: delivered");
	my @tries = $nginx->tries("/$name");
	is(scalar(@tries), 400, "$protocol: one request each");
	is(distinct(map { $_->[3] } @tries), 400, "$protocol: with a key each");
	is(join(' ', distinct(map { $_->[1] } @tries), $tries[0][1]), "1 $protocol", "$protocol: is what nginx was spoken to in");
	cmp_ok(distinct(map { $_->[2] } @tries), '<=', $most, "$protocol: connections are used again");
}

# a reload takes connections away in the middle of it, a restart the server
$courier->channel('moved', 'webhook', "https://localhost:$tls/moved", retry_delays => '{200 ms}', max_attempts => 100, concurrency => 8, rate_limit => 400);
$courier->fire_many('moved', 800);
Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) > 50 FROM respond.delivery WHERE channel = 'moved' AND status = 'delivered'}, 'reload: it has begun');
$nginx->reload;
Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) > 300 FROM respond.delivery WHERE channel = 'moved' AND status = 'delivered'}, 'reload: it goes on');
$nginx->stop;
$nginx->serve;
$courier->until_all('moved', q{status = 'delivered'}, 'restart: all of it is delivered');
is(distinct(map { $_->[3] } grep { $_->[0] eq '200' } $nginx->tries('/moved')), 800, 'restart: each arrived, under its own key');

$courier->channel('busy', 'webhook', "https://localhost:$tls/busy");
my $busy = $courier->fire('busy');
$courier->until($busy, q{status = 'pending' AND attempts = 1 AND last_status = 503 AND next_attempt_at > now() + interval '9 minutes'}, 'Retry-After of nginx counts');
$courier->channel('gone', 'webhook', "https://localhost:$tls/gone");
$courier->until($courier->fire('gone'), q{status = 'dead' AND last_status = 410}, '410 is final');
is(one(q{SELECT enabled FROM respond.channel WHERE name = 'gone'}), 'f', 'and disables the channel');
$nginx->stop;
$courier->stop;
done_testing();
