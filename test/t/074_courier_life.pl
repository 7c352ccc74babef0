# The life of couriers: what people do to databases and servers while requests hang.  All of it is quick, and nothing is
# forgotten, sent with another key, or counted as a try.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Peers;
use Respond;
use Sender;

my $receiver = Peers::receiver();
my $node = Respond::node('life', Sender::settings());
my ($one, $two) = map { Sender::start($node, $_, $receiver, $_) } qw(one two);

sub postgres { return $node->safe_psql('postgres', @_); }

# hangs(sender): 200 of its requests hang, and others are sent beside them.
sub hangs
{
	my ($sender, $name) = @_;
	my $before = $sender->arrived('ok');

	$sender->emit('hang', 200);
	$sender->arrives('hang', 200, "$name: 200 requests hang");
	$sender->emit('ok', 20);
	$sender->arrives('ok', $before + 20, "$name: others are sent beside them");
	return;
}

# again(sender, name, count): its 200 requests have come so often by now that each was sent again.
sub again
{
	my ($sender, $name, $count) = @_;

	$sender->arrives('hang', $count, "$name: what was cut off is sent again");
	is($sender->distinct('hang'), 200, "$name: with the same keys");
	return;
}

# quick(name, act, longest): it took less than so many seconds.
sub quick { return Respond::is_quick(@_); }

# --- Databases

hangs($one, 'one');
hangs($two, 'two');
is($one->one(q{SELECT count(DISTINCT datname) FROM pg_stat_activity WHERE backend_type = 'pg_respond courier'}), '2', 'two databases, two couriers');
quick('CREATE DATABASE ... TEMPLATE', sub { postgres('CREATE DATABASE three TEMPLATE one') });
again($one, 'CREATE DATABASE ... TEMPLATE', 400);

my $three = Sender::at($node, 'three', $receiver, 'three');
$three->holds('the copy does not send what the original sends');
$three->one(q{UPDATE respond.channel SET url = replace(url, '?one', '?three')});
$three->one(q{SELECT respond.release()});
$three->emit('ok', 1);
$three->arrives('ok', 1, 'the copy has a courier of its own');
$three->arrives('hang', 200, 'and sends what waited');
quick('ALTER DATABASE ... RENAME', sub { postgres('ALTER DATABASE three RENAME TO third') });
again($three, 'ALTER DATABASE ... RENAME', 400);
quick('DROP DATABASE', sub { postgres('DROP DATABASE third') });
# the server itself waits 5 s for a session to leave
quick('a DROP DATABASE that fails because of a session', sub {
	my $session = Respond::session($node, 'two');
	my $err;

	$session->query_safe('SELECT 1');
	isnt($node->psql('postgres', 'DROP DATABASE two', stderr => \$err), 0, 'DROP DATABASE with a session fails');
	$session->quit;
}, 12);
again($two, 'a DROP DATABASE that fails', 400);

# --- The extension, also with requests whose outcome comes just then, and the server

$one->emit('slow', 60);
$one->arrives('slow', 4, 'some requests are about to end');
quick('DROP EXTENSION', sub { $one->one('DROP EXTENSION pg_respond CASCADE') });
Respond::wait_no_workers($node, 'one', 'the courier is gone with it');
my $new;
quick('CREATE EXTENSION', sub { $new = Sender::start($node, 'one', $receiver, 'again') });
$new->emit('ok', 5);
$new->none_pending('the new extension delivers');
is($new->arrived('ok'), 5, 'once each');
hangs($new, 'the new one');
quick('pg_ctl stop -m fast', sub { $node->stop('fast') });
$node->start;
again($new, 'pg_ctl stop -m fast', 400);
is($new->one(q{SELECT count(*) FROM respond.delivery WHERE status = 'pending' AND attempts <> 0}), '0', 'what was cut off does not count as a try');

# --- A transaction that drops the extension and waits, and is rolled back
{
	my $session = Respond::session($node, 'one');

	$new->emit('slow', 10);
	$new->arrives('slow', 1, 'requests are under way');
	$session->query_safe('BEGIN; DROP EXTENSION pg_respond CASCADE;');
	Respond::beat($node, "http://127.0.0.1:$receiver->{port}/ok?beat");
	quick('CREATE DATABASE while a DROP EXTENSION is open', sub { postgres('CREATE DATABASE fourth') });
	$session->query_safe('ROLLBACK');
	$session->quit;
	$new->delivers('slow', 10, 'what ended meanwhile is recorded after it');
	is($new->arrived('slow'), 10, 'and was sent once');
}

# --- hold() and release()

# is_silent(message): time goes by, and nothing is sent.
sub is_silent
{
	my ($message) = @_;
	my $before = $new->arrived;

	Respond::beat($node, "http://127.0.0.1:$receiver->{port}/ok?beat");
	return is($new->arrived, $before, $message);
}

$new->emit('slow', 5);
$new->arrives('slow', 15, 'five more are under way');
$new->one(q{SELECT respond.hold('test')});
$new->holds('the courier holds');
$new->delivers('slow', 15, 'what was under way is recorded all the same');
my $delivered = $new->arrived('ok');
$new->one(q{INSERT INTO respond.delivery (channel, next_attempt_at, body) SELECT 'ok', clock_timestamp() + make_interval(secs => i / 100.0), '{}' FROM generate_series(1, 40) AS i});
$new->emit('ok', 10);
is_silent('nothing is sent while it holds');
$node->restart;
$new->holds('the hold outlasts a restart');
is_silent('nothing is sent then either');
$new->one(q{SELECT respond.release()});
$new->delivers('ok', $delivered + 50, 'after release() all of it is delivered');
is($new->arrived('ok'), $delivered + 50, 'once each');

is($new->one(q{SELECT count(*) FROM respond.delivery WHERE status NOT IN ('pending', 'delivered')}), '0', 'no delivery ended otherwise');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP|cache lookup failed|does not exist/, 'the log is clean');
$node->stop('fast');
done_testing();
