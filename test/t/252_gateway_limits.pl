# Limits of the program, how connections end, and workers that come and go.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Program;
use Respond;

my $program = Program::start(max_connections => 30, max_of_address => 20);
my $worker = $program->worker('desk');

# request(path, field...): of a body, when it is given as the last one.
sub get { return join('', "GET $_[0] HTTP/1.1\r\nHost: h\r\n", (map { "$_\r\n" } @_[1 .. $#_]), "\r\n"); }

sub post
{
	my ($path, $body, @fields) = @_;

	return join('', "POST $path HTTP/1.1\r\nHost: h\r\n", (map { "$_\r\n" } @fields), 'Content-Length: ' . length($body) . "\r\n\r\n$body");
}

# A refusal says why in one sentence, and the connection ends.
sub is_refused
{
	my ($caller, $status, $why, $name) = @_;
	my $answer = $caller->answer || {};

	is($answer->{status}, $status, $name);
	is($answer->{fields}{'content-type'}, 'application/problem+json', "$name: as a problem document");
	like($answer->{body}, $why, "$name: says why");
	is($answer->{fields}{connection}, 'close', "$name: and that it ends");
	ok($caller->is_closed, "$name: it ends");
	return;
}

sub answers_with
{
	my ($caller, $status, $name) = @_;
	my $request = $worker->request;

	$worker->reply($request->{id}, $status, '', "to $request->{path}");
	my $answer = $caller->answer;
	is("$answer->{status} $answer->{body}", "$status to $request->{path}", $name);
	return $request;
}

# Several requests on one connection, also before the first is answered.
my $caller = $program->caller;
$caller->send(get('/desk/1') . post('/desk/2', 'abc') . get('/desk/3'));
for my $i (1 .. 3)
{
	answers_with($caller, 200, "request $i of a connection");
	is($worker->read_frame(0.05), undef, 'one after the other') if $i == 3;
}

# Limits of a head and a body.
for my $case ([ 431, get('/desk/', 'X: ' . 'x' x 16384), qr/too large/, 'a large head' ],
	[ 431, get('/desk/', ('X: y') x 101), qr/too many/, 'many fields' ],
	[ 414, get('/' . 'x' x 8192), qr/too long/, 'a long target' ],
	[ 405, "TRACE /desk/ HTTP/1.1\r\nHost: h\r\n\r\n", qr/TRACE/, 'TRACE' ],
	[ 505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n", qr/version/, 'another version' ],
	[ 417, get('/desk/', 'Expect: more'), qr/expectation/, 'another expectation' ],
	[ 400, get('/desk/', 'Content-Length: 1', 'Transfer-Encoding: chunked'), qr/Content-Length/, 'two lengths' ])
{
	my ($status, $bytes, $why, $name) = @$case;

	$caller = $program->caller;
	$caller->send($bytes);
	is_refused($caller, $status, $why, $name);
}
like($program->caller->ask("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n")->{fields}{allow}, qr/POST/, '405 names what is allowed');

$worker->limits(100, '/in/large' => 300, '/in/large/small' => 10, '/in/none' => 0);
$program->caller->ask(get('/other'));	# the limits are read before the answer to this
for my $case ([ '/in/x', 100 ], [ '/in/large', 300 ], [ '/in/large/more', 300 ], [ '/in/larger', 100 ], [ '/in/large/small', 10 ], [ '/in/none', 0 ])
{
	my ($path, $limit) = @$case;

	for my $chunked (0, 1)
	{
		my $how = $chunked ? 'in chunks' : 'at once';

		for my $length ($limit, $limit + 1)
		{
			my $body = 'b' x $length;
			my $chunks = join('', map { sprintf("%x\r\n%s\r\n", length($_), $_) } $body =~ /(.{1,50})/g) . "0\r\n\r\n";

			$caller = $program->caller;
			$caller->send($chunked ? "POST /desk$path HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n$chunks" : post("/desk$path", $body));
			my $request = $worker->request;
			is($request->{flaw} . length($request->{body}), $length > $limit ? '10' : "0$limit", "$path: $length bytes $how");
			$worker->reply($request->{id}, $length > $limit ? 413 : 200, '', '');
			my $answer = $caller->answer;
			is($answer->{fields}{connection} || '', $length > $limit ? 'close' : '', "$path: $length bytes $how: and then");
		}
	}
}
$worker->limits(1 << 20);

# Expect: 100-continue.
$caller = $program->caller;
$caller->send("POST /desk/e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
is($caller->head->{status}, 100, 'who expects to be told to go on is told so');
$caller->send('hello');
is(answers_with($caller, 200, 'and is answered')->{body}, 'hello', 'with its body');
$caller->send("POST /desk/e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
my $request = $worker->request;
is($request->{flaw}, 1, 'a body that is too large is not waited for');
$worker->reply($request->{id}, 413, '', '');
is($caller->answer->{status}, 413, 'and not asked for');

# An early answer arrives although the caller sends on.
$caller = $program->caller;
$caller->send("POST /desk/e HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n");
$request = $worker->request;
$caller->send('x' x 1000000);
$worker->reply($request->{id}, 413, '', 'no');
ok($caller->send('x' x 1000000), 'a caller may go on sending behind an early answer');
is($caller->answer->{body}, 'no', 'and reads it');

# HEAD, OPTIONS, HTTP/1.0, statuses without a body.
$caller = $program->caller;
$caller->send("HEAD /desk/ HTTP/1.1\r\nHost: h\r\n\r\n");
$request = $worker->request;
is($request->{method}, 'HEAD', 'HEAD reaches the worker');
$worker->reply($request->{id}, 200, '', 'a body');
is($caller->head->{fields}{'content-length'}, 6, 'its answer has the length');
$caller->send("OPTIONS /desk/ HTTP/1.1\r\nHost: h\r\n\r\n");
is(answers_with($caller, 200, 'and no body, and OPTIONS is answered')->{method}, 'OPTIONS', 'by the worker');
is($caller->ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")->{status}, 204, 'that of no path by the program');
$caller->send(get('/desk/'));
$worker->reply($worker->request->{id}, 204, "X: y\r\n", '');
unlike($caller->answer->{head}, qr/content-length/i, '204 has no length');
$caller->send("GET /desk/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
$worker->reply($worker->request->{id}, 200, '', 'x');
is($caller->answer->{fields}{connection}, 'keep-alive', 'HTTP/1.0 goes on when it asks for it');
$caller->send("GET /desk/ HTTP/1.0\r\n\r\n");
$worker->reply($worker->request->{id}, 200, '', 'x');
is($caller->answer->{fields}{connection}, 'close', 'else it ends');
ok($caller->is_closed, 'and is closed');

# Half-closed, and closed.
$caller = $program->caller;
$caller->send(get('/desk/half'));
$caller->finish_sending;
answers_with($caller, 200, 'who sends no more is still answered');
ok($caller->is_closed, 'and then it ends');
$caller = $program->caller;
$caller->send("POST /desk/ HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
$caller->finish_sending;
is_refused($caller, 400, qr/body ends before its end/, 'a body that ends early');
$caller = $program->caller;
$caller->send(get('/desk/gone'));
$request = $worker->request;
setsockopt($caller->{socket}, Socket::SOL_SOCKET, Socket::SO_LINGER, pack('II', 1, 0));
$caller->close;
my $gone = $worker->read_frame;
is("$gone->{kind} $gone->{request}", "gone $request->{id}", 'who leaves is told of');
$worker->reply($request->{id}, 200, '', 'too late');
$worker->reply(12345, 200, '', 'to nobody');

# Answers that are none.
for my $case ([ 'a field that ends the head', 200, "A: b\r\n\r\n", '' ], [ 'a length', 200, "Content-Length: 5\r\n", '' ],
	[ 'a status', 99, '', '' ], [ 'no field', 200, 'nonsense', '' ], [ 'a body of 304', 304, '', 'body' ])
{
	my ($name, $status, $fields, $body) = @$case;

	$caller = $program->caller;
	$caller->send(get('/desk/'));
	$worker->reply($worker->request->{id}, $status, $fields, $body);
	is($caller->answer->{status}, 503, "an answer that cannot be sent: $name");
}

# Workers of REST have one request at a time; others are not held up.
my $rest = $program->worker('desk', lane => 1);
my @waiting = map { $program->caller } 1 .. 3;
$_->send(get('/desk/v1/tickets')) for @waiting;
my $first = $rest->request;
is($rest->read_frame(0.05), undef, 'a lane of REST has one request');
my $second = $program->worker('desk', lane => 2);
my $other = $second->request;
isnt($other->{id}, $first->{id}, 'another lane takes the next one');
$caller = $program->caller;
$caller->send(get('/desk/v1/stream'));
answers_with($caller, 404, 'a stream is not for them');
$second->reply($other->{id}, 200, '', '');
my $third = $second->request;
ok($third->{id} != $other->{id}, 'who is free takes what waits');
$second->reply($third->{id}, 200, '', '');
$waiting[1]->answer;
$waiting[2]->answer;
setsockopt($waiting[0]{socket}, Socket::SOL_SOCKET, Socket::SO_LINGER, pack('II', 1, 0));
$waiting[0]->close;
my $news = $rest->read_frame;
is("$news->{kind} $news->{request}", "gone $first->{id}", 'the worker hears that its caller has left');
@waiting = map { $program->caller } 1 .. 2;
$waiting[0]->send(get('/desk/v1/a'));
my $held = $second->request;
$waiting[1]->send(get('/desk/v1/b'));
is($rest->read_frame(0.05), undef, 'one that works for somebody who left is not free');
$rest->reply($first->{id}, 200, '', '');
$request = $rest->request;
is($request->{path}, '/v1/b', 'until it has answered');
$rest->reply($request->{id}, 200, '', '');
$waiting[1]->answer;
$caller = $program->caller;
$caller->send(get('/desk/v1/c'));
$caller->finish_sending;
$request = $rest->request;
$rest->reply($request->{id}, 200, '', 'read');
is($caller->answer->{body}, 'read', 'a caller that has closed its side gets an answer that comes soon');
$caller = $program->caller;
$caller->send(get('/desk/v1/d'));
$request = $rest->request;
$caller->finish_sending;
$news = $rest->read_frame;
is("$news->{kind} $news->{request}", "gone $request->{id}", 'if it does not, the caller has left');
$rest->reply($request->{id}, 200, '', '');
$caller = $program->caller;
$caller->send(get('/desk/in/e'));
$caller->finish_sending;
$request = $worker->request;
is($worker->read_frame(4), undef, 'a webhook is recorded for whoever has closed his side');
$worker->reply($request->{id}, 200, '', 'taken');
is($caller->answer->{body}, 'taken', 'and answered');
$second->reply($held->{id}, 200, '', '');

# Two workers share what comes; one that dies takes its requests with it.
my $twin = $program->worker('desk');
my @callers = map { $program->caller } 1 .. 4;
$_->send(get('/desk/shared')) for @callers;
my @taken = map { $_->request, $_->request } $worker, $twin;
is(scalar(@taken), 4, 'two workers of a database share its requests');
$twin->close;
$worker->reply($_->{id}, 200, '', '') for @taken[0, 1];
my %statuses;
for (@callers)
{
	my $answer = $_->answer;

	$statuses{ $answer->{status} }++;
	next unless $answer->{status} == 503;
	is($answer->{fields}{'retry-after'}, 1, 'who lost a worker may come again');
	unlike($answer->{body}, qr/not recorded|rejected/, 'and is not told that nothing happened');
}
is_deeply(\%statuses, { 200 => 2, 503 => 2 }, 'the requests of a dead worker are answered');
$callers[0]->send(get('/desk/again'));
answers_with($callers[0], 200, 'others go on');
$_->close for @callers, @waiting, $caller;

# By host, and in odd paths.
my $named = $program->worker('other db/%', hosts => [ 'Desk.Example', 'second.example' ]);
for my $case ([ "GET /a/b HTTP/1.1\r\nHost: desk.example:8330\r\n\r\n", '/a/b' ], [ "GET / HTTP/1.1\r\nHost: SECOND.example\r\n\r\n", '/' ],
	[ get('/other%20db%2f%25/in'), '/in' ], [ get('/other%20db%2f%25'), '/' ])
{
	$caller = $program->caller;
	$caller->send($case->[0]);
	my $asked = $named->request;
	is($asked->{path}, $case->[1], "the path behind the database: $case->[1]");
	$named->reply($asked->{id}, 200, '', '');
	$caller->answer;
}
$program->databases(1);
for my $path ('/other', '/', '/desk%', '/desk%00/x', '//desk', '/' . 'x' x 300)
{
	Respond::wait_for(sub { $program->caller->ask(get($path))->{status} eq '404' });
	pass("no database: " . substr($path, 0, 20));
}
$caller = $program->caller;
$caller->send(get('/metrics'));
Respond::wait_for(sub { $request = ($worker->read_frame(0.1) || $named->read_frame(0.1)) });
is(Program::read_request($request)->{path}, '/metrics', '/metrics is of any database');
$_->reply($request->{request}, 200, '', '') for $worker, $named;
is($caller->answer->{status}, 200, 'and answered by it alone');
$caller->close;

# Connections in all and from one address.
my @many = map { $program->caller } 1 .. 20;
Respond::wait_for(sub { $program->state(sub { $_[0]{connections} >= 20 }) });
is_refused($program->caller, 429, qr/from this address/, 'too many from one address');
$program->configure(max_of_address => 0);
push @many, map { $program->caller } 1 .. 10;
is_refused($program->caller, 503, qr/too many connections/, 'too many in all');
$many[0]->send(get('/desk/idle'));
answers_with($many[0], 200, 'who was there goes on');
$caller = $program->caller;
$caller->send(get('/desk/new'));
answers_with($caller, 200, 'and makes room once nothing is under way');
ok($many[0]->is_closed, 'for whom it is closed');
$_->close for @many;
$program->state(sub { $_[0]{connections} <= 1 });
$program->configure(max_connections => 1000);

# Frames that are none end their connection, and no other.
for my $bytes (pack('LLQ', 0xffffffff, 3, 0), pack('LLQ', 0, 99, 0), Program::frame('config', 0, ''), Program::frame('limits', 0, pack('QQ', 1, 1 << 40)),
	Program::frame('stream_data', 0, pack('QQ', 1 << 60, 1)))
{
	my $bad = $program->worker('bad');

	$bad->say($bytes);
	is($bad->read_frame, undef, 'a worker that sends rubbish is left');
}
is($program->worker('desk', version => '0.0.1')->{hello}{kind}, 'refuse', 'a worker of another version is refused');
like($program->worker('desk', protocol => 9)->{hello}{contents}, qr/version/, 'in words');
$caller = $program->caller;
$caller->send(get('/desk/last'));
answers_with($caller, 200, 'the program goes on');

# The last worker goes.
$caller->send(get('/desk/last'));
$worker->request;
$worker->close;
is($caller->answer->{status}, 503, 'the last worker of a database dies');
is($caller->ask(get('/desk/x'))->{status}, 503, 'without one');
is($caller->ask(post('/desk/x', 'y'))->{status}, 503, 'a body makes no difference');
$worker = $program->worker('desk');
$caller->send(get('/desk/x'));
answers_with($caller, 200, 'and with a new one');
is($program->stop, 0, 'the program ends with who started it');
is(Program::start(version => '0.0.1')->{hello}{kind}, 'refuse', 'it refuses a library of another version');
done_testing();
