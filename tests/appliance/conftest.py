"""Fixtures of the box."""

from pathlib import Path

import pytest

from tests.appliance.boxes import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box as it comes out of the image: never started."""
    return Box(tmp_path / "card")
