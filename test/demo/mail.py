#!/usr/bin/python3
"""The mail server of the demo, aiosmtpd: takes every mail and prints it.

usage: mail.py --port-file FILE --log FILE --certificate FILE --key FILE --user USER --password-file FILE

Listens on a free port of 127.0.0.1, which it writes to the port file.  Takes mail only under
TLS (STARTTLS) and from the user who knows the password, as a real mail server for submission
does.  Relays nothing.
"""
import argparse
import asyncio
import email
import email.policy
import hmac
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Desk:
	"""Who may send, and what happens to a mail."""

	def __init__(self, options):
		self.user = options.user.encode()
		with open(options.password_file, "rb") as file:
			self.password = file.read().strip()
		self.log = open(options.log, "a", encoding="utf-8")
		self.count = 0

	def check_login(self, _server, _session, _envelope, _mechanism, data):
		known = hmac.compare_digest(data.login, self.user) & hmac.compare_digest(data.password, self.password)
		return AuthResult(success=known, handled=False, auth_data=data.login.decode() if known else None)

	async def handle_DATA(self, _server, session, envelope):
		mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
		self.count += 1
		lines = [f"mail {self.count} to {', '.join(envelope.rcpt_tos)}  ({session.ssl['cipher'][1]}, user {session.auth_data})"]
		lines += [f"    {name}: {mail[name]}" for name in ("From", "To", "Subject", "Message-ID") if mail[name] is not None]
		for kind in ("plain", "html"):
			part = mail.get_body((kind,))
			if part is not None:
				lines.append(f"    text/{kind}: {' '.join(part.get_content().split())}")
		self.log.write("\n".join(lines) + "\n")
		self.log.flush()
		return "250 2.0.0 taken"


async def serve(options):
	desk = Desk(options)
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(options.certificate, options.key)

	def session():
		return SMTP(desk, hostname="mail.demo", ident="aiosmtpd", tls_context=context, require_starttls=True,
			auth_required=True, authenticator=desk.check_login, enable_SMTPUTF8=True)

	server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
	# Renamed when complete: who waits for the file finds the port in it.
	with open(options.port_file + ".new", "w", encoding="ascii") as file:
		file.write(f"{server.sockets[0].getsockname()[1]}\n")
	os.rename(options.port_file + ".new", options.port_file)
	await server.serve_forever()


def main():
	parser = argparse.ArgumentParser(usage=__doc__)
	for name in ("port-file", "log", "certificate", "key", "user", "password-file"):
		parser.add_argument("--" + name, required=True)
	asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
	try:
		main()
	except KeyboardInterrupt:
		pass
	except OSError as error:
		sys.exit(f"mail.py: {error}")
