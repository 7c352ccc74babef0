# Masked fields: put into every place that a rule can fill, and then looked for in tables, at receivers and in mail.
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP ();
use MIME::Base64 ();
use Peers;
use Respond;

my $node = Respond::node('masks', fsync => 'off', 'pg_respond.allowed_networks' => '127.0.0.0/8');
my $db = 'desk';
my $json = JSON::PP->new->canonical;
my $receiver = Peers::receiver();
my $post = Peers::mail_server();
my $base = "http://127.0.0.1:$receiver->{port}";

Respond::create_extension($node, $db);

sub one { return $node->safe_psql($db, @_); }

# Every masked value has one of these in it.  Queries must not find themselves.
my $hidden = '[v]erborgen|[4]929123456781234|[9]8765432109|[r]estgeheim|dmVyYm9yZ2Vu';
my $seen = qr/verborgen|4929123456781234|98765432109|restgeheim|dmVyYm9yZ2Vu/i;
my %data = (
	card => { number => '4929123456781234', holder => 'Visible' },
	user => { password => 'verborgen-eins' },
	lines => [ { note => 'verborgen-zwei', n => 1 }, { note => 'verborgen-drei', more => [ { note => 'seen' } ] } ],
	whole => { deep => [ 'verborgen-vier', 98765432109 ] },
	quoted => "verborgen \"quoted\" \\ back",
	html => 'verborgen <b> & co',
	url => 'verborgen 100% / ?',
	line => "verborgen\nline",
	word => "verborgen \x{fc}\x{4e2d}",
	a => 'verborgen-kurz',
	b => 'verborgen-kurz-restgeheim',
	mail => 'verborgen@recipient.test',
	id => 7);
my @masks = qw(card.number lines.note whole quoted html url line word a b mail);
my @fields = qw(card.number user.password lines.0.note whole.deep.1 quoted html url line word a b mail);

one(q{INSERT INTO respond.mask (event_type, path) VALUES ('*', '*.password'), } . join(', ', map { "('pay*', '$_')" } @masks));

# --- Channels of every kind

one(qq{
	INSERT INTO respond.channel (name, kind, url) VALUES
		('m hook', 'webhook', '$base/ok?mask'),
		('m url', 'webhook', '$base/ok?mask&t={{text}}'),
		('m slack', 'slack', '$base/ok?mask'),
		('m card', 'teams', '$base/ok?mask');
	INSERT INTO respond.channel_kind (name, transport, needs_text, body, headers, encoding, escape) VALUES
		('m headers', 'http', true, '{"t": "{{{text}}}"}', '{"X-Text": "{{{text}}}", "X-Card": "{{data.card.number}}"}', 'json', 'none'),
		('m form', 'http', true, '{"t": "{{{text}}}", "card": "{{data.card.number}}"}', '{}', 'form', 'none'),
		('m html', 'http', true, '"<p>{{{text}}}</p>"', '{}', 'text', 'html');
	INSERT INTO respond.channel (name, kind, url) SELECT name, name, '$base/ok?mask' FROM respond.channel_kind WHERE name LIKE 'm %';
	INSERT INTO respond.channel (name, kind, url, options) VALUES
		('m mail', 'email', 'smtp://127.0.0.1:$post->{port}', '{"tls": "none", "from": "a\@b.test", "to": "c\@d.test"}');
	INSERT INTO respond.channel (name, kind) VALUES ('m notify', 'notify')});
my @hooks = ('m hook', 'm url', 'm slack', 'm card', 'm headers', 'm form', 'm html', 'm notify');

# --- Rules that fill every place with every field: by its path, through a set step, and within the output of one

sub rule
{
	my ($name, @steps) = @_;

	return Respond::add_rule($node, $db, "mask $name", 'payment.*', \@steps);
}

for my $field (@fields)
{
	my $set = { action => 'set', name => 's', values => { v => "{{data.$field}}", all => '{{data}}', joined => "x{{data.$field}}y" } };
	# a line break in a header is a failure of its own
	my @to = grep { $field ne 'line' || $_ ne 'm headers' } @hooks;

	for my $text ([ path => "text {{{data.$field}}}" ], [ set => '{{{steps.s.v}}}' ], [ joined => '{{{steps.s.joined}}}' ], [ quoted => '{{steps.s.v}}' ])
	{
		rule("$field $text->[0]", $set, map { { action => 'notify', channel => $_, text => $text->[1] } } @to);
	}
	rule("$field body", $set,
		{ action => 'notify', channel => 'm hook', body => { plain => '{{steps.s.v}}', all => '{{steps.s.all}}', text => 'x{{steps.s.v}}x', raw => '{{{steps.s.joined}}}' } },
		{ action => 'notify', channel => 'm hook', body => 'text {{{steps.s.v}}}' },
		{ action => 'email', channel => 'm mail', subject => $field eq 'line' ? 'x' : '{{{steps.s.v}}}', text => '{{{steps.s.v}}} {{{data}}}', html => '<b>{{steps.s.v}}</b> {{steps.s.all}}' },
		{ action => 'ticket', name => 't', subject => 'Card', description => '{{{steps.s.v}}}', fields => { v => '{{steps.s.v}}', all => '{{data}}' },
			requester => 'x {{{steps.s.v}}}', tags => [ '{{{steps.s.v}}}' ] },
		{ action => 'comment', body => '{{{steps.s.joined}}}' });
}
# recipients and what else a rule can fill in
rule('to', { action => 'set', name => 's', values => { v => '{{data.mail}}' } },
	{ action => 'email', channel => 'm mail', to => '{{steps.s.v}}', cc => 'Name {{{steps.s.v}}} <d@e.test>', subject => 'x', text => 'x' });
