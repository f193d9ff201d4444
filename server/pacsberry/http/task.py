"""Answers one request of a connection: waitress' task with a head of our own.

waitress 3.0.2 ends the connection after every answer whose length it does not know beforehand, and after every 304, so
that a browser has to connect anew for each. Nothing asks for that (RFC 9112 6.3, 9.3): a chunked answer says itself
where it ends, and one that breaks off still ends the connection. Of waitress' this relies on `request`, `version`,
`status`, `response_headers`, `content_length`, `has_body`, `chunked_response`, `close_on_finish`, `start_time`.
"""

from typing import Final

from waitress.task import WSGITask
from waitress.utilities import build_http_date

_SERVER: Final = ("Server", "Pacsberry")


class AnswerTask(WSGITask):
    """One request on its way through the application."""

    def build_response_header(self) -> bytes:
        """Status line and headers; decides whether the connection is kept."""
        headers = self.response_headers
        length = self.content_length
        has_body = self.has_body
        wishes = self.request.headers.get("CONNECTION", "").lower().replace(" ", "").split(",")
        is_1_1 = self.version == "1.1"
        if has_body and length is not None and not any(name == "Content-Length" for name, _ in headers):
            headers.append(("Content-Length", str(length)))
        if is_1_1:
            keeps = "close" not in wishes
            if has_body and length is None:
                headers.append(("Transfer-Encoding", "chunked"))
                self.chunked_response = True
        else:
            keeps = "keep-alive" in wishes and (length is not None or not has_body)
        if not keeps:
            headers.append(("Connection", "close"))
            self.close_on_finish = True
        elif not is_1_1:
            headers.append(("Connection", "Keep-Alive"))
        headers.append(_SERVER)
        headers.append(("Date", build_http_date(self.start_time)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/{self.version} {self.status}\r\n{lines}\r\n".encode("latin-1")
