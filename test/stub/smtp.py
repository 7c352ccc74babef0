#!/usr/bin/python3
"""A mail server for tests that keeps no mail and misbehaves as it is told.

usage: smtp.py --listen ADDRESS:PORT[,ADDRESS:PORT...] [--port-file FILE] [--log FILE] [--trace]
	[--mode MODE]... [--cert FILE --key FILE [--tls]] [--user USER --password PASSWORD] [--size BYTES]

Port 0 is chosen by the system; an IPv6 address stands in [].  When all are open, the
ports are written to the port file, one a line, and printed as "listening PORT".

--cert offers STARTTLS, --tls begins with TLS instead.  --user makes AUTH (PLAIN or LOGIN)
necessary; with a certificate it is offered only under TLS.

The log gets a line of JSON for each message before it is answered: {"t", "conn", "from",
"to": [...], "data": the message, its dots unstuffed, "bytes": its length, "tls", "user" or
null, "answered": false if the connection is dropped instead}.  Refused messages are not
logged.  A line {"t", "conn", "event": "bad", "line"} tells of a line that no client should
send (a bare LF, a CR or NUL within).  --trace adds the events "connect", "command" (with
"line" and "tls"), "reply" (with "line"), "quit" and "close".  Bytes that are no UTF-8 are
shown as U+FFFD.

Modes; several may be combined, :N is for the first N times only:
	ok
	reject-rcpt:ADDRESS[:CODE]   550 or CODE to that recipient
	greylist:N                   451 to the first N recipients
	drop-after-rcpt[:N]          closes instead of answering RCPT
	drop-after-data[:N]          closes after the final dot without an answer; the message is logged
	reject-data[:CODE]           554 or CODE after the final dot
	tempfail-all[:N]             451 to MAIL
	reject-mail[:CODE]           550 or CODE to MAIL
	hang[:VERB]                  never answers (after the banner, or from VERB on; "." is the final dot)
	banner-hang                  sends no banner
	slow:MS                      each answer comes after MS
	late:VERB:MS                 the answer to VERB comes after MS (BANNER: the greeting, ".": that to the message)
	no-smtputf8                  does not offer SMTPUTF8
	auth:WORDS                   offers these mechanisms, with commas between them; knows PLAIN, LOGIN and CRAM-MD5
	no-starttls                  offers no STARTTLS but AUTH in the clear, as a man in the middle does
	reject-starttls              offers STARTTLS and answers 454
	reject-auth                  535 to all credentials
"""
import argparse
import base64
import binascii
import hmac
import json
import os
import re
import socket
import ssl
import sys
import threading
import time

LONGEST_LINE = 4096


class Gone(Exception):
	"""The connection is over."""


class Modes:
	"""What --mode asked for; the counts are shared by all connections."""

	def __init__(self, words):
		self.lock = threading.Lock()
		self.flags = set()
		self.left = {}
		self.rejected = {}
		self.data_code = None
		self.mail_code = None
		self.hang_verb = None
		self.late = {}
		self.mechanisms = ["PLAIN", "LOGIN"]
		self.delay = 0
		for word in words:
			name, _, value = word.partition(":")
			if name == "reject-rcpt":
				address, _, code = value.partition(":")
				self.rejected[address.lower()] = int(code or 550)
			elif name == "reject-data":
				self.data_code = int(value or 554)
			elif name == "reject-mail":
				self.mail_code = int(value or 550)
			elif name == "late":
				verb, _, milliseconds = value.partition(":")
				self.late[verb.upper()] = int(milliseconds) / 1000
			elif name == "auth":
				self.mechanisms = value.split(",")
			elif name == "hang":
				self.hang_verb = value.upper() or "*"
			elif name == "slow":
				self.delay = int(value) / 1000
			elif name == "greylist" or name in ("drop-after-rcpt", "drop-after-data", "tempfail-all"):
				self.left[name] = int(value) if value else float("inf")
			elif name in ("ok", "banner-hang", "no-starttls", "reject-starttls", "reject-auth", "no-smtputf8") and not value:
				self.flags.add(name)
			else:
				sys.exit(f"smtp.py: unknown mode {word}")

	def happens(self, name):
		with self.lock:
			if self.left.get(name, 0) <= 0:
				return False
			self.left[name] -= 1
			return True


