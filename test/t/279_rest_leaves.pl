# Callers of the REST interface that leave: their statements end, nothing else does, and an Idempotency-Key stays right.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Rest;

my $node = Respond::node('main', start => 0, fsync => 'off');
my $rest = Rest::start($node, 'pg_respond.gateway_rest_workers' => 1, 'pg_respond.gateway_statement_timeout' => '1h');
my $db = 'postgres';
my $at = "127.0.0.1:$rest->{port}";

sub one { return $node->safe_psql($db, shift) }

Respond::create_extension($node, $db);
one(q{CREATE ROLE boss LOGIN IN ROLE respond_admin});
my $token = Rest::token($node, $db, 'boss', 'boss');
my %token = (Authorization => "Bearer $token", 'Content-Type' => 'application/json');
$rest->ready($db);
my $pid = one(q{SELECT pid FROM respond.worker WHERE kind = 'gateway' AND lane = 2});

# asks(text, how): a caller sends it, waits until its statement waits for a lock, and leaves.
sub asks
{
	my ($text, $how) = @_;
	my $caller = Gateway::connect($at);

	Gateway::send_all($caller, $text);
	Respond::wait_until($node, $db, "SELECT coalesce(wait_event_type = 'Lock', false) FROM pg_stat_activity WHERE pid = $pid");
	setsockopt($caller, Socket::SOL_SOCKET, Socket::SO_LINGER, pack('II', 1, 0)) if $how eq 'reset';
	close($caller);
	return;
}

sub is_free { return Respond::wait_until($node, $db, "SELECT state = 'idle' FROM respond.worker WHERE pid = $pid", $_[0]) }

my $admin = Respond::session($node, $db);
my $log = -s $node->logfile;
$admin->query_safe('BEGIN; LOCK TABLE respond.ticket');
my $get = Gateway::text('GET', "/$db/v1/tickets", \%token);
for my $how ('reset', 'close')
{
	asks($get, $how);
	is_free("$how: the statement of a caller that has left ends");
}
is($rest->ask(GET => "/$db/v1/runs", token => $token)->{status}, 200, 'the lane takes the next request');

# The next one is never hit: it waits behind one that leaves.
my %statuses;
for my $round (1 .. 30)
{
	my $next = fork();

	if ($next == 0)
	{
		my $status = Gateway::status($at, 'GET', "/$db/v1/runs", \%token);

		POSIX::_exit($status == 200 ? 0 : 1);
	}
	my $caller = Gateway::connect($at);
	Gateway::send_all($caller, $get);
	setsockopt($caller, Socket::SOL_SOCKET, Socket::SO_LINGER, pack('II', 1, 0));
	select(undef, undef, undef, $round / 200);
	close($caller);
	waitpid($next, 0);
	$statuses{$?}++;
}
is($statuses{0}, 30, 'requests behind those of callers that leave are answered');

# A change that was not finished is undone, with its key.
my $body = '{"subject": "once"}';
my %key = (%token, 'Idempotency-Key' => 'once');
asks(Gateway::text('POST', "/$db/v1/tickets", \%key, $body), 'reset');
is_free('so does one that changes something');
$admin->query_safe('ROLLBACK');
is(one('SELECT count(*) FROM respond.ticket'), '0', 'nothing of it is left');
my $answer = Gateway::request($at, 'POST', "/$db/v1/tickets", \%key, $body);
is($answer->{status}, 201, 'sent again with its key, it is done');
is($answer->{headers}{'idempotency-replayed'}, undef, 'for the first time');
is(Gateway::request($at, 'POST', "/$db/v1/tickets", \%key, $body)->{headers}{'idempotency-replayed'}, 'true', 'and a third time it is answered as before');

# Callers that leave at any moment: each ticket is there once.
for my $round (1 .. 40)
{
	my $caller = Gateway::connect($at);
	my %round = (%token, 'Idempotency-Key' => "round $round");

	Gateway::send_all($caller, Gateway::text('POST', "/$db/v1/tickets", \%round, qq({"subject": "round $round"})));
	setsockopt($caller, Socket::SOL_SOCKET, Socket::SO_LINGER, pack('II', 1, 0));
	select(undef, undef, undef, $round / 4000);
	close($caller);
	Respond::wait_for(sub { Gateway::status($at, 'POST', "/$db/v1/tickets", \%round, qq({"subject": "round $round"})) == 201 });
}
is(one(q{SELECT count(*), count(DISTINCT subject) FROM respond.ticket WHERE subject LIKE 'round %'}), '40|40', 'whenever a caller leaves, the same request with its key acts once');

$admin->quit;
ok(!Respond::log_has($node, qr/request "[^"]*" was answered with 503/, $log), 'the log does not tell of callers that leave');
$rest->check_seen($db);
$node->stop;
done_testing();
