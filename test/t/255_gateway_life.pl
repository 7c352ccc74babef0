# Life of the gateway: switched on and off, killed in all its parts, in databases that come and go.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

my $node = Respond::node('gate', restart_after_crash => 'on');
my $at;

Respond::create_extension($node, 'desk');

sub one
{
	my ($sql, $db) = @_;

	return $node->safe_psql($db || 'desk', $sql);
}

sub status
{
	my ($path) = @_;

	return Gateway::status($at, 'GET', $path);
}

sub children
{
	my ($pid) = @_;

	return map { m{^/proc/(\d+)/} && (slurp_stat($1))[1] == $pid ? $1 : () } glob '/proc/[0-9]*/stat';
}

# State and parent of a process.
sub slurp_stat
{
	my ($pid) = @_;

	CORE::open(my $file, '<', "/proc/$pid/stat") or return ('', 0);
	my $line = <$file> // '';
	return $line =~ /^\d+ \(.*\) (\S) (\d+)/s ? ($1, $2) : ('', 0);
}

# How many files and connections a process has open, but for files of tables, which the server opens and closes as it sees fit.
sub open_files
{
	my ($pid) = @_;

	return scalar grep { (readlink // '') !~ m{/(base|global|pg_wal|pg_xact)/} } glob "/proc/$pid/fd/*";
}

sub listener_pid { return one(q{SELECT pid FROM respond.worker WHERE kind = 'listener'}) }

# back(message): the program listens and the gateway of desk answers.
sub back
{
	my ($message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Gateway::program_pid($node, 'desk');
	return Gateway::wait_ready($at, 'desk', $message);
}

# Off by default.
is(one('SELECT count(*) FROM respond.gateway'), '0', 'nothing is listened to by default');
is(one(q{SELECT count(*) FROM respond.worker WHERE kind IN ('listener', 'gateway')}), '0', 'and no worker is there for it');
is(one(q{SELECT ok || message FROM respond.health() WHERE "check" = 'gateway'}), 'truethe gateway is off', 'health() says that it is off');

# On by a reload.
$at = Gateway::open($node);
back('after a reload requests are answered');
is(one('SELECT address || listening || coalesce(fault, $$ no fault$$) FROM respond.gateway'), "${at}true no fault", 'respond.gateway shows it');
like(one(q{SELECT ok || message FROM respond.health() WHERE "check" = 'gateway'}), qr/^truethe gateway listens to \Q$at\E; open connections: \d+$/, 'and health()');
is(one(q{SELECT string_agg(concat_ws(' ', kind, database, lane, state, waiting_for), ', ' ORDER BY kind DESC, lane) FROM respond.worker WHERE kind IN ('listener', 'gateway')}),
	'listener idle the program of the gateway, gateway desk 1 idle requests, gateway desk 2 idle requests', 'respond.worker shows who works for it');
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'workers'}), 't', 'health() finds all workers');
my $answer = Gateway::request($at, 'GET', '/desk/nothing');
is($answer->{status}, 404, 'a path that nobody knows is not found');
is($answer->{headers}{'content-type'}, 'application/problem+json', 'and that is said in a problem document');
Respond::wait_for(sub { status('/nosuch/in/x') == 404 }, 'nor is a database that there is not');

# What the program has of the server.
my $program = Gateway::program_pid($node, 'desk');
is((slurp_stat($program))[1], listener_pid(), 'the program is a child of the listener');
SKIP:
{
	skip 'the program cannot be looked into', 2 unless -r "/proc/$program/environ" && defined readlink "/proc/$program/fd/3";
	is(slurp_file("/proc/$program/environ"), '', 'it has no environment');
	unlike(slurp_file("/proc/$program/maps"), qr{/dev/zero|/SYSV|/dev/shm/PostgreSQL|pg_respond\.so}, 'nor memory of the server');
}
is(join(' ', children(listener_pid())), $program, 'it is the only one');

# Killed, again and again; the worker that keeps it loses no descriptor.
my $offset = -s $node->logfile;
my $files = open_files(listener_pid());
for my $round (1 .. 4)
{
	my $before = Gateway::program_pid($node, 'desk');

	kill('KILL', $before);
	Respond::wait_for(sub { my $now = one('SELECT max(pid) FROM respond.gateway WHERE listening'); $now ne '' && $now ne $before });
	back("killed $round times, it is back") if $round == 1 || $round == 4;
}
ok(Respond::log_has($node, qr/program "pg_respond_gateway" ended and is started again: .*signal 9/, $offset), 'the log says how it ended');
is(scalar(grep { (slurp_stat($_))[0] eq 'Z' } children(listener_pid())), 0, 'no zombie is left');
is(open_files(listener_pid()), $files, 'the listener has as many open files as before');
is(one('SELECT max(starts) FROM respond.gateway'), '5', 'respond.gateway counts the starts');

