# Mail: what is sent, to whom, over which connection, and what becomes of each recipient.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;

use File::Temp ();
use JSON::PP ();
use MIME::Base64 ();

my $json = JSON::PP->new->ascii->canonical;
my $certificates = Peers::certificates();
my $keys = File::Temp->new(TEMPLATE => 'keysXXXXXX', TMPDIR => 1);
print $keys '0123456789abcdef' x 4, "\n";
close($keys);

my $node = Respond::node('mail', 'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.ca_file' => "$certificates/ca.pem",
	'pg_respond.secret_key_file' => $keys->filename);
my $err;

sub one
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# refused(sql, pattern, message): the statement fails and says why.
sub refused
{
	my ($sql, $pattern, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->psql('postgres', $sql, stderr => \$err);
	return like($err, $pattern, $message);
}

Respond::create_extension($node, 'postgres');
one('CREATE ROLE ann LOGIN; GRANT respond_admin TO ann');

my %server;
my $tls_options = sub { return ('--user', 'desk', '--password', 'pass word') };

# channel(name, column => value...): a channel of kind email, tried twice, with no wait between tries.
sub channel
{
	my ($name, %column) = @_;
	my %row = (name => $name, kind => 'email', options => {}, max_attempts => 2, retry_delays => '{10ms}', timeout => '30s', %column);

	$row{options} = $json->encode({ from => 'Desk <desk@sender.test>', %{ $row{options} } });
	one('INSERT INTO respond.channel (' . join(', ', sort keys %row) . ') VALUES ('
		. join(', ', map { Respond::quote_literal($row{$_}) } sort keys %row) . ')');
	return;
}

# mail(name, {peer}, column => value..., step => {...}): a server, its channel, and a rule that sends what data of event mail.NAME says.
sub mail
{
	my ($name, $peer, %column) = @_;
	my $scheme = delete $column{scheme} || 'smtp';
	my $step = delete $column{step} || {};

	$server{$name} = Peers::mail_server(tls => 'server', %$peer, options => [ '--trace', @{ $peer->{options} || [] } ]);
	channel($name, url => "$scheme://127.0.0.1:$server{$name}{port}", %column);
	rule($name, %$step);
	return;
}

sub rule
{
	my ($name, %step) = @_;

	Respond::add_rule($node, 'postgres', $name, "mail.$name", [ { action => 'email', name => 'm', channel => $name, to => '{{data.to}}',
		subject => '{{data.subject}}', text => '{{data.text}}', %step } ]);
	return;
}

sub send_mail
{
	my ($name, %data) = @_;

	return Respond::emit($node, 'postgres', "mail.$name", { to => 'a@recipient.test', subject => 'Hello', text => 'Good day.', %data }, "s/$name");
}

# settle(name...): all deliveries of the channels have ended.
sub settle
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::settle($node, 'postgres', @_);
}

# state(name): status, attempts, recipients, last_status and last_error of each delivery, in order.
sub state
{
	my ($name) = @_;

	return one("SELECT status, attempts, array_to_string(recipients, ','), last_status, last_error FROM respond.delivery WHERE channel = '$name' ORDER BY id");
}

sub commands
{
	my ($name) = @_;

	return grep { ($_->{event} || '') eq 'command' } $server{$name}->entries;
}

# parse(mail): headers and parts as Python's email package reads them.
sub parse
{
	my ($mail) = @_;
	my $file = File::Temp->new;
	my ($out, $error);

	print $file $json->utf8->encode({ data => $mail->{data} });
	close($file);
	IPC::Run::run([ '/usr/bin/python3', '-c', <<'END', $file->filename ], '>', \$out, '2>', \$error) or die $error;
import email, email.policy, json, sys
message = email.message_from_bytes(json.load(open(sys.argv[1]))["data"].encode(), policy=email.policy.SMTP)
defects = [str(d) for part in message.walk() for d in part.defects]
defects += [f"{name}: {d}" for name, value in message.items() for d in value.defects]
parts = [[p.get_content_type(), p.get_content().replace("\r\n", "\n")] for p in message.walk() if not p.is_multipart()]
people = {name: [[a.display_name, a.addr_spec] for a in message[name].addresses] for name in ("From", "To", "Cc", "Reply-To") if name in message}
json.dump({"headers": [[n, str(v)] for n, v in message.items()], "type": message.get_content_type(), "parts": parts, "people": people, "defects": defects,
	"date": message["Date"].datetime.timestamp(), "longest": max(len(line) for line in message.as_bytes().split(b"\r\n"))}, sys.stdout)
END
	my $parsed = JSON::PP->new->utf8->decode($out);

	$parsed->{header} = { map { lc $_->[0] => $_->[1] } @{ $parsed->{headers} } };
	return $parsed;
}

