# A program in the place of the gateway's that does what it may not do: the server lives on, says what happened, and
# is well again once the right program is there.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

my ($install, $library) = Gateway::private_install('hostile');
my $program = "$library/pg_respond_gateway";
my $node = PostgreSQL::Test::Cluster->new('gate', install_path => $install);
my $db = 'desk';

$node->init;
Respond::configure($node, shared_preload_libraries => 'pg_respond', max_worker_processes => 20, log_min_messages => 'info');
$node->start;
Respond::create_extension($node, $db);
my $version = $node->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'pg_respond'});
my $right = slurp_file($program);
my $wrong = slurp_file("$FindBin::RealBin/../stub/hostile_program.py");

sub one { return $node->safe_psql($db, shift) }

# put(bytes): the file is another one now, without touching the one that others have by other names.
sub put
{
	my ($bytes) = @_;

	open(my $file, '>', "$program.new") or die;
	binmode $file;
	print $file $bytes;
	close $file;
	chmod 0755, "$program.new";
	rename("$program.new", $program) or die;
	return;
}

# hostile(way): the program of that way runs instead of the one that did, under a listener that has not waited for any.
sub hostile
{
	my ($way) = @_;

	put($wrong =~ s/^WAY = .*$/WAY = "$way"/mr =~ s/^VERSION = .*$/VERSION = "$version"/mr);
	anew();
	return;
}

sub anew
{
	my $listener = one(q{SELECT pid FROM respond.worker WHERE kind = 'listener'});

	one("SELECT pg_terminate_backend($listener)") if $listener ne '';
	Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.worker WHERE kind = 'listener' AND pid <> " . ($listener || 0) . q{ AND state = 'idle'});
	return;
}

my $at = Gateway::open($node);
Gateway::wait_ready($at, $db, 'the right program answers');
my $begin = -s $node->logfile;

# Each way, and the words for it.
my %ways = (
	'rubbish' => 'It sent what is no frame',
	'huge' => 'It sent what is no frame',
	'no kind' => 'It sent what is no frame',
	'a request' => 'It sent a frame that it may not send',
	'another version' => 'It is of another version than the library',
	'refuses' => 'It is of another version than the library',
	'state first' => 'It sent a frame that it may not send',
	'welcome twice' => 'It sent a frame that it may not send',
	'many addresses' => 'It sent a frame that it may not send',
	'short state' => 'It sent a frame that it may not send',
	'closes' => 'It closed the connection to its worker',
	'silent' => 'It did not answer its worker for 10 seconds',
	(map { ("worker: $_" => 'It sent a worker what is no frame, or a frame that it may not send') }
		'rubbish', 'no greeting', 'answer', 'long', 'lies', 'path', 'flaw', 'fields', 'more', 'secure'));

for my $way (sort keys %ways)
{
	my $offset = -s $node->logfile;

	hostile($way);
	Respond::wait_for(sub { Respond::log_has($node, qr/\Q$ways{$way}\E/, $offset) }, "a program that does this is ended: $way");
}
Respond::wait_until($node, $db, q{SELECT NOT ok AND message ~ 'does not listen to' FROM respond.health() WHERE "check" = 'gateway'}, 'health() says that nothing is listened to');
put($right);
anew();
Gateway::wait_ready($at, $db, 'with the right program all is well again');
Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'gateway'}, 'and health() says so');

# One that ends at once, and says why.
my $offset = -s $node->logfile;
hostile('exits');
Respond::wait_for(sub { Respond::log_has($node, qr/"pg_respond_gateway" ended and is started again: child process exited with exit code 3: this is why/, $offset) },
	'how a program ended, and its last words, are in the log');
Respond::wait_until($node, $db, q{SELECT bool_and(fault ~ 'exit code 3') FROM respond.gateway}, 'and in respond.gateway');
Respond::wait_until($node, $db, q{SELECT max(starts) > 5 FROM respond.gateway});
unlink $program;
Respond::wait_for(sub { Respond::log_has($node, qr/"pg_respond_gateway" ended .*could not execute it: No such file or directory/, $offset) }, 'a program that is missing is told of');
put($right);
anew();
Gateway::wait_ready($at, $db, 'once it is there, it is started');

# One that hears nothing.
hostile('deaf');
Respond::create_extension($node, 'other');
Respond::wait_until($node, 'other', q{SELECT count(*) = 2 FROM respond.worker WHERE kind = 'gateway' AND state = 'idle'});
Respond::is_quick('a program that hears nothing does not hold up DROP DATABASE', sub { $node->safe_psql('postgres', 'DROP DATABASE other') }, 20);

# One that asks and asks and takes no answer.
hostile('flood');
my $gateway;
Respond::wait_for(sub { $gateway = one(q{SELECT pid FROM respond.worker WHERE kind = 'gateway' AND events > 2000 LIMIT 1}) });
my ($answered, $same) = (0, 0);
Respond::wait_for(sub {
	my $now = one("SELECT events FROM respond.worker WHERE pid = $gateway");

	$same = $now == $answered ? $same + 1 : 0;
	$answered = $now;
	return $same > 20;
}, 'a program that takes no answers is not asked for more requests');
my ($memory) = slurp_file("/proc/$gateway/status") =~ /^RssAnon:\s+(\d+) kB/m;
# 32 MB of small answers, each with a block of memory of its own
cmp_ok($memory, '<', 400_000, "and its worker keeps a bounded memory");
is(one('SELECT count(*) FROM respond.worker WHERE failures > 0'), '0', 'no worker has failed');
put($right);
anew();
Gateway::wait_ready($at, $db, 'after that, too, the right program is answered');
ok(!Respond::log_has($node, qr/(PANIC|terminated by signal 11|crash of another server process)/, $begin), 'nothing of this crashed the server');
$node->stop;
done_testing();
