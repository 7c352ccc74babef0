# One psql program answers the queries of a test, each in a session of its own.
#
# PostgreSQL::Test::Cluster starts a psql for each query, which costs more than the query.  Here one program stays: for each query it
# connects anew, runs the text, and leaves the session.  So what a text does to its session ends with it, as before; and what is
# returned, printed and told of errors is the same, because it is psql that does it.  A text of which it is not sure that psql comes to
# its end is left to a psql that is started for it: meta-commands, comments, quotes that stay open, data for COPY.
#
#   use Psql;                                        $node->psql() and $node->safe_psql() work so from now on
#   my ($out, $err) = Psql::look($node, $db, $query, $seconds);   for the same query again and again: in the session of the last look
#   Psql::leave();                                   ends that session
#
# RESPOND_PSQL=each starts a program for each query again.
package Psql;

use strict;
use warnings;

use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use PostgreSQL::Test::Cluster ();
use POSIX ();
use Socket;
use Time::HiRes qw(time);

my $each = ($ENV{RESPOND_PSQL} || '') eq 'each';
our $cluster_psql = \&PostgreSQL::Test::Cluster::psql;
my $count = 0;
my %programs;
my $looking;

# is_plain(text): psql is surely through with the text when it has read it: all that is opened in it is closed.
sub is_plain
{
	my ($text) = @_;
	my $depth = 0;

	return 0 if $text =~ /\0/;
	$text =~ s/\b[eE]'(?:[^'\\]|\\.|'')*'|(?<![eE])'[^']*'|"[^"]*"|(?<![\w\$])(\$(?:[A-Za-z_]\w*)?\$).*?\1/ x /sg;
	return 0 if $text =~ /['"\\]|--|\/\*|\$\w*\$|\b(?:stdin|atomic|standard_conforming_strings)\b/i;
	for my $paren ($text =~ /[()]/g)
	{
		$depth += $paren eq '(' ? 1 : -1;
		return 0 if $depth < 0;
	}
	return $depth == 0;
}

# start(command, connection string): the program, which connects by itself.
sub start
{
	my ($command, $connection) = @_;
	my $park = sprintf('respond-psql-%d-%d', $$, ++$count);
	my ($door, @inner, @outer);

	socket($door, AF_UNIX, SOCK_STREAM, 0) && bind($door, pack_sockaddr_un("\0$park/.s.PGSQL.1")) && listen($door, 5) or die "socket: $!";
	for my $fd (0 .. 2)
	{
		pipe(my $read, my $write) or die "pipe: $!";
		($inner[$fd], $outer[$fd]) = $fd == 0 ? ($read, $write) : ($write, $read);
	}
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		POSIX::dup2(fileno($inner[$_]), $_) for 0 .. 2;
		{ no warnings 'exec'; exec { $command } $command, '-XAtq', '-d', $connection, '-f', '-'; }
		POSIX::_exit(127);
	}
	fcntl($outer[0], F_SETFL, fcntl($outer[0], F_GETFL, 0) | O_NONBLOCK) or die "fcntl: $!";
	return bless { pid => $pid, in => $outer[0], out => $outer[1], err => $outer[2], door => $door, park => "host=\@$park port=1 dbname=none user=none",
		lines => 0, session => $connection }, __PACKAGE__;
}

