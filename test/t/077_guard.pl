# Where deliveries may go: the whole server in a network of its own, with addresses inside and outside, and what each way to
# write an address leads to.  Connections to an address inside are seen by a listener there, even if nothing is sent.
use strict;
use warnings;

my ($outside, $outside6, @inside, @inside6);

# Runs this file again in namespaces of its own: as root of them for the addresses and the resolver, then as ourselves.  Before
# anything else, because the modules below take the standard output for themselves.
BEGIN
{
	$outside = '93.184.216.34';
	$outside6 = '2606:2800:220:1::1';
	@inside = qw(10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 168.63.129.16 192.0.0.192 198.18.0.1 203.0.113.1);
	@inside6 = qw(fd00::1 fec0::1 64:ff9b::a00:1 64:ff9b:1::a00:1 2002:a00:1::1 2001:0:a00:1::1 2001:db8::1 ::10.0.0.1 2606:2800:220:1:0:5efe:a00:1 fe80::1);
	unless ($ENV{RESPOND_NAMESPACE})
	{
		my $addresses = join("\n", map { "ip addr add $_ dev lo" } (map { "$_/32" } $outside, @inside), map { "$_/128" } $outside6, @inside6);
		my $group = (split(' ', $)))[0];
		my $enter = <<"END";
set -e
ip link set lo up
$addresses
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
mount -t tmpfs tmpfs /mnt
echo 'nameserver 127.0.0.1' > /mnt/resolv.conf
printf 'passwd: files\ngroup: files\nhosts: files dns\n' > /mnt/nsswitch.conf
mount --bind /mnt/resolv.conf /etc/resolv.conf
mount --bind /mnt/nsswitch.conf /etc/nsswitch.conf
exec unshare -U --map-user=$> --map-group=$group "\$@"
END
		my @enter = ('unshare', ($> == 0 ? () : '-Ur'), '-nm', 'sh', '-c', $enter, 'sh');

		if (system("@{[ map { my $word = $_; $word =~ s/'/'\\''/g; qq{'$word' } } @enter, 'true' ]} > /dev/null 2>&1") != 0)
		{
			print "1..0 # SKIP no network namespace of our own can be had\n";
			exit(0);
		}
		$ENV{RESPOND_NAMESPACE} = 1;
		system(@enter, $^X, (map { "-I$_" } @INC), $0);
		exit($? == 0 ? 0 : ($? >> 8) || 1);
	}
}

use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;

use File::Temp ();
use JSON::PP ();

my $json = JSON::PP->new->canonical;

sub write_file
{
	my ($file, $text) = @_;

	open(my $out, '>', $file) or die "$file: $!";
	print $out $text;
	close($out);
	return $file;
}

# Names, and where they lead.
my $zone = write_file(Peers::work_dir() . '/zone', <<"END");
public.test A $outside
public6.test AAAA $outside6
inside.test A 10.0.0.1
inside6.test AAAA fd00::1
meta.test A 169.254.169.254
loop.test A 127.0.0.1
loop6.test AAAA ::1
zero.test A 0.0.0.0
mapped.test AAAA ::ffff:10.0.0.1
nat64.test AAAA 64:ff9b::a00:1
alias.test CNAME inside.test
several.test A 10.0.0.1 A 192.168.0.1 AAAA fd00::1
mixed.test A 10.0.0.1 A $outside
mixed6.test A $outside AAAA fd00::1
other6.test A 10.0.0.1 AAAA $outside6
*.flip.test alternate A $outside A 10.0.0.1
*.flip6.test alternate AAAA fd00::1 AAAA $outside6
xn--mnchen-3ya.test A 10.0.0.1
END
my $names = Peers::name_server(listen => '127.0.0.1:53', zone => $zone);
my $public = Peers::receiver(listen => "$outside:80,[$outside6]:80,$outside:8080");
my $sink = Peers::mail_server(options => [ '--trace' ], listen => join(',',
	(map { ("$_:80", "$_:25") } '127.0.0.1', '127.1.2.3', @inside, map { "[$_]" } '::1', grep { $_ ne 'fe80::1' } @inside6), "$outside:22", "$outside:6379", "$outside:1"));
