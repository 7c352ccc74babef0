# Who gets a mail.  What a step names and the event lacks is a failure; what comes from data is one address, and adds none.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Mail;

use JSON::PP ();

my $json = JSON::PP->new->ascii->canonical;
my $desk = Mail::start('recipients');

$desk->mail('m', {}, options => { to => 'default@recipient.test', cc => 'copy@recipient.test', bcc => 'blind@recipient.test', reply_to => 'answers@sender.test' });

# asks(step, data, check): the rules of all cases are made at once, and their events fired; then check gets what became of the
# case: "failure", why its step failed; or "to", the addresses that its mail went to, the "people" in its headers, and "defects".
my @cases;
sub asks
{
	my ($step, $data, $check) = @_;

	push @cases, { type => 'try.' . (@cases + 1), text => 'mail ' . (@cases + 1), step => $step, data => $data, check => $check };
	return;
}

# fails(step, data, error, message)
sub fails
{
	my ($step, $data, $error, $message) = @_;

	return asks($step, $data, sub { like($_[0]{failure}, $error, $message) });
}

# reaches(step, data, addresses, message)
sub reaches
{
	my ($step, $data, $addresses, $message) = @_;

	return asks($step, $data, sub { is($_[0]{to}, $addresses, $message) });
}

sub try_all
{
	my @quoted = map { { type => Respond::quote_literal($_->{type}), data => Respond::quote_literal($json->encode($_->{data})), steps => Respond::quote_literal($json->encode(
		[ { action => 'email', channel => 'm', subject => $_->{text}, text => 'x', %{ $_->{step} } } ])) } } @cases;

	$desk->one(join(";\n", map { "INSERT INTO respond.rule (name, event_type, steps) VALUES ($_->{type}, $_->{type}, $_->{steps})" } @quoted));
	$desk->one(join(";\n", map { "INSERT INTO respond.event (type, data) VALUES ($_->{type}, $_->{data})" } @quoted));
	Respond::settle($desk->node, $desk->db, 'm');
	my $failures = JSON::PP->new->utf8->decode($desk->one(q{SELECT jsonb_object_agg(e.type, r.error) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.status = 'failed'}));
	my @mails = $desk->arrived('m');
	my @parsed = Mail::parse(@mails);
	my %index = map { $parsed[$_]{header}{subject} => $_ } 0 .. $#mails;

	is($desk->one(q{SELECT count(*) FROM respond.delivery WHERE status = 'delivered'}), scalar(@cases) - keys(%$failures), 'every mail of a step that did not fail arrives');
	for my $case (@cases)
	{
		my $at = $index{ $case->{text} };

		$case->{check}->({ failure => $failures->{ $case->{type} },
			defined $at ? (to => join(' ', sort @{ $mails[$at]{to} }), people => $parsed[$at]{people}, defects => $json->encode($parsed[$at]{defects})) : () });
	}
	return;
}

# ---- What came out empty. ----

for my $case ([ 'a text', '{{data.email}}' ], [ 'a list', [ '{{data.email}}' ] ], [ 'a list of several', [ '{{data.email}}', '{{data.other}}' ] ],
	[ 'separators', '{{data.email}}, {{data.other}}' ], [ 'a raw tag', '{{{data.email}}}' ], [ 'an empty list', [] ], [ 'an empty text', '' ])
{
	for my $data ({}, { email => '' }, { email => undef }, { email => [] })
	{
		next if ref $case->[1] && ref $data->{email};
		fails({ to => $case->[1] }, $data, qr/^steps\[0\]\.to: (there is no recipient|is not an array of texts|"\[\]" is not a mail address)/, "$case->[0] with " . $json->encode($data));
	}
}
fails({ to => '{{data.email}}', cc => 'c@recipient.test', bcc => 'd@recipient.test' }, {}, qr/^steps\[0\]\.to: there is no recipient/, 'nor does it go to cc alone');
fails({ options => { to => '{{data.email}}' } }, {}, qr/^steps\[0\]\.options\.to: came out empty/, 'in options, too');
fails({ to => 'a@recipient.test', options => { from => '{{data.email}}' } }, {}, qr/^steps\[0\]\.options\.from: came out empty/, 'nor is it from somebody else');
fails({ to => 'Name <{{data.email}}>' }, {}, qr/^steps\[0\]\.to: "Name <>" is not a mail address/, 'an empty address with a name');
reaches({}, {}, 'blind@recipient.test copy@recipient.test default@recipient.test', 'without any, those of the channel');
reaches({ to => 'a@recipient.test', cc => '{{data.cc}}', bcc => '{{data.bcc}}' }, {}, 'a@recipient.test', 'cc and bcc that come out empty are none, not those of the channel');
asks({ to => 'a@recipient.test', reply_to => '{{data.agent}}' }, {}, sub { ok($_[0]{people} && !exists $_[0]{people}{'Reply-To'}, 'nor is reply_to') });

