# Streams: many callers hear the same bytes, and one that reads too slowly is cut off behind a whole event.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Program;
use Respond;

my $program = Program::start(max_connections => 20000);
my $worker = $program->worker('desk');

# listener(version, fields): a caller that hears a stream, and the number of its request.
sub listener
{
	my ($version, $fields) = @_;
	my $caller = $program->caller;

	$caller->send("GET /desk/v1/stream HTTP/1.$version\r\nHost: h\r\n\r\n");
	my $id = $worker->request->{id};
	$worker->stream_begin($id, 200, $fields || "Content-Type: text/event-stream\r\n");
	return ($caller, $id);
}

my ($new, $new_id) = listener(1);
my ($old, $old_id) = listener(0);
is($new->head->{fields}{'transfer-encoding'}, 'chunked', 'a stream comes in chunks');
is($old->head->{fields}{connection}, 'close', 'in HTTP/1.0, until the connection ends');
$worker->stream_data("data: 1\n\n", $new_id, $old_id, 99);
is($new->line . $new->line, "00000009\r\ndata: 1\n\n\r\n", 'one frame is one chunk');
is($old->bytes(9), "data: 1\n\n", 'and in HTTP/1.0 its bytes');
$worker->stream_data('', $new_id);
$new->send("GET /desk/smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
$worker->stream_data("data: 2\n\n", $new_id);
is($new->line . $new->line, "00000009\r\ndata: 2\n\n\r\n", 'no bytes are no chunk: that would be the last one');
is($worker->read_frame(0.05), undef, 'what a caller sends meanwhile is no request');
$worker->stream_end("data: end\n\n", $new_id, $old_id);
is($new->line . $new->line . $new->line . $new->line, "0000000b\r\ndata: end\n\n\r\n0\r\n\r\n", 'a stream ends with the last chunk');
ok($new->is_closed, 'and the connection with it');
is($old->bytes(100), "data: end\n\n", 'in HTTP/1.0 with the connection');

# Who leaves is told of, once.
($new, $new_id) = listener(1);
$new->head;
$new->close;
my $frame = $worker->read_frame;
is("$frame->{kind} $frame->{request}", "gone $new_id", 'the worker hears that a caller has left');
$worker->stream_data("data: x\n\n", $new_id);

# HEAD has no stream.
my $caller = $program->caller;
$caller->send("HEAD /desk/v1/stream HTTP/1.1\r\nHost: h\r\n\r\n");
$new_id = $worker->request->{id};
$worker->stream_begin($new_id, 200, '');
is($worker->read_frame->{kind}, 'gone', 'a stream that answers HEAD ends at once');
is($caller->head->{status}, 200, 'behind its head');
ok($caller->is_closed, 'and nothing more');

# One does not read, others do.
my ($slow, $slow_id) = listener(1);
my ($quick, $quick_id) = listener(1);
$quick->head;
my $event = sub { 'data: ' . sprintf('%06d', $_[0]) . 'x' x 9000 . "\n\n" };
my ($full, $sent, $heard) = (undef, 0, 0);
while (!$full && $sent < 20000)
{
	$worker->stream_data($event->($sent), $slow_id, $quick_id);
	my $size = hex($quick->line =~ s/\r\n//r);
	$heard++ if $quick->bytes($size) eq $event->($sent);
	$quick->bytes(2);
	$sent++;
	$full = $worker->read_frame(0);
}
is("$full->{kind} $full->{request}", "stream_full $slow_id", 'the worker hears that one reads too slowly');
is($heard, $sent, 'others heard all of it meanwhile');
my $answer = $slow->answer;
is($answer->{ended}, "\r\n", 'the slow one gets an end');
my @events = $answer->{body} =~ /(data: \d{6}x{9000}\n\n)/g;
is(join('', @events), $answer->{body}, 'behind a whole event');
is(join('', @events), join('', map { $event->($_) } 0 .. $#events), 'that it has heard all before');
cmp_ok(scalar(@events), '<', $sent, 'but not the last ones');
ok($slow->is_closed, 'and is closed');
$worker->stream_data("data: y\n\n", $slow_id, $quick_id);
is($quick->line . $quick->line, "00000009\r\ndata: y\n\n\r\n", 'others go on');

# The worker of streams dies: they end, and callers come again.
$worker->close;
is($quick->line, "0\r\n", 'a stream whose worker died ends as one that ends');
$worker = $program->worker('desk');

# Many callers, with one copy of the bytes for all.
my $count = $ENV{STREAMS} || 800;
my $before = $program->memory;
my (@callers, @ids);
for (1 .. $count)
{
	my ($one, $id) = listener(1);
	push @callers, $one;
	push @ids, $id;
}
$_->head for @callers;
my $bytes = 'data: ' . 'y' x 20000 . "\n\n";
$worker->stream_data($bytes, @ids) for 1 .. 3;
my $wrong = 0;
for my $one (@callers)
{
	for (1 .. 3)
	{
		$wrong++ unless $one->line eq "00004e28\r\n" && $one->bytes(20008) eq $bytes && $one->bytes(2) eq "\r\n";
	}
}
is($wrong, 0, "$count callers hear all of it");
my $memory = ($program->memory - $before) / $count;
cmp_ok($memory, '<', 10, 'each takes less than 10 kB') or diag("$memory kB");
diag(sprintf("%d streams: %.2f kB each", $count, $memory)) if $ENV{STREAMS};
my $open = $program->descriptors;
$_->close for @callers;
for (1 .. $count) { $worker->read_frame }
Respond::wait_for(sub { $program->descriptors <= $open - $count });
pass('and gives its descriptor back');
done_testing();