my $private = Peers::receiver(listen => '10.0.0.1:8080,[fd00::1]:8080,[fe80::1%lo]:80');
my $proxy = Peers::mail_server(options => [ '--trace' ], listen => "127.0.0.1:3128,$outside:3128");
my $mail = Peers::mail_server(options => [ '--trace' ], listen => "$outside:25");

# What libcurl would go by if it were let.
my $home = File::Temp->newdir;
write_file("$home/.netrc", "machine $outside login eve password netrc-password\ndefault login eve password netrc-password\n");
write_file("$home/.curlrc", "proxy = http://127.0.0.1:3128\nuser = eve:curlrc-password\n");
chmod 0600, "$home/.netrc";
my %lead = ((map { ($_ => 'http://127.0.0.1:3128', uc $_ => 'http://127.0.0.1:3128') } qw(http_proxy https_proxy all_proxy smtp_proxy)),
	NO_PROXY => '', no_proxy => '', HOME => "$home", CURL_HOME => "$home", NETRC => "$home/.netrc");

my $node = Respond::node('guard', start => 0, log_statement => 'none');
{
	local %ENV = (%ENV, %lead);
	$node->start;
}
Respond::create_extension($node, 'postgres');
my $err;

sub one
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

sub quote
{
	my ($text) = @_;

	return Respond::quote_literal($text);
}

sub settle
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, 'postgres', q{SELECT bool_and(status <> 'pending') FROM respond.delivery}, 'all deliveries have ended')
		|| diag(one(q{SELECT d.channel, c.url, d.attempts, d.next_attempt_at, d.last_error FROM respond.delivery AS d LEFT JOIN respond.channel AS c ON c.name = d.channel WHERE d.status = 'pending'}));
}

# state(channel): status, attempts and last_error of its last delivery.
sub state
{
	my ($channel) = @_;

	return one("SELECT status, attempts, last_error FROM respond.delivery WHERE channel = " . quote($channel) . ' ORDER BY id DESC LIMIT 1');
}

# ---- Ways to write an address. ----