rule('fail', { action => 'fail', message => '{{data.user.password}}' });

my $event = Respond::emit($node, $db, 'payment.made', \%data, 'card/4929123456781234');
Respond::settle($node, $db, @hooks, 'm mail');
cmp_ok(one(q{SELECT count(*) FROM respond.delivery WHERE channel LIKE 'm %' AND status = 'delivered'}), '>=', 12 * 4 * 7, 'messages about an event with masked fields arrive');
is(one(q{SELECT string_agg(DISTINCT error, E'\n') FROM respond.run WHERE rule LIKE 'mask %' AND rule NOT IN ('mask to', 'mask fail') AND status <> 'succeeded'}), '', 'no step fails because of that');

# --- Where no masked value may be

for my $column (qw(subject url headers recipients body html last_error))
{
	is(one("SELECT string_agg(DISTINCT concat_ws(' / ', rule, channel, left(d.$column\::text, 80)), E'\\n') FROM (SELECT * FROM respond.delivery WHERE channel LIKE 'm %' AND $column\::text ~* '$hidden' ORDER BY id LIMIT 12) AS d"),
		'', "no masked value in delivery.$column");
}
is(one("SELECT string_agg(DISTINCT concat_ws(' ', action, object_type, left(substring(a::text FROM '.{0,40}(?:$hidden).{0,40}'), 120)), E'\\n') FROM (SELECT * FROM respond.audit_log AS a WHERE a::text ~* '$hidden' ORDER BY id LIMIT 20) AS a"),
	'', 'nor in the audit log');
is(one("SELECT count(*) FROM respond.attempt AS a WHERE a::text ~* '$hidden'"), '0', 'nor in tries');

my @requests = $receiver->requests;
my %leaks = map { ($_->{path} =~ /(\?mask[^=]*)/ ? $1 : '') . ' ' . substr(join(' ', $json->encode($_) =~ /(.{0,40}(?:$seen).{0,40})/g), 0, 150) => 1 } grep { $json->encode($_) =~ $seen } @requests;
is(join("\n", sort keys %leaks), '', 'nor at a receiver');
my @leaky = grep { join(' ', MIME::Base64::decode_base64(join('', $_->{data} =~ /=\?utf-8\?b\?([^?]*)\?=/gi)), $_->{data} =~ s/=\r\n//gr, @{ $_->{to} }) =~ $seen } $post->mails;
is(scalar(@leaky), 0, 'nor in mail') or diag($leaky[0]{data});

my ($shown) = map { $_->{body} } grep { ($_->{path} || '') eq '/ok?mask' && $_->{body} =~ /"holder"/ } @requests;
like($shown, qr/Visible/, 'what is not masked arrives');
like($shown, qr/"note": ?"\*\*\*".*"seen"|"seen".*"note": ?"\*\*\*"/, 'with *** in place of the rest');
like(one("SELECT data::text FROM respond.event WHERE id = $event"), qr/4929123456781234/, 'the event has it');

# --- Masks are read anew

one(q{INSERT INTO respond.mask (event_type, path) VALUES ('late', 'x')});
Respond::add_rule($node, $db, 'late', 'late', [ { action => 'notify', channel => 'm hook', text => 'late {{data.x}}' } ]);
Respond::emit($node, $db, 'late', { x => 'first value' });
Respond::settle($node, $db, 'm hook');
one(q{DELETE FROM respond.mask WHERE event_type = 'late'});
Respond::emit($node, $db, 'late', { x => 'second value' });
Respond::settle($node, $db, 'm hook');
is(join(', ', sort map { $json->decode($_->{body})->{text} || '' } grep { ($_->{body} || '') =~ /"late / } $receiver->requests), 'late ***, late second value', 'a mask counts from its commit on, and until it is deleted');

$node->stop;
done_testing();