# ---- One of each kind is on its way at the same time; what became of it is looked at below. ----

my @bad = qw(expired future wrong self);
mail('good', { options => [ $tls_options->() ] }, options => { username => 'desk', domain => 'desk.sender.test' },
	step => { cc => [ '{{data.cc}}', 'Carl <c@recipient.test>' ], bcc => 'Secret Service <hidden@recipient.test>', html => '<p>{{data.text}}</p>', reply_to => 'Answers <answers@sender.test>' });
one(q{SELECT respond.set_secret('good', 'pass word')});
mail('implicit', { options => [ '--tls', $tls_options->() ] }, scheme => 'smtps', options => { username => 'desk' }, secret => 'pass word');
mail('stripped', { mode => 'no-starttls', options => [ $tls_options->() ] }, options => { username => 'desk' }, secret => 'pass word');
mail('refuses_tls', { mode => 'reject-starttls', options => [ $tls_options->() ] }, options => { username => 'desk' }, secret => 'pass word');
for my $name (@bad)
{
	mail("starttls_$name", { tls => $name, options => [ $tls_options->() ] }, options => { username => 'desk' }, secret => 'pass word');
	mail("smtps_$name", { tls => $name, options => [ '--tls', $tls_options->() ] }, scheme => 'smtps', options => { username => 'desk' }, secret => 'pass word');
}
mail('wrong_password', { options => [ $tls_options->() ] }, options => { username => 'desk' }, secret => 'another');
mail('auth', { mode => 'reject-auth', options => [ $tls_options->() ] }, options => { username => 'desk' }, secret => 'pass word');
mail('no_such', { mode => 'reject-rcpt:gone@recipient.test' });
mail('none_left', { mode => [ 'reject-rcpt:gone@recipient.test', 'reject-rcpt:lost@recipient.test:553' ] });
mail('grey_one', { mode => 'greylist:1' });
mail('grey_all', { mode => 'greylist:2' });
mail('grey_ever', { mode => 'reject-rcpt:slow@recipient.test:450' });
mail('mixed', { mode => [ 'reject-rcpt:gone@recipient.test', 'reject-rcpt:full@recipient.test:452' ] });
mail('mixed_none', { mode => [ 'reject-rcpt:gone@recipient.test', 'reject-rcpt:full@recipient.test:452' ] });
mail('dropped', { mode => 'drop-after-data:1' });
mail('dropped_rcpt', { mode => 'drop-after-rcpt:1' });
mail('data', { mode => 'reject-data' });
mail('data_later', { mode => 'reject-data:452' });
mail('hang', { mode => 'hang' }, timeout => '300ms');
mail('hang_data', { mode => 'hang:DATA' }, timeout => '300ms');
mail('hang_end', { mode => 'hang:.' }, timeout => '1500ms');
mail('mute', { mode => 'banner-hang' }, timeout => '300ms');
mail('slow', { mode => 'slow:20' });
mail('tempfail', { mode => 'tempfail-all:1' });
mail('large', { options => [ '--size', '1000' ] });
mail('list', {});

my @simple = (qw(implicit stripped refuses_tls wrong_password auth hang hang_data hang_end mute slow tempfail dropped dropped_rcpt data data_later),
	map { ("starttls_$_", "smtps_$_") } @bad);
