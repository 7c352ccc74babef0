# rule_map() and rule_doc() in the hands of those who read them: Graphviz, the grammar of Mermaid, CommonMark.  Whatever the names are, they come
# out as they are, and nothing of them becomes markup.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use Encode ();
use IPC::Run ();
use JSON::PP ();

my $db = 'map';
my $node = Respond::node('map');
Respond::create_extension($node, $db);
$node->safe_psql($db, 'CREATE TABLE public."odd ""table"" <t>" (id bigint PRIMARY KEY)');
$node->safe_psql($db, q{SELECT respond.watch('public."odd ""table"" <t>"')});

# What a person, or somebody who means harm, could write into a name.
my @parts = ('"', "'", '`', '``', '\\', '\\n', '\\"', '<b>', '</script>', '&', '&lt;', '&#35;', '#35;', '#quot;', ';', ':', '%%', '%%{init: {}}%%', '{{x}}', '{', '}', '[', ']',
	'](http://x.example)', '![', '(', ')', '|', '||', '*', '**', '_', '__', '~~', '#', '##', '-', '---', '-->', '==', '+', '1.', '2)', '>', '!', '$', '^', '/', '//', '=', 'end', 'graph',
	'subgraph', 'style', 'class', 'click', 'href', 'n1', 'ab', 'Z', '0', '.', ',', ' ', '  ', '@', '?', "\x{e4}", "\x{20ac}", "\x{1f600}", "\x{202e}", "\x{2028}", "\x{fffe}", "\x{ffff}", '<!--', '<?', ']]>',
	'javascript:', 'www.x.example');
srand(7);

sub odd_name
{
	my ($number) = @_;

	return join('', map { $parts[ int rand @parts ] } 1 .. 1 + int rand 8) . " $number";
}

# What is shown of a name: white space is a blank, and what is long is cut.
sub shown
{
	my ($name, $length) = @_;

	$name =~ s/[\x01-\x20\x7f\x{fffe}\x{ffff}]+/ /g;
	$name =~ s/^ | $//g;
	return length($name) > $length ? substr($name, 0, $length - 3) . '...' : $name;
}

# ask(statement, value): what the statement returns; VALUE in it stands for a value, which goes in as JSON.
sub ask
{
	my ($statement, $value) = @_;
	my $json = JSON::PP->new->ascii->allow_nonref->encode($value);
	my ($out, $error);

	$statement =~ s/VALUE/\$json\$$json\$json\$::jsonb/;
	$node->psql($db, "SET client_encoding = 'UTF8';\n$statement", stdout => \$out, stderr => \$error, on_error_die => 1);
	return Encode::decode('UTF-8', $out);
}

sub filter
{
	my ($input, @command) = @_;
	my ($out, $error);

	$input = Encode::encode('UTF-8', $input);
	my $worked = IPC::Run::run(\@command, '<', \$input, '>', \$out, '2>', \$error);
	return ($worked && $error eq '', Encode::decode('UTF-8', $out), $error);
}

sub plain
{
	my ($xml) = @_;
	my %named = (lt => '<', gt => '>', amp => '&', quot => '"', apos => "'");

	$xml =~ s/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/defined $1 ? chr(hex $1) : defined $2 ? chr $2 : $named{$3}/ge;
	return $xml;
}

my @rules = map { { name => odd_name($_), description => join("\n", map { odd_name($_) } 1 .. 3), channel => odd_name($_), type => odd_name($_),
	question => odd_name($_), sql => "SELECT 1 -- " . odd_name($_) . "\n" . '`' x ($_ % 7) . "\n" . odd_name($_) } } 1 .. 80;
my $long = "\x{e4}b\nc" x 3000;
push @rules, { name => 'long', description => $long, channel => $long, type => 'long', question => $long, sql => $long };
ask(q{BEGIN; ALTER TABLE respond.rule DISABLE TRIGGER rule_validate;
	INSERT INTO respond.rule (name, event_type, enabled, description, steps)
	SELECT r.name, 'odd.' || r.n, false, r.description, jsonb_build_array(
		jsonb_build_object('action', 'notify', 'channel', r.channel, 'text', r.description, 'if', r.question),
		jsonb_build_object('action', 'approve', 'name', r.question, 'question', r.question, 'approvers', r.question),
		jsonb_build_object('action', 'foreach', 'items', r.question, 'steps', jsonb_build_array(jsonb_build_object('action', 'sql', 'sql', r.sql))),
		jsonb_build_object('action', 'emit', 'type', r.type))
	  FROM ROWS FROM (jsonb_to_recordset(VALUE) AS (name text, description text, channel text, type text, question text, sql text)) WITH ORDINALITY
		AS r (name, description, channel, type, question, sql, n);
	ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rule_validate; COMMIT}, \@rules);
is($node->safe_psql($db, 'SELECT count(*) FROM respond.rule'), scalar @rules, 'rules with odd names');

