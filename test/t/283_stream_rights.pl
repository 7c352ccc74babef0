# Streams show what the role of their token may see, for as long as it may: rights, row level security, masks, tokens; and
# they stand what happens to the log and the database under them.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

my $db = 'desk';
my $node = Respond::node('rights');
Respond::create_extension($node, $db);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
$node->safe_psql($db, q{
	CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA respond TO reader; GRANT SELECT ON respond.event TO reader;
	CREATE ROLE partly LOGIN; GRANT USAGE ON SCHEMA respond TO partly; GRANT SELECT ON respond.event TO partly});

sub token
{
	my ($name, $role) = @_;

	return $node->safe_psql($db, "SELECT respond.create_token('$name', '$role', '{stream}')");
}

sub follow { return Stream::follow($at, "/$db/v1/stream" . ($_[1] || ''), $_[0], $_[2]) }
sub emit { return Respond::emit($node, $db, @_) }
sub types { return join(' ', map { $_->{data}{type} } @_) }
my $all = token('all', 'respond_auditor');
my $watch = follow($all);

# A right that is taken away ends the stream, before the next event.
my $stream = follow(token('reader', 'reader'));
emit('a');
is(types(Stream::take($stream, 1)), 'a', 'who may read the log follows it');
$node->safe_psql($db, q{REVOKE SELECT ON respond.event FROM reader});
emit('secret');
ok(!defined Stream::next($stream), 'without the right the stream ends');
$node->safe_psql($db, q{GRANT SELECT ON respond.event TO reader});
my $place = Stream::place($stream);
$stream = follow(token('reader again', 'reader'), '', $place);
is(types(Stream::take($stream, 1)), 'secret', 'with it again it goes on');

# So does a token that is gone, and a role.
$node->safe_psql($db, q{DELETE FROM respond.api_token WHERE name = 'reader again'});
emit('b');
ok(!defined Stream::next($stream), 'a token that is deleted ends its streams');
my %ends = (
	'UPDATE respond.api_token SET enabled = false WHERE name = $$x$$' => 'is switched off',
	'UPDATE respond.api_token SET scopes = $${tickets}$$ WHERE name = $$x$$' => 'has another scope',
	'UPDATE respond.api_token SET expires_at = now() - interval $$1 s$$ WHERE name = $$x$$' => 'has expired',
	'ALTER ROLE reader NOLOGIN' => 'is of a role that cannot log in');
for my $sql (sort keys %ends)
{
	$node->safe_psql($db, q{DELETE FROM respond.api_token WHERE name = 'x'; ALTER ROLE reader LOGIN});
	$stream = follow(token('x', 'reader'));
	is($stream->{status}, 200, "a stream of a token that $ends{$sql} in a moment");
	$node->safe_psql($db, $sql);
	emit('c');
	ok(!defined Stream::next($stream), "a token that $ends{$sql} ends its stream");
}

# Row level security, asked as the role.
$node->safe_psql($db, q{ALTER ROLE reader LOGIN;
	ALTER TABLE respond.event ENABLE ROW LEVEL SECURITY;
	CREATE POLICY partly ON respond.event FOR SELECT TO partly USING (type LIKE 'open.%' AND current_user = 'partly');
	CREATE POLICY others ON respond.event FOR SELECT TO respond_auditor, reader USING (true);
	CREATE POLICY writers ON respond.event FOR INSERT WITH CHECK (true)});
Respond::wait_until($node, $db, q{SELECT bool_and(state <> 'holding') FROM respond.worker});
my $some = token('some', 'partly');
$stream = follow($some);
my $filtered = follow($some, '?type=*.x');
is($stream->{status}, 200, 'a role with policies may follow');
emit($_) for qw(open.a closed.a open.x closed.x open.b);
is(types(Stream::take($stream, 3)), 'open.a open.x open.b', 'it sees what its policy lets it see');
is(types(Stream::take($filtered, 1)), 'open.x', 'of what it asked for');
$place = Stream::place($stream);
Stream::leave($stream);
emit($_) for qw(closed.b open.c);
$stream = follow($some, '', $place);
is(types(Stream::take($stream, 1)), 'open.c', 'when it comes back too');
$node->safe_psql($db, q{DROP POLICY partly ON respond.event});
emit('open.d');
$node->safe_psql($db, q{CREATE POLICY partly ON respond.event FOR SELECT TO partly USING (type LIKE 'open.%' OR 1 / (length(type) - 5) = 7)});
emit('open.e');
is(types(Stream::take($stream, 1)), 'open.e', 'a policy that changes holds from the next event on');
my $offset = -s $node->logfile;
emit('wrong');
ok(!defined Stream::next($stream), 'a policy that raises ends the streams of its role');
ok(Respond::log_has($node, qr/division by zero/, $offset), 'and the log says why');
emit('open.f');
like(types(Stream::upto($watch, sub { $_[0]{data}{type} eq 'open.f' })), qr/ closed\.a .* wrong open\.f$/, 'others see all of it');
$node->safe_psql($db, q{DROP POLICY partly ON respond.event; DROP POLICY others ON respond.event; DROP POLICY writers ON respond.event; ALTER TABLE respond.event DISABLE ROW LEVEL SECURITY});

