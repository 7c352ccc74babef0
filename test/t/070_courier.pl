# The courier: what receivers get, when it is tried again, how deliveries end, and what is done by hand.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Digest::SHA qw(hmac_sha256);
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Peers;
use Respond;
use Time::HiRes qw(usleep);
use utf8;

my $courier = Courier::start('courier');
my $receiver = Peers::receiver();
my $failing = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $bad = "http://127.0.0.1:$failing->{port}";
my $json = JSON::PP->new->canonical;
my $pid = $courier->pid;

sub one { return $courier->one(@_); }

# request(path): the one request that came for a path, its body decoded as "json" when it is that.
sub request
{
	my ($path, $peer) = @_;
	my @found = ($peer || $receiver)->requests($path);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar @found, 1, "one request for $path") or return { headers => {} };
	$found[0]{json} = eval { $json->decode($found[0]{body}) };
	return $found[0];
}

# --- What is sent

{
	my $text = qq{Grüße "q" \\ \x{2603}\n2};
	my $data = { text => $text, n => 12345678901234567890, list => [ 1, JSON::PP::null, { a => 'b' } ] };

	$courier->channel('hook', 'webhook', "$base/ok/hook");
	my $event = $courier->arrives('hook', 'webhook: it arrives', $data, 'Ünit "1" 100%');
	my $row = $courier->delivery($event);
	my $request = request('/ok/hook');
	my $headers = $request->{headers};
	my $stored = $courier->row("SELECT * FROM respond.event WHERE id = $event");

	is($request->{method}, 'POST', 'webhook: method');
	is_deeply([ sort keys %{ $request->{json} } ], [ qw(data text timestamp type) ], 'webhook: members of the body');
	is($request->{json}{type}, 'go.hook', 'webhook: type');
	is($request->{json}{text}, $text, 'webhook: text, exactly');
	is_deeply($request->{json}{data}, $json->decode($json->encode($data)), 'webhook: data');
	like($request->{json}{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/, 'webhook: timestamp');
	is($request->{body}, $row->{body}, 'webhook: the body is that of the row');
	is($headers->{'content-type'}, 'application/json', 'webhook: Content-Type');
	is($headers->{'content-length'}, $request->{body_bytes}, 'webhook: Content-Length');
	is($headers->{'webhook-id'}, $row->{key}, 'webhook: webhook-id is the key');
	like($row->{key}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'webhook: the key is a random uuid');
	cmp_ok(abs($headers->{'webhook-timestamp'} - $request->{t}), '<=', 2, 'webhook: webhook-timestamp is when it was sent');
	is($headers->{'webhook-signature'}, undef, 'webhook: no secret, no signature');
	is($headers->{'ce-specversion'}, '1.0', 'webhook: ce-specversion');
	like($headers->{'ce-id'}, qr/^$event-[0-9a-f]+$/, 'webhook: ce-id is more than a number');
	is($headers->{'ce-type'}, 'go.hook', 'webhook: ce-type');
	is($headers->{'ce-source'}, $stored->{source}, 'webhook: ce-source');
	is($headers->{'ce-subject'}, '%C3%9Cnit%20%221%22%20100%25', 'webhook: ce-subject, encoded as CloudEvents says');
	is($headers->{'ce-time'}, $request->{json}{timestamp}, 'webhook: ce-time');
	is($headers->{expect}, undef, 'webhook: no Expect');
	is($headers->{'user-agent'}, 'pg_respond', 'webhook: User-Agent');
	is_deeply([ @$row{qw(status attempts last_status last_error rule channel subject next_attempt_at)} ],
		[ 'delivered', 1, 200, undef, 'to hook', 'hook', 'Ünit "1" 100%', undef ], 'webhook: the row');
	ok($row->{finished_at} ge $row->{created_at} && $row->{run_id}, 'webhook: when it ended, and its run');
	my $try = $courier->row("SELECT * FROM respond.attempt WHERE delivery_id = $row->{id}");
	is_deeply([ @$try{qw(number status error response)} ], [ 1, 200, undef, '{"ok":true}' ], 'webhook: the try');
}

$courier->channel('raw', 'webhook', "$base/ok/raw", step => { body => { id => '{{data.id}}', note => 'n {{data.note}}' } });
$courier->arrives('raw', 'body: it arrives', { id => 7, note => 'a"b' });
is_deeply(request('/ok/raw')->{json}, { id => 7, note => 'n a"b' }, 'body: as the step says, numbers stay numbers');

$courier->channel('plain', 'webhook', "$base/ok/plain", step => { body => 'only {{data.text}}' });
$courier->arrives('plain', 'text body: it arrives', { text => 'töxt' });
is(request('/ok/plain')->{body}, 'only töxt', 'text body: as it is');
like(($receiver->requests('/ok/plain'))[0]{headers}{'content-type'}, qr{^text/plain; *charset=utf-8$}i, 'text body: its type');

$courier->channel('slack', 'slack', "$base/ok/slack", step => { text => 'Hi {{data.name}}, <https://x.test|look> & go' });
$courier->arrives('slack', 'slack: it arrives', { name => '<!channel> & co' });
is_deeply(request('/ok/slack')->{json}, { text => 'Hi &lt;!channel&gt; &amp; co, <https://x.test|look> & go' },
	'slack: values are escaped, what the rule says is not');

$courier->channel('teams', 'teams', "$base/ok/teams");
$courier->arrives('teams', 'teams: it arrives', { text => "a <b> \"c\"\n" });
is_deeply(request('/ok/teams')->{json}, { type => 'message', attachments => [ {
	contentType => 'application/vnd.microsoft.card.adaptive', content => { '$schema' => 'http://adaptivecards.io/schemas/adaptive-card.json',
	type => 'AdaptiveCard', version => '1.4', body => [ { type => 'TextBlock', wrap => JSON::PP::true, text => "a <b> \"c\"\n" } ] } } ] },
	'teams: a card');

$courier->channel('sms', 'sms', "$base/ok/sms", secret => 'tok:en/ä', options => { username => 'AC1', from => '+1 555', to => '+49 30' });
$courier->arrives('sms', 'sms: it arrives', { text => 'a & b=c + 100% ü' });
{
	my $request = request('/ok/sms');
	my %form = map { my ($n, $v) = split /=/, $_, 2; s/\+/ /g, s/%([0-9A-Fa-f]{2})/chr hex $1/ge for $v; utf8::decode($v); ($n => $v) } split /&/, $request->{body};

	is_deeply(\%form, { To => '+49 30', From => '+1 555', Body => 'a & b=c + 100% ü' }, 'sms: the form');
	is($request->{headers}{'content-type'}, 'application/x-www-form-urlencoded', 'sms: its type');
	my $pair = 'AC1:tok:en/ä';
	utf8::encode($pair);
	is($request->{headers}{authorization}, 'Basic ' . encode_base64($pair, ''), 'sms: Authorization');
}
$courier->channel('sms to', 'sms', "$base/ok/sms-to", options => { from => '1' }, step => { text => 'x', to => [ '{{data.phone}}' ] });
$courier->arrives('sms to', 'sms: a number of the event', { phone => '+49 1' });
like(request('/ok/sms-to')->{body}, qr/(^|&)To=%2B49(%20|\+)1(&|$)/, 'sms: goes to it');

$courier->channel('pager', 'pagerduty', "$base/ok/pager", secret => 'R0UT1NG-KEY', step => { text => 'down: {{data.text}}', options => { severity => 'critical' } });
{
	my $event = $courier->arrives('pager', 'pagerduty: it arrives', { text => 'db' }, 'host/1');
	my $got = request('/ok/pager')->{json};

	like(delete $got->{payload}{timestamp}, qr/^\d{4}-\d\d-\d\dT/, 'pagerduty: timestamp');
	is(delete $got->{payload}{source}, $courier->row("SELECT source FROM respond.event WHERE id = $event")->{source}, 'pagerduty: source');
	is_deeply($got, { routing_key => 'R0UT1NG-KEY', event_action => 'trigger', dedup_key => 'host/1',
		payload => { summary => 'down: db', severity => 'critical', custom_details => { text => 'db' } } }, 'pagerduty: the event');
	is(one(q{SELECT count(*) FROM respond.delivery AS d WHERE d::text LIKE '%R0UT1NG%'}), '0', 'pagerduty: the secret is in no row');
}

# --- Providers that are one row

one(qq{INSERT INTO respond.channel_kind (name, transport, body, needs_text, options) VALUES
	('discord', 'http', '{"content": "{{{text}}}", "username": "{{options.username}}", "embeds": "{{data.embeds}}"}', true, '{"username": null}')});
$courier->channel('discord', 'discord', "$base/ok/discord");
$courier->arrives('discord', 'a tenth provider works at once', { text => 'x "y"', embeds => [ { title => 't' } ] });
is_deeply(request('/ok/discord')->{json}, { content => 'x "y"', embeds => [ { title => 't' } ] }, 'a tenth provider: its body, without what is empty');

one(qq{INSERT INTO respond.channel_kind (name, transport, method, url, headers, body, auth, options, required_options) VALUES
	('telegram', 'http', 'PUT', '$base/ok/bot{{secret}}/send', '{"X-Note": "{{data.note}}", "X-Key": "k {{{secret}}}"}',
	 '{"chat_id": "{{options.chat}}", "text": "{{{text}}}"}', 'bearer', '{"chat": null}', '{chat}')});
like($courier->error(q{INSERT INTO respond.channel (name, kind) VALUES ('t', 'telegram')}), qr/options\.chat: is missing/, 'an eleventh: its option is asked for');
$courier->channel('telegram', 'telegram', undef, secret => '12:ab/c', options => { chat => 42 });
$courier->arrives('telegram', 'an eleventh provider works', { text => 'hi', note => 'n' });
{
	my $request = request('/ok/bot12%3Aab%2Fc/send');

	is_deeply([ $request->{method}, $request->{json}, @{ $request->{headers} }{qw(x-note x-key authorization)} ],
		[ 'PUT', { chat_id => 42, text => 'hi' }, 'n', 'k 12:ab/c', 'Bearer 12:ab/c' ], 'an eleventh: method, body and headers; an option that is a number');
	my $event = $courier->fire('telegram', { text => 'x', note => "a\r\nX-Evil: 1" });
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'failed')", 'a header of two lines fails');
	like(one("SELECT error FROM respond.run WHERE event_id = $event"), qr/header "X-Note"/, 'and the run says which');
	is(one("SELECT count(*) FROM respond.delivery WHERE event_id = $event"), '0', 'and nothing is recorded');
}

