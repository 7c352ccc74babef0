# Nothing that was answered with 2xx is lost, and nothing is recorded twice: clients that send until they are answered, while programs, workers and
# the server are killed; one id sent many times at once; a synchronous standby that does not confirm; a disk that is full.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use Digest::SHA qw(hmac_sha256_hex);
use File::Temp ();
use POSIX ();
use Time::HiRes qw(usleep);

my $CLIENTS = 4;
my $EACH = 120;
my $secret = 'ledger-secret';
my $dir = File::Temp->newdir;

open(my $file, '>', "$dir/respond.key") or die;
print $file '0123456789abcdef' x 4, "\n";
close($file);
chmod(0600, "$dir/respond.key");
my $node = Respond::node('ledger', init => [ allows_streaming => 1 ], 'pg_respond.secret_key_file' => "$dir/respond.key", restart_after_crash => 'on', max_connections => 40, synchronous_commit => 'off');
Respond::create_extension($node, 'desk');
my $at = Gateway::open($node);
Gateway::wait_ready($at, 'desk', 'the gateway answers');
$node->safe_psql('desk', "INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('in', 'github', '$secret')");

sub one { return $node->safe_psql('desk', $_[0]); }

sub post
{
	my ($id) = @_;
	my $body = qq({"id": "$id"});

	return Gateway::request($at, 'POST', '/desk/in/in', { 'X-GitHub-Event' => 'sent', 'X-GitHub-Delivery' => $id, 'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex($body, $secret) }, $body);
}

# clients(function): each in a process of its own; returns the processes.
sub clients
{
	my ($count, $function) = @_;
	my @processes;

	for my $n (1 .. $count)
	{
		my $pid = fork();

		die 'fork' unless defined $pid;
		if ($pid == 0)
		{
			$function->($n);
			POSIX::_exit(0);
		}
		push @processes, $pid;
	}
	return @processes;
}

# --- one id, many times at once
my @at_once = clients(20, sub {
	my ($n) = @_;
	open(my $out, '>', "$dir/once.$n") or POSIX::_exit(1);
	for (1 .. 5) { my $answer = post('same'); print $out "$answer->{status} $answer->{body}\n"; }
	close($out);
});
waitpid($_, 0) for @at_once;
my @answers = map { split /\n/, slurp_file("$dir/once.$_") } 1 .. 20;
is(scalar(@answers), 100, 'one id, a hundred times');
is(scalar(grep { /^200 / } @answers), 100, 'each is taken');
is(scalar(grep { /"duplicate": false/ } @answers), 1, 'one of them is new');
is(one(q{SELECT count(*) FROM respond.event WHERE key = 'same'}), 1, 'and there is one event');

# --- kills
my @processes = clients($CLIENTS, sub {
	my ($n) = @_;
	open(my $out, '>', "$dir/ledger.$n") or POSIX::_exit(1);
	$out->autoflush(1);
	for my $i (1 .. $EACH)
	{
		my $status = 0;

		until (($status = post("c$n/$i")->{status}) == 200)
		{
			print $out "odd $status\n" if $status != 0 && $status != 503;
			usleep(20_000);
		}
		print $out "sent c$n/$i\n";
		usleep(10_000);
	}
	close($out);
});
sub sent { return scalar(map { -e "$dir/ledger.$_" ? grep { /^sent/ } split /\n/, slurp_file("$dir/ledger.$_") : () } 1 .. $CLIENTS); }
sub after { my ($count) = @_; Respond::wait_for(sub { return sent() >= $count }, "$count are sent"); return; }

after(20);
kill('KILL', Gateway::program_pid($node, 'desk'));
after(80);
kill('KILL', one(q{SELECT pid FROM respond.worker WHERE kind = 'gateway' AND coalesce(lane, 1) = 1}));
Respond::wait_until($node, 'desk', 'SELECT true', 'the server is back');
after(160);
$node->stop('immediate');
$node->start;
after(240);
kill('TERM', one(q{SELECT pid FROM respond.worker WHERE kind = 'gateway' AND coalesce(lane, 1) = 1}));
after(300);
$node->stop('immediate');
$node->start;
waitpid($_, 0) for @processes;
is(sent(), $CLIENTS * $EACH, 'every client was answered for every id');
is(join(' ', map { grep { /^odd/ } split /\n/, slurp_file("$dir/ledger.$_") } 1 .. $CLIENTS), '', 'and never otherwise but to come again');
is(one(q{SELECT count(*) || ' ' || count(DISTINCT key) FROM respond.event WHERE key LIKE 'c%'}), join(' ', ($CLIENTS * $EACH) x 2), 'one event for each');

# --- what was answered is on disk, though nothing else waits for that
my $last = 'before-the-end';
Respond::wait_for(sub { return post($last)->{status} == 200 }, 'an event');
$node->stop('immediate');
$node->start;
is(one("SELECT count(*) FROM respond.event WHERE key = '$last'"), 1, 'is there after a crash at once');

# --- a synchronous standby that is not there: no promise is made
Gateway::wait_ready($at, 'desk', 'the gateway answers again');
Gateway::set($node, synchronous_standby_names => 'nobody');
Respond::wait_until($node, 'postgres', q{SELECT current_setting('synchronous_standby_names') = 'nobody'}, 'a standby is asked for that is not there');
my $answer;
Respond::wait_for(sub { $answer = post('unconfirmed-' . int(rand(1e9))); return $answer->{status} == 503 }, 'what it does not confirm may come again');
ok($answer->{headers}{'retry-after'} > 0, 'and is told when');
Gateway::set($node, synchronous_standby_names => undef);
Respond::wait_for(sub { return post('confirmed')->{status} == 200 }, 'without it, events are taken');

# --- a prepared transaction and a lock do not lose anything either
my $holder = Respond::session($node, 'desk');
$holder->query_safe('BEGIN; LOCK TABLE respond.inbound_reject');
$answer = post('beside-a-lock');
is($answer->{status}, 200, 'a lock on the table of refusals keeps no event away');
is(Gateway::request($at, 'POST', '/desk/in/in', {}, '{}')->{status} =~ /^(401|503)$/ ? 'refused' : '', 'refused', 'what is refused is refused');
$holder->query_safe('ROLLBACK');
$holder->quit;

# --- somebody else's triggers and policies on the log are in nobody's way
one(q{CREATE FUNCTION public.harm() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'harm'; END$$;
	CREATE TRIGGER harm BEFORE INSERT ON respond.event FOR EACH ROW EXECUTE FUNCTION public.harm();});
$answer = post('with-a-trigger');
like($answer->{status}, qr/^(200|503)$/, 'a foreign trigger: taken, or not now, as the manifest has it');
one('DROP TRIGGER harm ON respond.event');
Respond::wait_for(sub { return post('with-a-trigger')->{status} == 200 }, 'without it taken');
is(one(q{SELECT count(*) FROM respond.event WHERE key = 'with-a-trigger'}), 1, 'once');

done_testing();
