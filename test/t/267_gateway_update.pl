# ALTER EXTENSION pg_respond UPDATE while the gateway is open: senders to the database that is updated are told to come again, and none
# of what was accepted is lost; those to another database notice nothing.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use Digest::SHA qw(hmac_sha256_hex);
use POSIX ();
use Time::HiRes qw(usleep);

my $dir = PostgreSQL::Test::Utils::tempdir();
my $secret = 'zauberwort-und-mehr';

PostgreSQL::Test::Utils::append_to_file("$dir/key", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/key");
my $node = Respond::node('update', 'pg_respond.secret_key_file' => "$dir/key", restart_after_crash => 'on');
Respond::create_extension($node, 'new');
my $version = $node->safe_psql('new', 'SELECT respond_internal.library_version()');
$node->safe_psql('postgres', 'CREATE DATABASE old');
$node->safe_psql('old', q{CREATE EXTENSION pg_respond VERSION '0.1.0'});
my $source = "INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('git', 'github', '$secret')";
$node->safe_psql('new', $source);
my $at = Gateway::open($node);
Gateway::wait_ready($at, 'new', 'the database with the new version answers');

sub post
{
	my ($db, $id) = @_;
	my $body = qq({"id": "$id"});

	return Gateway::request($at, 'POST', "/$db/in/git", { 'X-GitHub-Event' => 'push', 'X-GitHub-Delivery' => $id, 'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex($body, $secret) }, $body);
}

# One sender for each database: it sends until it is answered with 200, and notes all that it heard.
my @senders;
for my $db ('old', 'new')
{
	my $pid = fork();

	if ($pid == 0)
	{
		my $number = 0;

		CORE::open(my $log, '>>', "$dir/$db") or POSIX::_exit(1);
		$log->autoflush;
		until (-e "$dir/enough")
		{
			my $id = sprintf('%05d', ++$number);
			my $status;

			until (-e "$dir/enough")
			{
				$status = post($db, $id)->{status};
				print $log "$status $id\n";
				last if $status == 200;
				usleep(10_000);
			}
			usleep(2_000);
		}
		POSIX::_exit(0);
	}
	push @senders, $pid;
}

sub heard { my ($db, $what) = @_; return grep { /$what/ } -e "$dir/$db" ? split /\n/, slurp_file("$dir/$db") : (); }

# more(database, what): there are some more answers of the kind.
sub more
{
	my ($db, $what, $message) = @_;
	my $before = () = heard($db, $what);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_for(sub { my $now = () = heard($db, $what); return $now >= $before + 20 }, $message);
}

more('new', qr/^200/, 'one is answered');
more('old', qr/./, 'the other is answered too');
is(join(' ', do { my %seen = map { /^(\d+)/ ? ($1 => 1) : () } heard('old', qr/./); grep { !/^(404|503)$/ } sort keys %seen }), '', 'the old version takes nothing');
like(post('old', 'x')->{status}, qr/^(404|503)$/, 'it has no sources');
my $before = $node->safe_psql('new', q{SELECT max(pid) FROM respond.gateway});

# The source comes in the same transaction, so that requests find either nobody or all.
$node->safe_psql('old', "BEGIN; ALTER EXTENSION pg_respond UPDATE; $source; COMMIT");
is($node->safe_psql('old', q{SELECT extversion FROM pg_extension WHERE extname = 'pg_respond'}), $version, 'it is updated');
more('old', qr/^200/, 'then it takes them');
more('new', qr/^200/, 'and the other database goes on');

PostgreSQL::Test::Utils::append_to_file("$dir/enough", 'x');
waitpid($_, 0), is($?, 0, 'a sender ended') for @senders;

for my $db ('old', 'new')
{
	my @accepted = map { (split / /)[1] } heard($db, qr/^200/);

	is($node->safe_psql($db, q{SELECT string_agg(key, ' ' ORDER BY key) FROM respond.event WHERE source ~ '/in/git$'}), join(' ', sort @accepted), "$db: what was accepted is recorded, each once");
}
is(join(' ', heard('new', qr/^(?!200 )/)), '', 'the other database answered nothing else');
is(join(' ', heard('old', qr/^(?!(200|404|503) )/)), '', 'the updated one nothing but that it may be tried again, or has none');
is($node->safe_psql('new', q{SELECT max(pid) FROM respond.gateway}), $before, 'the program is the same');
is($node->safe_psql($_, q{SELECT string_agg(message, '; ') FROM respond.health() WHERE NOT ok AND "check" IN ('gateway', 'workers', 'shapes', 'manifest')}), '', "$_: health() has nothing to say") for 'old', 'new';
$node->stop;
done_testing();
