# Texts are cut to what a provider takes, values cannot be markup, and every column can be named.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();
use Encode ();
use utf8;

my $node = Respond::node('fit', fsync => 'off', max_connections => 30);
my $db = 'desk';
my $json = JSON::PP->new->utf8(0);

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	utf8::encode($query);
	my $out = $node->safe_psql($db, $query);
	utf8::decode($out);
	return $out;
}

# channels that wait: what would be sent is in the table
one(q{INSERT INTO respond.channel_kind (name, transport, body, needs_text, escape, max_text) VALUES
		('chat', 'http', '{"content": "{{{text}}}"}', true, 'html', 20), ('mark', 'http', '{"content": "{{{text}}}"}', true, 'markdown', 20), ('link', 'http', '{"content": "{{{text}}}"}', true, 'url', 20), ('code', 'http', '{"content": "{{{text}}}"}', true, 'json', 20), ('all', 'http', '{"content": "{{{text}}}"}', true, 'none', NULL);
	INSERT INTO respond.channel (name, kind, url, options, enabled) VALUES ('slack', 'slack', 'https://x.example/', '{}', false), ('teams', 'teams', 'https://x.example/', '{}', false), ('sms', 'sms', 'https://x.example/', '{"from": "+1", "to": "+2"}', false),
		('pagerduty', 'pagerduty', NULL, '{}', false), ('webhook', 'webhook', 'https://x.example/', '{}', false), ('chat', 'chat', 'https://x.example/', '{}', false), ('mark', 'mark', 'https://x.example/', '{}', false), ('link', 'link', 'https://x.example/', '{}', false), ('code', 'code', 'https://x.example/', '{}', false), ('all', 'all', 'https://x.example/', '{}', false)});
Respond::add_rule($node, $db, "to $_", "go.$_", [ { action => 'notify', channel => $_, text => '{{data.text}}' } ]) for qw(slack teams sms pagerduty webhook chat mark link code all);

sub body_of
{
	my ($channel, $text, $subject) = @_;
	my $data = Respond::quote_literal($json->encode({ text => $text }));
	my $id = one("INSERT INTO respond.event (type, data, subject) VALUES ('go.$channel', $data, " . Respond::quote_literal($subject) . ') RETURNING id');

	Respond::wait_idle($node, $db);
	my $error = one("SELECT error FROM respond.run WHERE event_id = $id");
	return $error ne '' ? $error : one("SELECT body FROM respond.delivery WHERE event_id = $id");
}

sub text_of
{
	my ($channel, $text) = @_;
	my $body = body_of($channel, $text);

	if ($channel eq 'sms')
	{
		return 'no body' unless $body =~ /(?:^|&)Body=([^&]*)/;
		my $value = $1;
		$value =~ s/%([0-9A-F]{2})/chr(hex($1))/ge;
		utf8::decode($value);
		return $value;
	}
	my $value = $json->decode($body);
	return $channel eq 'teams' ? $value->{attachments}[0]{content}{body}[0]{text} : $channel eq 'pagerduty' ? $value->{payload}{summary} : $channel eq 'webhook' || $channel eq 'slack' ? $value->{text} : $value->{content};
}