my %two = (to => [ 'a@recipient.test', 'b@recipient.test' ]);
my $subject = "Gr\x{fc}\x{df}e aus K\x{f6}ln \x{2014} \x{1f680} " . 'und noch viel mehr Text, damit die Zeile lang wird ' x 3;
my $text = "Liebe Gr\x{fc}\x{df}e,\n.\n..dots\n. \nFrom me\n" . 'x' x 2000 . "\n=3D trailing \t\nend";

send_mail($_) for @simple;
send_mail('good', to => [ "\"M\x{fc}ller, J\x{f6}rg\" <joerg\@recipient.test>", 'Plain Name <plain@recipient.test>', 'bare@recipient.test', 'joerg@recipient.test' ],
	cc => "\x{65e5}\x{672c} <nihon\@recipient.test>", subject => $subject, text => $text);
send_mail('no_such', to => [ 'gone@recipient.test', 'b@recipient.test' ]);
send_mail('none_left', to => [ 'gone@recipient.test', 'lost@recipient.test' ]);
send_mail('grey_one', %two);
send_mail('grey_all', %two);
send_mail('grey_ever', to => [ 'slow@recipient.test', 'b@recipient.test' ]);
send_mail('mixed', to => [ 'gone@recipient.test', 'b@recipient.test', 'full@recipient.test' ]);
send_mail('mixed_none', to => [ 'gone@recipient.test', 'full@recipient.test' ]);
send_mail('large', text => 'x' x 2000);
send_mail('list', to => [ map { "n$_\@recipient.test" } 1 .. 100 ]);
settle(@simple, qw(good no_such none_left grey_one grey_all grey_ever mixed mixed_none large list));

# ---- What a mail looks like. ----

my @mails = $server{good}->mails;
is(scalar(@mails), 1, 'one mail for the whole list');
is($json->encode([ sort @{ $mails[0]{to} } ]), $json->encode([ sort map { "$_\@recipient.test" } qw(joerg plain bare nihon c hidden) ]), 'it goes to all of them, once each');
is($mails[0]{from}, 'desk@sender.test', 'from the sender');
ok($mails[0]{tls}, 'over TLS');
is($mails[0]{user}, 'desk', 'with the option username and the secret');
my $mail = parse($mails[0]);
is($json->encode($mail->{defects}), '[]', 'it is a mail without defects');
is($mail->{header}{subject}, $subject, 'the subject');
is($json->encode($mail->{people}), $json->encode({ From => [ [ 'Desk', 'desk@sender.test' ] ], 'Reply-To' => [ [ 'Answers', 'answers@sender.test' ] ],
	To => [ [ "M\x{fc}ller, J\x{f6}rg", 'joerg@recipient.test' ], [ 'Plain Name', 'plain@recipient.test' ], [ '', 'bare@recipient.test' ], [ '', 'joerg@recipient.test' ] ],
	Cc => [ [ "\x{65e5}\x{672c}", 'nihon@recipient.test' ], [ 'Carl', 'c@recipient.test' ] ] }), 'the people and their names');
unlike($mails[0]{data}, qr/hidden|Secret Service|bcc/i, 'nothing tells of bcc');
is($mail->{type}, 'multipart/alternative', 'text and HTML are alternatives');
is($json->encode([ map { $_->[0] } @{ $mail->{parts} } ]), '["text/plain","text/html"]', 'the better one last');
is($mail->{parts}[0][1], $text, 'the text, with its dots, long lines and spaces');
is($mail->{parts}[1][1], "<p>$text</p>", 'the HTML');
cmp_ok($mail->{longest}, '<=', 998, 'no line is longer than mail may have');
unlike($mails[0]{data}, qr/[^\x00-\x7f]/, 'it is ASCII, for servers that know no other');
my ($key, $created) = split(/\|/, one("SELECT key, floor(extract(epoch FROM created_at)) FROM respond.delivery WHERE channel = 'good'"));
is($mail->{header}{'message-id'}, "<$key\@sender.test>", 'Message-ID is the key');
is($mail->{date}, $created, 'Date is when the delivery was recorded');
is($mail->{header}{'auto-submitted'}, 'auto-generated', 'it says that nobody wrote it');
is(scalar(grep { $_->[0] =~ /^(from|to|cc|subject|date|message-id|content-type|mime-version)$/i } @{ $mail->{headers} }), 8, 'each header once');
like(state('good'), qr/^delivered\|1\|[^|]*\|250\|$/, 'the delivery');
is((commands('good'))[0]{line}, 'EHLO desk.sender.test', 'option domain is said in EHLO');
is(scalar(grep { $_->{line} =~ /^AUTH/ && !$_->{tls} } commands('good')), 0, 'no password in the clear');