my $public_decimal = unpack('N', pack('C4', split(/\./, $outside)));
# url => the address that is refused, or what an INSERT is refused with (a regular expression), or 1 for delivered, 0 for a name that leads nowhere
my @urls = (
	"http://$outside/ok" => 1, "HTTP://$outside/ok" => 1, "http://$public_decimal/ok" => 1, "http://[$outside6]/ok" => 1, 'http://public.test/ok' => 1, 'http://PUBLIC.Test:80/ok' => 1,
	'http://public.test./ok' => 1, 'http://public6.test/ok' => 1, "http://$outside:8080/ok" => 1, "http://$outside/ok#\@10.0.0.1/" => 1, 'http://public.test/ok?@10.0.0.1/' => 1,
	"http://[::ffff:$outside]/ok" => 1, 'http://mixed.test/ok' => 1, 'http://mixed6.test/ok' => 1, 'http://other6.test/ok' => 1, "http://0x5db8d822/ok" => 1, "http://public%2etest/ok" => 1,
	# loopback
	'http://127.0.0.1/ok' => '127.0.0.1:80', 'http://127.1/ok' => '127.0.0.1:80', 'http://127.0.1/ok' => '127.0.0.1:80', 'http://127.1.2.3/ok' => '127.1.2.3:80', 'http://2130706433/ok' => '127.0.0.1:80',
	'http://0x7f000001/ok' => '127.0.0.1:80', 'http://0X7F000001/ok' => '127.0.0.1:80', 'http://0x7f.0.0.1/ok' => '127.0.0.1:80', 'http://0x7f.1/ok' => '127.0.0.1:80', 'http://017700000001/ok' => '127.0.0.1:80',
	'http://0177.0.0.1/ok' => '127.0.0.1:80', 'http://0177.0.0.01/ok' => '127.0.0.1:80', 'http://0177.0x0.1/ok' => '127.0.0.1:80', 'http://127.0.0.1:80/ok' => '127.0.0.1:80', 'http://127%2e0%2e0%2e1/ok' => '127.0.0.1:80',
	'http://%31%32%37.0.0.1/ok' => '127.0.0.1:80', 'http://localhost/ok' => qr/127\.0\.0\.1:80|\[::1\]:80/, 'http://LOCALHOST/ok' => qr/127\.0\.0\.1:80|\[::1\]:80/, 'http://x.localhost/ok' => qr/127\.0\.0\.1:80|\[::1\]:80/,
	'http://loop.test/ok' => '127.0.0.1:80', 'http://loop6.test/ok' => '[::1]:80', 'http://0.0.0.0/ok' => '0.0.0.0:80', 'http://0/ok' => '0.0.0.0:80', 'http://0x0/ok' => '0.0.0.0:80', 'http://zero.test/ok' => '0.0.0.0:80',
	"http://127\x{3002}0\x{3002}0\x{3002}1/ok" => '127.0.0.1:80', "http://127\x{ff0e}0\x{ff0e}0\x{ff61}1/ok" => '127.0.0.1:80', "http://\x{2460}\x{2461}\x{2466}.\x{24ea}.\x{24ea}.\x{2460}/ok" => '127.0.0.1:80',
	"http://\x{ff11}\x{ff12}\x{ff17}.0.0.1/ok" => '127.0.0.1:80', 'http://[::1]/ok' => '[::1]:80', 'http://[0:0:0:0:0:0:0:1]/ok' => '[::1]:80', 'http://[0000:0000::0001]/ok' => '[::1]:80', 'http://[::]/ok' => '[::]:80',
	'http://[::ffff:127.0.0.1]/ok' => '[::ffff:127.0.0.1]:80', 'http://[::ffff:7f00:1]/ok' => '[::ffff:127.0.0.1]:80', 'http://[0:0:0:0:0:FFFF:7F00:0001]/ok' => '[::ffff:127.0.0.1]:80', 'http://[::127.0.0.1]/ok' => '[::127.0.0.1]:80',
	# private and the like
	'http://10.0.0.1/ok' => '10.0.0.1:80', 'http://10.1/ok' => '10.0.0.1:80', 'http://167772161/ok' => '10.0.0.1:80', 'http://012.0.0.1/ok' => '10.0.0.1:80', 'http://0xa.0.0.1/ok' => '10.0.0.1:80',
	'http://172.16.0.1/ok' => '172.16.0.1:80', 'http://192.168.0.1/ok' => '192.168.0.1:80', 'http://192.168.1/ok' => '192.168.0.1:80', 'http://100.64.0.1/ok' => '100.64.0.1:80', 'http://192.0.0.192/ok' => '192.0.0.192:80',
	'http://198.18.0.1/ok' => '198.18.0.1:80', 'http://203.0.113.1/ok' => '203.0.113.1:80', 'http://168.63.129.16/ok' => '168.63.129.16:80', 'http://169.254.169.254/ok' => '169.254.169.254:80',
	'http://0xa9fea9fe/ok' => '169.254.169.254:80', 'http://2852039166/ok' => '169.254.169.254:80', 'http://0251.0376.0251.0376/ok' => '169.254.169.254:80', 'http://meta.test/latest/meta-data/' => '169.254.169.254:80',
	'http://255.255.255.255/ok' => '255.255.255.255:80', 'http://224.0.0.1/ok' => '224.0.0.1:80', 'http://[fd00::1]/ok' => '[fd00::1]:80', 'http://[fec0::1]/ok' => '[fec0::1]:80', 'http://[2001:db8::1]/ok' => '[2001:db8::1]:80',
	'http://[fe80::1%25lo]/ok' => qr/\[fe80::1(%1)?\]:80/, 'http://[fe80::1%lo]/ok' => qr/\[fe80::1(%1)?\]:80/, 'http://[ff02::1]/ok' => '[ff02::1]:80',
	# an address within an address
	'http://[::ffff:10.0.0.1]/ok' => '[::ffff:10.0.0.1]:80', 'http://[::ffff:169.254.169.254]/ok' => '[::ffff:169.254.169.254]:80', 'http://[::10.0.0.1]/ok' => '[::10.0.0.1]:80', 'http://[64:ff9b::10.0.0.1]/ok' => '[64:ff9b::a00:1]:80',
	'http://[64:ff9b:1::a00:1]/ok' => '[64:ff9b:1::a00:1]:80', 'http://[2002:a00:1::1]/ok' => '[2002:a00:1::1]:80', 'http://[2001:0:a00:1::1]/ok' => '[2001:0:a00:1::1]:80', "http://[2606:2800:220:1:0:5efe:10.0.0.1]/ok" => '[2606:2800:220:1:0:5efe:a00:1]:80',
	# names
	'http://inside.test/ok' => '10.0.0.1:80', 'http://INSIDE.test./ok' => '10.0.0.1:80', 'http://inside6.test/ok' => '[fd00::1]:80', 'http://mapped.test/ok' => '[::ffff:10.0.0.1]:80', 'http://nat64.test/ok' => '[64:ff9b::a00:1]:80',
	'http://alias.test/ok' => '10.0.0.1:80', 'http://several.test/ok' => qr/10\.0\.0\.1:80|192\.168\.0\.1:80|\[fd00::1\]:80/, "http://m\x{fc}nchen.test/ok" => '10.0.0.1:80', 'https://inside.test/ok' => '10.0.0.1:443', 'https://10.0.0.1:80/ok' => '10.0.0.1:80',
	# ports of other services
	"http://$outside:22/ok" => "$outside:22", "http://$outside:1/ok" => "$outside:1", "http://$outside:0/ok" => qr/port 0|url/,
	# names that lead nowhere
	'http://127.0.0.1./ok' => qr/127\.0\.0\.1:80|not resolve/, 'http://10.0.0.1.nip.test/ok' => 0, 'http:///nowhere' => 0, 'http://999.999.999.999/ok' => 0);
