"""`ridethrough workbench`: the page with which a rule is written and tried in a browser."""

from __future__ import annotations

import argparse
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.terminal import say
from ridethrough.support.errors import BadInput
from ridethrough.support.files import write_atomically
from ridethrough.support.paths import WORKBENCH

_LOOPBACK = "127.0.0.1"
_EXAMPLES = """examples:
  ridethrough workbench                      opens it in your browser; Ctrl-C ends it
  ridethrough workbench -o workbench.html    the same page as a file, to be mailed or kept; a double click opens it"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="write the page there, and open nothing")
    parser.add_argument("--port", metavar="N", type=int, default=0, help="on the loopback address (default: any)")
    parser.add_argument("--no-open", action="store_true", help="only say where it is")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Serves it until Ctrl-C."""
    if not WORKBENCH.is_file():
        raise BadInput(
            f"{WORKBENCH}: the page was not built: `make workbench` in a clone builds it (Node is fetched if there is "
            "none), and a wheel that is made after that carries it"
        )
    page = WORKBENCH.read_bytes()
    if arguments.output:
        if arguments.output.suffix not in (".html", ".htm"):
            raise BadInput(f"-o {arguments.output}: a name that ends in .html, please: it is a page")
        write_atomically(arguments.output, page)
        say(f"{arguments.output}: {len(page) / 1e6:.1f} MB; it opens by a double click and needs no network")
        return 0
    if not 0 <= arguments.port <= 65535:
        raise BadInput(f"--port {arguments.port}: 0 to 65535 expected")
    with _server(arguments.port, page) as server:
        address = f"http://{_LOOPBACK}:{server.server_port}/"
        say(f"{address}: the workbench, for this machine alone; Ctrl-C ends it")
        if not arguments.no_open and not webbrowser.open(address):
            say("No browser was found: open that address in one.")
        server.serve_forever()
    return 0


def _server(port: int, page: bytes) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] == "/"
            body = page if found else b"there is one page here: /"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8" if found else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody asked for a log."""

    try:
        return ThreadingHTTPServer((_LOOPBACK, port), Handler)
    except OSError as e:
        raise BadInput(f"--port {port}: {e.strerror}; leave it out for any that is free") from e
