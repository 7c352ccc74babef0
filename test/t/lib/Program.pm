# The program pg_respond_gateway without a server: the test is the worker that starts it, the workers that answer, and the callers.
#
#   use Program;
#   my $program = Program::start(listen => [ '127.0.0.1:1234' ]); also max_connections, max_of_address, certificate, key
#   my $worker = $program->worker('desk');                      lane => 1, hosts => [...]
#   my $caller = $program->caller;                              to the first address
#   $caller->send("GET /desk/x HTTP/1.1\r\nHost: h\r\n\r\n");
#   my $request = $worker->request;                             hash: id method path query target host secure peer flaw fields body
#   $worker->reply($request->{id}, 200, "A: b\r\n", 'body');
#   my $answer = $caller->answer;                               hash: status head body
#
# All reading waits, with a limit that only a failure reaches.
package Program;

use strict;
use warnings;

use IO::Socket::INET ();
use IO::Socket::UNIX ();
use POSIX ();
use PostgreSQL::Test::Utils ();
use Socket;
use Time::HiRes ();

our $LIMIT = 120;
my $count = 0;

my %KIND = (
	hello => 1, limits => 2, answer => 3, stream_begin => 4, stream_data => 5, stream_end => 6, config => 7,
	welcome => 8, refuse => 9, request => 10, gone => 11, stream_full => 12, state => 13, databases => 14);
my %NAME = reverse %KIND;

# path(): the installed program, or what the environment names: a build with sanitizers.
sub path
{
	return $ENV{RESPOND_GATEWAY_PROGRAM} if $ENV{RESPOND_GATEWAY_PROGRAM};
	chomp(my $dir = `pg_config --pkglibdir`);
	return "$dir/pg_respond_gateway";
}

sub version
{
	my ($version) = `cat \$(pg_config --sharedir)/extension/pg_respond.control` =~ /default_version = '(.*?)'/;

	return $version;
}

sub text { return pack('Q/a*', $_[0]); }

sub frame
{
	my ($kind, $request, $contents) = @_;

	return pack('LLQ', length($contents), $KIND{$kind}, $request) . $contents;
}

# folder(): of sockets, with a short name, as a socket's path has at most 107 bytes.
my $folder;

sub folder
{
	return $folder ||= PostgreSQL::Test::Utils::tempdir_short();
}

sub free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1, ReuseAddr => 1) or die "no port: $!";

	return $socket->sockport;
}

# start(...): the program, told where to listen, with its state read.
sub start
{
	my (%option) = @_;
	my $name = folder() . '/workers' . ++$count . '.sock';
	my $self = bless { %option, name => $name, bytes => '' }, __PACKAGE__;

	$self->{listen} ||= [ '127.0.0.1:' . free_port() ];
	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!;
	my $door = IO::Socket::UNIX->new(Local => $name, Listen => 100) or die "$name: $!";
	my @command = (@{ $option{wrapper} || [] }, $option{program} || path());
	my $pid = fork();
	die $! unless defined $pid;
	if (!$pid)
	{
		# Out of the way of 3 and 4 first.
		POSIX::dup2(fileno($theirs), 60);
		POSIX::dup2(fileno($door), 61);
		POSIX::dup2(60, 3);
		POSIX::dup2(61, 4);
		POSIX::close($_) for 5 .. 100;
		%ENV = ($ENV{RESPOND_GATEWAY_PROGRAM} ? (ASAN_OPTIONS => 'detect_leaks=0') : ());
		exec @command or POSIX::_exit(127);
	}
	@$self{qw(pid socket)} = ($pid, $ours);
	$self->say(frame('hello', 0, pack('Q', 1) . text($option{version} || version()) . text('') . pack('QQ', 0, 0)));
	my $answer = $self->read_frame;
	$self->{hello} = $answer;
	$self->configure if $answer && $answer->{kind} eq 'welcome';
	return $self;
}

