# The courier: what receivers get, of each kind of channel, with and without secrets.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Digest::SHA qw(hmac_sha256);
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Peers;
use Respond;
use utf8;

my $courier = Courier::start('courier');
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $json = JSON::PP->new->canonical;
my $pid = $courier->pid;

sub one { return $courier->one(@_); }

# form(body): its fields.
sub form
{
	my ($body) = @_;
	my %field;

	for my $pair (split(/&/, $body))
	{
		my ($name, $value) = split(/=/, $pair, 2);

		$value =~ s/\+/ /g;
		$value =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
		utf8::decode($value);
		$field{$name} = $value;
	}
	return \%field;
}

# request(path): the one request that came for a path, its body decoded as "json" and as "form".
sub request
{
	my ($path) = @_;
	my @found = $receiver->requests($path);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar @found, 1, "one request for $path") or return { headers => {} };
	$found[0]{json} = eval { $json->decode($found[0]{body}) };
	$found[0]{form} = form($found[0]{body}) if ($found[0]{headers}{'content-type'} // '') =~ /form/;
	return $found[0];
}

# gets(name, kind, columns, data, part => what it is...): a channel of this kind to /ok/NAME, or to the url among its columns, sends
# an event with this data; it arrives, and of the one request for "path" each part, which is of its body or the name of a header, is
# as it should be.  Gives the event and the request.
sub gets
{
	my ($name, $kind, $columns, $data, %wanted) = @_;
	my %column = (url => "$base/ok/$name", %$columns);
	my $subject = delete $wanted{subject};
	my $path = delete $wanted{path};

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$courier->channel($name, $kind, delete $column{url}, %column);
	my $event = $courier->arrives($name, "$name: it arrives", $data, $subject);
	my $request = request(defined $path ? $path : "/ok/$name");
	for my $part (sort keys %wanted)
	{
		my $is = $part =~ /^(json|form|body|method)$/ ? $request->{$part} : $request->{headers}{$part};

		ref $wanted{$part} eq 'Regexp' ? like($is, $wanted{$part}, "$name: $part") : is_deeply($is, $wanted{$part}, "$name: $part");
	}
	return ($event, $request);
}

# --- A webhook
{
	my $data = { text => qq{Grüße "q" \\ \x{2603}\n2}, n => 12345678901234567890, list => [ 1, JSON::PP::null, { a => 'b' } ] };
	my ($event, $request) = gets('hook', 'webhook', {}, $data, subject => 'Ünit "1" 100%', method => 'POST', 'content-type' => 'application/json', expect => undef, 'user-agent' => 'pg_respond',
		'webhook-signature' => undef, 'ce-specversion' => '1.0', 'ce-id' => qr/^\d+-[0-9a-f]+$/, 'ce-type' => 'go.hook', 'ce-subject' => '%C3%9Cnit%20%221%22%20100%25');
	my ($headers, $body) = ($request->{headers}, $request->{json});
	my $row = $courier->delivery($event);
	my $stored = $courier->row("SELECT * FROM respond.event WHERE id = $event");
	my $try = $courier->row("SELECT * FROM respond.attempt WHERE delivery_id = $row->{id}");

	is_deeply([ sort keys %$body ], [ qw(data text timestamp type) ], 'webhook: members of the body');
	is($body->{type}, 'go.hook', 'webhook: type');
	is($body->{text}, $data->{text}, 'webhook: text, exactly');
	is_deeply($body->{data}, $json->decode($json->encode($data)), 'webhook: data');
	like($body->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/, 'webhook: timestamp');
	is($request->{body}, $row->{body}, 'webhook: the body is that of the row');
	is($headers->{'content-length'}, $request->{body_bytes}, 'webhook: Content-Length');
	is($headers->{'webhook-id'}, $row->{key}, 'webhook: webhook-id is the key');
	like($row->{key}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'webhook: the key is a random uuid');
	cmp_ok(abs($headers->{'webhook-timestamp'} - $request->{t}), '<=', 2, 'webhook: webhook-timestamp is when it was sent');
	like($headers->{'ce-id'}, qr/^$event-/, 'webhook: ce-id is more than a number');
	is($headers->{'ce-source'}, $stored->{source}, 'webhook: ce-source');
	is($headers->{'ce-time'}, $body->{timestamp}, 'webhook: ce-time');
	is_deeply([ @$row{qw(status attempts last_status last_error rule channel subject next_attempt_at)} ],
		[ 'delivered', 1, 200, undef, 'to hook', 'hook', 'Ünit "1" 100%', undef ], 'webhook: the row');
	ok($row->{finished_at} ge $row->{created_at} && $row->{run_id}, 'webhook: when it ended, and its run');
	is_deeply([ @$try{qw(number status error response)} ], [ 1, 200, undef, '{"ok":true}' ], 'webhook: the try');
}

