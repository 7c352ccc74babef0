# What a newcomer does first: the first block of the README, pasted whole into psql.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('newcomer');
my ($block) = slurp_file("$FindBin::RealBin/../pages/README.md") =~ /^```sql\n(.*?)^```/ms;
my ($out, $err);

ok($block =~ /CREATE EXTENSION/, 'the README begins with a block of SQL');
is($node->psql('postgres', $block, stdout => \$out, stderr => \$err, on_error_stop => 1), 0, 'it can be pasted whole');
is($err, '', 'without an error or a warning');
like($out, qr/^t$/m, 'settle() waits for the workers');
like($out, qr/^1\|Payment 42 failed\|.*billing/m, 'the ticket is shown');
like($out, qr/\|mail\|failed payment\|/, 'the mail is shown');
like($out, qr/\|billing\|failed payment\|/, 'the message to Slack is shown');
like($out, qr/\|rule:failed payment\|ticket\.created\|ticket\|1\|/, 'the audit row is shown');
is($node->psql('desk', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT respond.settle()', stderr => \$err), 3, 'settle() refuses a snapshot that cannot see the work of others');
like($err, qr/settle\(\) cannot see the work of others.*READ COMMITTED/s, 'in words');
$node->safe_psql('desk', q{SELECT respond.hold('test')});
Respond::wait_until($node, 'desk', q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, 'the workers hold');
$node->safe_psql('desk', q{SELECT respond.emit('any.thing')});
is($node->safe_psql('desk', q{SELECT respond.settle('100 ms')}), 'f', 'settle() says when time ran out');
$node->safe_psql('desk', 'SELECT respond.release()');
is($node->safe_psql('desk', q{SELECT respond.settle('3 minutes')}), 't', 'and when all is handled');
$node->stop;
done_testing();
