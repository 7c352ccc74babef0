# Receivers that misbehave: each delivery ends in the right state with a reason that can be read, memory stays bounded, and
# whoever behaves is served all the while, by the same process.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP ();
use Peers;
use Respond;

my $certificates = Peers::certificates();
my $courier = Courier::start('hostile', 'pg_respond.ca_file' => "$certificates/ca.pem", 'pg_respond.max_event_size' => '2MB',
	'pg_respond.max_rendered_size' => '4MB');
# A port for each way to misbehave: hosts are judged one by one.
my $receiver = Peers::receiver(listen => join(',', ('127.0.0.1:0') x 29), options => [ '--mute', join(',', ('127.0.0.1:0') x 3) ]);
my $closing = Peers::receiver();
my @ports = Peers::slurp($receiver->{port_file}) =~ /(\d+)/g;
my @mute = splice(@ports, -3);
my $mute = $mute[0];
my $good = shift @ports;
my $pid = $courier->pid;
my %event;
my %wanted;

sub one { return $courier->one(@_); }

# --- What hangs for long is there all the time.

for my $mode ([ 'hang', shift @ports ], [ 'hang-accept', shift @ports ], [ 'drip/1000/100000', shift @ports ], [ 'ok', $mute ])
{
	$courier->channel("long $mode->[0]", 'webhook', "http://127.0.0.1:$mode->[1]/$mode->[0]", timeout => '10 min');
	$courier->fire_many("long $mode->[0]", 40);
}
Respond::wait_idle($courier->node, $courier->db, 'the long ones are recorded');
$courier->channel('healthy', 'webhook', "http://127.0.0.1:$good/ok");
$courier->fire_many('healthy', 500);
$courier->until_all('healthy', q{status = 'delivered' AND attempts = 1}, 'a healthy channel is served beside those that hang');
is(one(q{SELECT count(*) FROM respond.delivery WHERE channel LIKE 'long %' AND status = 'pending' AND attempts = 0}), '160', 'while all of those hang still');

# --- One of each kind

# misbehaves(name, url, status, attempts, answer, error, columns...)
sub misbehaves
{
	my ($name, $url, $status, $attempts, $answer, $error, %columns) = @_;
	my $data = delete $columns{data};

	$courier->channel($name, 'webhook', $url, timeout => '300 ms', max_attempts => 2, retry_delays => '{20 ms}', %columns);
	$event{$name} = $courier->fire($name, $data);
	$wanted{$name} = [ $status, $attempts, $answer, $error ];
	return;
}

sub mode
{
	my ($path, @rest) = @_;
	my $name = $path;

	$name =~ s/\?.*//;
	return misbehaves($name, 'http://127.0.0.1:' . (shift(@ports) || die 'no port is left') . "/$path", @rest);
}