# --- Bodies, and other kinds

gets('raw', 'webhook', { step => { body => { id => '{{data.id}}', note => 'n {{data.note}}' } } }, { id => 7, note => 'a"b' }, json => { id => 7, note => 'n a"b' });
gets('plain', 'webhook', { step => { body => 'only {{data.text}}' } }, { text => 'töxt' }, body => 'only töxt', 'content-type' => qr{^text/plain; *charset=utf-8$}i);
# values are escaped, what the rule says is not
gets('slack', 'slack', { step => { text => 'Hi {{data.name}}, <https://x.test|look> & go' } }, { name => '<!channel> & co' },
	json => { text => 'Hi &lt;!channel&gt; &amp; co, <https://x.test|look> & go' });
gets('teams', 'teams', {}, { text => "a <b> \"c\"\n" }, json => { type => 'message', attachments => [ { contentType => 'application/vnd.microsoft.card.adaptive',
	content => { '$schema' => 'http://adaptivecards.io/schemas/adaptive-card.json', type => 'AdaptiveCard', version => '1.4', body => [ { type => 'TextBlock', wrap => JSON::PP::true, text => "a <b> \"c\"\n" } ] } } ] });
gets('sms', 'sms', { secret => 'tok:en/ä', options => { username => 'AC1', from => '+1 555', to => '+49 30' } }, { text => 'a & b=c + 100% ü' }, form => { To => '+49 30', From => '+1 555', Body => 'a & b=c + 100% ü' },
	'content-type' => 'application/x-www-form-urlencoded', authorization => 'Basic ' . encode_base64("AC1:tok:en/\xC3\xA4", ''));
gets('sms-to', 'sms', { options => { from => '1' }, step => { text => 'x', to => [ '{{data.phone}}' ] } }, { phone => '+49 1' }, form => { To => '+49 1', From => '1', Body => 'x' });
{
	my ($event, $request) = gets('pager', 'pagerduty', { secret => 'R0UT1NG-KEY', step => { text => 'down: {{data.text}}', options => { severity => 'critical' } } }, { text => 'db' }, subject => 'host/1');
	my $got = $request->{json};

	like(delete $got->{payload}{timestamp}, qr/^\d{4}-\d\d-\d\dT/, 'pagerduty: timestamp');
	is(delete $got->{payload}{source}, $courier->row("SELECT source FROM respond.event WHERE id = $event")->{source}, 'pagerduty: source');
	is_deeply($got, { routing_key => 'R0UT1NG-KEY', event_action => 'trigger', dedup_key => 'host/1',
		payload => { summary => 'down: db', severity => 'critical', custom_details => { text => 'db' } } }, 'pagerduty: the event');
	is(one(q{SELECT count(*) FROM respond.delivery AS d WHERE d::text LIKE '%R0UT1NG%'}), '0', 'pagerduty: the secret is in no row');
}

# --- Providers that are one row

one(qq{INSERT INTO respond.channel_kind (name, transport, body, needs_text, options) VALUES
	('discord', 'http', '{"content": "{{{text}}}", "username": "{{options.username}}", "embeds": "{{data.embeds}}"}', true, '{"username": null}')});
