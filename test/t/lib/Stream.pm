# Streams of events, followed over a raw socket.
#
#   my $stream = Stream::follow($at, '/desk/v1/stream?type=a', $token, $place);     # place: Last-Event-ID
#   $stream->{status};
#   my $event = Stream::next($stream);          # {id, event, data} of the next message; undef: it has ended
#   Stream::until($stream, sub { $_[0]{data}{type} eq 'b' });     # all up to that one
#   Stream::place($stream);                     # where to go on, as an EventSource knows it
package Stream;

use strict;
use warnings;

use Gateway;
use IO::Select;
use JSON::PP ();
use Respond;

my $SILENCE = 60;

# follow(address, target, token, place, headers)
sub follow
{
	my ($address, $target, $token, $place, %headers) = @_;
	my $socket = Gateway::connect($address) or return { status => 0 };
	my $stream = { socket => $socket, bytes => '', ended => 0, place => $place, lines => [], comments => 0 };

	Gateway::send_all($socket, Gateway::text('GET', $target, {
		defined $token ? (Authorization => "Bearer $token") : (), defined $place ? ('Last-Event-ID' => $place) : (), %headers }, undef, 'keep-alive'));
	while ($stream->{bytes} !~ /\r\n\r\n/ && fill($stream)) { }
	($stream->{head}, $stream->{bytes}) = split /\r\n\r\n/, $stream->{bytes}, 2;
	($stream->{status}) = ($stream->{head} || '') =~ m{^HTTP/1\.1 (\d+)};
	$stream->{status} ||= 0;
	$stream->{chunked} = ($stream->{head} || '') =~ /^transfer-encoding: *chunked/im;
	$stream->{raw} = $stream->{chunked} ? delete $stream->{bytes} : '';
	$stream->{bytes} = '' if $stream->{chunked};
	unchunk($stream);
	return $stream;
}

# Reads what comes; false: nothing does any more.
sub fill
{
	my ($stream) = @_;
	my $place = $stream->{chunked} ? \$stream->{raw} : \$stream->{bytes};
	my $select = IO::Select->new($stream->{socket});
	my $count;

	return 0 if $stream->{ended};
	return 0 unless $select->can_read($SILENCE);
	$count = sysread($stream->{socket}, $$place, 262144, length $$place);
	$stream->{ended} = 1 unless $count;
	unchunk($stream);
	return $count;
}

sub unchunk
{
	my ($stream) = @_;

	return unless $stream->{chunked};
	while ($stream->{raw} =~ /^([0-9a-fA-F]+)\r\n/)
	{
		my ($size, $head) = (hex $1, length($1) + 2);

		if ($size == 0)
		{
			$stream->{ended} = $stream->{finished} = 1;
			last;
		}
		last if length($stream->{raw}) < $head + $size + 2;
		$stream->{bytes} .= substr($stream->{raw}, $head, $size);
		substr($stream->{raw}, 0, $head + $size + 2, '');
	}
	return;
}

# ready(stream): whether something has come.
sub ready
{
	my ($stream, $seconds) = @_;

	return $stream->{bytes} =~ /\n\n/ || IO::Select->new($stream->{socket})->can_read($seconds || 0);
}

# block(stream): fields of the next block, comments too; undef: the stream has ended.
sub block
{
	my ($stream) = @_;
	my %block;

	while ($stream->{bytes} !~ /\n\n/)
	{
		return undef unless fill($stream);
	}
	(my $text, $stream->{bytes}) = split /\n\n/, $stream->{bytes}, 2;
	for my $line (split /\n/, $text)
	{
		my ($name, $value) = $line =~ /^([^:]*):? ?(.*)$/s;

		$stream->{comments}++ if $name eq '';
		$block{$name} = $name eq 'data' && exists $block{data} ? "$block{data}\n$value" : $value;
	}
	$stream->{place} = $block{id} if exists $block{id};
	$stream->{retry} = $block{retry} if exists $block{retry};
	return \%block;
}

# message(stream): the next block, its data decoded if it has any.
sub message
{
	my ($stream) = @_;
	my $block = block($stream);

	return $block unless defined $block && exists $block->{data};
	$block->{text} = $block->{data};
	$block->{data} = JSON::PP->new->utf8->decode($block->{data});
	return $block;
}

# next(stream): the next message with data.
sub next
{
	my ($stream) = @_;

	while (defined(my $message = message($stream)))
	{
		return $message if exists $message->{data};
	}
	return undef;
}

# upto(stream, condition): messages up to the one for which it holds, that one too.
sub upto
{
	my ($stream, $condition) = @_;
	my @all;

	while (defined(my $message = Stream::next($stream)))
	{
		push @all, $message;
		last if $condition->($message);
	}
	return @all;
}

# take(stream, number): so many messages.
sub take
{
	my ($stream, $number) = @_;
	my @all;

	while (@all < $number && defined(my $message = Stream::next($stream)))
	{
		push @all, $message;
	}
	return @all;
}

sub place
{
	my ($stream) = @_;

	return $stream->{place};
}

sub leave
{
	my ($stream) = @_;

	close $stream->{socket};
	return;
}

1;
