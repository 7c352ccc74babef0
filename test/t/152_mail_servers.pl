# Mail servers that take their time (RFC 5321), that know ASCII only (RFC 6531, IDNA), and ways to log in.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Mail;

use Encode ();
use IO::Socket::INET ();
use JSON::PP ();
use Socket ();

my $json = JSON::PP->new->ascii->canonical;
my $desk = Mail::start('servers');
my @login = (options => [ '--user', 'desk', '--password', 'pass word' ]);

# ---- Time: only the TCP connection must be there soon. ----

$desk->mail('greets_late', { mode => 'late:BANNER:11500' }, timeout => '60s');
$desk->mail('tls_late', { mode => 'late:STARTTLS:11500' }, timeout => '60s');
$desk->mail('login_late', { mode => 'late:AUTH:11500', @login }, timeout => '60s', options => { username => 'desk' }, secret => 'pass word');
$desk->mail('greets_too_late', { mode => 'late:BANNER:60000' }, timeout => '1s');

# Nobody takes the connections of this one, and its queue is full.
my $full = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!";
my @waiting = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $full->sockport, Blocking => 0, Timeout => 0.2) } 1 .. 8;
$desk->one(sprintf(q{INSERT INTO respond.channel (name, kind, url, max_attempts, timeout) VALUES ('unreachable', 'email', 'smtp://127.0.0.1:%d', 1, '60s')}, $full->sockport));
$desk->rule('unreachable');
my @late = qw(greets_late tls_late login_late greets_too_late unreachable);
$desk->fire($_) for @late;

is($desk->one(q{SELECT timeout FROM respond.channel WHERE name = 'greets_late'}), '00:01:00', 'a timeout that is given');
$desk->one(q{INSERT INTO respond.channel (name, kind, url) VALUES ('usual mail', 'email', 'smtp://mail.test'), ('usual hook', 'webhook', 'https://hook.test')});
is($desk->one(q{SELECT string_agg(timeout::text, ' ' ORDER BY name) FROM respond.channel WHERE name LIKE 'usual%'}), '00:00:15 00:05:00', 'and those that are usual');

# ---- Addresses that are not ASCII. ----

$desk->mail('utf8', { mode => 'ok' }, step => { cc => '{{data.cc}}', reply_to => '{{data.reply_to}}' });
$desk->mail('ascii', { mode => 'no-smtputf8' }, max_attempts => 3, step => { cc => '{{data.cc}}', reply_to => '{{data.reply_to}}' });
$desk->mail('sender', { mode => 'no-smtputf8' }, options => { from => "b\x{f6}rse\@sender.test" });
for my $name (qw(utf8 ascii))
{
	$desk->fire($name, { subject => 'domain', to => [ "\"B\x{fc}cher\" <a\@b\x{fc}cher.example>", "b\@\x{65e5}\x{672c}\x{8a9e}.jp" ], reply_to => "c\@xn--bcher-kva.example" });
	$desk->fire($name, { subject => 'local', to => "j\x{f6}rg\@recipient.test", cc => 'a@recipient.test' });
	$desk->fire($name, { subject => 'reply', to => 'a@recipient.test', reply_to => "J\x{f6}rg <j\x{f6}rg\@recipient.test>" });
}
$desk->fire('sender');
like($desk->failure($desk->fire('utf8', { subject => 'bad', to => "a\@b\x{fc}cher\x{ff0c}x.example" })), qr/^steps\[0\]\.to: .*is not a mail address: it has a domain that cannot be one/, 'a domain that is none');
$desk->settle(qw(utf8 ascii sender));

sub mail_of
{
	my ($name, $subject) = @_;
	my ($mail) = grep { Mail::parse($_)->{header}{subject} eq $subject } $desk->arrived($name);

	return $mail;
}

for my $name (qw(utf8 ascii))
{
	my $mail = mail_of($name, 'domain');

	is(join(' ', @{ $mail->{to} }), 'a@xn--bcher-kva.example b@xn--wgv71a119e.jp', "$name: domains are A-labels in the envelope");
	is_deeply([ @{ Mail::parse($mail)->{people} }{qw(To Reply-To)} ], [ [ [ "B\x{fc}cher", 'a@xn--bcher-kva.example' ], [ '', 'b@xn--wgv71a119e.jp' ] ], [ [ '', 'c@xn--bcher-kva.example' ] ] ], "$name: and in headers");
	unlike($mail->{data}, qr/[^\x00-\x7f]/, "$name: the mail is ASCII");
	my $reply = mail_of($name, 'reply');

	unlike($reply->{data}, qr/[^\x00-\x7f]/, "$name: so is one whose envelope is");
	like(Mail::parse($reply)->{header}{'reply-to'}, qr/J\x{f6}rg j\x{f6}rg\@recipient\.test\W*:;/, "$name: what cannot be an address there can be read");
}
is(join(' ', @{ (mail_of('utf8', 'local') || {})->{to} || [] }), "j\x{f6}rg\@recipient.test a\@recipient.test", 'a server with SMTPUTF8 has the mail for a local part that is not ASCII');
like(join("\n", $desk->commands('utf8')), qr/^MAIL FROM:<desk\@sender\.test> .*SMTPUTF8/m, 'and is told');
is(mail_of('ascii', 'local'), undef, 'one without does not');
is($desk->one(q{SELECT status, attempts, last_error FROM respond.delivery WHERE channel = 'ascii' AND headers->>'Subject' = 'local'}),
	Encode::encode('UTF-8', "dead|1|the mail server does not offer SMTPUTF8, which the address \"j\x{f6}rg\@recipient.test\" needs"), 'the delivery is dead and says why');
