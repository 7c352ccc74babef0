# Answers of a real web server: HTTP/2 over TLS, large ones side by side on one connection, chunks, and a server that is reloaded.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Peers;
use Requests;
use Respond;

my $certificates = Peers::certificates();
my $requests = Requests::start('answers', 'pg_respond.ca_file' => "$certificates/ca.pem");
my ($tls, $plain) = (Peers::free_port(), Peers::free_port());
my $folder = PostgreSQL::Test::Utils::tempdir();
my $large = join('', map { "line $_\n" } 1 .. 60_000);

PostgreSQL::Test::Utils::append_to_file("$folder/large.txt", $large);
PostgreSQL::Test::Utils::append_to_file("$folder/large.json", '{"text": "' . ('x' x 900_000) . '"}');
chmod(0755, $folder);
chmod(0644, "$folder/large.txt", "$folder/large.json");
my $nginx = Peers::nginx(ports => [ $tls, $plain ], http => <<"END");
	gzip on;
	gzip_types *;
	types { application/json json; text/plain txt; }
	server {
		listen 127.0.0.1:$tls ssl http2;
		listen 127.0.0.1:$plain;
		root $folder;
		location /proxied/ { proxy_pass http://127.0.0.1:$plain/; proxy_http_version 1.0; proxy_buffering off; }
		location /auth { add_header Set-Cookie a=1 always; add_header Set-Cookie b=2 always; return 401 '{"error": "who are you"}'; default_type application/json; }
	}
END

for my $base ("https://localhost:$tls", "http://localhost:$plain", "http://localhost:$plain/proxied")
{
	is($requests->answer($requests->ask("$base/large.txt"))->{body}, $large, "$base: a large text");
	my $answer = $requests->answer($requests->ask("$base/large.json"));
	is($answer->{body}{text}, 'x' x 900_000, 'and large JSON');
	is($answer->{headers}{'content-encoding'}, undef, 'as it is');
	$answer = $requests->answer($requests->ask("$base/large.txt", max_body => 1000));
	like($answer->{error}, qr/response too large: it has more than 1000 bytes$/, 'more than is wanted');
	is($requests->answer($requests->ask("$base/large.txt", method => 'HEAD'))->{body}, undef, 'HEAD');
	is($requests->answer($requests->ask("$base/none.txt"))->{status}, 404, 'nothing there');
}

# Sizes around the borders of buffers, frames and windows.
for my $size (map { ($_ - 1, $_, $_ + 1) } 4096, 16384, 65535, 131072, 262144)
{
	PostgreSQL::Test::Utils::append_to_file("$folder/$size.txt", 'x' x $size);
	chmod(0644, "$folder/$size.txt");
	is(length($requests->answer($requests->ask("https://localhost:$tls/$size.txt"))->{body} // ''), $size, "$size bytes");
}
my $answer = $requests->answer($requests->ask("https://localhost:$tls/auth", expect => [ 401 ]));
is_deeply([ $answer->{body}, $answer->{headers}{'set-cookie'} ], [ { error => 'who are you' }, [ 'a=1', 'b=2' ] ], 'a refusal that is expected');

# Streams of one connection, and one that is taken away in the middle.
my @types = map { $requests->rule({ action => 'request', name => 'r', url => "https://localhost:$tls/large.$_", max_attempts => 20, retry_after => '50 ms' }) } qw(txt json);
$requests->one("INSERT INTO respond.event (type) SELECT t FROM unnest(ARRAY['$types[0]', '$types[1]']) AS t, generate_series(1, 60)");
Respond::wait_until($requests->node, $requests->db, q{SELECT count(*) > 10 FROM respond.run WHERE rule LIKE 'rule ask.%' AND status = 'succeeded' AND state->'r'->>'status' = '200'});
$nginx->reload;
Respond::wait_until($requests->node, $requests->db, "SELECT count(*) = 120 FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id
	WHERE e.type IN ('$types[0]', '$types[1]') AND r.status = 'succeeded'
	  AND length(coalesce(r.state->'r'->'body'->>'text', r.state->'r'->>'body')) IN (900000, " . length($large) . ')', 'all answers come whole');

# A certificate that nobody has signed.
like($requests->answer($requests->ask("https://127.0.0.2:$tls/large.txt", timeout => '3 s'))->{error}, qr/given up after 1 try|timed out/, 'nobody else is asked');

done_testing();