class Log:
	def __init__(self, path, trace):
		self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666) if path else None
		self.trace = trace

	def write(self, conn, **line):
		if self.file is not None:
			os.write(self.file, (json.dumps({"t": time.time(), "conn": conn, **line}, ensure_ascii=False) + "\n").encode())

	def event(self, conn, event, **line):
		if self.trace or event == "bad":
			self.write(conn, event=event, **line)


def text(data):
	return data.decode("utf-8", "replace")


class Session:
	def __init__(self, server, connection, number):
		self.server = server
		self.modes = server.modes
		self.connection = connection
		self.number = number
		self.buffer = b""
		self.tls = False
		self.user = None
		self.greeted = False
		self.reset()

	def reset(self):
		self.sender = None
		self.recipients = []

	# ---- bytes ----

	def start_tls(self):
		self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
		self.tls = True

	def fill(self):
		data = self.connection.recv(65536)
		if not data:
			raise Gone
		self.buffer += data

	def hang(self):
		while True:
			self.buffer = b""
			self.fill()

	def read_line(self):
		while b"\n" not in self.buffer:
			if len(self.buffer) > LONGEST_LINE:
				self.reply("500 line too long")
				raise Gone
			self.fill()
		line, self.buffer = self.buffer.split(b"\n", 1)
		if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line:
			self.server.log.event(self.number, "bad", line=text(line + b"\n"))
			return None
		return line[:-1]

	def read_message(self):
		"""Only a dot between two CRLFs ends it, whatever else looks like one."""
		self.buffer = b"\r\n" + self.buffer
		start = 0
		while (end := self.buffer.find(b"\r\n.\r\n", start)) < 0:
			start = max(0, len(self.buffer) - 4)
			self.fill()
		data, self.buffer = self.buffer[:end + 2], self.buffer[end + 5:]
		return data.replace(b"\r\n.", b"\r\n")[2:]

	def reply(self, *lines):
		if self.modes.delay:
			time.sleep(self.modes.delay)
		for line in lines:
			self.server.log.event(self.number, "reply", line=line)
		self.connection.sendall("".join(line + "\r\n" for line in lines).encode())

	# ---- commands ----

	def serve(self):
		self.server.log.event(self.number, "connect")
		if self.server.options.tls:
			self.start_tls()
		if "banner-hang" in self.modes.flags:
			self.hang()
		self.maybe_hang("BANNER")
		self.reply("220 stub.test ESMTP")
		while True:
			line = self.read_line()
			if line is None:
				self.reply("500 bad line")
				continue
			self.server.log.event(self.number, "command", line=text(line), tls=self.tls)
			verb, _, rest = text(line).partition(" ")
			self.maybe_hang(verb.upper())
			handler = getattr(self, "do_" + verb.lower(), None) if verb.isalpha() else None
			if handler is None:
				self.reply("502 unknown command")
			else:
				handler(rest)

	def maybe_hang(self, verb):
		time.sleep(self.modes.late.get(verb, 0))
		if self.modes.hang_verb in ("*", verb):
			self.hang()

	def offers_tls(self):
		return self.server.context is not None and not self.tls and "no-starttls" not in self.modes.flags

	def offers_auth(self):
		return self.server.options.user is not None and not self.offers_tls()

	def do_helo(self, _):
		self.greeted = True
		self.reset()
		self.reply("250 stub.test")

	def do_ehlo(self, _):
		self.greeted = True
		self.reset()
		words = ["stub.test", "PIPELINING", f"SIZE {self.server.options.size}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
		if "no-smtputf8" in self.modes.flags:
			words.remove("SMTPUTF8")
		if self.offers_tls():
			words.append("STARTTLS")
		if self.offers_auth():
			words.append("AUTH " + " ".join(self.modes.mechanisms))
		self.reply(*[f"250-{word}" for word in words[:-1]], f"250 {words[-1]}")

	def do_starttls(self, _):
		if not self.offers_tls():
			self.reply("502 5.5.1 no STARTTLS here")
		elif "reject-starttls" in self.modes.flags:
			self.reply("454 4.7.0 TLS is not available")
		else:
			# What came in the clear behind the command must not count as sent under TLS.
			if self.buffer:
				self.server.log.event(self.number, "bad", line=text(self.buffer))
				self.buffer = b""
			self.reply("220 2.0.0 go ahead")
			self.start_tls()
			self.greeted = False
			self.reset()

	def ask(self, prompt):
		self.reply("334 " + base64.b64encode(prompt.encode()).decode())
		return text(self.read_line() or b"")

	def do_auth(self, rest):
		if not self.offers_auth():
			return self.reply("538 5.7.11 not here" if self.server.options.user else "502 5.5.1 no AUTH here")
		mechanism, _, initial = rest.partition(" ")
		if mechanism.upper() not in self.modes.mechanisms:
			return self.reply("504 5.5.4 not offered")
		try:
			if mechanism.upper() == "PLAIN":
				words = base64.b64decode(initial or self.ask(""), validate=True).decode().split("\0")
				user, password = words[1:] if len(words) == 3 else (None, None)
			elif mechanism.upper() == "LOGIN":
				user = base64.b64decode(initial or self.ask("Username:"), validate=True).decode()
				password = base64.b64decode(self.ask("Password:"), validate=True).decode()
			elif mechanism.upper() == "CRAM-MD5":
				challenge = f"<{self.number}@stub.test>"
				user, _, digest = base64.b64decode(self.ask(challenge), validate=True).decode().partition(" ")
				wanted = hmac.new(self.server.options.password.encode(), challenge.encode(), "md5").hexdigest()
				password = self.server.options.password if digest == wanted else None
			else:
				return self.reply("504 5.5.4 unknown mechanism")
		except (binascii.Error, UnicodeDecodeError):
			return self.reply("501 5.5.2 no base64")
		options = self.server.options
		if "reject-auth" in self.modes.flags or (user, password) != (options.user, options.password):
			return self.reply("535 5.7.8 wrong user or password")
		self.user = user
		return self.reply("235 2.7.0 welcome")

	def read_path(self, word, rest):
		"""The address and the parameters, or None."""
		match = re.fullmatch(word + r":\s?<([^<>\s]*)>((?: [^\s]+)*)", rest, re.IGNORECASE)
		if match is None:
			self.reply("501 5.5.4 no proper " + word)
			return None
		return match[1], match[2].upper().split()

	def do_mail(self, rest):
		if self.server.options.user is not None and self.user is None:
			return self.reply("530 5.7.0 authentication is needed")
		if not self.greeted or self.sender is not None:
			return self.reply("503 5.5.1 out of order")
		path = self.read_path("FROM", rest)
		if path is None:
			return None
		address, parameters = path
		if not address.isascii() and "SMTPUTF8" not in parameters:
			return self.reply("553 5.6.7 SMTPUTF8 is needed")
		for parameter in parameters:
			if re.fullmatch(r"SIZE=\d{1,18}", parameter) and int(parameter[5:]) > self.server.options.size:
				return self.reply("552 5.3.4 too large")
		if self.modes.happens("tempfail-all"):
			return self.reply("451 4.3.0 not now")
		if self.modes.mail_code is not None:
			return self.reply(f"{self.modes.mail_code} {self.modes.mail_code // 100}.7.1 not from you")
		self.sender = address
		return self.reply("250 2.1.0 fine")

	def do_rcpt(self, rest):
		if self.sender is None:
			return self.reply("503 5.5.1 out of order")
		path = self.read_path("TO", rest)
		if path is None:
			return None
		address = path[0]
		if self.modes.happens("drop-after-rcpt"):
			raise Gone
		if address.lower() in self.modes.rejected:
			code = self.modes.rejected[address.lower()]
			return self.reply(f"{code} {code // 100}.1.1 no such recipient")
		if self.modes.happens("greylist"):
			return self.reply("451 4.7.1 greylisted, come again")
		self.recipients.append(address)
		return self.reply("250 2.1.5 fine")

	def do_data(self, _):
		if not self.recipients:
			return self.reply("503 5.5.1 no recipients")
		self.reply("354 go on")
		data = self.read_message()
		self.maybe_hang(".")
		if len(data) > self.server.options.size:
			self.reset()
			return self.reply("552 5.3.4 too large")
		if self.modes.data_code is not None:
			self.reset()
			return self.reply(f"{self.modes.data_code} {self.modes.data_code // 100}.6.0 not wanted")
		dropped = self.modes.happens("drop-after-data")
		self.server.log.write(self.number, **{"from": self.sender}, to=self.recipients, data=text(data), bytes=len(data),
			tls=self.tls, user=self.user, answered=not dropped)
		if dropped:
			raise Gone
		self.reset()
		return self.reply("250 2.0.0 taken")

	def do_rset(self, _):
		self.reset()
		self.reply("250 2.0.0 forgotten")

	def do_noop(self, _):
		self.reply("250 2.0.0 fine")

	def do_vrfy(self, _):
		self.reply("252 2.5.0 perhaps")

	def do_quit(self, _):
		self.server.log.event(self.number, "quit")
		self.reply("221 2.0.0 bye")
		raise Gone


class Server:
	def __init__(self, options):
		self.options = options
		self.modes = Modes(options.mode)
		self.log = Log(options.log, options.trace)
		self.context = None
		self.count = 0
		self.lock = threading.Lock()
		if options.cert:
			self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
			self.context.load_cert_chain(options.cert, options.key)

	def talk(self, connection):
		with self.lock:
			self.count += 1
			number = self.count
		session = Session(self, connection, number)
		try:
			session.serve()
		except (Gone, OSError):
			pass
		self.log.event(number, "close")
		session.connection.close()

	def accept(self, listener):
		while True:
			connection, _ = listener.accept()
			connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
			threading.Thread(target=self.talk, args=(connection,), daemon=True).start()


def listen(place):
	address, port = place.rsplit(":", 1)
	family = socket.AF_INET6 if address.startswith("[") else socket.AF_INET
	return socket.create_server((address.strip("[]"), int(port)), family=family, backlog=1024)


def write_ports(path, ports):
	"""Renamed when complete: who waits for the file finds all ports."""
	with open(path + ".new", "w", encoding="ascii") as file:
		file.writelines(f"{port}\n" for port in ports)
	os.rename(path + ".new", path)


def main():
	parser = argparse.ArgumentParser(usage=__doc__)
	parser.add_argument("--listen", required=True)
	parser.add_argument("--port-file")
	parser.add_argument("--log")
	parser.add_argument("--trace", action="store_true")
	parser.add_argument("--mode", action="append", default=[])
	parser.add_argument("--cert")
	parser.add_argument("--key")
	parser.add_argument("--tls", action="store_true")
	parser.add_argument("--user")
	parser.add_argument("--password")
	parser.add_argument("--size", type=int, default=10240000)
	options = parser.parse_args()
	if bool(options.cert) != bool(options.key) or (options.tls and not options.cert) or \
			(options.user is None) != (options.password is None):
		parser.error("--cert needs --key, --tls needs --cert, --user needs --password")
	server = Server(options)
	listeners = [listen(place) for place in options.listen.split(",")]
	ports = [listener.getsockname()[1] for listener in listeners]
	threads = [threading.Thread(target=server.accept, args=(listener,), daemon=True) for listener in listeners]
	for thread in threads:
		thread.start()
	if options.port_file:
		write_ports(options.port_file, ports)
	for port in ports:
		print("listening", port, flush=True)
	for thread in threads:
		thread.join()


if __name__ == "__main__":
	try:
		main()
	except KeyboardInterrupt:
		pass
	except OSError as error:
		sys.exit(f"smtp.py: {error}")
