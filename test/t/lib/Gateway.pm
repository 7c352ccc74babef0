# Helpers for tests of the gateway: switching it on, requests as raw bytes, answers taken apart.
#
#   use Gateway;
#   my $at = Gateway::open($node);                         # listens on a free port; "127.0.0.1:PORT"
#   Gateway::wait_ready($at, 'postgres');                  # the gateways of the database answer
#   my $answer = Gateway::request($at, 'POST', '/postgres/in/x', { 'X-Key' => 'v' }, 'body');
#   is($answer->{status}, 200);                            # also {headers}{'retry-after'}, {body}, {raw}
#
# An address is "HOST:PORT" or "/path" of a Unix socket.  A status of 0: there was no answer.
package Gateway;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 hmac_sha256_hex);
use File::Basename qw(dirname);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Respond;

# Longest silence of a server in seconds, which only a failure reaches.
my $SILENCE = 60;

# open(node, more...): listens on a free port of 127.0.0.1, and to what else is given; the first address is returned.
sub open
{
	my ($node, @more) = @_;
	my $address = '127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port();

	listen_to($node, $address, @more);
	return $address;
}

# listen_to(node, address...): these and no others; none switches the gateway off.
sub listen_to
{
	my ($node, @addresses) = @_;

	set($node, 'pg_respond.gateway_listen' => join(', ', @addresses));
	return;
}

# set(node, setting => value...): ALTER SYSTEM and a reload; undef: back to the default.
sub set
{
	my ($node, %conf) = @_;

	$node->safe_psql('postgres', defined $conf{$_} ? "ALTER SYSTEM SET $_ = " . Respond::quote_literal($conf{$_}) : "ALTER SYSTEM RESET $_") for sort keys %conf;
	$node->reload;
	return;
}

# connect(address): a socket, or undef.
sub connect
{
	my ($address) = @_;

	return $address =~ m{^/}
	  ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $address)
	  : IO::Socket::INET->new(PeerAddr => $address, Proto => 'tcp', Timeout => $SILENCE);
}

# read_all(socket): what comes until the other side closes.
sub read_all
{
	my ($socket) = @_;
	my $select = IO::Select->new($socket);
	my $bytes = '';

	while ($select->can_read($SILENCE) && sysread($socket, $bytes, 65536, length $bytes)) { }
	return $bytes;
}

# raw(address, bytes): sends them and reads to the end.
sub raw
{
	my ($address, $bytes) = @_;
	my $socket = Gateway::connect($address) or return '';

	local $SIG{PIPE} = 'IGNORE';
	send_all($socket, $bytes);
	return read_all($socket);
}

sub send_all
{
	my ($socket, $bytes) = @_;

	while (length $bytes)
	{
		my $count = syswrite($socket, $bytes) or return 0;

		substr($bytes, 0, $count, '');
	}
	return 1;
}

# text(method, target, headers, body, connection): a request as it goes over the wire.
sub text
{
	my ($method, $target, $headers, $body, $connection) = @_;
	my %all = (Host => 'localhost', Connection => $connection || 'close', defined $body ? ('Content-Length' => length $body) : (), %{ $headers || {} });

	return "$method $target HTTP/1.1\r\n" . join('', map { "$_: $all{$_}\r\n" } sort keys %all) . "\r\n" . (defined $body ? $body : '');
}

# parse(bytes): status, headers (names in lower case) and body of an answer that is whole.
sub parse
{
	my ($bytes) = @_;
	my ($head, $body) = split /\r\n\r\n/, $bytes, 2;
	my ($first, @lines) = split /\r\n/, defined $head ? $head : '';
	my ($status) = ($first || '') =~ m{^HTTP/1\.1 (\d{3}) };
	my %headers = map { /^([^:]+):[ \t]*(.*)$/ ? (lc $1 => $2) : () } @lines;

	return { status => $status || 0, headers => \%headers, body => defined $body ? $body : '', raw => $bytes };
}

sub request
{
	my ($address, $method, $target, $headers, $body) = @_;

	return parse(raw($address, text($method, $target, $headers, $body)));
}

sub status
{
	return request(@_)->{status};
}

# wait_ready(address, database, message): the gateway of the database answers, whatever it says.  That there is no such
# database is what the program says of one that it has not been told of yet.
sub wait_ready
{
	my ($address, $database, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_for(sub {
		my $answer = request($address, 'GET', "/$database/nothing");

		return $answer->{status} != 0 && $answer->{status} != 503 && $answer->{body} !~ /there is no database of this name here/;
	}, $message);
}

# program_pid(node, database): the process of the program, waiting for it to listen; the database has the extension.
sub program_pid
{
	my ($node, $database) = @_;

	Respond::wait_until($node, $database, 'SELECT coalesce(bool_and(listening), false) FROM respond.gateway');
	return $node->safe_psql($database, 'SELECT max(pid) FROM respond.gateway');
}

# standard_webhook(secret, id, body, time): headers as Standard Webhooks signs them; the secret is the raw key.
sub standard_webhook
{
	my ($secret, $id, $body, $time) = @_;

	$time = time() unless defined $time;
	return { 'webhook-id' => $id, 'webhook-timestamp' => $time,
		'webhook-signature' => 'v1,' . encode_base64(hmac_sha256("$id.$time.$body", $secret), '') };
}

# private_install(name): a copy of the server's tree for one test, whose program may be replaced.
sub private_install
{
	my ($name) = @_;
	my $bin = `pg_config --bindir`;
	my $library = `pg_config --pkglibdir`;
	my $share = `pg_config --sharedir`;
	my $path = "$PostgreSQL::Test::Utils::tmp_check/install_$name";

	chomp($bin, $library, $share);
	for my $folder ($bin, $library, $share)
	{
		(my $copy = $folder) =~ s{^.*(?=/usr/)}{$path};
		system('mkdir', '-p', dirname($copy)) == 0 or die;
		system('cp', '-R', '--preserve=mode,timestamps,links', $folder, $copy) == 0 or die "could not copy $folder";
	}
	return ($path . ($bin =~ s{^.*(?=/usr/)}{}r) =~ s{/bin$}{}r, $path . ($library =~ s{^.*(?=/usr/)}{}r));
}

1;
