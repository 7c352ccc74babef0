# Streams on servers that fail over, are restored or are copied: who comes back with a place goes on without a gap, or is told.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

use MIME::Base64 qw(decode_base64 encode_base64);

my $db = 'desk';
my $standby_number = 0;
my $primary = Respond::node('primary', init => [ allows_streaming => 1, has_archiving => 1 ], wal_keep_size => '64MB',
	bgwriter_lru_maxpages => 0, autovacuum => 'off', checkpoint_timeout => '1h');
Respond::create_extension($primary, $db);
my $token = $primary->safe_psql($db, q{SELECT respond.create_token('all', 'respond_auditor', '{stream}')});
$primary->backup('base');
my $at = Gateway::open($primary);
Gateway::wait_ready($at, $db);

sub follow { return Stream::follow($_[0], "/$db/v1/stream", $token, $_[1]) }
sub types { return join(' ', map { $_->{data}{type} } @_) }

# said(stream): why its first message says that events were missed.
sub said
{
	my $message = Stream::next($_[0]) or return 'it ended';

	return ($message->{event} || 'message') . ' ' . ($message->{data}{reason} || $message->{data}{type});
}

# number(bytes): the first number of a place, taken off.
sub number
{
	my ($value, $shift) = (0, 0);

	while (1)
	{
		my $byte = ord substr($_[0], 0, 1, '');

		$value |= ($byte & 127) << $shift;
		$shift += 7;
		return $value if $byte < 128;
	}
}

sub put_number
{
	my ($number) = @_;
	my $bytes = '';

	for (; $number >= 128; $number >>= 7)
	{
		$bytes .= chr(($number & 127) | 128);
	}
	return $bytes . chr($number);
}

# taken_apart(place): its numbers; made(numbers): the place of these.
sub taken_apart
{
	my $bytes = decode_base64($_[0] =~ tr{-_}{+/}r . '=' x (-length($_[0]) % 4));
	my @numbers;

	$bytes = substr($bytes, 1, -4);
	push @numbers, number($bytes) while length $bytes;
	return @numbers;
}

sub made
{
	my $bytes = chr(1) . join('', map { put_number($_) } @_);
	my $sum = 2166136261;

	$sum = (($sum ^ ord) * 16777619) & 0xffffffff for split //, $bytes;
	return encode_base64($bytes . pack('V', $sum), '') =~ tr{+/}{-_}r =~ s/=+$//r;
}

sub lsn { return sprintf('%X/%X', $_[0] >> 32, $_[0] & 0xffffffff) }

# A standby answers 503; promoted, it goes on where the primary was.
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
my $at_standby = '127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port();
Respond::configure($standby, 'pg_respond.gateway_listen' => $at_standby, archive_mode => 'off');
$standby->start;
my $stream = follow($at);
Respond::emit($primary, $db, $_) for qw(a b c);
my @all = Stream::take($stream, 3);
my $open = Respond::session($primary, $db);
$open->query_safe(q{BEGIN; SELECT respond.emit('open')});
$primary->safe_psql($db, q{BEGIN; SELECT respond.emit('prepared'); PREPARE TRANSACTION 'p'});
Respond::emit($primary, $db, 'd');
push @all, Stream::take($stream, 1);
is(types(@all), 'a b c d', 'events of the primary');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
Respond::wait_for(sub { my $there = follow($at_standby); $there->{status} == 503 }, 'a standby has no streams');
$primary->stop('immediate');
$standby->promote;
Gateway::wait_ready($at_standby, $db);
$stream = follow($at_standby, $all[1]{id});
is(types(Stream::take($stream, 2)), 'c d', 'the promoted one goes on at a place of the primary');
$stream = follow($at_standby, $all[3]{id});
$standby->safe_psql($db, q{COMMIT PREPARED 'p'});
Respond::emit($standby, $db, 'e');
is(types(Stream::take($stream, 2)), 'prepared e', 'nothing comes twice, and what was open is not lost');
my $kept = Stream::place($stream);
Respond::emit($standby, $db, 'f');
$standby->restart;
Gateway::wait_ready($at_standby, $db);
is(types(Stream::take(follow($at_standby, $kept), 1)), 'f', 'and so it is after a restart');

# The old primary comes back with events that the standby did not get: their places are of no use there.
$primary->start;
Gateway::wait_ready($at, $db);
$stream = follow($at, $all[3]{id});
Respond::emit($primary, $db, 'lost');
is(types(Stream::take($stream, 1)), 'lost', 'an event of the other history');
my $lost = Stream::place($stream);
Stream::leave($stream);
Respond::emit($standby, $db, "g$_") for 1 .. 20;
$stream = follow($at_standby, $lost);
is(said($stream), 'reset history', 'a place that the standby had not come to is refused');
Respond::emit($standby, $db, 'h');
is(types(Stream::take($stream, 1)), 'h', 'with what comes after');
Stream::leave($stream);