# --- NOTIFY

# heard(session, regexp): what psql shows of notifications, waiting until it matches.
sub heard
{
	my ($session, $wanted, $message) = @_;
	my $all = '';

	for (1 .. 3000)
	{
		$all .= $session->query('SELECT 1');
		last if $all =~ $wanted;
		usleep(20_000);
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($all, $wanted, $message);
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

	# over tries: the key stays, the time is that of each
	$courier->channel('again', 'webhook', "$bad/seq/again/rst,503,429,200", secret => $secrets[0], retry_delays => '{600 ms, 100 ms, 1200 ms}');
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

# --- When it is tried again

# waits(event): seconds from the end of the last try to the next.
sub waits
{
	my ($event) = @_;

	return one("SELECT extract(epoch FROM d.next_attempt_at - (a.at + a.duration)) FROM respond.delivery AS d JOIN respond.attempt AS a ON a.delivery_id = d.id
		WHERE d.event_id = $event ORDER BY a.number DESC LIMIT 1");
}

sub between
{
	my ($value, $low, $high, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($value ne '' && $value >= $low - 0.001 && $value <= $high + 1, "$name: between $low and $high") or diag("it is $value");
	return;
}

$courier->channel('standard', 'webhook', "$bad/status/429/standard");
$courier->channel('own', 'webhook', "$bad/status/429/own", retry_delays => '{2 hours, 10 hours}');
for my $case ([ 'standard', 5, 300, 1800, 7200 ], [ 'own', 7200, 36000, 36000, 36000 ])
{
	my ($name, @delays) = @$case;
	my $event = $courier->fire($name);
	my $number = 0;

	for my $delay (@delays)
	{
		$number++;
		$courier->until($event, "attempts = $number AND status = 'pending'", "$name schedule: try $number");
		between(waits($event), $delay / 2, $delay * 1.5, "$name schedule: the wait after it");
		one("SELECT respond.retry(id) FROM respond.delivery WHERE event_id = $event") if $number < @delays;
	}
	one("SELECT respond.discard(id) FROM respond.delivery WHERE event_id = $event");
}

{
	my $date = one(q{SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 hours', 'Dy, DD Mon YYYY HH24:MI:SS "GMT"')});
	my $escaped = $date =~ s/ /%20/gr;
	my $n = 0;

	for my $case ([ '503', '3600', 3600, 3960 ], [ '429', $escaped, 7200 - 60, 7920 ], [ '503', '0', 0, 0 ], [ '503', '-5', 600, 1800 ],
		[ '429', 'soon', 600, 1800 ], [ '503', 'Fri,%2031%20Dec%201999%2023:59:59%20GMT', 0, 0 ], [ '429', '99999999', 86400, 86400 * 1.1 ])
	{
		my ($status, $value, $low, $high) = @$case;
		my $name = 'after' . ++$n;

		$courier->channel($name, 'webhook', "$bad/status/$status/retry-after/$value", retry_delays => '{20 minutes}', max_attempts => $high == 0 ? 3 : 10);
		my $event = $courier->fire($name);
		if ($high == 0)
		{
			$courier->until($event, q{status = 'dead' AND attempts = 3}, "Retry-After $value: at once, until there were enough");
		}
		else
		{
			$courier->until($event, q{attempts = 1 AND status = 'pending'}, "Retry-After $value: waits");
			between(waits($event), $low, $high, "Retry-After $value");
		}
		$courier->channel("well$n", 'webhook', "$bad/ok");
		$courier->arrives("well$n", 'the host is well again');
	}
}

# --- What is tried again, and what is not

$courier->channel('status', 'webhook', "$bad/status/{{data.status}}", retry_delays => '{1 hour}');
for my $status (qw(500 408 502 425 503 429 504 599))
{
	my $event = $courier->fire('status', { status => $status, text => 'x' });

	$courier->until($event, "attempts = 1 AND status = 'pending' AND last_status = $status AND last_error = 'the receiver answered $status' AND next_attempt_at > now()",
		"status $status: is tried again");
	$courier->arrives('status', 'the host is well between', { status => 204, text => 'x' });
}
for my $status (qw(300 301 302 303 304 307 308 400 401 402 403 404 405 409 413 415 422 451))
{
	my $event = $courier->fire('status', { status => $status, text => 'x' });
	my $remark = $status < 400 ? '; redirects are not followed' : '';

	$courier->until($event, "attempts = 1 AND status = 'dead' AND last_status = $status AND last_error = 'the receiver answered $status$remark' AND finished_at IS NOT NULL",
		"status $status: dead at once");
}
for my $status (qw(200 201 202 203 204 299))
{
	my $event = $courier->fire('status', { status => $status, text => 'x' });

	$courier->until($event, "attempts = 1 AND status = 'delivered' AND last_status = $status AND last_error IS NULL", "status $status: delivered");
}

# --- 410

{
	$courier->channel('gone', 'webhook', "$bad/status/410", description => 'mine');
	my $event = $courier->fire('gone');
	$courier->until($event, q{status = 'dead' AND last_status = 410}, 'gone: dead');
	is(one(q{SELECT enabled FROM respond.channel WHERE name = 'gone'}), 'f', 'gone: the channel is disabled');
	like(one(q{SELECT disabled_reason FROM respond.channel WHERE name = 'gone'}), qr/410/, 'gone: with the reason');
	my @later = map { $courier->fire('gone') } 1 .. 3;
	Respond::wait_idle($courier->node, $courier->db, 'gone: others are recorded');
	$courier->arrives('hook', 'gone: another channel is served');
	is(one("SELECT count(*) FROM respond.delivery WHERE channel = 'gone' AND status = 'pending' AND attempts = 0"), '3', 'gone: the others wait');
	is(scalar(() = $failing->requests('/status/410')), 1, 'gone: nothing more was sent');
	is(one(q{SELECT count(*) FROM respond.audit_log WHERE object_type = 'channel' AND object_id = 'gone' AND action = 'channel.updated' AND new->>'enabled' = 'false'}),
		'1', 'gone: it is on record');
	$courier->set('gone', "url = '$base/ok/gone', enabled = true");
	$courier->until($_, q{status = 'delivered' AND attempts = 1}, 'gone: enabled again they go') for @later;
	is(one(q{SELECT disabled_reason IS NULL AND description = 'mine' FROM respond.channel WHERE name = 'gone'}), 't', 'gone: the reason is gone');
}

{
	$courier->channel('moved', 'webhook', "$bad/slow/1500/410");
	my $event = $courier->fire('moved');
	my $end = time() + 120;
	Time::HiRes::usleep(2_000) until $failing->requests('/slow/1500/410') || time() > $end;
	$courier->set('moved', "url = '$base/ok/moved'");
	$courier->until($event, q{status = 'dead' AND last_status = 410}, 'moved: the place that it led to says 410');
	is(one(q{SELECT enabled FROM respond.channel WHERE name = 'moved'}), 't', 'moved: the channel, which leads elsewhere by now, stays enabled');
}

# --- The end

{
	one('CREATE TABLE grave (delivery bigint, cause bigint, error text, depth int)');
	Respond::add_rule($courier->node, $courier->db, 'mourn', 'delivery.dead', [
		{ action => 'sql', sql => q{INSERT INTO public.grave SELECT ({{data.delivery_id}})::bigint, e.cause, {{data.error}}, e.depth FROM respond.event AS e WHERE e.id = event.id} },
		{ action => 'notify', channel => 'mourner', text => '{{data.channel}}: {{data.error}}' } ],
		pattern => { data => { channel => [ 'doomed' ] } });
	$courier->channel('mourner', 'slack', "$base/ok/mourner");
	$courier->channel('doomed', 'webhook', "$bad/status/503/doomed", max_attempts => 3, retry_delays => '{10 ms}', step => { text => 'x' });
	my $event = $courier->fire('doomed');
	$courier->until($event, q{status = 'dead'}, 'dead: after its tries');
	my $row = $courier->delivery($event);
	is_deeply([ @$row{qw(attempts last_status last_error next_attempt_at)} ], [ 3, 503, 'given up after 3 tries: the receiver answered 503', undef ], 'dead: the row');
	is(scalar(() = $failing->requests('/status/503/doomed')), 3, 'dead: three requests');
	my $letter = $courier->row("SELECT * FROM respond.dead_letter WHERE delivery_id = $row->{id}");
	is_deeply([ @$letter{qw(kind event_id rule run_id reason error at)} ],
		[ 'delivery', $event, 'to doomed', $row->{run_id}, 'channel doomed', $row->{last_error}, $row->{finished_at} ], 'dead: the dead letter');
	my $audit = $courier->row("SELECT * FROM respond.audit_log WHERE action = 'delivery.dead' AND object_id = '$row->{id}'");
	is_deeply([ @$audit{qw(actor object_type event_id run_id rule)} ], [ 'courier', 'delivery', $event, $row->{run_id}, 'to doomed' ], 'dead: the audit row');
	my $told = $courier->row("SELECT * FROM respond.event WHERE type = 'delivery.dead' AND cause = $event");
	is_deeply([ @$told{qw(subject depth actor)} ], [ "delivery/$row->{id}", 1, 'courier' ], 'dead: the event');
	is_deeply($told->{data}, { delivery_id => $row->{id}, key => $row->{key}, channel => 'doomed', rule => 'to doomed', run_id => $row->{run_id}, event_id => $event,
		ticket_id => undef, attempts => 3, status => 503, error => $row->{last_error} }, 'dead: what the event says');
	Respond::wait_until($courier->node, $courier->db, "SELECT count(*) = 1 FROM grave WHERE delivery = $row->{id} AND cause = $event AND error LIKE 'given up%' AND depth = 1", 'dead: a rule acts on it');
	$courier->until($told->{id}, q{channel = 'mourner' AND status = 'delivered'}, 'dead: and tells somebody');
	is_deeply(request('/ok/mourner')->{json}, { text => "doomed: $row->{last_error}" }, 'dead: in words');

	# begun anew
	$courier->set('doomed', "url = '$base/ok/doomed'");
	one("SELECT respond.retry($row->{id})");
	$courier->until($event, q{status = 'delivered'}, 'retry(): a dead one arrives');
	my $now = $courier->delivery($event);
	is_deeply([ @$now{qw(key attempts attempts_before last_error)} ], [ $row->{key}, 4, 3, undef ], 'retry(): the same key, tries begun anew');
	is(request('/ok/doomed')->{headers}{'webhook-id'}, $row->{key}, 'retry(): the receiver can tell');
	is(one("SELECT string_agg(number::text, ',' ORDER BY number) FROM respond.attempt WHERE delivery_id = $row->{id}"), '1,2,3,4', 'retry(): tries are counted on');
	like($courier->error("SELECT respond.retry($row->{id})"), qr/delivery $row->{id} was delivered/, 'retry(): not of a delivered one');
	like($courier->error('SELECT respond.retry(123456789)'), qr/delivery 123456789 does not exist/, 'retry(): not of nothing');
	like($courier->error("SELECT respond.discard($row->{id})"), qr/is delivered and cannot be discarded/, 'discard(): not of a delivered one');
	is(one("SELECT count(*) FROM respond.audit_log WHERE action = 'delivery.retried' AND object_id = '$row->{id}' AND old->>'status' = 'dead'"), '1', 'retry(): on record');
	is(one('SELECT count(*) FROM grave'), '1', 'dead: told once');
}

{
	# a death that makes another, for ever: the limit of depth ends it
	Respond::add_rule($courier->node, $courier->db, 'echo', 'delivery.dead', [ { action => 'notify', channel => 'echo', text => 'x' } ], pattern => { data => { channel => [ 'echo' ] } });
	$courier->channel('echo', 'webhook', "$bad/status/404");
	$courier->fire('echo');
	Respond::wait_until($courier->node, $courier->db, q{SELECT EXISTS (SELECT FROM respond.dead_letter WHERE reason = 'depth')}, 'dead: what tells of itself comes to an end');
	Respond::wait_idle($courier->node, $courier->db);
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'echo' AND status = 'dead'}), '17', 'dead: after max_depth');
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'echo' AND status <> 'dead'}), '0', 'dead: nothing is left');
}

