#!/usr/bin/python3
"""The receiver of the demo's webhooks: checks who sent them and prints what came.

usage: receiver.py --port-file FILE --log FILE --arrivals FILE --secrets FOLDER

Listens on a free port of 127.0.0.1, which it writes to the port file.  nginx (nginx.conf)
stands in front of it with TLS and HTTP/2.

A request to /hooks/NAME must be signed with the secret in FOLDER/NAME as Standard Webhooks
asks for: it is answered with 200 if it is, else with 401.  Other paths take what comes, as
Slack does.  /hooks/warehouse is not well at first: two tries are answered with 503.
/read answers in JSON what the text in the request asks for.

The log gets two lines for each request, for people.  The arrivals are for programs: the
webhook-id and the time at which the request was here, in seconds since 1970.
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time

TOLERANCE = 5 * 60	# seconds that a signature may be old, or ahead
LONGEST_BODY = 1 << 20
FAILURES = {"/hooks/warehouse": 2}


def read_key(secret):
	"""The key in a secret "whsec_" and base64."""
	return base64.b64decode(secret.strip().removeprefix("whsec_"))


def check_signature(key, headers, body, now):
	"""What is wrong with it, or None.  The header may hold several signatures, while a secret is being replaced."""
	message_id, timestamp, signatures = (headers.get("webhook-" + name) for name in ("id", "timestamp", "signature"))
	if not signatures:
		return "unsigned"
	if not message_id or not timestamp or not timestamp.isdecimal() or abs(now - int(timestamp)) > TOLERANCE:
		return "WRONG TIME"
	signed = f"{message_id}.{timestamp}.".encode() + body
	wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
	# compare_digest takes the same time wherever the difference is
	if not any(hmac.compare_digest(signature.encode(), wanted.encode()) for signature in signatures.split()):
		return "WRONG SIGNATURE"
	return None


def read(body):
	"""What a customer wants who writes this."""
	return json.dumps({"wants": "refund" if b"money" in body else "parcel"}).encode()


class Receiver(http.server.ThreadingHTTPServer):
	daemon_threads = True
	request_queue_size = 512

	def __init__(self, options):
		super().__init__(("127.0.0.1", 0), Handler)
		self.secrets = options.secrets
		self.log = open(options.log, "a", encoding="utf-8")
		self.arrivals = open(options.arrivals, "a", encoding="utf-8")
		self.failures_left = dict(FAILURES)
		self.lock = threading.Lock()

	def judge(self, path, headers, body, now):
		"""The status to answer with, and what to say of the request."""
		if self.failures_left.get(path, 0) > 0:
			self.failures_left[path] -= 1
			return 503, "not well"
		if not path.startswith("/hooks/"):
			return 200, "unsigned"
		try:
			# read each time: a new secret is used at once
			with open(os.path.join(self.secrets, os.path.basename(path)), encoding="ascii") as file:
				key = read_key(file.read())
		except OSError:
			return 404, "nobody here"
		fault = check_signature(key, headers, body, now)
		return (401, fault) if fault else (200, "verified")

	@staticmethod
	def describe(headers):
		words = [headers[name] for name in ("ce-type", "ce-subject") if name in headers]
		if "webhook-id" in headers:
			words.append("webhook-id " + headers["webhook-id"])
		return " ".join(["", *words, f"({headers.get('x-protocol')})"])

	def take(self, path, headers, body):
		now = time.time()
		with self.lock:
			status, word = self.judge(path, headers, body, now)
			if "webhook-id" in headers:
				self.arrivals.write(f"{headers['webhook-id']}\t{now:.6f}\n")
				self.arrivals.flush()
			self.log.write(f"{word:<15} {status} {path}{self.describe(headers)}\n    {body.decode('utf-8', 'replace')}\n")
			self.log.flush()
		return status


class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	disable_nagle_algorithm = True
	wbufsize = -1	# head and body of the answer leave in one piece

	def do_POST(self):
		length = self.headers.get("content-length", "")
		if not length.isdecimal() or int(length) > LONGEST_BODY:
			self.close_connection = True
			self.send_error(413)
			return
		body = self.rfile.read(int(length))
		status = self.server.take(self.path, self.headers, body)
		kind, answer = "text/plain", b"ok\n" if status == 200 else b"no\n"
		if self.path == "/read":
			kind, answer = "application/json", read(body)
		self.send_response(status)
		self.send_header("Content-Type", kind)
		self.send_header("Content-Length", str(len(answer)))
		self.end_headers()
		self.wfile.write(answer)

	def log_message(self, *_):
		pass


def main():
	parser = argparse.ArgumentParser(usage=__doc__)
	for name in ("port-file", "log", "arrivals", "secrets"):
		parser.add_argument("--" + name, required=True)
	options = parser.parse_args()
	receiver = Receiver(options)
	# Renamed when complete: who waits for the file finds the port in it.
	with open(options.port_file + ".new", "w", encoding="ascii") as file:
		file.write(f"{receiver.server_port}\n")
	os.rename(options.port_file + ".new", options.port_file)
	receiver.serve_forever()


if __name__ == "__main__":
	try:
		main()
	except KeyboardInterrupt:
		pass
	except OSError as error:
		sys.exit(f"receiver.py: {error}")
