# Dumps of a database that sends: the secret is not in them, a copy holds until release(), and then sends what was pending
# once, with its keys and signed; where the key for secrets is missing, only what needs a secret waits.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Digest::SHA qw(hmac_sha256_base64);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Peers;
use Respond;
use Sender;

my $secret = 'whsec_' . 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=';
my $key_file = PostgreSQL::Test::Utils::tempdir('key') . '/secret.key';
my $dump = PostgreSQL::Test::Utils::tempdir('dump');
my $receiver = Peers::receiver();
my $url = "http://127.0.0.1:$receiver->{port}";

PostgreSQL::Test::Utils::append_to_file($key_file, ('0123456789abcdef' x 4) . "\n");
chmod(0600, $key_file);
my ($origin, $other) = map { Respond::node($_, Sender::settings(), 'pg_respond.secret_key_file' => $key_file) } qw(origin elsewhere);

# --- The original

# sent(): what the receiver got, but for beats.
sub sent
{
	return $receiver->lines('^(?!.*\?beat")');
}

sub is_signed
{
	my ($line) = @_;
	my $entry = JSON::PP->new->utf8->decode($line);
	my $headers = $entry->{headers};
	my $wanted = hmac_sha256_base64("$headers->{'webhook-id'}.$headers->{'webhook-timestamp'}.$entry->{body}", decode_base64(substr($secret, 6)));

	$wanted .= '=' while length($wanted) % 4;
	return ($headers->{'webhook-signature'} || '') eq "v1,$wanted";
}

# contents(node, db): each table with the number of its rows and a digest of them.
sub contents
{
	my ($node, $db) = @_;

	return $node->safe_psql($db, join(' UNION ALL ', map { "SELECT '$_ ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '-') FROM $_ AS t" }
		qw(respond.channel respond.channel_kind respond.delivery respond.attempt respond.mask respond_internal.channel_secret)));
}

my $desk = Sender::start($origin, 'desk', $receiver, 'origin');
$desk->one(qq{
	INSERT INTO respond.channel_kind (name, transport, description, body, headers) VALUES ('chat', 'http', 'ours', '{"say": "{{{text}}}"}', '{"x-ours": "yes"}');
	INSERT INTO respond.channel (name, kind, url) VALUES ('talk', 'chat', '$url/ok?talk'), ('gone', 'webhook', '$url/status/400?gone');
	INSERT INTO respond.channel (name, kind, url, secret) VALUES ('signed', 'webhook', '$url/ok?signed', '$secret');
	INSERT INTO respond.channel (name, kind, url, retry_delays, max_attempts) VALUES ('later', 'webhook', '$url/status/503?later', '{1 day}', 5);
	INSERT INTO respond.mask (event_type, path, reason) VALUES ('send.*', 'card.number', 'private');
});
Respond::add_rule($origin, 'desk', $_, "send.$_", [ { action => 'notify', channel => $_, text => 'Event {{id}} {{data.card.number}}' } ]) for qw(talk gone signed later);
$desk->emit($_, 3) for qw(ok talk gone signed);
$desk->emit('later', 2);
$desk->until(q{SELECT count(*) = 14 AND bool_and(status <> 'pending' OR attempts = 1) FROM respond.delivery}, 'the original has sent something');
is(scalar(grep { is_signed($_) } $receiver->lines('/ok\?signed"')), 3, 'signed ones are signed');
is(scalar(() = $receiver->lines('/ok\?talk".*"x-ours": "yes"')), 3, 'a kind of our own');
$desk->one(q{SELECT respond.hold('dump')});
$desk->holds;
# what is pending and due: the same rows as rules make
$desk->one(q{INSERT INTO respond.delivery (channel, rule, subject, next_attempt_at, body) SELECT c, 'x', 's', now(), '{"pending": true}' FROM unnest('{ok,talk,signed}'::text[]) AS c, generate_series(1, 4)});
my %pending = map { $_ => 1 } split(/\n/, $desk->one(q{SELECT key FROM respond.delivery WHERE status = 'pending' AND channel <> 'later'}));
my $contents = contents($origin, 'desk');