# no escape is cut in two, nor a character that is several
for my $length (0 .. 20)
{
	my $text = text_of('link', 'x' x $length . "\x{e4}\x{20ac}\x{1F600}/ " x 5);
	my $bytes = $text =~ s/\.\.\.$//r =~ s/%([0-9A-F]{2})/chr(hex($1))/ger;

	ok($text =~ /^(?:[a-z]|%[0-9A-F]{2})*\.\.\.$/ && length($text) <= 20 && utf8::decode($bytes), "a url is cut between characters: $text");
	$text = text_of('code', 'x' x $length . qq("\\\x01u) x 8);
	ok(defined eval { $json->decode('["' . $text . '"]') } && length($text) <= 20, "JSON is cut between characters: $text");
}

my %most = (slack => 40000, teams => 9000, sms => 1600, pagerduty => 1024);
for my $channel (sort keys %most)
{
	my $most = $most{$channel};

	is(one("SELECT max_text FROM respond.channel_kind WHERE name = '$channel'"), $most, "$channel: its limit");
	is(text_of($channel, 'ä' x $most), 'ä' x $most, "$channel: a text that just fits");
	is(text_of($channel, 'ä' x ($most + 1)), 'ä' x ($most - 3) . '...', "$channel: one more");
	is(text_of($channel, "x\x{1F600}" x $most), substr("x\x{1F600}" x $most, 0, length(text_of($channel, "x\x{1F600}" x $most)) - 3) . '...', "$channel: characters stay whole");
	cmp_ok(length(Encode::encode('UTF-16LE', text_of($channel, "\x{1F600}" x $most))) / 2, '<=', $most, "$channel: also as UTF-16 counts");
}
cmp_ok(length(Encode::encode('UTF-8', body_of('teams', '漢' x 20000))), '<=', 28 * 1024, 'a card is no larger than Teams takes');
is(length(text_of('webhook', 'x' x 100_000)), 100_000, 'a webhook has no limit');
is(length(text_of('all', 'x' x 100_000)), 100_000, 'nor has a kind that names none');
is(text_of('chat', '12345678901234567890'), '12345678901234567890', 'a kind of one\'s own: fits');
is(text_of('chat', '12345678901234<xxxxxxxxx'), '12345678901234...', 'no reference is cut in two');
is(text_of('chat', '1234567890123<xxxxxxxxx'), '1234567890123&lt;...', 'one that fits stays');
is(text_of('chat', '12345678901234567&'), '12345678901234567...', 'a reference at the end');
is(text_of('mark', '1234567890123456*xxxx'), '1234567890123456...', 'no backslash is left alone');
is(text_of('mark', '123456789012345*xxxxx'), '123456789012345\\*...', 'one with its character stays');
like($json->decode(body_of('pagerduty', 'x', 's' x 1000))->{dedup_key}, qr/^s{252}\.\.\.$/, 'a key that PagerDuty takes');

# --- values are not markup
is(text_of('teams', '*bold* _it_ [click](https://evil.example) `x` <at>all</at> &lt;'), '\\*bold\\* \\_it\\_ \\[click\\](https://evil.example) \\`x\\` <at>all</at> &lt;', 'Teams: a value is text');
is(text_of('teams', "- a\n1. b\n# c"), "\\- a\n1\\. b\n\\# c", 'Teams: no lists, no headings');
is(text_of('slack', '<!channel> & <https://evil.example|click>'), '&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;', 'Slack: a value is text');
Respond::add_rule($node, $db, 'link', 'link', [ { action => 'notify', channel => 'slack', text => '<https://shop.example/{{data.id}}|{{data.name}}> *{{data.name}}*' } ]);
one(q{INSERT INTO respond.event (type, data) VALUES ('link', '{"id": "1>", "name": "a<b>&"}')});
Respond::wait_idle($node, $db);
is(one(q{SELECT body::jsonb->>'text' FROM respond.delivery WHERE rule = 'link'}), '<https://shop.example/1&gt;|a&lt;b&gt;&amp;> *a&lt;b&gt;&amp;*', 'Slack: a link of the template stays one');

# --- every column can be named
one(q{CREATE TABLE odd ("my key" integer PRIMARY KEY, "a.b" text, "say ""hi""" text, "ünï cödé" text);
	SELECT respond.watch('odd', subject => 'odd/{{new["my key"]}}/{{new["a.b"]}}');
	CREATE TABLE took (id integer, ab text, hi text)});
one(sprintf(q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('odd', 'odd.*', %s)}, Respond::quote_literal($json->encode([
	{ action => 'ticket', subject => q{{{data.new["my key"]}} {{data.new['a.b']}} {{data.new["say \"hi\""]}} {{data.new["ünï cödé"]}} {{data.new.none | default: "none"}}},
		fields => { key => '{{data.new["my key"]}}', cut => '{{data.new["a.b"] | truncate: 4}}' }, if => q({{data.new["my key"]}} > 0) },
	{ action => 'sql', sql => q{INSERT INTO public.took VALUES ({{data.new["my key"]}}, {{data.new['a.b']}}, {{data.new["say \"hi\""]}})} } ]))));
one(q{INSERT INTO odd VALUES (1, 'a dot', 'quoted', 'ü')});
Respond::wait_idle($node, $db);
is(one(q{SELECT subject || ' ' || fields::text FROM respond.ticket}), '1 a dot quoted ü none {"cut": "a...", "key": 1}', 'in templates');
is(one(q{SELECT id || ' ' || ab || ' ' || hi FROM took}), '1 a dot quoted', 'in SQL');
is(one(q{SELECT subject FROM respond.event WHERE type = 'odd.inserted'}), 'odd/1/a dot', 'in the subject of a watch');

sub error
{
	my ($query) = @_;
	my ($status, $out, $err) = $node->psql($db, $query, on_error_stop => 1);

	return $status == 0 ? 'no error' : $err;
}

like(error(q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('x', 'x', '[{"action": "sql", "sql": "SELECT {{data.x | default: 1}}"}]')}), qr/steps\[0\]\.sql: .*has a filter.*coalesce/s, 'a tag in SQL has no filter');
like(error(q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('x', 'x', '[{"action": "sql", "sql": "SELECT {{data[\"x}}"}]')}), qr/steps\[0\]\.sql: .*is not a path/s, 'a tag in SQL is a path');
like(error(q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('x', 'x', '[{"action": "log", "message": "{{data.x | shout}}"}]')}), qr/steps\[0\]\.message: .*there is no filter "shout"/, 'an unknown filter is refused');
like(error(q{INSERT INTO respond.channel (name, kind, url) VALUES ('x', 'chat', 'https://x.example/{{secret | truncate: 3}}')}), qr/url: \{\{secret\}\} cannot have a filter/, 'a secret has no filter');
like(error(q{INSERT INTO respond.channel_kind (name, transport, url) VALUES ('x', 'http', 'https://x.example/{{["secret"] | default: "y"}}')}), qr/url: \{\{secret\}\} cannot have a filter/, 'not in the url of a kind either');
like(error(q{INSERT INTO respond.channel_kind (name, transport, max_text) VALUES ('x', 'http', 5)}), qr/max_text/, 'a limit that is none');

$node->stop;
done_testing();
