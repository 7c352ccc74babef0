#!/usr/bin/python3
"""A name server for tests, over UDP, that answers as its zone file says.

usage: dns.py --listen ADDRESS:PORT[,ADDRESS:PORT...] --zone FILE [--log FILE] [--port-file FILE]

Port 0 is chosen by the system; an IPv6 address stands in [].  When all are open, the
ports are written to the port file, one a line, and printed as "listening PORT".

A line of the zone is a name, an optional mode, and what it leads to:

	hook.test A 127.0.0.1 AAAA ::1      both in each answer (several A: all of them)
	mixed.test A 10.1.2.3 A 127.0.0.1
	rebind.test alternate A 1.2.3.4 A 127.0.0.1   the next one at each query, then from the
	                                              beginning; A and AAAA count apart
	once.test then A 1.2.3.4 A 127.0.0.1          as alternate, but the last one stays
	late.test slow 300 A 127.0.0.1                answers after 300 ms
	alias.test CNAME hook.test                    followed within the zone
	broken.test servfail
	none.test nxdomain
	black.test silent                             never answers
	*.deep.test A 127.0.0.1                       any name below

All answers have TTL 0.  A name that has no record of the type asked for gets an empty
answer, one that is not in the zone NXDOMAIN.  "#" begins a comment.  The file is read
again when it has changed, which makes alternate ones begin anew.

The log gets a line of JSON for each query: {"t", "name", "type", "from", "answer"}, where
the answer is a list of addresses or the mode that kept it from being one.
"""
import argparse
import asyncio
import ipaddress
import json
import os
import struct
import sys
import time

TYPES = {1: "A", 5: "CNAME", 28: "AAAA"}
FAILURES = {"servfail": 2, "nxdomain": 3, "silent": None}
ANSWER = 0x8480  # an answer, authoritative, recursion available


class Entry:
	def __init__(self, words):
		self.mode = "fixed"
		self.delay = 0
		self.records = {"A": [], "AAAA": [], "CNAME": []}
		self.asked = {"A": 0, "AAAA": 0}
		if words and words[0] in (*FAILURES, "alternate", "then", "fixed", "slow"):
			self.mode = words.pop(0)
		if self.mode == "slow":
			self.delay = int(words.pop(0)) / 1000
		if len(words) % 2:
			raise ValueError("a type without a value")
		for kind, value in zip(words[::2], words[1::2]):
			if kind == "A":
				value = ipaddress.IPv4Address(value)
			elif kind == "AAAA":
				value = ipaddress.IPv6Address(value)
			self.records[kind].append(value)

	def addresses(self, kind):
		known = self.records[kind] if kind in self.asked else []
		if self.mode not in ("alternate", "then") or not known:
			return known
		turn = self.asked[kind]
		self.asked[kind] += 1
		return [known[turn % len(known) if self.mode == "alternate" else min(turn, len(known) - 1)]]


class Zone:
	def __init__(self, path):
		self.path = path
		self.stamp = None
		self.refresh()

	def refresh(self):
		status = os.stat(self.path)
		stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
		if stamp == self.stamp:
			return
		entries = {}
		with open(self.path, encoding="utf-8") as file:
			for number, line in enumerate(file, 1):
				words = line.split("#")[0].split()
				try:
					if words:
						entries[words[0].rstrip(".").lower()] = Entry(words[1:])
				except (ValueError, KeyError, IndexError) as error:
					raise SystemExit(f"dns.py: {self.path}, line {number}: {error}")
		self.entries = entries
		self.stamp = stamp

	def find(self, name):
		while name:
			if name in self.entries:
				return self.entries[name]
			below = name[2:] if name.startswith("*.") else name
			if "." not in below:
				return None
			name = "*." + below.split(".", 1)[1]
		return None

	def follow(self, name):
		"""The names on the way and the entry at its end."""
		names = [name]
		entry = self.find(name)
		while entry and entry.records["CNAME"] and len(names) < 9:
			names.append(entry.records["CNAME"][0].rstrip(".").lower())
			entry = self.find(names[-1])
		return names, entry


def read_question(data):
	"""The name and type asked for, and where the question ends; names in questions are not compressed."""
	labels = []
	place = 12
	while data[place]:
		size = data[place]
		if size > 63:
			raise ValueError("no plain name")
		labels.append(data[place + 1:place + 1 + size].decode("latin-1"))
		place += size + 1
	kind, _ = struct.unpack_from("!HH", data, place + 1)
	return ".".join(labels), kind, place + 5


def pack_name(name):
	return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".")) + b"\0"


def pack_record(owner, kind, data):
	return pack_name(owner) + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


class Server(asyncio.DatagramProtocol):
	def __init__(self, zone, log):
		self.zone = zone
		self.log = log

	def connection_made(self, transport):
		self.transport = transport

	def datagram_received(self, data, peer):
		try:
			identity, flags, count = struct.unpack_from("!HHH", data)
			if flags & 0x8000 or count != 1:
				return
			name, kind, end = read_question(data)
		except (struct.error, IndexError, ValueError):
			return
		self.zone.refresh()
		names, entry = self.zone.follow(name.lower())
		mode = entry.mode if entry else "nxdomain"
		records = []
		if mode in FAILURES:
			outcome, code = mode, FAILURES[mode]
		else:
			found = entry.addresses(TYPES.get(kind))
			outcome, code = [str(value) for value in found], 0
			for owner, target in zip(names, names[1:]):
				records.append(pack_record(owner, 5, pack_name(target)))
			for value in found:
				records.append(pack_record(names[-1], kind, value.packed))
		line = {"t": time.time(), "name": name, "type": TYPES.get(kind, kind), "from": peer[0], "answer": outcome}
		if self.log is not None:
			os.write(self.log, (json.dumps(line) + "\n").encode())
		if code is None:
			return
		header = struct.pack("!HHHHHH", identity, ANSWER | flags & 0x0100 | code, 1, len(records), 0, 0)
		answer = header + data[12:end] + b"".join(records)
		if entry and entry.delay:
			asyncio.get_running_loop().call_later(entry.delay, self.transport.sendto, answer, peer)
		else:
			self.transport.sendto(answer, peer)


def write_ports(path, ports):
	"""Renamed when complete: who waits for the file finds all ports."""
	with open(path + ".new", "w", encoding="ascii") as file:
		file.writelines(f"{port}\n" for port in ports)
	os.rename(path + ".new", path)


async def main():
	parser = argparse.ArgumentParser(usage=__doc__)
	parser.add_argument("--listen", required=True)
	parser.add_argument("--zone", required=True)
	parser.add_argument("--log")
	parser.add_argument("--port-file")
	options = parser.parse_args()
	zone = Zone(options.zone)
	log = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666) if options.log else None
	ports = []
	for place in options.listen.split(","):
		address, port = place.rsplit(":", 1)
		transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
			lambda: Server(zone, log), local_addr=(address.strip("[]"), int(port)))
		ports.append(transport.get_extra_info("sockname")[1])
	if options.port_file:
		write_ports(options.port_file, ports)
	for port in ports:
		print("listening", port, flush=True)
	await asyncio.Event().wait()


if __name__ == "__main__":
	try:
		asyncio.run(main())
	except KeyboardInterrupt:
		pass
	except OSError as error:
		sys.exit(f"dns.py: {error}")
