"""Keeps the machine's own /etc/orthanc out of the tests."""

import pytest

from pacsberry.config import loading
from tests.config.settings import NOWHERE


@pytest.fixture(autouse=True)
def _no_container_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CONTAINER_FOLDER", NOWHERE)
