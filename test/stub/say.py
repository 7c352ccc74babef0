#!/usr/bin/python3
"""An HTTP server for tests that answers every GET with one body, which may be longer than a url.

usage: say.py --body FILE --type CONTENT-TYPE [--log FILE] --port-file FILE
"""
import argparse
import http.server


def main():
	parser = argparse.ArgumentParser()
	for name in ('--body', '--type', '--log', '--port-file'):
		parser.add_argument(name)
	options = parser.parse_args()
	with open(options.body, 'rb') as file:
		body = file.read()

	class Handler(http.server.BaseHTTPRequestHandler):
		protocol_version = 'HTTP/1.1'

		def do_GET(self):
			self.send_response(200)
			self.send_header('Content-Type', options.type)
			self.send_header('Content-Length', str(len(body)))
			self.end_headers()
			self.wfile.write(body)

		def log_message(self, *arguments):
			pass

	class Server(http.server.ThreadingHTTPServer):
		request_queue_size = 4096

	server = Server(('127.0.0.1', 0), Handler)
	with open(options.port_file, 'w', encoding='ascii') as file:
		file.write('%d\n' % server.server_address[1])
	server.serve_forever()


main()
