# Patterns mean the same in databases of every encoding.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use utf8;
use Encode ();

my $node = Respond::node('encodings', fsync => 'off', max_connections => 40);

# psql speaks UTF-8; the server converts
$ENV{PGCLIENTENCODING} = 'UTF8';

sub one
{
	my ($db, $query) = @_;

	utf8::encode($query);
	my $out = $node->safe_psql($db, $query);
	utf8::decode($out);
	return $out;
}

# percent(text): as urls have it
sub percent
{
	return Encode::encode('UTF-8', $_[0]) =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord($1))/ger;
}

# words(upper, lower): of the encoding's script
my %words = (
	UTF8 => [ 'ÄRGER', 'ärger' ], LATIN1 => [ 'ÄRGER', 'ärger' ], LATIN9 => [ 'ŽŒÄ', 'žœä' ], LATIN2 => [ 'ŁÓDŹ', 'łódź' ],
	WIN1252 => [ 'ŠÄ', 'šä' ], KOI8R => [ 'МОСКВА', 'москва' ], WIN1253 => [ 'ΑΒΓ', 'αβγ' ], EUC_JP => [ 'ＡＢЖ', 'ａｂж' ]);

for my $encoding (sort keys %words)
{
	my $db = lc $encoding;
	my ($upper, $lower) = @{ $words{$encoding} };
	my $first = substr($upper, 0, 1);
	my $last = substr($upper, -1);

	one('postgres', qq{CREATE DATABASE $db ENCODING '$encoding' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'});
	Respond::create_extension($node, $db);
	is(one($db, qq{SELECT string_agg(what, ', ') FROM (VALUES
		('equals', '{"a": [{"equals-ignore-case": "$upper"}]}', '{"a": "$lower"}', true),
		('equals, the other way', '{"a": [{"equals-ignore-case": "$lower"}]}', '{"a": "$upper"}', true),
		('equals with ascii', '{"a": [{"equals-ignore-case": "x$lower y"}]}', '{"a": "X$upper Y"}', true),
		('equals is not longer', '{"a": [{"equals-ignore-case": "$upper"}]}', '{"a": "$lower$last"}', false),
		('case counts', '{"a": ["$upper"]}', '{"a": "$lower"}', false),
		('exactly', '{"a": ["$upper"]}', '{"a": "$upper"}', true),
		('prefix', '{"a": [{"prefix": "$first"}]}', '{"a": "$upper"}', true),
		('prefix ignoring case', '{"a": [{"prefix": {"equals-ignore-case": "$first"}}]}', '{"a": "$lower"}', true),
		('suffix', '{"a": [{"suffix": "$last"}]}', '{"a": "$upper"}', true),
		('suffix ignoring case', '{"a": [{"suffix": {"equals-ignore-case": "$last"}}]}', '{"a": "$lower"}', true),
		('wildcard', '{"a": [{"wildcard": "*$first*$last"}]}', '{"a": "x$upper"}', true),
		('anything-but', '{"a": [{"anything-but": {"equals-ignore-case": ["$upper"]}}]}', '{"a": "$lower"}', false),
		('anything-but prefix', '{"a": [{"anything-but": {"prefix": "$first"}}]}', '{"a": "$upper"}', false),
		('name', '{"$upper": {"$lower.b": [1]}}', '{"$upper": {"$lower": {"b": 1}}}', true),
		('another name', '{"$upper": [1]}', '{"$lower": 1}', false),
		('in an array', '{"a": [{"equals-ignore-case": "$upper"}]}', '{"a": ["x", "$lower"]}', true)) AS c (what, pattern, document, wanted)
		WHERE respond.matches(pattern::jsonb, document::jsonb) <> wanted}), '', "$encoding: patterns");
	one($db, qq{INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES
		('$upper', '$first*', '{"data": {"$lower": [{"equals-ignore-case": "$upper"}]}, "subject": [{"prefix": "$lower"}], "type": [{"suffix": "$last"}]}', '[{"action": "ticket", "subject": "{{subject}} {{data.$lower}}"}]');
		INSERT INTO respond.mute (event_type, pattern) VALUES ('*', '{"data": {"muted": [{"equals-ignore-case": "$upper"}]}}');
		INSERT INTO respond.event (type, subject, data) VALUES ('$upper', '$lower/1', '{"$lower": "$lower"}'), ('$upper', '$lower/2', '{"$lower": "other"}'), ('$upper', '$lower/3', '{"$lower": "$lower", "muted": "$lower"}')});
	Respond::wait_idle($node, $db);
	is(one($db, 'SELECT string_agg(subject, $$, $$) FROM respond.ticket'), "$lower/1 $lower", "$encoding: a rule");
	is(one($db, q{SELECT string_agg(status, ',' ORDER BY event_id) FROM respond.run}), 'succeeded,suppressed', "$encoding: a mute");
	is(one($db, q{SELECT reason FROM respond.explain((SELECT id FROM respond.event WHERE subject LIKE '%/2'))}), qq{data.$lower: "other" does not satisfy equals-ignore-case "$upper"}, "$encoding: an explanation");
	my $long = $lower x 5;
	is(one($db, qq{SELECT respond.render('{{a | truncate: 7}}', '{"a": "$long"}')}), substr($long, 0, 4) . '...', "$encoding: characters are cut whole");
	is(one($db, qq{SELECT respond.render('{{a}}', '{"a": "/$lower"}', 'url')}), percent("/$lower"), "$encoding: a url has UTF-8");
	is(one($db, qq{SELECT respond.render('{{a | truncate: 7}}', '{"a": "$long"}', 'url')}), percent(substr($long, 0, 4)) . '...', "$encoding: of a text that is cut, too");
	is(one($db, qq{SELECT respond.render('{{a}}', '{"a": {"$upper": ["$lower"]}}', 'url')}), percent(qq({"$upper": ["$lower"]})), "$encoding: and of an object");
	is(one($db, qq{SELECT respond.render('{{["$upper"]["$lower x"]}}', '{"$upper": {"$lower x": "$lower"}}')}), $lower, "$encoding: a quoted name");
	my $encoded = '/' . percent($lower);
	is(one($db, qq{SELECT respond_internal.cloud_event_source('/$lower')}), $encoded, "$encoding: a source is UTF-8 in a URI");
	is(one($db, qq{SELECT respond_internal.cloud_event_text('$lower' || chr(10))}), "$lower%0A", "$encoding: a text keeps its letters");
	my ($status, $out, $err) = do { my $q = qq{SELECT respond.matches('{"$upper": [{"$lower": 1}]}', '{}')}; utf8::encode($q); $node->psql($db, $q) };
	utf8::decode($err);
	like($err, qr/pattern\.\Q$upper\E\[0\]\.\Q$lower\E: "\Q$lower\E" is not an operator/, "$encoding: an error");
}

# bytes that have no equivalent equal themselves and hurt nobody
is($node->safe_psql('win1252', q{SELECT respond.matches(jsonb_build_object('a', jsonb_build_array(jsonb_build_object('suffix', chr(129)))), jsonb_build_object('a', 'x' || chr(129)))}), 't', 'a byte without a meaning');

# a conversion of somebody's own is not called
$node->safe_psql('latin1', q{CREATE SCHEMA eve; CREATE FUNCTION eve.convert(integer, integer, cstring, internal, integer, boolean) RETURNS integer LANGUAGE c STRICT AS '$libdir/utf8_and_iso8859_1', 'iso8859_1_to_utf8';
	CREATE DEFAULT CONVERSION eve.mine FOR 'LATIN1' TO 'UTF8' FROM eve.convert});
is(one('latin1', q{SET search_path = eve; SELECT respond.matches('{"a": [{"equals-ignore-case": "Ä"}]}', '{"a": "ä"}')}), 't', 'with a default conversion in the path');

$node->stop;
done_testing();
