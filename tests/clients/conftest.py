"""The server of the tests with real clients."""

from tests.http.conftest import server

__all__ = ["server"]
