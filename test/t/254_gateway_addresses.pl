# Addresses, TLS, rights, and how the program lives and ends.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Peers;
use Program;
use Respond;

my $certificates = Peers::certificates();
my $folder = Program::folder();

sub pem { return PostgreSQL::Test::Utils::slurp_file("$certificates/$_[0]"); }

sub get { return "GET $_[0] HTTP/1.1\r\nHost: h\r\n\r\n"; }

# Socket files.
my $path = "$folder/callers.sock";
my $stale = IO::Socket::UNIX->new(Local => $path, Listen => 1);
close $stale;
ok(-S $path, 'a socket file was left by somebody');
my $program = Program::start(listen => [ "unix:$path", '[::1]:' . Program::free_port(), '127.0.0.1:' . Program::free_port() ]);
is_deeply([ grep { length } values %{ $program->{last_state}{fault} } ], [], 'all addresses are open');
my $worker = $program->worker('desk');
for my $address (@{ $program->{listen} })
{
	my $caller = $program->caller($address);

	$caller->send(get('/desk/'));
	my $request = $worker->request;
	is($request->{peer}, $address =~ /^unix/ ? '' : $address =~ /::1/ ? '::1' : '127.0.0.1', "the worker hears who calls: $request->{peer}");
	$worker->reply($request->{id}, 200, '', '');
	is($caller->answer->{status}, 200, 'and answers');
}
is((stat($path))[2] & 0777, 0666, 'everybody on the machine may call');

# Another program on the same addresses.
my $second = Program::start(listen => [ @{ $program->{listen} } ]);
for my $address (@{ $program->{listen} })
{
	like($second->{last_state}{fault}{$address}, qr/another program has it/, "in use: $address");
}
ok($program->caller("unix:$path"), 'the socket file in use is not taken away');
my $other = '127.0.0.1:' . Program::free_port();
$second->configure(listen => [ $other, $program->{listen}[2] ]);
is($second->{last_state}{fault}{$other}, '', 'a later CONFIG opens another address');
$program->configure(listen => [ @{ $program->{listen} }[0, 1] ]);
my $state = $second->state(sub { !grep { length } values %{ $_[0]{fault} } });
is(scalar(@{ $state->{addresses} }), 2, 'an address that is given up is had by who waits for it');
$second->stop;
is($program->stop, 0, 'the program ends');
Respond::wait_for(sub { !-e $path });
pass('and its socket file is removed');
$program = Program::start(listen => [ "unix:$path" ]);
kill 'KILL', $program->{pid};
waitpid($program->{pid}, 0);
$program->{pid} = 0;
Respond::wait_for(sub { !-e $path });
pass('also when it is killed');
$program = Program::start(listen => [ "unix:$folder/no such folder/x.sock" ]);
like((values %{ $program->{last_state}{fault} })[0], qr/No such file/, 'a folder that is not there');
$program->stop;

# TLS.
my $tls = 'tls:127.0.0.1:' . Program::free_port();
my $open = '0.0.0.0:' . Program::free_port();
$program = Program::start(listen => [ $tls, $open ], echo_limit => 1 << 20);
like($program->{last_state}{fault}{$tls}, qr/no certificate/, 'TLS without a certificate');
like($program->{last_state}{fault}{$open}, qr/other machines can reach it/, 'an address that others reach, without one');
for my $case ([ 'nonsense', 'nonsense', qr/certificate cannot be used/ ], [ pem('server.pem'), 'nonsense', qr/key cannot be read/ ],
	[ pem('server.pem'), '', qr/no key/ ], [ '', pem('server.key'), qr/no certificate/ ],
	[ pem('server.pem'), pem('wrong.key'), qr/does not belong/ ])
{
	my ($certificate, $key, $why) = @$case;

	ok($program->configure(certificate => $certificate, key => $key, until => sub { $_[0]{certificate} =~ $why }), "refused: $why");
}
ok($program->configure(certificate => pem('server.pem'), key => pem('server.key'),
		until => sub { !grep { length } $_[0]{certificate}, values %{ $_[0]{fault} } }), 'a good one opens both');
my $echo = $program->echo('desk');
my ($port) = $tls =~ /(\d+)$/;
my @curl = ('curl', '-sS', '--max-time', '60', '--cacert', "$certificates/ca.pem");

sub curl
{
	my ($out, $err);

	IPC::Run::run([ @curl, @_ ], '>', \$out, '2>', \$err);
	return $out . $err;
}

