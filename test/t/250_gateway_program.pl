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
done_testing();