# ---- Names from data. ----

my @evil = ('eve@evil.test, Bob', 'eve@evil.test,', '<eve@evil.test>', 'Eve <eve@evil.test>, Bob', '"eve@evil.test", Bob', 'x" <eve@evil.test>, "y', 'x\\" <eve@evil.test>, \\"y', 'Bob (a comment)',
	'group: eve@evil.test;', '=?utf-8?q?eve=40evil.test=2C?=', "M\x{fc}ller, J\x{f6}rg", '\\', '"', '[eve@evil.test]', "\x{2c}eve\@evil.test\x{ff0c}");

for my $evil (@evil)
{
	for my $form ([ 'in a text', '{{data.name}} <b@recipient.test>' ], [ 'in a list', [ '{{data.name}} <b@recipient.test>' ] ],
		[ 'raw', '{{{data.name}}} <b@recipient.test>' ], [ 'in quotes', '"{{data.name}}" <b@recipient.test>' ], [ 'in the middle', 'Dear {{data.name}} of us <b@recipient.test>' ])
	{
		my ($before, $after) = $form->[0] eq 'in the middle' ? ('Dear ', ' of us') : ('', '');

		asks({ to => $form->[1], cc => '', bcc => '' }, { name => $evil }, sub {
			my ($got) = @_;

			is_deeply([ @$got{qw(failure to defects)}, $got->{people}{To} ], [ undef, 'b@recipient.test', '[]', [ [ "$before$evil$after", 'b@recipient.test' ] ] ], "$form->[0]: " . $json->encode([ $evil ]))
			  or diag($json->encode($got));
		});
	}
}
{
	my $name = 'eve@evil.test, Bob';
	my $step = { to => 'a@recipient.test', cc => [ '{{data.name}} <c@recipient.test>', 'd@recipient.test' ], bcc => '{{data.name}} <b@recipient.test>',
		reply_to => '{{data.name}} <r@recipient.test>', options => { from => '{{data.name}} <f@sender.test>' } };

	asks($step, { name => $name }, sub {
		my ($got) = @_;

		is($got->{to}, 'a@recipient.test b@recipient.test c@recipient.test d@recipient.test', 'the same in cc, bcc, reply_to and from: no address more');
		is_deeply([ @{ $got->{people} }{qw(From Reply-To Cc)} ], [ [ [ $name, 'f@sender.test' ] ], [ [ $name, 'r@recipient.test' ] ], [ [ $name, 'c@recipient.test' ], [ '', 'd@recipient.test' ] ] ], 'and the names');
	});
	reaches({ to => 'a@recipient.test', options => { cc => '{{data.name}} <c@recipient.test>', bcc => '' } }, { name => $name }, 'a@recipient.test c@recipient.test', 'nor in options');
}

# ---- An element of a list is one address; an address is one. ----

for my $case ([ to => [ '{{data.x}}' ] ], [ cc => [ '{{data.x}}' ] ], [ bcc => [ 'b@recipient.test', '{{data.x}}' ] ], [ reply_to => [ '{{data.x}}' ] ], [ to => [ 'b@recipient.test, {{data.x}}' ] ])
{
	my ($field, $value) = @$case;

	fails({ to => 'a@recipient.test', $field => $value }, { x => 'b@recipient.test, eve@evil.test' }, qr/^steps\[0\]\.$field: /, "$field: two in one element of a list");
}
fails({ to => '{{data.list}}' }, { list => [ 'b@recipient.test', 'c@recipient.test, eve@evil.test' ] }, qr/^steps\[0\]\.to: more than one mail address/, 'an array from data, too');
fails({ to => "{{data.user}}\@recipient.test" }, { user => $_ }, qr/^steps\[0\]\.to: .*is not a mail address/, "a part of an address that is more than that: $_")
  for 'b@recipient.test, eve', 'eve@evil.test,b', 'b> <eve@evil.test>, x', '"b', 'b c';
