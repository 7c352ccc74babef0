# A secret goes to the channel, the host and the place in a request that it was given for, whatever is renamed, made anew or changed.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use MIME::Base64 ();
use Peers;
use Respond;

my $courier = Courier::start('places', max_prepared_transactions => 10);
my $node = $courier->node;
my $db = $courier->db;
my $good = Peers::receiver();
my $evil = Peers::receiver();
my ($here, $there) = map { "http://127.0.0.1:$_->{port}" } $good, $evil;
my $number = 0;

sub one { return $courier->one(@_); }

# fails(sql): the message; also of a script whose first statement works.
sub fails
{
	my ($sql) = @_;
	my ($out, $err);

	$node->psql($db, $sql, stdout => \$out, stderr => \$err);
	return $err;
}

# seen(peer, secret): how many requests hold the secret, in any place, also as credentials.
sub seen
{
	my ($peer, $secret) = @_;
	my @forms = ($secret, map { MIME::Base64::encode_base64($_, '') } $secret, ":$secret", "user:$secret");
	my $log = Peers::slurp($peer->{log});

	return scalar(grep { my $line = $_; grep { index($line, $_) >= 0 } @forms } split(/\n/, $log));
}

# ends(channel): no delivery of it is pending, or all wait because it cannot send.
sub settled
{
	my ($name) = @_;

	Respond::wait_idle($node, $db);
	return Respond::wait_until($node, $db, "SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE channel = '$name' AND status = 'pending')
		OR (SELECT message FROM respond.health() WHERE \"check\" = 'secrets') ~ '$name: '");
}

# victim(column => value...): a channel with a secret of its own; returns name and secret
sub victim
{
	my (%row) = @_;
	my $name = 'victim ' . ++$number;
	my $secret = "canary-of-$number-" . 'x' x 8;

	%row = (kind => 'prov', url => "$here/ok/$number", secret => $secret, max_attempts => 1, %row);
	my @columns = sort keys %row;
	one(sprintf('INSERT INTO respond.channel (name, %s) VALUES (%s)', join(', ', @columns), join(', ', map { Respond::quote_literal($_) } $name, @row{@columns})));
	return ($name, $secret);
}

sub arrives
{
	my ($name, $secret, $message) = @_;
	my $before = seen($good, $secret);
	my $id = one("SELECT respond.send_test('$name')");

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, "SELECT status = 'delivered' FROM respond.delivery WHERE id = $id", $message) or diag(one("SELECT last_error FROM respond.delivery WHERE id = $id"), one('SELECT * FROM respond.health() WHERE NOT ok'));
	return cmp_ok(seen($good, $secret), '>', $before, "$message, with its secret");
}

# blocked(name, regexp, message): what is sent through the channel waits, and health() says so
sub blocked
{
	my ($name, $pattern, $message) = @_;
	my $id = one("SELECT respond.send_test('$name')");

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	settled($name);
	my ($says) = one(q{SELECT message || ' -> ' || remedy FROM respond.health() WHERE "check" = 'secrets'});
	like($says, $pattern, "$message: health() says why");
	like($says, qr/-> .*set_secret/, "$message: and what to do");
	return is(one("SELECT status || attempts FROM respond.delivery WHERE id = $id"), 'pending0', "$message: it waits");
}

my %kind = (
	prov => q{'http', NULL, '{}', '{"k": "{{{secret}}}", "t": "{{{text}}}"}', NULL, false},
	head => q{'http', NULL, '{"X-Key": "{{{secret}}}"}', '{"t": "{{{text}}}"}', NULL, false},
	bear => q{'http', NULL, '{}', '{"t": "{{{text}}}"}', 'bearer', false},
	base => q{'http', NULL, '{}', '{"t": "{{{text}}}"}', 'basic', false},
	path => qq{'http', '$here/ok/kind/{{secret}}', '{}', '{"t": "{{{text}}}"}', NULL, false},
	sign => q{'http', NULL, '{}', '{"t": "{{{text}}}"}', NULL, true});

