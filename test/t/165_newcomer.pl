# What a newcomer does: the first block of the README, pasted whole into psql, then every other block of it, and its recipes.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use Digest::SHA qw(hmac_sha256_hex);

my $node = Respond::node('newcomer');
my $at = '127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port();
my $page = slurp_file("$FindBin::RealBin/../pages/README.md") =~ s/127\.0\.0\.1:8330/$at/gr;
my ($out, $err);

# section(title): the text below a heading.
sub section
{
	my ($title) = @_;
	my ($text) = $page =~ /^##+ \Q$title\E\n(.*?)(?=^##+ |\z)/ms;

	return $text // '';
}

# paste(db, sql, message): no error, no warning.
sub paste
{
	my ($db, $sql, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($node->psql($db, "SET client_min_messages = warning;\n$sql", stdout => \$out, stderr => \$err, on_error_stop => 1), 0, $message) or diag($err);
	is($err, '', "$message: without a warning");
	return;
}

# shell(command, message): run where psql finds the database without being told.
sub shell
{
	my ($command, $message) = @_;
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'desk');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(system('sh', '-ec', $command), 0, $message);
	return;
}

my ($block) = $page =~ /^```sql\n(.*?)^```/ms;

ok($block =~ /CREATE EXTENSION/, 'the README begins with a block of SQL');
is($node->psql('postgres', $block, stdout => \$out, stderr => \$err, on_error_stop => 1), 0, 'it can be pasted whole');
is($err, '', 'without an error or a warning');
like($out, qr/^t$/m, 'settle() waits for the workers');
like($out, qr/^1\|Payment 42 failed\|.*billing/m, 'the ticket is shown');
like($out, qr/\|mail\|failed payment\|/, 'the mail is shown');
like($out, qr/\|billing\|failed payment\|/, 'the message to Slack is shown');
like($out, qr/\|rule:failed payment\|ticket\.created\|ticket\|1\|/, 'the audit row is shown');

# The other blocks, in their order, where the first one was pasted.
my $place = PostgreSQL::Test::Utils::tempdir();
my ($make_key) = section('Operations') =~ m{^(openssl rand.*) > /etc/postgresql/respond\.key$}m;

chdir $place or die $!;
append_to_file('events.tsv', "stock.low\t{\"left\": 2}\n");
shell("umask 077; $make_key > respond.key", 'a key is made as the README says');
Respond::configure($node, 'pg_respond.secret_key_file' => "$place/respond.key");
$node->reload;
$node->safe_psql('postgres', 'CREATE DATABASE other');
paste('other', join('', section('Installing') =~ /^```sql\n(.*?)^```/msg), 'Installing');
for my $title ('Record an event', 'Watch a table', 'Write a rule', 'Try a rule without effects', 'Let a rule wait', 'Send messages', 'Listen for events',
	'Take webhooks in', 'Work on tickets', 'Trace where something came from', 'Hide a field', 'Mute events', 'Run again')
{
	my @blocks = section($title) =~ /^```sql\n(.*?)^```/msg;

	cmp_ok(scalar @blocks, '>=', 1, "$title: there are statements");
	paste('desk', $_, $title) for @blocks;
}
is($node->safe_psql('desk', q{SELECT string_agg(action, ' ' ORDER BY n) FROM respond.rule, jsonb_array_elements(steps) WITH ORDINALITY AS s (step, n), LATERAL (SELECT step->>'action') AS a (action) WHERE name = 'large refund'}),
	'ticket sql emit', 'the rule of the README is there');
Respond::wait_until($node, 'desk', q{SELECT count(*) = 1 FROM respond.waiting WHERE rule = 'unpaid order' AND waits_for = 'event order.paid' AND due_at > since}, 'the run waits');
Gateway::wait_ready($at, 'desk', 'the gateway of the README answers');
my ($export) = section('Keep rules under version control') =~ /^```sh\n(.*?)^```/ms;
shell($export, 'rules go into a file and back');
ok(-s 'rules.json', 'the file has them');

