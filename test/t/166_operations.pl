# What docs/operations.md tells an operator to type: every block of SQL, the queries for monitors, removing it for good.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('operations');
my $page = slurp_file("$FindBin::RealBin/../pages/operations.md");
my ($out, $err);

# section(title): its blocks of one language.
sub blocks
{
	my ($title, $language) = @_;
	my ($section) = $page =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;

	return defined $section ? $section =~ /^```$language\n(.*?)^```/msg : ();
}

# run_as(role, db, sql, message): no error, no warning.
sub run_as
{
	my ($role, $db, $sql, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($node->psql($db, "SET client_min_messages = warning;\n" . ($role ? "SET ROLE $role;\n" : '') . $sql, stdout => \$out, stderr => \$err, on_error_stop => 1), 0, $message) or diag($err);
	is($err, '', "$message: without a warning");
	return $out;
}

for my $db ('one', 'two')
{
	Respond::create_extension($node, $db);
	$node->safe_psql($db, q{CREATE TABLE watched (id integer PRIMARY KEY); SELECT respond.watch('watched')});
}
Respond::add_rule($node, 'one', 'watch', 'watched.*', [ { action => 'log', message => 'x' } ]);
$node->safe_psql('one', q{INSERT INTO watched VALUES (1); SELECT respond.settle('3 minutes')});

my @monitoring = blocks('Monitoring', 'sql');
ok(@monitoring >= 2, 'there are queries for monitors');
run_as('respond_auditor', 'one', $_, 'an auditor may run a query for monitors') for @monitoring;
my ($yaml) = blocks('Monitoring', 'yaml');
my @queries = $yaml =~ /query: (.*)/g;
ok(@queries >= 4, 'there are queries for Prometheus');
like($page, qr/\b$_\b.*\bexpr: .*\b$_\b/s, "an alert uses metric $_") for grep { /ok$|_seconds$|_total$/ } $yaml =~ /metric_name: (\w+)/g;
run_as('respond_auditor', 'one', "$_;", 'an auditor may run a query for Prometheus') for @queries;
like(run_as('respond_auditor', 'one', "$queries[0];", 'checks'), qr/^library\|1$/m, 'which tells of checks');

for my $title ('Cloning for staging')
{
	my @blocks = blocks($title, 'sql');

	ok(@blocks >= 1, "$title: there are statements");
	run_as('', 'two', $_, $title) for @blocks;
}
$node->safe_psql('two', 'SELECT respond.release()');

# docs/reference.md says what there is: settings with their defaults, columns of views, arguments of functions.
my $reference = slurp_file("$FindBin::RealBin/../pages/reference.md");
for my $setting (split /\n/, $node->safe_psql('one', q{SELECT name, current_setting(name), source FROM pg_settings WHERE name LIKE 'pg\_respond.%'}))
{
	my ($name, $default, $source) = split /\|/, $setting;

	ok($reference =~ /^\| `\Q$name\E` \| (.*?) \|/m, "the reference has $name") or next;
	is($1, $default eq '' ? "''" : $default, "its default") if $source eq 'default' && length $default < 20;
}
for my $view (split /\n/, $node->safe_psql('one', q{SELECT c.relname, string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
	WHERE c.relnamespace = 'respond'::regnamespace AND c.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1}))
{
	my ($name, $columns) = split /\|/, $view;
	my ($row) = $reference =~ /^\| `\Q$name\E` \| (.*)\|$/m;

	is(join(', ', grep { $columns =~ /\b$_\b/ } ($row // '') =~ /^[^:]*/ ? $& =~ /(\w+)/g : ()), $columns, "the reference has the columns of view $name");
}
for my $function (split /\n/, $node->safe_psql('one', q{SELECT DISTINCT p.proname, a.name FROM pg_proc AS p, unnest(p.proargnames) WITH ORDINALITY AS a (name, n)
	WHERE p.pronamespace = 'respond'::regnamespace AND p.prokind = 'f' AND p.proname !~ '^private_' AND (p.proargmodes IS NULL OR p.proargmodes[a.n] IN ('i', 't', 'o'))}))
{
	my ($name, $argument) = split /\|/, $function;

	like($reference, qr/^\| `$name\([^|]*\|.*\b\Q$argument\E\b|^\| `$name\([^|]*\b\Q$argument\E\b/m, "the reference has $argument of $name()");
}

my @removing = blocks('Removing it for good', 'sql');
is(scalar @removing, 3, 'removing has three steps');
for my $db ('one', 'two')
{
	run_as('', $db, $removing[0], "$db: the extension is removed");
	run_as('', $db, 'INSERT INTO watched VALUES (2);', "$db: tables that were watched stay");
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'respond%'}), '0', "$db: no schema is left");
}
run_as('', $_, $removing[1], "$_: privileges are gone") for 'one', 'two';
run_as('', 'postgres', $removing[2], 'the roles are removed');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_roles WHERE rolname LIKE 'respond%'}), '0', 'no role is left');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datacl::text LIKE '%respond%'}), '0', 'no right on a database is left');
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
run_as('', 'one', 'INSERT INTO watched VALUES (3);', 'without the library the tables can be written to');
$node->stop;
done_testing();