mode('garbage', 'dead', 2, undef, qr/^given up after 2 tries: .*(HTTP|parse|protocol)/i);
mode('hang', 'dead', 2, undef, qr/^given up after 2 tries: timeout after \d+ ms/);
mode('hang-accept', 'dead', 2, undef, qr/^given up after 2 tries: timeout after \d+ ms/);
mode('drip/50/100000', 'dead', 2, undef, qr/^given up after 2 tries: timeout after \d+ ms/);
mode('drip-body/50/100000', 'delivered', 1, 200, qr/^answered 200, and then: timeout/);
mode('close', 'dead', 2, undef, qr/^given up after 2 tries: .*empty reply/i);
mode('rst', 'dead', 2, undef, qr/^given up after 2 tries: .*reset/i);
mode('200-then-rst', 'delivered', 1, 200, qr/^answered 200, and then: /);
mode('partial/200', 'delivered', 1, 200, qr/^answered 200, and then: /);
mode('partial/503', 'dead', 2, 503, qr/^given up after 2 tries: the receiver answered 503, and then: /);
mode('partial/404', 'dead', 1, 404, qr/^the receiver answered 404, and then: /);
mode('http09', 'dead', 2, undef, qr/^given up after 2 tries: .*HTTP/);
mode('endless', 'delivered', 1, 200, qr/^answered 200, and then: the answer is longer than \d+ kB/);
mode('endless/500', 'dead', 2, 500, qr/^given up after 2 tries: the receiver answered 500, and then: the answer is longer than \d+ kB/);
mode('gigabyte', 'delivered', 1, 200, qr/^answered 200, and then: the answer is longer than \d+ kB/);
mode('gigabyte/404', 'dead', 1, 404, qr/^the receiver answered 404, and then: the answer is longer than \d+ kB/);
mode('big-header', 'dead', 2, undef, qr/^given up after 2 tries: .*header.*(longer|too large|exceeded)/i);
mode("redirect?to=http://127.0.0.1:$good/ok/stolen", 'dead', 1, 302, qr/^the receiver answered 302; redirects are not followed$/);
mode("redirect/307?to=http://127.0.0.1:$good/ok/stolen", 'dead', 1, 307, qr/^the receiver answered 307; redirects are not followed$/);
mode('close-after', 'delivered', 1, 200, undef);
mode('continue', 'delivered', 1, 200, undef);
mode('binary', 'delivered', 1, 200, undef);
mode('body/500/100000', 'dead', 2, 500, qr/^given up after 2 tries: the receiver answered 500$/);
misbehaves('big upload, hang-accept', 'http://127.0.0.1:' . shift(@ports) . '/hang-accept', 'dead', 2, undef, qr/^given up after 2 tries: timeout/, data => { text => 'x' x 1_500_000 });
misbehaves('big upload, hang', 'http://127.0.0.1:' . shift(@ports) . '/hang', 'dead', 2, undef, qr/^given up after 2 tries: timeout/, data => { text => 'x' x 1_500_000 });
misbehaves('mute', "http://127.0.0.1:$mute/x", 'dead', 2, undef, qr/^given up after 2 tries: timeout/);
misbehaves('mute TLS', "https://127.0.0.1:$mute[1]/x", 'dead', 2, undef, qr/^given up after 2 tries: timeout/);
misbehaves('TLS to one without', "https://127.0.0.1:$good/ok", 'dead', 2, undef, qr/^given up after 2 tries: .*(SSL|TLS)/);
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "socket: $!";
	my $port = $socket->sockport;

	$socket->close;
	misbehaves('nobody there', "http://127.0.0.1:$port/", 'dead', 2, undef, qr/^given up after 2 tries: .*(refused|connect)/i);
}
misbehaves('no such name', 'http://no-such-host.invalid/', 'dead', 2, undef, qr/^given up after 2 tries: .*(resolve|timeout)/i);
misbehaves('private address', 'http://10.255.255.1/', 'dead', 1, undef, qr/^connection to 10\.255\.255\.1\S* refused: .*pg_respond\.allowed_networks/);
misbehaves('loopback of IPv6', "http://[::1]:$good/ok", 'dead', 1, undef, qr/^connection to .*::1.* refused: .*pg_respond\.allowed_networks/);
misbehaves('private address in disguise', "http://[::ffff:169.254.169.254]/", 'dead', 1, undef, qr/ refused: .*pg_respond\.allowed_networks/);
misbehaves('an address as a number', 'http://0x0a000001/', 'dead', 1, undef, qr/ refused: .*pg_respond\.allowed_networks/);

# --- TLS

my @tls;
for my $case ([ 'expired', qr/expired/ ], [ 'future', qr/not yet valid/ ], [ 'wrong', qr/match|name/ ], [ 'self', qr/self.signed/ ])
{
	my ($name, $error) = @$case;
	my $peer = Peers::receiver(tls => $name);

	push @tls, $peer;
	misbehaves("certificate $name", "https://127.0.0.1:$peer->{port}/ok", 'dead', 2, undef, qr/^given up after 2 tries: .*$error/, timeout => '5 s');
}
push @tls, Peers::receiver(tls => 'server', options => [ '--tls-max', '1.0' ]);
misbehaves('TLS 1.0', "https://127.0.0.1:$tls[-1]{port}/ok", 'dead', 2, undef, qr/^given up after 2 tries: .*(SSL|TLS|protocol)/i, timeout => '5 s');
push @tls, Peers::receiver(tls => 'server');
misbehaves('TLS', "https://127.0.0.1:$tls[-1]{port}/ok", 'delivered', 1, 200, undef, timeout => '5 s');
misbehaves('TLS, hang', "https://127.0.0.1:$tls[-1]{port}/hang", 'dead', 2, undef, qr/^given up after 2 tries: timeout/);
misbehaves('TLS, rst', "https://127.0.0.1:$tls[-1]{port}/200-then-rst", 'delivered', 1, 200, qr/^answered 200, and then: /, timeout => '5 s');
misbehaves('none to one with TLS', "http://127.0.0.1:$tls[-1]{port}/ok", 'dead', 2, undef, qr/^given up after 2 tries: ./);

