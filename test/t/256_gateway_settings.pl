# Settings of the gateway: what is refused, what cannot be had and why, certificates, places for its workers.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

my $node = Respond::node('gate');
my $db = 'desk';
my $err;

Respond::create_extension($node, $db);

sub one
{
	my ($sql) = @_;

	return $node->safe_psql($db, $sql);
}

sub health { return one(q{SELECT concat_ws('|', ok, message, remedy) FROM respond.health() WHERE "check" = 'gateway'}) }

# fault(address, regexp, message): respond.gateway says so of the address, in time.
sub fault
{
	my ($address, $words, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, $db, "SELECT coalesce(bool_or(fault ~ " . Respond::quote_literal($words) . '), false) FROM respond.gateway WHERE address = '
		. Respond::quote_literal($address), $message) || diag(one('SELECT * FROM respond.gateway'));
}

sub listening
{
	my ($address, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, $db, 'SELECT coalesce(bool_or(listening), false) FROM respond.gateway WHERE address = ' . Respond::quote_literal($address), $message)
	  || diag(one('SELECT * FROM respond.gateway'));
}

# What is no value is refused at once, with the reason.
for my $case (
	[ 'gateway_listen', 'localhost:8330', qr/its host must be a number such as 127\.0\.0\.1/ ],
	[ 'gateway_listen', '127.0.0.1', qr/it needs a port from 1 to 65535/ ],
	[ 'gateway_listen', '127.0.0.1:8330, unix:gate.sock', qr/"unix:gate\.sock" is no address to listen to: the path of a Unix socket begins with a slash/ ],
	[ 'gateway_listen', '127.0.0.1:8330, 127.0.0.1:8330', qr/stands twice/ ],
	[ 'gateway_database', 'hooks.example', qr/an equals sign and a database/ ],
	[ 'gateway_database', 'a=x, A=y', qr/host "a" stands twice/ ],
	[ 'gateway_public_url', 'hooks.example', qr/does not begin with https/ ],
	[ 'gateway_public_url', 'https://hooks.example/?a', qr/no query/ ],
	[ 'gateway_max_connections', '0', qr/outside the valid range/ ],
	[ 'gateway_max_connections_per_address', '-1', qr/outside the valid range/ ],
	[ 'gateway_rest_workers', '0', qr/outside the valid range/ ],
	[ 'gateway_rest_workers', '17', qr/outside the valid range/ ],
	[ 'gateway_statement_timeout', '1', qr/outside the valid range/ ])
{
	my ($name, $value, $words) = @$case;

	isnt($node->psql($db, "ALTER SYSTEM SET pg_respond.$name = " . Respond::quote_literal($value), stderr => \$err, on_error_stop => 1), 0, "$name = '$value' is refused");
	like($err, $words, 'with the reason');
}
isnt($node->psql($db, q{SET pg_respond.gateway_listen = '127.0.0.1:1'}, stderr => \$err, on_error_stop => 1), 0, 'no session changes where the gateway listens');
one('CREATE ROLE reader');
for my $name ('gateway_certificate', 'gateway_key')
{
	isnt($node->psql($db, "SET ROLE reader; SHOW pg_respond.$name", stderr => \$err), 0, "$name is not told to everybody");
}

# A port that somebody else has.
my $first = Gateway::open($node);
listening($first, 'a free port is listened to');
my $other = Respond::node('other');
Respond::create_extension($other, $db);
Gateway::listen_to($other, $first);
Respond::wait_until($other, $db, q{SELECT coalesce(bool_and(fault ~ 'another program has it'), false) FROM respond.gateway}, 'a second cluster on one port is told why it cannot have it');
like($other->safe_psql($db, q{SELECT concat_ws('|', ok, message, remedy) FROM respond.health() WHERE "check" = 'gateway'}),
	qr/^f\|the gateway does not listen to \Q$first\E: .*another program has it.*\|free the address, or set pg_respond\.gateway_listen/, 'health() too, with the remedy');
is(Gateway::status($first, 'GET', "/$db/nothing") != 0, 1, 'the first one goes on');
Gateway::listen_to($node);
Respond::wait_until($other, $db, q{SELECT coalesce(bool_and(listening), false) FROM respond.gateway}, 'once it is free, the second one has it without being asked');
$other->stop;

# An address that this machine does not have, beside one that it has.
my $good = Gateway::open($node, 'tls:192.0.2.1:9');
listening($good, 'one address that cannot be had does not keep the others from working');
fault('tls:192.0.2.1:9', 'there is no certificate', 'TLS needs a certificate');

