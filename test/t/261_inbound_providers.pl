# Requests as providers sign them: their published examples, and test/vectors/inbound.tsv, which their own libraries made.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use Digest::SHA qw(hmac_sha256_hex hmac_sha256_base64 hmac_sha1_hex);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);

my $json = JSON::PP->new->canonical->utf8;
my $dir = File::Temp->newdir;
my $AT = 1614265330;
my $count = 0;

open(my $file, '>', "$dir/respond.key") or die;
print $file '0123456789abcdef' x 4, "\n";
close($file);
chmod(0600, "$dir/respond.key");
my $node = Respond::node('providers', 'pg_respond.secret_key_file' => "$dir/respond.key", 'pg_respond.enabled' => 'off');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_respond');

sub one { return $node->safe_psql('postgres', $_[0]); }
sub quote { return Respond::quote_literal($_[0]); }

# verdict(request): scheme, secrets, at, method, url, headers (JSON text), body (bytes) → "ok" or the reason, and the events.
sub verdict
{
	my (%r) = @_;
	my $secrets = join(',', map { quote($_) } @{ $r{secrets} });
	my $name = 's' . ++$count;

	my $result = one("INSERT INTO respond.inbound_source (name, scheme, secrets) VALUES ('$name', '$r{scheme}', ARRAY[$secrets]);"
		. "SELECT coalesce(reason, 'ok') || E'\\t' || events FROM respond.inbound_test('$name', " . quote($r{headers}) . ", decode('" . unpack('H*', $r{body}) . "', 'hex'), "
		. quote($r{method} || 'POST') . ', ' . ($r{url} ? quote($r{url}) : 'NULL') . ", to_timestamp($r{at}))");
	return split /\t/, $result, 2;
}

# --- made by the libraries
open(my $vectors, '<', "$FindBin::RealBin/../vectors/inbound.tsv") or die "inbound.tsv: $!";
my %events;
my $lines = 0;
my @wrong;
while (my $line = <$vectors>)
{
	chomp($line);
	my ($package, $scheme, $secret, $at, $method, $url, $headers, $body, $expected) = split /\t/, $line;
	my ($got, $made) = verdict(scheme => $scheme, secrets => [ $secret =~ s/\\n/\n/gr ], at => $at, method => $method, url => $url, headers => $headers, body => decode_base64($body));

	$lines++;
	push @wrong, "line $lines, $package: $got instead of $expected" if $got ne $expected;
	push @{ $events{$scheme} }, @{ $json->decode($made) } if $got eq 'ok';
}
is(join("\n", @wrong), '', 'every vector gets its verdict');
cmp_ok($lines, '>=', 90, 'of many vectors');
sub told { return join(' ', map { join('|', map { defined $_ ? $_ : '' } @{$_}{qw(type subject key)}) } grep { defined } @{ $events{ $_[0] } }[ 0 .. ($_[1] || 1) - 1 ]); }
is(told('standard_webhooks'), 'invoice.paid|in_1|msg_1', 'Standard Webhooks: type, subject, key');
is(told('svix'), 'invoice.paid|in_1|msg_2', 'Svix');
is(told('stripe'), 'customer.created|cus_1|evt_1', 'Stripe');
is(told('github'), 'push|octocat/hello|d-1', 'GitHub');
is(join(' ', map { "$_->{type}|$_->{subject}|$_->{key}" } @{ $events{slack} }[ 0, 3, 6 ]), 'message|C1|Ev1 command|C2|t.1 block_actions|C3|t.2', 'Slack: an event, a command, a button');
is(told('twilio'), 'twilio.message|+14158675310|SM1', 'Twilio');
is_deeply($events{twilio}[0]{data}, { MessageSid => 'SM1', From => '+14158675310', To => [ '+1', '+2', '+1' ], Body => "Gr\x{fc}\x{df}e & so", Empty => '' }, 'a form as data');
is(told('sendgrid', 2), 'bounce|a@example.com|e1 open|b@example.com|e2', 'SendGrid: each item');
is(told('discord'), '2|77|8', 'Discord: a number as type');
is(told('linear'), 'Issue|i-1|l-1', 'Linear');
is(told('paddle'), 'transaction.paid|txn_1|evt_2', 'Paddle');
is(told('shopify'), 'orders/create|gid://shopify/Order/820982911946154508|s-1', 'Shopify');
is_deeply($events{cloudevents}, [ map { { type => 'order.created', source => '/shop', subject => "Gr\x{f6}\x{df}e", key => "c-$_", time => '2025-10-09T08:53:20+00:00', data => { a => 1 } } } 1, 1, 1, 2 ],
	'CloudEvents: the same in each mode');