# --- Answers of any bytes: the path says which, in hexadecimal.

my $port_file = PostgreSQL::Test::Utils::tempdir('raw') . '/port';
my $raw = IPC::Run::start([ $^X, '-MIO::Socket::INET', '-e', q{
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64) or die;
	open(my $out, '>', "$ARGV[0].new"); print $out $listener->sockport; close($out); rename("$ARGV[0].new", $ARGV[0]);
	$SIG{PIPE} = 'IGNORE';
	while (my $client = $listener->accept)
	{
		my ($head, $length, $path) = ('', 0);
		while (defined(my $line = <$client>))
		{
			$path = $1 if $line =~ m{^POST /([0-9a-f]+)};
			$length = $1 if $line =~ /^content-length: (\d+)/i;
			last if $line =~ /^\r?\n/;
		}
		read($client, my $body, $length);
		print $client pack('H*', $path);
		close($client);
	}
}, $port_file ], '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
Respond::wait_for(sub { -s $port_file });
my $raw_port = Peers::slurp($port_file);
my %response;

sub answers
{
	my ($name, $bytes, $status, $attempts, $answer, $error, $response) = @_;

	# what is no answer counts against the host, which must not open its breaker here
	misbehaves($name, "http://127.0.0.1:$raw_port/" . unpack('H*', $bytes), $status, $attempts, $answer, $error, timeout => '5 s');
	$response{$name} = $response;
	$courier->until($event{$name}, q{status <> 'pending'}, "$name: ends");
	$courier->arrives('raw', 'the host is well between', { answer => unpack('H*', "HTTP/1.1 204 x\r\n\r\n") });
	return;
}

