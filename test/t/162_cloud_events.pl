# An event has the attributes of CloudEvents, and the same ones wherever it goes.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();
use Encode ();
use utf8;

my $node = Respond::node('cloud', fsync => 'off', max_connections => 30);
my $db = 'möin {x} desk';
my $json = JSON::PP->new->utf8(0);

utf8::encode(my $name = $db);
$node->safe_psql('postgres', qq{CREATE DATABASE "$name" ENCODING 'UTF8' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'});
Respond::create_extension($node, $name);

sub one
{
	my ($query) = @_;

	utf8::encode($query);
	my $out = $node->safe_psql($name, $query);
	utf8::decode($out);
	return $out;
}

# RFC 3986, appendix A, as one expression
my $pct = '%[0-9A-Fa-f]{2}';
my $pchar = "(?:[A-Za-z0-9._~!\$&'()*+,;=:\@-]|$pct)";
my $nocolon = "(?:[A-Za-z0-9._~!\$&'()*+,;=\@-]|$pct)";
my $authority = "(?:(?:[A-Za-z0-9._~!\$&'()*+,;=:-]|$pct)*\@)?(?:\\[[0-9A-Fa-f:.]+\\]|(?:[A-Za-z0-9._~!\$&'()*+,;=-]|$pct)*)(?::[0-9]*)?";
my $tail = "(?:\\?(?:$pchar|[/?])*)?(?:#(?:$pchar|[/?])*)?";
my $uri = qr{\A(?:[A-Za-z][A-Za-z0-9+.-]*:(?://$authority(?:/$pchar*)*|/(?:$pchar+(?:/$pchar*)*)?|$pchar+(?:/$pchar*)*)?|//$authority(?:/$pchar*)*|/(?:$pchar+(?:/$pchar*)*)?|$nocolon+(?:/$pchar*)*)?$tail\z};

one(q{INSERT INTO respond.channel (name, kind, url, enabled) VALUES ('hook', 'webhook', 'https://x.example/', false);
	INSERT INTO respond.rule (name, event_type, steps) VALUES ('to hook', '*', '[{"action": "notify", "channel": "hook"}]');
	INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('all', '*', 'events')});
my $listener = Respond::session($node, $name);
$listener->query_safe('LISTEN events');

sub decode_header
{
	my ($value) = @_;

	return undef unless defined $value;
	$value =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
	return Encode::decode('UTF-8', $value);
}

# check_event(name, columns and values, attributes that are known)
sub check_event
{
	my ($what, $columns, $values, %wanted) = @_;
	my $id = one("INSERT INTO respond.event ($columns) VALUES ($values) RETURNING id");

	Respond::wait_idle($node, $name);
	my $view = $json->decode(one("SELECT cloud_event FROM respond.cloud_event WHERE id = $id"));
	my $headers = $json->decode(one("SELECT headers FROM respond.delivery WHERE event_id = $id"));
	my $body = $json->decode(one("SELECT body FROM respond.delivery WHERE event_id = $id"));
	my $told = $listener->query('SELECT 1');
	utf8::decode($told);
	my ($payload) = $told =~ /payload "(\{.*\})" received/s;
	my $sent = defined $payload ? $json->decode($payload) : {};

	like($view->{id}, qr/^$id-[0-9a-f]+$/, "$what: the id is more than a number");
	for my $attribute (qw(id source type subject time))
	{
		is(decode_header($headers->{"ce-$attribute"}), $view->{$attribute}, "$what: $attribute is the same in the webhook");
		is($sent->{$attribute}, $view->{$attribute}, "$what: and in NOTIFY");
	}
	is($body->{timestamp}, $view->{time}, "$what: so is the timestamp in the body");
	like($view->{source}, $uri, "$what: the source is a URI-reference");
	for my $attribute (grep { $_ ne 'data' } sort keys %$view)
	{
		like($attribute, qr/^[a-z0-9]{1,20}$/, "$what: name of $attribute");
		ok($view->{$attribute} ne '' && $view->{$attribute} !~ /[\x00-\x1f\x7f-\x9f\x{fffe}\x{ffff}]/, "$what: $attribute has no control characters");
	}
	ok(!defined $view->{time} || $view->{time} =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/, "$what: the time is that of RFC 3339");
	is($view->{$_}, $wanted{$_}, "$what: $_") for sort keys %wanted;
}

check_event('the default source', 'type', q{'a'}, source => '/m%C3%B6in%20%7Bx%7D%20desk', subject => undef);
check_event('a source that is one', 'type, source, subject', q{'a', 'https://shop.example/x?y=1#z', 'order/1'}, source => 'https://shop.example/x?y=1#z', subject => 'order/1');
check_event('a source with everything', 'type, source', q{'a', 'My shop: 50% off #1 #2 <"ö">'}, source => 'My%20shop%3A%2050%25%20off%20#1%20%232%20%3C%22%C3%B6%22%3E');
check_event('a source with brackets', 'type, source', q{'a', 'a[1]:b'}, source => 'a%5B1%5D%3Ab');
check_event('control characters', 'type, subject, key', qq{'a', E'a\\nb\\u0085c\\uFFFE', E'\\x01\\x7f'}, subject => 'a%0Ab%C2%85c%EF%BF%BE', key => '%01%7F');
check_event('umlauts', 'type, subject', q{'ä', 'ü "1" 100%'}, type => 'ä', subject => 'ü "1" 100%');
check_event('the year 10000', 'type, "time"', q{'a', '10000-01-01 00:00:00+00'}, time => undef);
check_event('just before', 'type, "time"', q{'a', '9999-12-31 23:59:59.999999+00'}, time => '9999-12-31T23:59:59.999999Z');
check_event('before Christ', 'type, "time"', q{'a', '0044-03-15 12:00:00+00 BC'}, time => undef);
check_event('the first year', 'type, "time"', q{'a', '0001-01-01 00:00:00+00'}, time => '0001-01-01T00:00:00.000000Z');
check_event('never', 'type, "time"', q{'a', '-infinity'}, time => undef);
is(one(q{SELECT count(*) - count(DISTINCT cloud_event->>'id') FROM respond.cloud_event}), '0', 'no id twice');

$listener->quit;
$node->stop;
done_testing();