my ($implicit) = $server{implicit}->mails;
is(($implicit->{user} || '') . ($implicit->{tls} ? ' tls' : ''), 'desk tls', 'smtps:// has TLS from the start');
is(scalar(@{ (($server{list}->mails)[0] || {})->{to} || [] }), 100, 'a list of 100');
is(one("SELECT count(*) FROM respond.delivery WHERE channel = 'list'"), '1', 'is one delivery');

# ---- Without TLS there is no mail. ----

for my $name (qw(stripped refuses_tls))
{
	like(state($name), qr/^dead\|2\|a\@recipient\.test\|\d*\|.*(TLS|SSL)/, "$name: dead, and it says that it is about TLS");
}
for my $name (map { ("starttls_$_", "smtps_$_") } @bad)
{
	like(state($name), qr/^dead\|2\|a\@recipient\.test\|\|.*certificate/, "$name: dead because of the certificate");
}
for my $name (qw(stripped refuses_tls), map { ("starttls_$_", "smtps_$_") } @bad)
{
	is(scalar(grep { ($_->{event} || '') eq 'command' && $_->{line} =~ /^(AUTH|MAIL|RCPT|DATA)/i } $server{$name}->entries), 0, "$name: no AUTH and no mail");
}

# ---- What the server says of the whole. ----

like(state('wrong_password'), qr/^dead\|1\|[^|]*\|535\|.*535 5\.7\.8 wrong user or password/, 'a wrong password: dead at once, in the words of the server');
like(state('auth'), qr/^dead\|1\|[^|]*\|535\|.*535 5\.7\.8/, 'so when no password will do');
like(state('data'), qr/^dead\|1\|[^|]*\|554\|.*554 5\.6\.0 not wanted/, 'a message that is refused: dead at once');
like(state('data_later'), qr/^dead\|2\|[^|]*\|452\|given up after 2 tries.*452 4\.6\.0 not wanted/, 'refused until later: tried again');
like(state('large'), qr/^dead\|1\|[^|]*\|552\|.*552 5\.3\.4 too large/, 'too large: dead at once');
like(state('hang'), qr/^dead\|2\|[^|]*\|\|.*timeout/, 'a server that does not answer');
like(state('mute'), qr/^dead\|2\|[^|]*\|\|.*timeout/, 'one that says nothing at all');
like(state('hang_data'), qr/^dead\|2\|[^|]*\|\|.*timeout/, 'one that stops before the message');
unlike(state('hang_data'), qr/sent and not answered/, 'and the message was not sent');
like(state('hang_end'), qr/^dead\|2\|[^|]*\|\|.*timeout.*the message was sent and not answered/, 'one that stops behind the message, which may have arrived');
is(scalar(grep { ($_->{event} || '') eq 'connect' } $server{hang_end}->entries), 2, 'and each try begins on a connection of its own');
like(state('slow'), qr/^delivered\|1\|/, 'a slow one');
like(state('tempfail'), qr/^delivered\|2\|/, 'one that has no time at first');
like(state('dropped_rcpt'), qr/^delivered\|2\|/, 'one that hangs up early');
like(state('dropped'), qr/^delivered\|2\|/, 'one that hangs up behind the message');
my @twice = $server{dropped}->mails;
is(scalar(@twice), 2, 'gets it twice');
is(parse($twice[0])->{header}{$_}, parse($twice[1])->{header}{$_}, "with the same $_") for qw(message-id date);
is(one("SELECT string_agg(concat_ws(' ', number, status, error IS NULL), ', ' ORDER BY number) FROM respond.attempt WHERE delivery_id = (SELECT id FROM respond.delivery WHERE channel = 'tempfail')"),
	'1 451 f, 2 250 t', 'each try is on record');

