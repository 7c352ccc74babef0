# Patterns of streams: every operator, odd ones, very many; and who asks for what is masked, or with a token that has changed.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

use JSON::PP ();

my $db = 'desk';
my $node = Respond::node('patterns', 'pg_respond.gateway_max_connections' => 3000);
Respond::create_extension($node, $db);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
my $token = token('all', 'respond_auditor');

sub token
{
	my ($name, $role) = @_;

	return $node->safe_psql($db, "SELECT respond.create_token('$name', '$role', '{stream}')");
}

# Workers hold for a moment while they look at objects that were changed.
sub wait_settled { return Respond::wait_until($node, $db, q{SELECT bool_and(state <> 'holding') FROM respond.worker}) }

sub emit { return Respond::emit($node, $db, @_) }
sub percent { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord($1))/ger }
sub with { return Stream::follow($at, "/$db/v1/stream?pattern=" . percent($_[0]), $_[1] || $token, $_[2]) }

# numbers(stream): those of the events up to the last one.
sub numbers
{
	my @all = Stream::upto($_[0], sub { $_[0]{data}{type} eq 'end' });

	pop @all;
	return join(' ', map { $_->{data}{data}{n} } @all);
}

# All operators, over HTTP as respond.matches() has them.
my @documents = (
	{ a => 'Alpha' }, { a => 'alpine' }, { a => 'beta' }, { a => 5 }, { a => 5.5 }, { a => -1 }, { a => JSON::PP::null }, { a => JSON::PP::true },
	{ a => [ 'x', 'beta' ] }, { a => [] }, { b => 1 }, { a => '10.1.2.3' }, { a => '2001:db8::1' }, { a => 'a*b' }, { a => { c => 'deep' } },
	{ a => [ { c => 1, d => 2 }, { c => 3, d => 4 } ] }, { a => 1e20 }, { a => '' });
my @tests = ('["Alpha"]', '[5]', '[null]', '[true]', '[{"prefix": "al"}]', '[{"prefix": {"equals-ignore-case": "AL"}}]', '[{"suffix": "ta"}]',
	'[{"suffix": {"equals-ignore-case": "TA"}}]', '[{"equals-ignore-case": "ALPHA"}]', '[{"wildcard": "a*e"}]', '[{"wildcard": "a\\\\*b"}]',
	'[{"anything-but": "beta"}]', '[{"anything-but": ["beta", "Alpha"]}]', '[{"anything-but": [5, -1]}]', '[{"anything-but": {"prefix": "al"}}]',
	'[{"anything-but": {"suffix": ["ta", "ne"]}}]', '[{"anything-but": {"wildcard": "*a*"}}]', '[{"anything-but": {"equals-ignore-case": ["BETA"]}}]',
	'[{"numeric": [">", 0, "<=", 5]}]', '[{"numeric": ["=", 5.5]}]', '[{"numeric": ["<", 0]}]', '[{"cidr": "10.0.0.0/8"}]', '[{"cidr": "10.1.2.3/32"}]',
	'[{"cidr": "2001:db8::/32"}]', '[{"exists": true}]', '[{"exists": false}]', '[{"all-of": [{"prefix": "al"}, {"suffix": "e"}]}]', '["x", {"prefix": "b"}, 5]');
my @patterns = map { "{\"data\": {\"a\": $_}}" } @tests;
push @patterns, '{"$or": [{"data": {"a": [5]}}, {"data": {"b": [1]}}]}', '{"data": {"a": {"c": [1], "d": [2]}}}', '{"data": {"a": {"c": [1], "d": [4]}}}',
  '{"data": {"a": {"c": ["deep"]}}}', '{"data": {"a.c": ["deep"]}}', '{"source": [{"exists": true}], "subject": [{"prefix": "s/"}]}', '{"type": ["n"], "data": {"n": [{"numeric": [">=", 3]}]}}';