# without what is empty
gets('discord', 'discord', {}, { text => 'x "y"', embeds => [ { title => 't' } ] }, json => { content => 'x "y"', embeds => [ { title => 't' } ] });

one(qq{INSERT INTO respond.channel_kind (name, transport, method, url, headers, body, auth, options, required_options) VALUES
	('telegram', 'http', 'PUT', '$base/ok/bot{{secret}}/send', '{"X-Note": "{{data.note}}", "X-Key": "k {{{secret}}}"}',
	 '{"chat_id": "{{options.chat}}", "text": "{{{text}}}"}', 'bearer', '{"chat": null}', '{chat}')});
like($courier->error(q{INSERT INTO respond.channel (name, kind) VALUES ('t', 'telegram')}), qr/options\.chat: is missing/, 'telegram: its option is asked for');
# an option that is a number
gets('telegram', 'telegram', { url => undef, secret => '12:ab/c', options => { chat => 42 } }, { text => 'hi', note => 'n' }, path => '/ok/bot12%3Aab%2Fc/send',
	method => 'PUT', json => { chat_id => 42, text => 'hi' }, 'x-note' => 'n', 'x-key' => 'k 12:ab/c', authorization => 'Bearer 12:ab/c');

# --- Steps that fail, with the reason, and record nothing

# fails(name, error, data): the run of the event, which its channel's rule acts on.
sub fails
{
	my ($name, $error, $data) = @_;
	my $event = $courier->fire($name, $data);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'failed')", "$name: the run fails");
	like(one("SELECT error FROM respond.run WHERE event_id = $event"), $error, "$name: and says why");
	is(one("SELECT count(*) FROM respond.delivery WHERE event_id = $event"), '0', "$name: and nothing is recorded");
	return;
}

fails('telegram', qr/header "X-Note"/, { text => 'x', note => "a\r\nX-Evil: 1" });
Respond::add_rule($courier->node, $courier->db, 'to nowhere', 'go.nowhere', [ { action => 'notify', channel => 'nowhere', text => 'x' } ]);
fails('nowhere', qr/^steps\[0\]\.channel: channel "nowhere" does not exist/);
$courier->channel('silent', 'slack', "$base/ok/silent", step => {});
fails('silent', qr/^steps\[0\]\.text: is missing or empty/);
$courier->channel('optional', 'slack', "$base/ok/optional", step => { text => 'x', options => { colour => 'red' } });
fails('optional', qr/^steps\[0\]\.options: kind "slack" has no option "colour"/);

# --- NOTIFY

# heard(session, regexp): what psql shows of notifications, waiting until it matches.
sub heard
{
	my ($session, $wanted, $message) = @_;
	my $all = '';

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_for(sub { ($all .= $session->query('SELECT 1')) =~ $wanted }, $message) or diag($all);
	return $all;
}

{
	my $session = Respond::session($courier->node, $courier->db);

	$courier->channel('bell', 'notify', undef);
	$courier->channel('gong', 'notify', undef, options => { notify_channel => 'Big Gong' }, step => {});
	$session->query(q{LISTEN bell});
	$session->query(q{LISTEN "Big Gong"});
	$courier->arrives('bell', 'notify: it ends delivered', { text => 'ding dong' });
	heard($session, qr/notification "bell" with payload "ding dong" received/, 'notify: a listener hears it');
	my $event = $courier->arrives('gong', 'notify: without text', { a => 1 }, 's');
	my $all = heard($session, qr/notification "Big Gong" with payload "(\{.*\})" received/, 'notify: under the name of the option');
	my ($payload) = $all =~ /payload "(\{.*\})" received/;
	is_deeply([ @{ $json->decode($payload || '{}') }{qw(type subject data)} ], [ 'go.gong', 's', { a => 1 } ], 'notify: without text it is the event');
	$event = $courier->arrives('bell', 'notify: too long a text', { text => 'x' x 9000 }, 'long');
	$all = heard($session, qr/notification "bell" with payload "(\{.*\})" received/, 'notify: too long a text is heard');
	($payload) = $all =~ /payload "(\{.*\})" received/;
	is_deeply($json->decode($payload || '{}'), { id => $event, type => 'go.bell', subject => 'long', truncated => JSON::PP::true }, 'notify: in short');
	$session->quit;
}