# Requests leave nothing behind.
my $gateway = one(q{SELECT pid FROM respond.worker WHERE kind = 'gateway' AND lane = 1});
status('/desk/in/x') for 1 .. 20;
$files = open_files($gateway);
status('/desk/in/x') for 1 .. 200;
is(open_files($gateway), $files, 'two hundred requests leave no open file in the gateway');
is(one(qq{SELECT count(*) FROM pg_stat_activity WHERE pid = $gateway AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)}), '0', 'nor a transaction or a snapshot');
cmp_ok(one(q{SELECT sum(events) FROM respond.worker WHERE kind = 'gateway'}), '>=', 200, 'respond.worker counts them');

# Woken for nothing, they run no SQL.
Gateway::set($node, autovacuum => 'off');
Respond::create_extension($node, 'quiet');
Gateway::wait_ready($at, 'quiet');
my @woken = split /\n/, one(q{SELECT pid FROM respond.worker WHERE kind = 'listener' OR (kind = 'gateway' AND database = 'quiet')}, 'quiet');
my $transactions = sub { return one(q{SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'quiet'}) };
is(scalar(@woken), 3, 'a quiet database');
Respond::wait_for(sub { my $before = $transactions->(); Respond::beat($node); return $transactions->() == $before });
my $counted = $transactions->();
for (1 .. 60)
{
	kill('USR1', @woken);
	one('SELECT 1');
}
Respond::beat($node);
cmp_ok($transactions->() - $counted, '<', 20, 'sixty times woken, they have made no transactions');
$node->safe_psql('postgres', 'DROP DATABASE quiet');
Gateway::set($node, autovacuum => undef);

# Each worker is ended by others.
for my $kind ('listener', 'gateway')
{
	my $pid = one("SELECT min(pid) FROM respond.worker WHERE kind = '$kind'");

	one("SELECT pg_terminate_backend($pid)");
	Respond::wait_until($node, 'desk', "SELECT count(*) > 0 AND bool_and(pid IS DISTINCT FROM $pid AND state <> 'failed') FROM respond.worker WHERE kind = '$kind'");
	back("a $kind that is terminated comes back");
}
ok(!Respond::log_has($node, qr/(PANIC|crash of another server process)/, $offset), 'the rest of the server did not notice');

# More and fewer workers for REST.
Gateway::set($node, 'pg_respond.gateway_rest_workers' => 3);
Respond::wait_until($node, 'desk', q{SELECT count(*) = 4 AND bool_and(state = 'idle') FROM respond.worker WHERE kind = 'gateway'}, 'more workers for REST by a reload');
Gateway::set($node, 'pg_respond.gateway_rest_workers' => undef);
Respond::wait_until($node, 'desk', q{SELECT count(*) = 2 FROM respond.worker WHERE kind = 'gateway'}, 'and fewer');

# On hold.
one('SELECT respond.hold()');
Respond::wait_for(sub { status('/desk/v1/x') == 503 }, 'on hold, requests are refused');
$answer = Gateway::request($at, 'POST', '/desk/in/x', {}, '{}');
is($answer->{status}, 503, 'webhooks too');
like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'with a word when to try again');
one('SELECT respond.release()');
Respond::wait_for(sub { status('/desk/v1/x') != 503 }, 'after release() they are answered');

# Killed so that the server makes its memory anew.
for my $kind ('listener', 'gateway')
{
	my $before = Gateway::program_pid($node, 'desk');

	kill('KILL', one("SELECT min(pid) FROM respond.worker WHERE kind = '$kind'"));
	Respond::wait_for(sub { !-e "/proc/$before" }, "a $kind that is killed takes the program with it");
	back('after the recovery requests are answered again');
}

# The postmaster is killed: nothing of it stays.
my $last = Gateway::program_pid($node, 'desk');
$node->kill9;
Respond::wait_for(sub { !-e "/proc/$last" }, 'a killed postmaster leaves no program behind');
# until the children have gone, too, their shared memory is in use
Respond::wait_for(sub { $node->{_pid} = undef; $node->start(fail_ok => 1) });
back('and the next one listens to the same address');