# ---- What it says of recipients. ----

is(state('no_such'), "delivered|1|gone\@recipient.test,b\@recipient.test|250|1 of 2 recipients were not accepted: 550 5.1.1 no such recipient\n"
	. 'dead|1|gone@recipient.test|550|the mail server answered for gone@recipient.test: 550 5.1.1 no such recipient', 'who is refused has a dead delivery of its own');
is($json->encode([ map { $_->{to} } $server{no_such}->mails ]), '[["b@recipient.test"]]', 'the other one has the mail');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'delivery.dead' AND data->>'channel' = 'no_such'}), '1', 'an event tells of it');
is(one(q{SELECT count(*) FROM respond.dead_letter WHERE kind = 'delivery' AND delivery_id IN (SELECT id FROM respond.delivery WHERE channel = 'no_such' AND status = 'dead')}), '1', 'it is a dead letter');
like(state('none_left'), qr/\Adead\|1\|gone\@recipient\.test,lost\@recipient\.test\|55[03]\|.*no such recipient\z/, 'all are refused: one dead delivery');
is(scalar($server{none_left}->mails), 0, 'and no mail');
is(state('grey_one'), "delivered|1|a\@recipient.test,b\@recipient.test|250|1 of 2 recipients were not accepted: 451 4.7.1 greylisted, come again\n"
	. 'delivered|2|a@recipient.test|250|', 'one is put off: it is tried again alone');
is($json->encode([ map { $_->{to} } $server{grey_one}->mails ]), '[["b@recipient.test"],["a@recipient.test"]]', 'each has the mail once');
is(parse(($server{grey_one}->mails)[1])->{header}{to}, 'a@recipient.test, b@recipient.test', 'and sees to whom it was sent');
like(state('grey_all'), qr/\Adelivered\|2\|a\@recipient\.test,b\@recipient\.test\|250\|\z/, 'all are put off: the same delivery is tried again');
is($json->encode([ map { $_->{to} } $server{grey_all}->mails ]), '[["a@recipient.test","b@recipient.test"]]', 'and has one mail');
like(state('grey_ever'), qr/\Adelivered\|1\|.*\ndead\|2\|slow\@recipient\.test\|450\|.*450 4\.1\.1/, 'put off until there are no tries left');
is($json->encode([ map { $_->{to} } $server{grey_ever}->mails ]), '[["b@recipient.test"]]', 'while the other one has it once');
like(state('mixed'), qr/\Adelivered\|1\|.*2 of 3 recipients.*\ndead\|1\|gone\@recipient\.test\|550\|.*\ndead\|2\|full\@recipient\.test\|452\|/, 'taken, refused and put off: three deliveries');
like(state('mixed_none'), qr/^dead\|\d\|gone\@recipient\.test(,full\@recipient\.test)?\|550\|/m, 'refused and put off, none taken: who is refused is dead');
cmp_ok(scalar(grep { ($_->{line} || '') =~ /^RCPT TO:<gone/ } commands('mixed_none')), '<=', 2, 'and not asked about for ever');

# ---- Injection. ----

my %slot = (
	to => [ { to => '{{data.x}}' }, qr/^steps\[0\]\.to: / ],
	name => [ { to => 'Name {{data.x}} <a@recipient.test>' }, qr/^steps\[0\]\.to: / ],
	cc => [ { to => 'a@recipient.test', cc => '{{data.x}}' }, qr/^steps\[0\]\.cc: / ],
	bcc => [ { to => 'a@recipient.test', bcc => '{{data.x}}' }, qr/^steps\[0\]\.bcc: / ],
	reply_to => [ { to => 'a@recipient.test', reply_to => '{{data.x}}' }, qr/^steps\[0\]\.reply_to: / ],
	from => [ { to => 'a@recipient.test', options => { from => '{{data.x}}' } }, qr/^steps\[0\]\.options\.from: / ],
	subject => [ { to => 'a@recipient.test', subject => '{{data.x}}' }, qr/^steps\[0\]\.subject: / ]);
