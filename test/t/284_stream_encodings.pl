# Streams speak UTF-8, whatever the encoding of the database: what is asked for, and what comes.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;
use utf8;

use Encode ();
use JSON::PP ();

my $node = Respond::node('encodings', fsync => 'off', max_connections => 40, max_worker_processes => 60, 'pg_respond.max_workers' => 60, 'pg_respond.max_event_size' => '64MB');
my $at = Gateway::open($node);
local $ENV{PGCLIENTENCODING} = 'UTF8';

sub sql
{
	my ($db, $query) = @_;

	return $node->safe_psql($db, Encode::encode('UTF-8', $query));
}

# percent(text): as urls have it
sub percent { return Encode::encode('UTF-8', $_[0]) =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord($1))/ger }

sub database
{
	my ($db, $encoding) = @_;

	sql('postgres', "CREATE DATABASE $db ENCODING '$encoding' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
	Respond::create_extension($node, $db);
	Gateway::wait_ready($at, $db);
	return sql($db, q{SELECT respond.create_token('all', 'respond_auditor', '{stream}')});
}

# words: of the script; lacks: a character that the encoding has not
my %encodings = (
	LATIN1 => { words => 'ÄRGER É', lacks => '€' },
	EUC_JP => { words => 'ＡЖ漢', lacks => '🙂' }, UTF8 => { words => 'ÄЖ漢🙂', lacks => undef });
my $db;
my $token;

sub follow { return Stream::follow($at, "/$db/v1/stream" . (@_ ? '?' . join('&', @_) : ''), $token) }

for my $encoding (sort keys %encodings)
{
	my ($words, $lacks) = @{ $encodings{$encoding} }{qw(words lacks)};
	my $first = substr($words, 0, 1);

	$db = lc $encoding;
	$token = database($db, $encoding);
	sql($db, "INSERT INTO respond.mask (event_type, path) VALUES ('*', 'geheim.$first')");
	my %asked = ('' => 7, 'type=' . percent("t.$words") => 1, 'type=' . percent("t.$first*") => 2);
	my @patterns = ([ qq({"subject": ["$words"]}), 7 ], [ qq({"data": {"$words": [1]}}), 1 ], [ qq({"data": {"w": [{"prefix": "$first"}]}}), 2 ],
		[ qq({"data": {"w": [{"wildcard": "*$first*"}]}}), 3 ], [ qq({"data": {"w": [{"equals-ignore-case": "$words"}]}}), 1 ],
		[ qq({"data": {"w": [{"anything-but": ["$words"]}]}}), 5 ]);
	$asked{ 'pattern=' . percent($_->[0]) } = $_->[1] for @patterns;
	my %streams = map { $_ => follow($_ eq '' ? () : $_) } sort keys %asked;
	is(join(' ', map { $_->{status} } values %streams), join(' ', (200) x keys %asked), "$encoding: all streams begin");
	my @events = (
		[ "t.$words", { w => $words, $words => 1 } ], [ "t.$first", { w => "$first?" } ], [ 't.?', { w => '?' } ], [ 't.x', { w => "x" } ],
		[ 't.masked', { geheim => { $first => 'wort', offen => $words } } ], [ 't.split', { w => "x\n\r$words" } ], [ 't.long', { w => 'x', long => 'a' . $words x 3000 } ]);
	for my $event (@events)
	{
		sql($db, sprintf(q{SELECT respond.emit(%s, %s, %s)}, map { Respond::quote_literal($_) } $event->[0], JSON::PP->new->encode($event->[1]), $words));
	}
	my @all = Stream::take($streams{''}, 7);
	is_deeply([ map { $_->{data}{type} } @all ], [ map { $_->[0] } @events ], "$encoding: types arrive");
	is_deeply([ map { $_->{data}{subject} } @all ], [ ($words) x 7 ], "$encoding: subjects");
	is_deeply($all[4]{data}{data}, { geheim => { $first => '***', offen => $words } }, "$encoding: a mask holds");
	$events[4][1] = $all[4]{data}{data};
	is_deeply([ map { $_->{data}{data} } @all ], [ map { $_->[1] } @events ], "$encoding: data");
	sql($db, sprintf(q{SELECT respond.emit(%s, %s, %s)}, map { Respond::quote_literal($_) } "t.$words", JSON::PP->new->encode({ w => $words, $words => 1, end => 1 }), $words));
	delete $asked{''};
	for my $query (sort keys %asked)
	{
		my $end = $query =~ /anything-but/ ? undef : 1;
		my @got = $end ? Stream::upto($streams{$query}, sub { ref $_[0]{data}{data} && $_[0]{data}{data}{end} }) : Stream::take($streams{$query}, $asked{$query} - 1);

		pop @got if $end;
		is(scalar(@got), $asked{$query} - ($end ? 0 : 1), "$encoding: $query");
	}
	Stream::leave($_) for values %streams;
	next unless defined $lacks;

	# Characters that no event can have ask for no other events.
	for my $query ('type=' . percent("t.$lacks"), 'pattern=' . percent(qq({"subject": ["$lacks"]})), 'pattern=' . percent(qq({"data": {"w": [{"wildcard": "$lacks*"}]}})))
	{
		my $answer = follow($query);

		is($answer->{status}, 400, "$encoding: $query");
		like($answer->{bytes}, qr/Parameter (?:type|pattern): it has characters that encoding $encoding of the database lacks/, 'in words');
	}
}

# SQL_ASCII says nothing of its bytes: what is UTF-8 arrives, and the rest is replaced.
$db = 'ascii';
$token = database($db, 'SQL_ASCII');
delete local $ENV{PGCLIENTENCODING};
my $stream = follow();
my $typed = follow('type=' . percent('t.ä*'));
my $matched = follow('pattern=' . percent('{"data": {"ä": [{"suffix": "漢"}]}}'));
sql($db, q{SELECT respond.emit('t.äx', '{"ä": "b漢"}', 'ö')});
$node->safe_psql($db, qq{SELECT respond.emit('t.\xe4', '{"x": "a\xe4\xff\xc3"}', '\xf6')});
my @got = Stream::take($stream, 2);
is_deeply($got[0]{data}{data}, { 'ä' => 'b漢' }, 'SQL_ASCII: UTF-8 in data');
is("$got[0]{data}{type} $got[0]{data}{subject}", 't.äx ö', 'type and subject');
is($got[1]{data}{data}{x}, "a\x{fffd}\x{fffd}\x{fffd}", 'other bytes are replaced');
is("$got[1]{data}{type} $got[1]{data}{subject}", "t.\x{fffd} \x{fffd}", 'there too');
is(Stream::next($typed)->{data}{type}, 't.äx', 'types are compared as bytes');
is(Stream::next($matched)->{data}{type}, 't.äx', 'and values');

# What grows on its way out must still fit into a frame.
my %large = (latin1 => [ 'chr(233)', 17_000_000 ], ascii => [ q{convert_from('\xff', 'SQL_ASCII')}, 12_000_000 ], utf8 => [ "'x'", 26_000_000 ]);
for my $name (sort keys %large)
{
	$db = $name;
	$token = $node->safe_psql($db, q{SELECT respond.create_token('large', 'respond_auditor', '{stream}')});
	$stream = follow();
	$node->safe_psql($db, "SELECT respond.emit('large', jsonb_build_object('t', repeat($large{$name}[0], $large{$name}[1])))");
	$node->safe_psql($db, q{SELECT respond.emit('small', '{"n": 1}')});
	@got = Stream::take($stream, 2);
	is(join(' ', map { $_->{data}{type} } @got), 'large small', "$name: one that does not fit comes, and the next one");
	is($got[0]{data}{data}, undef, 'without its data');
	Stream::leave($stream);
}
$db = 'latin1';
$token = $node->safe_psql($db, q{SELECT respond.create_token('fits', 'respond_auditor', '{stream}')});
$stream = follow();
$node->safe_psql($db, q{SELECT respond.emit('fits', jsonb_build_object('t', repeat(chr(233), 10000000)))});
my $block;
do { $block = Stream::block($stream) } until !defined $block || exists $block->{data};
cmp_ok(length($block->{data}), '>', 20000000, 'a very large one that fits comes whole');

done_testing();
