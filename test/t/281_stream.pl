# Streams: events as they come, and going on where one has stopped.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

use JSON::PP ();

my $db = 'desk';
my $node = Respond::node('stream', wal_level => 'replica');
Respond::create_extension($node, $db);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
my $token = $node->safe_psql($db, q{SELECT respond.create_token('all', 'respond_auditor')});

sub emit { return Respond::emit($node, $db, @_) }

# A first stream.
my $stream = Stream::follow($at, "/$db/v1/stream", $token);
is($stream->{status}, 200, 'a stream begins');
like($stream->{head}, qr{^content-type: text/event-stream}im, 'with its type');
like($stream->{head}, qr{^cache-control: no-store}im, 'nobody keeps it');
my $first = Stream::block($stream);
like($first->{retry}, qr/^\d+$/, 'when to come back');
like($first->{id}, qr/^[A-Za-z0-9_-]+$/, 'a place at once');
emit('a', { n => 1, text => "line\nbreak \x{e4} \x{2028}" }, 'order/1');
my $message = Stream::next($stream);
my $shown = $node->safe_psql($db, q{SELECT cloud_event FROM respond.cloud_event ORDER BY id DESC LIMIT 1});
is_deeply($message->{data}, JSON::PP->new->utf8->decode($shown), 'an event as view cloud_event shows it');
ok(!exists $message->{event}, 'it is a message of the default type');

# Resuming.
my $place = $message->{id};
Stream::leave($stream);
my @ids = map { emit('a', { n => $_ }) } 2 .. 6;
$stream = Stream::follow($at, "/$db/v1/stream", $token, $place);
is_deeply([ map { $_->{data}{data}{n} } Stream::take($stream, 5) ], [ 2 .. 6 ], 'what came meanwhile comes now');
emit('a', { n => 7 });
is(Stream::next($stream)->{data}{data}{n}, 7, 'and what comes after');
my $again = Stream::follow($at, "/$db/v1/stream", $token, $place);
my @all = Stream::take($again, 3);
is_deeply([ map { $_->{data}{data}{n} } @all ], [ 2 .. 4 ], 'a place can be used again');
Stream::leave($again);
$again = Stream::follow($at, "/$db/v1/stream", $token, $all[1]{id});
is_deeply([ map { $_->{data}{data}{n} } Stream::take($again, 4) ], [ 4 .. 7 ], 'each event has its place');
Stream::leave($again);

# Nothing of what is rolled back; transactions in the order of their commits.
my $late = Respond::session($node, $db);
$late->query_safe(q{BEGIN; SELECT respond.emit('late', '{"n": 1}')});
my $prepared = $node->safe_psql($db, q{BEGIN; SELECT respond.emit('prepared'); PREPARE TRANSACTION 'p'});
$node->safe_psql($db, q{BEGIN; SELECT respond.emit('gone'); ROLLBACK; BEGIN; SAVEPOINT s; SELECT respond.emit('gone'); ROLLBACK TO s; SELECT respond.emit('kept'); COMMIT});
emit('after');
is_deeply([ map { $_->{data}{type} } Stream::take($stream, 2) ], [ 'kept', 'after' ], 'what is open is not seen');
$place = Stream::place($stream);
Stream::leave($stream);
$late->query_safe('COMMIT');
$node->safe_psql($db, q{COMMIT PREPARED 'p'});
$late->quit;
$stream = Stream::follow($at, "/$db/v1/stream", $token, $place);
is_deeply([ sort map { $_->{data}{type} } Stream::take($stream, 2) ], [ 'late', 'prepared' ], 'what commits late is not lost to who comes back');
emit('end');
is(Stream::next($stream)->{data}{type}, 'end', 'nor is anything repeated');

# Filters.
my %streams = map { $_ => Stream::follow($at, "/$db/v1/stream?$_", $token) }
  ('type=order.*', 'pattern=%7B%22data%22%3A%7B%22n%22%3A%5B%7B%22numeric%22%3A%5B%22%3E%22%2C10%5D%7D%5D%7D%7D', 'type=order.paid&pattern=%7B%22subject%22%3A%5B%7B%22prefix%22%3A%22b%22%7D%5D%7D', 'type=*');
is($streams{$_}{status}, 200, "a stream with $_") for sort keys %streams;
emit('order.paid', { n => 1 }, 'a');
emit('order.paid', { n => 11 }, 'b');
emit('ship', { n => 12 }, 'c');
emit('order.end', { n => 99 }, 'b');
emit('order.paid', { n => 2 }, 'bend');
my %seen = map { my $key = $_; ($key => join(' ', map { $_->{data}{data}{n} } Stream::take($streams{$key}, $key =~ /numeric|order\.paid/ ? ($key =~ /paid/ ? 2 : 3) : $key eq 'type=*' ? 5 : 4))) } sort keys %streams;
is($seen{'type=order.*'}, '1 11 99 2', 'by type');
is($seen{'type=order.paid&pattern=%7B%22subject%22%3A%5B%7B%22prefix%22%3A%22b%22%7D%5D%7D'}, '11 2', 'by both');
is($seen{'pattern=%7B%22data%22%3A%7B%22n%22%3A%5B%7B%22numeric%22%3A%5B%22%3E%22%2C10%5D%7D%5D%7D%7D'}, '11 12 99', 'by pattern');
is($seen{'type=*'}, '1 11 12 99 2', 'all of them');
Stream::leave($_) for values %streams;