my %lines = (crlf => "x\@recipient.test\r\nBcc: eve\@evil.test", lf => "x\@recipient.test\nBcc: eve\@evil.test", cr => "x\@recipient.test\rBcc: eve\@evil.test",
	escape => "x\@recipient.test\x{1b}[2J", delete => "x\@recipient.test\x{7f}", c1 => "x\@recipient.test\x{85}Bcc: eve\@evil.test", body => "Hi\r\n\r\nbody\r\n.\r\nMAIL FROM:<eve\@evil.test>",
	before => "\r\nBcc: eve\@evil.test", after => "x\@recipient.test\r\n");
my %addresses = (command => 'x@recipient.test> NOTIFY=NEVER RCPT TO:<eve@evil.test', space => 'x@recipient.test eve@evil.test', angle => '<x@recipient.test><eve@evil.test>', at => 'x@eve@evil.test',
	open => 'x <x@recipient.test', word => '=?utf-8?q?eve=40evil.test?= x@recipient.test', group => 'list: eve@evil.test;', quote => '"x@recipient.test', none => 'nobody', encoded => '<=?utf-8?q?eve?=@evil.test>',
	comment => 'x(eve)@evil.test', quoted => '"x eve"@evil.test', long => 'x' x 65 . '@evil.test');
my @expected;

mail('inject', {});
for my $slot (sort keys %slot)
{
	my ($step, undef) = @{ $slot{$slot} };
	my %bad = (%lines, $slot =~ /^(subject|name)$/ ? () : %addresses, $slot eq 'from' ? (two => 'x@recipient.test, eve@evil.test') : ());

	Respond::add_rule($node, 'postgres', "inject $slot", "inject.$slot", [ { action => 'email', channel => 'inject', text => 'x', subject => 'x', %$step } ]);
	# a C1 control is legal text in a header, where it is encoded
	delete $bad{c1} if $slot =~ /^(subject|name)$/;
	push @expected, map { [ $slot, $_, Respond::emit($node, 'postgres', "inject.$slot", { x => $bad{$_} }) ] } sort keys %bad;
}
# these are text like any other
Respond::emit($node, 'postgres', 'inject.subject', { x => 'Bcc: eve@evil.test, <script> "quoted" =?utf-8?q?x?= {{secret}}' });
Respond::wait_idle($node, 'postgres');
settle('inject');
for my $case (@expected)
{
	my ($slot, $what, $id) = @$case;

	like(one("SELECT error FROM respond.run WHERE event_id = $id"), $slot{$slot}[1], "$slot with $what: the step fails and says where");
}
refused(q{SELECT respond.emit('inject.to', data => '{"x": "a@recipient.test\u0000,eve@evil.test"}')}, qr/\\u0000 cannot be converted/, 'no NUL gets into an event');
is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'inject'}), '1', 'nothing of it became a delivery');
my @injected = $server{inject}->entries;
is(scalar(grep { exists $_->{data} } @injected), 1, 'nothing of it was mailed');
is(scalar(grep { ($_->{event} || '') eq 'bad' } @injected), 0, 'the server saw no bad line');
is(scalar(grep { ($_->{line} || '') =~ /evil/ } @injected), 0, 'nor a command of somebody else');
is(parse(($server{inject}->mails)[0])->{header}{subject}, 'Bcc: eve@evil.test, <script> "quoted" =?utf-8?q?x?= {{secret}}', 'what only looks like it arrives as it is');
for my $option (qw(from to cc bcc reply_to))
{
	refused(qq{INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'email', 'smtp://mail.test', '{"$option": "a\@x.test\\r\\nBcc: b\@x.test"}')},
		qr/options\.$option: it holds a control character/, "no control character in option $option");
}
refused(q{INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'email', 'smtp://mail.test', '{"domain": "a b"}')}, qr/options\.domain: must be the name of a host/, 'nor a space in the domain');
# a step may not choose what is said in EHLO, nor the account
for my $option ([ domain => "evil.test\r\nMAIL FROM:<eve\@evil.test>" ], [ username => 'eve' ], [ tls => 'none' ])
{
	Respond::add_rule($node, 'postgres', "step $option->[0]", "step.$option->[0]", [ { action => 'email', channel => 'inject', to => 'a@recipient.test', text => 'x', subject => $option->[0], options => { $option->[0] => '{{data.x}}' } } ]);
	Respond::emit($node, 'postgres', "step.$option->[0]", { x => $option->[1] });
}
settle('inject');
is(scalar(grep { ($_->{line} || '') =~ /evil|^AUTH/ } $server{inject}->entries), 0, 'options that a step gives do not change the connection');
is(scalar(grep { exists $_->{data} && !$_->{tls} } $server{inject}->entries), 0, 'nor what protects it');

