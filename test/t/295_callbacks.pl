# Steps that go on when a peer calls the url that their request has named: what the peer is told, what the step gets, and when nobody may call any more.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Callbacks;
use Gateway;
use JSON::PP ();
use Peers;
use Respond;

my $json = JSON::PP->new->utf8->canonical;
my $desk = Callbacks::start('callbacks', 'pg_respond.dispatchers' => 2, log_statement => 'all', log_min_duration_statement => 0, log_min_messages => 'debug1');
my $node = $desk->node;
my $used = 'This url was called already, or nobody waits for the call any more. Nothing was changed.';

sub detail { return $json->decode($_[0]{body})->{detail}; }
sub is_refused
{
	my ($answer, $status, $detail, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([ $answer->{status}, detail($answer) ], [ $status, $detail ], $message);
	return;
}

# --- the usual way: 202 at once, the result later
my $event = $desk->ask_back(Requests::raw("HTTP/1.1 202 Accepted\nContent-Type: application/json", '{"job": 7}'));
my $path = $desk->url($event);
my ($token) = $path =~ m{([0-9a-f]{96})$};
ok(defined $token, 'the peer gets a url of this database') or diag($path);
$desk->waits($event, 'callback', 'the run waits for the call');
is($desk->one("SELECT waits_for FROM respond.waiting WHERE event_id = $event"), 'callback', 'and says so');
for my $method (qw(GET HEAD PUT DELETE OPTIONS))
{
	my $answer = Gateway::request($desk->{at}, $method, $path);

	is("$answer->{status} $answer->{headers}{allow}", '405 POST', "$method is not a call");
}
is_refused($desk->call($path =~ s/.$/$path =~ m{0$} ? '1' : '0'/er, '{}'), 404, 'The request was refused.', 'a wrong token');
is_refused($desk->call('/desk/in/callback/' . '0' x 96, '{}'), 404, 'The request was refused.', 'a token that never was');
is_refused($desk->call('/desk/in/callback/x', '{}'), 404, 'The request was refused.', 'what is no token');
is_refused($desk->call('/desk/in/callback/' . uc $token, '{}'), 404, 'The request was refused.', 'its letters in upper case');
is_refused($desk->call('/desk/in/callback', '{}'), 404, 'The request was refused.', 'nothing');
is($desk->rows, 1, 'none of this counts as a call');
my $answer = Gateway::request($desk->{at}, 'POST', $path, { 'Content-Type' => 'application/json', 'X-Job' => '7', Authorization => 'Bearer sesame' }, '{"score": 0.5, "tags": ["a"]}');
is("$answer->{status} $answer->{body}", '200 {"taken": true}', 'the call is taken');
my $output = $desk->answer($event);
is_deeply($output->{body}, { job => 7 }, 'the step has the answer');
is($output->{status}, 202, 'and its status');
is_deeply($output->{callback}{body}, { score => 0.5, tags => ['a'] }, 'and what the call brought');
is($output->{callback}{headers}{'x-job'}, 7, 'with headers');
ok(!exists $output->{callback}{headers}{authorization}, 'but for secrets');
like($output->{callback}{at}, qr/^\d{4}-\d\d-\d\dT/, 'and its time');
is_refused($desk->call($path, '{}'), 410, $used, 'a second call is refused');
is_refused($desk->call("$path/", '{}'), 410, $used, 'and with a slash behind it');
is($desk->rows, 0, 'no row is left');
is($desk->one("SELECT string_agg(outcome, ' ' ORDER BY decided_at) FROM respond.wait_decision WHERE run_id = (SELECT id FROM respond.run WHERE event_id = $event)"), 'answer callback', 'the decisions are recorded');

# --- the token is nowhere
my $dump = "$PostgreSQL::Test::Utils::tmp_check/dump.sql";
my $echo = Peers::start('echo', '/usr/bin/python3', "$FindBin::RealBin/../stub/echo.py");
my @echoes = map { $desk->ask($_, callback => JSON::PP::true, expect => [ 202, 401 ], body => { to => '{{callback_url}}', n => 4710 }) }
	("$desk->{base}/redirect/202?to={{callback_url}}", "http://127.0.0.1:$echo->{port}/all");
$event = $echoes[0];
$desk->{number}{$event} = 4710;
$path = $desk->url($event);
my ($other) = $path =~ m{([0-9a-f]{96})$};
$desk->waits($_, 'callback', 'a peer that echoes the url') for @echoes;
$node->run_log([ 'pg_dump', '-f', $dump, $node->connstr('desk') ]);
$node->safe_psql('desk', 'CHECKPOINT');
my $everything = slurp_file($dump);
like($everything, qr/callback_[0-9a-f]{16}_[0-9a-f]{32}/, 'a dump has the mark');
is(index($everything, $_), -1, 'and no token') for $token, $other;
is(index(slurp_file($node->logfile), $_), -1, 'the log has no token') for $token, $other;
is(system('grep', '-rqs', $other, $node->data_dir), 256, 'nor has any file of the server');
like($desk->one("SELECT a.response FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE d.event_id = $echoes[1]"), qr{/in/callback/\*\*\*"}, 'an answer that echoes it is kept without');
like($desk->one("SELECT saved::text FROM respond.run WHERE event_id = $echoes[1]"), qr{/in/callback/\*\*\*}, 'in the run, too');
$desk->one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $echoes[1]");
my $mark = $desk->one("SELECT callback_mark FROM respond.delivery WHERE event_id = $event");
is_refused($desk->call("/desk/in/callback/$mark", '{}'), 404, 'The request was refused.', 'the mark is no token');
is($desk->call($path, '{}', 'application/json')->{status}, 200, 'the token is one');
$output = $desk->answer($event);
like($output->{headers}{location}, qr{/in/callback/\*\*\*$}, 'the step gets the echo without the token');
$desk->one('CREATE ROLE auditor LOGIN IN ROLE respond_auditor');
is($node->safe_psql('desk', "SELECT column_name FROM information_schema.column_privileges WHERE table_name = 'callback' AND grantee = 'respond_auditor' AND column_name IN ('hash', 'data')"), '', 'nobody is granted hash or data');
is($desk->one("SELECT count(*) FROM respond.inbound_reject WHERE path LIKE '%callback/%'"), 0, 'no sample of refused calls is kept');

# --- kinds of bodies
for my $case (
	[ 'a text', "Gr\xc3\xbc\xc3\x9fe", 'text/plain', "Gr\x{fc}\x{df}e" ],
	[ 'nothing', '', undef, undef ],
	[ 'bytes that are no UTF-8', "\xe4\xff", 'text/plain', '5P8=' ],
	[ 'a zero byte', "a\0b", undef, 'YQBi' ],
	[ 'a form', 'a=1&b=%C3%A4', 'application/x-www-form-urlencoded', { a => '1', b => "\x{e4}" } ],
	[ 'a scalar', '12.5', 'application/json', 12.5 ],
	[ 'a null', 'null', 'application/json', undef ])
{
	my ($message, $body, $type, $expected) = @$case;

	$event = $desk->ask_back('/ok');
	is($desk->call($desk->url($event), $body, $type)->{status}, 200, "$message: taken");
	is_deeply($desk->answer($event)->{callback}{body}, $expected, "$message: as the step gets it");
}
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
for my $case ([ 'JSON that is none', '{"a":', 'application/json', 400 ], [ 'JSON that is not UTF-8', "{\"a\": \"\xe4\"}", 'application/json', 400 ],
	[ 'too deep', '[' x 1001, 'application/json', 400 ], [ 'too large', 'x' x 1_100_000, 'text/plain', 413 ])
{
	is($desk->call($path, @$case[ 1, 2 ])->{status}, $case->[3], "$case->[0] is refused");
}
is($desk->call($path, '{"a": "\u0000"}', 'application/json')->{status}, 200, 'the url is still good');
is($desk->run($event)->{status}, 'succeeded', 'what jsonb cannot hold was made fit');

# --- the call comes before the answer; all tries name one url
my $file = PostgreSQL::Test::Utils::tempdir('fail') . '/503';
append_to_file($file, '');
$event = $desk->ask_back("/fail-while$file", max_attempts => 20, retry_after => '100 ms');
$path = $desk->url($event);
is($desk->call($path, '{"early": true}', 'application/json')->{status}, 200, 'a call before the answer is taken');
is_refused($desk->call($path, '{}'), 410, $used, 'once');
Respond::wait_for(sub { return $desk->arrivals($event) >= 3 }, 'the request is tried again');
is(scalar(keys %{ { map { $_->{to} => 1 } $desk->arrivals($event) } }), 1, 'all tries name the same url');
is($desk->one("SELECT waits_for FROM respond.run WHERE event_id = $event"), 'answer', 'the run waits for the answer');
unlink($file);
is_deeply($desk->answer($event)->{callback}{body}, { early => JSON::PP::true }, 'the call is not lost');

# --- the answer is none that is expected
$event = $desk->ask_back('/status/400');
$path = $desk->url($event);
like($desk->run($event)->{error}, qr/the receiver answered 400/, 'an answer that is not expected fails the step');
is_refused($desk->call($path, '{}'), 410, $used, 'and nobody waits for the call');
append_to_file($file, '');
$event = $desk->ask_back("/fail-while$file", max_attempts => 2, retry_after => '2 s');
is($desk->call($desk->url($event), '{}')->{status}, 200, 'a call, and then no good answer');
like($desk->run($event)->{error}, qr/the receiver answered 503/, 'fails the step too');
unlink($file);
is($desk->rows, 0, 'no row is left');

# --- nobody calls
my $type = $desk->rule(
	{ action => 'request', name => 'r', url => "$desk->{base}/ok", body => { to => '{{callback_url}}', n => 4711 }, callback => JSON::PP::true, timeout => '1 s', callback_timeout => '1500 ms', on_failure => 'late' },
	{ action => 'stop', message => 'called' },
	{ action => 'log', name => 'late', message => '{{error.message}} / {{error.status}}' });
$event = Respond::emit($node, 'desk', $type, {});
$desk->{number}{$event} = 4711;
$path = $desk->url($event);
my $run = $desk->run($event);
is($run->{status}, 'succeeded', 'a step that nobody calls fails, and the run goes its way');
like($json->encode($run->{state}), qr{nobody has called the url of the request in time / 200}, 'which knows why');
is_refused($desk->call($path, '{}'), 410, $used, 'a call after that is refused');

# --- cancelled, retried, paused
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
$desk->waits($event, 'callback');
$desk->one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $event");
is_refused($desk->call($path, '{}'), 410, $used, 'a run that was cancelled');
$event = $desk->ask_back('/hang', attempt_timeout => '30 s');
$path = $desk->url($event);
$desk->one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $event");
is_refused($desk->call($path, '{}'), 410, $used, 'and one that was cancelled before the answer');
$desk->one("SELECT respond.retry_run(id) FROM respond.run WHERE event_id = $event");
Respond::wait_for(sub { return $desk->arrivals($event) == 2 }, 'a run that is retried asks again');
my $next = Callbacks::path(($desk->arrivals($event))[1]{to});
isnt($next, $path, 'with another url');
is_refused($desk->call($path, '{}'), 410, $used, 'the old one is of no use');
is($desk->call($next, '{}')->{status}, 200, 'the new one is');
$desk->one("SELECT respond.cancel_run(id) FROM respond.run WHERE event_id = $event");
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
$desk->waits($event, 'callback');
$desk->one("SELECT respond.pause_run(id) FROM respond.run WHERE event_id = $event");
is($desk->call($path, '"while paused"', 'application/json')->{status}, 200, 'a run that is paused is called');
Respond::wait_idle($node, 'desk');
is($desk->one("SELECT status FROM respond.run WHERE event_id = $event"), 'waiting', 'and stays where it is');
$desk->one("SELECT respond.resume_run(id) FROM respond.run WHERE event_id = $event");
is($desk->answer($event)->{callback}{body}, 'while paused', 'until it is resumed');
append_to_file($file, '');
$event = $desk->ask_back("/fail-while$file", max_attempts => 20, retry_after => '100 ms');
$path = $desk->url($event);
$desk->one("SELECT respond.pause_run(id) FROM respond.run WHERE event_id = $event");
is($desk->call($path, '"both"', 'application/json')->{status}, 200, 'one that is paused before the answer');
unlink($file);
$desk->until($event, q{status = 'delivered'}, 'and is answered then');
Respond::wait_idle($node, 'desk');
$desk->one("SELECT respond.resume_run(id) FROM respond.run WHERE event_id = $event");
is($desk->answer($event)->{callback}{body}, 'both', 'loses neither');

# --- items of a loop have a url each, and so have runs that are called
$type = $desk->rule({ action => 'foreach', name => 'all', items => [ 1, 2, 3 ], mode => 'parallel', steps => [
	{ action => 'request', name => 'r', url => "$desk->{base}/loop", expect => [404], body => { to => '{{callback_url}}', item => '{{item}}' }, callback => JSON::PP::true } ] });
$event = Respond::emit($node, 'desk', $type, {});
Respond::wait_for(sub { return $desk->{receiver}->requests('/loop') == 3 }, 'a loop asks three times');
my %url = map { my $body = $json->decode($_->{body}); ($body->{item} => Callbacks::path($body->{to})) } $desk->{receiver}->requests('/loop');
is(scalar(keys %{ { reverse %url } }), 3, 'with three urls');
is($desk->call($url{$_}, qq("item $_"), 'application/json')->{status}, 200, "item $_ is called") for 3, 1, 2;
my $looped = $desk->run($event);
is_deeply([ map { $_->{callback}{body} } @{ $looped->{state}{all}{items} } ], [ map { "item $_" } 1 .. 3 ], 'each has its own call');
Respond::add_rule($node, 'desk', 'child', 'never', [ { action => 'request', name => 'r', url => "$desk->{base}/child", expect => [404], body => '{{callback_url}}', callback => JSON::PP::true } ]);
$event = Respond::emit($node, 'desk', $desk->rule({ action => 'call', name => 'c', rule => 'child' }), {});
Respond::wait_for(sub { return $desk->{receiver}->requests('/child') == 1 }, 'a run that is called asks');
is($desk->call(Callbacks::path(($desk->{receiver}->requests('/child'))[0]{body}), '"c"', 'application/json')->{status}, 200, 'and is called back');
is($desk->run($event)->{status}, 'succeeded', 'its caller goes on');
$type = $desk->rule({ action => 'foreach', name => 'all', items => [1], timeout => '3 s', steps => [
	{ action => 'request', name => 'r', url => "$desk->{base}/limit", expect => [404], body => '{{callback_url}}', callback => JSON::PP::true, timeout => '1 s' } ] });
$event = Respond::emit($node, 'desk', $type, {});
like($desk->run($event)->{error}, qr/timed out/, 'a loop whose time is over');
is_refused($desk->call(Callbacks::path(($desk->{receiver}->requests('/limit'))[0]{body}), '{}'), 410, $used, 'waits for no call');

# --- in headers, in the url, in a form
for my $case (
	[ 'a header', '/header', headers => { 'X-Back' => '{{callback_url}}' }, body => { a => 1 } ],
	[ 'the url', '/query?back={{callback_url}}', body => undef, method => 'GET' ],
	[ 'a form', '/form', headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }, body => { back => '{{callback_url}}' } ])
{
	my ($message, $where, %step) = @$case;
	my ($start) = $where =~ m{^(/\w+)};
	my ($found) = ();

	delete $step{body} unless defined $step{body};
	$event = $desk->ask("$desk->{base}$where", callback => JSON::PP::true, expect => [404], %step);
	Respond::wait_for(sub { ($found) = grep { $_->{path} =~ /^\Q$start\E/ } $desk->{receiver}->requests; return defined $found });
	my ($found_url) = map { s/%([0-9A-Fa-f]{2})/chr hex $1/ger } "$found->{path} " . ($found->{headers}{'x-back'} // '') . ' ' . ($found->{body} // '');
	my ($found_path) = $found_url =~ m{https://hooks.example(/desk/in/callback/[0-9a-f]{96})};
	is($desk->call($found_path // '/nothing', '{}')->{status}, 200, "$message names the url");
	is($desk->run($event)->{status}, 'succeeded', "$message: and the step goes on");
}

# --- nothing to call with
like($desk->answer($desk->ask("$desk->{base}/ok", callback => JSON::PP::true, body => '{{#data.none}}{{callback_url}}{{/data.none}}x'))->{error},
	qr/callback: the request does not name the url to be called/, 'templates that leave the url out');
sub health { return $desk->one(q{SELECT concat_ws('|', ok, message) FROM respond.health() WHERE "check" = 'callbacks'}); }
is(health(), 't|peers can be told which url to call back', 'health() is content');
my $key = $desk->one('SHOW pg_respond.secret_key_file');
for my $case ([ 'pg_respond.gateway_public_url' => '', qr/"pg_respond.gateway_public_url" is not set/, qr/^f\|.*gateway_public_url is not set/ ],
	[ 'pg_respond.secret_key_file' => '', qr/callback: no key for secrets is configured/, qr/^f\|.*no key for secrets/ ])
{
	my ($setting, $value, $error, $health) = @$case;
	my $before = $desk->one("SHOW $setting");

	Gateway::set($node, $setting => $value);
	Respond::beat($node);
	$event = $desk->ask_back('/ok');
	like($desk->run($event)->{error}, $error, "without $setting the step fails");
	like(health(), $health, 'and health() says why');
	Gateway::set($node, $setting => undef);
	Respond::beat($node);
	is($desk->one("SHOW $setting"), $before, "with $setting again");
	$desk->one("SELECT respond.retry_run(id) FROM respond.run WHERE event_id = $event");
	is($desk->call($desk->url($event), '{}')->{status}, 200, 'a retry asks, and is called');
	is($desk->run($event)->{status}, 'succeeded', 'and succeeds');
}

# --- simulate()
my $name = $desk->rule({ action => 'request', name => 'r', url => "$desk->{base}/never", body => '{{callback_url}}', callback => JSON::PP::true });
is($desk->one("SELECT s.steps -> 0 -> 'parameters' ->> 'body' FROM respond.simulate('$name') AS s WHERE s.rule = 'rule $name'"), 'https://hooks.example/desk/in/callback/TOKEN', 'simulate() shows where the url goes');
is($desk->rows, 0, 'and makes none');

# --- on hold
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
$desk->waits($event, 'callback');
$desk->one('SELECT respond.hold()');
is($desk->call($path, '{}')->{status}, 503, 'on hold no call is taken');
$desk->one('SELECT respond.release()');
is($desk->call_until($path, '{}'), 200, 'after that it is');
is($desk->run($event)->{status}, 'succeeded', 'and the run goes on');

# --- a host that stands for the database
Gateway::set($node, 'pg_respond.gateway_database' => 'hooks.example=desk');
Respond::beat($node);
$event = $desk->ask_back('/ok');
Respond::wait_for(sub { return $desk->arrivals($event) > 0 });
my ($short) = ($desk->arrivals($event))[0]{to} =~ m{^https://hooks.example(/in/callback/[0-9a-f]{96})$};
ok(defined $short, 'its urls do without the name');
is(Gateway::status($desk->{at}, 'POST', $short // '/', { Host => 'hooks.example' }, '{}'), 200, 'and are called so');
is($desk->run($event)->{status}, 'succeeded', 'the run goes on');
is($desk->rows, 0, 'in the end no row is left');

done_testing();