my @refused = (
	"http://user\@$outside/ok" => qr/user or a password/, "http://user:word\@$outside/ok" => qr/user or a password/, "http://$outside\@10.0.0.1/ok" => qr/user or a password/, "http://10.0.0.1:80\@$outside/ok" => qr/user or a password/,
	'http://:@10.0.0.1/ok' => qr/user or a password|not a url/, "http://$outside:80\\\@10.0.0.1/ok" => qr/backslash/, "http:\\\\10.0.0.1\\ok" => qr/backslash/, "http://$outside /ok" => qr/space/, "http://$outside\n/ok" => qr/control character/,
	"http://$outside\t/ok" => qr/control character/, 'file:///etc/passwd' => qr/does not begin with http/, 'file://localhost/etc/passwd' => qr/does not begin with http/, 'gopher://10.0.0.1:6379/_x' => qr/does not begin with http/,
	'ftp://10.0.0.1/x' => qr/does not begin with http/, 'dict://10.0.0.1:11211/x' => qr/does not begin with http/, 'ldap://10.0.0.1/x' => qr/does not begin with http/, 'telnet://10.0.0.1' => qr/does not begin with http/,
	'scp://10.0.0.1/x' => qr/does not begin with http/, 'smb://10.0.0.1/x' => qr/does not begin with http/, 'smtp://10.0.0.1' => qr/does not begin with http/, 'jar:http://10.0.0.1/' => qr/not a url|does not begin/, 'FILE:///etc/passwd' => qr/does not begin with http/,
	'10.0.0.1/ok' => qr/no scheme/, '//10.0.0.1/ok' => qr/no scheme|not a url/, '' => qr/empty/, 'http://' => qr/not a url|no host/, 'http://?x' => qr/not a url|no host/, "http://$outside:99999/" => qr/not a url|port/,
	'http://{{data.host}}/' => qr/cannot hold a tag/, 'http://public.test{{data.x}}/' => qr/cannot hold a tag/, 'http://public.test:{{data.port}}/' => qr/cannot hold a tag/, '{{data.scheme}}://public.test/' => qr/cannot hold a tag/, '{{{data.url}}}' => qr/empty|no scheme/,
	'http://{{options.content_type}}/' => qr/cannot hold a tag/, 'http://{{secret}}/' => qr/cannot hold a tag/);