# Names as they have to be read from a map.
my %expected = map { $_ => 1 } ('public."odd ""table"" <t>"', (map { "odd.$_" } 1 .. @rules), map { (shown($_->{name}, 80) . ' (disabled)', shown($_->{question}, 80)) } @rules);
$expected{ shown($_->{channel}, 80) . ($_->{channel} =~ /\{\{/ ? '' : ' (missing)') } = 1 for @rules;

my $dot = ask('SELECT respond.rule_map($$dot$$)');
my ($drawn, $svg, $said) = filter($dot, 'dot', '-Tsvg', '-Gsplines=line');
ok($drawn, 'Graphviz draws the map') or diag($said);
my %labels = map { $_ => 1 } map { my $text = plain($_); $text =~ s/\x{a0}/ /g; $text } $svg =~ m{<text [^>]*>([^<]*)</text>}g;
is(join("\n", grep { !$labels{$_} } sort keys %expected), '', 'and each name is in it as it is');

# The part of Mermaid's grammar that we use, strictly: a line is a node or an arrow, and nothing in a label can end it or be an entity of another kind.
my $mermaid = ask('SELECT respond.rule_map()');
my @lines = split /\n/, $mermaid, -1;
my $letter = qr/[A-Za-z0-9 \/,._()\x{80}-\x{10ffff}-]|#\d+;/;
my %shape = ('[(' => ')]', '([' => '])', '[' => ']', '>' => ']', '[\\' => '/]', '[/' => '\\]', '{{' => '}}', '[[' => ']]');
my ($nodes, $strange, %read, %known) = (0, '');
is($lines[0], 'flowchart LR', 'Mermaid: a flowchart');
for my $line (@lines[ 1 .. $#lines ])
{
	if ($line =~ /^    (n\d+)(\W+?)"((?:$letter)+)"(\W+)$/ && ($shape{$2} // '') eq $4)
	{
		my ($name, $text) = ($1, $3);

		$text =~ s/#(\d+);/chr $1/ge;
		$read{$text} = $known{$name} = 1;
		$nodes++;
	}
	elsif ($line !~ /^    (n\d+) (?:-->|-\.->)(?:\|"[a-z, ]+"\|)? (n\d+)$/ || !$known{$1} || !$known{$2})
	{
		$strange .= "$line\n" if $line ne '';
	}
}
is($strange, '', 'Mermaid: each line is a node or an arrow between nodes');
is(join("\n", grep { !$read{$_} } sort keys %expected), '', 'and each name is in it as it is');
is($nodes, () = $dot =~ /^\tn\d+ \[label/mg, 'both maps have the same nodes');

# What Markdown makes of a rule.
my @broken;
for my $rule (@rules)
{
	my $document = ask(q{SELECT respond.rule_doc(VALUE #>> '{}')}, $rule->{name});
	my ($worked, $xml, $error) = filter($document, 'cmark-gfm', '--to', 'xml', '--extension', 'table');
	my @sections = map { plain($_) } $xml =~ m{<heading level="2">\s*<text xml:space="preserve">([^<]*)</text>\s*</heading>}g;
	my ($title) = $xml =~ m{<heading level="1">(.*?)</heading>}s;
	my @code = map { plain($_) } $xml =~ m{<code_block[^>]*>([^<]*)</code_block>}g;
	my %spans = map { plain($_) => 1 } $xml =~ m{<code xml:space="preserve">([^<]*)</code>}g;
	my @wrong;

	push @wrong, "not parsed: $error" if !$worked;
	push @wrong, "sections: @sections" if "@sections" ne 'Trigger Inputs Steps Outputs Failures Record';
	push @wrong, 'HTML, an image, a link or a rule' if $xml =~ /<(?:html|image|link|thematic_break|block_quote|emph|strong)/;
	push @wrong, "title: $title" if join('', map { plain($_) } $title =~ m{<text xml:space="preserve">([^<]*)</text>}g) ne shown($rule->{name}, 1e6);
	push @wrong, "code: @code" if "@code" ne ($rule->{sql} =~ tr/\x{fffe}\x{ffff}/ /r) . "\n";
	push @wrong, 'the question' if !$spans{ shown($rule->{question}, 200) };
	push @wrong, 'items: ' . (() = $xml =~ /<item>/g) if (() = $xml =~ m{<code xml:space="preserve">steps\[\d\]</code>}g) < 4;
	push @broken, "$rule->{name}: " . join('; ', @wrong) . "\n$document" if @wrong;
}
is(scalar @broken, 0, 'CommonMark reads each rule as it was meant') or diag(join("\n", @broken[ 0 .. ($#broken < 2 ? $#broken : 2) ]));

# A rule that ran tells how often.
Respond::add_rule($node, $db, 'counted', 'counted', [ { action => 'fail', if => q{data ->> 'n' = '2'}, message => 'x' } ]);
Respond::emit($node, $db, 'counted', { n => $_ }) for 1 .. 3;
Respond::wait_until($node, $db, q{SELECT matched = 3 FROM respond.rule_stats WHERE rule = 'counted'});
my ($whole, $table) = filter(ask(q{SELECT respond.rule_doc('counted')}), 'cmark-gfm', '--to', 'html', '--extension', 'table');
like($table, qr{<td align="right">3</td>\s*<td align="right">2</td>\s*<td align="right">1</td>\s*<td align="right">0</td>\s*<td align="right">0</td>}, 'the record is a table');

$node->stop;
done_testing();