# A fast shutdown ends it.
$last = Gateway::program_pid($node, 'desk');
$node->stop('fast');
Respond::wait_for(sub { !-e "/proc/$last" }, 'nor does a server that was stopped');
$node->start;
back('started again, it listens again');

# The extension, and databases, come and go.
one('DROP EXTENSION pg_respond');
Respond::wait_no_workers($node, 'desk', 'without the extension no gateway is in the database');
Respond::wait_for(sub { status('/desk/in/x') == 404 }, 'and it is not found');
one('CREATE EXTENSION pg_respond');
Gateway::wait_ready($at, 'desk', 'with it, they are answered again');
my $odd = "a b/c%41\xc3\xa4\"?";
Respond::create_extension($node, 'other');
$node->safe_psql('postgres', 'CREATE DATABASE "' . $odd =~ s/"/""/gr . '"');
$node->safe_psql($odd, 'CREATE EXTENSION pg_respond');
my $encoded = $odd =~ s/([^A-Za-z0-9])/sprintf('%%%02X', ord $1)/ger;
Respond::wait_for(sub { status("/$encoded/nothing") == 404 && Gateway::request($at, 'GET', "/$encoded/nothing")->{body} =~ /Not Found/ }, 'a database whose name must be percent-encoded');
Gateway::wait_ready($at, 'other', 'and a third one');
Gateway::set($node, 'pg_respond.gateway_database' => 'Other.example=other');
$node->safe_psql('other', 'SELECT respond.hold()');
Respond::wait_for(sub { Gateway::request($at, 'GET', '/v1/x', { Host => 'other.EXAMPLE:80' })->{body} =~ /on hold/ }, 'a host name leads to its database');
unlike(Gateway::request($at, 'GET', '/v1/x', { Host => 'another.example' })->{body}, qr/on hold/, 'and others do not');
my $busy = fork();
if ($busy == 0)
{
	Gateway::status($at, 'GET', '/other/v1/x') while getppid() != 1 && -e '/proc/' . getppid();
	POSIX::_exit(0);
}
Respond::is_quick('DROP DATABASE is not held up by requests', sub { $node->safe_psql('postgres', 'DROP DATABASE other') }, 20);
kill('KILL', $busy);
waitpid($busy, 0);
Respond::wait_for(sub { status('/other/in/x') == 404 && Gateway::status($at, 'GET', '/in/x', { Host => 'other.example' }) == 404 }, 'a dropped database is not found, by its name or its host');
$node->safe_psql('postgres', "ALTER DATABASE desk RENAME TO table_desk");
Respond::wait_for(sub { status('/desk/in/x') == 404 && Gateway::request($at, 'GET', '/table_desk/nothing')->{body} =~ /Not Found/ }, 'a renamed one is found by its new name alone');
$node->safe_psql('postgres', "ALTER DATABASE table_desk RENAME TO desk");
Gateway::wait_ready($at, 'desk');
back('the others go on');

# A new program knows at once which databases there are, before it meets their workers.
my @frozen = split /\n/, one(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_respond gateway'});
kill('STOP', @frozen);
$last = Gateway::program_pid($node, 'desk');
kill('KILL', $last);
Respond::wait_until($node, 'desk', "SELECT coalesce(bool_and(listening AND pid <> $last), false) FROM respond.gateway");
is(status('/nosuch/in/x'), 404, 'a database that there is not is not found');
is(status('/desk/in/x') . ' ' . status("/$encoded/in/x"), '503 503', 'those that there are will answer later');
kill('CONT', @frozen);
back('and do');

# One whose extension is of another version than the library does not answer, but is not gone.
$node->safe_psql($odd, q{UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'pg_respond'});
$node->restart;
back('in the others nothing changes');
Respond::wait_for(sub { status('/nosuch/in/x') == 404 }, 'all databases were looked at');
is(status("/$encoded/in/x"), 503, 'a database that is to be updated will answer later');

# Off again.
$last = Gateway::program_pid($node, 'desk');
Gateway::listen_to($node);
Respond::wait_until($node, 'desk', q{SELECT count(*) = 0 FROM respond.worker WHERE kind IN ('listener', 'gateway')}, 'without addresses there are no workers');
Respond::wait_for(sub { !-e "/proc/$last" && !defined Gateway::connect($at) }, 'and nothing listens');
is(one('SELECT count(*) FROM respond.gateway'), '0', 'respond.gateway is empty');
$node->stop;
done_testing();