# configure(..., until => condition): sends what differs, and reads the states until one is of these addresses and the condition holds.
sub configure
{
	my ($self, %option) = @_;
	my $until = delete $option{until} || sub { 1 };

	@$self{ keys %option } = values %option;
	$self->say(frame('config', 0, pack('QQ', $self->{max_connections} || 1000, $self->{max_of_address} || 0) .
		text($self->{certificate} || '') . text($self->{key} || '') .
		pack('Q', scalar(@{ $self->{listen} })) . join('', map { text($_) } @{ $self->{listen} })));
	return $self->state(sub { join(' ', sort @{ $_[0]{addresses} || [] }) eq join(' ', sort @{ $self->{listen} }) && $until->($_[0]) });
}

# databases(complete, name...): which there are, and whether these are all.
sub databases
{
	my ($self, $complete, @names) = @_;

	$self->say(frame('databases', 0, pack('QQ', $complete, scalar(@names)) . join('', map { text($_) } @names)));
	return;
}

# state(condition): the next one, or the next one of which the condition holds.
sub state
{
	my ($self, $condition) = @_;

	while (my $frame = $self->read_frame)
	{
		die "a state, not $frame->{kind}" unless $frame->{kind} eq 'state';
		my $bytes = $frame->{contents};
		my %state;

		(@state{qw(connections accepted refused certificate_end certificate)}, my $addresses, $bytes) = unpack('QQQQ Q/a* Q a*', $bytes);
		for (1 .. $addresses)
		{
			(my ($address, $fault), $bytes) = unpack('Q/a* Q/a* a*', $bytes);
			push @{ $state{addresses} }, $address;
			$state{fault}{$address} = $fault;
		}
		return $self->{last_state} = \%state if !$condition || $condition->(\%state);
	}
	return;
}

# worker(database, lane => 0, hosts => [...], version => ...): connected, and greeted; its {hello} is the answer.
sub worker
{
	my ($self, $database, %option) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $self->{name}) or die "$self->{name}: $!";
	my @hosts = @{ $option{hosts} || [] };
	my $worker = bless { socket => $socket, bytes => '', program => $self }, __PACKAGE__;

	$worker->say(frame('hello', 0, pack('Q', $option{protocol} || 1) . text($option{version} || version()) . text($database) .
		pack('QQ', $option{lane} || 0, scalar(@hosts)) . join('', map { text($_) } @hosts)));
	$worker->{hello} = $worker->read_frame;
	return $worker;
}

sub say
{
	my ($self, $bytes) = @_;
	my $at = 0;

	local $SIG{PIPE} = 'IGNORE';
	while ($at < length($bytes))
	{
		my $sent = syswrite($self->{socket}, $bytes, length($bytes) - $at, $at);
		return 0 unless $sent;
		$at += $sent;
	}
	return 1;
}

# more(): reads something; false at the end of the connection.
sub more
{
	my ($self, $limit) = @_;
	my $ready = '';

	vec($ready, fileno($self->{socket}), 1) = 1;
	my $found = select($ready, undef, undef, defined $limit ? $limit : $LIMIT);
	return if defined $limit && !$found;
	die "nothing came\n" unless $found;
	return sysread($self->{socket}, $self->{bytes}, 1 << 20, length($self->{bytes}));
}

# read_frame(limit): a hash with kind, request and contents; nothing at the end.
sub read_frame
{
	my ($self, $limit) = @_;

	for (;;)
	{
		if (length($self->{bytes}) >= 16)
		{
			my ($length, $kind, $request) = unpack('LLQ', $self->{bytes});

			if (length($self->{bytes}) >= 16 + $length)
			{
				my $contents = substr($self->{bytes}, 16, $length);

				substr($self->{bytes}, 0, 16 + $length, '');
				return { kind => $NAME{$kind} || $kind, request => $request, contents => $contents };
			}
		}
		$self->more($limit) or return;
	}
}

