# The program that meets callers, without a server: how it starts and ends, and how requests reach the workers of a database.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Program;
use Respond;

my $program = Program::start();
my $address = $program->{listen}[0];

is($program->{hello}{kind}, 'welcome', 'the program greets who started it');
is($program->{last_state}{fault}{$address}, '', 'it listens where it was told to');
my $caller = $program->caller;
my $answer = $caller->ask("GET /desk/in/x HTTP/1.1\r\nHost: h\r\n\r\n");
is($answer->{status}, 503, 'a database whose worker may still come: not at the moment');
is($answer->{fields}{'retry-after'}, 1, 'and when to try again');

my $worker = $program->worker('desk');
is($worker->{hello}{kind}, 'welcome', 'it greets a worker');
$caller->send("POST /desk/in/x?a=b HTTP/1.1\r\nHost: H.example:80\r\nContent-Length: 5\r\nX-Y: \xe4 z \r\n\r\nhello");
my $request = $worker->request;
my $id = delete $request->{id};
is_deeply($request, {
	method => 'POST', path => '/in/x', query => 'a=b', target => '/desk/in/x?a=b', host => 'h.example:80', secure => 0,
	peer => '127.0.0.1', flaw => 0, body => 'hello',
	fields => [ [ 'host', 'H.example:80' ], [ 'content-length', '5' ], [ 'x-y', "\xe4 z" ] ] }, 'a worker gets the request');
$worker->reply($id, 202, "Content-Type: text/plain\r\nX-A: b\r\n", 'taken');
$answer = $caller->answer;
like($answer->{head}, qr{^HTTP/1.1 202 Accepted\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nContent-Type: text/plain\r\nX-A: b\r\nContent-Length: 5\r\n\r\n\z},
	'the caller gets the answer');
is($answer->{body}, 'taken', 'and its body');

# Callers of all kinds come and go: what they took is given back.
sub get { return "GET $_[0] HTTP/1.1\r\nHost: h\r\n\r\n"; }

my $echo = $program->echo('echo');
Respond::wait_for(sub { $program->caller->ask(get('/echo/'))->{status} eq '200' });
my @kinds = (
	sub { $_[0]->ask(get('/echo/')); },
	sub { $_[0]->ask("POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" . 'x' x 50000); },
	sub { $_[0]->send("GET /echo/ HT"); },
	sub { $_[0]->send("POST /echo/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n" . 'x' x 5000); },
	sub { $_[0]->send(get('/echo/') x 20); $_[0]->answer; },
	sub { $_[0]->send("nonsense\r\n\r\n"); $_[0]->finish_sending; $_[0]->answer; },
	sub { },
	sub { $_[0]->send(get('/echo/')); setsockopt($_[0]{socket}, Socket::SOL_SOCKET, Socket::SO_LINGER, pack('II', 1, 0)); });

sub visit
{
	my ($count) = @_;

	for my $i (1 .. $count)
	{
		my $visitor = $program->caller;

		$kinds[$i % @kinds]->($visitor);
		$visitor->close;
	}
	return;
}

$caller->close;
$program->state(sub { $_[0]{connections} == 0 });
my $descriptors = $program->descriptors;
visit(1000);
Respond::wait_for(sub { $program->descriptors == $descriptors });
my $memory = $program->memory;
visit(10000);
Respond::wait_for(sub { $program->descriptors == $descriptors });
pass('10,000 callers leave no descriptor');
cmp_ok($program->memory, '<', $memory + 1024, 'and no memory');

# Workers are killed while callers are there: each request is answered, with what a worker said or that it is to be sent again.
my %statuses;
for my $round (1 .. 20)
{
	my @callers = map { $program->caller } 1 .. 20;

	$_->send(get("/echo/$round")) for @callers;
	kill 'KILL', $echo;
	waitpid($echo, 0);
	$statuses{ $_->answer->{status} }++ for @callers;
	$echo = $program->echo('echo');
	Respond::wait_for(sub { $program->caller->ask(get('/echo/'))->{status} eq '200' });
}
is($statuses{503} + ($statuses{200} || 0), 400, 'requests of workers that are killed are answered') or diag(explain(\%statuses));
kill 'STOP', $echo;
my @stuck = map { $program->caller } 1 .. 50;
$_->send(get('/echo/')) for @stuck;
$caller = $program->caller;
$caller->send(get('/desk/'));
$worker->reply($worker->request->{id}, 200, '', '');
is($caller->answer->{status}, 200, 'a worker that stands still holds up no other database');
kill 'CONT', $echo;
is(scalar(grep { $_->answer->{status} eq '200' } @stuck), 50, 'and answers when it goes on');

# Which databases there are: those that were named, and those whose workers came.
sub word { return $program->caller->ask(get($_[0]))->{status}; }
is(word('/gone/'), 503, 'nobody has said which databases there are');
$program->databases(0, 'gone', 'later');
is(word('/none/'), 503, 'nor whether those are all');
$program->databases(1, 'gone', 'later');
Respond::wait_for(sub { word('/none/') eq '404' }, 'of those that are not among all, it is known that they are not there');
is(word('/later/') . word('/gone/'), '503503', 'of the others, that their workers may come');
is(word('/echo/'), 200, 'one whose worker came before it was named is there');
is(word('/metrics'), 200, 'metrics of the cluster are those of any');
my $gone = $program->echo('gone');
Respond::wait_for(sub { word('/gone/') eq '200' });
$program->databases(1, 'later');
is(word('/gone/'), 200, 'what is not named any more is there as long as its worker');
kill 'KILL', $gone;
waitpid($gone, 0);
Respond::wait_for(sub { word('/gone/') eq '404' }, 'and then it is gone');
$program->databases(1, 'gone', 'later');
Respond::wait_for(sub { word('/gone/') eq '503' }, 'until it is named again');
$program->databases(1, 'echo', 'desk');

# More than the worker takes: bounded, and refused with a time to come again.
kill 'STOP', $echo;
my $body = 'y' x 60000;
@stuck = map { $program->caller } 1 .. 300;
$_->send("POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n$body") for @stuck;
$caller->send(get('/desk/'));
$worker->reply($worker->request->{id}, 200, '', '');
is($caller->answer->{status}, 200, 'many that wait hold up no other database');
cmp_ok($program->memory, '<', $memory + 300 * 140, 'and take what they sent, no more');
kill 'CONT', $echo;
is(scalar(grep { $_->answer->{status} eq '200' } @stuck), 300, 'they are answered in their turn');
$_->close for @stuck, $caller;
is($program->stop, 0, 'the program ends well');
waitpid($echo, 0);
done_testing();
