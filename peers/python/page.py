"""One page on a loopback port, for the fetch server. `robots.txt` is answered 404, which allows everything."""

import http.server
import sys

PAGE = b"<html><head><title>Wardgate</title></head><body><h1>A page on loopback</h1><p>Nothing to see.</p></body></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE if known else b"")

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