sub make_kind
{
	my ($name, $like, %change) = @_;
	my $values = $kind{$like};

	$values =~ s/$_/$change{$_}/ for keys %change;
	return "INSERT INTO respond.channel_kind (name, transport, url, headers, body, auth, signature) VALUES ('$name', $values)";
}
one(make_kind($_, $_)) for sort keys %kind;

# ---- A kind is made anew under its name. ----

for my $like (qw(prov head bear base path))
{
	my ($name, $secret) = victim(kind => $like, $like eq 'path' ? (url => undef) : ());

	arrives($name, $secret, "$like: a channel");
	one("UPDATE respond.channel_kind SET name = 'old $like' WHERE name = '$like'");
	one(make_kind($like, 'prov', NULL => "'$there/evil'"));
	is(one("SELECT kind FROM respond.channel WHERE name = '$name'"), "old $like", "$like: the channel stays with its kind");
	arrives($name, $secret, "$like: its kind was renamed, and another one has the name");
	is(seen($evil, $secret), 0, "$like: it goes to nobody else");
	one("DELETE FROM respond.channel WHERE name = '$name'; DELETE FROM respond.channel_kind WHERE name = '$like'; UPDATE respond.channel_kind SET name = '$like' WHERE name = 'old $like'");
}

# by a transaction that does not see the channel yet
{
	my $old = Respond::session($node, $db);

	one(make_kind('late', 'prov'));
	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond.channel');
	my ($name, $secret) = victim(kind => 'late');
	$old->query(q{DELETE FROM respond.channel_kind WHERE name = 'late'});
	like($old->{stderr}, qr/kind "late" is used by channel "$name"/, 'a kind that a channel has cannot be deleted by a transaction that does not see the channel');
	$old->quit;
	$old = Respond::session($node, $db);
	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond.channel');
	my ($second, $second_secret) = victim(kind => 'late');
	$old->query(q{UPDATE respond.channel_kind SET name = 'later' WHERE name = 'late'; COMMIT});
	one(make_kind('late', 'prov', NULL => "'$there/evil'"));
	arrives($_->[0], $_->[1], 'renamed by an old transaction') for [ $name, $secret ], [ $second, $second_secret ];
	is(one("SELECT string_agg(DISTINCT kind, ' ') FROM respond.channel WHERE name IN ('$name', '$second')"), 'later', 'they show the new name');
	is(seen($evil, $secret) + seen($evil, $second_secret), 0, 'and no secret goes elsewhere');
	# one that gives a channel the kind holds off whoever wants to delete it
	$old->query_safe(q{BEGIN; INSERT INTO respond.channel (name, kind, url) VALUES ('holder', 'late', 'http://127.0.0.1:1')});
	like(fails(q{SET lock_timeout = '100ms'; DELETE FROM respond.channel_kind WHERE name = 'late'}), qr/lock timeout/, 'a kind that is being given to a channel is locked');
	$old->query_safe('ROLLBACK');
	$old->quit;
}

# ---- A kind, or a channel, is changed in place. ----

for my $change (
	[ 'prov', q{body = '{"t": "{{{text}}} {{{secret}}}"}'} ], [ 'head', q{headers = '{"X-Public": "{{{secret}}}"}'} ], [ 'bear', q{auth = 'basic'} ], [ 'bear', q{body = '{"t": "{{{secret}}}"}'} ],
	[ 'sign', q{body = '{"t": "{{{secret}}}"}'} ], [ 'sign', q{headers = '{"X-A": "{{secret}}"}'} ], [ 'sign', q{auth = 'bearer'} ], [ 'sign', q{signature = false, auth = 'bearer'} ], [ 'path', qq{url = '$here/ok/public?{{secret}}'} ])
{
	my ($like, $set) = @$change;

	one(make_kind('changing', $like));
	my ($name, $secret) = victim(kind => 'changing', $like eq 'path' ? (url => undef) : (), $like eq 'sign' ? (secret => 'whsec_' . MIME::Base64::encode_base64("canary $number " . 'y' x 20, '')) : ());
	$secret = 'whsec_' if $like eq 'sign';
	one("UPDATE respond.channel_kind SET $set WHERE name = 'changing'");
	my $before = seen($good, $secret);
	blocked($name, qr/\Q$name\E: its secret was given before/, "$like, $set");
	is(seen($good, $secret), $before, "$like, $set: the secret is not sent");
	one("SELECT respond.set_secret('$name', " . Respond::quote_literal($like eq 'sign' ? 'whsec_' . MIME::Base64::encode_base64('z' x 24, '') : "$secret-new") . ')');
	Respond::wait_until($node, $db, "SELECT bool_and(status = 'delivered') FROM respond.delivery WHERE channel = '$name'", "$like, $set: after set_secret() it is sent");
	is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'secrets'}), 't', "$like, $set: health() is content");
	one("DELETE FROM respond.channel WHERE name = '$name'; DELETE FROM respond.channel_kind WHERE name = 'changing'");
}
# what says nothing of the secret may change
{
	one(make_kind('changing', 'bear'));
	my ($name, $secret) = victim(kind => 'changing');
	one(q{UPDATE respond.channel_kind SET body = '{"other": "{{{text}}}"}', headers = '{"X-A": "b"}', description = 'x', options = '{"o": null}' WHERE name = 'changing'});
	arrives($name, $secret, 'a body without the secret may change');
}

