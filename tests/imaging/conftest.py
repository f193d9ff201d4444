"""A storage, and pictures made by real workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.imaging.limits import Limits
from pacsberry.imaging.pictures import Pictures
from tests.imaging.aids import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def pictures(folder: Folder) -> Iterator[Pictures]:
    """With real workers."""
    made_here = Pictures(folder, Limits(seconds=10, idle_seconds=30))
    yield made_here
    made_here.stop()
