#!/usr/bin/python3
"""In the place of pg_respond_gateway: a program that does what it may not do.

The test writes the way into the next line, since a program of the gateway has neither arguments nor environment.  Control is descriptor
3, the socket that workers connect to is 4.  Frames are those of src/companion/protocol.h.
"""
WAY = "silent"
VERSION = "0.0.0"

import os
import socket
import struct
import sys
import time

HELLO, ANSWER, WELCOME, REFUSE, REQUEST, GONE, STATE = 1, 3, 8, 9, 10, 11, 13


def number(value):
	return struct.pack("=Q", value)


def text(value):
	return number(len(value)) + value


def frame(kind, content, request=0):
	return struct.pack("=IIQ", len(content), kind, request) + content


def sleep():
	while True:
		time.sleep(3600)


def state(count=1):
	return frame(STATE, number(0) + number(0) + number(0) + number(0) + text(b"") + number(count) + text(b"nowhere") + text(b"closed"))


def request(path=b"/nothing", **wrong):
	return frame(REQUEST, text(b"GET") + text(wrong.get("path", path)) + number(0) + text(b"") + text(path) + text(b"h") + number(wrong.get("secure", 0))
		+ text(b"") + number(wrong.get("flaw", 0)) + number(wrong.get("fields", 0)) + text(b"") + wrong.get("more", b""), 1)


control = socket.socket(fileno=3)
workers = socket.socket(fileno=4)
workers.setblocking(True)
welcome = frame(WELCOME, text(VERSION.encode()))

TO_CONTROL = {
	"rubbish": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"huge": struct.pack("=IIQ", 0x7fffffff, STATE, 0),
	"no kind": frame(99, b""),
	"a request": request(),
	"another version": frame(WELCOME, text(b"9.9")),
	"refuses": frame(REFUSE, text(b"no")),
	"state first": state(),
	"welcome twice": welcome + welcome,
	"many addresses": welcome + state(1 << 62),
	"short state": welcome + frame(STATE, number(0)),
}

TO_WORKERS = {
	"worker: rubbish": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100,
	"worker: no greeting": request(),
	"worker: answer": welcome + frame(ANSWER, number(200)),
	"worker: long": welcome + struct.pack("=IIQ", 0xffffffff, REQUEST, 1),
	"worker: lies": welcome + frame(REQUEST, number(1 << 63) + b"GET", 1),
	"worker: path": welcome + request(path=b"in"),
	"worker: flaw": welcome + request(flaw=7),
	"worker: fields": welcome + request(fields=1 << 40),
	"worker: more": welcome + request(more=b"x"),
	"worker: secure": welcome + request(secure=2),
}

if WAY == "exits":
	sys.stderr.write("this is\nwhy\x1b[31m")
	sys.stderr.flush()
	os._exit(3)
elif WAY == "closes":
	control.close()
	os.close(4)
	sleep()
elif WAY in TO_CONTROL:
	control.sendall(TO_CONTROL[WAY])
	sleep()
elif WAY in TO_WORKERS:
	control.sendall(welcome + state())
	while True:
		worker, _ = workers.accept()
		try:
			worker.sendall(TO_WORKERS[WAY])
		except OSError:
			pass
elif WAY == "deaf":
	control.sendall(welcome + state())
	sleep()
elif WAY == "flood":
	# asks and asks, and never takes an answer
	control.sendall(welcome + state())
	worker, _ = workers.accept()
	worker.sendall(welcome)
	worker.settimeout(5)
	many = request() * 2000
	try:
		while True:
			worker.sendall(many)
	except OSError:
		pass
	sleep()
else:
	sleep()
