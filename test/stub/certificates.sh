#!/bin/bash
# Makes the certificates that the tests of TLS need, in the folder given.
#
# usage: certificates.sh DIR
#
#	ca.pem, ca.key				a private authority; give ca.pem to the client
#	server.pem, server.key		good: localhost, 127.0.0.1, ::1, mail.test, hook.test
#	expired.pem, expired.key	the same names, but it ended on 2001-02-01
#	future.pem, future.key		the same names, begins on 2049-01-01
#	wrong.pem, wrong.key		of the authority, but for other.test
#	self.pem, self.key			the same names, signed by nobody
#
# Each but self.pem has ca.pem behind it.  Nothing is made again that is there and still good for a week: tests
# may call this as often as they like, also at the same time.
set -eu
[ $# = 1 ] || { echo "usage: certificates.sh DIR" >&2; exit 2; }
target=$1
names=DNS:localhost,DNS:mail.test,DNS:hook.test,IP:127.0.0.1,IP:::1

mkdir -p "$target"
exec 9> "$target/lock"
flock 9
# self.pem is moved there last.
if openssl x509 -in "$target/self.pem" -noout -checkend 604800 > /dev/null 2>&1; then
	exit 0
fi
work=$(mktemp -d "$target/new.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Only "openssl ca" of OpenSSL 3.0 takes dates in the past.
cat > "$work/ca.cnf" <<-END
	[ca]
	default_ca = private
	[private]
	new_certs_dir = $work
	database = $work/index
	rand_serial = yes
	default_md = sha256
	policy = any
	unique_subject = no
	email_in_dn = no
	[any]
	commonName = supplied
END
: > "$work/index"

# Never the user's own openssl.cnf: what it adds would end up in the certificates.
quietly()
{
	OPENSSL_CONF=/dev/null "$@" 2> "$work/errors" || { cat "$work/errors" >&2; exit 1; }
}

new_key()
{
	quietly openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
}

# name of the file, names in the certificate, first day, last day
issue()
{
	new_key "$1"
	quietly openssl req -new -key "$work/$1.key" -subj "/CN=$1" -config <(echo "[req]
distinguished_name = name
[name]") -out "$work/$1.csr"
	printf 'subjectAltName = %s\nbasicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\n' "$2" > "$work/$1.ext"
	quietly openssl ca -batch -notext -config "$work/ca.cnf" -cert "$work/ca.pem" -keyfile "$work/ca.key" \
		-startdate "$3" -enddate "$4" -extfile "$work/$1.ext" -in "$work/$1.csr" -out "$work/$1.pem"
	cat "$work/ca.pem" >> "$work/$1.pem"
}

# name of the file, days, lines of extensions
self_sign()
{
	new_key "$1"
	quietly openssl req -x509 -new -key "$work/$1.key" -subj "/CN=$1" -days "$2" -config <(echo "[req]
distinguished_name = name
x509_extensions = extensions
[name]
[extensions]
$3") -out "$work/$1.pem"
}

yesterday=$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)
next_year=$(date -u -d '1 year' +%Y%m%d%H%M%SZ)
self_sign ca 7300 "basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash"
issue server "$names" "$yesterday" "$next_year"
issue expired "$names" 20010101000000Z 20010201000000Z
issue future "$names" 20490101000000Z 20490201000000Z
issue wrong DNS:other.test "$yesterday" "$next_year"
self_sign self 365 "subjectAltName = $names
basicConstraints = CA:FALSE"
# the key first, self.pem at the very end
for name in ca server expired future wrong self; do
	chmod 600 "$work/$name.key"
	mv -f "$work/$name.key" "$work/$name.pem" "$target/"
done