my (@sent, $accepted);

while (my ($url, $pattern) = splice(@refused, 0, 2))
{
	my $shown = $url =~ s/[^ -~]/?/gr;

	$node->psql('postgres', q{INSERT INTO respond.channel (name, kind, url) VALUES ('refused', 'webhook', } . quote($url) . ')', stderr => \$err);
	like($err, qr/ERROR:  url: .*($pattern)/, "refused when it is written: $shown");
	$node->psql('postgres', q{INSERT INTO respond.channel_kind (name, transport, url) VALUES ('refused', 'http', } . quote($url) . ')', stderr => \$err);
	like($err, qr/ERROR:  url: .*($pattern|not a url)/, "so in a kind");
}
my $sql = '';
for (my $i = 0; $i < @urls; $i += 2)
{
	$sql .= "INSERT INTO respond.channel (name, kind, url, max_attempts, retry_delays, timeout) VALUES ('u$i', 'webhook', " . quote($urls[$i]) . ", 3, '{10ms}', '20s');\n";
}
# one by one: a newer libcurl may refuse what this one takes
one($sql);
one(q{SELECT respond.send_test(name) FROM respond.channel});
settle();
for (my $i = 0; $i < @urls; $i += 2)
{
	my ($url, $result) = @urls[ $i, $i + 1 ];
	my $state = state("u$i");
	my $shown = $url =~ s/([^ -~])/sprintf('\x{%x}', ord $1)/ger;

	if ($result eq '1')
	{
		like($state, qr/^delivered\|1\|/, "outside: $shown");
	}
	elsif ($result eq '0')
	{
		like($state, qr/^dead\|3\|.*(not resolve|resolving)/i, "nowhere: $shown");
	}
	else
	{
		my $address = ref $result ? $result : quotemeta($result);

		like($state, $shown =~ /:0\/|1\.\/ok/ ? qr/^dead\|\d\|.*($address)/i : qr/^dead\|1\|connection to ($address) refused: .*; see "pg_respond\.allowed_networks"/, "inside: $shown");
	}
}
my $count = grep { $_ eq '1' } @urls[ map { 2 * $_ + 1 } 0 .. @urls / 2 - 1 ];
is(scalar($public->requests), $count, 'outside got what was for it');

# ---- Names that lead elsewhere each time. ----

one(q{INSERT INTO respond.channel (name, kind, url, max_attempts, timeout) SELECT 'flip' || n, 'webhook', format('http://n%s.flip%s.test/ok', n, CASE WHEN n > 100 THEN '6' END), 1, '20s' FROM generate_series(1, 200) AS n;
	SELECT respond.send_test(name) FROM respond.channel WHERE name LIKE 'flip%'});
settle();
my $states = one(q{SELECT string_agg(DISTINCT status || ' ' || coalesce(substring(last_error FROM 'connection to [^ ]* refused: [a-z ]*'), last_error, ''), '; ') FROM respond.delivery WHERE channel LIKE 'flip%'});
is($states, 'dead connection to 10.0.0.1:80 refused: private address; dead connection to [fd00::1]:80 refused: unique local address; delivered ', 'a name that alternates: delivered outside, or refused');
cmp_ok(one(q{SELECT least(count(*) FILTER (WHERE status = 'delivered'), count(*) FILTER (WHERE status = 'dead')) FROM respond.delivery WHERE channel LIKE 'flip%'}), '>=', 60, 'and it did alternate');
is(scalar(grep { $_->{name} =~ /flip/ && $_->{type} eq 'A' } $names->entries) >= 100 ? 'asked' : 'not asked', 'asked', 'each name was asked for');

# ---- Redirects. ----

for my $status (301, 302, 303, 307, 308)
{
	one(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('r$status', 'webhook', 'http://public.test/redirect/$status?to=http://10.0.0.1/ok'); SELECT respond.send_test('r$status')});
}
settle();
like(state("r$_"), qr/^dead\|1\|the receiver answered $_; redirects are not followed/, "a redirect is not followed: $_") for 301, 302, 303, 307, 308;

# ---- What a template can do to an address. ----

one(q{INSERT INTO respond.channel (name, kind, url) VALUES ('path', 'webhook', 'http://public.test/ok?{{data.x}}'), ('raw', 'webhook', 'http://public.test/ok?{{{data.x}}}')});
Respond::add_rule($node, 'postgres', $_, "to.$_", [ { action => 'notify', channel => $_, text => 'x' } ]) for qw(path raw);
my @values = ('@10.0.0.1/', '/../../@10.0.0.1:80/', "\r\nHost: inside.test\r\n\r\nGET / HTTP/1.1", '#@10.0.0.1', "\\\@10.0.0.1", ' HTTP/1.1 ');
Respond::emit($node, 'postgres', "to.$_->[0]", { x => $_->[1] }) for map { my $x = $_; map { [ $_, $x ] } qw(path raw) } @values;
Respond::wait_idle($node, 'postgres');
settle();
is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'path' AND status = 'delivered'}), scalar(@values), 'values are quoted in a url');
is(one(q{SELECT string_agg(substring(error FROM 'holds .*'), ', ' ORDER BY id) FROM respond.run WHERE rule = 'raw' AND status = 'failed'}), 'holds a control character, holds a backslash, holds a space', 'those that are not are refused if they end the line');
is(join(', ', sort { $a cmp $b } do { my %host; $host{ $_->{headers}{host} || '' }++ for grep { ($_->{path} || '') =~ /^\/ok\?/ } $public->requests; keys %host }), 'public.test', 'the host is that of the channel');

