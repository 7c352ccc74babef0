# A real web server: HTTP/2 over TLS and HTTP/1.1, connections that are used again, and a server that is reloaded and restarted.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use IO::Socket::INET;
use IPC::Run ();
use Peers;
use Respond;

my $certificates = Peers::certificates();
my $courier = Courier::start('nginx', 'pg_respond.ca_file' => "$certificates/ca.pem");
my $dir = PostgreSQL::Test::Utils::tempdir('nginx');
my $nginx;

sub one { return $courier->one(@_); }

sub free_port
{
	return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
}

my ($tls, $plain) = (free_port(), free_port());
mkdir "$dir/tmp";
PostgreSQL::Test::Utils::append_to_file("$dir/nginx.conf", <<"END");
daemon off;
worker_processes 1;
pid nginx.pid;
error_log nginx.log;
events { worker_connections 256; }
http {
	log_format tries '\$status \$server_protocol \$connection \$http_webhook_id \$uri';
	access_log access.log tries;
	client_body_temp_path tmp/body;
	proxy_temp_path tmp/proxy;
	fastcgi_temp_path tmp/fastcgi;
	scgi_temp_path tmp/scgi;
	uwsgi_temp_path tmp/uwsgi;
	server {
		listen 127.0.0.1:$tls ssl http2;
		listen 127.0.0.1:$plain;
		ssl_certificate $certificates/server.pem;
		ssl_certificate_key $certificates/server.key;
		location /busy { add_header Retry-After 600 always; return 503; }
		location /gone { return 410; }
		location / { return 200 "ok\\n"; }
	}
}
END

sub start_nginx
{
	$nginx = IPC::Run::start([ '/usr/sbin/nginx', '-p', $dir, '-c', 'nginx.conf', '-e', 'nginx.log' ], '<', '/dev/null', '>', "$dir/out", '2>&1');
	for my $port ($tls, $plain)
	{
		my $end = time() + 60;

		until (IO::Socket::INET->new("127.0.0.1:$port"))
		{
			die 'nginx did not start: ' . Peers::slurp("$dir/nginx.log") if time() > $end;
			select(undef, undef, undef, 0.02);
		}
	}
	return;
}

sub stop_nginx
{
	$nginx->kill_kill if $nginx;
	undef $nginx;
	return;
}

# tries(uri): [status, protocol, connection, webhook-id] of each request, from nginx's own log.
sub tries
{
	my ($uri) = @_;

	return map { [ @$_[ 0 .. 3 ] ] } grep { ($_->[4] // '') eq $uri } map { [ split / / ] } split(/\n/, Peers::slurp("$dir/access.log"));
}

sub distinct
{
	my %seen = map { $_ => 1 } @_;

	return scalar(keys %seen);
}

start_nginx();
for my $case ([ 'two', "https://localhost:$tls", 'HTTP/2.0', 16 ], [ 'one', "http://localhost:$plain", 'HTTP/1.1', 16 ])
{
	my ($name, $url, $protocol, $most) = @$case;

	$courier->channel($name, 'webhook', "$url/$name");
	$courier->fire_many($name, 400);
	$courier->until_all($name, q{status = 'delivered' AND attempts = 1 AND last_status = 200}, "$protocol: delivered");
	my @tries = tries("/$name");
	is(scalar(@tries), 400, "$protocol: one request each");
	is(distinct(map { $_->[3] } @tries), 400, "$protocol: with a key each");
	is(join(' ', distinct(map { $_->[1] } @tries), $tries[0][1]), "1 $protocol", "$protocol: is what nginx was spoken to in");
	cmp_ok(distinct(map { $_->[2] } @tries), '<=', $most, "$protocol: connections are used again");
}

# a reload takes connections away in the middle of it, a restart the server
$courier->channel('moved', 'webhook', "https://localhost:$tls/moved", retry_delays => '{200 ms}', max_attempts => 100, concurrency => 8, rate_limit => 400);
$courier->fire_many('moved', 800);
Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) > 50 FROM respond.delivery WHERE channel = 'moved' AND status = 'delivered'}, 'reload: it has begun');
kill 'HUP', Peers::slurp("$dir/nginx.pid") =~ /(\d+)/;
Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) > 300 FROM respond.delivery WHERE channel = 'moved' AND status = 'delivered'}, 'reload: it goes on');
stop_nginx();
start_nginx();
$courier->until_all('moved', q{status = 'delivered'}, 'restart: all of it is delivered');
is(distinct(map { $_->[3] } grep { $_->[0] eq '200' } tries('/moved')), 800, 'restart: each arrived, under its own key');

$courier->channel('busy', 'webhook', "https://localhost:$tls/busy");
my $busy = $courier->fire('busy');
$courier->until($busy, q{status = 'pending' AND attempts = 1 AND last_status = 503 AND next_attempt_at > now() + interval '9 minutes'}, 'Retry-After of nginx counts');
$courier->channel('gone', 'webhook', "https://localhost:$tls/gone");
$courier->until($courier->fire('gone'), q{status = 'dead' AND last_status = 410}, '410 is final');
is(one(q{SELECT enabled FROM respond.channel WHERE name = 'gone'}), 'f', 'and disables the channel');
stop_nginx();
$courier->stop;
done_testing();

END
{
	my $status = $?;

	stop_nginx();
	$? = $status;
}