# Recipes: each is pasted, then used.
my %used = (
	'Warn once when stock runs low' => [
		q{INSERT INTO article VALUES ('x', 10, 5); UPDATE article SET stock = 4; UPDATE article SET stock = 3; UPDATE article SET stock = 6},
		q{SELECT string_agg(body::jsonb->>'text', ',') = 'x: 4 left' FROM respond.delivery WHERE rule = 'low stock'} ],
	'Send every change of an order to another system, in order' => [
		q{INSERT INTO shop_order VALUES (1, 'new'); UPDATE shop_order SET status = 'paid'; DELETE FROM shop_order},
		q{SELECT string_agg(e.type, ',' ORDER BY d.id) = 'shop_order.inserted,shop_order.updated,shop_order.deleted' FROM respond.delivery AS d JOIN respond.event AS e ON e.id = d.event_id WHERE d.channel = 'erp'} ],
	'Lock an account after five failed logins in ten minutes' => [
		q{INSERT INTO login SELECT 'eve', false FROM generate_series(1, 5); INSERT INTO login SELECT 'ann', n = 5 FROM generate_series(1, 5) AS n},
		q{SELECT string_agg(account, ',') = 'eve' FROM locked} ],
	'Hear about what failed' => [
		q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('no', 'no', '[{"action": "fail", "message": "no"}]');
		  INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('inside', 'webhook', 'http://127.0.0.1:9/', 1);
		  SELECT respond.send_test('inside'), respond.emit('no')},
		q{SELECT count(*) FILTER (WHERE subject LIKE 'inside: %refused%') = 1 AND count(*) FILTER (WHERE subject LIKE 'no: %') = 1 FROM respond.ticket} ],
	# as GitHub sends it, to the url that the README names
	'Open a ticket for each new issue on GitHub' => [
		sub {
			my ($path) = $page =~ m{`http://\Q$at\E(/desk/in/\S+?)`};
			my ($secret) = $page =~ /'github', 'github', '(.*?)'/;
			my $body = '{"action": "opened", "issue": {"title": "It burns", "body": "Help!", "html_url": "https://github.example/a/b/issues/7"}}';

			is(Gateway::status($at, 'POST', $path, { 'Content-Type' => 'application/json', 'X-GitHub-Event' => 'issues', 'X-GitHub-Delivery' => $_,
				'X-Hub-Signature-256' => 'sha256=' . hmac_sha256_hex($body, $secret) }, $body), 200, "webhook $_ is taken") for qw(d-1 d-2);
		},
		q{SELECT count(DISTINCT t.id) = 1 AND count(c.id) = 1 FROM respond.ticket AS t LEFT JOIN respond.comment AS c ON c.ticket_id = t.id WHERE t.subject = 'It burns' AND t.description = 'Help!'} ],
	# its next time is in a moment, and the one after it in a year
	'Do something every day' => [
		q{UPDATE respond.schedule SET timezone = 'UTC', cron = to_char(now() AT TIME ZONE 'UTC' + interval '3 seconds', 'SS MI HH24 DD MM') || ' *' WHERE name = 'daily report'},
		q{SELECT count(*) = 1 FROM respond.event WHERE type = 'report.due'} ]);
my @recipes = section('Recipes') =~ /^\*\*(.*?)[.:]?\*\*.*?\n\n```(\w+)\n(.*?)^```/msg;

is(join("\n", sort map { $recipes[3 * $_] } 0 .. $#recipes / 3), join("\n", sort keys %used), 'each recipe is tried here');
while (my ($title, $language, $text) = splice @recipes, 0, 3)
{
	if ($language eq 'sql')
	{
		paste('desk', $text, $title);
	}
	else
	{
		shell("$text$text", "$title: twice");
	}
	next unless $used{$title};
	ref $used{$title}[0] ? $used{$title}[0]->() : $node->safe_psql('desk', $used{$title}[0]);
	Respond::wait_until($node, 'desk', $used{$title}[1], "$title: it does");
}

is($node->psql('desk', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT respond.settle()', stderr => \$err), 3, 'settle() refuses a snapshot that cannot see the work of others');
like($err, qr/settle\(\) cannot see the work of others.*READ COMMITTED/s, 'in words');
$node->safe_psql('desk', q{SELECT respond.hold('test')});
Respond::wait_until($node, 'desk', q{SELECT count(*) = 5 FROM respond.worker WHERE database = 'desk' AND state = 'holding'}, 'the workers hold');
$node->safe_psql('desk', q{SELECT respond.emit('any.thing')});
is($node->safe_psql('desk', q{SELECT respond.settle('100 ms')}), 'f', 'settle() says when time ran out');
$node->safe_psql('desk', 'SELECT respond.release()');
is($node->safe_psql('desk', q{SELECT respond.settle('3 minutes')}), 't', 'and when all is handled');
chdir '/';
$node->stop;
done_testing();