unlike(join("\n", $desk->commands('ascii')), qr/[^\x00-\x7f]/, 'the server was sent ASCII only');
like(Encode::decode('UTF-8', $desk->state('sender')), qr/^dead\|1\|.*does not offer SMTPUTF8, which the address "b\x{f6}rse\@sender\.test" needs$/, 'the same for a sender');

# ---- Ways to log in. ----

my %ways = (
	usual => [ 'NTLM,CRAM-MD5,LOGIN,PLAIN', {}, 'PLAIN' ], only_login => [ 'NTLM,DIGEST-MD5,LOGIN', {}, 'LOGIN' ], only_cram => [ 'NTLM,CRAM-MD5,GSSAPI', {}, 'CRAM-MD5' ],
	chosen => [ 'NTLM,CRAM-MD5,LOGIN,PLAIN', { auth => 'cram-md5' }, 'CRAM-MD5' ], chosen_login => [ 'NTLM,LOGIN,PLAIN', { auth => 'login' }, 'LOGIN' ]);
for my $name (sort keys %ways)
{
	$desk->mail($name, { mode => "auth:$ways{$name}[0]", @login }, options => { username => 'desk', %{ $ways{$name}[1] } }, secret => 'pass word');
	$desk->fire($name);
}
$desk->mail('in_clear', { tls => undef, mode => 'auth:PLAIN,CRAM-MD5,NTLM', @login }, options => { username => 'desk', tls => 'none' }, secret => 'pass word');
$desk->mail('none_left', { mode => 'auth:GSSAPI', @login }, options => { username => 'desk' }, secret => 'pass word');
$desk->mail('not_offered', { mode => 'auth:PLAIN', @login }, options => { username => 'desk', auth => 'login' }, secret => 'pass word');
$desk->fire($_) for qw(in_clear none_left not_offered);
$desk->settle(keys %ways, qw(in_clear none_left not_offered));

sub used { return join(' ', map { /^AUTH (\S+)/ ? $1 : () } $desk->commands($_[0])); }

for my $name (sort keys %ways)
{
	like($desk->state($name), qr/^delivered\|1\|/, "$name: logged in") or diag(join("\n", $desk->commands($name)));
	is(used($name), $ways{$name}[2], "$name: with $ways{$name}[2]");
}
is(used('in_clear'), 'CRAM-MD5', 'in the clear, what does not say the password');
is(used('none_left') . used('not_offered'), '', 'what cannot be used is not tried');
like($desk->state('none_left'), qr/no way to log in that the mail server offers can be used: GSSAPI; see option "auth"/, 'and the record says so');
like($desk->state('not_offered'), qr/no way to log in that the mail server offers can be used: PLAIN; see option "auth"/, 'the same for the one that was chosen');
for my $case ([ 'kerberos', 'is not a way to log in' ], [ 'PLAIN', 'is not a way to log in' ], [ 'scram-sha-256', '(?:^$|is not available)' ])
{
	like($desk->error(qq{BEGIN; INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'email', 'smtp://mail.test', '{"auth": "$case->[0]"}'); ROLLBACK}), qr/$case->[1]/, "option auth $case->[0]");
}
Respond::add_rule($desk->node, $desk->db, 'step auth', 'go.step', [ { action => 'email', channel => 'usual', to => 'a@recipient.test', text => 'x', options => { auth => '{{data.x}}' } } ]);
like($desk->failure($desk->fire('step', { x => 'plain' })), qr/"auth" is an option for the channel only/, 'a step does not choose it');

# ---- The late ones. ----

$desk->settle(@late);
like($desk->state($_), qr/^delivered\|1\|/, "$_: it has its mail") for qw(greets_late tls_late login_late);
like($desk->state('greets_too_late'), qr/^dead\|1\|.*timeout after 1\d\d\d ms/, 'but the timeout is one');
like($desk->state('unreachable'), qr/^dead\|1\|.*no connection within 10 s/, 'and without a connection nobody waits so long');
$desk->stop;
done_testing();
