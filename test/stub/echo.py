#!/usr/bin/python3
"""A receiver for tests that refuses with 401 and says back what it was sent, secrets too.

usage: echo.py --port-file FILE [--log FILE]

The path says what is said, and how:
	/all           the path, the headers and the body, the Authorization also in the reason
	/token/WAY     what Authorization: Bearer has, quoted in one of TOKEN_WAYS, or compressed
	/found/WAY/S   the S of the path, the values of the body, which is JSON or a form, and the password of Authorization: Basic,
	               each spelled in one of FOUND_WAYS; "body" and "header" say the whole body or Authorization behind them
"""
import argparse
import base64
import gzip
import html
import http.server
import json
import urllib.parse

# As ASP.NET writes JSON and HTML, Python shows bytes, and Node an array of them.
TOKEN_WAYS = {
	"plain": lambda s: s,
	"json": lambda s: "".join("\\u%04X" % ord(c) if c in "+<>&'\"" else "\\\\" if c == "\\" else c for c in s),
	"html": lambda s: "".join(c if c.isalnum() else "&#x%X;" % ord(c) for c in s),
	"twice": lambda s: html.escape(html.escape(s)),
	"nested": lambda s: json.dumps(json.dumps(s)),
	"bytes": lambda s: "".join("\\x%02x" % c for c in s.encode()),
	"list": lambda s: json.dumps(list(s.encode())),
	"hex": lambda s: s.encode().hex(),
	"folded": lambda s: "\r\n ".join(s[i:i + 8] for i in range(0, len(s), 8)),
	"gzip": lambda s: s,
}


def in_base64(before, value, behind):
	return base64.b64encode(before + value.encode() + behind).decode()


FOUND_WAYS = {
	"raw": lambda s: s,
	"json": lambda s: json.dumps({"v": s}, ensure_ascii=True),
	"upper": lambda s: json.dumps(s).upper(),
	"slash": lambda s: json.dumps(s).replace("/", "\\/"),
	"url": lambda s: urllib.parse.quote(s, safe=""),
	"plus": lambda s: urllib.parse.quote_plus(s, safe="").lower(),
	"latinurl": lambda s: urllib.parse.quote(s, safe="", encoding="latin-1"),
	"base0": lambda s: in_base64(b"", s, b""),
	"base1": lambda s: in_base64(b"x", s, b"yz"),
	"base2": lambda s: in_base64(b"xx", s, b"z"),
	"html": lambda s: s.replace("&", "&amp;").replace("<", "&lt;"),
	"latin": lambda s: s,
	"body": lambda s: "",
	"header": lambda s: "",
}


class Echo(http.server.BaseHTTPRequestHandler):
	def log_message(self, *arguments):
		pass

	def say_all(self, body, authorization):
		return f"no: {self.path}\n{self.headers}\n".encode() + body

	def say_token(self, way, authorization):
		return TOKEN_WAYS[way](authorization.removeprefix("Bearer ")).encode()

	def say_found(self, way, place, body, authorization):
		text = body.decode()
		values = [urllib.parse.unquote(place)] if place else []
		if text.startswith("{"):
			values += [value for value in json.loads(text).values() if isinstance(value, str)]
		else:
			values += [value for given in urllib.parse.parse_qs(text).values() for value in given]
		if authorization.startswith("Basic "):
			values.append(base64.b64decode(authorization[6:]).decode())
		said = "no: " + "".join(FOUND_WAYS[way](value) + "\n" for value in values)
		behind = {"body": body, "header": authorization.encode()}
		return said.encode("latin-1" if way == "latin" else "utf-8") + behind.get(way, b"")

	def do_POST(self):
		body = self.rfile.read(int(self.headers.get("content-length", 0)))
		authorization = self.headers.get("authorization") or ""
		kind, way, place = (self.path.partition("?")[0].split("/") + ["", ""])[1:4]
		if kind == "found":
			answer, reason = self.say_found(way, place, body, authorization), "no"
		else:
			answer = self.say_token(way, authorization) if kind == "token" else self.say_all(body, authorization)
			reason = "no " + (authorization or self.path)
		self.send_response(401, reason)
		if way == "gzip":
			answer = gzip.compress(answer, 0)
			self.send_header("content-encoding", "gzip")
		self.send_header("Content-Length", str(len(answer)))
		self.end_headers()
		self.wfile.write(answer)


class Server(http.server.ThreadingHTTPServer):
	# A courier opens all its connections at once.  One that finds no place tries again after 1, 3 and 7 seconds, and 10 are its limit.
	request_queue_size = 4096


def main():
	parser = argparse.ArgumentParser(usage=__doc__)
	parser.add_argument("--port-file", required=True)
	parser.add_argument("--log")
	options = parser.parse_args()
	server = Server(("127.0.0.1", 0), Echo)
	with open(options.port_file, "w", encoding="ascii") as file:
		file.write(f"{server.server_port}\n")
	server.serve_forever()


if __name__ == "__main__":
	main()