sub read_request
{
	my ($frame) = @_;
	my %request = (id => $frame->{request});
	my $bytes = $frame->{contents};

	(@request{qw(method path has_query query target host secure peer flaw)}, my $fields, $bytes) =
	  unpack('Q/a* Q/a* Q Q/a* Q/a* Q/a* Q Q/a* Q Q a*', $bytes);
	$request{query} = undef unless delete $request{has_query};
	for (1 .. $fields)
	{
		(my ($name, $value), $bytes) = unpack('Q/a* Q/a* a*', $bytes);
		push @{ $request{fields} }, [ $name, $value ];
	}
	($request{body}, $bytes) = unpack('Q/a* a*', $bytes);
	die "bytes behind the request" if length($bytes);
	return \%request;
}

# request(): the next one that a worker gets.
sub request
{
	my ($self) = @_;
	my $frame = $self->read_frame or die "the worker's connection has ended\n";

	die "a request, not $frame->{kind}\n" unless $frame->{kind} eq 'request';
	return read_request($frame);
}

# reply(id, status, fields, body): a worker's answer.
sub reply
{
	my ($self, $id, $status, $fields, $body) = @_;

	return $self->say(frame('answer', $id, pack('Q', $status) . text($fields || '') . text(defined $body ? $body : '')));
}

sub limits
{
	my ($self, $others, %limits) = @_;

	return $self->say(frame('limits', 0, pack('QQ', $others, scalar(keys %limits)) .
		join('', map { text($_) . pack('Q', $limits{$_}) } keys %limits)));
}

sub stream_begin
{
	my ($self, $id, $status, $fields) = @_;

	return $self->say(frame('stream_begin', $id, pack('Q', $status) . text($fields)));
}

sub stream_data
{
	my ($self, $bytes, @ids) = @_;

	return $self->say(frame('stream_data', 0, pack('QQ*', scalar(@ids), @ids) . text($bytes)));
}

sub stream_end
{
	my ($self, $bytes, @ids) = @_;

	return $self->say(frame('stream_end', 0, pack('QQ*', scalar(@ids), @ids) . text($bytes)));
}