# the channel itself: refused in time
{
	my ($name, $secret) = victim();
	my ($signed) = victim(kind => 'webhook', secret => 'whsec_' . MIME::Base64::encode_base64('k' x 24, ''));
	my ($slack) = victim(kind => 'slack', url => "$here/ok/{{secret}}");

	for my $case ([ $name, "url = '$there/x'", 'to another host' ], [ $name, "url = 'https://127.0.0.1:$good->{port}/x'", 'to another host' ], [ $name, "url = 'http://127.0.0.1/x'", 'to another host' ], [ $name, "url = 'http://localhost:$good->{port}/x'", 'to another host' ],
		[ $name, "url = 'http://[::1]:$good->{port}/'", 'to another host' ], [ $name, "url = 'http://127.0.0.1.example:$good->{port}/'", 'to another host' ], [ $name, "kind = 'head'", 'with another kind' ], [ $name, "kind = 'webhook'", 'with another kind' ],
		[ $name, "url = '$here/ok?{{secret}}'", 'to another place in its url' ], [ $signed, "url = '$here/ok?{{secret}}'", 'to another place in its url' ], [ $signed, "url = '$there/'", 'to another host' ], [ $slack, "url = '$here/public/{{secret}}'", 'to another place in its url' ])
	{
		like(fails("UPDATE respond.channel SET $case->[1] WHERE name = '$case->[0]'"), qr/the secret of channel "$case->[0]" must not go $case->[2]/, "refused: $case->[1]");
	}
	one("UPDATE respond.channel SET id = gen_random_uuid(), kind_id = (SELECT id FROM respond.channel_kind WHERE name = 'head'), url = 'HTTP://127.0.0.1:$good->{port}/ok/other', description = 'x' WHERE name = '$name'");
	arrives($name, $secret, 'ids cannot be changed, paths can');
	one("UPDATE respond.channel SET url = '$there/ok', secret = '$secret-2' WHERE name = '$name'");
	one("SELECT respond.send_test('$name')");
	settled($name);
	is(seen($evil, "$secret-2"), 1, 'a secret that is given in the same statement goes to the new host');
	# hosts are compared whole, also long ones
	my $long = join('.', ('a' x 60) x 6);
	for my $pair ([ "http://$long:1001", "http://$long:1002" ], [ "https://$long.aa/", "https://$long.ab/" ])
	{
		one("DELETE FROM respond.channel WHERE name = 'long'; INSERT INTO respond.channel (name, kind, url, secret) VALUES ('long', 'prov', '$pair->[0]', 'a-long-secret')");
		like(fails("UPDATE respond.channel SET url = '$pair->[1]' WHERE name = 'long'"), qr/must not go to another host/, "a long host differs at its end: $pair->[1]");
	}
	one(qq{DELETE FROM respond.channel WHERE name = 'long'; INSERT INTO respond.channel_kind (name, transport, url) VALUES ('long', 'http', 'http://$long:1001/')});
	like(fails(qq{UPDATE respond.channel_kind SET url = 'http://$long:1002/' WHERE name = 'long'}), qr/cannot be sent to another host/, 'that of a kind, too');
}