# --- Signatures

# check_signature(request, secrets...): as a receiver does.
sub check_signature
{
	my ($request, $name, @secrets) = @_;
	my $headers = $request->{headers};
	my $body = $request->{body};
	utf8::encode($body);
	my $content = "$headers->{'webhook-id'}.$headers->{'webhook-timestamp'}.$body";

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($headers->{'webhook-signature'},
		join(' ', map { 'v1,' . encode_base64(hmac_sha256($content, decode_base64(substr($_, 6))), '') } @secrets), $name);
	return;
}

{
	my @secrets = map { 'whsec_' . encode_base64(join('', map { chr($_) } $_ .. $_ + 31), '') } 1, 100;

	$courier->channel('signed', 'webhook', "$base/ok/signed/{{data.n}}", secret => $secrets[0]);
	is(one(q{SELECT secret IS NULL FROM respond.channel WHERE name = 'signed'}), 't', 'signature: the secret reads as NULL');
	$courier->arrives('signed', 'signature: one secret', { n => 1, text => 'ü' });
	check_signature(request('/ok/signed/1'), 'signature: of one secret', $secrets[0]);
	one("SELECT respond.set_secret('signed', '$secrets[1] $secrets[0]')");
	$courier->arrives('signed', 'signature: two secrets', { n => 2, text => "\x{1F600}" });
	check_signature(request('/ok/signed/2'), 'signature: of two secrets', @secrets[1, 0]);
	one(q{SELECT respond.set_secret('signed', NULL)});
	$courier->arrives('signed', 'signature: the secret is taken away', { n => 3, text => 'x' });
	is(request('/ok/signed/3')->{headers}{'webhook-signature'}, undef, 'signature: none');
	is(one(q{SELECT count(*) FROM respond.audit_log AS a WHERE a::text LIKE '%whsec%'}), '0', 'signature: no secret is in the audit log');

	# over tries, at another place than the rest: the key stays, the time is that of each
	my $failing = Peers::receiver();
	$courier->channel('again', 'webhook', "http://127.0.0.1:$failing->{port}/seq/again/rst,503,429,200", secret => $secrets[0], retry_delays => '{600 ms, 100 ms, 1200 ms}');
	my $event = $courier->arrives('again', 'retry: it arrives in the end', { text => 'try' });
	my @got = $failing->requests('/seq/again/rst,503,429,200');
	my $row = $courier->delivery($event);

	is(scalar @got, 4, 'retry: after four tries');
	is_deeply([ map { $_->{headers}{'webhook-id'} } @got ], [ ($row->{key}) x 4 ], 'retry: the key is the same in each');
	is_deeply([ map { $_->{body} } @got ], [ ($got[0]{body}) x 4 ], 'retry: and so is the body');
	check_signature($_, 'retry: each is signed', $secrets[0]) for @got;
	cmp_ok($got[3]{headers}{'webhook-timestamp'}, '>', $got[0]{headers}{'webhook-timestamp'}, 'retry: each has its own time');
	is_deeply([ @$row{qw(status attempts last_status last_error)} ], [ 'delivered', 4, 200, undef ], 'retry: the row');
	is(one("SELECT string_agg(concat_ws(':', number, status, error IS NULL), ' ' ORDER BY number) FROM respond.attempt WHERE delivery_id = $row->{id}"),
		'1:f 2:503:f 3:429:f 4:200:t', 'retry: the tries');
	cmp_ok($got[1]{t} - $got[0]{t}, '>=', 0.3, 'retry: not before half of the first delay');
	cmp_ok($got[3]{t} - $got[2]{t}, '>=', 0.6, 'retry: nor of the last');
}

