# Streams and storms: very many events in one transaction, in very many subtransactions, and those that nobody wants.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

my $db = 'desk';
my $node = Respond::node('storms', fsync => 'off', autovacuum => 'off');
Respond::create_extension($node, $db);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
my $token = $node->safe_psql($db, q{SELECT respond.create_token('all', 'respond_auditor', '{stream}')});

sub follow { return Stream::follow($at, "/$db/v1/stream" . ($_[0] || ''), $token, $_[1]) }

# numbers(stream, number): what so many messages say, coming back whenever the stream was cut off.
sub numbers
{
	my ($query, $stream, $number) = @_;
	my @got;
	my $visits = 0;

	while (@got < $number && $visits++ < 1000)
	{
		while (@got < $number && defined(my $block = Stream::block($stream)))
		{
			push @got, $block->{data} =~ /"n": *(\d+)/ ? $1 : $block->{data} if exists $block->{data};
		}
		$stream = follow($query, Stream::place($stream)) if @got < $number;
	}
	return ($stream, @got);
}

# same(got, wanted): where two lists differ first; '' if they do not.
sub same
{
	my ($got, $wanted) = @_;

	for my $i (0 .. (@$got > @$wanted ? $#$got : $#$wanted))
	{
		return "at $i: " . ($got->[$i] // 'nothing') . ', not ' . ($wanted->[$i] // 'nothing') if ($got->[$i] // '') ne ($wanted->[$i] // '');
	}
	return '';
}

sub memory
{
	my $pid = $node->safe_psql($db, q{SELECT pid FROM respond.worker WHERE kind = 'gateway' ORDER BY lane LIMIT 1});
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^VmHWM:\s*(\d+)/m;

	return $kb;
}

# A hundred thousand in one transaction, more than a window holds; one who has part of them goes on in the middle of it.
my $few = '?pattern=%7B%22data%22%3A%7B%22rest%22%3A%5B0%5D%7D%7D';
my $all = follow();
my $some = follow($few);
Stream::block($_) for $all, $some;
my $start = Stream::place($all);
$node->safe_psql($db, q{SELECT count(respond.emit('storm', jsonb_build_object('n', n, 'rest', n % 1000))) FROM generate_series(1, 100000) AS n});
my ($end, @got) = numbers($few, $some, 100);
is(same(\@got, [ map { $_ * 1000 } 1 .. 100 ]), '', 'one in a thousand of a storm');
Stream::leave($all);
($all, @got) = numbers('', follow('', $start), 40000);
is(same(\@got, [ 1 .. 40000 ]), '', 'the first of them, to one who comes back');
Stream::leave($all);
($all, @got) = numbers('', follow('', Stream::place($all)), 60000);
is(same(\@got, [ 40001 .. 100000 ]), '', 'and the others, from the middle of the transaction on');

# Many subtransactions, half of them rolled back.
$node->safe_psql($db, q{DO $$ BEGIN FOR n IN 1 .. 10000 LOOP
	BEGIN PERFORM respond.emit('sub', jsonb_build_object('n', n), 's/' || n % 7); IF n % 2 = 1 THEN RAISE EXCEPTION 'x'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END;
	END LOOP; END $$});
($all, @got) = numbers('', $all, 5000);
is(same(\@got, [ map { $_ * 2 } 1 .. 5000 ]), '', 'of ten thousand subtransactions what was kept, in order');

# Large ones that nobody wants are not kept in memory.
Stream::leave($all);
Stream::leave($end);
my $quiet = follow('?pattern=%7B%22data%22%3A%7B%22rest%22%3A%5B-1%5D%7D%7D');
Stream::block($quiet);
my $before = memory();
$node->safe_psql($db, q{SELECT count(respond.emit('unwanted', jsonb_build_object('rest', n, 't', repeat('x', 40000)))) FROM generate_series(1, 10000) AS n});
Respond::emit($node, $db, 'wanted', { rest => -1, n => 1 });
my ($last, @one) = numbers('', $quiet, 1);
is("@one", '1', 'the one that is wanted comes');
cmp_ok(memory() - $before, '<', 100_000, 'and 400 MB of others take no memory');

done_testing();