$courier->channel('raw', 'webhook', "http://127.0.0.1:$raw_port/{{data.answer}}");
my $ok = "HTTP/1.1 200 OK\r\n";
answers('no phrase', "HTTP/1.1 200\r\n\r\n", 'delivered', 1, 200, undef);
answers('bare line feeds', "HTTP/1.0 202 Yes\nA: b\n\n", 'delivered', 1, 202, undef);
answers('status 99', "HTTP/1.1 99 x\r\n\r\n", 'dead', 2, undef, qr/./);
answers('status 999', "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n", 'dead', 1, 999, qr/^the receiver answered 999/);
answers('only an interim answer', "HTTP/1.1 100 Continue\r\n\r\n", 'dead', 2, undef, qr/./);
answers('only early hints', "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", 'dead', 2, undef, qr/./);
answers('half a header', "HTTP/1.1 200 OK\r\nContent-Le", 'dead', 2, undef, qr/./);
answers('a header without its end', "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", 'dead', 2, undef, qr/./);
answers('a bad chunk', "${ok}Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 'delivered', 1, 200, qr/^answered 200, and then: /);
answers('a NUL first', "${ok}Content-Length: 6\r\n\r\n\0abcde", 'delivered', 1, 200, undef, qr/^\?abcde$/);
answers('a NUL within', "${ok}Content-Length: 5\r\n\r\nab\0de", 'delivered', 1, 200, undef, qr/^ab\?de$/);
answers('a NUL in a character', "${ok}Content-Length: 2000\r\n\r\nok\xF0" . "\0" x 1997, 'delivered', 1, 200, undef, qr/^ok\?+$/);
answers('Latin 1', "HTTP/1.1 400 x\r\nContent-Length: 4\r\n\r\ngr\xFC\xDF", 'dead', 1, 400, qr/^the receiver answered 400$/, qr/^gr\?{1,2}$/);
answers('a character that is cut', "${ok}Content-Length: 2001\r\n\r\na" . "\xC3\xA4" x 1000, 'delivered', 1, 200, undef, qr/^a(\xC3\xA4){511}$/);

# --- What became of all of them

for my $name (sort keys %event)
{
	my ($status, $attempts, $answer, $error) = @{ $wanted{$name} };

	$courier->until($event{$name}, q{status <> 'pending'}, "$name: it ends");
	my $row = $courier->delivery($event{$name});
	is_deeply([ @$row{qw(status attempts last_status)} ], [ $status, $attempts, $answer ], "$name: as it should") or diag("last_error: $row->{last_error}");
	if (defined $error)
	{
		like($row->{last_error}, $error, "$name: with a reason");
	}
	else
	{
		is($row->{last_error}, undef, "$name: without a reason");
	}
	like($row->{last_error} // '', qr/^[\x20-\x7e]*$/, "$name: the reason can be read");
	is(one("SELECT string_agg(number::text, ',' ORDER BY number) FROM respond.attempt WHERE delivery_id = $row->{id}"),
		join(',', 1 .. $attempts), "$name: each try is recorded");
	like(one("SELECT response FROM respond.attempt WHERE delivery_id = $row->{id} AND number = 1"), $response{$name}, "$name: the answer is kept") if $response{$name};
}
is(scalar(() = $receiver->requests('/ok/stolen')), 0, 'no redirect was followed');
is(one(q{SELECT max(length(response)) <= 1024 FROM respond.attempt}), 't', 'of long answers the beginning is kept');
is(one("SELECT response <> '' FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE d.event_id = $event{binary}"), 't',
	'of bytes of any kind, too');

# --- A host that does not answer in TLS: the timeout of one request does not wait for another that is connecting to it.

{
	$courier->channel('patient', 'webhook', "https://127.0.0.1:$mute[2]/x", timeout => '10 min', retry_delays => '{1 hour}');
	$courier->channel('impatient', 'webhook', "https://127.0.0.1:$mute[2]/x", timeout => '100 ms', retry_delays => '{1 hour}');
	my $first = $courier->fire('patient');
	Respond::wait_idle($courier->node, $courier->db);
	$courier->arrives('healthy', 'both are under way');
	my $second = $courier->fire('impatient');
	# libcurl's own limit for connecting is 10 s
	$courier->until($first, 'attempts = 1', 'the patient one ends');
	$courier->until($second, 'attempts = 1', 'the impatient one ends');
	is(one("SELECT b.at + b.duration < a.at + a.duration FROM respond.attempt AS a, respond.attempt AS b WHERE a.delivery_id = ${\ $courier->delivery($first)->{id}}
		AND b.delivery_id = ${\ $courier->delivery($second)->{id}}"), 't', 'its own timeout holds while another connects');
	unlike($courier->delivery($second)->{last_error}, qr/resolve/, 'with a reason that is true');
}

# --- Connections that end when nobody looks

{
	my $port = $closing->{port};

	$courier->channel('silent-close', 'webhook', "http://127.0.0.1:$port/silent-close", retry_delays => '{20 ms}', concurrency => 2);
	$courier->fire_many('silent-close', 60);
	$courier->until_all('silent-close', q{status = 'delivered'}, 'silent-close: all arrive');
	my %tries;
	$tries{ $_->{headers}{'webhook-id'} }++ for grep { ($_->{path} // '') eq '/silent-close' } $closing->entries;
	is(scalar keys %tries, 60, 'silent-close: each at least once, under its key');
	$courier->channel('close-after many', 'webhook', "http://127.0.0.1:$port/close-after");
	$courier->fire_many('close-after many', 60);
	$courier->until_all('close-after many', q{status = 'delivered' AND attempts = 1}, 'close-after: all arrive at the first try');
}

# --- Memory

{
	my $port = $closing->{port};

	$courier->channel('flood', 'webhook', "http://127.0.0.1:$port/{{data.mode}}", max_attempts => 1, timeout => '20 s', step => { text => 'x' });
	my $flood = sub {
		one(qq{INSERT INTO respond.event (type, data) SELECT 'go.flood', jsonb_build_object('mode', m)
			FROM generate_series(1, $_[0]) AS i, unnest('{gigabyte,endless,big-header,body}'::text[]) AS m});
		$courier->until_all('flood', q{status <> 'pending'}, "$_[0] floods end");
	};
	$flood->(10);
	my $before = Courier::memory($pid);
	$flood->(100);
	my $after = Courier::memory($pid);
	cmp_ok($after, '<', $before + 16 * 1024, "memory of the courier stays: $before kB, $after kB");
}

# --- All the while

is(one(q{SELECT count(*) FROM respond.delivery WHERE channel LIKE 'long %' AND status = 'pending' AND attempts = 0}), '160', 'the long ones hang still');
$courier->arrives('healthy', 'the healthy one is served still');
is($courier->pid, $pid, 'the courier is the same process');
is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'which had no error');
$courier->stop;
pass('the server stops while requests hang');
$raw->kill_kill;
done_testing();
