# Somebody has an old part of the log locked: streams wait for it on open connections, and webhooks of the same worker do not wait.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Stream;

use File::Temp ();

my $dir = File::Temp->newdir;
PostgreSQL::Test::Utils::append_to_file("$dir/respond.key", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/respond.key");

my $db = 'desk';
my $node = Respond::node('stream_locks', 'pg_respond.secret_key_file' => "$dir/respond.key", 'pg_respond.lock_timeout' => '1min');
Respond::create_extension($node, $db);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
my $token = $node->safe_psql($db, q{SELECT respond.create_token('all', 'respond_auditor', '{stream}')});
$node->safe_psql($db, q{INSERT INTO respond.inbound_source (name, path, scheme, secret, event_type) VALUES ('in', 'in', 'bearer', 'the secret of the sender', 'in.{{data.n}}')});

sub follow { return Stream::follow($at, "/$db/v1/stream", $token, @_) }
sub types { return join(' ', map { $_->{data}{type} } @_) }

sub hook
{
	return Gateway::status($at, 'POST', "/$db/in/in", { Authorization => 'Bearer the secret of the sender', 'Content-Type' => 'application/json' }, qq({"n": $_[0]}));
}

Respond::wait_for(sub { hook(0) == 200 }, 'the source is known');
my $live = follow();
Stream::block($live);
my $place = Stream::place($live);

my $locker = Respond::session($node, $db);
$locker->query_safe('BEGIN');
$locker->query_safe('LOCK TABLE respond.event_default IN ACCESS EXCLUSIVE MODE');
is(hook(1), 200, 'a webhook is taken');
my $new = follow();
is($new->{status}, 200, 'a stream begins');
my $late = follow($place);
is($late->{status}, 200, 'and one that comes back');
is(hook(2), 200, 'another webhook is taken');
$locker->query_safe('COMMIT');
is(types(Stream::take($live, 2)), 'in.1 in.2', 'what came meanwhile follows on the same connection');
is(types(Stream::take($late, 2)), 'in.1 in.2', 'also to the one that came back');
is(hook(3), 200);
like(types(Stream::upto($new, sub { $_[0]{data}{type} eq 'in.3' })), qr/in\.3$/, 'the new one goes on');
is($node->safe_psql($db, q{SELECT sum(errors) FROM respond.worker WHERE kind = 'gateway'}), '0', 'nothing of this was an error');

# What is dropped while they wait is missed, and they are told.
my ($first) = split /\n/, $node->safe_psql($db, q{SELECT tableoid::regclass FROM respond.event WHERE type = 'in.3'});
$locker->query_safe('BEGIN');
$locker->query_safe('LOCK TABLE respond.event_default IN ACCESS EXCLUSIVE MODE');
is(hook(4), 200);
$locker->query_safe("DROP TABLE $first");
$locker->query_safe('COMMIT');
my $told = Stream::block($live);
$told = Stream::block($live) while defined $told && !exists $told->{event};
is(defined $told ? $told->{event} : undef, 'reset', 'a part with events that nobody had was dropped');
$locker->quit;

done_testing();
