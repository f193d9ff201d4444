"""What is written to a card is counted at its device, and a card at rest is not written to."""

import os
from pathlib import Path

import pytest

from tests.bench.card import fresh_card, written_bytes
from tests.bench.failures import BenchFailure


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_what_is_written_to_a_card_is_counted_and_nothing_else(tmp_path: Path) -> None:
    with fresh_card(tmp_path / "one") as card, fresh_card(tmp_path / "other") as other:
        before, before_other = written_bytes(card), written_bytes(other)
        (card / "file").write_bytes(b"x" * 10**6)
        after = written_bytes(card)
        (card / "file").read_bytes()

        assert 10**6 <= after - before < 11 * 10**5
        assert written_bytes(card) == after
        assert written_bytes(other) == before_other
    assert not (tmp_path / "one" / "card" / "file").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may mount")
def test_without_root_there_is_a_reason_instead_of_a_card(tmp_path: Path) -> None:
    with pytest.raises(BenchFailure, match="root"), fresh_card(tmp_path / "one"):
        pass