# past the triggers: what was sealed decides
{
	my ($name, $secret) = victim();

	one(qq{ALTER TABLE respond.channel DISABLE TRIGGER channel_validate; UPDATE respond.channel SET url = '$there/stolen' WHERE name = '$name'; ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_validate});
	blocked($name, qr/\Q$name\E: its secret was given for \Q$here\E, and the channel leads to \Q$there\E now/, 'a url that was changed past the trigger');
	one("UPDATE respond_internal.channel_secret SET host = '$there' WHERE channel = '$name'; UPDATE respond.channel SET description = 'x' WHERE name = '$name'");
	blocked($name, qr/\Q$name\E: its stored secret is damaged/, 'the row of the secret was changed as well');
	is(seen($evil, $secret), 0, 'the secret stays here');
	one("DELETE FROM respond.channel WHERE name = '$name'");
}

# ---- A delivery of then, a secret of now. ----

{
	one(qq{INSERT INTO respond.channel (name, kind, url, secret, enabled, max_attempts) VALUES ('own url', 'prov', '$there/{{data.x}}', 'secret-of-then', false, 1)});
	Respond::add_rule($node, $db, 'own url', 'own', [ { action => 'notify', channel => 'own url', text => 'x' } ]);
	my $event = Respond::emit($node, $db, 'own', { x => 'path' });
	$courier->until($event, q{url IS NOT NULL}, 'a delivery with a url of its own waits');
	one(qq{UPDATE respond.channel SET url = '$here/ok/{{data.x}}', secret = 'secret-of-now', enabled = true WHERE name = 'own url'});
	$courier->until($event, q{status = 'dead' AND attempts = 0}, 'after url and secret changed it is not sent');
	like($courier->delivery($event)->{last_error}, qr/url leads to \Q$there\E, but the secret of the channel is for \Q$here\E; respond\.replay/, 'and says why');
	is(seen($evil, 'secret-of-now'), 0, 'the new secret does not go to the old host');
	one("SELECT respond.replay($event)");
	Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.delivery WHERE channel = 'own url' AND status = 'delivered'}, 'replay() makes a new one');
	is(seen($good, 'secret-of-now'), 1, 'which has the secret');
}
{
	# the body was filled in when the kind put the secret into a public text
	one(make_kind('public', 'prov', q{"t": "{{{text}}}"} => q{"t": "{{{secret}}}"}));
	one(qq{INSERT INTO respond.channel (name, kind, url, secret, enabled, max_attempts) VALUES ('filled', 'public', '$here/ok/filled', 'first-secret', false, 1); SELECT respond.send_test('filled')});
	one(q{UPDATE respond.channel_kind SET body = '{"k": "{{{secret}}}"}' WHERE name = 'public'; UPDATE respond.channel SET secret = 'second-secret', enabled = true WHERE name = 'filled'});
	Respond::wait_until($node, $db, q{SELECT status = 'dead' AND last_error ~ 'before the kind or the url of the channel changed' FROM respond.delivery WHERE channel = 'filled'}, 'a body that an earlier definition filled in gets no secret of today');
	is(seen($good, 'second-secret'), 0, 'nor is it sent');
}

# ---- A channel is made anew under its name. ----