# --- By hand

{
	$courier->channel('hand', 'webhook', "$bad/status/503/hand", max_attempts => 5, retry_delays => '{1 hour}');
	my @events = map { $courier->fire('hand', { text => $_ }) } 1 .. 3;
	$courier->until($_, q{status = 'pending' AND attempts = 1}, 'by hand: it waits for an hour') for @events;
	$courier->arrives('status', 'the host is well between', { status => 204, text => 'x' });
	my @ids = map { $courier->delivery($_)->{id} } @events;
	$courier->set('hand', "url = '$base/ok/hand'");
	one("SELECT respond.retry($ids[0])");
	$courier->until($events[0], q{status = 'delivered' AND attempts = 2 AND attempts_before = 0}, 'retry(): one that waits is tried at once');
	one("SELECT respond.discard($ids[1])");
	my $row = $courier->delivery($events[1]);
	is_deeply([ @$row{qw(status next_attempt_at)} ], [ 'cancelled', undef ], 'discard(): cancelled');
	like($row->{last_error}, qr/^discarded by \S+\nthe receiver answered 503$/, 'discard(): says by whom, and what was before');
	is(one("SELECT count(*) FROM respond.audit_log WHERE action = 'delivery.discarded' AND object_id = '$ids[1]'"), '1', 'discard(): on record');
	like($courier->error("SELECT respond.discard($ids[1])"), qr/is cancelled and cannot be discarded/, 'discard(): not twice');
	one("SELECT respond.retry($ids[1])");
	$courier->until($events[1], q{status = 'delivered'}, 'retry(): a cancelled one');
	one("BEGIN; SELECT respond.retry($ids[2]); ROLLBACK");
	is($courier->delivery($events[2])->{attempts}, 1, 'retry(): rolled back');
	is(one(q{SELECT respond.retry_channel('hand')}), '1', 'retry_channel(): one that waits counts');
	$courier->until($events[2], q{status = 'delivered' AND attempts = 2}, 'retry_channel(): what waits is tried at once');
	like($courier->error(q{SELECT respond.retry_channel('no such')}), qr/channel "no such" does not exist/, 'retry_channel(): not of nothing');

	$courier->set('hand', "url = '$bad/status/404/hand'");
	@events = map { $courier->fire('hand', { text => $_ }) } 1 .. 5;
	$courier->until($_, q{status = 'dead'}, 'retry_channel(): dead') for @events;
	one("SELECT respond.discard(id) FROM respond.delivery WHERE event_id = $events[4]");
	is(one("SELECT count(*) FROM respond.dead_letter WHERE reason = 'channel hand'"), '4', 'discard(): a dead one is no dead letter any more');
	$courier->set('hand', "url = '$base/ok/hand'");
	is(one(q{SELECT respond.retry_channel('hand')}), '4', 'retry_channel(): says how many were dead');
	$courier->until($_, q{status = 'delivered'}, 'retry_channel(): they arrive') for @events[0 .. 3];
	is($courier->delivery($events[4])->{status}, 'cancelled', 'retry_channel(): leaves what was discarded');
}

