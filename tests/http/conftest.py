"""The server of the tests of the REST API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.live import Live, live_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    """A running server over an empty archive."""
    with live_server(tmp_path) as running:
        yield running