# --- The url

gets('place', 'webhook', { url => "$base/ok/{{data.id}}/{{subject}}?q={{data.q}}" }, { id => 7, q => 'a&b=c/../ü #1', text => 'x' }, subject => 'order/1?x',
	path => '/ok/7/order%2F1%3Fx?q=a%26b%3Dc%2F..%2F%C3%BC%20%231');
{
	my ($event) = gets('secretive', 'slack', { url => "$base/ok/T1/{{secret}}", secret => 'B2/x y' }, undef, path => '/ok/T1/B2%2Fx%20y');
	is($courier->delivery($event)->{url}, undef, 'url: it is not in the row');
	one(q{SELECT respond.set_secret('secretive', 'NEW')});
	$courier->arrives('secretive', 'url: with a new secret');
	request('/ok/T1/NEW');
}
gets('both', 'slack', { url => "$base/ok/{{data.id}}/{{secret}}", secret => 'hush-hush' }, { id => 9, text => 'x' }, path => '/ok/9/hush-hush');
is(one(q{SELECT count(*) FROM respond.delivery AS d WHERE d::text LIKE '%hush%'}), '0', 'url: the secret is in no row');
is(one(q{SELECT count(*) FROM respond.attempt AS a WHERE a::text LIKE '%hush%'}), '0', 'url: nor with a try');
{
	$courier->channel('keyless', 'slack', "$base/ok/{{data.id}}/{{secret}}", step => { text => 'x' });
	my $event = $courier->fire('keyless', { id => 1 });
	$courier->until($event, q{status = 'dead' AND attempts = 0}, 'url: without the secret that it needs, dead');
	like($courier->delivery($event)->{last_error}, qr/has no secret.*set_secret/, 'url: and the row says what to do');
	like($courier->error(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('x', 'webhook', 'http://{{data.host}}/')}), qr/^.*url: scheme, host and port cannot hold a tag/s, 'url: the host is no template');
}

# --- Tests by hand

{
	my $id = one(q{SELECT respond.send_test('hook')});

	Respond::wait_until($courier->node, $courier->db, "SELECT status = 'delivered' AND rule IS NULL AND event_id IS NULL FROM respond.delivery WHERE id = $id", 'send_test(): it arrives');
	my ($request) = grep { $_->{headers}{'webhook-id'} eq one("SELECT key FROM respond.delivery WHERE id = $id") } $receiver->requests('/ok/hook');
	like($json->decode($request->{body})->{text}, qr/^Test message/, 'send_test(): says that it is one');
	like($courier->error(q{SELECT respond.send_test('no such')}), qr/channel "no such" does not exist/, 'send_test(): not through nothing');
	one(q{SELECT respond.send_test(name) FROM respond.channel WHERE name IN ('slack', 'teams', 'sms', 'pager', 'bell', 'discord', 'telegram')});
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) = 8 FROM respond.delivery WHERE rule IS NULL AND status = 'delivered'}, 'send_test(): through every kind');
}

is($courier->pid, $pid, 'all that in one process');
ok(!$courier->node->log_contains(qr/ (ERROR|PANIC|TRAP):.*\n.*pg_respond courier/), 'and without an error of it');
is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'as it says itself');
# A name that NOTIFY cannot take must not hold up what is recorded with it.
{
	my $long = 'n' x 64;
	my $error = $courier->error("INSERT INTO respond.channel (name, kind) VALUES ('$long', 'notify')");

	if ($error ne '')
	{
		like($error, qr/name/, 'notify: a name that is too long for NOTIFY is refused');
	}
	else
	{
		my $id = one("SELECT respond.send_test('$long')");
		my $event = $courier->fire('hook', { text => 'beside' });

		$courier->until($event, q{status = 'delivered'}, 'notify: others are served beside a channel whose name is too long');
		is(one("SELECT status IN ('dead', 'delivered') FROM respond.delivery WHERE id = $id"), 't', 'notify: and its delivery ends');
	}
}

$courier->stop;
done_testing();