{
	my $id = one(q{SELECT respond.send_test('hook')});

	Respond::wait_until($courier->node, $courier->db, "SELECT status = 'delivered' AND rule IS NULL AND event_id IS NULL FROM respond.delivery WHERE id = $id", 'send_test(): it arrives');
	my ($request) = grep { $_->{headers}{'webhook-id'} eq one("SELECT key FROM respond.delivery WHERE id = $id") } $receiver->requests('/ok/hook');
	like($json->decode($request->{body})->{text}, qr/^Test message/, 'send_test(): says that it is one');
	like($courier->error(q{SELECT respond.send_test('no such')}), qr/channel "no such" does not exist/, 'send_test(): not through nothing');
	one(q{SELECT respond.send_test(name) FROM respond.channel WHERE name IN ('slack', 'teams', 'sms', 'pager', 'bell', 'discord', 'telegram')});
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) = 8 FROM respond.delivery WHERE rule IS NULL AND status = 'delivered'}, 'send_test(): through every kind');
}

# --- Channels that are disabled, deleted, missing

{
	$courier->channel('off', 'webhook', "$base/ok/off", enabled => 'f');
	my $event = $courier->fire('off');
	Respond::wait_idle($courier->node, $courier->db, 'disabled: the step is done');
	$courier->arrives('hook', 'disabled: another channel is served');
	is_deeply([ @{ $courier->delivery($event) }{qw(status attempts)} ], [ 'pending', 0 ], 'disabled: it waits');
	$courier->set('off', 'enabled = true');
	$courier->until($event, q{status = 'delivered'}, 'disabled: enabled, it goes');

	$courier->channel('leaving', 'webhook', "$bad/status/429", retry_delays => '{1 hour}');
	$event = $courier->fire('leaving');
	$courier->until($event, q{attempts = 1}, 'deleted: it waits for its next try');
	one(q{DELETE FROM respond.channel WHERE name = 'leaving'});
	$courier->until($event, q{status = 'cancelled' AND finished_at IS NOT NULL}, 'deleted: it is cancelled');
	like($courier->delivery($event)->{last_error}, qr/the channel was deleted/, 'deleted: with the reason');
	like($courier->error("SELECT respond.retry(id) FROM respond.delivery WHERE event_id = $event"), qr/cannot be tried again: channel "leaving" does not exist/, 'deleted: it cannot be tried again');

	# while requests are under way
	$courier->channel('leaving now', 'webhook', "$base/slow/300", concurrency => 4);
	$courier->fire_many('leaving now', 20);
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) > 0 FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE channel = 'leaving now'}, 'deleted under way: some are sent');
	one(q{DELETE FROM respond.channel WHERE name = 'leaving now'});
	$courier->until_all('leaving now', q{status IN ('delivered', 'cancelled')}, 'deleted under way: all end');
	$courier->channel('leaving now 2', 'webhook', "$base/ok/now2");
	$courier->arrives('leaving now 2', 'deleted under way: the courier goes on');

	# one of the same name is another channel
	one(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('leaving', 'webhook', '$base/ok/back')});
	$courier->arrives('leaving', 'deleted: a new one of the same name works');

	Respond::add_rule($courier->node, $courier->db, 'to nowhere', 'go.nowhere', [ { action => 'notify', channel => 'nowhere', text => 'x' } ]);
	$event = $courier->fire('nowhere');
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'failed')", 'missing: the run fails');
	like(one("SELECT error FROM respond.run WHERE event_id = $event"), qr/^steps\[0\]\.channel: channel "nowhere" does not exist/, 'missing: and says why');

	$courier->channel('silent', 'slack', "$base/ok/silent", step => {});
	$event = $courier->fire('silent');
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'failed')", 'no text: the run fails');
	like(one("SELECT error FROM respond.run WHERE event_id = $event"), qr/^steps\[0\]\.text: is missing or empty/, 'no text: and says why');

	$courier->channel('optional', 'slack', "$base/ok/optional", step => { text => 'x', options => { colour => 'red' } });
	$event = $courier->fire('optional');
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'failed')", 'an option that is none: the run fails');
	like(one("SELECT error FROM respond.run WHERE event_id = $event"), qr/^steps\[0\]\.options: kind "slack" has no option "colour"/, 'an option that is none: and says why');
}

