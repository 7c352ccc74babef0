#!/usr/bin/python3
"""A web server for tests that ends connections between two requests, or as if it had.

usage: idle.py --port-file FILE --log FILE

Each connection stays open.  The path of a request says what becomes of it, n counting the requests of a connection from 1:
	/ok            200
	/times-out     200; 408 and the end of the connection when nothing has come for 150 ms
	/says-408      200; 408 when nothing has come for 150 ms, and the connection stays open
	/hangs-up      200; the end of the connection when nothing has come for 150 ms
	/late-408      n = 1: 200; after that 408, and the end
	/late-reset    n = 1: 200; after that no answer, and the end
	/half          n = 1: 200; after that the beginning of an answer, and the end
	/never         no answer, and the end

The log gets a line of JSON for each request: {"conn", "n", "path", "id": webhook-id}, and for each "event": "idle" that a
connection was ended, or spoken on, between two requests.
"""
import argparse
import json
import os
import socket
import threading

IDLE = 0.15


class Server:
	def __init__(self, log):
		self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
		self.count = 0
		self.lock = threading.Lock()

	def note(self, **line):
		os.write(self.log, (json.dumps(line) + "\n").encode())

	def read_request(self, connection, buffer):
		"""Path, id, and what was read behind the request; None at the end."""
		while b"\r\n\r\n" not in buffer:
			data = connection.recv(65536)
			if not data:
				return None
			buffer += data
		head, buffer = buffer.split(b"\r\n\r\n", 1)
		lines = head.decode().split("\r\n")
		headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
		length = int(headers.get("content-length", 0))
		while len(buffer) < length:
			data = connection.recv(65536)
			if not data:
				return None
			buffer += data
		return lines[0].split(" ")[1], headers.get("webhook-id"), buffer[length:]

	def talk(self, connection, number):
		buffer = b""
		path = None
		said = False
		n = 0
		while True:
			connection.settimeout(IDLE if path in ("/times-out", "/says-408", "/hangs-up") and not said else None)
			try:
				request = self.read_request(connection, buffer)
			except socket.timeout:
				if path != "/hangs-up":
					connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				self.note(event="idle", conn=number, path=path)
				if path != "/says-408":
					return
				said = True
				continue
			if request is None:
				return
			path, key, buffer = request
			n += 1
			self.note(conn=number, n=n, path=path, id=key)
			if path == "/never" or (path == "/late-reset" and n > 1):
				return
			if path == "/half" and n > 1:
				connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
				return
			if path == "/late-408" and n > 1:
				connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				return
			connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

	def serve(self, connection, number):
		try:
			self.talk(connection, number)
		except OSError:
			pass
		connection.close()

	def run(self, listener):
		while True:
			connection, _ = listener.accept()
			self.count += 1
			threading.Thread(target=self.serve, args=(connection, self.count), daemon=True).start()


def main():
	parser = argparse.ArgumentParser(usage=__doc__)
	parser.add_argument("--port-file", required=True)
	parser.add_argument("--log", required=True)
	options = parser.parse_args()
	listener = socket.create_server(("127.0.0.1", 0), backlog=256)
	with open(options.port_file + ".new", "w", encoding="ascii") as file:
		file.write(f"{listener.getsockname()[1]}\n")
	os.rename(options.port_file + ".new", options.port_file)
	Server(options.log).run(listener)


if __name__ == "__main__":
	main()
