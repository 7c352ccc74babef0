# What a mail consists of (RFC 2045, 2046), and which answer of the server is on record.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Mail;

use JSON::PP ();

my $json = JSON::PP->new->canonical;
my $desk = Mail::start('content');

$desk->mail('text', {});
$desk->mail('html', {}, step => { text => undef, html => '<p>{{data.text}}</p>' });
$desk->mail('both', {}, step => { html => '<p>{{data.text}}</p>' });
$desk->mail('empty_text', {}, step => { text => '{{data.nothing}}', html => '<p>{{data.text}}</p>' });
$desk->mail('mail_refused', { mode => 'reject-mail' });
$desk->mail('mail_later', { mode => 'reject-mail:451' });
$desk->mail('rcpt_refused', { mode => 'reject-rcpt:a@recipient.test:553' });
$desk->mail('data_refused', { mode => 'reject-data:552' });

# ---- Line breaks, and lines that mean something to somebody on the way. ----

my %text = (
	lf => "one\ntwo\n\nfour", crlf => "one\r\ntwo\r\n\r\nfour", cr => "one\rtwo\r\rfour", mixed => "one\ntwo\r\n\rfour",
	dots => ".\n..\n.a\nend\n.", from => "From me\nFrom: you\n>From", spaces => "trailing \nand\t\n  before", equals => "a=20b\n=\n=C3=A4",
	long => join(' ', ('abcdefghi') x 300) . "\n" . ('x' x 2000), unicode => ("\x{e4}\x{20ac}\x{1f418} " x 100) . "\nend", boundary => "--=_1\n--");
for my $name (sort keys %text)
{
	$desk->fire('text', { subject => $name, text => $text{$name} });
	$desk->fire('both', { subject => $name, text => $text{$name} });
}
$desk->fire($_) for qw(html empty_text mail_refused mail_later rcpt_refused data_refused);
$desk->settle(qw(text html both empty_text mail_refused mail_later rcpt_refused data_refused));

sub check_mail
{
	my ($name, $mail, @parts) = @_;
	my $read = Mail::parse($mail);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($json->encode([ $read->{defects}, map { $_->[0], $_->[1] =~ s/\n\z//r } @{ $read->{parts} } ]), $json->encode([ [], @parts ]), $name);
	unlike($mail->{data}, qr/=0[AD]|[^\n]{79}/, "$name: no line break is escaped, no line is long");
	return;
}

for my $mail ($desk->arrived('text'))
{
	my $name = Mail::parse($mail)->{header}{subject};
	my $wanted = $text{$name} =~ s/\r\n?/\n/gr;

	check_mail("text $name", $mail, 'text/plain', $wanted =~ s/\n\z//r);
}
for my $mail ($desk->arrived('both'))
{
	my $name = Mail::parse($mail)->{header}{subject};
	my $wanted = $text{$name} =~ s/\r\n?/\n/gr;

	check_mail("text and HTML $name", $mail, 'text/plain', $wanted, 'text/html', '<p>' . ($wanted =~ s/>/&gt;/gr) . '</p>');
}
is(scalar($desk->arrived('text')) + scalar($desk->arrived('both')), 2 * keys %text, 'all have arrived');
is(scalar(grep { ($_->{event} || '') eq 'bad' } map { $desk->{server}{$_}->entries } qw(text both html)), 0, 'no line was sent that no client should send');

# ---- One part when there is one. ----

is(Mail::parse(($desk->arrived('text'))[0])->{type}, 'text/plain', 'a text is no multipart of one');
check_mail('HTML alone', $_, 'text/html', '<p>Good day.</p>') for $desk->arrived('html'), $desk->arrived('empty_text');
is(Mail::parse($_)->{type}, 'text/html', 'is one part, without an empty text beside it') for $desk->arrived('html'), $desk->arrived('empty_text');
is(Mail::parse(($desk->arrived('both'))[0])->{type}, 'multipart/alternative', 'both are alternatives');
is($desk->one(q{SELECT body IS NULL, html FROM respond.delivery WHERE channel = 'html'}), 't|<p>Good day.</p>', 'the row says so, too');

# ---- The answer that decided, not the one to QUIT. ----

is($desk->state('mail_refused'), 'dead|1|a@recipient.test|550|the mail server answered: 550 5.7.1 not from you', '550 to MAIL');
like($desk->state('mail_later'), qr/\Adead\|1\|a\@recipient\.test\|451\|.*: the mail server answered: 451 4\.7\.1 not from you\z/, '451 to MAIL');
like($desk->state('rcpt_refused'), qr/\Adead\|1\|a\@recipient\.test\|553\|.*553 5\.1\.1 no such recipient\z/, '553 to RCPT');
is($desk->state('data_refused'), 'dead|1|a@recipient.test|552|the mail server answered: 552 5.6.0 not wanted', '552 to the message');
is($desk->one(q{SELECT string_agg(response, E'\n' ORDER BY response) FROM respond.attempt WHERE response LIKE '221%'}), '', 'no try records what was said to QUIT');
$desk->stop;
done_testing();