# caller(address): connected to an address of the program, by default the first one.
sub caller
{
	my ($self, $address) = @_;
	my $socket;

	$address = $self->{listen}[0] unless defined $address;
	if ($address =~ /^unix:(.*)/)
	{
		$socket = IO::Socket::UNIX->new(Peer => $1);
	}
	else
	{
		my ($host, $port) = $address =~ /^(?:tls:)?\[?(.*?)\]?:(\d+)$/;
		my $six = $host =~ /:/;

		socket($socket, $six ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die $!;
		connect($socket, $six ? pack_sockaddr_in6($port, Socket::inet_pton(AF_INET6, $host)) :
			pack_sockaddr_in($port, inet_aton($host))) or return;
	}
	return unless $socket;
	return bless { socket => $socket, bytes => '' }, __PACKAGE__;
}

sub send { return $_[0]->say($_[1]); }

# ask(bytes): sends them, and reads one answer.
sub ask
{
	my ($self, $bytes) = @_;

	$self->say($bytes);
	return $self->answer;
}

sub line
{
	my ($self) = @_;

	while ($self->{bytes} !~ /\r\n/)
	{
		$self->more or return;
	}
	$self->{bytes} =~ s/^(.*?\r\n)//s;
	return $1;
}

# bytes(count): so many, or what there is until the end.
sub bytes
{
	my ($self, $count) = @_;

	while (length($self->{bytes}) < $count)
	{
		$self->more or last;
	}
	return substr($self->{bytes}, 0, $count, '');
}

# answer(bodyless): the next one, a hash with status, head (one string), fields (by name in lower case) and body; nothing at the end.
sub answer
{
	my ($self, $bodyless) = @_;
	my %answer = (head => '', body => '');

	while (defined(my $line = $self->line))
	{
		$answer{head} .= $line;
		last if $line eq "\r\n";
	}
	return unless $answer{head} =~ /^HTTP\/1\.1 (\d+) .*\r\n\r\n\z/s;
	$answer{status} = $1;
	$answer{fields} = { map { /^(.*?): (.*)$/ ? (lc $1, $2) : () } split /\r\n/, $answer{head} };
	return \%answer if $bodyless || $answer{status} =~ /^(1..|204|304)$/;
	if (($answer{fields}{'transfer-encoding'} || '') eq 'chunked')
	{
		while (my $size = hex(($self->line || '') =~ s/\r\n//r))
		{
			$answer{body} .= $self->bytes($size);
			$self->bytes(2);
		}
		$answer{ended} = $self->line;
	}
	elsif (defined $answer{fields}{'content-length'})
	{
		$answer{body} = $self->bytes($answer{fields}{'content-length'});
	}
	else
	{
		1 while $self->more;
		$answer{body} = $self->{bytes};
	}
	return \%answer;
}

# head(): that of an answer whose body is not read.
sub head { return $_[0]->answer(1); }

# is_closed(): nothing more comes, and what has come is read.
sub is_closed
{
	my ($self) = @_;

	return $self->{bytes} eq '' && !$self->more;
}

sub finish_sending { return shutdown($_[0]{socket}, 1); }

sub close { return CORE::close($_[0]{socket}); }

# escape(bytes): as in test/unit/http_cases.tsv; unescape() is the way back.
my %SIGN = ("\r" => '\\r', "\n" => '\\n', "\t" => '\\t', '\\' => '\\\\');

sub escape
{
	my ($bytes) = @_;

	$bytes =~ s/([^\x20-\x5b\x5d-\x7e])/$SIGN{$1} || sprintf('\\x%02x', ord($1))/ges;
	return $bytes;
}

sub unescape
{
	my ($text) = @_;

	$text =~ s/\\(?:x([0-9a-f]{2})|(.))/defined $1 ? chr(hex($1)) : $2 eq 'r' ? "\r" : $2 eq 'n' ? "\n" : $2 eq 't' ? "\t" : $2/ges;
	return $text;
}

# echo(database, option => ...): a worker in a process of its own, which answers with 200 and what it was asked until the program ends.
sub echo
{
	my ($self, @worker) = @_;
	my $pid = fork();

	die $! unless defined $pid;
	return $pid if $pid;

	# What is open here would keep connections of the test alive.
	POSIX::close($_) for 3 .. 500;
	$self->{pid} = 0;
	my $worker = $self->worker(@worker);
	$worker->limits($self->{echo_limit} || 1 << 20);
	while (my $frame = $worker->read_frame(1e6))
	{
		next unless $frame->{kind} eq 'request';
		my $request = read_request($frame);
		my $body = join(' ', $request->{method}, escape($request->{target}), length($request->{body}) ? escape($request->{body}) : ());

		$worker->reply($request->{id}, $request->{flaw} == 1 ? 413 : $request->{flaw} == 2 ? 408 : 200, 
			length($body) < 10000 ? "X-Asked: $body\r\n" : '', $body);
	}
	POSIX::_exit(0);
}

# memory(): of the program, in kB; descriptors(): how many it has open.
sub memory
{
	my ($self) = @_;
	open(my $status, '<', "/proc/$self->{pid}/status") or return;
	my ($memory) = join('', <$status>) =~ /^VmRSS:\s*(\d+)/m;

	return $memory;
}

sub descriptors
{
	my ($self) = @_;

	return scalar(() = glob("/proc/$self->{pid}/fd/*"));
}

# stop(): closes what the program must not outlive, and returns its exit status.
sub stop
{
	my ($self) = @_;

	CORE::close($self->{socket});
	waitpid($self->{pid}, 0);
	$self->{pid} = 0;
	return $?;
}

sub DESTROY
{
	my ($self) = @_;

	if ($self->{pid} && $self->{name})
	{
		local $?;
		kill 'KILL', $self->{pid};
		waitpid($self->{pid}, 0);
	}
	return;
}

1;