# A server that is restored to an earlier time hands out the same numbers of transactions again; a place is good up to the last byte that was
# restored, and not one behind.
my @marks;
$stream = follow($at);
for my $number (1 .. 3)
{
	Respond::emit($primary, $db, "m$number");
	push @marks, Stream::next($stream);
}
my $file = $primary->safe_psql('postgres', 'SELECT pg_walfile_name(pg_switch_wal())');
$primary->safe_psql('postgres', 'CHECKPOINT');
Respond::wait_until($primary, 'postgres', "SELECT last_archived_wal >= '$file' FROM pg_stat_archiver");
my ($incarnation, $timeline, $wal, $since, @cursor) = taken_apart($marks[1]{id});
is(made($incarnation, $timeline, $wal, $since, @cursor), $marks[1]{id}, 'a place can be taken apart');
my $restored = PostgreSQL::Test::Cluster->new('restored');
$restored->init_from_backup($primary, 'base', has_restoring => 1);
my $at_restored = '127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port();
Respond::configure($restored, 'pg_respond.gateway_listen' => $at_restored, recovery_target_lsn => lsn($wal), recovery_target_inclusive => 'off', recovery_target_timeline => 'current',
	recovery_target_action => 'promote');
$restored->start;
Respond::wait_until($restored, $db, 'SELECT NOT pg_is_in_recovery()');
is($restored->safe_psql($db, q{SELECT string_agg(type, ' ' ORDER BY id) FROM respond.event WHERE type LIKE 'm%'}), 'm1 m2', 'a server that was restored to an earlier time');
Gateway::wait_ready($at_restored, $db);
my ($switch) = slurp_file($restored->data_dir . '/pg_wal/00000002.history') =~ /^1\t(\S+)/m;
is($switch, lsn($wal), 'up to the end of a commit and not one byte further');
my $m3 = follow($at_restored, $marks[2]{id});
is(said($m3), 'reset history', 'a place of the future that was lost is refused');
Respond::emit($restored, $db, "n$_") for 1 .. 5;
is(types(Stream::take($m3, 5)), 'n1 n2 n3 n4 n5', 'and all comes that is new, with numbers of transactions that the lost ones had');
is(types(Stream::take(follow($at_restored, $marks[1]{id}), 2)), 'n1 n2', 'the last place that was kept is good');
is(types(Stream::take(follow($at_restored, $marks[0]{id}), 2)), 'm2 n1', 'and those before it');

# Places that nobody was given lead to no error, and to nothing that is wrong.
my ($xmax) = @cursor;
my %forged = (
	'of another database' => [ made($incarnation + 1, $timeline, $wal, $since, @cursor), 'reset database' ],
	'of a timeline to come' => [ made($incarnation, 9, $wal, $since, @cursor), 'reset history' ],
	'of WAL to come' => [ made($incarnation, $timeline, $wal * 1000, $since, @cursor), 'reset history' ],
	'of no WAL' => [ made($incarnation, $timeline, 0, $since, @cursor), 'reset history' ],
	'of transactions to come' => [ made($incarnation, $timeline, $wal, $since, $xmax + 100000, 0, 0), 'reset history' ],
	'of before all' => [ made($incarnation, $timeline, $wal, 1000, @cursor), 'reset retention' ],
	'with a sum that is wrong' => [ substr($marks[1]{id}, 0, -2) . 'AA', 'reset place' ],
	'with a number left out' => [ made($incarnation, $timeline, $wal, $since), 'reset place' ],
	'with a number too many' => [ made($incarnation, $timeline, $wal, $since, @cursor, 1), 'reset place' ],
	'with transactions below 0' => [ made($incarnation, $timeline, $wal, $since, $xmax, 0, 1, $xmax + 1), 'reset place' ],
	'with no transaction twice' => [ made($incarnation, $timeline, $wal, $since, $xmax, 0, 2, 1, 0), 'reset place' ]);
for my $name (sort keys %forged)
{
	my $one = follow($at_restored, $forged{$name}[0]);

	is(said($one), $forged{$name}[1], "a place $name");
	Stream::leave($one);
}
Respond::emit($restored, $db, 'still');
is(types(Stream::take($m3, 1)), 'still', 'others have noticed nothing');

# A synchronous standby that is gone: what it has not confirmed is not sent, and what is dropped meanwhile is told of.
Gateway::set($restored, synchronous_standby_names => 'gone');
my $held = Stream::follow($at_restored, "/$db/v1/stream?type=s.*", $token);
Stream::block($held);
my $wal_sender = sub { $restored->safe_psql($db, "SET synchronous_commit = local; SELECT respond.emit('$_[0]')") };
$wal_sender->('s.1');
my $late = Stream::follow($at_restored, "/$db/v1/stream?type=s.*", $token, Stream::place($held));
$wal_sender->('x.1');
# each of these has had its turn
for my $turn (1 .. 5)
{
	my $one = follow($at_restored);

	Stream::block($one);
	Stream::leave($one);
}
ok(!Stream::ready($held), 'an event that the standby has not confirmed is not sent');
Stream::block($late);
ok(!Stream::ready($late), 'nor to one who comes back');
Gateway::set($restored, synchronous_standby_names => '');
is(types(Stream::take($held, 1)) . ' ' . types(Stream::take($late, 1)), 's.1 s.1', 'but then');
$_->stop('immediate') for $restored, $standby;
$primary->stop('immediate');
done_testing();