Respond::wait_for(sub { curl("https://localhost:$port/desk/x") =~ m{^GET /desk/x} });
pass('curl is answered over TLS');
is(curl('--http2', '-w', ' %{http_version}', "https://localhost:$port/desk/x"), 'GET /desk/x 1.1', 'in the one protocol that is spoken');
my $large = 'z' x 900000;
append_to_file("$folder/large", $large);
is(curl('--data-binary', "\@$folder/large", "https://localhost:$port/desk/x"), "POST /desk/x $large", 'large bodies, both ways');
is(curl('-d', 'a', "https://localhost:$port/desk/1", '--next', @curl[1 .. $#curl], '-d', 'b', "https://localhost:$port/desk/2"),
	'POST /desk/1 aPOST /desk/2 b', 'and several requests of a connection');
like(curl('--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0', "https://localhost:$port/"), qr/protocol|alert/i, 'TLS 1.1 is refused');
is($program->caller($tls)->ask(get('/desk/'))->{status}, 400, 'who speaks in clear is told so');
is($program->caller("127.0.0.1:" . ($open =~ /(\d+)$/)[0])->ask(get('/desk/'))->{status}, 400, 'also where others reach it');
my $silent = $program->caller($tls);
my $half = $program->caller($tls);
$half->send("\x16\x03\x01\x02\x00\x01\x00");
like(curl("https://localhost:$port/desk/x"), qr{^GET /desk/x}, 'who begins a handshake and waits holds nobody up');

# Certificates that change while callers are there.
sub subject
{
	my ($out, $err);

	IPC::Run::run([ 'sh', '-c', "openssl s_client -connect 127.0.0.1:$port < /dev/null | openssl x509 -noout -fingerprint" ], '>', \$out, '2>', \$err);
	return $out;
}
my $fingerprint = subject();
my $kept = $program->caller($tls);
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout '$folder/new.key' -out '$folder/new.pem' -subj /CN=localhost -days 2 2>/dev/null") == 0
  or die 'openssl';
$program->configure(certificate => PostgreSQL::Test::Utils::slurp_file("$folder/new.pem"), key => PostgreSQL::Test::Utils::slurp_file("$folder/new.key"));
Respond::wait_for(sub { subject() ne $fingerprint });
pass('a later CONFIG changes the certificate');
$fingerprint = subject();
ok($program->configure(certificate => 'nonsense', until => sub { $_[0]{certificate} =~ /cannot be used/ }), 'a bad one is told of');
is(subject(), $fingerprint, 'and the one before stays in use');

# nginx in front, which keeps connections, over a socket file.
$path = "$folder/front.sock";
$program->configure(listen => [ @{ $program->{listen} }, "unix:$path" ]);
is($program->{last_state}{fault}{"unix:$path"}, '', 'a socket file can be opened later too');
my $front = Program::free_port();
my $nginx = Peers::nginx(ports => [$front], http => <<"END");
	upstream gateway { server unix:$path; keepalive 4; }
	server {
		listen 127.0.0.1:$front ssl http2;
		client_max_body_size 3m;
		location / { proxy_pass http://gateway; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host \$host; }
	}
END
my $accepted = $program->{last_state}{accepted};
my $url = "https://localhost:$front/desk";
is(curl('--http2', '-w', ' %{http_version}', "$url/x"), 'GET /desk/x 2', 'behind nginx');
is(curl('--data-binary', "\@$folder/large", "$url/x"), "POST /desk/x $large", 'a large body behind nginx');
is(curl('--http1.1', '-H', 'Transfer-Encoding: chunked', '-d', 'abc', "$url/x"), 'POST /desk/x abc', 'in chunks');
append_to_file("$folder/too_large", 'z' x 1100000);
is(curl('-o', '/dev/null', '-w', '%{http_code}', '--data-binary', "\@$folder/too_large", "$url/x"), '413', 'one that is too large');
like(curl('-I', "$url/x"), qr/^HTTP\/2 200/, 'HEAD');
is(join(' ', map { curl("$url/$_") } 1 .. 30), join(' ', map { "GET /desk/$_" } 1 .. 30), 'many requests');
cmp_ok($program->state(sub { $_[0]{accepted} > $accepted })->{accepted} - $accepted, '<', 10, 'use few connections');

# Rights.
my $status = PostgreSQL::Test::Utils::slurp_file("/proc/$program->{pid}/status");
like($status, qr/^NoNewPrivs:\s*1/m, 'no program gives it more rights');
my $filtered = `uname -m` =~ /x86_64|aarch64/;
like($status, qr/^Seccomp:\s*2/m, 'its calls are filtered') if $filtered;
my $limits = PostgreSQL::Test::Utils::slurp_file("/proc/$program->{pid}/limits");
like($limits, qr/^Max core file size\s+0\s+0/m, 'it leaves no core');
like($limits, qr/^Max processes\s+0\s+0/m, 'starts no process');
like($limits, qr/^Max file size\s+0\s+0/m, 'and writes no file');
is(PostgreSQL::Test::Utils::slurp_file("/proc/$program->{pid}/environ") =~ s/\0//gr, '', 'it has no environment');
$program->stop;
waitpid($echo, 0);

# More callers than the system gives descriptors for: they wait, and are met when others leave.
$program = Program::start(wrapper => [ 'prlimit', '--nofile=40:40' ]);
$worker = $program->worker('desk');
my @silent = map { $program->caller } 1 .. 60;
my $last = pop @silent;
$last->send(get('/desk/'));
is($worker->read_frame(0.05), undef, 'no descriptor is left');
$_->close for @silent[ 0 .. 39 ];
my $late = $worker->request;
$worker->reply($late->{id}, 200, '', '');
is($last->answer->{status}, 200, 'a caller that waited is met when others leave');
my @idle = map { $program->caller } 1 .. 80;
for my $caller (@idle)
{
	$caller->send(get('/desk/'));
	$late = $worker->request;
	$worker->reply($late->{id}, 200, '', '');
	$caller->answer;
}
pass('those that idle make room');
$program->stop;

# It does not outlive who started it, whatever they hold open.
pipe(my $read, my $write);
my $starter = fork();
if (!$starter)
{
	my $orphan = Program::start();

	syswrite($write, "$orphan->{pid} $orphan->{listen}[0]\n");
	sleep 1 while 1;
}
my ($orphan_pid) = <$read> =~ /^(\d+)/;
ok(kill(0, $orphan_pid), 'a program of somebody else');
kill 'KILL', $starter;
waitpid($starter, 0);
Respond::wait_for(sub { !kill(0, $orphan_pid) });
pass('ends with them');
done_testing();
