"""The report of a study on loopback while trials end: an open page loads itself again when something is new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from kdsearch.errors import StudyError
from kdsearch.report.page.page import write_page

if TYPE_CHECKING:
    from kdsearch.report.summary import StudySummary

__all__ = ["LiveReport"]

LOOPBACK = "127.0.0.1"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class LiveReport:
    """A study's report, served to this machine alone.

    Args:
        read: Reads the study as it is now.
        port: Of loopback; 0 takes a free one.

    Raises:
        StudyError: The port is taken.
    """

    def __init__(self, read: Callable[[], StudySummary], port: int = 0) -> None:
        self._read, self._lock = read, Lock()
        self._version, self._page = "", b""
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, self))
        except OSError as error:
            raise StudyError(f"port {port} cannot be used ({error.strerror}); choose another one, or 0") from error
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """The port that it has."""
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self.port}/"

    def serve(self) -> None:
        """Answer until `close`, or until Ctrl-C."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()

    def close(self) -> None:
        """End `serve` in another thread."""
        self._server.shutdown()

    def current(self, *, drawn: bool) -> tuple[str, bytes]:
        """Read the study: a name for what it is now, and its page, which is drawn where it is asked for and new."""
        with self._lock:
            summary = self._read()
            version = hashlib.blake2b(summary.model_dump_json().encode(), digest_size=12).hexdigest()
            if drawn and version != self._version:
                with TemporaryDirectory(prefix="kdsearch-live-") as folder:
                    page = write_page(summary, Path(folder) / "report.html", live=version).read_bytes()
                self._version, self._page = version, page
            return version, self._page if drawn else b""


class _Handler(BaseHTTPRequestHandler):
    """Answers for the page and for its version; nothing else is there."""

    def __init__(self, report: LiveReport, *given: Any) -> None:
        self.report = report
        super().__init__(*given)  # which answers

    def do_GET(self) -> None:
        """Answer; a page of another site that was led here by its name server is refused."""
        if self.headers.get("Host", "") not in {f"{name}:{self.report.port}" for name in (LOOPBACK, "localhost")}:
            self.send_error(403)
        elif self.path == "/":
            self._send(self.report.current(drawn=True)[1], "text/html; charset=utf-8")
        elif self.path == "/version":
            self._send(self.report.current(drawn=False)[0].encode(), "text/plain; charset=utf-8")
        else:
            self.send_error(404)

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is the run's."""