# exchange(text, mark, end): writes the text and reads what is said before the mark, or until the program ends.  False when time is
# over.  Meanwhile it opens the door of the place without a server where psql waits between sessions: it can leave one only for another.
sub exchange
{
	my ($self, $text, $mark, $end) = @_;
	my %open = (out => 1, err => 1);
	my $written = 0;

	local $SIG{PIPE} = 'IGNORE';
	@$self{qw(said_out said_err)} = ('', '');
	while ($open{out} || $open{err})
	{
		my ($reads, $writes) = ('', '');

		vec($reads, fileno($self->{$_}), 1) = 1 for 'door', grep { $open{$_} } qw(out err);
		vec($writes, fileno($self->{in}), 1) = 1 if $written < length $text;
		return 0 if defined $end && $end <= time();
		next if select($reads, $writes, undef, defined $end ? $end - time() : undef) <= 0;
		if (vec($reads, fileno($self->{door}), 1) && accept(my $guest, $self->{door}))
		{
			# "You are welcome", and "ready for a query"; none will come.
			syswrite($guest, pack('aNN', 'R', 8, 0) . pack('aNa', 'Z', 5, 'I'));
			$self->{guest} = $guest;
		}
		if (vec($writes, fileno($self->{in}), 1))
		{
			my $some = syswrite($self->{in}, $text, length($text) - $written, $written);

			$written = defined $some ? $written + $some : $!{EAGAIN} || $!{EINTR} ? $written : length $text;
		}
		for my $which (grep { $open{$_} && vec($reads, fileno($self->{$_}), 1) } qw(out err))
		{
			my $said = "said_$which";
			my $got = sysread($self->{$which}, $self->{$said}, 65536, length $self->{$said});

			next if !defined $got && $!{EINTR};
			$open{$which} = 0 if !$got || substr($self->{$said}, -length($mark)) eq $mark;
			$self->{ended} = 1 if !$got;
		}
	}
	return 1;
}