for my $with ('pending', 'dead')
{
	my $name = "again $with";

	one(qq{INSERT INTO respond.channel (name, kind, url, enabled, max_attempts) VALUES ('$name', 'bear', '$there/} . ($with eq 'dead' ? 'status/404' : 'ok') . qq{/{{text}}', } . ($with eq 'dead' ? 'true' : 'false') . ', 1)');
	my $id = one("SELECT respond.send_test('$name')");
	Respond::wait_until($node, $db, "SELECT status = '$with' FROM respond.delivery WHERE id = $id", "$with: a delivery");
	one("DELETE FROM respond.channel WHERE name = '$name'; INSERT INTO respond.channel (name, kind, url, secret, max_attempts) VALUES ('$name', 'bear', '$here/ok', 'real-$with-secret', 1)");
	like(fails("SELECT respond.retry($id)"), qr/channel "$name" no longer exists.*HINT:.*another one.*replay/s, "$with: it cannot go through a new channel of that name");
	is(one("SELECT respond.retry_channel('$name')"), '0', "$with: nor with retry_channel()");
	arrives($name, "real-$with-secret", "$with: the new channel");
	like(one("SELECT status FROM respond.delivery WHERE id = $id"), qr/^(?:dead|cancelled)$/, "$with: the old delivery has ended");
	is(seen($evil, "real-$with-secret"), 0, "$with: and the secret does not go there");
}
{
	# in one transaction, and while the deleting one has not ended
	my $session = Respond::session($node, $db);

	one(qq{INSERT INTO respond.channel (name, kind, url, enabled) VALUES ('swap', 'bear', '$there/ok', false)});
	$session->query_safe(qq{BEGIN; DELETE FROM respond.channel WHERE name = 'swap'; INSERT INTO respond.channel (name, kind, url, secret) VALUES ('swap', 'bear', '$here/ok', 'swap-secret')});
	my $id = one(q{SELECT respond.send_test('swap')});
	$session->query_safe('COMMIT');
	$session->quit;
	Respond::wait_until($node, $db, "SELECT status = 'cancelled' FROM respond.delivery WHERE id = $id", 'what was recorded for the channel before is cancelled');
	arrives('swap', 'swap-secret', 'the new one sends');
	is(seen($evil, 'swap-secret'), 0, 'to its own host');
	like(fails(qq{INSERT INTO respond.channel (id, name, kind, url) SELECT id, 'copy of id', 'bear', '$there/ok' FROM respond.channel WHERE name = 'swap'; SELECT 1 / (SELECT count(DISTINCT id) - 1 FROM respond.channel WHERE name IN ('swap', 'copy of id'))}), qr/^$/, 'an id is given by pg_respond alone');
	like(fails(q{UPDATE respond.channel SET name = 'swapped' WHERE name = 'swap'}), qr/a channel cannot be renamed/, 'a channel cannot be renamed');
}

# ---- With a publication of all tables. ----

{
	one('CREATE PUBLICATION everything FOR ALL TABLES');
	one(qq{INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('published', 'bear', '$here/status/404', 1); SELECT respond.set_secret('published', 'published-secret')});
	my $id = one(q{SELECT respond.send_test('published')});
	Respond::wait_until($node, $db, "SELECT status = 'dead' FROM respond.delivery WHERE id = $id", 'published: a delivery ends');
	is(one(q{SELECT respond.retry_channel('published')}), '1', 'published: retry_channel()');
	Respond::wait_until($node, $db, "SELECT status = 'dead' AND attempts = 2 FROM respond.delivery WHERE id = $id", 'published: it is tried again');
	one("SELECT respond.retry($id)");
	Respond::wait_until($node, $db, "SELECT status = 'dead' AND attempts = 3 FROM respond.delivery WHERE id = $id", 'published: retry()');
	one("SELECT respond.discard($id); UPDATE respond.channel SET url = '$here/ok/published', enabled = false WHERE name = 'published'; SELECT respond.send_test('published')");
	one(q{DELETE FROM respond.channel WHERE name = 'published'});
	is(one(q{SELECT string_agg(DISTINCT status, ' ') FROM respond.delivery WHERE channel = 'published'}), 'cancelled', 'published: discard(), and a channel can be deleted');
	one('DROP PUBLICATION everything');
}

# ---- Mail: the password goes to the server that it was given for. ----

{
	my ($name, $secret) = victim(kind => 'email', url => 'smtp://127.0.0.1:1', options => '{"tls": "none", "username": "user", "from": "a@b.test", "to": "c@d.test"}');
	my $server = Peers::mail_server();

	like(fails("UPDATE respond.channel SET url = 'smtp://127.0.0.1:$server->{port}' WHERE name = '$name'"), qr/must not go to another host/, 'mail: another server');
	like(fails("UPDATE respond.channel SET url = 'smtps://127.0.0.1:1' WHERE name = '$name'"), qr/must not go to another host/, 'mail: another scheme');
	one("DELETE FROM respond.channel WHERE name = '$name'");
}

# ---- An INSERT that finds the channel there gives its secret anew as well as an UPDATE does. ----

{
	my ($name) = victim(kind => 'bear', url => 'http://127.0.0.1:1/');
	my $upsert = 'ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, url = EXCLUDED.url, secret = EXCLUDED.secret';

	like(fails("INSERT INTO respond.channel (name, kind, url) VALUES ('$name', 'bear', '$here/ok') $upsert"), qr/must not go to another host/, 'not without a secret');
	like(fails("INSERT INTO respond.channel (name, kind, url, secret) VALUES ('$name', 'bear', '$here/ok', 'of the first') ON CONFLICT DO NOTHING; UPDATE respond.channel SET url = '$here/ok' WHERE name = '$name'"), qr/must not go to another host/, 'nor with that of another statement');
	like(fails("INSERT INTO respond.channel (name, kind, url, secret) VALUES ('$name', 'bear', '$here/ok', 'not base64!') ON CONFLICT (name) DO UPDATE SET kind = 'sign'"), qr/secret: it is not/, 'nor with one that the kind cannot use');
	one("INSERT INTO respond.channel (name, kind, url, secret) VALUES ('$name', 'bear', '$here/ok/upsert', 'canary-upsert') $upsert");
	arrives($name, 'canary-upsert', 'to another host');
	one("INSERT INTO respond.channel (name, kind, url, secret) VALUES ('$name', 'head', '$here/ok/upsert', 'canary-of-head') $upsert");
	arrives($name, 'canary-of-head', 'with another kind');
}

# ---- What names no secret gets none: {{.}} is all but that. ----

{
	my ($name, $secret) = victim(kind => 'prov');

	one("UPDATE respond.channel SET url = url || '?{{.}}' WHERE name = '$name'");
	one(q{INSERT INTO respond.channel_kind (name, transport, headers, body) VALUES ('whole', 'http', '{"X-Key": "{{secret}}", "X-All": "{{{.}}}"}', '{"all": "{{.}}", "text": "all {{.}}"}')});
	my ($other, $second) = victim(kind => 'whole');
	arrives($name, $secret, 'a url with everything');
	arrives($other, $second, 'headers and a body with everything');
	for my $canary ($secret, $second)
	{
		my ($line) = grep { index($_, $canary) >= 0 } split(/\n/, Peers::slurp($good->{log}));
		my $count = () = $line =~ /\Q$canary\E/g;

		is($count, 1, 'the secret is where it is named, and nowhere else');
	}
}

# ---- Ids and secrets survive a dump. ----

{
	my ($name, $secret) = victim(kind => 'head');
	my $dump = PostgreSQL::Test::Utils::tempdir('dump') . '/dump';

	one(q{UPDATE respond.channel SET enabled = false});
	one("SELECT respond.send_test('$name')");
	$node->command_ok([ 'pg_dump', '-Fc', '-h', $node->host, '-p', $node->port, '-f', $dump, $db ], 'a dump');
	$node->safe_psql('postgres', 'CREATE DATABASE restored');
	$node->command_ok([ 'pg_restore', '-j', '2', '-h', $node->host, '-p', $node->port, '-d', 'restored', $dump ], 'is restored');
	my $ids = q{SELECT string_agg(concat_ws(' ', c.id, c.name, c.kind_id, k.id), ',' ORDER BY c.name) FROM respond.channel AS c LEFT JOIN respond.channel_kind AS k ON k.id = c.kind_id};
	is($node->safe_psql('restored', $ids), one($ids), 'all ids are the same there');
	is($node->safe_psql('restored', q{SELECT message FROM respond.health() WHERE "check" = 'secrets'}), 'the secrets of channels can be used', 'the secrets can be used');
	$node->safe_psql('restored', "UPDATE respond.channel SET enabled = true WHERE name = '$name'; SELECT respond.release()");
	Respond::wait_until($node, 'restored', "SELECT status = 'delivered' FROM respond.delivery WHERE channel = '$name'", 'what was pending is sent');
	is(seen($good, $secret), 1, 'with its secret');
}

$courier->stop;
done_testing();
