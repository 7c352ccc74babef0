# What is the same for many tests is made once for all of them.
#
#   use Shared;                                      clusters begin as copies: initdb runs once for each way of calling it
#   my $path = Shared::once('name', sub { my ($path) = @_; ... });      a file or folder; made by whoever asks first
#
# It lies in the folder RESPOND_SHARED, which the harness makes for a run of the layer; without one, in the folder of the test.
package Shared;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Fcntl qw(:flock);
use PostgreSQL::Test::Utils ();
use Time::HiRes ();

my $folder = $ENV{RESPOND_SHARED} || $ENV{TESTDATADIR} || $ENV{TESTDIR} || '.';
my $system_or_bail = \&PostgreSQL::Test::Utils::system_or_bail;

# once(name, make): the path of what make(path) makes.  Others wait meanwhile; what is there is complete.
sub once
{
	my ($name, $make) = @_;
	my $path = "$folder/$name";

	mkdir $folder unless -d $folder;
	return $path if -e $path;
	open(my $lock, '>', "$path.lock") or die "$path.lock: $!";
	flock($lock, LOCK_EX) or die "$path.lock: $!";
	if (!-e $path)
	{
		$make->("$path.$$");
		rename("$path.$$", $path) or die "$path: $!";
	}
	return $path;
}

my @crc_table = map { my $crc = $_; $crc = $crc & 1 ? ($crc >> 1) ^ 0x82f63b78 : $crc >> 1 for 1 .. 8; $crc } 0 .. 255;

# edit(file, code): the first 8 kB are changed by the code.
sub edit
{
	my ($file, $code) = @_;
	my $page;

	open(my $handle, '+<:raw', $file) or die "$file: $!";
	read($handle, $page, 8192) or die "$file: $!";
	$code->($page);
	seek($handle, 0, 0) && print($handle $page) && close($handle) or die "$file: $!";
	return;
}

# new_identity(data directory): a system identifier of its own, as initdb would give it.  It is in the control file, before whose
# checksum (CRC-32C) nothing tells where that is, and at the head of the first segment of WAL.
sub new_identity
{
	my ($data) = @_;
	my ($seconds, $microseconds) = Time::HiRes::gettimeofday();
	my $new = pack('Q', $seconds << 32 | $microseconds << 12 | $$ & 0xfff);
	my @segments = glob("$data/pg_wal/" . '[0-9A-F]' x 24);
	my $old;

	edit("$data/global/pg_control", sub
	{
		my ($crc, $sum) = (0xffffffff, 0xffffffff);
		my $at;

		$old = substr($_[0], 0, 8);
		for (my $i = 0; $i < 512 && !$at; $i++)
		{
			$at = $i if $i >= 128 && $i % 4 == 0 && unpack('L', substr($_[0], $i, 4)) == ($crc ^ 0xffffffff);
			$crc = ($crc >> 8) ^ $crc_table[ ($crc ^ ord(substr($_[0], $i, 1))) & 0xff ];
		}
		die "no checksum found in $data/global/pg_control" unless $at;
		substr($_[0], 0, 8) = $new;
		$sum = ($sum >> 8) ^ $crc_table[ ($sum ^ ord(substr($_[0], $_, 1))) & 0xff ] for 0 .. $at - 1;
		substr($_[0], $at, 4) = pack('L', $sum ^ 0xffffffff);
	});
	die "not one segment of WAL in $data" unless @segments == 1;
	edit($segments[0], sub
	{
		die "$segments[0] is of another cluster" unless substr($_[0], 24, 8) eq $old;
		substr($_[0], 24, 8) = $new;
	});
	return;
}

# initdb(program, argument...): the same as running it, by a copy of what it made before.
sub initdb
{
	my (@command) = @_;
	my ($program) = grep { -x } map { "$_/$command[0]" } split(/:/, $ENV{PATH});
	my ($at) = grep { $command[$_] eq '-D' || $command[$_] eq '--pgdata' } 1 .. $#command - 1;
	my $data = $at && $command[ $at + 1 ];

	return $system_or_bail->(@command) if !$data || -e $data || !$program || grep { /^(?:-X|-S|--waldir|--sync-only)/ } @command;
	my $name = md5_hex(join("\0", $program, @command[ grep { $_ != $at + 1 } 0 .. $#command ], map { "$_=" . ($ENV{$_} // '') } qw(LANG LC_ALL)));
	my $template = once("initdb-$name", sub { $system_or_bail->(map { $_ == $at + 1 ? $_[0] : $command[$_] } 0 .. $#command) });
	$system_or_bail->('cp', '-RPp', '--reflink=auto', $template, $data);
	new_identity($data);
	return;
}

{
	no warnings 'redefine';
	*PostgreSQL::Test::Utils::system_or_bail = sub { goto &{ defined $_[0] && $_[0] eq 'initdb' ? \&initdb : $system_or_bail } };
}

1;