# Others than this machine can reach it: only with a certificate.
my $open = '0.0.0.0:' . PostgreSQL::Test::Cluster::get_free_port();
$good = Gateway::open($node, $open);
fault($open, 'other machines can reach it, so it needs TLS, and there is no certificate', 'without a certificate nothing listens where others come');
like(health(), qr/^f\|.*needs TLS[^|]*\|set pg_respond\.gateway_certificate and pg_respond\.gateway_key.*proxy in front$/, 'health() says so, and what to do about this');

# Unix sockets in folders that are not there, or are closed to the server.
my $closed = PostgreSQL::Test::Utils::tempdir_short();
chmod 0500, $closed;
Gateway::open($node, "unix:$closed/new/gate.sock", "unix:$closed/gate.sock");
fault("unix:$closed/new/gate.sock", 'No such file or directory', 'a socket in no folder');
fault("unix:$closed/gate.sock", 'Permission denied', 'a socket in a folder that is closed');
like(health(), qr{\|create the folder of unix:\Q$closed\E/new/gate\.sock, and let [^;]*; let the user of the server write to the folder of unix:\Q$closed\E/gate\.sock$},
	'health() has a remedy for each');
chmod 0700, $closed;
mkdir "$closed/new", 0700 or die "mkdir: $!";
listening("unix:$closed/$_", 'once it is followed, the gateway listens') for 'gate.sock', 'new/gate.sock';

# Certificates.
my $folder = "$ENV{TESTDATADIR}";
$folder = $PostgreSQL::Test::Utils::tmp_check unless length $folder;
$folder .= '/certificates';
my $stub = "$FindBin::RealBin/../stub/certificates.sh";
system('bash', $stub, $folder) == 0 or BAIL_OUT('no certificates');
my $secure = 'tls:127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port();
my ($port) = $secure =~ /(\d+)$/;

sub certificate
{
	my ($certificate, $key) = @_;

	Gateway::set($node, 'pg_respond.gateway_certificate' => $certificate, 'pg_respond.gateway_key' => $key);
	return;
}

# The serial number of what is shown at the port; empty when nothing is.
sub shown
{
	my $text = `openssl s_client -connect 127.0.0.1:$port </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null`;

	chomp $text;
	return $text;
}

sub serial
{
	my ($file) = @_;
	my $text = `openssl x509 -noout -serial -in '$file'`;

	chomp $text;
	return $text;
}

sub certificate_fault
{
	my ($words, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, $db, 'SELECT coalesce(max(certificate_fault) ~ ' . Respond::quote_literal($words) . ', false) FROM respond.gateway', $message)
	  || diag(one('SELECT certificate_fault FROM respond.gateway'));
}