# Refusals.
sub refused
{
	my ($query, $status, $detail, $name) = @_;
	my $answer = Gateway::request($at, 'GET', "/$db/v1/stream$query", { Authorization => "Bearer $token" });

	is($answer->{status}, $status, $name);
	like($answer->{body}, $detail, "$name: in words");
	return;
}
refused('?pattern=%7B', 400, qr/Parameter pattern: invalid input syntax for type json/, 'a pattern that is no JSON');
refused('?pattern=%7B%22data%22%3A%7B%22n%22%3A%5B%7B%22numeric%22%3A%5B%22x%22%5D%7D%5D%7D%7D', 400, qr/data\.n\[0\]\.numeric/, 'a pattern that is none, at its place');
refused('?pattern=%5B%5D', 400, qr/Parameter pattern: /, 'a pattern that is an array');
refused('?type=', 400, qr/Parameter type: /, 'an empty type');
refused('?type=a&type=b', 400, qr/twice/, 'two types');
refused('?typo=a', 400, qr/not known/, 'an unknown parameter');
refused('?type=%FF', 400, qr/not UTF-8/, 'bytes that are no text');
refused('?type=%ZZ', 400, qr/query/, 'a query that is none');
is(Gateway::status($at, 'POST', "/$db/v1/stream", { Authorization => "Bearer $token" }, '{}'), 405, 'another method');
is(Gateway::status($at, 'GET', "/$db/v1/stream"), 401, 'no token');
is(Gateway::status($at, 'GET', "/$db/v1/stream", { Authorization => 'Bearer x' }), 401, 'no good token');
my $other = $node->safe_psql($db, q{SELECT respond.create_token('metrics', 'respond_auditor', '{metrics}')});
is(Gateway::status($at, 'GET', "/$db/v1/stream", { Authorization => "Bearer $other" }), 403, 'a token for other things');
my $agent = $node->safe_psql($db, q{SELECT respond.create_token('agent', 'respond_agent')});
is(Gateway::status($at, 'GET', "/$db/v1/stream", { Authorization => "Bearer $agent" }), 403, 'a role that may not read events');

# Over restarts.
emit('before');
$place = (Stream::upto($stream, sub { $_[0]{data}{type} eq 'before' }))[-1]{id};
$node->restart;
emit('restart');
Gateway::wait_ready($at, $db);
$stream = Stream::follow($at, "/$db/v1/stream", $token, $place);
is(Stream::next($stream)->{data}{type}, 'restart', 'over a restart of the server');
kill 'KILL', Gateway::program_pid($node, $db);
ok(!defined Stream::next($stream), 'without the program the stream ends');
emit('program');
Gateway::wait_ready($at, $db);
$stream = Stream::follow($at, "/$db/v1/stream", $token, Stream::place($stream));
is(Stream::next($stream)->{data}{type}, 'program', 'over the death of the program');

# Places that are of no use.
for my $bad ('x', '!', 'AAAA', 'A' x 5000)
{
	$again = Stream::follow($at, "/$db/v1/stream", $token, $bad);
	$message = Stream::next($again);
	is($message->{event} . ' ' . $message->{data}{reason}, 'reset place', 'a place that is none: ' . substr($bad, 0, 10));
	Stream::leave($again);
}

# The examples of docs/stream.md, and going on with curl as it says.
my $page = slurp_file("$FindBin::RealBin/../pages/stream.md");
my ($create) = $page =~ /^```sql\n(.*?)^```$/ms;
local $ENV{TOKEN} = $node->safe_psql($db, $create);

# curl(command, events...): what it prints up to the first event, after it has begun and those were recorded.
sub curl
{
	my ($command, @totals) = @_;
	my $pid = CORE::open(my $out, '-|', 'bash', '-c', 'exec ' . $command =~ s{http://127\.0\.0\.1:8330/desk}{http://$at/$db}r =~ s/curl /curl -sS --max-time 60 /r) or die;
	my $text = '';

	while (defined(my $line = <$out>))
	{
		$text .= $line;
		last if $line =~ /^data: /;
		emit('order.paid', { total => shift @totals }) while $text =~ /^id: .*\n\n/m && @totals;
	}
	kill 'TERM', $pid;
	close $out;
	return $text;
}

my @examples = $page =~ /^```sh\n(.*?)^```$/msg;
is(scalar(@examples), 2, 'the page has two examples');
my ($shown_first) = $page =~ /^```\n(retry: .*?)^```$/ms;
my $all_text = curl($examples[0], 99, 101);
is($all_text =~ s/^(id: ).*/$1/mgr =~ s/^(data: ).*/$1/mr, ($shown_first =~ s/^(id: ).*/$1/mgr =~ s/^(data: ).*/$1/mr) =~ s/\n\n\z/\n/r, 'the first one prints what it shows');
like($all_text, qr/"total":\s*99\b/, 'and all events');
like(curl($examples[1], 99, 101), qr/"total":\s*101\b/, 'the second one those that it asks for');
my ($begin) = $all_text =~ /^id: (.*)$/m;
like(curl($examples[0] =~ s/ -H / -H 'Last-Event-ID: $begin' -H /r), qr/"total":\s*99\b/, 'with a place it goes on there');
done_testing();
