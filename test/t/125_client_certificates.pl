# Receivers that ask for a certificate.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $certificates = Peers::certificates();
my $dir = PostgreSQL::Test::Utils::tempdir('client');

# openssl(words...): in the folder of the client's files
sub openssl
{
	return system("cd '$dir' && openssl " . join(' ', map { "'$_'" } @_) . ' > /dev/null 2>&1') == 0 || die 'openssl: ' . join(' ', @_);
}

for my $name (qw(client other))
{
	openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$name.key", '-out', "$name.csr", '-subj', "/CN=$name of the courier");
	openssl('x509', '-req', '-in', "$name.csr", '-CA', "$certificates/ca.pem", '-CAkey', "$certificates/ca.key", '-set_serial', int(rand(1e9)), '-days', '2', '-out', "$name.pem");
	PostgreSQL::Test::Utils::append_to_file("$dir/$name.both", Peers::slurp("$dir/$name.pem") . Peers::slurp("$dir/$name.key"));
	chmod(0600, "$dir/$name.both", "$dir/$name.key");
}
PostgreSQL::Test::Utils::append_to_file("$dir/server.py", <<'END');
# HTTPS that wants a certificate, and writes down whose it was.
import argparse, http.server, ssl, sys
parser = argparse.ArgumentParser()
parser.add_argument("--log")
parser.add_argument("--port-file")
parser.add_argument("--certificates")
options = parser.parse_args()
class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	def do_POST(self):
		self.rfile.read(int(self.headers.get("content-length", 0)))
		subject = dict(item[0] for item in self.connection.getpeercert()["subject"])
		open(options.log, "a").write(self.path + " " + subject["commonName"] + "\n")
		self.send_response(200)
		self.send_header("Content-Length", "0")
		self.end_headers()
class Server(http.server.ThreadingHTTPServer):
	daemon_threads = True
	def finish_request(self, request, address):
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(options.certificates + "/server.pem", options.certificates + "/server.key")
		context.load_verify_locations(options.certificates + "/ca.pem")
		context.verify_mode = ssl.CERT_REQUIRED
		super().finish_request(context.wrap_socket(request, server_side=True), address)
	def handle_error(self, request, address):
		pass
server = Server(("127.0.0.1", 0), Handler)
open(options.port_file, "w").write(f"{server.server_port}\n")
server.serve_forever()
END

my $courier = Courier::start('certificates', 'pg_respond.ca_file' => "$certificates/ca.pem");
my $node = $courier->node;
my $server = Peers::start('mtls', '/usr/bin/python3', "$dir/server.py", '--certificates', $certificates);
my $base = "https://127.0.0.1:$server->{port}";

sub one { return $courier->one(@_); }

$courier->channel('both files', 'webhook', "$base/both", options => { client_cert => "$dir/client.pem", client_key => "$dir/client.key" });
$courier->channel('one file', 'webhook', "$base/one", options => { client_cert => "$dir/other.both" });
$courier->channel('none', 'webhook', "$base/none", max_attempts => 1);
$courier->channel('missing', 'webhook', "$base/missing", max_attempts => 1, options => { client_cert => "$dir/nowhere.pem" });
for (1 .. 2)
{
	$courier->arrives('both files', 'a certificate and its key', { text => 'x' });
	$courier->arrives('one file', 'both in one file', { text => 'x' });
}
is(Peers::slurp($server->{log}), "/both client of the courier\n/one other of the courier\n" x 2, 'each channel shows its own, on connections of its own');
for my $name (qw(none missing))
{
	my $event = $courier->fire($name);

	$courier->until($event, q{status = 'dead'}, "$name: without a certificate there is no delivery");
	like($courier->delivery($event)->{last_error}, qr/\w/, "$name: and the row says why");
}

# whose files
one('CREATE ROLE ann LOGIN; GRANT respond_admin TO ann');
like($courier->error("SET ROLE ann; INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'webhook', '$base/', '{\"client_cert\": \"/etc/passwd\"}')"), qr/options\.client_cert: only superusers may name files/, 'an admin cannot name a file');
like($courier->error(q{SET ROLE ann; INSERT INTO respond.channel_kind (name, transport, options) VALUES ('x', 'http', '{"client_key": "/etc/passwd"}')}), qr/options\.client_key: only superusers may name files/, 'nor as a default of a kind');
like($courier->error("SET ROLE ann; UPDATE respond.channel SET url = 'https://127.0.0.1:1/' WHERE name = 'both files'"), qr/options\.client_(?:cert|key): only superusers may name files/, 'nor have it used for another host');
one("INSERT INTO respond.channel_kind (name, transport, url, options) VALUES ('partner', 'http', '$base/both', '{\"client_cert\": \"$dir/other.both\"}'), ('anywhere', 'http', '$base/both', '{\"client_cert\": null}')");
like($courier->error(q{SET ROLE ann; INSERT INTO respond.channel (name, kind, url) VALUES ('x', 'partner', 'https://127.0.0.1:1/')}), qr/options\.client_cert: that of kind "partner" is for the host of the kind's url/, 'nor that of a kind for another host');
one("SET ROLE ann; INSERT INTO respond.channel (name, kind, url) VALUES ('partner', 'partner', '$base/partner'); INSERT INTO respond.channel (name, kind, url, options) VALUES ('no partner', 'partner', 'https://127.0.0.1:1/', '{\"client_cert\": null}'), ('free', 'anywhere', 'https://127.0.0.1:1/', '{}')");
like($courier->error(q{SET ROLE ann; UPDATE respond.channel SET kind = 'partner' WHERE name = 'free'; UPDATE respond.channel SET url = 'https://127.0.0.1:2/' WHERE name = 'free'}), qr/options\.client_cert: that of kind "partner"/, 'in two steps neither');
like($courier->error(q{SET ROLE ann; UPDATE respond.channel SET url = 'https://127.0.0.1:2/' WHERE name = 'partner'}), qr/options\.client_cert: that of kind "partner"/, 'nor by a change');
one(q{SET ROLE ann; UPDATE respond.channel SET description = 'x' WHERE name = 'both files'});
$courier->arrives('both files', 'but may change the rest', { text => 'x' });
like($courier->error("INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'webhook', '$base/', '{\"client_cert\": \"client.pem\"}')"), qr/options\.client_cert: must be the absolute path/, 'a path is absolute');
like($courier->error("INSERT INTO respond.channel (name, kind, url, options) VALUES ('x', 'webhook', '$base/', '{\"client_cert\": [\"/x\"]}')"), qr/options\.client_cert: must be a text/, 'and one');
is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'without an error of the courier');

$courier->stop;
done_testing();
