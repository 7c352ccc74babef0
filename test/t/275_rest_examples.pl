# The examples of docs/rest.md do what it says.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0, 'pg_respond.allowed_networks' => '127.0.0.1');
my $rest = Rest::start($node);
my $db = 'postgres';

Respond::create_extension($node, $db);
$rest->ready($db);
my $closed = PostgreSQL::Test::Cluster::get_free_port();
$node->safe_psql($db, qq{
	CREATE ROLE boss LOGIN IN ROLE respond_admin, respond_agent;
	INSERT INTO respond.ticket (id, subject) VALUES (17, 'seventeen');
	INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('hook', 'webhook', 'http://127.0.0.1:$closed/', 1)});
Respond::add_rule($node, $db, 'ask', 'refund', [ { action => 'approve', name => 'q', question => 'Refund?', approvers => ['boss'], self_approval => JSON::PP::true } ]);
Respond::add_rule($node, $db, 'remind me', 'never', [ { action => 'wait', name => 'pause', for => '1 day' } ]);
$node->safe_psql($db, q{UPDATE respond.rule SET start_roles = '{boss}'});
Respond::emit($node, $db, 'refund');
$ENV{RUN} = $node->safe_psql($db, q{SELECT respond.start('remind me')});
$ENV{DELIVERY} = $node->safe_psql($db, q{SELECT respond.send_test('hook')});
Respond::wait_until($node, $db, "SELECT (SELECT count(*) = 1 FROM respond.approval) AND (SELECT status = 'dead' FROM respond.delivery) AND (SELECT status = 'waiting' FROM respond.run WHERE id = $ENV{RUN})");
$ENV{APPROVAL} = $node->safe_psql($db, 'SELECT id FROM respond.approval');
$ENV{TOKEN} = Rest::token($node, $db, 'boss', 'boss');

my $page = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../pages/rest.md");
my $prelude = '';
my $count = 0;
my %asked;
while ($page =~ /^```sh\n(.*?)^```$/msg)
{
	my $block = $1 =~ s{http://127\.0\.0\.1:8330/desk}{http://127.0.0.1:$rest->{port}/$db}gr =~ s/"6f1d\.\.\."/*/r =~ s/ \\\n\s*/ /gr;
	for my $line (split /\n/, $block)
	{
		if ($line =~ /^(AT=|ask\(\))/)
		{
			$prelude .= "$line\n";
			next;
		}
		next if $line !~ /\S/;
		# what was asked before is over: a run is cancelled, and only then retried
		Respond::wait_until($node, $db, "SELECT status = 'cancelled' FROM respond.run WHERE id = $ENV{RUN}") if $line =~ m{/retry --json};
		Respond::wait_until($node, $db, "SELECT status = 'dead' FROM respond.delivery") if $line =~ /discard/;
		open my $script, '>', "$PostgreSQL::Test::Utils::tmp_check/script" or die $!;
		print $script "${prelude}$line -o /dev/null -w '%{http_code} %{method} %{url_effective}'\n";
		close $script;
		my $out = `bash $PostgreSQL::Test::Utils::tmp_check/script 2>&1`;
		like($out, qr/(^|\n)20[0-2] /, $line) or diag $out;
		my ($method, $path) = $out =~ m{20\d (\S+) http://[^/]+/$db(/v1/[^?]*)};
		$asked{ ($method || '') . ' ' . ($path || '') =~ s{/(\d+|[0-9a-f-]{36}|remind%20me)(?=/|$)}{/{}}r }++;
		$count++;
	}
}
cmp_ok($count, '>', 20, 'there are examples');
my $description = $rest->ask(GET => "/$db/v1/openapi.json")->{json};
my @missing;
for my $path (sort keys %{ $description->{paths} })
{
	next if $path =~ m{^/v1/(links/|stream$)} || $path !~ m{^/v1/};
	push @missing, map { uc } grep { !$asked{ uc($_) . ' ' . $path =~ s/\{\w+\}/{}/r } } sort keys %{ $description->{paths}{$path} };
	$missing[-1] .= " $path" if @missing && $missing[-1] !~ / /;
}
is_deeply(\@missing, [], 'each operation has one');
done_testing();