fails({ to => '<{{data.x}}>' }, { x => 'b@recipient.test>, <eve@evil.test' }, qr/^steps\[0\]\.to: .*is not a mail address/, 'nor can it leave its brackets');

for my $field (qw(to cc bcc reply_to))
{
	fails({ to => 'a@recipient.test', $field => $_->[0] }, { x => $_->[1] }, qr/^steps\[0\]\.$field: /, "$field: a tag that is the whole text is one address: $_->[1]")
	  for [ '{{data.x}}', 'b@recipient.test, eve@evil.test' ], [ '{{{data.x}}}', 'b@recipient.test,eve@evil.test' ], [ '{{data.x}}', 'b@recipient.test; eve@evil.test' ],
		[ '{{data.x}}', 'Bob <b@recipient.test>, Eve <eve@evil.test>' ], [ '{{data.x}}', 'all: b@recipient.test, eve@evil.test;' ];
}

# ---- What authors write. ----

reaches({ to => '{{data.list}}', cc => '', bcc => '' }, { list => [ 'Ann <b@recipient.test>', 'c@recipient.test' ] }, 'b@recipient.test c@recipient.test', 'an array from data');
reaches({ to => '{{data.one}}', cc => '', bcc => '' }, { one => 'Doe, Ann <b@recipient.test>' }, 'b@recipient.test', 'an address with a name as the whole text');
reaches({ to => '{{#data.list}}{{.}}, {{/data.list}}', cc => '', bcc => '' }, { list => [ 'b@recipient.test', 'c@recipient.test' ] }, 'b@recipient.test c@recipient.test', 'separators of the author');
reaches({ to => '"Doe, Jane" <b@recipient.test>, {{data.first}} {{data.last}} <c@recipient.test>', cc => '', bcc => '' }, { first => 'Ann', last => "O'Hara" }, 'b@recipient.test c@recipient.test', 'names and quotes of the author');

try_all();

# A receiver of another kind is no mail address.
$desk->one(q{INSERT INTO respond.channel_kind (name, transport, body, options, needs_text) VALUES ('texts', 'http', '{"to": "{{{to}}}", "from": "{{{options.from}}}", "text": "{{{text}}}"}', '{"to": null, "from": null}', true)});
my $receiver = Peers::receiver();
$desk->one(qq{INSERT INTO respond.channel (name, kind, url, options) VALUES ('texts', 'texts', 'http://127.0.0.1:$receiver->{port}/ok', '{"to": "+1"}')});
Respond::add_rule($desk->node, $desk->db, 'texts', 'texts', [ { action => 'notify', channel => 'texts', text => 'x', to => '+{{data.phone}}', options => { from => 'a <{{data.from}}>' } } ]);
Respond::add_rule($desk->node, $desk->db, 'no texts', 'texts.none', [ { action => 'notify', channel => 'texts', text => 'x', to => '{{data.phone}}' } ]);
my $event = Respond::emit($desk->node, $desk->db, 'texts', { phone => '49,(30);"1"', from => '<b>, c' });
$desk->until($event, q{status = 'delivered'}, 'a text message arrives');
is_deeply(JSON::PP->new->decode(($receiver->requests)[0]{body}), { to => '+49,(30);"1"', from => 'a <<b>, c>', text => 'x' }, 'with its receiver as it is');
like($desk->failure(Respond::emit($desk->node, $desk->db, 'texts.none', {})), qr/^steps\[0\]\.to: there is no recipient/, 'which may not come out empty either');

# A dry run shows addresses as they are read.
like($desk->one(q{SELECT steps FROM respond.simulate('try.dry', '{"name": "eve@evil.test, Bob"}') LIMIT 1}) . $desk->one(q{SELECT string_agg(r::text, '') FROM respond.simulate('try.1', '{}') AS r WHERE rule = 'try.1'}),
	qr/there is no recipient/, 'a dry run says so, too');
$desk->stop;
done_testing();