# ask(connection string, text, on error stop, keep, end): runs the text in a new session, or in the one that the last call kept, when
# this one would keep it too.  Then said_out and said_err are what psql said.  Returns whether it is through: 'connection' when it
# could not connect, 'time' when time was over, a status when the program ended.
sub ask
{
	my ($self, $connection, $text, $stop, $keep, $end) = @_;
	my $mark = 'respond psql ' . ++$count;
	my $fresh = !($keep && $self->{kept} && $self->{session} eq $connection) && ($self->{used} || $self->{session} ne $connection);
	my $before = "\\set ON_ERROR_STOP 1\n"
	  . ($fresh ? '\\c "' . $connection =~ s/"/""/gr . "\"\n" : '')
	  . ($stop ? '' : "\\unset ON_ERROR_STOP\n")
	  . "\\echo $mark begins\n";
	my $after = ($text =~ /[^\n]\z/ ? "\n" : '')
	  . ($text =~ /\S/ && $text !~ /;\s*\z/ ? "\\g\n" : '')
	  . "\\warn $mark is through\n"
	  . ($keep ? '' : "\\c \"$self->{park}\"\n")
	  . "\\echo $mark ends\n\\warn $mark ends\n";
	my $first = $self->{lines} + ($before =~ tr/\n//);
	my $last = ($text =~ tr/\n//) + ($text =~ /[^\n]\z/ ? 1 : 0) || 1;

	$self->{lines} = $first + ($text =~ tr/\n//) + ($after =~ tr/\n//);
	@$self{qw(used kept session)} = (1, $keep, $connection);
	my $in_time = $self->exchange($before . $text . $after, "$mark ends\n", $end);
	my $begun = $self->{said_out} =~ s/\A\Q$mark\E begins\n//;
	if (!$in_time)
	{
		kill('KILL', $self->{pid});
		$self->reap;
		return 'time';
	}
	$self->{said_out} =~ s/\Q$mark\E ends\n\z//;
	$self->{said_err} =~ s/\Q$mark\E is through\n.*\z//s;
	$self->{said_err} =~ s/^psql:<stdin>:(\d+):/'psql:<stdin>:' . ($1 - $first < 1 ? 1 : $1 - $first > $last ? $last : $1 - $first) . ':'/gem;
	return 'through' unless $self->{ended};
	my $status = $self->reap;
	return $begun ? $status : 'connection';
}

# reap(): waits for a program that has ended or is about to, and returns its status.
sub reap
{
	my ($self) = @_;
	my $pid = delete $self->{pid};

	delete @$self{qw(in out err door guest)};
	local ($?, $!);
	return waitpid($pid, 0) == $pid ? $? : 0;
}

# program(node, connection string): the one for the psql of this node, in this environment, which psql reads.
sub program
{
	my ($node, $connection) = @_;
	my $command = $node->installed_command('psql');
	my $key = join("\0", $$, $command, map { "$_=$ENV{$_}" } grep { !/^PG(?:HOST|PORT)$/ } sort keys %ENV);

	return $programs{$key} && $programs{$key}{pid} ? $programs{$key} : ($programs{$key} = start($command, $connection));
}

# bytes(text): as Perl keeps it, which is what reaches psql in other ways: UTF-8, or bytes of any kind.
sub bytes
{
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	return $text;
}

sub psql
{
	my ($node, $db, $text, %params) = @_;
	my %rest = %params;
	my $role = $rest{extra_params};

	delete @rest{qw(stdout stderr timeout timed_out on_error_stop on_error_die)};
	delete $rest{extra_params} if $role && @$role == 2 && $role->[0] eq '-U' && $role->[1] =~ /^\w+$/;
	goto &$cluster_psql if $each || %rest || !defined $text;
	my $query = bytes($text);
	my $connection = bytes($node->connstr($db)) . ($role ? " user=$role->[1]" : '');
	goto &$cluster_psql if $connection =~ /\n/ || !is_plain($query);

	my $end = defined $params{timeout} ? time() + $params{timeout} : undef;
	my $stop = !defined $params{on_error_stop} || $params{on_error_stop};
	my $program = program($node, $connection);
	my $result = $program->ask($connection, $query, $stop, 0, $end);
	# It has not read the text.  A program of its own tells why, or can connect by now.
	goto &$cluster_psql if $result eq 'connection';

	my ($out, $err) = @$program{qw(said_out said_err)};
	my $command = "psql -XAtq -d $connection -f -" . ($stop ? ' -v ON_ERROR_STOP=1' : '');
	chomp($out, $err);
	if ($params{stdout}) { ${ $params{stdout} } = $out; }
	elsif (!wantarray) { print "$out\n" if $out ne ''; }
	if ($params{stderr}) { ${ $params{stderr} } = $err; }
	elsif (!wantarray) { print STDERR "$err\n" if $err ne ''; }
	${ $params{timed_out} } = $result eq 'time' ? 1 : 0 if defined $params{timed_out};
	die "psql timed out: stderr: '$err'\nwhile running '$command'" if $result eq 'time' && !defined $params{timed_out};

	my $status = $result =~ /\D/ ? 0 : $result;
	die sprintf("psql exited with signal %d: '%s' while running '%s'", $status & 127, $err, $command) if $status & 127;
	my $return = $status >> 8;
	if ($return && $params{on_error_die})
	{
		die "psql error: stderr: '$err'\nwhile running '$command'" if $return == 1;
		die "connection error: '$err'\nwhile running '$command'" if $return == 2;
		die "error running SQL: '$err'\nwhile running '$command' with sql '$text'" if $return == 3;
		die "psql returns $return: '$err'\nwhile running '$command'";
	}
	return wantarray ? ($return, $out, $err) : $return;
}

# look(node, db, query, seconds): what psql says, in the session of the last look if that lives and was there.
sub look
{
	my ($node, $db, $query, $seconds) = @_;
	my $connection = bytes($node->connstr($db));
	my $text = bytes($query);

	if (!$each && $connection !~ /\n/ && is_plain($text))
	{
		$looking = program($node, $connection);
		if ($looking->ask($connection, $text, 1, 1, time() + $seconds) ne 'connection')
		{
			my ($out, $err) = @$looking{qw(said_out said_err)};

			chomp($out, $err);
			return ($out, $err);
		}
	}
	my ($out, $err);
	eval { $cluster_psql->($node, $db, $query, stdout => \$out, stderr => \$err, timeout => $seconds, on_error_stop => 1); 1 } or ($out, $err) = ('', $@);
	return ($out // '', $err);
}

# leave(): ends the session of the last look.
sub leave
{
	my $program = $looking;

	undef $looking;
	return unless $program && $program->{pid} && $program->{kept};
	my $mark = 'respond psql ' . ++$count . ' ends';
	my $text = "\\unset ON_ERROR_STOP\n\\c \"$program->{park}\"\n\\echo $mark\n\\warn $mark\n";

	$program->exchange($text, "$mark\n");
	$program->reap if $program->{ended};
	$program->{lines} += $text =~ tr/\n//;
	@$program{qw(kept session)} = (0, '');
	return;
}

{
	no warnings 'redefine';
	*PostgreSQL::Test::Cluster::psql = \&psql;
}

1;