my @streams = map { with(qq({"\$or": [{"type": ["end"]}, {"type": [{"anything-but": "end"}], "data": {"n": [{"exists": true}]}}]})) } 1;
for my $pattern (@patterns)
{
	push @streams, with($pattern);
	is($streams[-1]{status}, 200, $pattern) or diag($streams[-1]{bytes});
}
for my $n (0 .. $#documents)
{
	emit('n', { %{ $documents[$n] }, n => $n }, "s/$n");
}
my $all = Stream::follow($at, "/$db/v1/stream", $token);
emit('end', { n => 999 });
is(numbers($streams[0]), join(' ', 0 .. $#documents), 'one stream has them all');
Stream::upto($all, sub { $_[0]{data}{type} eq 'end' });
my $wrong = '';
for my $number (0 .. $#patterns)
{
	my $wanted = $node->safe_psql($db, sprintf(q{SELECT string_agg(data->>'n', ' ' ORDER BY id) FROM respond.event WHERE data->>'n' <> '999'
		AND respond.matches(%s, (SELECT cloud_event FROM respond.cloud_event AS c WHERE c.id = event.id))}, Respond::quote_literal($patterns[$number])));
	my $stream = $streams[ $number + 1 ];
	my @got = map { Stream::next($stream)->{data}{data}{n} } split / /, $wanted;

	$wrong .= "$patterns[$number]: @got, not $wanted\n" if "@got" ne $wanted;
	# what is behind is nothing but the end
	Stream::leave($stream);
}
is($wrong, '', 'all patterns find what respond.matches() finds');
Stream::leave($_) for $all, $streams[0];

# Those that are none: the answer names the place.
my %bad = (
	'{"data": {"a": [{"prefix": 1}]}}' => qr/data\.a\[0\]\.prefix/, '{"data": {"a": [{"numeric": [">"]}]}}' => qr/data\.a\[0\]\.numeric/,
	'{"data": {"a": [{"cidr": "10.0.0.0/99"}]}}' => qr/data\.a\[0\]\.cidr/, '{"data": {"a": ["x", {"exists": 1}]}}' => qr/data\.a\[1\]\.exists/,
	'{"data": {"a": [{"nothing": "x"}]}}' => qr/data\.a\[0\]/, '{"data": {"a": "x"}}' => qr/data\.a/, '{"data": {"a": []}}' => qr/data\.a/,
	'{"data": {"a": [{"wildcard": "a**b"}]}}' => qr/data\.a\[0\]\.wildcard/, '{"$or": []}' => qr/\$or/, '"x"' => qr/at its top/, '' => qr/json/, '{}' => qr/at its top/,
	'{"data": {"a": [{"anything-but": {}}]}}' => qr/data\.a\[0\]\.anything-but/, '{"a":1} x' => qr/json/, '{"data": {"a": ["\\u0000"]}}' => qr/u0000/,
	'{"data": {"a": [1e999999]}}' => qr/Parameter pattern/, '{"data": ' . '{"a": ' x 80 . '[1]' . '}' x 81 => qr/Parameter pattern/,
	'{"data":{' . join(',', map { "\"$_\":[1]" } 1 .. 260) . '}}' => qr/Parameter pattern/,
	'{' . '"$or": [{"data": {"a": [1]}}, {"data": {"a": [2]}}], "data": {' . join(', ', map { "\"x$_\": {\"\$or\": [{\"a\": [1]}, {\"b\": [2]}]}" } 1 .. 12) . '}}' => qr/Parameter pattern/);
for my $pattern (sort keys %bad)
{
	my $stream = with($pattern);

	is($stream->{status}, 400, 'no pattern: ' . substr($pattern, 0, 60));
	like($stream->{bytes}, $bad{$pattern}, 'in words');
}
is(with('{"data": {"a": [' . join(', ', map { "\"v$_\"" } 1 .. 3000) . ']}}')->{status}, 414, 'one that is longer than a request may be');

# Nobody finds out what is masked by asking for it.
$node->safe_psql($db, q{INSERT INTO respond.mask (event_type, path) VALUES ('card.*', 'card.number')});
my $first = Stream::follow($at, "/$db/v1/stream", $token);
Stream::block($first);
my $place = Stream::place($first);
my $guess = with('{"data": {"card": {"number": [{"prefix": "42"}]}}}');
my $shown = with('{"data": {"card": {"number": ["***"]}}}');
emit('card.used', { card => { number => '4242424242424242', name => 'n' }, n => 1 });
emit('other', { card => { number => '42' }, n => 2 });
emit('end', {});
is(Stream::next($guess)->{data}{data}{n}, 2, 'a pattern does not find an event by what is masked');
is(Stream::next($shown)->{data}{data}{n}, 1, 'but by what is shown');
is(Stream::next(with('{"data": {"card": {"number": [{"prefix": "42"}]}}}', undef, $place))->{data}{data}{n}, 2, 'nor does one who comes back');
$node->safe_psql($db, 'DELETE FROM respond.mask');
Stream::leave($_) for $first, $guess, $shown;

# A token that acts as another role now: streams of before end, also when a new one comes first.
$node->safe_psql($db, q{
	CREATE ROLE one LOGIN; CREATE ROLE two LOGIN; GRANT USAGE ON SCHEMA respond TO one, two; GRANT SELECT ON respond.event TO one, two;
	ALTER TABLE respond.event ENABLE ROW LEVEL SECURITY;
	CREATE POLICY one ON respond.event FOR SELECT TO one USING (true);
	CREATE POLICY two ON respond.event FOR SELECT TO two USING (type LIKE 'open.%');
	CREATE POLICY writers ON respond.event FOR INSERT WITH CHECK (true)});
wait_settled();
my $changing = token('changing', 'one');
my $before = Stream::follow($at, "/$db/v1/stream", $changing);
emit('closed.1');
is(Stream::next($before)->{data}{type}, 'closed.1', 'a role sees all');
$node->safe_psql($db, q{UPDATE respond.api_token SET db_role = 'two' WHERE name = 'changing'});
my $after = Stream::follow($at, "/$db/v1/stream", $changing);
emit('closed.2');
emit('open.1');
ok(!defined Stream::next($before), 'when its token acts as another one its stream ends');
is(Stream::next($after)->{data}{type}, 'open.1', 'and a new one sees what that one sees');
Stream::leave($after);

# Deleted and made again under the same name; a role that is renamed, a membership that ends, a role that is dropped.
$after = Stream::follow($at, "/$db/v1/stream", $changing);
$node->safe_psql($db, q{DELETE FROM respond.api_token WHERE name = 'changing'});
my $new = token('changing', 'one');
$before = Stream::follow($at, "/$db/v1/stream", $new);
emit('closed.3');
ok(!defined Stream::next($after), 'a token of the same name is another token');
is(Stream::next($before)->{data}{type}, 'closed.3', 'which has streams of its own');
$node->safe_psql($db, q{ALTER ROLE one RENAME TO once});
emit('closed.4');
is(Stream::next($before)->{data}{type}, 'closed.4', 'a role that is renamed is the same one');
$node->safe_psql($db, q{CREATE ROLE readers; GRANT SELECT ON respond.event TO readers; GRANT USAGE ON SCHEMA respond TO readers;
	CREATE ROLE member LOGIN; GRANT readers TO member; DROP POLICY one ON respond.event; DROP POLICY two ON respond.event; DROP POLICY writers ON respond.event;
	ALTER TABLE respond.event DISABLE ROW LEVEL SECURITY});
wait_settled();
my $member = Stream::follow($at, "/$db/v1/stream", token('member', 'member'));
emit('m.1');
is(Stream::next($member)->{data}{type}, 'm.1', 'a right by membership');
$node->safe_psql($db, q{REVOKE readers FROM member});
emit('m.2');
ok(!defined Stream::next($member), 'ends with it');
$node->safe_psql($db, q{GRANT readers TO member});
$member = Stream::follow($at, "/$db/v1/stream", token('member 2', 'member'));
$node->safe_psql($db, q{REVOKE USAGE ON SCHEMA respond FROM readers});
emit('m.3');
ok(!defined Stream::next($member), 'and with the right to use the schema');
$node->safe_psql($db, q{GRANT USAGE ON SCHEMA respond TO readers; REVOKE CONNECT ON DATABASE desk FROM PUBLIC; GRANT CONNECT ON DATABASE desk TO readers});
$member = Stream::follow($at, "/$db/v1/stream", token('member 3', 'member'));
is($member->{status}, 200, 'who may connect may follow');
$node->safe_psql($db, q{REVOKE CONNECT ON DATABASE desk FROM readers});
emit('m.4');
ok(!defined Stream::next($member), 'a role that may not connect any more is out');
$node->safe_psql($db, q{GRANT CONNECT ON DATABASE desk TO PUBLIC});
$member = Stream::follow($at, "/$db/v1/stream", token('member 4', 'member'));
is($member->{status}, 200, 'it may again');
$node->safe_psql($db, q{DELETE FROM respond.api_token WHERE name LIKE 'member%'; DROP ROLE member});
emit('m.5');
ok(!defined Stream::next($member), 'a role that is dropped ends its streams');
Stream::leave($before);

# A thousand patterns, which take memory while they are there.
sub memory
{
	my $pid = $node->safe_psql($db, q{SELECT pid FROM respond.worker WHERE kind = 'gateway' ORDER BY lane LIMIT 1});
	my ($kb) = slurp_file("/proc/$pid/smaps_rollup") =~ /^Private_Dirty: *(\d+)/m;

	return $kb;
}
my @many;
my $start;
for my $turn (1 .. 2)
{
	@many = map { with('{"data": {"n": [' . $_ . ', {"numeric": [">", 1e15]}], "t": [{"wildcard": "*x' . 'y' x 2000 . '*"}, {"exists": false}, "' . 'v' x 1000 . $_ . '"]}}') } 1 .. 1000;
	is(scalar(grep { $_->{status} == 200 } @many), 1000, 'a thousand large patterns');
	emit('many', { n => $_ * 100 }) for 1 .. 10;
	is(join(' ', map { Stream::next($many[ $_ * 100 - 1 ])->{data}{data}{n} } 1 .. 10), join(' ', map { $_ * 100 } 1 .. 10), 'each event goes to whom it is for');
	my $taken = memory();
	$start = $taken if $turn == 1;
	cmp_ok($taken, '<', $turn == 1 ? 200_000 : $start + 20_000, "they take $taken kB");
	Stream::leave($_) for @many;
	Respond::wait_for(sub { Gateway::request($at, 'GET', "/$db/v1/nothing"); $node->safe_psql($db, q{SELECT respond.metrics()}) =~ /^pg_respond_streams(?:_open)?\{?[^ \n]* 0$/m });
}

done_testing();