# ---- Mail in the clear is for superusers. ----

my $clear = Peers::mail_server(mode => 'no-starttls', options => [ '--trace' ]);
my $url = "smtp://127.0.0.1:$clear->{port}";
refused(qq{SET ROLE ann; INSERT INTO respond.channel (name, kind, url, options) VALUES ('plain', 'email', '$url', '{"tls": "none"}')},
	qr/options\.tls: only superusers may have mail sent in the clear/, 'an admin cannot have mail in the clear');
refused(qq{SET ROLE ann; INSERT INTO respond.channel (name, kind, url, options) VALUES ('plain', 'email', '$url', '{"tls": "None"}')}, qr/options\.tls: "None" is not one of/, 'however it is written');
one(qq{SET ROLE ann; INSERT INTO respond.channel (name, kind, url, options, max_attempts) VALUES ('plain', 'email', '$url', '{"from": "desk\@sender.test", "to": "a\@recipient.test"}', 1)});
refused(q{SET ROLE ann; UPDATE respond.channel SET options = options || '{"tls": "none"}' WHERE name = 'plain'}, qr/options\.tls: only superusers/, 'nor by UPDATE');
# the same by the defaults of a kind
$node->psql('postgres', q{SET ROLE ann; INSERT INTO respond.channel_kind (name, transport, options) VALUES ('plainmail', 'smtp', '{"from": "desk@sender.test", "to": "a@recipient.test", "tls": "none"}')}, stderr => \$err);
$node->psql('postgres', qq{SET ROLE ann; INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('by_kind', 'plainmail', '$url', 1)}, stderr => \$err);
one(q{SELECT respond.send_test(name) FROM respond.channel WHERE name IN ('plain', 'by_kind')});
Respond::wait_until($node, 'postgres', q{SELECT bool_and(status <> 'pending') FROM respond.delivery WHERE channel IN ('plain', 'by_kind')});
is(scalar(grep { exists $_->{data} } $clear->entries), 0, 'nor by the defaults of a kind of their own') or diag(state('by_kind'));
one(q{UPDATE respond.channel SET options = options || '{"tls": "none"}' WHERE name = 'plain'; SELECT respond.send_test('plain')});
Respond::wait_until($node, 'postgres', q{SELECT bool_and(status <> 'pending') FROM respond.delivery WHERE channel = 'plain'});
like(state('plain'), qr/^delivered\|1\|/m, 'a superuser can');

# ---- Without a sender. ----

one(q{INSERT INTO respond.channel (name, kind, url, options) VALUES ('senderless', 'email', 'smtp://[::1]:2525', '{"to": "a@recipient.test"}')});
$node->psql('postgres', q{SELECT respond.send_test('senderless')}, stderr => \$err);
is($err, '', 'a mail server at an address of IPv6 needs no sender more than others');

# ---- A server that takes its time with the answer to a message. ----

my $receiver = Peers::receiver();
mail('holds', { mode => 'hang:.' }, timeout => '5s', max_attempts => 1);
one(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('other', 'webhook', 'http://127.0.0.1:$receiver->{port}/ok')});
send_mail('holds');
Respond::wait_for(sub { grep { ($_->{line} || '') eq '354 go on' } $server{holds}->entries });
one(q{SELECT respond.send_test('other')});
Respond::wait_until($node, 'postgres', q{SELECT status = 'delivered' FROM respond.delivery WHERE channel = 'other'});
is(one(q{SELECT status FROM respond.delivery WHERE channel = 'holds'}), 'pending', 'a server that hangs behind the message holds up nobody');
one(q{SELECT respond.discard(id) FROM respond.delivery WHERE channel = 'holds' AND status = 'pending'});