command_ok([ 'pg_dump', '-d', $origin->connstr('desk'), '-f', "$dump/plain.sql" ], 'pg_dump as a script');
command_ok([ 'pg_dump', '-d', $origin->connstr('desk'), '-Fc', '-f', "$dump/custom.dump" ], 'pg_dump in custom format');
my $text = PostgreSQL::Test::Utils::slurp_file("$dump/plain.sql");
unlike($text, qr/\Q$secret\E|QUJDREVGR0hJSktMTU5P/, 'the dump does not hold the secret');
unlike($text, qr/ABCDEFGHIJKLMNOPQRSTUVWXYZ012345|4142434445464748494a4b4c4d4e4f50/i, 'nor what it stands for');

# --- Its copies

# restored(name, node, db, command...): the dump restores into a new database, which holds until release(); the number of
# requests that had been sent before.
sub restored
{
	my ($name, $node, $db, @command) = @_;
	my $copy = Sender::at($node, $db, $receiver, 'origin');

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	my $before = scalar(my @sent = sent());
	command_ok(\@command, "$name: the dump restores");
	is(contents($node, $db), $contents, "$name: every row is there, and no other");
	$copy->until(q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, "$name: the workers hold");
	$copy->one(q{INSERT INTO respond.delivery (channel, next_attempt_at, body) VALUES ('ok', now(), '{"new": true}')});
	$node->restart if $node != $origin;
	$copy->holds;
	Respond::beat($node, "$url/ok?beat");
	is(scalar(@sent = sent()), $before, "$name: nothing is sent before release()");
	$copy->one('SELECT respond.release()');
	return $before;
}

# sends(name, node, db, before): what was pending was sent once by the copy, after so many requests.
sub sends
{
	my ($name, $node, $db, $before) = @_;
	my $copy = Sender::at($node, $db, $receiver, 'origin');

	$copy->until(q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending' AND channel <> 'later')}, "$name: after release() what was pending is sent");
	my @new = sent();
	@new = @new[ $before .. $#new ];
	my %key = map { $_ => 1 } Peers::keys_in(@new);

	is(scalar(@new), 13, "$name: that, and nothing else");
	is(scalar(grep { $pending{$_} } keys %key), 8, "$name: with the keys that it had") or diag(join("\n", @new));
	is(scalar(grep { /\?signed"/ && is_signed($_) } @new), 4, "$name: signed with the secret of the original");
	is($copy->one(q{SELECT string_agg(status || ' ' || n, ', ' ORDER BY status) FROM (SELECT status, count(*) AS n FROM respond.delivery GROUP BY 1) AS s}),
		'dead 3, delivered 22, pending 2', "$name: and recorded");
	return;
}

for my $case (
	[ 'a script, same cluster', $origin, 'copy', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $origin->connstr('copy'), '-f', "$dump/plain.sql" ],
	[ 'three jobs, other cluster', $other, 'desk', 'pg_restore', '-j', '3', '--exit-on-error', '-d', $other->connstr('desk'), "$dump/custom.dump" ])
{
	my ($name, $node, $db) = @$case;

	sends($name, $node, $db, restored(@$case));
}

# --- A copy where the key is missing, until it is there

# set_key(statement): of the other cluster.
sub set_key
{
	$other->safe_psql('postgres', "ALTER SYSTEM $_[0]");
	$other->reload;
	return;
}

set_key(q{SET pg_respond.secret_key_file = ''});
my $offset = -s $other->logfile;
my $before = restored('without the key', $other, 'keyless', 'pg_restore', '--exit-on-error', '-d', $other->connstr('keyless'), "$dump/custom.dump");
my $keyless = Sender::at($other, 'keyless', $receiver, 'origin');
$keyless->until(q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending' AND channel IN ('ok', 'talk'))}, 'without the key: channels without secret go on');
is($keyless->one(q{SELECT count(*) FROM respond.delivery WHERE status = 'pending' AND channel = 'signed'}), '4', 'without the key: the one with a secret waits');
like(PostgreSQL::Test::Utils::slurp_file($other->logfile, $offset), qr/WARNING:  pg_respond cannot send through channel "signed": no key for secrets is configured/, 'without the key: the log says why');
is($keyless->one(q{SELECT ok FROM respond.health() WHERE "check" = 'secrets'}), 'f', 'without the key: health() says so');
set_key('RESET pg_respond.secret_key_file');
sends('with the key', $other, 'keyless', $before);

is(contents($origin, 'desk'), $contents, 'the original did not change');
$origin->stop;
$other->stop;
done_testing();