# --- as their documentation has them
my $form = { 'Content-Type' => 'application/x-www-form-urlencoded' };
my $slack = 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
my $twilio = 'CallSid=CA1234567890ABCDE&To=%2B18005551212&Digits=1234&From=%2b14158675309&Caller=%2B14158675309';
my $mailgun = '{"signature":{"timestamp":"1529006854","token":"a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0","signature":"d2271d12299f6592d9d44cd9d250f0704e4674c30d79d07c47a66f95ce71cf55"},"event-data":{"id":"DACSsAdVSeGpLid7TN03WA","event":"delivered","recipient":"alice@example.com"}}';
my $alert = '{"version":"4","status":"firing","receiver":"desk","alerts":[{"status":"firing","labels":{"alertname":"Down"},"startsAt":"2026-01-01T00:00:00Z","fingerprint":"f1"},{"status":"resolved","labels":{"alertname":"Up"},"startsAt":"2026-01-01T00:00:01Z","fingerprint":"f2"}]}';
my $pagerduty = '{"event":{"id":"01D","event_type":"incident.triggered","data":{"id":"PGR0VU2"}}}';
my @published = (
	[ 'GitHub', 'github', "It's a Secret to Everybody", 0, { 'X-Hub-Signature-256' => 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' }, 'Hello, World!', 'inbound.NAME||' ],
	[ 'octokit', 'github', 'mysecret', 0, { 'x-hub-signature-256' => 'sha256=e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f', 'X-GitHub-Event' => 'ping' }, "{\n  \"foo\": \"bar\"\n}\n", 'ping||' ],
	[ 'Standard Webhooks', 'standard_webhooks', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', $AT, { 'webhook-id' => 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp' => $AT,
		'webhook-signature' => 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }, '{"test": 2432232314}', 'inbound.NAME||msg_p5jXN8AQM9LWM0D4loKWxJek' ],
	[ 'Standard Webhooks, public', 'standard_webhooks', 'whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=', $AT, { 'webhook-id' => 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp' => $AT,
		'webhook-signature' => 'v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==' }, '{"test": 2432232314}', 'inbound.NAME||msg_p5jXN8AQM9LWM0D4loKWxJek' ],
	[ 'Slack', 'slack', '8f742231b10e8888abcd99yyyzzz85a5', 1531420618, { %$form, 'X-Slack-Request-Timestamp' => '1531420618',
		'X-Slack-Signature' => 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503' }, $slack, 'command|G8PSS9T3V|398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c' ],
	[ 'SendGrid', 'sendgrid', 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==', 0,
		{ 'X-Twilio-Email-Event-Webhook-Signature' => 'MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=', 'X-Twilio-Email-Event-Webhook-Timestamp' => '1588788367' },
		'{"category":"example_payload","event":"test_event","message_id":"message_id"}', 'test_event||' ],
	[ 'PagerDuty', 'pagerduty', 'secret', 0, { 'X-PagerDuty-Signature' => 'v1=' . ('0' x 64) . ',v1=' . hmac_sha256_hex($pagerduty, 'secret') }, $pagerduty, 'incident.triggered|PGR0VU2|01D' ],
	[ 'Alertmanager', 'alertmanager', 'am-token', 0, { Authorization => 'Bearer am-token' }, $alert, 'alertmanager.firing|f1|f1/2026-01-01T00:00:00Z/firing alertmanager.resolved|f2|f2/2026-01-01T00:00:01Z/resolved' ],
	[ 'Grafana', 'grafana', 'test-secret', 0, { 'X-Grafana-Alerting-Signature' => hmac_sha256_hex($alert, 'test-secret') }, $alert, 'grafana.firing|f1|f1/2026-01-01T00:00:00Z/firing grafana.resolved|f2|f2/2026-01-01T00:00:01Z/resolved' ],
	[ 'Grafana, without alerts', 'grafana', 'test-secret', 0, { 'X-Grafana-Alerting-Signature' => '2fa4775cdae90247c4df2b99cc53c31ceabaa7482b71684deceb81bddd9a5968' }, '{"alerts":[]}', '' ],
	[ 'GitLab', 'gitlab', 'gl-token', 0, { 'X-Gitlab-Token' => 'gl-token', 'X-Gitlab-Event' => 'Push Hook', 'X-Gitlab-Event-UUID' => 'u-1' }, '{"project":{"path_with_namespace":"a/b"}}', 'Push Hook|a/b|u-1' ],
	[ 'GitLab, with a key', 'gitlab', 'gl-token', 0, { 'X-Gitlab-Token' => 'gl-token', 'X-Gitlab-Event' => 'Issue Hook', 'Idempotency-Key' => 'k-1', 'X-Gitlab-Event-UUID' => 'u-1' }, '{}', 'Issue Hook||k-1' ],
	[ 'Sentry', 'sentry', 'sentry', 0, { 'Sentry-Hook-Resource' => 'issue', 'Request-ID' => 'r-1', 'Sentry-Hook-Signature' => hmac_sha256_hex('{"data":{"issue":{"id":"77"}}}', 'sentry') }, '{"data":{"issue":{"id":"77"}}}', 'issue|77|r-1' ],
	[ 'Datadog', 'datadog', 'dd-token', 0, { Authorization => 'Bearer dd-token' }, '{"id":"9","event_type":"metric_alert_monitor","alert_id":12}', 'metric_alert_monitor|12|9' ],
	[ 'Zendesk', 'zendesk', 'zd-secret', 0, { 'X-Zendesk-Webhook-Signature-Timestamp' => '2021-03-25T05:09:27Z',
		'X-Zendesk-Webhook-Signature' => hmac_sha256_base64('2021-03-25T05:09:27Z{"id":"z1","type":"zen:event-type:ticket.created","subject":"zen:ticket:1"}', 'zd-secret') . '=' },
		'{"id":"z1","type":"zen:event-type:ticket.created","subject":"zen:ticket:1"}', 'zen:event-type:ticket.created|zen:ticket:1|z1' ],
	[ 'Intercom', 'intercom', 'ic-secret', 0, { 'X-Hub-Signature' => 'sha1=' . hmac_sha1_hex('{"id":"n1","topic":"user.created","data":{"item":{"id":"5"}}}', 'ic-secret') }, '{"id":"n1","topic":"user.created","data":{"item":{"id":"5"}}}', 'user.created|5|n1' ],
	[ 'Zoom', 'zoom', 'zoom-token', $AT, { 'x-zm-request-timestamp' => $AT, 'x-zm-signature' => 'v0=' . hmac_sha256_hex("v0:$AT:" . '{"event":"meeting.started","payload":{"object":{"id":"11"}}}', 'zoom-token') }, '{"event":"meeting.started","payload":{"object":{"id":"11"}}}', 'meeting.started|11|' ],
	[ 'Meta', 'meta', 'app-secret', 0, { 'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex('{"object":"page","entry":[{"id":"66"}]}', 'app-secret') }, '{"object":"page","entry":[{"id":"66"}]}', 'page|66|' ],
	[ 'HMAC', 'hmac', 'plain-secret', 0, { 'X-Signature' => uc hmac_sha256_hex('{"id":3,"type":7,"subject":"s"}', 'plain-secret') }, '{"id":3,"type":7,"subject":"s"}', '7|s|3' ],
	[ 'Basic', 'basic', 'Aladdin:open sesame', 0, { Authorization => 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==' }, '{"id":"b","type":"t"}', 't||b' ],
	[ 'PagerDuty Events', 'pagerduty_events', 'R0123456789', 0, {}, '{"routing_key":"R0123456789","event_action":"resolve","dedup_key":"disk/1"}', 'pagerduty.resolve|disk/1|' ],
);
for my $p (@published)
{
	my ($what, $scheme, $secret, $at, $headers, $body, $expected) = @$p;
	my ($got, $made) = verdict(scheme => $scheme, secrets => [ $secret, $scheme eq 'meta' ? 'verify-me' : () ], at => $at, headers => $json->encode($headers), body => $body);

	is($got, 'ok', "$what: taken");
	$expected =~ s/NAME/s$count/;
	is(join(' ', map { join('|', map { defined $_ ? $_ : '' } @{$_}{qw(type subject key)}) } @{ $json->decode($made) }), $expected, "$what: type, subject, key");
	next if $scheme eq 'pagerduty_events';
	($got) = verdict(scheme => $scheme, secrets => [ $scheme =~ /^(sendgrid)$/ ? 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=='
		: $secret =~ /^whsec_/ ? 'whsec_' . 'A' x 32 : $secret =~ /^whpk_/ ? 'whpk_AlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=' : $scheme eq 'basic' ? 'a:b c d' : 'another one' ],
		at => $at, headers => $json->encode($headers), body => $scheme eq 'sendgrid' ? "$body " : $body);
	is($got, 'signature', "$what: not with another secret, or another body");
}
my ($got, $made) = verdict(scheme => 'mailgun', secrets => ['key-1234'], at => 0, headers => '{}',
	body => $mailgun =~ s/d2271d12299f6592d9d44cd9d250f0704e4674c30d79d07c47a66f95ce71cf55/hmac_sha256_hex('1529006854a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0', 'key-1234')/er);
is($got, 'ok', 'Mailgun: taken');
like($made, qr/"key": "DACSsAdVSeGpLid7TN03WA".*"type": "delivered", "subject": "alice\@example.com"/, 'Mailgun: type, subject, key');
for my $case ([ 'https://mycompany.com/myapp.php?foo=1&bar=2', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', 'ok' ], [ 'https://mycompany.com:1234/myapp.php?foo=1&bar=2', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', 'ok' ],
	[ 'http://mycompany.com/myapp.php?foo=1&bar=2', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', 'signature' ], [ 'https://mycompany.com/myapp.php?foo=1&bar=3', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', 'signature' ])
{
	($got) = verdict(scheme => 'twilio', secrets => ['12345'], at => 0, url => $case->[0], headers => $json->encode({ %$form, 'X-Twilio-Signature' => $case->[1] }), body => $twilio);
	is($got, $case->[2], "Twilio: $case->[0]");
}

# --- questions before the first request
sub challenge
{
	my ($scheme, $method, $url, $headers, $body, @secrets) = @_;

	return join(' ', verdict(scheme => $scheme, secrets => \@secrets, at => $AT, method => $method, url => $url, headers => $json->encode($headers), body => $body));
}
my $ask = '{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}';
is(challenge('slack', 'POST', '', { 'X-Slack-Request-Timestamp' => $AT, 'X-Slack-Signature' => 'v0=' . hmac_sha256_hex("v0:$AT:$ask", 'slack-secret') }, $ask, 'slack-secret'), 'ok []', 'Slack asks, and it is no event');
my $zoom = '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}';
is(challenge('zoom', 'POST', '', { 'x-zm-request-timestamp' => $AT, 'x-zm-signature' => 'v0=' . hmac_sha256_hex("v0:$AT:$zoom", 'zoom-token') }, $zoom, 'old-token', 'zoom-token'), 'ok []', 'Zoom');
is(challenge('meta', 'GET', 'https://x.example/in/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me', {}, '', 'app-secret', 'verify-me'), 'ok []', 'Meta');
is(challenge('meta', 'GET', 'https://x.example/in/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-you', {}, '', 'app-secret', 'verify-me'), 'challenge []', 'Meta with another token');
is(challenge('cloudevents', 'OPTIONS', '', { 'WebHook-Request-Origin' => 'events.example' }, '', 'a-token'), 'ok []', 'CloudEvents');
is(challenge('github', 'GET', '', {}, '', 'a-secret'), 'method []', 'GitHub asks nothing');

done_testing();