# ---- notify sends mail too. ----

mail('by_notify', {}, options => { to => 'a@recipient.test' });
one(q{UPDATE respond.rule SET steps = '[{"action": "notify", "channel": "by_notify", "subject": "Stock {{data.sku}}", "text": "<{{data.sku}}> & co", "to": "b@recipient.test"},
	{"action": "notify", "channel": "by_notify", "text": "to the channel''s own"}]' WHERE name = 'by_notify'});
Respond::emit($node, 'postgres', 'mail.by_notify', { sku => "\x{e4}1" });
settle('by_notify');
@mails = $server{by_notify}->mails;
is($json->encode([ sort map { $_->{to}[0] } @mails ]), '["a@recipient.test","b@recipient.test"]', 'notify goes to whom it says, or the channel');
my ($noted) = map { parse($_) } grep { $_->{to}[0] =~ /^b/ } @mails;
is("$noted->{header}{subject}|$noted->{parts}[0][0]|$noted->{parts}[0][1]", "Stock \x{e4}1|text/plain|<\x{e4}1> & co\n", 'with its subject and text');

# ---- A server of another make. ----

SKIP:
{
	skip 'python3-aiosmtpd is not installed', 6 if system('/usr/bin/python3 -c "import aiosmtpd.smtp" > /dev/null 2>&1') != 0;
	my $program = File::Temp->new(SUFFIX => '.py');

	print $program <<'END';
import argparse, asyncio, json, ssl
from aiosmtpd.smtp import SMTP, AuthResult
parser = argparse.ArgumentParser()
for name in ("cert", "key", "log", "port-file"):
	parser.add_argument("--" + name)
options = parser.parse_args()
log = open(options.log, "a", buffering=1)
class Handler:
	async def handle_DATA(self, server, session, envelope):
		log.write(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content.decode(), "tls": session.ssl is not None,
			"user": session.auth_data.login.decode() if session.auth_data else None}) + "\n")
		return "250 2.0.0 kept"
def authenticate(server, session, envelope, mechanism, data):
	return AuthResult(success=data.password == b"pass word", auth_data=data)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options.cert, options.key)
async def main():
	server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler(), hostname="real.test", tls_context=context, require_starttls=True,
		auth_required=True, authenticator=authenticate), "127.0.0.1", 0)
	with open(options.port_file, "w") as file:
		file.write(f"{server.sockets[0].getsockname()[1]}\n")
	await server.serve_forever()
asyncio.run(main())
END
	close($program);
	$server{real} = Peers::start('aiosmtpd', '/usr/bin/python3', $program->filename, '--cert', "$certificates/server.pem", '--key', "$certificates/server.key");
	channel('real', url => "smtp://127.0.0.1:$server{real}{port}", options => { username => 'desk' }, secret => 'pass word');
	rule('real', html => '<b>{{data.text}}</b>', cc => 'c@recipient.test');
	send_mail('real', subject => $subject, text => $text) for 1 .. 3;
	settle('real');
	like(state('real'), qr/\A(delivered\|1\|[^|]*\|250\|\n?){3}\z/, 'a server of another make takes the mails') or diag(state('real'));
	@mails = $server{real}->mails;
	is(scalar(@mails), 3, 'all of them');
	is(($mails[0]{user} || '') . ($mails[0]{tls} ? ' tls' : ''), 'desk tls', 'under TLS, with the account');
	$mail = parse($mails[0]);
	is($mail->{header}{subject}, $subject, 'the subject');
	is($mail->{parts}[0][1], $text, 'the text');
	is($mail->{parts}[1][1], "<b>$text</b>", 'the HTML');
}

is(one(q{SELECT coalesce(max(failures), 0) FROM respond.worker}), '0', 'no worker failed');
is(one(q{SELECT string_agg(last_error, E'\n') FROM respond.delivery WHERE last_error LIKE '%pass word%' OR last_error LIKE '%cGFzcyB3b3Jk%'}), '', 'no error tells the password');
$node->stop;
done_testing();