# --- The url

{
	$courier->channel('place', 'webhook', "$base/ok/{{data.id}}/{{subject}}?q={{data.q}}");
	$courier->arrives('place', 'url: of the event', { id => 7, q => 'a&b=c/../ü #1', text => 'x' }, 'order/1?x');
	request('/ok/7/order%2F1%3Fx?q=a%26b%3Dc%2F..%2F%C3%BC%20%231');

	$courier->channel('secretive', 'slack', "$base/ok/T1/{{secret}}", secret => 'B2/x y');
	my $event = $courier->arrives('secretive', 'url: with the secret');
	request('/ok/T1/B2%2Fx%20y');
	is($courier->delivery($event)->{url}, undef, 'url: it is not in the row');
	one(q{SELECT respond.set_secret('secretive', 'NEW')});
	$courier->arrives('secretive', 'url: with a new secret');
	request('/ok/T1/NEW');
	$courier->channel('both', 'slack', "$base/ok/{{data.id}}/{{secret}}", secret => 'hush-hush');
	$event = $courier->arrives('both', 'url: with the secret and the event', { id => 9, text => 'x' });
	request('/ok/9/hush-hush');
	is(one(q{SELECT count(*) FROM respond.delivery AS d WHERE d::text LIKE '%hush%'}), '0', 'url: the secret is in no row');
	is(one(q{SELECT count(*) FROM respond.attempt AS a WHERE a::text LIKE '%hush%'}), '0', 'url: nor with a try');

	$courier->channel('keyless', 'slack', "$base/ok/{{data.id}}/{{secret}}", step => { text => 'x' });
	$event = $courier->fire('keyless', { id => 1 });
	$courier->until($event, q{status = 'dead' AND attempts = 0}, 'url: without the secret that it needs, dead');
	like($courier->delivery($event)->{last_error}, qr/has no secret.*set_secret/, 'url: and the row says what to do');
	like($courier->error(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('x', 'webhook', 'http://{{data.host}}/')}), qr/^.*url: scheme, host and port cannot hold a tag/s, 'url: the host is no template');
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