# Masks.
$node->safe_psql($db, q{INSERT INTO respond.mask (event_type, path) VALUES ('card.*', 'card.number')});
emit('card.used', { card => { number => '4242424242424242', name => 'n' } });
is_deeply(Stream::next($watch)->{data}{data}, { card => { number => '***', name => 'n' } }, 'masks hold');
$node->safe_psql($db, q{DELETE FROM respond.mask});
emit('card.used', { card => { number => '1' } });
is(Stream::next($watch)->{data}{data}{card}{number}, '1', 'and are read anew when they change');

# Large events, and those that are too large.
$node->safe_psql($db, q{SELECT respond.emit('large', jsonb_build_object('t', repeat('x', 900000)))});
is(length(Stream::next($watch)->{data}{data}{t}), 900000, 'a large event');
$node->safe_psql($db, q{SELECT respond.emit('larger', jsonb_build_object('t', repeat('x', 3000000)))});
my $message = Stream::next($watch);
is($message->{data}{type}, 'larger', 'one that is too large comes');
is($message->{data}{data}, undef, 'without its data');
$node->safe_psql($db, q{SELECT respond.emit('deep', (repeat('{"a":', 200) || '1' || repeat('}', 200))::jsonb)});
is(Stream::next($watch)->{data}{type}, 'deep', 'one that is nested deeply');

# The log is written anew, and changed, under the streams.
emit('before');
$node->safe_psql($db, q{VACUUM FULL respond.event_default; ALTER TABLE respond.event ADD COLUMN mine text DEFAULT clock_timestamp()::text; ALTER TABLE respond.event DROP COLUMN mine});
emit('after');
is(types(Stream::take($watch, 2)), 'before after', 'tables that are rewritten');

# Slow readers.
$place = Stream::place($watch);
Stream::leave($watch);
my $slow = follow($all, '', $place);
Stream::block($slow);
$node->safe_psql($db, q{SELECT respond.emit('flood', jsonb_build_object('n', n, 't', repeat('x', 20000))) FROM generate_series(1, 500) AS n});
my @got;
my $visits = 0;
while (@got < 500 && $visits++ < 100)
{
	while (@got < 500 && defined($message = Stream::next($slow)))
	{
		push @got, $message->{data}{data}{n};
	}
	$slow = follow($all, '', Stream::place($slow)) if @got < 500;
}
is_deeply(\@got, [ 1 .. 500 ], 'a slow one is cut off at most, and gets each once');
cmp_ok($visits, '>', 1, 'it was cut off');
my $quick = follow($all, '', Stream::place($slow));
Stream::block($quick);

# Hold.
$node->safe_psql($db, 'SELECT respond.hold()');
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE kind IN ('gateway', 'dispatcher')});
emit('held');
is(follow($all)->{status}, 503, 'no stream begins on hold');
ok(!Stream::ready($quick), 'nothing is sent on hold');
$node->safe_psql($db, 'SELECT respond.release()');
Gateway::wait_ready($at, $db);
$message = Stream::next($quick);
($quick, $message) = ($stream = follow($all, '', Stream::place($quick)), Stream::next($stream)) if !defined $message;
is($message->{data}{type}, 'held', 'it comes afterwards');

# Retention.
$place = Stream::place($quick);
$node->safe_psql($db, q{DO $$ DECLARE part regclass; BEGIN
	SELECT i.inhrelid INTO part FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
	 WHERE i.inhparent = 'respond.event'::regclass AND c.relname <> 'event_default' ORDER BY pg_get_expr(c.relpartbound, c.oid) LIMIT 1;
	EXECUTE format('ALTER TABLE respond.event DETACH PARTITION %s', part); END $$});
# the clock looks at what changed before the workers go on
Respond::wait_for(sub { ($stream = follow($all, '', $place))->{status} == 200 });
$message = Stream::next($stream);
is("$message->{event} $message->{data}{reason}", 'reset retention', 'events that are gone are told of');
emit('fresh');
is(types(Stream::take($stream, 1)), 'fresh', 'and the stream goes on');

# Another database's place, one that was restored, and the end of the extension.
Respond::create_extension($node, 'other');
Gateway::wait_ready($at, 'other');
$message = Stream::next(Stream::follow($at, '/other/v1/stream', $node->safe_psql('other', q{SELECT respond.create_token('o', 'respond_auditor')}), Stream::place($stream)));
is("$message->{event} $message->{data}{reason}", 'reset database', 'a place of another database');
$node->safe_psql($db, 'DROP EXTENSION pg_respond CASCADE');
ok(!defined Stream::next($stream), 'DROP EXTENSION ends the streams');
is(Stream::follow($at, '/other/v1/stream')->{status}, 401, 'the gateway goes on');

done_testing();