# ---- Mail goes nowhere else either. ----

for my $place ('10.0.0.1', 'inside.test', '[::ffff:10.0.0.1]', '127.1', $outside)
{
	one(qq{INSERT INTO respond.channel (name, kind, url, options) VALUES ('mail $place', 'email', 'smtp://$place', '{"tls": "none", "from": "c\@d.test", "to": "a\@b.test"}'); SELECT respond.send_test('mail $place')});
}
settle();
like(state("mail $_"), qr/^dead\|1\|connection to \S+:25 refused: .*allowed_networks/, "no mail to $_") for '10.0.0.1', 'inside.test', '[::ffff:10.0.0.1]', '127.1';
like(state("mail $outside"), qr/^delivered\|1\|/, 'but outside');

# ---- The environment. ----

is(one(q{CREATE TEMP TABLE environment (line text); COPY environment FROM PROGRAM 'env'; SELECT count(*) FROM environment WHERE line LIKE '%_proxy=http://127.0.0.1:3128' OR line LIKE 'NETRC=%'}), '5', 'the server has all that libcurl would go by');
is(scalar($proxy->entries), 0, 'no proxy of the environment is used');
is(scalar(grep { $_->{headers}{authorization} || $_->{headers}{'proxy-authorization'} || $_->{headers}{cookie} } $public->requests), 0, 'no account of .netrc');
is(scalar(grep { ($_->{line} || '') =~ /^AUTH/ } $mail->entries), 0, 'nor in mail');
is(join("\n", map { $json->encode($_) } grep { ($_->{event} || '') eq 'connect' } $sink->entries), '', 'nobody inside saw a connection');
is(scalar($private->entries), 0, 'nor a request');

