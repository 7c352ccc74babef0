# health(): what is broken is told, and what the remedy says makes it ok again.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('remedies');
my $db = 'desk';
my $folder = $node->basedir;

Respond::create_extension($node, $db);

# check(name): "ok", or message and remedy.
sub check
{
	my ($name) = @_;

	return $node->safe_psql($db, qq{SELECT CASE WHEN ok THEN 'ok' ELSE message || ' -> ' || remedy END FROM respond.health() WHERE "check" = '$name'});
}

# becomes(name, regexp, message): waits until the check says so.
sub becomes
{
	my ($name, $pattern, $message) = @_;
	my $told = $pattern eq 'ok' ? 'ok' : "NOT ok AND message || ' -> ' || remedy ~ " . Respond::quote_literal($pattern);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, $db, qq{SELECT $told FROM respond.health() WHERE "check" = '$name'}, $message) || diag(check($name));
}

# setting(name, value): as an operator would.
sub setting
{
	my ($name, $value) = @_;

	$node->safe_psql($db, "ALTER SYSTEM SET $name = " . Respond::quote_literal($value));
	$node->reload;
	return;
}

is($node->safe_psql($db, 'SELECT string_agg("check", chr(10)) FROM respond.health() WHERE NOT ok'), '', 'at first all is well');

# certificates
setting('pg_respond.ca_file', "$folder/none.pem");
becomes('certificates', 'could not open file .*/none\.pem.*pg_respond\.ca_file', 'certificates: a file that is not there');
append_to_file("$folder/empty.pem", "nothing\n");
setting('pg_respond.ca_file', "$folder/empty.pem");
becomes('certificates', 'holds no certificate', 'certificates: a file without one');
setting('pg_respond.ca_file', $folder);
becomes('certificates', 'is not a file', 'certificates: a folder');
setting('pg_respond.ca_file', '');
becomes('certificates', 'ok', 'certificates: those of the system');

$node->stop;
done_testing();