# certificate_until(condition, message): the end that respond.gateway shows beside the newest fault.
sub certificate_until
{
	my ($condition, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is(one("SELECT max(certificate_until) $condition FROM respond.gateway"), 't', $message);
}

Gateway::listen_to($node, $good, $secure);
certificate("$folder/server.pem", undef);
certificate_fault('pg_respond\.gateway_key is not set', 'a certificate without key');
certificate("$folder/nothing.pem", "$folder/server.key");
certificate_fault('could not be opened: No such file', 'a file that is not there');
like(health(), qr/^f\|.*No such file.*\|.*then SELECT pg_reload_conf/, 'health() says so, with the remedy');
chmod 0644, "$folder/server.key";
certificate("$folder/server.pem", "$folder/server.key");
certificate_fault('can be read by others', 'a key that others can read');
chmod 0600, glob "$folder/*.key";
certificate("$folder/server.key", "$folder/server.key");
certificate_fault('no certificate in PEM', 'a file without certificate');
certificate("$folder/server.pem", "$folder/wrong.key");
certificate_fault('key does not belong', 'a key of another certificate');
certificate_until('IS NULL', 'a pair that is refused has no end to tell of');
certificate("$folder/nothing.pem", "$folder/server.key");
certificate_fault('could not be opened: No such file', 'then a file that is not there');
certificate_until('IS NULL', 'and no end');
certificate("$folder/server.pem", "$folder/server.key");
listening($secure, 'with a certificate the port is listened to');
is(shown(), serial("$folder/server.pem"), 'and that is what it shows');
is(`curl -s -o /dev/null -w '%{http_code}' --cacert '$folder/ca.pem' https://127.0.0.1:$port/$db/nothing`, '404', 'requests are answered over TLS');
like(Gateway::request("127.0.0.1:$port", 'GET', "/$db/nothing")->{raw}, qr{^(HTTP/1\.1 400 .*https|$)}s, 'plain ones are not');
is(one('SELECT max(certificate_until) > now() + interval $$1 day$$ FROM respond.gateway'), 't', 'respond.gateway shows when it ends');

# Read again at a reload; what cannot be used does not take the place of what can.
system("cat '$folder/self.pem' > '$folder/now.pem'; cp -p '$folder/self.key' '$folder/now.key'");
certificate("$folder/now.pem", "$folder/now.key");
Respond::wait_for(sub { shown() eq serial("$folder/self.pem") }, 'another one is shown after a reload');
system("cat '$folder/server.pem' > '$folder/now.pem'; cat '$folder/server.key' > '$folder/now.key'");
isnt(shown(), serial("$folder/server.pem"), 'files that were written over are not read by themselves');
$node->reload;
Respond::wait_for(sub { shown() eq serial("$folder/server.pem") }, 'but at the next reload');
system("echo rubbish > '$folder/now.pem'");
$node->reload;
certificate_fault('.', 'a file that was spoilt is noticed');
is(shown(), serial("$folder/server.pem"), 'and the certificate of before stays in use');
for my $days (15, 13)
{
	system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=soon -days $days -keyout '$folder/soon$days.key' -out '$folder/soon$days.pem' 2>/dev/null; chmod 0600 '$folder/soon$days.key'; chown --reference='$folder/server.key' '$folder/soon$days.key'");
	certificate("$folder/soon$days.pem", "$folder/soon$days.key");
	Respond::wait_for(sub { shown() eq serial("$folder/soon$days.pem") });
	Respond::wait_until($node, $db, "SELECT max(certificate_until) BETWEEN now() + interval '$days days' - interval '1 hour' AND now() + interval '$days days' FROM respond.gateway");
	like(health(), $days > 14 ? qr/^t\|/ : qr/^f\|the certificate of the gateway ends at .*\|put a certificate/, "health() of a certificate that ends in $days days");
}
certificate("$folder/expired.pem", "$folder/server.key");
certificate_fault('key does not belong', 'one that has ended, with a key of another one');
certificate_until("BETWEEN now() + interval '12 days' AND now() + interval '13 days'", 'the end is that of the certificate in use');
is(shown(), serial("$folder/soon13.pem"), 'which is shown');
certificate("$folder/expired.pem", "$folder/expired.key");
Respond::wait_for(sub { health() =~ /^f\|.*the certificate of the gateway ended at 2001-02-01.*\|put a certificate/ }, 'health() tells of one that has ended');

# A Unix socket, which another takes the place of, and what is in its way.
my $socket = $node->host . '/gate.sock';
my $next = "$socket.2";
Gateway::listen_to($node, "unix:$socket");
listening("unix:$socket", 'a Unix socket is listened to');
Gateway::wait_ready($socket, $db, 'and answers');
Gateway::listen_to($node, "unix:$next");
listening("unix:$next", 'another one after a reload');
Gateway::wait_ready($next, $db, 'which answers');
kill('KILL', Gateway::program_pid($node, $db));
Respond::wait_for(sub { Gateway::status($next, 'GET', "/$db/nothing") == 404 }, 'a file that a killed program left behind is no hindrance');
Gateway::listen_to($node, 'unix:/nowhere/at/all.sock');
fault('unix:/nowhere/at/all.sock', 'No such file', 'a folder that there is not');

# Another port while a client is connected: it keeps its connection's answer, new ones go to the new port.
$good = Gateway::open($node);
Gateway::wait_ready($good, $db);
my $kept = Gateway::connect($good);
my $moved = Gateway::open($node);
Gateway::wait_ready($moved, $db, 'the port is changed by a reload');
Respond::wait_for(sub { !defined Gateway::connect($good) }, 'and the former one is closed');
close($kept);
$node->stop;

# No places for its workers: they come last, and it is said.
my $small = Respond::node('small', max_worker_processes => 5, max_parallel_workers => 0);
Respond::create_extension($small, $db);
my $scarce = Gateway::open($small);
Respond::wait_until($small, $db, q{SELECT NOT ok FROM respond.health() WHERE "check" = 'places'}, 'workers of the gateway that find no place are told of');
like($small->safe_psql($db, q{SELECT remedy FROM respond.health() WHERE "check" = 'places'}), qr/raise max_worker_processes \(now 5\) to (\d+)/, 'with the number that is needed');
like($small->safe_psql($db, q{SELECT message FROM respond.health() WHERE "check" = 'workers'}), qr/not running: .*gateway/, 'and which of them are missing');
is($small->safe_psql($db, q{SELECT count(*) FROM respond.worker WHERE kind IN ('clock', 'dispatcher', 'courier') AND state <> 'failed'}), '3', 'the other workers have theirs');
my ($needed) = $small->safe_psql($db, q{SELECT remedy FROM respond.health() WHERE "check" = 'places'}) =~ /to (\d+)/;
Respond::configure($small, max_worker_processes => $needed);
$small->restart;
Gateway::wait_ready($scarce, $db, 'with that many, all of them run');
Respond::wait_until($small, $db, q{SELECT bool_and(ok) FROM respond.health() WHERE "check" IN ('places', 'workers', 'gateway')}, 'and health() is content');
$small->stop;
done_testing();