# ---- The list of networks, and a connection that is open. ----

sub allow
{
	my ($networks) = @_;

	$node->safe_psql('postgres', 'ALTER SYSTEM SET pg_respond.allowed_networks = ' . quote($networks));
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	return;
}

# sends until the outcome is the one that is waited for, and returns the last state
sub send_until
{
	my ($channel, $pattern) = @_;
	my $end = time() + 60;
	my $state;

	do
	{
		one("SELECT respond.send_test('$channel')");
		settle();
		$state = state($channel);
	} until ($state =~ $pattern || time() > $end);
	return $state;
}

one(q{INSERT INTO respond.channel (name, kind, url) VALUES ('private', 'webhook', 'http://10.0.0.1:8080/ok'), ('private6', 'webhook', 'http://[fd00::1]:8080/ok'), ('beside', 'webhook', 'http://10.0.0.1/ok')});
like(send_until('private', qr/./), qr/^dead\|1\|connection to 10\.0\.0\.1:8080 refused: private address/, 'before: refused');
allow('10.0.0.1/32');
like(send_until('private', qr/^delivered/), qr/^delivered\|1\|/, 'a network that is listed: delivered');
like(send_until('private6', qr/./), qr/^dead\|1\|connection to \[fd00::1\]:8080 refused/, 'and no other one');
like(send_until('private', qr/./), qr/^delivered\|1\|/, 'again');
is(join(' ', do { my %conn; $conn{ $_->{conn} }++ for $private->requests; scalar keys %conn }), '1', 'over the same connection');
my $before = scalar($private->requests);
allow('');
like(send_until('private', qr/^dead/), qr/^dead\|1\|connection to 10\.0\.0\.1:8080 refused: private address/, 'not listed any more: refused, though a connection is open');
my $after = scalar($private->requests);
is(join(' ', do { my %conn; $conn{ $_->{conn} }++ for $private->requests; scalar keys %conn }), '1', 'until then it was that one');
like(send_until('private', qr/./), qr/^dead\|1\|connection to 10\.0\.0\.1:8080 refused: private address/, 'and so it stays');
is(scalar($private->requests), $after, 'nothing was sent any more');
allow('fd00::/8');
like(send_until('private6', qr/^delivered/), qr/^delivered\|1\|/, 'a network of IPv6');
like(send_until('private', qr/./), qr/^dead\|1\|/, 'IPv4 is none of it');
allow('0.0.0.0/0, ::/0');
like(send_until('private', qr/^delivered/), qr/^delivered\|1\|/, 'all networks');
$node->psql('postgres', q{ALTER SYSTEM SET pg_respond.allowed_networks = '10.0.0.0/33'}, stderr => \$err);
like($err, qr/invalid value for parameter "pg_respond\.allowed_networks"/, 'a wrong list is refused');
$node->psql('postgres', q{SET pg_respond.allowed_networks = '0.0.0.0/0'}, stderr => \$err);
like($err, qr/cannot be changed now/, 'nor can a session change it');
$node->psql('postgres', q{CREATE ROLE ann LOGIN; GRANT respond_admin TO ann; SET ROLE ann; ALTER SYSTEM SET pg_respond.allowed_networks = '0.0.0.0/0'}, stderr => \$err);
like($err, qr/permission denied/, 'nor an admin');
is(one(q{SELECT coalesce(max(failures), 0) FROM respond.worker}), '0', 'no worker failed');
$node->stop;
done_testing();
